"""Golden of the choice of orders: statsmodels' BIC and partial F of every nested model at made-up voxels.

usage: python tests/oracles/order.py GOLDENS
GOLDENS gets order.json. BIC is statsmodels' less its constant n (1 + ln 2 pi).
Needs: pip install statsmodels==0.15.0
"""

import json
import sys

import numpy as np
import scipy
import statsmodels
import statsmodels.api as sm

SEED, N, VOXELS_A_PLANE = 20261125, 60, 20
CARDIAC, RESPIRATORY, INTERACTION = 2, 2, (1, 1)
rng = np.random.default_rng(SEED)

time = np.arange(N)
design = np.column_stack([np.sin(0.31 * time), np.linspace(-1, 1, N), np.ones(N)])


def names(c, r, i):
    found = [f"cardiac_{f}{m}" for m in range(1, c + 1) for f in ("cos", "sin")]
    found += [f"resp_{f}{m}" for m in range(1, r + 1) for f in ("cos", "sin")]
    return found + ([f"interaction_{f}_c1_{s}_r1" for s in ("plus", "minus") for f in ("cos", "sin")] if i else [])


def columns(group):
    """[volume][column] of the largest model at the group's slice time, demeaned."""
    c, r = 1.83 * (time + 0.4 * group) + 0.3 * np.sin(time), 0.71 * (time + 0.4 * group) + 0.8 * np.cos(0.3 * time)
    angles = [m * c for m in (1, 2)] + [m * r for m in (1, 2)] + [c + r, c - r]
    full = np.column_stack([f(a) for a in angles for f in (np.cos, np.sin)])
    return full - full.mean(axis=0)


full_names = names(CARDIAC, RESPIRATORY, 1)
groups = [columns(0), columns(1)]
bold = np.empty((N, 2 * VOXELS_A_PLANE), dtype=np.float32)
for v in range(bold.shape[1]):
    x = groups[v // VOXELS_A_PLANE]
    signal = x @ (rng.normal(size=x.shape[1]) * np.array([3, 3, 0.6, 0.6, 2, 2, 0, 0, 0.8, 0.8, 0.8, 0.8]) * (v % 2))
    bold[:, v] = 1000 + design @ [5, 3, 0] + signal + 4 * rng.normal(size=N)
bold = np.round(bold * 64) / 64  # exact in f32


def fit(v, kept, shift=None):
    """Fit the kept columns; with a shift all columns, and the kept ones shifted round the run."""
    pick = [full_names.index(name) for name in kept]
    own = groups[v // VOXELS_A_PLANE]
    x = [design, own[:, pick]] if shift is None else [design, own, np.roll(own, shift, axis=0)[:, pick]]
    return sm.OLS(bold[:, v].astype(np.float64), np.column_stack(x)).fit()


voxels = range(bold.shape[1])
models = {}
for i in (0, 1):
    for c in range(CARDIAC + 1):
        for r in range(RESPIRATORY + 1):
            if i <= min(c, r):
                bic = [fit(v, names(c, r, i)).bic - N * (1 + np.log(2 * np.pi)) for v in voxels]
                models[f"{c}/{r}/{'1x1' if i else 0}"] = float(np.mean(bic))

tests = []
pairs = [("cardiac", m, (m - 1, RESPIRATORY, 1), (m, RESPIRATORY, 1)) for m in (1, 2)]
pairs += [("respiratory", m, (CARDIAC, m - 1, 1), (CARDIAC, m, 1)) for m in (1, 2)]
pairs += [("interaction", 1, (CARDIAC, RESPIRATORY, 0), (CARDIAC, RESPIRATORY, 1))]
for series, order, small, large in pairs:
    shares = []
    for shift in [None] + [N * (9 + 4 * j) // 90 for j in range(19)]:
        p = [fit(v, names(*large), shift).compare_f_test(fit(v, names(*small), shift))[1] for v in voxels]
        shares.append(float(np.mean(np.array(p) < 0.05)))
    tests.append({"series": series, "order": order, "share": shares[0], "threshold": max(shares[1:])})

golden = {
    "made_by": {
        "statsmodels": statsmodels.__version__,
        "scipy": scipy.__version__,
        "numpy": np.__version__,
        "command": "python tests/oracles/order.py GOLDENS",
        "seed": SEED,
    },
    "voxels_a_plane": VOXELS_A_PLANE,
    "design": design.tolist(),
    "slice_columns": [g.tolist() for g in groups],
    "bold": bold.tolist(),
    "bic": models,
    "tests": tests,
}
with open(f"{sys.argv[1]}/order.json", "w") as file:
    json.dump(golden, file, separators=(",", ":"))
print(models, tests)
