"""Clusters and threshold-free cluster enhancement of small maps, by scipy.ndimage.label and nilearn.

usage: python tests/oracles/clusters.py GOLDENS FOLDER
FOLDER holds group.nii, mask.nii and expected_mne_tfce.npz (permutation_cluster_1samp_test of mne, threshold dict(start=0, step=.2)).
Made with numpy 2.4.6, scipy 1.17.1, nilearn 0.14.1 and Python 3.11; seed 20261127. The integral is the midpoint sum of 4,000 steps.
"""
import json
import sys

import nibabel as nib
import numpy as np
from nilearn.mass_univariate._utils import calculate_tfce
from scipy import ndimage

SHAPE = (9, 8, 7)
rng = np.random.default_rng(20261127)
TOUCH = {n: ndimage.generate_binary_structure(3, k) for n, k in ((6, 1), (18, 2), (26, 3))}


def smooth_map(sigma, scale):
    """A map of smooth noise that float32 holds, a quarter of its voxels at a value of another."""
    noise = ndimage.gaussian_filter(rng.standard_normal(SHAPE), sigma)
    noise *= scale / noise.std()
    return np.where(rng.uniform(size=SHAPE) < .25, np.round(noise, 1), noise).astype(np.float32)


def clusters(stat, sign, threshold, touch):
    """Extents, masses and centres by first voxel, x fastest."""
    height = sign * stat.astype(float)
    labels, n = ndimage.label(height > threshold, TOUCH[touch])
    found = []
    for label in range(1, n + 1):
        at = np.argwhere(labels == label)
        first = min(int(i + SHAPE[0] * (j + SHAPE[1] * k)) for i, j, k in at)
        h = height[labels == label]
        found.append([first, len(at), (h - threshold).sum(), *np.average(at, axis=0, weights=h)])
    return sorted(found)


def integral(stat, sign, touch, e, h, steps=4000):
    """The midpoint sum."""
    height = sign * stat.astype(float)
    dh = height.max() / steps
    total = np.zeros(SHAPE)
    for level in (np.arange(steps) + .5) * dh:
        labels, _ = ndimage.label(height >= level, TOUCH[touch])
        extent = np.bincount(labels.ravel())
        extent[0] = 0
        total += (extent.astype(float) ** e)[labels] * level ** h * dh
    return sign * total


def listed(array, inside):
    """In the mask, x fastest."""
    return [float(f"{v:.9g}") for v in array.ravel(order="F")[inside.ravel(order="F")]]


def one(sigma, share):
    """A mask, a map over it, and all that is asked of it."""
    inside = rng.uniform(size=SHAPE) < share
    stat = np.where(inside, smooth_map(sigma, 1.5), np.float32(0))
    case = {"shape": SHAPE, "places": np.flatnonzero(inside.ravel(order="F")).tolist(), "map": listed(stat, inside), "clusters": [], "tfce": []}
    for touch in TOUCH:
        for sign, threshold in ((1, 1.), (-1, 1.2), (1, .4)):
            case["clusters"].append({"touch": touch, "sign": sign, "threshold": threshold, "found": clusters(stat, sign, threshold, touch)})
    for touch, e, h in ((6, .5, 2.), (26, 1., 2.), (18, .7, 1.3)):
        both = integral(stat, 1, touch, e, h) + integral(stat, -1, touch, e, h)
        stepped = {n: listed(calculate_tfce(stat.astype(float)[..., None], TOUCH[touch], E=e, H=h, two_sided_test=n == "both")[..., 0], inside) for n in ("upper", "both")}
        case["tfce"].append({"touch": touch, "e": e, "h": h, "exact": listed(both, inside), "nilearn": stepped})
    return case


goldens, folder = sys.argv[1:3]
cases = [one(1.2, .8), one(.6, .5)]
inside = nib.load(f"{folder}/mask.nii").get_fdata() > 0
maps = np.asanyarray(nib.load(f"{folder}/group.nii").dataobj)[inside].astype(float)
enhanced, t = np.zeros(inside.shape), np.zeros(inside.shape)
enhanced[inside] = np.load(f"{folder}/expected_mne_tfce.npz")["t"]
t[inside] = maps.mean(1) / maps.std(1, ddof=1) * np.sqrt(maps.shape[1])
mne = {"shape": inside.shape, "places": np.flatnonzero(inside.ravel(order="F")).tolist(), "step": .2, "map": listed(t, inside), "tfce": listed(enhanced, inside)}
with open(f"{goldens}/clusters.json", "w", encoding="utf-8") as file:
    json.dump({"source": "python tests/oracles/clusters.py GOLDENS FOLDER", "seed": 20261127, "cases": cases, "mne": mne}, file)
