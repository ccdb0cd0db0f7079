"""One t contrast by nilearn's FirstLevelModel, ordinary least squares, with all five maps written.

usage: python nilearn_glm.py BOLD MASK DESIGN EXPRESSION OUT
"""

import os
import sys
import warnings

import pandas as pd
from nilearn.glm.first_level import FirstLevelModel

warnings.filterwarnings("ignore")
bold, mask, design, expression, out = sys.argv[1:6]
os.makedirs(out, exist_ok=True)
model = FirstLevelModel(mask_img=mask, noise_model="ols", signal_scaling=False, minimize_memory=True)
model.fit(bold, design_matrices=[pd.read_csv(design, sep="\t")])
maps = model.compute_contrast(expression, stat_type="t", output_type="all")
for name in ["effect_size", "effect_variance", "stat", "z_score", "p_value"]:
    maps[name].to_filename(f"{out}/{name}.nii.gz")
