"""Golden of statistics of rearranged data: nilearn's permuted_ols with the rearrangements that it drew, and F and v by numpy.

    python tests/oracles/rearranged.py ../shared/oracles/glm/data_small tests/goldens

`groups`: made-up maps [row][voxel], a design [row][column], contrasts of the last columns, rearrangements (from, sign: row j of the
rearranged data is sign_j times row from_j) and what came of them. nilearn shuffles the design where boldly shuffles the data: its
shuffle is inverted. F and v refit the rearranged residuals (Freedman and Lane) by least squares; v is G of Winkler 2014 for one
column, W the trace of R over its group's rows divided by their residual sum of squares.
`group_nii`: nilearn's one-sample test of the oracle's 40 subjects. Seeds 5 and 0.
"""
import json
import sys
from pathlib import Path

import nibabel as nib
import nilearn
import numpy as np
from nilearn.mass_univariate import permuted_least_squares as peer

data, out = Path(sys.argv[1]), Path(sys.argv[2])
rng = np.random.default_rng(5)
drawn = []


class Recorder:
    """The generator that nilearn asks for, which keeps what it gave."""

    def __init__(self, seed):
        self.rng = np.random.RandomState(seed)

    def randint(self, *args, **kwargs):
        drawn.append(self.rng.randint(*args, **kwargs))
        return drawn[-1]

    def permutation(self, n):
        drawn.append(self.rng.permutation(n))
        return drawn[-1]


peer.check_random_state = Recorder


def nilearn_test(tested, y, covariates, n_perm, intercept):
    """t, log10 p and maximal |t| of each rearrangement, and the rearrangements."""
    drawn.clear()
    o = peer.permuted_ols(tested, y, confounding_vars=covariates, model_intercept=intercept, n_perm=n_perm,
                          two_sided_test=True, random_state=0, n_jobs=1, output_type="dict", verbose=0)
    n = len(y)
    moves, of = [], np.arange(n)
    sign = np.ones(n, int)
    for one in drawn[-n_perm:]:
        if intercept:
            of = of[one]
            moves.append((np.argsort(of).tolist(), [1] * n))
        else:
            sign = sign * (one.ravel() * 2 - 1)
            moves.append((list(range(n)), sign.tolist()))
    return o, moves


def listed(values):
    return np.vectorize(lambda v: float(f"{v:.12g}"))(np.asarray(values, float)).tolist()


def refit(design, y, q, move, groups=None):
    """F of the last q columns, or v of the last, of rearranged residuals."""
    n, p = design.shape
    z = design[:, : p - q]
    fitted = z @ np.linalg.pinv(z) @ y if p > q else np.zeros_like(y)
    moved = fitted + np.array(move[1])[:, None] * (y - fitted)[move[0]]
    beta = np.linalg.pinv(design) @ moved
    e = moved - design @ beta
    c = np.eye(p)[p - q:]
    if groups is None:
        dof = n - np.linalg.matrix_rank(design)
        middle = np.linalg.inv(c @ np.linalg.inv(design.T @ design) @ c.T)
        cb = c @ beta
        return np.einsum("iv,ij,jv->v", cb, middle, cb) / q / ((e**2).sum(0) / dof)
    r = np.eye(n) - design @ np.linalg.pinv(design)
    stat = []
    for v in range(y.shape[1]):
        w = np.empty(n)
        for g in set(groups):
            own = groups == g
            w[own] = r.diagonal()[own].sum() / (e[own, v] ** 2).sum()
        variance = c @ np.linalg.inv(design.T @ (w[:, None] * design)) @ c.T
        stat.append((c @ beta[:, v])[0] / np.sqrt(variance[0, 0]))
    return np.array(stat)


n, n_voxels = 14, 9
y = (2 + rng.standard_normal((n, n_voxels)) * (1 + np.arange(n)[:, None] % 2)).astype(np.float32)
halves = np.r_[np.ones(6), -np.ones(8)]
covariates = rng.standard_normal((n, 2)).round(3)
cases = []


def case(name, design, q, moves, stat, groups=None):
    cases.append({"name": name, "design": listed(design), "q": q, "groups": groups,
                  "moves": [{"from": list(map(int, m[0])), "sign": list(map(int, m[1]))} for m in moves], **stat})


y64 = y.astype(float)
o, moves = nilearn_test(halves[:, None], y64, covariates, 25, True)
case("nilearn, two groups and covariates", np.c_[np.ones(n), covariates, halves], 1, moves,
     {"t": listed(o["t"][0]), "max_t": listed(o["h0_max_t"][0]), "logp": listed(o["logp_max_t"][0])})
o, moves = nilearn_test(np.ones((n, 1)), y64, None, 25, False)
case("nilearn, signs", np.ones((n, 1)), 1, moves,
     {"t": listed(o["t"][0]), "max_t": listed(o["h0_max_t"][0]), "logp": listed(o["logp_max_t"][0])})
moves = [(rng.permutation(n), rng.integers(0, 2, n) * 2 - 1) for _ in range(6)]
design = np.c_[np.ones(n), covariates, halves]
case("F of three columns", design, 3, moves, {"stat": listed([refit(design, y64, 3, m) for m in moves])})
case("F of all columns", design[:, 1:], 3, moves, {"stat": listed([refit(design[:, 1:], y64, 3, m) for m in moves])})
groups = np.arange(n) % 3
case("v of three groups of variance", design, 1, moves,
     {"stat": listed([refit(design, y64, 1, m, groups) for m in moves])}, groups.tolist())

mask = np.asarray(nib.load(data / "mask.nii").dataobj) > 0
# Voxels in the order of the file, i fastest.
order = [tuple(at)[::-1] for at in np.argwhere(mask.T)]
group = np.asarray(nib.load(data / "group.nii").dataobj)
maps = np.array([group[at] for at in order]).T.astype(float)
o, moves = nilearn_test(np.ones((len(maps), 1)), maps, None, 60, False)
some = np.linspace(0, len(order) - 1, 30).astype(int).tolist() + [int(np.argmax(np.abs(o["t"][0])))]
golden = {"nilearn": nilearn.__version__, "numpy": np.__version__, "maps": listed(y), "cases": cases,
          "group_nii": {"signs": ["".join("-+"[s > 0] for s in m[1]) for m in moves], "max_t": listed(o["h0_max_t"][0]),
                        "voxels": some, "t": listed(o["t"][0][some]), "logp": listed(o["logp_max_t"][0][some])}}
(out / "rearranged.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
