"""Golden of percent signal change: nilearn's mean_scaling and OLS on the small oracle run.

    python tests/oracles/scaling.py ../shared/oracles/glm/data_small tests/goldens

The run, its design and mask; effect, variance and t of the first contrast at voxels spread over the mask.
"""
import json
import sys
from pathlib import Path

import nibabel as nib
import nilearn
import numpy as np
import pandas as pd
from nilearn.glm.contrasts import compute_contrast
from nilearn.glm.first_level import mean_scaling, run_glm

data, out = Path(sys.argv[1]), Path(sys.argv[2])
bold = np.asarray(nib.load(data / "bold.nii").dataobj, dtype=np.float64)
mask = np.asarray(nib.load(data / "mask.nii").dataobj) > 0
design = pd.read_csv(data / "design.tsv", sep="\t")
scaled, _ = mean_scaling(bold[mask].T, 0)
labels, results = run_glm(scaled, design.to_numpy(), noise_model="ols")
weights = np.zeros(design.shape[1])
weights[0] = 1
found = compute_contrast(labels, results, weights, stat_type="t")
at = np.linspace(0, mask.sum() - 1, 40).astype(int)
# i fastest, as the mask's voxels lie in the file
order = np.argwhere(mask)
listed = lambda a: [float(f"{v:.12g}") for v in np.asarray(a).ravel()[at]]
golden = {"nilearn": nilearn.__version__, "column": design.columns[0], "voxels": order[at].tolist(),
          "effect": listed(found.effect_size()), "variance": listed(found.effect_variance()), "t": listed(found.stat())}
(out / "scaling.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
