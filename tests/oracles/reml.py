"""Dense restricted maximum likelihood, voxel by voxel: correlations as a full matrix of the kept volumes' own times, nothing
about lags or sums. Writes tests/goldens/reml.json.

    python tests/oracles/reml.py        (numpy 2.x, scipy 1.x, statsmodels 0.15; seed 20261127)

Cases: AR(1) of a whole run, with censored volumes (scattered, and a burst), of a design that lacks rank, with another design (what a second slice group has: its task columns
are those of another time); ARMA(1,1) of a whole run and with censored volumes. At each estimate t is statsmodels' GLS's, too, which is held to 1e-8. Noise is made with the model's own correlations.
Objective (3dREMLfit's published REML function): (n - m) log(y'Qy) + log|X'R^-1X| + log|R|.
ARMA(1,1): corr(0) = 1, corr(k) = lam a^(k-1), lam = (b + a)(1 + a b) / (1 + 2 a b + b^2).
"""
import json
from pathlib import Path

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize, minimize_scalar
import statsmodels
import statsmodels.api as sm

rng = np.random.default_rng(20261127)
N, VOXELS = 60, 12


def ar1(times, rho):
    return np.power(float(rho), np.abs(times[:, None] - times[None, :]))


def lam(a, b):
    return (b + a) * (1 + a * b) / (1 + 2 * a * b + b * b)


def arma11(times, a, b):
    lag = np.abs(times[:, None] - times[None, :])
    with np.errstate(divide="ignore", invalid="ignore"):
        r = lam(a, b) * np.power(float(a), np.maximum(lag - 1, 0))
    r[lag == 0] = 1.0
    return r


def design(n):
    t = np.arange(n)
    box = (t // 7 % 2).astype(float)
    return np.column_stack([box, np.roll(box, 3) * np.cos(t / 9), np.cos(np.pi * (t + 0.5) / n), t / n, np.ones(n)])


def gls(y, x, r):
    factor = cho_factor(r, lower=True)
    ri_x, ri_y = cho_solve(factor, x), cho_solve(factor, y)
    xrx = x.T @ ri_x
    m = np.linalg.matrix_rank(x)
    inverse = np.linalg.pinv(xrx, rcond=1e-12)
    beta = inverse @ (x.T @ ri_y)
    rss = (y - x @ beta) @ cho_solve(factor, y - x @ beta)
    ln_r = 2 * np.log(np.diag(factor[0])).sum()
    eigen = np.linalg.eigvalsh(xrx)
    ln_x = np.log(eigen[-m:]).sum() if m == x.shape[1] else np.nan
    return dict(beta=beta, inverse=inverse, rss=rss, m=m, ln_r=ln_r, ln_x=ln_x)


def objective(y, x, r):
    # On an orthonormal basis of the columns, where a lack of rank costs nothing.
    u, s, _ = np.linalg.svd(x, full_matrices=False)
    u = u[:, s > s[0] * 1e-10]
    fit = gls(y, u, r)
    return (len(y) - fit["m"]) * np.log(fit["rss"]) + fit["ln_x"] + fit["ln_r"]


def estimate(kind, y, x, times):
    if kind == "ar1":
        f = lambda rho: objective(y, x, ar1(times, rho))
        grid = np.linspace(-0.95, 0.95, 77)
        best = grid[np.argmin([f(g) for g in grid])]
        found = minimize_scalar(f, bounds=(max(best - 0.05, -0.95), min(best + 0.05, 0.95)), method="bounded", options=dict(xatol=1e-10))
        return [found.x]
    # 3dREMLfit's range: 0 <= a <= 0.8, |b| <= 0.8, lam not negative.
    f = lambda p: objective(y, x, arma11(times, *p)) if 0 <= p[0] <= 0.8 and abs(p[1]) <= 0.8 and p[1] >= -p[0] else 1e9
    starts = [(a, b) for a in np.linspace(0, 0.8, 17) for b in np.linspace(-0.8, 0.8, 33)]
    best = None
    for start in sorted(starts, key=f)[:3]:
        for edge in (False, True):  # Nelder-Mead, and along the upper edge of a
            if edge:
                found = minimize(lambda b: f([0.8, b[0]]), [start[1]], method="Nelder-Mead", options=dict(xatol=1e-9, fatol=1e-12, maxiter=4000))
                found.x = np.array([0.8, found.x[0]])
            else:
                found = minimize(f, start, method="Nelder-Mead", options=dict(xatol=1e-9, fatol=1e-12, maxiter=4000))
            if best is None or found.fun < best.fun:
                best = found
    return list(best.x)


def case(name, kind, x, kept, truth):
    times = np.asarray(kept, float)
    x = x[kept]
    r = ar1(times, truth[0]) if kind == "ar1" else arma11(times, *truth)
    noise = np.linalg.cholesky(r) @ rng.standard_normal((len(kept), VOXELS))
    data = (1000 + 3 * x[:, :1] + 5 * noise + 8 * x[:, 2:3]).astype(np.float32)
    c = np.zeros((3, x.shape[1]))
    c[0, 0], c[1, 1], c[2, :2] = 1, 1, (1, -1)
    parameters, t, effect, variance, f = [], [], [], [], []
    for y in data.astype(float).T:
        y = y - y.mean()
        p = estimate(kind, y, x, times)
        fit = gls(y, x, ar1(times, *p) if kind == "ar1" else arma11(times, *p))
        s2 = fit["rss"] / (len(y) - fit["m"])
        e = c[0] @ fit["beta"]
        v = s2 * c[0] @ fit["inverse"] @ c[0]
        inner = np.linalg.pinv(c @ fit["inverse"] @ c.T, rcond=1e-10)
        peer = sm.GLS(y, x, sigma=ar1(times, *p) if kind == "ar1" else arma11(times, *p)).fit().t_test(c[0])
        assert abs(float(np.squeeze(peer.tvalue)) - e / np.sqrt(v)) < 1e-8 * max(1, abs(e / np.sqrt(v))), (name, peer.tvalue)
        parameters.append(p), effect.append(e), variance.append(v), t.append(e / np.sqrt(v))
        if kind == "ar1" and len(kept) == N:
            # Its rows are those of generalised least squares but for the first.
            of_pairs = sm.GLSAR(y, x, rho=np.array(p))
            first = np.sqrt(1 - p[0] ** 2)
            rows, values = np.vstack([first * x[:1], of_pairs.wexog]), np.append(first * y[0], of_pairs.wendog)
            assert np.abs(np.linalg.lstsq(rows, values, rcond=None)[0] - fit["beta"]).max() < 1e-8 * np.abs(fit["beta"]).max(), name
        f.append((c @ fit["beta"]) @ inner @ (c @ fit["beta"]) / (2 * s2))
    return dict(name=name, kind=kind, kept=[int(k) for k in kept], design=x.tolist(), data=data.astype(float).tolist(),
                parameters=parameters, effect=effect, variance=variance, t=t, f=f)


whole = list(range(N))
scattered = [k for k in whole if k not in (5, 6, 13, 14, 15, 27, 33, 41, 50)]
burst = [k for k in whole if not 20 <= k < 29]
lacking = np.column_stack([design(N), design(N)[:, 3] - 2 * design(N)[:, 4]])
another = design(N)
another[:, 0] = 0.6 * another[:, 0] + 0.4 * np.roll(another[:, 0], 1)
another[:, 1] = np.roll(another[:, 1], 1)
cases = [
    case("whole", "ar1", design(N), whole, [0.4]),
    case("negative", "ar1", design(N), whole, [-0.3]),
    case("scattered", "ar1", design(N), scattered, [0.5]),
    case("burst", "ar1", design(N), burst, [0.35]),
    case("lacking rank", "ar1", lacking, scattered, [0.3]),
    case("whole", "arma11", design(N), whole, [0.7, -0.3]),
    case("scattered", "arma11", design(N), scattered, [0.6, -0.2]),
    case("another design", "ar1", another, whole, [0.4]),
]
out = Path(__file__).parents[1] / "goldens" / "reml.json"
out.write_text(json.dumps(dict(source="tests/oracles/reml.py, numpy %s, statsmodels %s" % (np.__version__, statsmodels.__version__), cases=cases)))
print(out, out.stat().st_size)
