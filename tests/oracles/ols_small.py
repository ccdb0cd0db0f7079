"""A few hundred voxels of nilearn's OLS on the small run: beta, residual variance, t, F, z, p.

usage: ols_small.py DATA_SMALL OUT.json
DATA_SMALL holds bold.nii, mask.nii and design.tsv (20x20x12x120, deterministic).
Made with nilearn 0.14.1, numpy, pandas, nibabel; versions stand in the output.
"""
import json
import sys

import nibabel as nib
import nilearn
import numpy as np
import pandas as pd
import scipy
from nilearn.glm.contrasts import compute_contrast, expression_to_contrast_vector
from nilearn.glm.first_level import run_glm

folder, out = sys.argv[1:]
design = pd.read_csv(f"{folder}/design.tsv", sep="\t")
bold = np.asanyarray(nib.load(f"{folder}/bold.nii").dataobj)
mask = nib.load(f"{folder}/mask.nii").get_fdata() > 0
inside = np.flatnonzero(mask.ravel(order="F"))  # x fastest
voxels = inside[:: len(inside) // 220][:220]
series = np.stack([bold[..., t].ravel(order="F")[voxels] for t in range(bold.shape[3])]).astype(float)

labels, results = run_glm(series, design.values, noise_model="ols")
(result,) = results.values()
names = list(design.columns)
t = compute_contrast(labels, results, expression_to_contrast_vector("pain - cue", names), stat_type="t")
rows = np.zeros((2, len(names)))
rows[0, names.index("pain")] = rows[1, names.index("cue")] = 1
f = compute_contrast(labels, results, rows, stat_type="F")
golden = {
    "made_by": {
        "command": "ols_small.py DATA_SMALL ols_small.json",
        "nilearn": nilearn.__version__, "numpy": np.__version__, "scipy": scipy.__version__,
    },
    "names": names,
    "voxels": voxels.tolist(),
    "dof": float(t.dof),
    "beta": result.theta.tolist(),
    "sigma2": result.dispersion.tolist(),
    "t": {"contrast": "pain - cue", "effect": t.effect_size().tolist(), "variance": t.effect_variance().tolist(),
          "stat": t.stat().tolist(), "z": t.z_score().tolist(), "p": t.p_value().tolist()},
    "F": {"contrast": "pain; cue", "stat": f.stat().tolist(), "z": f.z_score().tolist(), "p": f.p_value().tolist()},
}
with open(out, "w") as file:
    json.dump(golden, file, separators=(",", ":"))
    file.write("\n")
