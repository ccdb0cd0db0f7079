"""boldly group beside numpy and nilearn: sign flips of one sample, whole processes, one after the other, medians.

usage: python benches/peers/group.py [FOLDER] [--boldly PATH] [--runs 3] [--permutations 5000] [--maps 40]

FOLDER (a temporary one without it) gets made-up maps: 64 x 64 x 36, smooth noise and one effect, the 60,016 voxels of an
ellipsoid. Every tool reads the same .nii files and a mask. Two jobs: the largest t (both tails), and TFCE (both tails).
boldly also writes its maps; the peers write nothing. numpy: all sign flips as float32 matrix products, the sum of squares being
the same under them. nilearn: permuted_ols on all cores, with fewer rearrangements, twice; what 5,000 take is on the line through
the two and is marked as extrapolated. Ratios to boldly follow the table. CPU seconds are told beside wall
seconds: on a busy machine they alone compare. The peers need: pip install nilearn==0.14.1
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
SHAPE, N_VOXELS = (64, 64, 36), 60_016
# Rearrangements of nilearn's two runs.
FEW = {"largest t": (200, 1000), "TFCE": (4, 12)}


def make(folder, n_maps):
    """The maps, their table and the mask."""
    import nibabel as nib
    import numpy as np
    from scipy.ndimage import gaussian_filter

    random = np.random.default_rng(20240611)
    affine = np.diag([3.0, 3.0, 3.0, 1.0])
    at = np.indices(SHAPE) - (np.array(SHAPE).reshape(3, 1, 1, 1) - 1) / 2
    from_centre = sum((at[axis] / SHAPE[axis]) ** 2 for axis in range(3))
    inside = np.zeros(from_centre.size, np.uint8)
    inside[np.argsort(from_centre, axis=None, kind="stable")[:N_VOXELS]] = 1
    inside = inside.reshape(SHAPE)
    nib.Nifti1Image(inside, affine).to_filename(folder / "mask.nii")
    effect = np.zeros(SHAPE)
    effect[19, 32, 18] = 1
    effect = gaussian_filter(effect, 3)
    rows = ["subject\teffect"]
    for subject in range(n_maps):
        noise = gaussian_filter(random.standard_normal(SHAPE), 1.2)
        values = (noise / noise.std() + 0.8 * effect / effect.max()) * inside
        nib.Nifti1Image(values.astype(np.float32), affine).to_filename(folder / f"map-{subject:02}.nii")
        rows.append(f"sub-{subject:02}\tmap-{subject:02}.nii")
    (folder / "maps.tsv").write_text("\n".join(rows) + "\n")


def read(folder):
    """The maps within the mask, `[map][voxel]`."""
    import nibabel as nib
    import numpy as np

    inside = np.asarray(nib.load(folder / "mask.nii").dataobj) > 0
    names = [line.split("\t")[1] for line in (folder / "maps.tsv").read_text().split("\n")[1:-1]]
    return np.stack([np.asarray(nib.load(folder / name).dataobj)[inside] for name in names])


def numpy_worker(folder, n):
    """Corrected p by the largest |t| of n sign flips."""
    import numpy as np

    y = read(folder)
    n_maps = len(y)
    squares = np.sum(y * y, axis=0)
    random = np.random.default_rng(1)
    largest, observed = [], None
    for first in range(0, n, 250):
        signs = random.choice(np.array([-1, 1], np.float32), (min(250, n - first), n_maps))
        if first == 0:
            signs[0] = 1
        t = signs @ y / n_maps
        t /= np.sqrt((squares - n_maps * t * t) / (n_maps * (n_maps - 1)))
        observed = t[0].copy() if first == 0 else observed
        largest.extend(np.max(np.abs(t), axis=1))
    largest = np.sort(largest)
    p = 1 - np.searchsorted(largest, np.abs(observed)) / n
    print("found", int(np.sum(p <= 0.05)))


def nilearn_worker(folder, n, tfce):
    """The same by permuted_ols; TFCE where it is asked for."""
    import numpy as np
    from nilearn.maskers import NiftiMasker
    from nilearn.mass_univariate import permuted_ols

    y = read(folder)
    masker = NiftiMasker(folder / "mask.nii").fit()
    found = permuted_ols(
        np.ones((len(y), 1)), y, model_intercept=False, n_perm=n, two_sided_test=True, random_state=1,
        n_jobs=-1, masker=masker, tfce=tfce, output_type="dict",
    )
    name = "logp_max_tfce" if tfce else "logp_max_t"
    print("found", int(np.sum(found[name] >= -np.log10(0.05))))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--boldly", default=str(HERE / "../../target/release/boldly"))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--permutations", type=int, default=5000)
    parser.add_argument("--maps", type=int, default=40)
    parser.add_argument("--worker", nargs=2, metavar=("WHICH", "N"), help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.worker:
        which, n = a.worker[0], int(a.worker[1])
        return numpy_worker(a.folder, n) if which == "numpy" else nilearn_worker(a.folder, n, which == "TFCE")

    from side_by_side import measure

    own = tempfile.TemporaryDirectory()
    folder = a.folder or Path(own.name)
    if not (folder / "maps.tsv").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        make(folder, a.maps)
    for file in folder.glob("*.nii"):
        file.read_bytes()
    scratch, n = Path(own.name) / "out", a.permutations
    worker = lambda which, n: [sys.executable, HERE / "group.py", folder, "--worker", which, str(n)]
    boldly = [
        a.boldly, "group", "--maps", folder / "maps.tsv", "--model", "one-sample", "--mask", folder / "mask.nii", "--two-sided",
        "--permutations", str(n), "--device", "cpu", "--out", scratch,
    ]
    jobs = []
    for job, more in [("largest t", []), ("TFCE", ["--tfce"])]:
        if Path(a.boldly).is_file():
            jobs.append((job, "boldly", [*boldly, *more], n))
        if job == "largest t":
            jobs.append((job, "numpy", worker("numpy", n), n))
        jobs += [(job, "nilearn", worker(job, few), few) for few in FEW[job]]
    print("| job | tool | rearrangements | wall s | CPU s | peak MiB |\n|---|---|---|---|---|---|")
    before, of_all = {}, {}
    for job, tool, command, done in jobs:
        runs = 1 if tool == "nilearn" else a.runs
        wall, cpu, peak = measure(command, runs, scratch)
        print(f"| {job} | {tool} | {done} | {wall:.2f} | {cpu:.1f} | {peak:.0f} |", flush=True)
        if done == n:
            of_all[job, tool] = (wall, cpu)
            continue
        if job in before:
            fewer, first = before[job]
            told = [a + (n - fewer) * (b - a) / (done - fewer) if b > a else None for a, b in zip(first, (wall, cpu))]
            # A busy machine may take longer for fewer: then nothing follows.
            cells = " | ".join("n/a" if seconds is None else f"{seconds:.0f}" for seconds in told)
            print(f"| {job} | nilearn | {n}, extrapolated | {cells} | |", flush=True)
            of_all[job, "nilearn, extrapolated"] = told
        before[job] = (done, (wall, cpu))
    for (job, tool), seconds in of_all.items():
        if tool == "boldly" or (job, "boldly") not in of_all or None in seconds:
            continue
        wall, cpu = (theirs / ours for theirs, ours in zip(seconds, of_all[job, "boldly"]))
        print(f"{job}, {n} rearrangements: {tool} takes {wall:.1f} times boldly's wall time, {cpu:.1f} times its CPU time")
    print(f"\nmedians of {a.runs}, nilearn once; load average at the end {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
