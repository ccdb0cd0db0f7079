"""Golden of DVARS and its standardised form, by numpy on the small oracle run.

    python tests/oracles/dvars.py ../shared/oracles/glm/data_small/bold.nii tests/goldens

Written from the definitions (Power 2012; Nichols 2013 as nipype's ComputeDVARS documents it) over the voxels whose mean is above
half the largest: standard deviation by quartiles (numpy's `lower`), autocorrelation at lag 1 by Yule-Walker, biased.
"""
import json
import sys
from pathlib import Path

import nibabel as nib
import numpy as np

run, out = Path(sys.argv[1]), Path(sys.argv[2])
data = np.asarray(nib.load(run).dataobj, dtype=np.float64)
mean = data.mean(axis=-1)
inside = mean > 0.5 * mean.max()
y = data[inside]
quarters = np.percentile(y, [25, 75], axis=1, method="lower")
sd = (quarters[1] - quarters[0]) / 1.349
y, sd = y[sd > 0], sd[sd > 0]
x = y - y.mean(axis=1, keepdims=True)
r = (x[:, 1:] * x[:, :-1]).sum(axis=1) / (x * x).sum(axis=1)
dvars = np.sqrt((np.diff(y, axis=1) ** 2).mean(axis=0))
standardised = dvars / (np.sqrt(2 * (1 - r)) * sd).mean()
listed = lambda a: [float(f"{v:.12g}") for v in a]
golden = {"numpy": np.__version__, "voxels": int(len(y)), "means": listed(y.mean(axis=0)),
          "dvars": listed(dvars), "std_dvars": listed(standardised)}
(out / "dvars.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
