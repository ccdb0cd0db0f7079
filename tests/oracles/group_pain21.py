"""Mixed effects of the 21 pain studies (NiMARE's test data, MIT): the restricted likelihood's highest point by a grid and scipy's bounded
search, PyMARE's REML beside it, and scipy's one-sample t.

python group_pain21.py IMAGES ../goldens/group_pain21.json
Made with PyMARE 0.0.13, scipy, numpy, nibabel as printed in the file. Voxels: every 83rd of those that all studies have.
"""
import json
import sys

import nibabel
import numpy
import pymare
import scipy
from pymare.estimators import VarianceBasedLikelihoodEstimator
from scipy import optimize, stats

images, out = sys.argv[1:]
load = lambda study, what: nibabel.load(f"{images}/pain_{study:02d}_{what}.nii.gz").get_fdata().astype("f4").astype("f8").ravel(order="F")
beta = numpy.array([load(study, "beta") for study in range(1, 22)])
variance = numpy.array([load(study, "varcope") for study in range(1, 22)])
known = numpy.flatnonzero((beta != 0).all(0) & (variance > 0).all(0) & numpy.isfinite(beta).all(0))
voxels = known[::83]
y, v = beta[:, voxels], variance[:, voxels]
fit = VarianceBasedLikelihoodEstimator(method="REML").fit(y=y, v=v, X=numpy.ones((21, 1)))
pymares = numpy.atleast_1d(numpy.squeeze(fit.params_["tau2"]))


def off(tau_square, y, v):
    w = 1 / (v + tau_square)
    e = y - (w * y).sum() / w.sum()
    return 0.5 * (-numpy.log(w).sum() + numpy.log(w.sum()) + (w * e * e).sum())


def best(y, v):
    grid = numpy.r_[0, numpy.logspace(-6, 8, 4001)]
    at = numpy.argmin([off(t, y, v) for t in grid])
    if at == 0:
        return 0.0
    bounds = (grid[at - 1], grid[min(at + 1, len(grid) - 1)])
    return optimize.minimize_scalar(off, bounds=bounds, args=(y, v), method="bounded", options={"xatol": 1e-12 * bounds[1]}).x


tau_square = numpy.array([best(y[:, k], v[:, k]) for k in range(len(voxels))])
weights = 1 / (v + tau_square)
effect = (weights * y).sum(0) / weights.sum(0)
golden = {
    "versions": {m.__name__: m.__version__ for m in (pymare, scipy, numpy, nibabel)},
    "n_voxels": int(len(known)),
    "voxels": voxels.tolist(),
    "effect": effect.tolist(),
    "t_mixed": (effect * numpy.sqrt(weights.sum(0))).tolist(),
    "tau_square": tau_square.tolist(),
    # 0 in one voxel, where the likelihood is higher at 20: its search stops there.
    "tau_square_pymare": pymares.tolist(),
    "t_ols": stats.ttest_1samp(y, 0).statistic.tolist(),
}
json.dump(golden, open(out, "w"), indent=1)
print(golden["versions"], len(known), numpy.abs(tau_square / numpy.maximum(pymares, 1e-9) - 1))
