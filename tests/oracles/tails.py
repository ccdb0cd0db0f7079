"""Goldens of ln P(X > x) and z for t, F and the normal, and of ln Gamma, from mpmath with 50 digits.

    python tests/oracles/tails.py tests/goldens/tails.json
    python tests/oracles/tails.py --coefficients      # Chebyshev series of (1 + 2 x) erfcx(x)

No randomness. Each row holds the exact double inputs and the correctly rounded results.
"""

import json
import platform
import sys

import mpmath
from mpmath import mp, mpf

mp.dps = 50


def ln_sf_normal(z):
    if z < 0:
        return mp.log1p(-mp.exp(ln_sf_normal(-z)))
    if z < 1e4:
        return mp.log(mp.erfc(z / mp.sqrt(2)) / 2)
    tail = mp.nsum(lambda k: (-1) ** int(k) * mp.fac2(2 * k - 1) / z ** (2 * k), [0, 6])
    return -z * z / 2 - mp.log(z * mp.sqrt(2 * mp.pi)) + mp.log(tail)


def z_of(ln_sf):
    """Newton from the asymptotic value, both tails."""
    if ln_sf > -mp.log(2):
        return -z_of(mp.log(-mp.expm1(ln_sf)))
    if ln_sf > -1:
        z = mpf("0.1")
    else:
        first = mp.sqrt(-2 * ln_sf)
        z = mp.sqrt(max(mpf("0.01"), -2 * (ln_sf + mp.log(first * mp.sqrt(2 * mp.pi)))))
    for _ in range(40):
        value = ln_sf_normal(z)
        hazard = mp.exp(-z * z / 2 - value) / mp.sqrt(2 * mp.pi)
        step = (value - ln_sf) / hazard
        z += step
        if abs(step) < mpf(10) ** -35 * max(abs(z), mpf(10) ** -15):
            break
    return z


def ln_incomplete_beta(a, b, x):
    """ln of the regularised I_x(a, b): x^a (1-x)^b / (a B) 2F1(a + b, 1; a + 1; x), all terms positive."""
    y = 1 - x
    ln_beta = mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)
    total = term = mpf(1)
    k = 0
    while term > total * mpf(10) ** -40:
        term *= (a + b + k) / (a + 1 + k) * x
        total += term
        k += 1
    return a * mp.log(x) + b * mp.log(y) - mp.log(a) - ln_beta + mp.log(total)


def ln_sf_f(f, dof1, dof2):
    a, b = dof2 / 2, dof1 / 2
    x = dof2 / (dof2 + dof1 * f)
    y = dof1 * f / (dof2 + dof1 * f)
    if x < (a + 1) / (a + b + 2):
        return ln_incomplete_beta(a, b, x)
    return mp.log1p(-mp.exp(ln_incomplete_beta(b, a, y)))


def ln_sf_t(t, dof):
    if t == 0:
        return -mp.log(2)
    both = ln_sf_f(t * t, mpf(1), dof)
    if t > 0:
        return both - mp.log(2)
    return mp.log1p(-mp.exp(both) / 2)


def z_t(t, dof):
    """From |t|: the sign is put back exactly."""
    if t == 0:
        return mpf(0)
    # The central part keeps its relative accuracy through 50 digits.
    z = z_of(ln_sf_t(abs(t), dof))
    return z if t > 0 else -z


def rows(names, entries):
    return {"columns": names, "rows": [[float(v) for v in row] for row in entries]}


def goldens():
    normal = [
        0.0, 1e-12, 1e-3, 0.1, 0.5, 1.0, 1.5, 2.0, 3.0, 4.7, 6.0, 8.3, 10.0, 20.0, 26.7, 37.1, 38.5, 50.0, 63.2,
        100.0, 1e3, 1e6,
    ]
    normal += [-z for z in normal if 0 < z < 30]
    ln_sfs = [
        -1e-300, -1e-40, -1e-16, -1e-5, -0.01, -0.05, -0.3, -0.69, -0.6931471805599453, -0.7, -1.0, -2.0, -2.59,
        -2.6, -5.0, -24.9, -25.1, -100.0, -700.0, -728.9, -729.1, -745.0, -2000.0, -1e5, -1e10, -1e20,
    ]
    dofs = [0.5, 1.0, 2.0, 2.5, 7.0, 29.0, 148.3, 190.0, 1000.0, 4321.7]
    ts = [
        1e-9, 0.01, 0.3, 0.7, 1.0, 1.4, 1.7, 1.75, 2.0, 3.1, 4.9, 8.0, 12.5, 25.0, 40.0, 64.0, 110.0, 1e3, 1e8,
    ]
    # t at ln p = -2000, where a double's p has been 0 since -745.
    far = [(2.8e8, 190.0, ), (66.0, 4321.7), (1e200, 7.0), (5e160, 29.0)]
    t_pairs = [(s * t, d) for d in dofs for t in ts for s in (1, -1) if t <= 1e3 or d < 200]
    t_pairs += [(t, d) for t, d in far] + [(0.0, 12.0)]
    f_dofs = [(1, 60), (2, 190), (3, 12.5), (5, 148.3), (2.7, 33.3), (12, 4), (40, 150), (1, 1), (0.6, 9), (300, 500)]
    fs = [1e-6, 0.01, 0.3, 0.8, 0.97, 1.0, 1.02, 1.2, 1.6, 2.5, 4.0, 10.0, 60.0, 900.0, 1e5, 1e12, 1e40]
    f_rows = []
    for d1, d2 in f_dofs:
        for f in fs:
            value = ln_sf_f(mpf(f), mpf(d1), mpf(d2))
            f_rows.append([f, d1, d2, value, z_of(value)])
    t_rows = []
    for t, d in t_pairs:
        t_rows.append([t, d, ln_sf_t(mpf(t), mpf(d)), z_t(mpf(t), mpf(d))])
    gammas = [1e-8, 0.1, 0.25, 0.5, 0.75, 1.0, 1.3, 1.5, 2.0, 2.5, 3.7, 6.0, 9.9, 11.99, 12.0, 30.5, 95.0, 1e3, 1e7]
    return {
        "tool": f"mpmath {mpmath.__version__}, python {platform.python_version()}, {mp.dps} digits",
        "command": "python tests/oracles/tails.py tests/goldens/tails.json",
        "normal": rows(["z", "ln_sf"], [[z, ln_sf_normal(mpf(z))] for z in normal]),
        "z_from_ln_sf": rows(["ln_sf", "z"], [[v, z_of(mpf(v))] for v in ln_sfs]),
        "t": rows(["t", "dof", "ln_sf", "z"], t_rows),
        "f": rows(["f", "dof1", "dof2", "ln_sf", "z"], f_rows),
        "ln_gamma": rows(["x", "ln_gamma"], [[x, mp.loggamma(mpf(x))] for x in gammas]),
    }


def coefficients(n=60, keep=27):
    """Chebyshev coefficients by the discrete cosine sum at n nodes; the constant is halved."""

    def scaled_erfcx(t):
        x = mpf("3.75") * (1 + t) / (1 - t)
        return (1 + 2 * x) * mp.exp(x * x) * mp.erfc(x)

    angles = [mp.pi * (j + mpf(1) / 2) / n for j in range(n)]
    values = [scaled_erfcx(mp.cos(a)) for a in angles]
    for k in range(keep):
        c = 2 / mpf(n) * sum(v * mp.cos(k * a) for v, a in zip(values, angles))
        print(f"    {mp.nstr(c / 2 if k == 0 else c, 17)},")


if __name__ == "__main__":
    if sys.argv[1] == "--coefficients":
        coefficients()
    else:
        with open(sys.argv[1], "w") as file:
            text = json.dumps(goldens())
            file.write(text.replace("], [", "],\n[") + "\n")
