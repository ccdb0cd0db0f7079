"""Goldens of design columns: SPM's (from nipy's stored arrays) and nilearn's.

    python tests/oracles/design.py --nipy NIPY_REFS --localizer STUDYFORREST_LOCALIZER tests/goldens

NIPY_REFS holds spm_dmtx.npz and spm_bases.mat (nipy/nipy 7d90ecc, BSD-3-Clause); STUDYFORREST_LOCALIZER holds
task-objectcategories_events.tsv (PDDL). Writes design_spm.json and design_nilearn.json. No randomness.
"""

import argparse
import json
import platform
import warnings
from pathlib import Path

import nilearn
import numpy as np
import pandas as pd
import scipy
from nilearn.glm.first_level import make_first_level_design_matrix
from scipy.io import loadmat

warnings.simplefilter("ignore")


def spm(folder):
    """nipy's test_design_matrix: TR 1 s, 100 scans, three conditions of three events, durations 0 and 10 s."""
    arrays = np.load(folder / "spm_dmtx.npz")
    bases = loadmat(folder / "spm_bases.mat")
    every = 40
    return {
        "source": "nipy/nipy 7d90ecc spm_dmtx.npz arr_0 (durations 0), arr_1 (durations 10 s); spm_bases.mat (dt 0.01 s)",
        "tr": 1.0,
        "bins": 16,
        "reference": 2,
        "conditions": ["c0", "c1", "c2"],
        "onsets": [[30, 50, 70], [10, 30, 80], [30, 40, 60]],
        "impulses": arrays["arr_0"][:, :3].tolist(),
        "blocks_10_s": arrays["arr_1"][:, :3].tolist(),
        "basis_dt": float(bases["dt"].ravel()[0]),
        "basis_every": every,
        "basis": [bases[k].ravel()[::every].tolist() for k in ("hrf", "dhrf", "ddhrf")],
    }


def case(name, events, n, tr, start, model, drift="cosine", high_pass=1 / 128, order=1, delays=None):
    times = start + tr * np.arange(n)
    frame = pd.DataFrame(events)
    design = make_first_level_design_matrix(
        times, frame, hrf_model=model, drift_model=drift, high_pass=high_pass, drift_order=order,
        fir_delays=delays or [0],
    )
    keep = ["onset", "duration", "trial_type"] + (["modulation"] if "modulation" in frame else [])
    return {
        "name": name,
        "events": {k: frame[k].tolist() for k in keep},
        "n": n,
        "tr": tr,
        "start": start,
        "model": model or "none",
        "drift": drift or "none",
        "delays": delays or [],
        "cutoff_s": 1 / high_pass,
        "order": order,
        "names": list(design.columns),
        "columns": [[float(f"{v:.13g}") for v in design[c]] for c in design.columns],
    }


def nilearn_cases(folder):
    table = pd.read_csv(folder / "task-objectcategories_events.tsv", sep="\t")
    localizer = {k: table[k].tolist() for k in ("onset", "duration", "trial_type")}
    mixed = {
        "onset": [-10.0, 0.0, 4.0, 11.3, 20.0, 20.0, 55.5, 61.7],
        "duration": [5.0, 0.0, 0.0, 0.004, 12.5, 12.5, 0.0, 30.0],
        "trial_type": ["b", "a", "b", "a", "B", "B", "a", "b"],
    }
    heights = dict(mixed, modulation=[1.0, -0.5, 2.0, 1.5, 1.0, 0.25, 3.0, 0.7])
    derivatives = " + derivative + dispersion"
    return [
        case("the studyforrest localizer", localizer, 156, 2.0, 0.0, "spm"),
        case("mixed durations", mixed, 40, 2.0, 0.0, "spm"),
        case("slice-time corrected to mid-slice", mixed, 33, 2.2, 1.1, "spm"),
        case("a TR of no round number", mixed, 97, 0.735, 0.3675, "spm", high_pass=0.01),
        case("modulated", heights, 40, 2.0, 0.0, "spm"),
        case("glover", mixed, 40, 2.0, 0.5, "glover"),
        case("spm with derivatives", mixed, 40, 2.0, 0.0, "spm" + derivatives),
        case("glover with derivatives", heights, 60, 1.5, 0.0, "glover" + derivatives),
        case("polynomial", mixed, 40, 2.0, 0.0, "spm", drift="polynomial", order=3),
        case("spm with time derivative", heights, 33, 2.2, 1.1, "spm + derivative", drift="polynomial", order=5),
        case("glover with time derivative", mixed, 40, 2.0, 0.0, "glover + derivative", drift=None),
        case("fir", heights, 60, 1.5, 0.75, "fir", delays=[0, 2, 3], drift="polynomial", order=1),
        case("no response", heights, 33, 2.2, 1.1, None, drift=None),
    ]


def write(path, content):
    path.write_text(json.dumps(content).replace("], [", "],\n[") + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--nipy", type=Path, required=True)
    parser.add_argument("--localizer", type=Path, required=True)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    about = {
        "tool": f"nilearn {nilearn.__version__}, numpy {np.__version__}, scipy {scipy.__version__}, "
        f"python {platform.python_version()}",
        "command": "python tests/oracles/design.py --nipy NIPY_REFS --localizer LOCALIZER tests/goldens",
    }
    write(args.out / "design_spm.json", {**about, **spm(args.nipy)})
    write(args.out / "design_nilearn.json", {**about, "cases": nilearn_cases(args.localizer)})
