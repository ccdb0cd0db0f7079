"""Asymptotic upper quantiles of Anderson and Darling's A^2 for a generalised-Pareto law whose shape and scale were fitted by maximum likelihood.

usage: python tests/oracles/pareto_fit.py [CHECKS]
Prints the table of src/stats/pareto/fit_quality.rs. CHECKS: that many simulated samples of 200, fitted, are held against it. Needs numpy, scipy.
A^2 is asymptotically a sum of lambda_i chi^2_1, lambda_i the eigenvalues of (min(s, t) - s t - g(s)' I^-1 g(t)) / sqrt(s (1 - s) t (1 - t)), g the slopes of the
law in its parameters and I their information (Choulakian and Stephens 2001); its tail by Imhof's integral (1961).
"""
import sys

import numpy as np
from scipy import integrate, optimize, stats

SHAPES = np.round(np.arange(-.5, 1.01, .1), 1)
TAILS = (.5, .25, .15, .1, .05, .025, .01, .005, .001)


def eigenvalues(shape, n=400):
    nodes, weights = np.polynomial.legendre.leggauss(n)
    v = 14 * nodes
    y = 1 / (1 + np.exp(v))  # 1 - s
    s = 1 / (1 + np.exp(-v))
    weights = 14 * weights  # ds = s y dv: the kernel's own scale
    xi = shape
    ln_w = -xi * np.log(y)
    x = -np.log(y) if xi == 0 else np.expm1(ln_w) / xi
    of_scale = -x * y * np.exp(-ln_w)
    of_shape = -y * np.log(y) ** 2 / 2 if xi == 0 else -y * (ln_w / xi ** 2 - x / xi * np.exp(-ln_w))
    g = np.stack([of_shape, of_scale])
    info = np.array([[2 / ((1 + xi) * (1 + 2 * xi)), 1 / ((1 + xi) * (1 + 2 * xi))], [1 / ((1 + xi) * (1 + 2 * xi)), 1 / (1 + 2 * xi)]])
    # at xi = -1/2 the information is infinite: its inverse has a limit, (1 + xi) [[1 + xi, -1], [-1, 2]]
    inverse = (1 + xi) * np.array([[1 + xi, -1.], [-1., 2.]])
    if xi > -.5:
        assert np.allclose(inverse @ info, np.eye(2))
    smaller = np.minimum.outer(s, s) * np.minimum.outer(y, y)  # min(s, t) - s t = min(s, t) (1 - max(s, t))
    kernel = (smaller - g.T @ inverse @ g) / np.sqrt(np.outer(s * y, s * y))
    # over ds / sqrt.. in v: sqrt(s y w) on both sides
    root = np.sqrt(s * y * weights)
    found = np.linalg.eigvalsh(kernel * np.outer(root, root))
    return found[found > 1e-9][::-1]


def tail(x, lam):
    """Imhof: P(sum lambda chi^2 > x)."""
    def f(u):
        theta = .5 * np.arctan(lam * u).sum() - .5 * x * u
        return np.sin(theta) / (u * np.exp(.25 * np.log1p((lam * u) ** 2).sum()))
    return .5 + integrate.quad(f, 0, np.inf, limit=2000, epsabs=1e-9)[0] / np.pi


def fitted_statistic(x):
    """Maximum likelihood by its profile, and A^2."""
    top = x.max()
    shape = lambda theta: np.log1p(theta * x).mean()
    minus = lambda theta: np.log(shape(theta) / theta) + shape(theta) if theta else np.log(x.mean()) + 1
    grid = np.r_[-np.geomspace(.9999, .01, 60) / top, np.geomspace(.01, 20, 60) / top]
    grid = grid[[shape(t) >= -.5 for t in grid]]
    best = grid[np.argmin([minus(t) for t in grid])]
    theta = optimize.minimize_scalar(minus, bounds=(best - abs(best) * .3 - 1e-3 / top, best + abs(best) * .3 + 1e-3 / top), method="bounded", options={"xatol": 1e-9}).x
    c = shape(theta)
    u = np.sort(stats.genpareto.cdf(x, c, 0, c / theta))
    n = len(x)
    i = np.arange(1, n + 1)
    return -n - np.mean((2 * i - 1) * (np.log(u) + np.log1p(-u[::-1])))


table = {}
print("tails", TAILS)
for shape in SHAPES:
    lam = eigenvalues(shape)
    table[shape] = [optimize.brentq(lambda x: tail(x, lam) - p, .01, 6, xtol=1e-7) for p in TAILS]
    print(f"{shape:5}", ", ".join(f"{v:.4f}" for v in table[shape]))
if len(sys.argv) > 1:
    rng = np.random.default_rng(20261129)
    for shape in (-.2, 0., .2):
        values = np.array([fitted_statistic(stats.genpareto.rvs(shape, size=200, random_state=rng)) for _ in range(int(sys.argv[1]))])
        print(shape, "of simulated samples above each quantile:", [float((values > q).mean()) for q in table[shape]])
