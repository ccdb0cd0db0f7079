"""Values of the grid search of restricted maximum likelihood that stands beside the small run (expected_reml_ar1_cue.npz).

usage: python tests/oracles/reml_small.py FOLDER GOLDENS
FOLDER holds mask.nii and expected_reml_ar1_cue.npz (rho on a grid of .01, and t of 'cue' there).
"""
import json
import sys

import nibabel as nib
import numpy as np

folder, goldens = sys.argv[1:3]
mask = nib.load(f"{folder}/mask.nii").get_fdata() > 0
found = np.load(f"{folder}/expected_reml_ar1_cue.npz")
position = np.arange(mask.size).reshape(mask.shape, order="F")[mask]
keep = np.random.default_rng(20261127).choice(position.size, 260, replace=False)
values = {"voxels": position[keep].tolist(), "rho": [round(float(r), 4) for r in found["rho"][keep]], "t": [float(f"{t:.9g}") for t in found["t"][keep]]}
with open(f"{goldens}/reml_small.json", "w", encoding="utf-8") as file:
    json.dump({"source": "python tests/oracles/reml_small.py FOLDER GOLDENS", "seed": 20261127} | values, file)
