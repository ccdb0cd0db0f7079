"""Writes the seeds that the corpus grew from into a folder a target: python3 seeds.py FOLDER. All made up, no recordings."""

import gzip
import json
import math
import struct
import sys
from pathlib import Path

LEAD_S, LASTS_S, TR, N_VOLUMES = 2.0, 17.0, 1.5, 8
FIRST_S = 43200.0  # of the day
OUT = Path(sys.argv[1])


def put(target, name, content):
    folder = OUT / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def pulse(hz):
    phase = [2 * math.pi * (1.1 * t / hz + 0.05 * math.sin(0.4 * t / hz)) for t in range(int(LASTS_S * hz))]
    return [round(2000 + 1000 * math.exp(4 * (math.cos(p) - 1))) for p in phase]


def breath(hz):
    return [round(2000 + 700 * math.sin(1.7 * t / hz + 0.3 * math.sin(0.2 * t / hz))) for t in range(int(LASTS_S * hz))]


def log(which, name, content, second=None):
    content = content if second is None else content + "\n---\n" + second
    put("physio_log", name, bytes([which]) + content.encode())


def footer(n, hz):
    start = round((FIRST_S - LEAD_S) * 1000)
    stop = start + round(n / hz * 1000)
    clocks = "".join(f"LogStart{c}Time: {start}\nLogStop{c}Time: {stop}\n" for c in ("MDH", "MPCU"))
    return f"5003\nPULS Freq Per: 66 900\n{clocks}6003"


def vb(kind, x, hz=50):
    words = " ".join(f"{v} 5000" if n % 60 == 40 else str(v) for n, v in enumerate(x))
    return f"1 2 40 280 5002 LOGVERSION_{kind}   1 6002 {words} {footer(len(x), hz)}"


def ext():
    words = []
    for n in range(int(LASTS_S * 50)):
        t = n / 50 - LEAD_S
        words += ["5000"] if t >= 0 and abs(t / TR - round(t / TR)) < 1e-9 and t / TR < N_VOLUMES else []
        words.append("0")
    return f"1 2 40 280 {' '.join(words)} {footer(int(LASTS_S * 50), 50)}"


def ecg():
    x = [v + 8192 * lead for v in pulse(50) for lead in (0, 1)]
    return f"1 1 2 40 280 {' '.join(map(str, x))} {footer(len(x) // 2, 50)}"


def tics(t):
    return round((FIRST_S + t) / 0.0025)


def vd(kind, x, hz=20):
    rows = "".join(f"{tics(n / hz - LEAD_S)} {kind} {v}\n" for n, v in enumerate(x) if n not in (20, 40, 41))
    return f"UUID = 1-2\nLogDataType = {kind}\nSampleTime = {round(400 / hz)}\n\nACQ_TIME_TICS CHANNEL VALUE SIGNAL\n{rows}"


def info():
    rows = "".join(
        f"{v} {s} {tics(v * TR + t)} {tics(v * TR + t + 0.05)} 0\n"
        for v in range(N_VOLUMES)
        for s, t in ((0, 0.0), (2, 0.5), (1, 1.0))
    )
    return f"UUID = 1-2\nLogDataType = ACQUISITION_INFO\nNumSlices = 3\n\nVOLUME SLICE ACQ_START_TICS ACQ_FINISH_TICS ECHO\n{rows}LastTime = 2\n"


def lines(x):
    return "".join(f"{v}\n" for v in x)


def philips(hz=20):
    end = round((LEAD_S + TR * N_VOLUMES) * hz)
    rows = "".join(
        f"1 2 3 4 {p} {r} 0 0 0 {'0020' if n == end else '0000'}\n" for n, (p, r) in enumerate(zip(pulse(hz), breath(hz)))
    )
    return f"## made up\n# v1raw v2raw v1 v2 ppu resp gx gy gz mark\n{rows}"


def columns(separator, hz=20):
    rows = ""
    for n, (p, r) in enumerate(zip(pulse(hz), breath(hz))):
        t = n / hz - LEAD_S
        high = 0 <= t < TR * N_VOLUMES and (t + 1e-9) % TR < 0.1
        rows += separator.join(map(str, (int(high), r, p))) + "\n"
    return rows


puls, resp, ends = vb("PULS", pulse(50)), vb("RESP", breath(50)), int((LEAD_S + TR * N_VOLUMES) * 20)
log(0, "puls", puls)
log(0, "puls_ext", puls, ext())
log(1, "resp", resp)
log(2, "ecg", ecg())
log(3, "ext_puls", ext(), puls)
log(4, "vd_puls", vd("PULS", pulse(20)), info())
log(4, "vd_ecg", vd("ECG1", pulse(20)).replace("Type = ECG1", "Type = ECG"), info())
log(5, "vd_resp", vd("RESP", breath(20)))
log(6, "info_puls", info(), vd("PULS", pulse(20)))
log(7, "ge", lines(pulse(20)[:ends]), lines(breath(20)[:ends]))
log(8, "ge_resp", lines(breath(20)))
log(9, "philips", philips())
log(10, "afni", "# made up\n" + lines(pulse(20)))
log(11, "pnm", columns("\t"))
log(12, "csv", columns(";").replace("\n0;", "\nn/a;", 3))
sidecar = {"SamplingFrequency": 20, "StartTime": -2, "Columns": ["trigger", "respiratory", "cardiac"]}
log(13, "bids", columns("\t").replace("\t2100\t", "\tn/a\t"), json.dumps(sidecar))

peaks = "".join(f"{0.9 * n - 1}\tn/a\tcardiac\tok\n{4 * n}\tn/a\trespiratory\tadded\n" for n in range(16))
put("peak_table", "peaks", f"onset\tduration\tchannel\tstatus\n{peaks}3.3\tn/a\tcardiac\tremoved\n")
put("peak_table", "quoted", f'status\tonset\tchannel\tnote\n"ok"\t-1e0\tcardiac\t"a ""b"""\nadded\t2\trespiratory\tx\n')

run = {"RepetitionTime": 1.5, "SliceTiming": [0, 1, 0.5], "SliceEncodingDirection": "k-", "StartTime": 0.5, "TaskName": "pain",
       "AcquisitionTime": "12:00:00.000000", "SliceTimingCorrected": False, "VolumeTiming": [0, 1.5, 3]}  # fmt: skip
events = "onset\tduration\ttrial_type\n0\t1.5\tpain\n4.5\t0\tcontrol\n7.5\t2\tn/a\n"
put("tables", "events", events + "\n---\n" + json.dumps(run))
rows = "".join(f"{math.sin(n)}\t{n}\t{'n/a' if n == 0 else 1}\n" for n in range(8))
put("tables", "confounds", "trans_x\tcosine00\tcsf\n" + rows + "\n---\n" + json.dumps({"boldly": {"schema": 1}}))
put("tables", "slice_times", "0 1 0.5 # three\n")
put("tables", "info", info())


def nifti(code, kind, n, shape=(3, 2, 2, 4), order="<"):
    header = bytearray(352)
    struct.pack_into(order + "i", header, 0, 348)
    struct.pack_into(order + "8h", header, 40, len(shape), *shape, *[1] * (7 - len(shape)))
    struct.pack_into(order + "2h", header, 70, code, 8 * n)
    struct.pack_into(order + "8f", header, 76, 1, 3, 3, 4, 1.5, 0, 0, 0)
    struct.pack_into(order + "3f", header, 108, 352, 0.5, 3)
    header[123] = 10
    struct.pack_into(order + "2h", header, 252, 1, 1)
    struct.pack_into(order + "12f", header, 280, 3, 0, 0, 1, 0, 3, 0, 2, 0, 0, 4, 3)
    header[344:348] = b"n+1\0"
    return bytes(header) + b"".join(struct.pack(order + kind, v % 100) for v in range(math.prod(shape)))


def nifti2():
    header = bytearray(544)
    struct.pack_into("<i8s2h", header, 0, 540, b"n+2\0\r\n\x1a\n", 16, 32)
    struct.pack_into("<8q", header, 16, 3, 3, 2, 2, 1, 1, 1, 1)
    struct.pack_into("<8d", header, 104, -1, 3, 3, 4, 1.5, 0, 0, 0)
    struct.pack_into("<q2d", header, 168, 544, 1, 0)
    struct.pack_into("<2i", header, 344, 1, 0)
    return bytes(header) + struct.pack("<12f", *range(12))


put("nifti", "i16", nifti(4, "h", 2))
put("nifti", "f64_big", nifti(64, "d", 8, (3, 2, 2), ">"))
put("nifti", "u8", nifti(2, "B", 1))
put("nifti", "gz", gzip.compress(nifti(16, "f", 4), mtime=0))
put("nifti", "two", nifti2())
put("nifti", "two_gz", gzip.compress(nifti2(), mtime=0))

names = "\n---\npain\ncontrol\nface-left\n2\nconstant\n"
for n, text in enumerate([
    "pain=pain - control", "0.5*pain + (control + face-left)/2", "any=pain; control; -constant", 'x="2" - 2*`2`', "1e-3*pain",
    "harvey+rvt(0,5,10)+hr", "3/4/1x1", "fsl+rv+rvt-hilbert(2.5)", "0/0/0+hr",
    "afni-1d:hz=50:columns=cardiac", "fsl-pnm:hz=400:columns=trigger,respiratory,-:skip=2", "auto:start=-8.25",
]):  # fmt: skip
    put("expressions", f"{n}", text + names)
