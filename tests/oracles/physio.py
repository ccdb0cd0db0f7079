"""Goldens of the physiology room: phases of a synthetic record by the published formulas, beats of real records by neurokit2.

    python tests/oracles/physio.py ORACLES DATA tests/goldens

ORACLES: folder that holds physio/synth.py and physio/reference.py. DATA: folder that holds ds210-physio.
Writes physio_synth.tsv.gz (the record: cardiac, respiratory; 50 Hz, 6 decimals, phases computed from the rounded values),
physio_synth.json (expected phases), physio_neurokit.json (beats, seconds from the first sample).
Deterministic: seed 7. Made with numpy, scipy, pandas, neurokit2; the versions stand in the JSON.
"""
import gzip
import importlib.util
import json
import sys
from pathlib import Path

import neurokit2
import numpy as np
import pandas as pd
import scipy

oracles, data, out = map(Path, sys.argv[1:4])


def load(name):
    spec = importlib.util.spec_from_file_location(name, oracles / "physio" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


synth, reference = load("synth"), load("reference")
versions = {"numpy": np.__version__, "scipy": scipy.__version__, "neurokit2": neurokit2.__version__}
command = "python tests/oracles/physio.py ORACLES DATA tests/goldens"

FS, SEED, STEP = 50.0, 7, 50
t, cardiac, resp, phc, phr = synth.make(seed=SEED, fs=FS, dur=120.0)
cardiac, resp = np.round(cardiac, 6), np.round(resp, 6)
rows = "".join(f"{a:.6f}\t{b:.6f}\n" for a, b in zip(cardiac, resp))
(out / "physio_synth.tsv.gz").write_bytes(gzip.compress(rows.encode(), 9, mtime=0))

# The pulse waveform peaks where its phase is a multiple of 2 pi.
k = np.arange(np.ceil(phc[0] / (2 * np.pi)), np.floor(phc[-1] / (2 * np.pi)) + 1)
beats = np.interp(2 * np.pi * k, phc, t)
# Queries on no grid, some before the first beat and behind the last.
query = np.linspace(-3.0, 123.0, 241) + 1e-3 * np.sin(np.arange(241))
n_edge = min(20, len(beats) // 2)
json.dump(
    {
        "command": command, "versions": versions, "seed": SEED, "sampling_hz": FS, "step": STEP,
        "beats_s": beats.tolist(),
        "query_s": query.tolist(),
        "cardiac_phase": reference.cardiac_phase_at(beats, query, n_edge).tolist(),
        "resp_phase_glover": reference.resp_phase(resp, FS)[::STEP].tolist(),
        "resp_phase_rank": reference.resp_phase_rank(resp, FS)[::STEP].tolist(),
    },
    open(out / "physio_synth.json", "w"),
)

records = ["sub-02_task-cuedSGT_run-01", "sub-02_task-rest_run-01", "sub-06_task-rest_run-01"]
found = {"command": command, "versions": versions, "method": "ppg_clean and ppg_findpeaks, elgendi", "records": {}}
for record in records:
    path = data / "ds210-physio" / record[:6] / "func" / f"{record}_physio.tsv.gz"
    pulse = pd.read_csv(path, sep="\t", header=None)[0].to_numpy(float)
    clean = neurokit2.ppg_clean(pulse, sampling_rate=50, method="elgendi")
    peaks = neurokit2.ppg_findpeaks(clean, sampling_rate=50, method="elgendi")["PPG_Peaks"]
    found["records"][record] = [round(float(p) / 50.0, 4) for p in peaks]
    print(record, len(peaks), "beats")
json.dump(found, open(out / "physio_neurokit.json", "w"))
