"""boldly and its peers on the same files: whole processes, one after the other, medians.

usage: python benches/peers/side_by_side.py BOLD.nii MASK DESIGN.tsv POSITIVE NEGATIVE [--boldly PATH] [--runs 5] [--fwhm 5] [--noise ar1]

--noise is the model of every glm that has it: ar1 (boldly's default: restricted maximum likelihood, rho smoothed; nilearn's default: its
own rule), nilearn-ar1 (nilearn's rule in both) or ols. numpy's glm is ordinary least squares always, and runs with --noise ols alone. boldly
does not scale, as nilearn is told not to. The contrast is POSITIVE - NEGATIVE, two column names of the design. Every glm writes effect, variance, t, z and p as
.nii.gz; smoothing writes .nii. The input is read once before, so that all find it in the page cache. Outputs are
deleted between runs. boldly runs if it is found; the peers need: pip install nilearn==0.14.1
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent


def measure(command, runs, scratch):
    """Median wall seconds, median CPU seconds and largest resident size (MiB) of `runs` processes."""
    wall, cpu, peak = [], [], 0.0
    for _ in range(runs):
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        errors = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        wall.append(time.perf_counter() - began)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}: exit {process.returncode}\n{errors.decode()}")
        cpu.append(usage.ru_utime + usage.ru_stime)
        peak = max(peak, usage.ru_maxrss / 1024)
    return statistics.median(wall), statistics.median(cpu), peak


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ["bold", "mask", "design", "positive", "negative"]:
        parser.add_argument(name)
    parser.add_argument("--boldly", default=str(HERE / "../../target/release/boldly"))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--fwhm", default="5")
    parser.add_argument("--noise", choices=["ar1", "nilearn-ar1", "ols"], default="ar1")
    a = parser.parse_args()
    scratch = Path(tempfile.mkdtemp()) / "out"
    python, minus = sys.executable, f"{a.positive} - {a.negative}"
    smoothed = scratch / "smoothed.nii"
    nilearn = ["--noise", "ols" if a.noise == "ols" else "ar1"]
    jobs = [
        (f"glm, {a.noise}", "nilearn", [python, HERE / "nilearn_glm.py", a.bold, a.mask, a.design, minus, scratch, *nilearn]),
        ("smooth", "nilearn", [python, HERE / "nilearn_smooth.py", a.bold, a.fwhm, smoothed]),
    ]
    if a.noise == "ols":
        numpy = [python, HERE / "numpy_glm.py", a.bold, a.mask, a.design, a.positive, a.negative, scratch]
        jobs.insert(0, ("glm, ols", "numpy", numpy))
    if Path(a.boldly).is_file():
        glm = [a.boldly, "glm", a.bold, "--design", a.design, "--mask", a.mask, "--device", "cpu"]
        glm += ["--noise", a.noise, "--scaling", "none"]
        smooth = [a.boldly, "smooth", a.bold, "--fwhm", a.fwhm, "--device", "cpu"]
        jobs.insert(0, (f"glm, {a.noise}", "boldly", [*glm, "--contrast", minus, "--out", scratch]))
        jobs.insert(-1, ("smooth", "boldly", [*smooth, "--out", smoothed]))
    Path(a.bold).read_bytes()
    print("| operation | tool | wall s | CPU s | peak MiB |\n|---|---|---|---|---|")
    for operation, tool, command in jobs:
        wall, cpu, peak = measure(command, a.runs, scratch)
        print(f"| {operation} | {tool} | {wall:.3f} | {cpu:.2f} | {peak:.0f} |", flush=True)
    shutil.rmtree(scratch.parent)
    print(f"\nmedian of {a.runs}; load average at the end {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
