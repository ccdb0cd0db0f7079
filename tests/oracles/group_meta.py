"""Mixed effects with known variances: PyMARE's restricted maximum likelihood, and a dense search with mpmath's precision where it matters.

usage: python tests/oracles/group_meta.py GOLDENS FOLDER
FOLDER holds expected_pymare_VarianceBasedLikelihoodEstimator.npz (y, v of 40 subjects and 200 voxels; est, se, tau2 of PyMARE 0.0.13 with REML). Of these the first 60 are kept.
Made with numpy 2.4.6, scipy 1.17.1; seed 20261201. The search evaluates the restricted likelihood from its definition, with P = W - W X (X' W X)^-1 X' W as a matrix,
on 4,000 values of tau^2 and refines the best.
"""
import json
import sys

import numpy as np
from scipy import optimize

goldens, folder = sys.argv[1:3]
rng = np.random.default_rng(20261201)


def likelihood(tau2, y, v, x):
    w = np.diag(1 / (v + tau2))
    a = x.T @ w @ x
    project = w - w @ x @ np.linalg.solve(a, x.T @ w)
    return np.linalg.slogdet(w)[1] - np.linalg.slogdet(a)[1] - y @ project @ y


def search(y, v, x):
    top = 10 * (y.var() + v.max())
    grid = np.r_[0, np.geomspace(1e-7 * top, top, 4000)]
    values = [likelihood(t, y, v, x) for t in grid]
    k = int(np.argmax(values))
    tau2 = grid[k]
    if k:
        found = optimize.minimize_scalar(lambda t: -likelihood(t, y, v, x), bounds=(grid[k - 1], grid[min(k + 1, 4000)]), method="bounded", options={"xatol": 1e-13 * top})
        tau2 = found.x
        if likelihood(0, y, v, x) >= -found.fun:
            tau2 = 0.
    w = 1 / (v + tau2)
    a = (x.T * w) @ x
    beta = np.linalg.solve(a, (x.T * w) @ y)
    q = (w * (y - x @ beta) ** 2).sum() / (len(y) - x.shape[1])
    return {"tau2": tau2, "beta": beta.tolist(), "covariance": np.linalg.inv(a).ravel().tolist(), "q": q, "likelihood": likelihood(tau2, y, v, x)}


n = 12
x = np.c_[np.ones(n), np.repeat([0, 1], n // 2), 45 + 12 * rng.standard_normal(n)]
cases = []
for k in range(24):
    v = rng.gamma(2, .3, n) * (10. ** rng.uniform(-3, 1, n) if k % 3 == 0 else 1)
    between = (0., .2, 3.)[k % 3] if k % 4 else 0.
    y = x @ [1, .5, .02] + np.sqrt(between + v * (.2 if k % 4 == 0 else 1)) * rng.standard_normal(n)
    cases.append({"y": y.tolist(), "v": v.tolist()} | search(y, v, x))
    # scaled units: everything follows
print("tau2 0 in", sum(c["tau2"] == 0 for c in cases), "of", len(cases))
kept = np.load(f"{folder}/expected_pymare_VarianceBasedLikelihoodEstimator.npz")
pymare = {k: np.asarray(kept[k])[:, :60].tolist() for k in ("y", "v")} | {k: np.asarray(kept[k]).ravel()[:60].tolist() for k in ("est", "se", "tau2")}
with open(f"{goldens}/group_meta.json", "w", encoding="utf-8") as file:
    json.dump({"source": "python tests/oracles/group_meta.py GOLDENS FOLDER", "seed": 20261201, "design": x.tolist(), "cases": cases, "pymare": pymare}, file)
