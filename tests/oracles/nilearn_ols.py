"""nilearn's ordinary least squares, or its AR(1), as an oracle: fit in float64, keep summaries and a few hundred voxels.

Used by localizer.py and glm_small.py; see there for commands. Written with nilearn 0.14.1, numpy, pandas.
"""

import json
import platform
import sys

import nilearn
import numpy as np
from nilearn.glm.contrasts import compute_contrast, expression_to_contrast_vector
from nilearn.glm.first_level import run_glm


def maps(data, design, contrasts, noise_model="ols"):
    """Maps of `data` [volume][voxel] for `contrasts`: name -> expression (t) or list of expressions (F).

    Returns name -> {effect, variance, t, z, p} or {F, z, p}, each [voxel], and dof of the residuals.
    """
    names = list(design.columns)
    labels, results = run_glm(data, design.to_numpy(), noise_model=noise_model)
    found = {}
    for name, rows in contrasts.items():
        if isinstance(rows, str):
            c = compute_contrast(labels, results, expression_to_contrast_vector(rows, names), stat_type="t")
            found[name] = {"effect": c.effect_size(), "variance": c.effect_variance(), "t": c.stat()}
        else:
            weights = np.array([expression_to_contrast_vector(row, names) for row in rows])
            c = compute_contrast(labels, results, weights, stat_type="F")
            found[name] = {"F": c.stat()}
        found[name] |= {"z": c.z_score(), "p": c.p_value()}
        found[name] = {stat: np.ravel(values) for stat, values in found[name].items()}
    dof = data.shape[0] - np.linalg.matrix_rank(design.to_numpy())
    return found, int(dof)


def chosen(found, count, seed):
    """Positions to keep: `count` by chance, and the extremes of each statistic."""
    n = len(next(iter(next(iter(found.values())).values())))
    keep = set(np.random.default_rng(seed).choice(n, size=min(count, n), replace=False).tolist())
    for stats in found.values():
        stat = stats.get("t", stats.get("F"))
        keep |= {int(stat.argmax()), int(stat.argmin()), int(np.abs(stat).argmin())}
    return np.array(sorted(keep))


def write(path, mask, found, contrasts, dof, keep, seed, about):
    """The golden: summaries over the mask, and values at `keep`; 12 significant digits."""
    where = np.argwhere(mask.transpose(2, 1, 0))[:, ::-1]  # (i, j, k), i fastest
    digits = lambda values: [float(f"{v:.11e}") for v in values]
    golden = {
        "made_by": {
            "nilearn": nilearn.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
            "command": "python tests/oracles/" + " ".join([sys.argv[0].split("/")[-1], *about.pop("arguments")]),
            "seed": seed,
        },
        **about,
        "mask_count": int(mask.sum()),
        "dof": dof,
        "contrasts": {},
        "voxels": where[keep].tolist(),
    }
    for name, stats in found.items():
        stat = stats.get("t", stats.get("F"))
        golden["contrasts"][name] = {
            "rows": contrasts[name],
            "peak": {"voxel": where[stat.argmax()].tolist(), "value": float(stat.max())},
            "sum": {s: float(v.sum()) for s, v in stats.items()},
            "sum_of_magnitudes": {s: float(np.abs(v).sum()) for s, v in stats.items()},
            "at_voxels": {s: digits(v[keep]) for s, v in stats.items()},
        }
    text = json.dumps(golden, separators=(",", ":"))
    for mark in ['"contrasts":', '"voxels":', '"at_voxels":', '"effect":[', '"variance":[', '"t":[', '"F":[', '"z":[', '"p":[']:
        text = text.replace(mark, "\n" + mark)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text + "\n")
