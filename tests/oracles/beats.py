"""Beats and breaths of real records on which the peers agree: tests/goldens/physio_peers.json.

    python tests/oracles/beats.py DATA tests/goldens

DATA: folder that holds ds210-physio, physio-examples, peakdet, niphlem-cmrr, fmri-physio-log.
Made with neurokit2, peakdet (which needs numpy < 2.4), scipy, pandas; the versions stand in the JSON. No random numbers.

Peers of beats: neurokit2 (ppg_clean and ppg_findpeaks elgendi; ecg_clean and ecg_findpeaks), peakdet (band-pass 0.5 to 8 Hz,
ECG 5 to 15 Hz; threshold 0.2, its default; least distance 0.6 of the spectrum's main period) and, where it stored some,
PhysIO. Peers of breaths: neurokit2's methods khodadad2018 and biosppy.
A beat is agreed when, after each peer's median offset is taken off, all have one within 20 ms; its time is their mean.
`others_s` are all further beats of any peer within `span_s`, which all peers cover. A breath is agreed within 0.4 of the median period.
Times are seconds from the first sample.
"""
import gzip
import json
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import neurokit2 as nk
import numpy as np
import peakdet
from scipy.ndimage import gaussian_filter1d

warnings.filterwarnings("ignore")
data, out = map(Path, sys.argv[1:3])
TICS_HZ, WITHIN_S, REACH_S = 400.0, 0.020_001, 0.3


def bids(path, column):
    with gzip.open(path, "rt") as lines:
        return np.array([float(line.split()[column]) for line in lines])


def vd(path):
    """Siemens VD and CMRR: value by tic of 2.5 ms, on a regular grid."""
    rows = [line.split() for line in open(path)]
    step = next(int(r[2]) for r in rows if r and r[0] == "SampleTime")
    rows = [r for r in rows if r and r[0].isdigit()]
    tics, first = np.unique([int(r[0]) for r in rows], return_index=True)
    values = np.array([float(r[2]) for r in rows])[first]
    return np.interp(np.arange(tics[0], tics[-1] + 1, step), tics, values), TICS_HZ / step


def vb(path):
    """Siemens VB: samples below 5000 behind four settings; 5002 ... 6002 is a message."""
    words = open(path).read().split()
    samples, message = [], False
    for word in words[4 : words.index("5003")]:
        if word in ("5002", "6002"):
            message = word == "5002"
        elif not message and int(word) < 5000:
            samples.append(float(word))
    return np.array(samples)


def records():
    """Name, kind, path in DATA, samples, samples a second."""
    for sub, task in (("02", "cuedSGT"), ("02", "rest"), ("06", "rest")):
        path = f"ds210-physio/sub-{sub}/func/sub-{sub}_task-{task}_run-01_physio.tsv.gz"
        for kind, column in (("ppg", 0), ("resp", 1)):
            yield f"ds210 sub-{sub} {task}", kind, path, bids(data / path, column), 50.0
    for name, sub in (("PPU3T", "s999"), ("CPULSE3T", "s998")):
        path = f"physio-examples/BIDS/{name}/sub-{sub}_task-random_run-99_physio.tsv.gz"
        for kind, column in (("ppg", 0), ("resp", 1)):
            yield f"PhysIO BIDS {name}", kind, path, bids(data / path, column), 50.0
    for run, stem in (("phys_0921201215_38_08", "0921"), ("1025201115_44_19", "1025")):
        for kind, signal in (("ppg", "ECG"), ("resp", "Resp")):
            path = f"physio-examples/GE/PPU3T/{signal}Data_epiRT_{run}"
            yield f"PhysIO GE {stem}", kind, path, np.loadtxt(data / path), 40.0
    vd_stem = "Physio_20180101_120001_pppppppp-hhhh-yyyy-ssss-ioioioioioio"
    for name, stem in (
        ("PhysIO VD PPU3T", f"physio-examples/Siemens_VD/PPU3T/{vd_stem}"),
        ("CMRR sample 1", "niphlem-cmrr/Physio_sample1"),
    ):
        for kind, signal in (("ppg", "PULS"), ("resp", "RESP")):
            yield name, kind, f"{stem}_{signal}.log", *vd(data / f"{stem}_{signal}.log")
    for file, kind, hz in (
        ("example_01.puls", "ppg", 50.0),
        ("example_02.puls", "ppg", 400.0),
        ("example_03.puls", "ppg", 50.0),
        ("example_01.resp", "resp", 50.0),
        ("example_02.resp", "resp", 50.0),
    ):
        path = f"fmri-physio-log/samples/full/{file}"
        yield f"VB {file[:10]}", kind, path, vb(data / path), hz
    for file, kind, hz in (("PPG", "ppg", 40.0), ("ECG", "ecg", 1000.0), ("RESP", "resp", 40.0)):
        path = f"peakdet/{file}.csv"
        yield "peakdet", kind, path, np.loadtxt(data / path), hz


PHYSIO = {
    "PhysIO BIDS PPU3T": "BIDS/PPU3T",
    "PhysIO BIDS CPULSE3T": "BIDS/CPULSE3T",
    "PhysIO GE 0921": "GE/PPU3T",
    "PhysIO VD PPU3T": "Siemens_VD/PPU3T",
}


def neurokit_beats(x, hz, kind):
    rate = int(round(hz))
    if kind == "ecg":
        found = nk.ecg_findpeaks(nk.ecg_clean(x, sampling_rate=rate), sampling_rate=rate)
        return found["ECG_R_Peaks"] / hz
    clean = nk.ppg_clean(x, sampling_rate=rate, method="elgendi")
    return nk.ppg_findpeaks(clean, sampling_rate=rate, method="elgendi")["PPG_Peaks"] / hz


def peakdet_beats(x, hz, kind):
    y = x - x.mean()
    power = np.abs(np.fft.rfft(y * np.hanning(len(y))))
    f = np.fft.rfftfreq(len(y), 1 / hz)
    power = np.convolve(power, np.ones(int(0.05 * len(y) / hz) | 1), "same")
    band = (f > 0.6) & (f < 3)
    period = 1 / f[band][power[band].argmax()]
    record = peakdet.Physio(x, fs=hz)
    if hz < 200:
        record = peakdet.operations.interpolate_physio(record, 250.0)
    cut = [5.0, 15.0] if kind == "ecg" else [0.5, 8.0]
    record = peakdet.operations.filter_physio(record, cut, "bandpass")
    distance = int(0.6 * period * record.fs)
    record = peakdet.operations.peakfind_physio(record, thresh=0.2, dist=distance)
    return np.asarray(record.peaks) / record.fs


def breaths(x, hz, method):
    clean = nk.rsp_clean(x, sampling_rate=hz, method=method)
    found = np.asarray(nk.rsp_findpeaks(clean, sampling_rate=hz, method=method)["RSP_Peaks"])
    return found[~np.isnan(found)] / hz


def pairs(a, b, reach):
    """Positions of mutually nearest times within reach."""
    near = np.abs(b[None] - a[:, None]).argmin(1)
    back = np.abs(a[None] - b[:, None]).argmin(1)
    ok = (back[near] == np.arange(len(a))) & (np.abs(b[near] - a) <= reach)
    return np.flatnonzero(ok), near[ok]


def agreed(peers, within, reach):
    first = peers[0]
    keep, total, used, shifted = np.ones(len(first), bool), first.copy(), [], []
    for peer in peers[1:]:
        i, j = pairs(first, peer, reach)
        offset = np.median(peer[j] - first[i])
        partner = np.full(len(first), np.nan)
        partner[i] = peer[j] - offset
        keep &= np.abs(partner - first) <= within
        total += partner
        shifted.append(peer - offset)
        position = np.full(len(first), -1)
        position[i] = j
        used.append(position)
    others = [first[~keep]] + [
        np.delete(peer, position[keep]) for peer, position in zip(shifted, used)
    ]
    return total[keep] / len(peers), np.unique(np.concatenate(others).round(3))


result = {
    "command": "python tests/oracles/beats.py DATA tests/goldens",
    "versions": {m: version(m) for m in ("neurokit2", "peakdet", "numpy", "scipy", "pandas")},
    "records": [],
}
for name, kind, path, x, hz in records():
    record = {"name": name, "kind": kind, "path": path, "sampling_hz": hz, "n_samples": len(x)}
    if kind == "resp":
        peers = {m: breaths(x, hz, m) for m in ("khodadad2018", "biosppy")}
        period = float(np.median(np.diff(peers["biosppy"])))
        within = reach = 0.4 * period
        record["period_s"] = round(period, 3)
    else:
        peers = {"neurokit2": neurokit_beats(x, hz, kind)}
        if name != "PhysIO BIDS CPULSE3T":  # a recorder's own marks, which no band-pass takes
            peers["peakdet"] = peakdet_beats(x, hz, kind)
        if name in PHYSIO:
            stages = data / "physio-examples" / PHYSIO[name] / "reference_stages.json"
            peers["PhysIO"] = np.array(json.load(open(stages))["cpulse"])
        within, reach = WITHIN_S, REACH_S
    times, others = agreed(list(peers.values()), within, reach)
    span = max(p[0] for p in peers.values()), min(p[-1] for p in peers.values())
    record["span_s"] = [round(float(v), 3) for v in span]
    record["n_of_peers"] = {peer: len(p) for peer, p in peers.items()}
    record["agreed_s"] = [round(float(t), 3) for t in times]
    if name == "PhysIO GE 0921" and kind == "ppg":  # where PhysIO and boldly choose other beats, whom do these two follow?
        record["two_s"] = [[round(float(t), 3) for t in peers[p]] for p in ("neurokit2", "peakdet")]
    record["others_s"] = [float(t) for t in others if span[0] <= t <= span[1]]
    result["records"].append(record)
    print(name, kind, record["n_of_peers"], "agreed", len(times), flush=True)


def height_of(x, hz):
    """Median over stretches of 1.5 s of highest minus lowest."""
    n = int(1.5 * hz)
    return np.median([np.ptp(x[k : k + n]) for k in range(0, len(x) - n, n)])


def compare(got, want, moments):
    """Share of `want` found within 150 ms, of `got` that is not, and of `moments` found that is within 20 ms of them. Those
    are finer than the samples: between two peaks on a grid of 20 ms anything below 30 ms would pass for 20."""
    i, j = pairs(got, want, REACH_S)
    off = got[i] - want[j]
    off = np.abs(off - np.median(off))
    k, m = pairs(got, moments, REACH_S)
    fine = got[k] - moments[m]
    fine = np.abs(fine - np.median(fine))
    return {
        "missed": round(1 - float(np.sum(off <= 0.15)) / len(want), 4),
        "false": round(1 - float(np.sum(off <= 0.15)) / len(got), 4),
        "within_20_ms": round(float(np.mean(fine[fine <= 0.15] <= WITHIN_S)), 4),
    }


def colour_of(x, hz, beats):
    """Amplitude by frequency of what the beats leave of a trace, of unit white noise and as a share of the pulse's height."""
    period = np.median(np.diff(beats))
    y = x - gaussian_filter1d(x, 0.5 * period * hz)
    before, after = int(0.3 * period * hz), int(0.6 * period * hz)
    at = np.round(beats * hz).astype(int)
    at = at[(at > before) & (at + after < len(x))]
    cut = np.array([y[k - before : k + after] for k in at])
    window = np.hanning(cut.shape[1])
    power, heights = [], []
    for k, beat in enumerate(cut):
        typical = np.median(cut[max(0, k - 10) : k + 11], axis=0)
        heights.append(np.ptp(typical))
        fit = np.stack([typical, np.ones_like(typical)], axis=1)
        rest = beat - fit @ np.linalg.lstsq(fit, beat, rcond=None)[0]
        power.append(np.abs(np.fft.rfft(window * rest)) ** 2 / np.sum(window**2))
    # The median of a squared Gaussian amplitude is ln 2 of its mean.
    amplitude = np.sqrt(np.median(power, axis=0) / np.log(2)) / np.median(heights)
    return {"sampling_hz": hz, "hz": np.fft.rfftfreq(cut.shape[1], 1 / hz).round(4).tolist(), "amplitude": amplitude.round(5).tolist()}


def coloured(colour, n, hz, random):
    white = np.fft.rfft(random.standard_normal(n))
    gain = np.interp(np.fft.rfftfreq(n, 1 / hz), colour["hz"], colour["amplitude"])
    return np.fft.irfft(white * gain, n) * np.sqrt(hz / colour["sampling_hz"])


def truth_of_agreed(y, x, hz, kind):
    """Of the beats that both peers find within 20 ms in the spoilt trace y: how many are beats of the clean trace x."""
    on = lambda z: agreed([neurokit_beats(z, hz, kind), peakdet_beats(z, hz, kind)], WITHIN_S, REACH_S)
    (got, _), (true, other) = on(y), on(x)
    off = lambda t: np.abs(got[:, None] - np.asarray(t)[None]).argmin(1)
    offset = np.median(got - true[off(true)])
    every = np.concatenate([true, other])
    apart = np.abs(got - offset - every[off(every)])
    inside = (got > true[0] - 0.5) & (got < true[-1] + 0.5)
    near = apart[inside] <= 0.15
    return {
        "n": int(inside.sum()),
        "false": round(1 - float(near.mean()), 4),
        "within_20_ms": round(float(np.mean(apart[inside][near] <= WITHIN_S)), 4),
    }


# What noise and cut-off tops do to the peers themselves: the same records, spoilt, against what each finds in the clean one. Noise
# is white, or has the colour and height of what the beats leave of the three noisy records.
NOISE, CUT, SEED = 0.25, 0.45, 3
NOISY = ("PhysIO GE 0921", "PhysIO GE 1025", "VB example_01")
colours = {}
for record, (name, kind, path, x, hz) in zip(result["records"], records()):
    if kind == "ppg" and name in NOISY:
        colours[name] = colour_of(x, hz, np.array(record["agreed_s"]))
result["spoilt"] = {"noise": NOISE, "cut": CUT, "seed": SEED, "colours": colours, "records": []}
random = np.random.default_rng(SEED)
for name, kind, path, x, hz in records():
    if kind != "ppg" or name not in ("ds210 sub-02 cuedSGT", "ds210 sub-06 rest", "PhysIO BIDS PPU3T", "peakdet"):
        continue
    height = height_of(x, hz)
    noisy = x + NOISE * height * random.standard_normal(len(x))
    cut = np.minimum(x, np.median(x) + CUT * height)
    finders = {"neurokit2": neurokit_beats, "peakdet": peakdet_beats}
    moments, _ = agreed([find(x, hz, kind) for find in finders.values()], WITHIN_S, REACH_S)
    spoilt_traces = [("noise", noisy), ("cut", cut)]
    for colour in NOISY:
        noise = coloured(colours[colour], len(x), hz, random)
        spoilt_traces.append((colour, x + height * noise))
    for spoilt, y in spoilt_traces:
        shares = {p: compare(find(y, hz, kind), find(x, hz, kind), moments) for p, find in finders.items()}
        result["spoilt"]["records"].append({"name": name, "path": path, "spoilt": spoilt, **shares, "agreed": truth_of_agreed(y, x, hz, kind)})
        print(name, spoilt, result["spoilt"]["records"][-1], flush=True)
json.dump(result, open(out / "physio_peers.json", "w"), separators=(",", ":"))
