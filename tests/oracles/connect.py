"""Golden of correlations between regions given nuisance columns, by numpy on a run of four regions.

    python tests/oracles/connect.py tests/goldens

Reads connect_rest.tsv (160 volumes, TR 2 s: series of four regions, motion, CSF, framewise displacement; simulated, AR(1) .45 with shared signal, motion in
6 volumes) and writes connect.json: r, Fisher's z, degrees of freedom, t and slope of the first region as a column, and partial r, given a high-pass of 128 s
(cosines; nilearn's clean with filter="cosine" and sample_mask gives the same r to 1e-14) or a stop band of Fourier pairs outside 0.008 to 0.09 Hz (made
for all volumes, rows of censored ones dropped); z of two published variances of r (xDF with adaptive truncation, and Bartlett's product of autocorrelations)
from the equations, lag by lag. Beside them what other tools and another order make of the same run: nilearn's clean with cosines, which must agree; with its
Butterworth filter, which interpolates censored volumes; and confounds first, then the band, which brings confounds back. Made with numpy 2.4.6, scipy 1.17.1,
nilearn 0.14.1.
"""
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from nilearn.connectome import ConnectivityMeasure
from nilearn.signal import clean

TR = 2.0
FOLDER = Path(sys.argv[1])


def dct(n, period):
    k = int(np.floor(2 * n * TR / period))
    t = np.arange(n) + 0.5
    return np.column_stack([np.sqrt(2 / n) * np.cos(np.pi * t * j / n) for j in range(1, k + 1)])


def stop_band(n, low, high):
    t, columns = np.arange(n), []
    for j in range(1, n // 2 + 1):
        if low - 1e-12 <= j / (n * TR) <= high + 1e-12:
            continue
        columns.append(np.cos(2 * np.pi * j * t / n))
        if 2 * j != n:
            columns.append(np.sin(2 * np.pi * j * t / n))
    return np.column_stack(columns)


def basis(N):
    u, s, _ = np.linalg.svd(N, full_matrices=False)
    return u[:, s > max(N.shape) * np.finfo(float).eps * s[0]]


def left_of(N, Y):
    u = basis(N)
    Y = Y - u @ (u.T @ Y)
    return Y - u @ (u.T @ Y)


def lagged(x, y, k):
    return sum(x[t] * y[t + k] for t in range(len(x) - k)) / len(x)


def xdf(x, y):
    T = len(x)
    x, y = (x - x.mean()) / x.std(), (y - y.mean()) / y.std()
    r, told = lagged(x, y, 0), 1.959963984540054 / np.sqrt(T)
    ends = []
    for v in (x, y):
        k = 1
        while k <= T - 2 and abs(lagged(v, v, k)) > told:
            k += 1
        ends.append(k)
    total = (T - 1) * (1 - r * r) ** 2
    for k in range(1, max(ends)):
        a, b = [lagged(v, v, k) if k < end else 0.0 for v, end in zip((x, y), ends)]
        c, d, w = lagged(x, y, k), lagged(y, x, k), T - 1 - k
        total += w * (r * r * (a * a + b * b + c * c + d * d) - 2 * r * (a + b) * (c + d) + 2 * (a * b + c * d))
    variance = max(total / T**2, (1 - r * r) ** 2 / T)
    return r, variance, np.arctanh(r) * (1 - r * r) / np.sqrt(variance)


def bartlett(x, y):
    T = len(x)
    x, y = (x - x.mean()) / x.std(), (y - y.mean()) / y.std()
    r = lagged(x, y, 0)
    total = 1 + 2 * sum((1 - k / T) * lagged(x, x, k) * lagged(y, y, k) for k in range(1, T // 5))
    n = min(max(T / max(total, 0.05), 4), 10 * T)
    return r, 1 / n, np.arctanh(r) * np.sqrt(n - 3)


def of_pairs(test, E):
    return [[float(f"{v:.12g}") for v in test(E[:, a], E[:, b])] for a in range(4) for b in range(a + 1, 4)]


table = pd.read_csv(FOLDER / "connect_rest.tsv", sep="\t")
names = ["insula", "pcc", "mpfc", "pag"]
Y = table[names].to_numpy()
C = table[["trans_x", "trans_y", "trans_z", "csf"]].to_numpy()
keep = (table.framewise_displacement <= 0.5).to_numpy()
golden = {"tr": TR, "kept": int(keep.sum()), "censored": np.flatnonzero(~keep).tolist(), "numpy": np.__version__}
for name, F in (("high_pass_dct_128s", dct(160, 128)), ("band_0.008_0.09_hz", stop_band(160, 0.008, 0.09))):
    N = np.column_stack([np.ones(160), F, C])[keep]
    E = left_of(N, Y[keep])
    rank = basis(N / np.linalg.norm(N, axis=0)).shape[1]
    dof = int(keep.sum()) - rank - 1
    r = np.corrcoef(E.T)
    inverse = -np.linalg.inv(r)
    d = np.sqrt(-np.diag(inverse))
    partial = inverse / np.outer(d, d)
    np.fill_diagonal(partial, 1)
    X = np.column_stack([Y[keep][:, 0], N])
    b, *_ = np.linalg.lstsq(X, Y[keep][:, 1:], rcond=None)
    sigma2 = ((Y[keep][:, 1:] - X @ b) ** 2).sum(0) / dof
    t = b[0] / np.sqrt(sigma2 * np.linalg.pinv(X.T @ X)[0, 0])
    listed = lambda a: [listed(v) for v in a] if np.ndim(a) > 0 else float(f"{a:.12g}")
    golden[name] = {
        "rank": rank, "dof": dof, "r": listed(r), "fisher_z": listed(np.arctanh(r[np.triu_indices(4, 1)])),
        "se_z": listed(1 / np.sqrt(dof - 1)), "t_seed_insula": listed(t), "beta_seed_insula": listed(b[0]),
        "partial_r_given_other_regions": listed(partial), "partial_dof": dof - 2, "residual_rms": listed(E.std(0)),
        "xdf": of_pairs(xdf, E), "bartlett": of_pairs(bartlett, E),
    }

kept = dict(t_r=TR, sample_mask=np.flatnonzero(keep), standardize="zscore_sample")
cosine = clean(Y, confounds=C, filter="cosine", high_pass=1 / 128, detrend=False, **kept)
golden["nilearn_cosine_r"] = listed(np.corrcoef(cosine.T))
golden["nilearn_butterworth_r"] = listed(np.corrcoef(clean(Y, confounds=C, filter="butterworth", low_pass=0.09, high_pass=0.008, detrend=True, **kept).T))
golden["nilearn_shrunk_r"] = listed(ConnectivityMeasure(kind="correlation", standardize=False).fit_transform([cosine])[0])
one = np.ones((160, 1))
sequential = left_of(np.column_stack([one, stop_band(160, 0.008, 0.09)]), left_of(np.column_stack([one, C]), Y))[keep]
golden["sequential_r"] = listed(np.corrcoef(sequential.T))
left = left_of(np.column_stack([one, C])[keep], sequential)
golden["multiple_r_of_sequential_on_confounds"] = listed(np.sqrt(1 - (left**2).sum(0) / ((sequential - sequential.mean(0)) ** 2).sum(0)))
(FOLDER / "connect.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
