"""Principal components of 50,000 voxels x 300 volumes beside numpy and nilearn, in one session.

    cargo build --release
    python benches/peers/compcor.py FOLDER [path/to/boldly]

Writes a run of 50 x 50 x 20 voxels (float32 .nii) and a mask of all of them into FOLDER where they are not there yet, then
times in turn, ROUNDS (5) rounds, medians; the SVD once:
boldly confounds --csf MASK --acompcor 5 (whole process: reads, filters, decomposes, writes), and in Python processes that
hold the data in memory already (their import and reading are not counted): numpy's SVD and numpy's eigenvectors of the
product, both after the same filter and scaling, and nilearn's high_variance_confounds of all voxels (filter: a line).
"""
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import nibabel as nib
import numpy as np
from nilearn.signal import high_variance_confounds

folder = Path(sys.argv[1])
boldly = sys.argv[2] if len(sys.argv) > 2 else "target/release/boldly"
n, tr, shape = 300, 2.0, (50, 50, 20)
folder.mkdir(parents=True, exist_ok=True)
n_voxels = int(np.prod(shape))
if not (folder / "bold.nii").exists():
    rng = np.random.default_rng(1)
    sources = rng.standard_normal((n, 5)) @ rng.standard_normal((5, n_voxels)) * 8
    made = (1000 + sources + 20 * rng.standard_normal((n, n_voxels))).astype(np.float32)
    image = nib.Nifti1Image(np.ascontiguousarray(made.T).reshape(*shape, n), np.diag([3, 3, 3, 1.0]))
    image.header.set_zooms((3, 3, 3, tr))
    image.header.set_xyzt_units("mm", "sec")
    nib.save(image, folder / "bold.nii")
    nib.save(nib.Nifti1Image(np.ones(shape, np.uint8), image.affine), folder / "mask.nii")
data = np.ascontiguousarray(np.asarray(nib.load(folder / "bold.nii").dataobj).reshape(-1, n).T)


def filtered():
    y = data.astype(np.float64)
    count = int(np.floor(2 * n * tr / 128))
    x = np.column_stack([np.ones(n), *[np.cos(np.pi * k * (np.arange(n) + 0.5) / n) for k in range(1, count + 1)]])
    q = np.linalg.qr(x)[0]
    y -= q @ (q.T @ y)
    return y / y.std(axis=0)


def svd():
    return np.linalg.svd(filtered(), full_matrices=False)[0][:, :5]


def eigen():
    z = filtered()
    return np.linalg.eigh(z @ z.T)[1][:, ::-1][:, :5]


def nilearn():
    return high_variance_confounds(data, n_confounds=5, percentile=100.0)


def command():
    line = [boldly, "confounds", "bold.nii", "--csf", "mask.nii", "--acompcor", "5", "--out", "out.tsv", "--device", "cpu", "-q"]
    subprocess.run(line, cwd=folder, check=True)


boldly = str(Path(boldly).resolve())
tools = {"boldly confounds": command, "numpy eigh of Z Z'": eigen, "numpy svd": svd, "nilearn": nilearn}
times = {name: [] for name in tools}
for turn in range(int(os.environ.get("ROUNDS", 5))):
    for name, tool in tools.items():
        if turn > 0 and tool is svd:
            continue  # it takes too long
        began = time.perf_counter()
        tool()
        times[name].append(time.perf_counter() - began)
for name, seconds in times.items():
    print(f"{name:<22} {statistics.median(seconds):8.3f} s   {[round(s, 3) for s in seconds]}")
rows = (folder / "out.tsv").read_text().splitlines()
names = rows[0].split("\t")
got = np.array([[float(v) for v in row.split("\t")] for row in rows[1:]])[:, names.index("c_comp_cor_00") :][:, :5]
want = eigen()
print("largest difference from numpy:", np.abs(got - want * np.sign((got * want).sum(axis=0))).max())
spans = json.loads((folder / "out.json").read_text())["boldly"]["timings"]
print({s["stage"]: round(s["seconds"], 4) for s in spans})
