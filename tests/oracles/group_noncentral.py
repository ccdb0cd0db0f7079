"""Noncentral t and F, limits of their noncentrality, and Hedges' correction, with mpmath.

usage: python tests/oracles/group_noncentral.py GOLDENS
Made with mpmath 1.3.0 at 18 (t) and 30 (F) digits; nothing is random. P(T <= t) is the integral over s = sqrt(chi^2 / nu) by mpmath.quad, P(F <= f) the Poisson sum of regularised incomplete beta
functions, limits their roots. scipy 1.17.1's nct and ncf, held against them here, are printed where they are off by more than 1e-8.
"""
import json
import sys

import mpmath as mp
from scipy import stats

mp.mp.dps = 30
phi = lambda z: mp.erfc(-z / mp.sqrt(2)) / 2


def t_cdf(t, nu, delta):
    with mp.workdps(18):
        return t_integral(t, nu, delta)


def t_integral(t, nu, delta):
    t, nu, delta = map(mp.mpf, (t, nu, delta))
    ln_front = mp.log(2) + nu / 2 * mp.log(nu / 2) - mp.loggamma(nu / 2)
    density = lambda s: mp.exp(ln_front + (nu - 1) * mp.log(s) - nu * s * s / 2) if s > 0 else mp.mpf(0)
    wide = 1 / mp.sqrt(2 * nu)
    cuts = {mp.mpf(0), mp.mpf(1)} | {1 + k * wide for k in (-6, -3, -1, 1, 3, 6, 10, 20) if 1 + k * wide > 0}
    if t != 0:
        cuts |= {c for c in ((delta + k) / t for k in (-6, -2, 0, 2, 6)) if 0 < c < 1 + 20 * wide}
    return mp.quad(lambda s: phi(t * s - delta) * density(s), sorted(cuts))


def f_cdf(f, a, b, lam):
    f, a, b, h = mp.mpf(f), mp.mpf(a) / 2, mp.mpf(b) / 2, mp.mpf(lam) / 2
    y = a * f / (a * f + b)
    total, j, weight = mp.mpf(0), 0, mp.exp(-h)
    while True:
        # I_y(a + j, b) = I_y(a + j - 1, b) - y^(a+j-1) (1-y)^b / ((a + j - 1) B(a + j - 1, b))
        beta = mp.betainc(a, b, 0, y, regularized=True) if j == 0 else beta - step
        step = y ** a * (1 - y) ** b / (a * mp.beta(a, b)) if j == 0 else step * y * (a + b + j - 1) / (a + j)
        total += weight * beta
        j += 1
        weight *= h / j
        if j > h and weight < mp.mpf(10) ** -20:
            return total


def root(f, low, high):
    return mp.findroot(f, (low, high), solver="anderson", tol=1e-16, maxsteps=60)


golden = {"source": "python tests/oracles/group_noncentral.py GOLDENS", "t": [], "f": [], "t_limits": [], "f_limits": [], "hedges": []}
for nu in (1, 2.5, 9, 38, 400):
    for t, delta in ((-3, .5), (0, 1), (.7, -2), (2.1, 1.5), (6, 9), (25, 22)):
        want = float(t_cdf(t, nu, delta))
        golden["t"].append([t, nu, delta, want])
        off = abs(stats.nct.cdf(t, nu, delta) - want)
        if not off < 1e-8:
            print("scipy nct", t, nu, delta, off)
    for t in (-2.3, 1, 7):
        z = float(2 * mp.sqrt(1 + mp.mpf(t) ** 2 / (2 * nu)))
        limits = [float(root(lambda d: t_cdf(t, nu, d) - p, t - s * z, t - s * z * 1.3 - .1)) for p, s in ((mp.mpf("0.975"), 1), (mp.mpf("0.025"), -1))]
        golden["t_limits"].append([t, nu, *limits])
for a, b in ((1, 9), (2, 17), (3, 40), (6, 300)):
    for f, lam in ((.3, 0), (.8, 2), (3, 4), (9, 30), (20, 90)):
        want = float(f_cdf(f, a, b, lam))
        golden["f"].append([f, a, b, lam, want])
        off = abs(stats.ncf.cdf(f, a, b, lam) - want)
        if lam and not off < 1e-8:
            print("scipy ncf", f, a, b, lam, off)
    for f in (.05, 3.2, 20):
        limits = []
        for p in (mp.mpf("0.975"), mp.mpf("0.025")):
            central = f_cdf(f, a, b, 0)
            limits.append(0. if central <= p else float(root(lambda lam: f_cdf(f, a, b, abs(lam)) - p, a * f / 2, a * f * 2 + 1)))
        golden["f_limits"].append([f, a, b, *limits])
for nu in (1.5, 2, 9, 38, 1000, 99999, 1e6):
    v = mp.mpf(nu)
    golden["hedges"].append([nu, float(mp.exp(mp.loggamma(v / 2) - mp.loggamma((v - 1) / 2)) / mp.sqrt(v / 2))])
with open(f"{sys.argv[1]}/group_noncentral.json", "w", encoding="utf-8") as file:
    json.dump(golden, file)
