"""Golden of a made-up run: nilearn's OLS and AR(1) on the small synthetic problem (20 x 20 x 12 x 120, 12 columns).

usage: python tests/oracles/glm_small.py FOLDER GOLDENS
FOLDER holds bold.nii, mask.nii and design.tsv. GOLDENS gets glm_small.json and glm_small_ar1.json.
Needs: pip install nilearn==0.14.1
"""

import hashlib
import sys

import nibabel as nib
import numpy as np
import pandas as pd
from nilearn_ols import chosen, maps, write

SEED = 20240611
CONTRASTS = {"painMinusCue": "pain - cue", "painOrCue": ["pain", "cue"]}

folder, goldens = sys.argv[1:3]
data = np.asanyarray(nib.load(f"{folder}/bold.nii").dataobj)
mask = np.asanyarray(nib.load(f"{folder}/mask.nii").dataobj) > 0
design = pd.read_csv(f"{folder}/design.tsv", sep="\t")

series = data.transpose(3, 2, 1, 0)[:, mask.transpose(2, 1, 0)].astype(np.float64)  # [volume][voxel], i fastest
with open(f"{folder}/bold.nii", "rb") as file:
    digest = hashlib.sha256(file.read()).hexdigest()
for noise_model, name in (("ols", "glm_small"), ("ar1", "glm_small_ar1")):
    found, dof = maps(series, design, CONTRASTS, noise_model)
    about = {"arguments": ["FOLDER", "GOLDENS"], "noise_model": noise_model, "bold_sha256": digest, "mask_rule": "mask.nii"}
    keep = chosen(found, 300 if noise_model == "ols" else 120, SEED)
    write(f"{goldens}/{name}.json", mask, found, CONTRASTS, dof, keep, SEED, about)
    print(noise_model, "dof", dof, "mask", int(mask.sum()), "kept", len(keep))
    for name, stats in found.items():
        print(f"{name:20} max {stats.get('t', stats.get('F')).max():.4f}")
