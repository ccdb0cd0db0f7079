"""Proportions of two arms, strata, logistic regression, Kaplan-Meier and log-rank.

usage: python tests/oracles/counts.py GOLDENS
Made with scipy 1.17.1, statsmodels 0.15.0, mpmath 1.3.0; seed 20261129.
statsmodels: proportion_confint (Wilson), confint_proportions_2indep (Newcombe), Table2x2 (odds and risk ratio), StratifiedTable, Logit, SurvfuncRight (Greenwood's error).
scipy: fisher_exact, ecdf of CensoredData (survival, log-log limits), logrank.
mpmath: Miettinen and Nurminen's limits with 40 digits, the likelihood restricted to p1 - p0 = d maximised by its slope (statsmodels' own score limits of a difference are wrong, its issue
10269), and Sato's variance from its definition in exact fractions.
"""
import json
import sys
from fractions import Fraction

import numpy as np
from mpmath import mp, mpf
from scipy import stats
from statsmodels.discrete.discrete_model import Logit
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.contingency_tables import StratifiedTable, Table2x2
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

mp.dps = 40
PAIRS = [
    (56, 70, 48, 80), (9, 10, 3, 10), (6, 7, 2, 7), (5, 56, 0, 29), (0, 10, 0, 20), (0, 10, 0, 10), (10, 10, 0, 20), (10, 10, 0, 10), (0, 10, 10, 10),
    (33, 46, 20, 46), (0, 46, 3, 46), (1, 46, 0, 46), (46, 46, 46, 46), (46, 46, 45, 46), (1, 1, 0, 1), (0, 1, 1, 1), (1, 1, 1, 1), (0, 1, 5, 9),
    (1, 1, 3, 50), (123, 456, 78, 90), (4000, 10000, 3900, 10100), (2, 3, 499, 500), (17, 34, 17, 34), (3, 12, 4, 16),
]


def most_likely(x1, n1, x0, n0, d):
    """q0 at which the slope of the restricted likelihood changes its sign."""
    def slope(q0):
        q1 = q0 + d
        ends = ((x1, q1), (-(n1 - x1), 1 - q1), (x0, q0), (-(n0 - x0), 1 - q0))
        return sum(mpf(k) / q if q != 0 else mp.sign(k) * mp.inf for k, q in ends if k)
    low, high = max(mpf(0), -d), min(mpf(1), 1 - d)
    for _ in range(140):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return (low + high) / 2


def chi_square(x1, n1, x0, n0, d):
    off = mpf(x1) / n1 - mpf(x0) / n0 - d
    if off == 0:
        return mpf(0)
    q0 = most_likely(x1, n1, x0, n0, d)
    q1 = q0 + d
    variance = (q1 * (1 - q1) / n1 + q0 * (1 - q0) / n0) * mpf(n1 + n0) / (n1 + n0 - 1)
    return off**2 / variance if variance > 0 else mp.inf


def score_limits(x1, n1, x0, n0, conf):
    critical = mp.erfinv(mpf(conf)) ** 2 * 2
    observed = mpf(x1) / n1 - mpf(x0) / n0

    def toward(end):
        if observed == end:
            return end
        inside, outside = observed, mpf(end)
        for _ in range(60):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if chi_square(x1, n1, x0, n0, middle) < critical else (inside, middle)
        return inside
    return [float(toward(-1)), float(toward(1))]


def pair(x1, n1, x0, n0):
    table = Table2x2([[x1, n1 - x1], [x0, n0 - x0]], shift_zeros=False)
    out = dict(
        x1=x1, n1=n1, x0=x0, n0=n0,
        wilson1=proportion_confint(x1, n1, method="wilson"), wilson0=proportion_confint(x0, n0, method="wilson"),
        newcombe=confint_proportions_2indep(x1, n1, x0, n0, method="newcomb"),
        newcombe_90=confint_proportions_2indep(x1, n1, x0, n0, method="newcomb", alpha=0.1),
        miettinen_nurminen=score_limits(x1, n1, x0, n0, "0.95"), miettinen_nurminen_90=score_limits(x1, n1, x0, n0, "0.90"),
        score_p=stats.chi2.sf(float(chi_square(x1, n1, x0, n0, mpf(0))), 1),
        fisher_p=stats.fisher_exact([[x1, n1 - x1], [x0, n0 - x0]]).pvalue,
    )
    if 0 < x1 < n1 and 0 < x0 < n0:
        out["odds_ratio"] = [table.oddsratio, *table.oddsratio_confint()]
    if x1 and x0:
        out["risk_ratio"] = [table.riskratio, *table.riskratio_confint()]
    return out


def sato(tables):
    """Greenland and Robins' difference with Sato's variance, in exact fractions."""
    f, weight, weighted, p, q = Fraction, 0, 0, 0, 0
    for x1, n1, x0, n0 in tables:
        n, w = n1 + n0, f(n1 * n0, n1 + n0)
        weight += w
        weighted += w * (f(x1, n1) - f(x0, n0))
        p += (f(n1, n) ** 2 * x0 - f(n0, n) ** 2 * x1 + f(n1, n) * f(n0, n) * f(n0 - n1, 2))
        q += f(x1 * (n0 - x0) + x0 * (n1 - x1), 2 * n)
    value = weighted / weight
    return [float(value), float((value * p + q) / weight**2) ** 0.5]


def strata(tables):
    table = StratifiedTable([np.array([[x1, n1 - x1], [x0, n0 - x0]], float) for x1, n1, x0, n0 in tables])
    test = table.test_null_odds(correction=False)
    return dict(tables=tables, odds_ratio=[table.oddsratio_pooled, *table.oddsratio_pooled_confint()], test=[test.statistic, test.pvalue], difference=sato(tables))


def survival(active, control):
    def censored(arm):
        return stats.CensoredData(uncensored=[t for t, e in arm if e], right=[t for t, e in arm if not e])

    def curve(arm):
        of = stats.ecdf(censored(arm)).sf
        limits = of.confidence_interval(method="log-log")
        times = sorted({t for t, e in arm if e})
        error = SurvfuncRight([t for t, _ in arm], [int(e) for _, e in arm])
        assert list(error.surv_times) == times
        return dict(times=times, survival=of.evaluate(times), low=limits.low.evaluate(times), high=limits.high.evaluate(times), se=error.surv_prob_se)
    test = stats.logrank(censored(active), censored(control))
    return dict(active=active, control=control, curves=[curve(active), curve(control)], chi_square=test.statistic**2, p=test.pvalue)


def made_up(rng, n, scale):
    times = np.ceil(rng.exponential(scale, n))  # whole days: many ties
    return [[float(min(t, 30)), bool(t < 30 and rng.random() < 0.7)] for t in times]


def logistic(rng, n):
    x = np.column_stack([np.ones(n), rng.integers(0, 2, n), np.round(rng.normal(50, 12, n), 1), np.round(rng.normal(0, 0.01, n), 4)])
    y = rng.random(n) < 1 / (1 + np.exp(-(-4 + 0.7 * x[:, 1] + 0.06 * x[:, 2] - 30 * x[:, 3])))
    fit = Logit(y.astype(float), x).fit(disp=0, tol=1e-13, method="newton", maxiter=100)
    return dict(x=x, y=y.tolist(), beta=fit.params, se=fit.bse, log_likelihood=fit.llf)


def plain(x):
    if isinstance(x, dict):
        return {k: plain(v) for k, v in x.items()}
    if isinstance(x, (list, tuple, np.ndarray)):
        return [plain(v) for v in x]
    if isinstance(x, (float, np.floating)):
        return float(x) if np.isfinite(x) else None
    return x


if __name__ == "__main__":
    rng = np.random.default_rng(20261129)
    golden = dict(
        pairs=[pair(*of) for of in PAIRS],
        strata=[strata([(4, 16, 2, 21), (4, 14, 0, 9), (2, 16, 2, 16)]), strata([(10, 30, 5, 40), (1, 2, 0, 1), (7, 8, 6, 9)]), strata([(3, 3, 1, 2)] * 7 + [(0, 1, 2, 4)] * 5)],
        survival=[survival(made_up(rng, n, 20.0), made_up(rng, m, 12.0)) for n, m in ((46, 46), (9, 14))],
        logistic=[logistic(rng, n) for n in (30, 60)],
    )
    with open(f"{sys.argv[1]}/counts.json", "w") as out:
        json.dump(plain(golden), out, indent=0)
        out.write("\n")
