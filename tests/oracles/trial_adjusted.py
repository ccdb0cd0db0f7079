"""Golden of edges between regions in a trial: statsmodels' OLS of every edge, and its false discovery rate.

usage: python tests/oracles/trial_adjusted.py GOLDENS
GOLDENS/trial has participants.tsv, and gets golden_edges.json. Fisher's z is made up here and in tests/trial/edges.rs by one rule.
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


def ancova(before, after, strata):
    kept = np.isfinite(before) & np.isfinite(after)
    base, post = before[kept], after[kept]
    active = (people[ARM] != CONTROL).to_numpy(float)[kept]
    columns, at = [np.ones(kept.sum()), active], [1.0, 0.0]
    for name in strata:
        levels = sorted(people[name].astype(str)[kept].unique())
        for level in levels[1:]:
            columns.append((people[name].astype(str)[kept] == level).to_numpy(float))
            at.append(1 / len(levels))
    fit = sm.OLS(post, np.column_stack([*columns, base - base.mean()])).fit()
    at.append(0.0)
    arm = interval(fit, [float(c == 1) for c in range(len(at))])
    out = dict(n_active=int(active.sum()), n_control=int((1 - active).sum()), dof=fit.df_resid, difference=arm)
    for name, indicator in (("control", 0.0), ("active", 1.0)):
        found = interval(fit, [at[0], indicator, *at[2:]])
        out[f"{name}_baseline"] = base[active == indicator].mean()
        out[f"{name}_change"] = {part: found[part] - base.mean() for part in ("value", "low", "high")}
    return out


golden = {"made_by": f"statsmodels {statsmodels.__version__}"}
ks = range(1, len(people) + 1)
for name, strata in (("plain", []), ("site", ["site"])):
    edges = [ancova(*(np.array([of_visit(k, v, e) for k in ks]) for v in (0, 1)), strata) for e in range(N_EDGES)]
    for edge, q in zip(edges, multipletests([e["difference"]["p"] for e in edges], method="fdr_bh")[1]):
        edge["q"] = q
    golden[name] = edges
(folder / "golden_edges.json").write_text(json.dumps(golden, indent=1) + "\n")
