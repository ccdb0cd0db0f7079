"""Goldens of a trial's edges and covariates: statsmodels' OLS of every edge with its false discovery rate, and of pain with covariates.

usage: python tests/oracles/trial_adjusted.py GOLDENS
GOLDENS/trial has participants.tsv and phenotype/, and gets golden_edges.json and golden_covariates.json. Fisher's z and heart rate are made up here and in tests/trial by one rule.
Needs: pip install statsmodels==0.15.0 pandas
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels
import statsmodels.api as sm
from statsmodels.stats.multitest import multipletests

folder = Path(sys.argv[1]) / "trial"
people = pd.read_csv(folder / "participants.tsv", sep="\t")
ARM, CONTROL, N_EDGES, CONF = "arm", "placebo", 6, 0.95


def z(k, visit, edge, run):
    """Of the k-th participant (from 1); hundredths, so that text and number are one."""
    noise = (k * 29 + visit * 53 + edge * 17 + k * edge * 7 + run * 11) % 101 - 50
    drug = 30 if edge == 2 and visit == 1 and people[ARM][k - 1] != CONTROL else 0
    return (noise + drug) / 100


def of_visit(k, visit, edge):
    """Mean over runs: some have two at the endpoint; NaN where one lacks it."""
    if visit == 1 and k % 11 == 0 or edge == 3 and visit == 0 and k % 7 == 0:
        return np.nan
    runs = [0, 1] if visit == 1 and k % 5 == 0 else [0]
    return sum(z(k, visit, edge, run) for run in runs) / len(runs)


def interval(fit, weights):
    found = fit.t_test(np.asarray(weights, float))
    low, high = found.conf_int(1 - CONF)[0]
    return dict(value=found.effect[0], se=float(found.sd[0, 0]), low=low, high=high, t=float(found.tvalue[0, 0]), p=float(found.pvalue))


def ancova(before, after, strata, numbers=(), words=()):
    kept = np.isfinite(before) & np.isfinite(after)
    for values in numbers:
        kept &= np.isfinite(values)
    for name in words:
        kept &= people[name].notna().to_numpy()
    base, post = before[kept], after[kept]
    active = (people[ARM] != CONTROL).to_numpy(float)[kept]
    columns, at = [np.ones(kept.sum()), active], [1.0, 0.0]
    for name in [*strata, *(["-"] if numbers else []), *words]:
        if name == "-":
            columns += [values[kept] - values[kept].mean() for values in numbers]
            at += [0.0] * len(numbers)
            continue
        levels = sorted(people[name].astype(str)[kept].unique())
        for level in levels[1:]:
            columns.append((people[name].astype(str)[kept] == level).to_numpy(float))
            at.append(1 / len(levels))
    fit = sm.OLS(post, np.column_stack([*columns, base - base.mean()])).fit()
    at.append(0.0)
    robust = fit.get_robustcov_results("HC3").bse[1]
    arm = interval(fit, [float(c == 1) for c in range(len(at))])
    out = dict(n_active=int(active.sum()), n_control=int((1 - active).sum()), dof=fit.df_resid, difference=arm, hc3_se=robust, sigma=fit.mse_resid**0.5)
    for name, indicator in (("control", 0.0), ("active", 1.0)):
        found = interval(fit, [at[0], indicator, *at[2:]])
        out[f"{name}_baseline"] = base[active == indicator].mean()
        out[f"{name}_change"] = {part: found[part] - base.mean() for part in ("value", "low", "high")}
    return out


ks = range(1, len(people) + 1)


def zs(edge):
    return [np.array([of_visit(k, visit, edge) for k in ks]) for visit in (0, 1)]


golden = {"made_by": f"statsmodels {statsmodels.__version__}"}
for name, strata in (("plain", []), ("site", ["site"])):
    edges = [ancova(*zs(e), strata) for e in range(N_EDGES)]
    for edge, q in zip(edges, multipletests([e["difference"]["p"] for e in edges], method="fdr_bh")[1]):
        edge["q"] = q
    golden[name] = edges
(folder / "golden_edges.json").write_text(json.dumps(golden, indent=1) + "\n")


def heart_rate(k, visit):
    """Beats a minute; some have none after treatment."""
    return np.nan if visit == 1 and k % 13 == 0 else 55.0 + (k * 7 + visit * (k % 4 + 2) * 5) % 23


scores = pd.read_csv(folder / "phenotype/questionnaires.tsv", sep="\t").set_index(["participant_id", "session_id"]).nrs
pain = [scores.reindex([(who, session) for who in people.participant_id]).to_numpy(float) for session in ("ses-baseline", "ses-week13")]
age = people.age.to_numpy(float)
rates = [np.array([heart_rate(k, visit) for k in ks]) for visit in (0, 1)]
golden = {
    "made_by": f"statsmodels {statsmodels.__version__}",
    "age": ancova(*pain, [], [age]),
    "site, age and sex": ancova(*pain, ["site"], [age], ["sex"]),
    "heart rate": ancova(*pain, [], [rates[0]]),
    "age and change of heart rate": ancova(*pain, [], [age, rates[1] - rates[0]]),
    "edge 2 with age": ancova(*zs(2), [], [age]),
}
(folder / "golden_covariates.json").write_text(json.dumps(golden, indent=1) + "\n")
