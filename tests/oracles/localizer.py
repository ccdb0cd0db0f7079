"""Golden of a real run: nilearn's OLS on the studyforrest object-category localizer (80 x 80 x 35 x 156, TR 2 s).

usage: python tests/oracles/localizer.py FOLDER GOLDENS
FOLDER holds bold.nii.gz and task-objectcategories_events.tsv (public domain; Sengupta et al. 2016).
GOLDENS gets localizer_design.tsv (full precision) and localizer.json.
Needs: pip install nilearn==0.14.1
"""

import hashlib
import sys
import warnings

import nibabel as nib
import numpy as np
import pandas as pd
from nilearn.glm.first_level import make_first_level_design_matrix
from nilearn_ols import chosen, maps, write

SEED = 20160093
MEAN_ABOVE = 200  # the mask: mean over volumes above this; exact, because the data are integers
CATEGORIES = ["body", "face", "house", "object", "scene", "scramble"]
CONTRASTS = {
    **{name: name for name in CATEGORIES},
    "faceMinusScramble": "face - scramble",
    "anyCategory": CATEGORIES,
}
# What is kept at the chosen voxels of a category against baseline; the other contrasts keep all.
KEPT_OF_CATEGORY = ["effect", "t"]

folder, goldens = sys.argv[1:3]
image = nib.load(f"{folder}/bold.nii.gz")
data = np.asanyarray(image.dataobj)
assert data.dtype == np.int16, data.dtype
n_volumes, tr = data.shape[3], 2.0

events = pd.read_csv(f"{folder}/task-objectcategories_events.tsv", sep="\t")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    design = make_first_level_design_matrix(
        np.arange(n_volumes) * tr,
        events[["onset", "duration", "trial_type"]],
        hrf_model="spm",
        drift_model="cosine",
        high_pass=1 / 128,
    )
design.to_csv(f"{goldens}/localizer_design.tsv", sep="\t", index=False)

mask = data.sum(axis=3, dtype=np.int64) > MEAN_ABOVE * n_volumes
series = data.transpose(3, 2, 1, 0)[:, mask.transpose(2, 1, 0)].astype(np.float64)  # [volume][voxel], i fastest
found, dof = maps(series, design, CONTRASTS)
keep = chosen(found, 300, SEED)
for name in CATEGORIES:
    found[name] = {stat: found[name][stat] for stat in KEPT_OF_CATEGORY}
with open(f"{folder}/bold.nii.gz", "rb") as file:
    digest = hashlib.sha256(file.read()).hexdigest()
about = {
    "arguments": ["FOLDER", "GOLDENS"],
    "bold_sha256": digest,
    "mask_rule": f"sum over volumes > {MEAN_ABOVE} x volumes",
}
write(f"{goldens}/localizer.json", mask, found, CONTRASTS, dof, keep, SEED, about)
print(design.columns.tolist(), "dof", dof, "mask", int(mask.sum()), "kept", len(keep))
for name, stats in found.items():
    stat = stats.get("t", stats.get("F"))
    print(f"{name:20} max {stat.max():.4f}")
