"""One t contrast by nilearn's FirstLevelModel, with all five maps written.

usage: python nilearn_glm.py BOLD MASK DESIGN EXPRESSION OUT [--noise ar1|ols]

ar1 is nilearn's default: rho a voxel, truncated to hundredths.
"""

import argparse
import os
import warnings

import pandas as pd
from nilearn.glm.first_level import FirstLevelModel

warnings.filterwarnings("ignore")
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
for name in ["bold", "mask", "design", "expression", "out"]:
    parser.add_argument(name)
parser.add_argument("--noise", choices=["ar1", "ols"], default="ar1")
a = parser.parse_args()
out = a.out
os.makedirs(out, exist_ok=True)
model = FirstLevelModel(mask_img=a.mask, noise_model=a.noise, signal_scaling=False, minimize_memory=True)
model.fit(a.bold, design_matrices=[pd.read_csv(a.design, sep="\t")])
maps = model.compute_contrast(a.expression, stat_type="t", output_type="all")
for name in ["effect_size", "effect_variance", "stat", "z_score", "p_value"]:
    maps[name].to_filename(f"{out}/{name}.nii.gz")
