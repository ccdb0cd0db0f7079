"""Goldens of CompCor: principal components of made-up voxel series, and of the regions of the shipped bench-data.

    python tests/oracles/compcor.py bench-data tests/goldens

nipype 1.11 (its ACompCor and TCompCor are what fMRIPrep runs), nilearn's high_variance_confounds, and numpy's SVD on the
definition: drift columns and mean out by least squares, each voxel divided by its standard deviation, left singular vectors.
Of a component's two signs the one whose value of the largest magnitude is positive. Deterministic; versions stand in the JSON.
"""
import json
import sys
from pathlib import Path

import nibabel as nib
import nilearn
import nipype
import numpy as np
from nilearn.signal import high_variance_confounds as of_series
from nipype.algorithms.confounds import compute_noise_components, regress_poly
from scipy.signal import detrend

bench, out = map(Path, sys.argv[1:3])
SEED, TR, CUTOFF = 20, 2.0, 128.0


def signed(components):
    largest = np.abs(components).argmax(axis=0)
    return components * np.sign(components[largest, range(components.shape[1])])


def listed(array):
    return [float(f"{v:.12g}") for v in np.asarray(array).ravel()]


def columns(components):
    return [listed(c) for c in signed(components).T]


def by_numpy(series):
    """series: [voxel][volume]"""
    n = series.shape[1]
    count = int(np.floor(2 * n * TR / CUTOFF))
    drift = [np.cos(np.pi * k * (np.arange(n) + 0.5) / n) for k in range(1, count + 1)]
    x = np.column_stack([np.ones(n), *drift])
    rest = series.T - x @ np.linalg.lstsq(x, series.T, rcond=None)[0]
    u, s, _ = np.linalg.svd(rest / rest.std(axis=0), full_matrices=False)
    return u, s


def by_nipype(series, criterion, cutoff=None):
    """nipype takes floor(2 n TR / cutoff) - 1 cosines, one fewer than SPM and nilearn; a lower cutoff gives it theirs."""
    if cutoff is None:
        length = 2 * series.shape[1] * TR
        cutoff = length / (np.floor(length / CUTOFF) + 1.5)
    image = series[:, None, None, :].astype(np.float64)
    mask = nib.Nifti1Image(np.ones(image.shape[:3], np.uint8), np.eye(4))
    return compute_noise_components(image.copy(), [mask], criterion, "cosine", period_cut=cutoff, repetition_time=TR)


def fields(u, s, n_kept):
    share = s**2 / (s**2).sum()
    return {"components": columns(u[:, :n_kept]), "singular_values": listed(s[:n_kept]), "variance_explained": listed(share[:n_kept])}


versions = {"numpy": np.__version__, "nilearn": nilearn.__version__, "nipype": nipype.__version__}
about = {"tool": "tests/oracles/compcor.py", "versions": versions, "command": "python tests/oracles/compcor.py bench-data tests/goldens"}

# 30 voxels, 80 volumes, whole numbers (exact in f32): three hidden sources, drift, noise, baselines and scales of their own
rng = np.random.default_rng(SEED)
n_voxels, n = 30, 80
t = np.arange(n)
sources = np.stack([np.sin(0.9 * t), np.cos(2.1 * t) ** 3, rng.standard_normal(n)])
series = rng.uniform(500, 1500, (n_voxels, 1)) + rng.normal(0, 30, (n_voxels, 1)) * t / n
series = series + rng.normal(0, [12, 7, 4], (n_voxels, 3)) @ sources + rng.normal(0, 5, (n_voxels, n)) * rng.uniform(0.5, 2, (n_voxels, 1))
series = np.round(series)
components, _, metadata = by_nipype(series, 5)
variance = (detrend(series, axis=1) ** 2).mean(axis=1)  # which voxels nilearn takes
small = {
    **about,
    "seed": SEED,
    "shape": [n_voxels, n],
    "series": [int(v) for v in series.ravel()],
    "nipype, cosines": {
        "components": columns(components),
        "singular_values": listed(metadata["singular_value"][:5]),
        "variance_explained": listed(metadata["variance_explained"][:5]),
    },
    "nipype at 128 s, one cosine fewer": {"components": columns(by_nipype(series, 3, CUTOFF)[0])},
    "numpy, cosines": fields(*by_numpy(series), 5),
    "nilearn high_variance_confounds": {
        "components": columns(of_series(series.T, n_confounds=4, percentile=50.0)),
        "voxels": [int(v) for v in np.flatnonzero(variance > np.percentile(variance, 50))],
    },
}
(out / "compcor.json").write_text(json.dumps(small, indent=None, separators=(",", ":")) + "\n")

# the shipped run: CSF, white matter, both, and the 2 % most variable voxels of the brain
func = bench / "sub-01" / "func"
bold = nib.load(func / "sub-01_task-pain_bold.nii.gz").get_fdata()
labels = np.asarray(nib.load(bench / "derivatives/truth/sub-01/func/sub-01_task-pain_dseg.nii.gz").dataobj)
brain = np.asarray(nib.load(bench / "derivatives/boldly-simulate/sub-01/func/sub-01_task-pain_desc-brain_mask.nii.gz").dataobj) > 0
tissue = {"CSF": labels == 1, "WM": labels == 3}
tissue["combined"] = tissue["CSF"] | tissue["WM"]
tstd = regress_poly(2, bold[brain])[0].std(axis=-1)
variable = np.zeros(brain.shape, bool)
variable[brain] = tstd >= np.percentile(tstd, 98)
tissue["temporal"] = variable
result = {**about, "means": {}, "regions": {}}
for name, region in [("csf", tissue["CSF"]), ("white_matter", tissue["WM"]), ("global_signal", brain)]:
    result["means"][name] = listed(bold[region].mean(axis=0))
for name, region in tissue.items():
    # Components in file order of voxels do not depend on it.
    u, _, metadata = by_nipype(bold[region], 0.5)
    five, _, _ = by_nipype(bold[region], 5)
    s = np.asarray(metadata["singular_value"])
    result["regions"][name] = {
        "voxels": int(region.sum()),
        "retained_for_half": u.shape[1],
        "components": columns(five),
        "singular_values": listed(s[:5]),
        "variance_explained": listed(np.asarray(metadata["variance_explained"])[:5]),
    }
(out / "compcor_bench.json").write_text(json.dumps(result, indent=None, separators=(",", ":")) + "\n")
print({k: (v["voxels"], v["retained_for_half"], v["variance_explained"]) for k, v in result["regions"].items()})
