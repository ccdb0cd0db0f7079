"""Goldens of confound strategies: nilearn's load_confounds on its own test tables.

    python tests/oracles/load_confounds.py ../shared/data/nilearn-confounds tests/goldens

For each table and strategy: the columns in nilearn's order, of each its first two values, sum and sum of squares (no demeaning),
and the volumes that are left out. Deterministic; nilearn's version stands in the JSON.
"""
import json
import shutil
import sys
import tempfile
from pathlib import Path

import nilearn
import numpy as np
from nilearn.interfaces.fmriprep import load_confounds, load_confounds_strategy

data, out = map(Path, sys.argv[1:3])
TABLES = ["test_desc-confounds_regressors", "no_nonsteady_desc-confounds_regressors"]
MOTION = {"6p": "basic", "12p": "derivatives", "24p": "full"}


def loaded(image, name):
    if name in MOTION:
        return load_confounds(image, strategy=("motion",), motion=MOTION[name], demean=False)
    if name == "36p":
        parts = ("motion", "wm_csf", "global_signal")
        return load_confounds(image, strategy=parts, wm_csf="full", global_signal="full", demean=False)
    if name.startswith("scrubbing:"):
        fd, dvars, runs = name.split(":")[1:]
        return load_confounds(image, strategy=("motion", "scrub"), motion="basic", scrub=int(runs), demean=False,
                              fd_threshold=float(fd), std_dvars_threshold=float(dvars))
    return load_confounds_strategy(image, denoise_strategy=name, demean=False)


def described(image, name):
    frame, mask = loaded(image, name)
    n = len(frame)
    kept = range(n) if mask is None else mask.tolist()
    columns = {}
    for column in frame:
        x = frame[column].to_numpy(dtype=float)
        columns[column] = [float(f"{v:.13g}") for v in (x[0], x[1], x.sum(), (x * x).sum())]
    return {"columns": columns, "left_out": sorted(set(range(n)) - set(kept))}


golden = {"nilearn": nilearn.__version__, "tables": {}}
for table in TABLES:
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder) / "sub-1_task-t"
        shutil.copy(data / f"{table}.tsv", f"{base}_desc-confounds_regressors.tsv")
        shutil.copy(data / "test_desc-confounds_regressors.json", f"{base}_desc-confounds_regressors.json")
        image = f"{base}_space-MNI_desc-preproc_bold.nii.gz"
        Path(image).touch()
        names = ["simple", "scrubbing", "6p", "12p", "24p", "36p", "scrubbing:0.15:1.1:3"]
        if table == TABLES[0]:
            names.append("compcor")
        golden["tables"][table] = {name: described(image, name) for name in names}
text = json.dumps(golden, separators=(",", ":"))
(out / "load_confounds.json").write_text(text.replace('},"', '},\n"') + "\n")
