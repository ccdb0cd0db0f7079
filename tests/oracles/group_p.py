"""Adjusted p-values, Hommel's h and true discovery proportions, and generalised-Pareto fits.

usage: python tests/oracles/group_p.py GOLDENS
Made with scipy 1.17.1, statsmodels 0.15.0, nilearn 0.14.1; seed 20261128.
scipy.stats: false_discovery_control, genpareto.fit (maximum likelihood, location 0). statsmodels: multipletests. nilearn: _compute_hommel_value, _true_positive_fraction.
"""
import json
import sys

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

try:
    from nilearn.glm.thresholding import _compute_hommel_value, _true_positive_fraction
except ImportError:
    sys.exit("needs nilearn")

rng = np.random.default_rng(20261128)


def p_values():
    z = np.r_[rng.standard_normal(140), 2.5 + rng.standard_normal(60)]
    p = stats.norm.sf(z)
    p[::17] = p[1::17][: len(p[::17])]  # ties
    return p


def adjusted(p):
    return {
        "p": p.tolist(),
        "bh": stats.false_discovery_control(p, method="bh").tolist(),
        "by": stats.false_discovery_control(p, method="by").tolist(),
        "bonferroni": multipletests(p, method="bonferroni")[1].tolist(),
        "holm": multipletests(p, method="holm")[1].tolist(),
    }


def hommel(n, n_true, shift):
    z = np.r_[rng.standard_normal(n - n_true), shift + rng.standard_normal(n_true)]
    p = stats.norm.sf(z)
    out = {"p": p.tolist(), "asked": []}
    for level in (.05, .2):
        h = _compute_hommel_value(z, level)
        for _ in range(4):
            of = np.sort(rng.choice(n, rng.integers(1, n), replace=False))
            tail = np.flatnonzero(z > 1.)
            for chosen in (of, tail):
                out["asked"].append({"level": level, "h": int(h), "set": chosen.tolist(), "proportion": float(_true_positive_fraction(z[chosen], h, level))})
    return out


def pareto(shape, n):
    x = stats.genpareto.rvs(shape, scale=1.7, size=n, random_state=rng)
    fits = []
    best = None
    for start in (-.3, -.1, 0.05, .3):
        c, _, scale = stats.genpareto.fit(x, start, floc=0, scale=x.mean(), optimizer=lambda f, x0, args, disp: __import__("scipy.optimize").optimize.fmin(f, x0, args=args, disp=False, xtol=1e-10, ftol=1e-13, maxiter=20000, maxfun=20000))
        value = stats.genpareto.logpdf(x, c, 0, scale).sum()
        if best is None or value > best[0]:
            best = (value, c, scale)
    value, c, scale = best
    u = np.sort(stats.genpareto.cdf(x, c, 0, scale))
    i = np.arange(1, n + 1)
    a2 = -n - np.mean((2 * i - 1) * (np.log(u) + np.log1p(-u[::-1])))
    return {"x": x.tolist(), "shape": c, "scale": scale, "log_likelihood": value, "anderson_darling": a2, "p": [[float(v), float(stats.genpareto.sf(v, c, 0, scale))] for v in (1., 4., 8.)]}


golden = {
    "source": "python tests/oracles/group_p.py GOLDENS",
    "seed": 20261128,
    "adjusted": adjusted(p_values()),
    "hommel": [hommel(60, 20, 3.), hommel(40, 0, 0.), hommel(50, 50, 4.)],
    "pareto": [pareto(s, n) for s, n in ((-.15, 250), (0., 100), (.3, 400), (-.3, 200))],
}
with open(f"{sys.argv[1]}/group_p.json", "w", encoding="utf-8") as file:
    json.dump(golden, file)
print([(g["shape"], g["scale"], g["anderson_darling"]) for g in golden["pareto"]])
