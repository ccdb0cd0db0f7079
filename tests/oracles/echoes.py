"""Golden of T2*, S0, good echoes and the optimal combination, by tedana's t2smap on a small made-up run of four echoes.

    pip install tedana==26.0.3 six
    python tests/oracles/echoes.py tests/goldens

The run is made by integers alone, so that tests make the same one: 6 x 5 x 4 voxels, 12 volumes, a mask without the last plane along i.
Voxels are named in `SPOILED`: where late echoes are noise, or all, where there is nothing, where the signal grows, and where an echo in
between is lost. `t2smap` runs with --masktype dropout, decay and none; of the combination three volumes are kept.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import nibabel as nib
import numpy as np
import tedana

OUT = Path(sys.argv[1])
SHAPE, N_VOLUMES, TIMES_S = (6, 5, 4), 12, [0.013, 0.028, 0.043, 0.058]
N_VOXELS = int(np.prod(SHAPE))
# voxel (i fastest): from which echo on there is but noise
SPOILED = {6: 1, 19: 2, 33: 3, 40: 0, 80: 1}
LOST, NOTHING, GROWS = (70, 1), 50, 60


def hashed(n):
    n = (n * 2654435761) & 0xFFFFFFFF
    n = ((n << 13) | (n >> 19)) & 0xFFFFFFFF
    return ((n * 0x9E3779B1) & 0xFFFFFFFF) >> 16  # 0 to 65535


def value(echo, volume, voxel):
    noise = hashed((echo * N_VOLUMES + volume) * N_VOXELS + voxel) / 65536  # 0 to 1
    small = 1 + 7 * noise
    if voxel == NOTHING:
        return 0.0
    if voxel in SPOILED and echo >= SPOILED[voxel] or (voxel, echo) == LOST:
        return small
    if voxel == GROWS:
        return 500 + 20 * echo + 5 * noise
    s0, t2star_s = 600 + 800 * hashed(7000 + voxel) / 65536, 0.012 + 0.058 * hashed(9000 + voxel) / 65536
    return s0 * np.exp(-TIMES_S[echo] / t2star_s) + 10 * noise


def image(values, folder, name):
    # [..., voxel], i fastest
    values = np.asarray(values, dtype=np.float32)
    shaped = values.T.reshape(*SHAPE[::-1], -1).transpose(2, 1, 0, 3).squeeze()
    nib.save(nib.Nifti1Image(shaped, np.diag([3, 3, 3, 1.0])), folder / name)


golden = {"tedana": tedana.__version__, "command": "python tests/oracles/echoes.py tests/goldens", "volumes": [0, 5, 11]}
with tempfile.TemporaryDirectory() as folder:
    folder = Path(folder)
    for echo in range(len(TIMES_S)):
        run = [[value(echo, t, v) for v in range(N_VOXELS)] for t in range(N_VOLUMES)]
        image(run, folder, f"e{echo}.nii")
    image([[float(v % SHAPE[0] != SHAPE[0] - 1) for v in range(N_VOXELS)]], folder, "mask.nii")
    for rule in ["dropout", "decay", "none"]:
        subprocess.run(["t2smap", "-d", *(f"e{e}.nii" for e in range(4)), "-e", *map(str, TIMES_S), "--mask", "mask.nii",
                        "--masktype", rule, "--out-dir", rule], cwd=folder, check=True, capture_output=True)
        read = lambda name: np.asarray(nib.load(folder / rule / f"{name}.nii.gz").dataobj, dtype=np.float64)
        flat = lambda a: [float(f"{v:.9g}") for v in a.ravel(order="F")]
        golden[rule] = {"t2star_s": flat(read("T2starmap")), "s0": flat(read("S0map")),
                        "good": flat(read("desc-adaptiveGoodSignal_mask")),
                        "combined": flat(read("desc-optcom_bold")[..., golden["volumes"]])}
(OUT / "echoes.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
