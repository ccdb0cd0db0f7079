"""Physiological noise for a real run: the waveforms of a real pulse and a real breath at each slice's own time.

    python tests/oracles/inject.py ORACLES DATA tests/goldens

ORACLES: folder that holds physio/reference.py. DATA: folder that holds studyforrest-localizer and ds210-physio (both
public domain). Independent of boldly: beats by neurokit2, phases by reference.py, waveforms that are no Fourier series of
low order. Writes injection.tsv.gz, one row a volume, columns cardiac_00.. and resp_00.. (one a plane, mean 0 and
variance 1 over the run and all planes), and injection.json with the rule of the amplitudes:

    bold'(v, t) = bold(v, t) + mean(v) (a_c(v) cardiac[t, k] + a_r(v) resp[t, k]),  v = (i, j, k)
    a(v) = everywhere + centre exp(-((i - i0)^2 + (j - j0)^2)/(2 in_plane^2) - (k - k0)^2/(2 through_plane^2))

Deterministic, no seed.
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
spec = importlib.util.spec_from_file_location("reference", oracles / "physio" / "reference.py")
reference = importlib.util.module_from_spec(spec)
spec.loader.exec_module(reference)

N_VOLUMES, TR, HZ = 156, 2.0, 50.0
sidecar = json.load(open(data / "studyforrest-localizer" / "task-objectcategories_bold.json"))
slice_times = np.array(sidecar["SliceTiming"])
record = pd.read_csv(
    data / "ds210-physio/sub-02/func/sub-02_task-cuedSGT_run-01_physio.tsv.gz", sep="\t", header=None
).to_numpy(float)

clean = neurokit2.ppg_clean(record[:, 0], sampling_rate=HZ, method="elgendi")
beats = neurokit2.ppg_findpeaks(clean, sampling_rate=HZ, method="elgendi")["PPG_Peaks"] / HZ
moments = np.arange(N_VOLUMES)[:, None] * TR + slice_times[None, :]
phi_c = reference.cardiac_phase_at(beats, moments.ravel()).reshape(moments.shape)
samples = reference.resp_phase_rank(record[:, 1], HZ)
phi_r = samples[np.clip(np.round(moments * HZ).astype(int), 0, len(samples) - 1)]


def pulse(phi):
    """Vascular pulse in tissue: a skewed wave a third of a cycle behind the finger's peak, with a dicrotic wave."""
    skewed = phi - 1.0 + 0.4 * np.sin(phi - 1.0)
    return np.exp(2.5 * (np.cos(skewed) - 1)) + 0.3 * np.exp(4 * (np.cos(phi - 3.2) - 1))


def breath(phi):
    """Field shift by the chest: steep breathing in, slow breathing out, a pause."""
    skewed = phi + 0.5 * np.sin(phi + 0.3)
    return np.exp(1.2 * (np.cos(skewed - 0.4) - 1)) - 0.2 * np.tanh(3 * np.sin(phi))


def standard(w):
    return (w - w.mean()) / w.std()


table = np.hstack([standard(pulse(phi_c)), standard(breath(phi_r))])
names = [f"{kind}_{k:02d}" for kind in ("cardiac", "resp") for k in range(len(slice_times))]
text = "\t".join(names) + "\n" + "".join("\t".join(f"{v:.4f}" for v in row) + "\n" for row in table)
(out / "injection.tsv.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))
place = {"i0": 40, "j0": 34, "k0": 4, "in_plane": 10.0, "through_plane": 6.0}
json.dump(
    {
        "command": "python tests/oracles/inject.py ORACLES DATA tests/goldens",
        "versions": {"numpy": np.__version__, "scipy": scipy.__version__, "neurokit2": neurokit2.__version__},
        "bold": "studyforrest-localizer/bold.nii.gz",
        "physio": "ds210-physio sub-02 cuedSGT run-01",
        "tr": TR, "n_volumes": N_VOLUMES, "slice_times": slice_times.tolist(),
        "n_beats": len(beats),
        "cardiac": {"everywhere": 0.003, "centre": 0.03, **place},
        "resp": {"everywhere": 0.003, "centre": 0.02, **place},
    },
    open(out / "injection.json", "w"), indent=1,
)
print(len(beats), "beats; golden of", (out / "injection.tsv.gz").stat().st_size, "bytes")
