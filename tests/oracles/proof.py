"""Extra sums of squares of sets of slice-dependent columns by statsmodels, tSNR by numpy, on a made-up run.

usage: proof.py OUT.json
Two slice-time groups. In the second, resp_cos1 is a sum of confounds, so the respiratory set has one degree of freedom
less there and the model one more. Everything random comes from numpy's default_rng(SEED).
"""
import json
import sys

import numpy as np
import scipy
import statsmodels
import statsmodels.api as sm
from scipy import stats

SEED = 20261125
N, PLANES, VOXELS_A_PLANE = 60, 4, 6
NAMES = ["cardiac_cos1", "cardiac_sin1", "resp_cos1", "resp_sin1", "interaction_cos_c1_plus_r1", "rvt_rrf",
         "rvt_rrf_delay_5s"]
SETS = {"cardiac": [0, 1], "respiratory": [2, 3], "interaction": [4], "rvt": [5, 6], "physio": list(range(7))}

rng = np.random.default_rng(SEED)
t = np.arange(N)
common = np.column_stack([(t // 6) % 2, rng.standard_normal(N), rng.standard_normal(N), t / N - 0.5, np.ones(N)])
group_of_plane = [k % 2 for k in range(PLANES)]
columns = [rng.standard_normal((N, len(NAMES))) * np.array([1, 1, 1, 1, 1, 3e4, 3e4]) for _ in range(2)]
columns[1][:, 2] = common[:, 1] - 2 * common[:, 2]
columns = [c - c.mean(axis=0) for c in columns]

bold = np.empty((N, PLANES, VOXELS_A_PLANE), dtype=np.float32)
for plane in range(PLANES):
    of_plane = columns[group_of_plane[plane]]
    for v in range(VOXELS_A_PLANE):
        gain = rng.standard_normal(len(NAMES)) * np.array([4, 4, 2, 2, 1, 5e-5, 5e-5]) * (v > 1)
        bold[:, plane, v] = 900 + 50 * v + 3 * common[:, 0] + of_plane @ gain + 8 * rng.standard_normal(N)

maps = {name: {stat: [] for stat in ["F", "p", "z", "r2", "adjusted_r2"]} for name in SETS}
dof1, tsnr = {name: [] for name in SETS}, {"before": [], "after": []}
dof2 = []
for plane in range(PLANES):
    nuisance = columns[group_of_plane[plane]]
    full_design = np.column_stack([common, nuisance])
    basis, _ = np.linalg.qr(common)
    own = nuisance - basis @ (basis.T @ nuisance)
    size = np.linalg.norm(nuisance, axis=0)
    rows = np.linalg.pinv(own / size, rcond=1e-10) / size[:, None]
    for v in range(VOXELS_A_PLANE):
        y = bold[:, plane, v].astype(float)
        full = sm.OLS(y, full_design).fit()
        for name, chosen in SETS.items():
            kept = [c for c in range(len(NAMES)) if c not in chosen]
            rest = sm.OLS(y, np.column_stack([common, nuisance[:, kept]])).fit()
            f, p, difference = full.compare_f_test(rest)
            out = maps[name]
            out["F"].append(f)
            out["p"].append(p)
            out["z"].append(stats.norm.isf(stats.f.sf(f, difference, full.df_resid)))
            out["r2"].append(1 - full.ssr / rest.ssr)
            out["adjusted_r2"].append(1 - (full.ssr / full.df_resid) / (rest.ssr / rest.df_resid))
            if plane < 2 and v == 0:
                dof1[name].append(int(difference))
        if plane < 2 and v == 0:
            dof2.append(int(full.df_resid))
        cleaned = (y - nuisance @ (rows @ (y - y.mean()))).astype(np.float32).astype(float)
        tsnr["before"].append(y.mean() / y.std(ddof=1))
        tsnr["after"].append(cleaned.mean() / cleaned.std(ddof=1))

golden = {
    "made_by": {"command": "proof.py proof.json", "seed": SEED, "numpy": np.__version__, "scipy": scipy.__version__,
                "statsmodels": statsmodels.__version__},
    "names": NAMES,
    "common": common.tolist(),
    "group_of_plane": group_of_plane,
    "columns": [c.tolist() for c in columns],
    "bold": bold.reshape(N, -1).astype(float).tolist(),
    "sets": maps,
    "dof1": dof1,
    "dof2": dof2,
    "tsnr": tsnr,
}
with open(sys.argv[1], "w") as file:
    json.dump(golden, file, separators=(",", ":"))
    file.write("\n")
