"""Goldens of the slow physiological measures (RVT, RV, heart rate), their responses and the convolution.

    python tests/oracles/physio_slow.py ORACLES tests/goldens

ORACLES: folder that holds physio/reference.py. Reads physio_synth.tsv.gz and physio_synth.json (made by physio.py) beside
the output physio_slow.json. RVT by peaks, RV, heart rate, RRF and CRF are the reference's; the analytic signal is
scipy.signal.hilbert's, filtered by the gains that src/physio/hilbert.rs states. Deterministic; versions stand in the JSON.
"""
import gzip
import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import scipy
from scipy.signal import find_peaks, hilbert

oracles, out = map(Path, sys.argv[1:3])
spec = importlib.util.spec_from_file_location("reference", oracles / "physio" / "reference.py")
reference = importlib.util.module_from_spec(spec)
spec.loader.exec_module(reference)

stored = json.loads((out / "physio_synth.json").read_text())
fs, beats = stored["sampling_hz"], np.array(stored["beats_s"])
resp = np.array([float(line.split()[1]) for line in gzip.decompress((out / "physio_synth.tsv.gz").read_bytes()).decode().splitlines()])
n = len(resp)

peaks = find_peaks(resp, distance=2.0 * fs, prominence=0.5)[0]
troughs = find_peaks(-resp, distance=2.0 * fs, prominence=0.5)[0]
rvt = reference.rvt_peaks(resp, fs, peaks, troughs)

times = np.arange(0, 1196) / 10.0  # falls on samples, so that the reference's rounded window is the exact one
rate = reference.hr_window(beats, times)
z = (rate - rate.mean()) / rate.std()
lags = np.arange(901) * 0.1
response = np.concatenate([[0.0], reference.rrf(lags[1:])])
convolved = {
    "rrf": np.convolve(z, 0.1 * response)[: len(z)],
    "crf": np.convolve(z, 0.1 * reference.crf(lags))[: len(z)],
}


def gain(f, cut_off):
    return 1 / (1 + (np.abs(f) / cut_off) ** 8)


def filtered(x, hz, g):
    return np.fft.ifft(np.fft.fft(x) * g(np.fft.fftfreq(len(x), 1 / hz))).real


hz = fs / 2
x = resp[: n // 2 * 2].reshape(-1, 2).mean(1)
mirror = min(int(round(100 * hz)), len(x) - 1)
padded = np.pad(x, mirror, mode="reflect")
band = filtered(padded, hz, lambda f: gain(f, 2) * (1 - gain(f, 0.05)))
analytic = hilbert(band)
amplitude = np.abs(analytic)
frequency = np.gradient(np.unwrap(np.angle(analytic))) * hz / (2 * np.pi)
slow = lambda v: filtered(v, hz, lambda f: gain(f, 0.2))
by_hilbert = np.maximum(2 * slow(amplitude) * slow(frequency), 0)[mirror : mirror + len(x)]
hilbert_times = 0.5 / fs + np.arange(len(x)) / hz

STEP = 25
json.dump(
    {
        "command": "python tests/oracles/physio_slow.py ORACLES tests/goldens",
        "versions": {"numpy": np.__version__, "scipy": scipy.__version__},
        "peaks_s": (peaks / fs).tolist(), "troughs_s": (troughs / fs).tolist(),
        "rvt_times_s": (np.arange(n)[::STEP] / fs).tolist(), "rvt": rvt[::STEP].tolist(),
        "rv_times_s": times[::5].tolist(), "rv": reference.rv(resp, fs, times[::5]).tolist(),
        "hr_times_s": times[::5].tolist(), "hr": rate[::5].tolist(),
        "response_times_s": np.linspace(0.25, 60, 120).tolist(),
        "rrf": reference.rrf(np.linspace(0.25, 60, 120)).tolist(),
        "crf": reference.crf(np.linspace(0.25, 60, 120)).tolist(),
        "hr_convolved_rrf": convolved["rrf"][::5].tolist(), "hr_convolved_crf": convolved["crf"][::5].tolist(),
        "hilbert_times_s": hilbert_times[::STEP].tolist(), "rvt_hilbert": by_hilbert[::STEP].tolist(),
    },
    open(out / "physio_slow.json", "w"),
)
print(len(peaks), "peaks", len(troughs), "troughs", n, "samples")
