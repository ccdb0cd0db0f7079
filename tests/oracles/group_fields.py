"""Euler characteristic densities by Taylor's Gaussian kinematic formula, p of height and extent, and resels of a mask.

usage: python tests/oracles/group_fields.py GOLDENS
Made with mpmath 1.3.0, numpy 2.4.6, scipy 1.17.1; seed 20261130. Nothing of the closed forms is used: a statistic above x is a region of R^n for n standard normal numbers, the
chance of its tube of radius r has derivatives M_d at r = 0, and rho_d = (4 ln 2 / 2 pi)^(d/2) M_d (Taylor 2006; Taylor and Adler, Random Fields and Geometry, 2007).
 Z:   P(Z > x - r)
 X_k: P(|u| > sqrt x - r), u of k numbers
 t:   P(z > c |w| - r s), c = t / sqrt(nu), s = sqrt(1 + c^2), w of nu numbers;  F: P(|u| > c |w| - r s), c = sqrt(k F / nu)
"""
import json
import sys

import mpmath as mp
import numpy as np
from scipy import ndimage

mp.mp.dps = 25


def chi_density(k):
    return lambda a: 2 ** (1 - mp.mpf(k) / 2) / mp.gamma(mp.mpf(k) / 2) * a ** (k - 1) * mp.exp(-a * a / 2)


def normal_density(a):
    return mp.exp(-a * a / 2) / mp.sqrt(2 * mp.pi)


def tube(density, s, at, order):
    """The order-th derivative of P(> a - r s) in r at r = 0: s^order (-1)^(order-1) density^(order-1)(a)."""
    return s ** order * (-1) ** (order - 1) * mp.diff(density, at, order - 1)


def densities(kind, dof, x):
    x = mp.mpf(x)
    if kind == "z":
        tail = mp.erfc(x / mp.sqrt(2)) / 2
        moments = [tube(normal_density, 1, x, d) for d in (1, 2, 3)]
    elif kind == "x":
        tail = mp.gammainc(mp.mpf(dof[0]) / 2, x / 2, regularized=True)
        moments = [tube(chi_density(dof[0]), 1, mp.sqrt(x), d) for d in (1, 2, 3)]
    else:
        nu = dof[-1]
        c = x / mp.sqrt(nu) if kind == "t" else mp.sqrt(mp.mpf(dof[0]) * x / nu)
        s = mp.sqrt(1 + c * c)
        inner = normal_density if kind == "t" else chi_density(dof[0])
        w = chi_density(nu)
        over = [0, mp.sqrt(nu) / 2, mp.sqrt(nu), 2 * mp.sqrt(nu), 4 * mp.sqrt(nu) + 10]
        moments = [mp.quad(lambda b: tube(inner, s, c * b, d) * w(b), over) for d in (1, 2, 3)]
        one = (lambda a: mp.erfc(a / mp.sqrt(2)) / 2) if kind == "t" else (lambda a: mp.gammainc(mp.mpf(dof[0]) / 2, a * a / 2, regularized=True))
        tail = mp.quad(lambda b: one(c * b) * w(b), over)
    step = mp.sqrt(4 * mp.log(2) / (2 * mp.pi))
    return [float(tail)] + [float(step ** d * m) for d, m in zip((1, 2, 3), moments)]


rows = []
for kind, dof, at in (
    ("z", [], (-1., .5, 2.3, 4.8)), ("x", [1], (.7, 12.)), ("x", [2], (3., 20.)), ("x", [5], (4., 30.)),
    ("t", [8], (-2., .4, 3.1, 7.)), ("t", [38], (1.2, 3.3, 5.5)), ("t", [200], (4.7,)),
    ("f", [1, 20], (2., 11.)), ("f", [2, 17], (.8, 9.)), ("f", [3, 38], (3.3, 8.)), ("f", [7, 12], (1.1, 6.)),
):
    rows += [{"kind": kind, "dof": dof, "x": x, "densities": densities(kind, dof, x)} for x in at]

rng = np.random.default_rng(20261130)
shape = (8, 7, 6)
inside = ndimage.gaussian_filter(rng.standard_normal(shape), .8) > -.05
fwhm = (2.5, 3., 3.5)
m = np.pad(inside, 1).astype(int)
count = lambda *axes: int(sum_all(m, axes))


def sum_all(m, axes):
    for axis in axes:
        m = m[tuple(slice(None, -1) if a == axis else slice(None) for a in range(3))] * m[tuple(slice(1, None) if a == axis else slice(None) for a in range(3))]
    return m.sum()


# Intrinsic volumes of the union of closed cells by inclusion, axis by axis: R_d = sum over d axes of (+-) counts.
points, cubes = count(), count(0, 1, 2)
edges = [count(a) for a in range(3)]
faces = {(a, b): count(a, b) for a, b in ((0, 1), (0, 2), (1, 2))}
r = [1 / f for f in fwhm]
resels = [
    points - sum(edges) + sum(faces.values()) - cubes,
    sum((edges[a] - sum(v for k, v in faces.items() if a in k) + cubes) * r[a] for a in range(3)),
    sum((v - cubes) * r[a] * r[b] for (a, b), v in faces.items()),
    cubes * r[0] * r[1] * r[2],
]
golden = {"source": "python tests/oracles/group_fields.py GOLDENS", "seed": 20261130, "densities": rows,
          "mask": {"shape": shape, "places": np.flatnonzero(inside.ravel(order="F")).tolist(), "fwhm": fwhm, "resels": resels}}
with open(f"{sys.argv[1]}/group_fields.json", "w", encoding="utf-8") as file:
    json.dump(golden, file)
print(resels, len(rows))
