"""Lines with Fieller's limits, isotonic fits, ICC(A,1), partial and rank correlations, slopes of two groups.

usage: python tests/oracles/curves.py GOLDENS
Made with scipy 1.17.1, scikit-learn 1.9.1, statsmodels 0.15.0, pingouin 0.7.0; seed 20261127.
Fieller: the roots of (a + b x - y0)^2 = t^2 s^2 (1/n + (x - mean)^2 / Sxx) by scipy.optimize.brentq, a, b, s of scipy.stats.linregress; isotonic:
sklearn.isotonic.isotonic_regression; ICC(A,1): pingouin.intraclass_corr for the value, its limits by pingouin's own F quantiles (unrounded); partial r: pingouin.partial_corr's r,
p and the t of statsmodels OLS; Spearman: scipy.stats.spearmanr.
"""
import json
import sys
import warnings

warnings.filterwarnings("ignore")
import numpy as np
import pandas as pd
import scipy.optimize as so
import scipy.stats as st
import statsmodels.api as sm
from sklearn.isotonic import isotonic_regression

try:
    import pingouin as pg
except ImportError:
    sys.exit("needs pingouin")

rng = np.random.default_rng(20261127)


def fieller(n, slope, noise, target, confidence):
    x = np.round(np.sort(rng.uniform(100, 400, n)), 1)
    y = np.round(50 + slope * (x - 260) + noise * rng.standard_normal(n), 2)
    line = st.linregress(x, y)
    e = y - line.intercept - line.slope * x
    s = np.sqrt((e @ e) / (n - 2))
    sxx = ((x - x.mean()) ** 2).sum()
    t = st.t.ppf(0.5 + confidence / 2, n - 2)
    f = lambda at: (line.intercept + line.slope * at - target) ** 2 - t * t * s * s * (1 / n + (at - x.mean()) ** 2 / sxx)
    x0 = (target - line.intercept) / line.slope
    limits = None
    if abs(line.slope / line.stderr) > t:
        low, high = x0 - 1e5, x0 + 1e5
        limits = [so.brentq(f, low, x0, xtol=1e-13), so.brentq(f, x0, high, xtol=1e-13)]
    return {"x": x.tolist(), "y": y.tolist(), "target": target, "confidence": confidence, "slope": line.slope, "intercept": line.intercept,
            "slope_se": line.stderr, "x0": x0, "g": (t * line.stderr / line.slope) ** 2, "limits": limits}


def isotonic(n):
    y = np.round(np.arange(n) * 0.4 + 2 * rng.standard_normal(n), 2)
    w = rng.integers(1, 5, n).astype(float)
    return {"y": y.tolist(), "weights": w.tolist(), "fit": isotonic_regression(y, sample_weight=w).tolist()}


def agreement(n, k, shift):
    y = np.round(10 + 3 * rng.standard_normal((n, 1)) + 2 * rng.standard_normal((n, k)) + shift * np.arange(k), 2)
    frame = pd.DataFrame({"s": np.repeat(np.arange(n), k), "o": np.tile(np.arange(k), n), "y": y.ravel()})
    table = pg.intraclass_corr(frame, "s", "o", "y").set_index("Type")
    row = table.loc[[name for name in table.index if name in ("ICC2", "ICC(A,1)")][0]]
    anova = pg.rm_anova(frame, dv="y", within="o", subject="s", detailed=True)
    msc, mse = anova["MS"].iloc[0], anova["MS"].iloc[1]
    msr = k * y.mean(1).var(ddof=1)
    # McGraw and Wong 1996, table 7, written as Shrout and Fleiss 1979 do: F of the observed mean squares.
    icc, fj = row["ICC"], msc / mse
    v = (n - 1) * (k - 1) * (k * icc * fj + n * (1 + (k - 1) * icc) - k * icc) ** 2 / ((n - 1) * k**2 * icc**2 * fj**2 + (n * (1 + (k - 1) * icc) - k * icc) ** 2)
    f1, f2 = st.f.ppf(0.975, n - 1, v), st.f.ppf(0.975, v, n - 1)
    low = n * (msr - f1 * mse) / (f1 * (k * msc + (k * n - k - n) * mse) + n * msr)
    high = n * (f2 * msr - mse) / (k * msc + (k * n - k - n) * mse + n * f2 * msr)
    ci = row[[c for c in table.columns if c.startswith("CI95")][0]]
    assert np.allclose(np.round([low, high], 2), ci, atol=0.0051), (low, high, ci)
    return {"values": y.tolist(), "icc": icc, "low": low, "high": high}


def correlation(n, columns):
    z = np.round(rng.standard_normal((n, columns)), 3)
    x = np.round(rng.standard_normal(n) + z.sum(1), 1)
    y = np.round(0.4 * x + rng.standard_normal(n) - z.sum(1), 1)
    frame = pd.DataFrame({"x": x, "y": y, **{f"z{i}": z[:, i] for i in range(columns)}})
    covar = [f"z{i}" for i in range(columns)]
    found = pg.partial_corr(frame, "x", "y", covar) if columns else pg.corr(x, y)
    fit = sm.OLS(y, np.column_stack([np.ones(n), x, z])).fit()
    r = fit.tvalues[1] / np.sqrt(fit.tvalues[1] ** 2 + fit.df_resid)
    assert abs(r - found["r"].iloc[0]) < 1e-12
    limits = np.tanh(np.arctanh(r) + np.array([-1, 1]) * st.norm.ppf(0.975) / np.sqrt(n - 3 - columns))
    rank = st.spearmanr(x, y)
    se = np.sqrt((1 + rank.statistic**2 / 2) / (n - 3))
    of_rank = np.tanh(np.arctanh(rank.statistic) + np.array([-1, 1]) * st.norm.ppf(0.975) * se)
    group = (rng.random(n) < 0.5).astype(float)
    slopes = sm.OLS(y, np.column_stack([np.ones(n), group, x, group * x])).fit()
    return {"x": x.tolist(), "y": y.tolist(), "z": z.tolist(), "r": r, "dof": fit.df_resid, "t": fit.tvalues[1], "p": fit.pvalues[1], "limits": limits.tolist(),
            "spearman": rank.statistic, "spearman_p": rank.pvalue, "spearman_limits": of_rank.tolist(), "group": group.tolist(),
            "slopes": {"difference": slopes.params[3], "se": slopes.bse[3], "t": slopes.tvalues[3], "dof": slopes.df_resid, "p": slopes.pvalues[3]}}


golden = {
    "fieller": [fieller(6, 0.2, 4, 50, 0.95), fieller(12, 0.2, 15, 90, 0.9), fieller(3, 0.3, 0.5, 40, 0.95), fieller(8, 0.01, 12, 50, 0.95), fieller(7, -0.2, 5, 30, 0.99)],
    "isotonic": [isotonic(n) for n in (1, 2, 7, 40)],
    "agreement": [agreement(20, 2, 0), agreement(12, 3, 1.5), agreement(40, 2, -2)],
    "correlation": [correlation(9, 0), correlation(40, 1), correlation(25, 3)],
}
with open(f"{sys.argv[1]}/curves.json", "w") as out:
    json.dump(golden, out, indent=1)
