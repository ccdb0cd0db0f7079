"""Golden of group models: statsmodels (OLS, AnovaRM) and scipy (t tests) on made-up maps.

    python tests/oracles/group.py tests/goldens

A case is a table, the words of a command line, what is missing (map, voxel) and what the maps must hold. Map k has at each voxel the sum of
four uniform numbers of SplitMix64 seeded with 1000 + k, less 1.6, as float32: the test makes the same maps from the same rule.
"""
import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import patsy
import scipy
import statsmodels
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.anova import AnovaRM

# A column a subject beside the cells is one too many; the contrasts are estimable.
warnings.filterwarnings("ignore", message="The design matrix is rank-deficient")
N_VOXELS = 12
BITS = (1 << 64) - 1


def image(k):
    state, values = 1000 + k, []
    for _ in range(N_VOXELS):
        total = 0.0
        for _ in range(4):
            state = (state + 0x9E3779B97F4A7C15) & BITS
            z = state
            z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & BITS
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & BITS
            total += ((z ^ (z >> 31)) >> 11) / (1 << 53)
        values.append(total - 1.6)
    return np.array(values, dtype=np.float32).astype(np.float64)


def maps(table):
    return np.array([image(int(name[1:-4])) for name in table.effect])


def table(**columns):
    """A table whose row k is map k."""
    frame = pd.DataFrame(columns)
    frame["effect"] = [f"m{k}.nii" for k in range(len(frame))]
    return frame


CASES = {}


def listed(values):
    return [float(f"{v:.9g}") if np.isfinite(v) else None for v in np.broadcast_to(values, N_VOXELS)]


def case(name, frame, arguments, want, missing=()):
    text = frame.to_csv(sep="\t", index=False, na_rep="n/a")
    want = {contrast: {stat: listed(v) for stat, v in by.items()} for contrast, by in want.items()}
    CASES[name] = {"table": text, "arguments": arguments.split("|"), "missing": [list(m) for m in missing], "want": want}


def at_each(y, fit):
    """What `fit` says of each voxel, `[row][voxel]` in."""
    found = [fit(y[:, v], v) for v in range(y.shape[1])]
    return {key: np.array([f[key] for f in found]) for key in found[0]}


def t_of(x, weights):
    def fit(y, _):
        keep = np.isfinite(y)
        test = sm.OLS(y[keep], x[keep]).fit().t_test(np.asarray(weights, dtype=float))
        effect, error = float(np.squeeze(test.effect)), float(np.squeeze(test.sd))
        return {"t": float(np.squeeze(test.tvalue)), "effect": effect, "variance": error**2, "dof": float(test.df_denom),
                "p": float(stats.t.sf(np.squeeze(test.tvalue), test.df_denom))}
    return fit


def f_of(x, weights):
    def fit(y, _):
        test = sm.OLS(y, x).fit().f_test(np.asarray(weights, dtype=float))
        return {"F": float(np.squeeze(test.fvalue)), "dof": float(test.df_denom), "p": float(test.pvalue)}
    return fit


def test_of(result, effect, sd):
    """A t test of scipy."""
    return {"t": result.statistic, "effect": effect, "variance": sd**2, "dof": result.df, "p": stats.t.sf(result.statistic, result.df)}


def two(a, b, equal=True, scale=1.0):
    r = stats.ttest_ind(a, b, equal_var=equal)
    effect = scale * (a.mean(0) - b.mean(0))
    return test_of(r, effect, effect / r.statistic)


def one(y):
    r = stats.ttest_1samp(y, 0)
    return test_of(r, y.mean(0), y.mean(0) / r.statistic)


def dummies(column, levels):
    return np.stack([(np.asarray(column) == level).astype(float) for level in levels], axis=1)


rng = np.random.default_rng(11)
ages = np.round(rng.normal(45, 10, 40), 3)
ratings = np.round(rng.uniform(0, 10, 60), 2)

# One, two and three samples.
d = table(subject=[f"s{i}" for i in range(11)])
case("one-sample", d, "--model|one-sample", {"mean": one(maps(d))})
case("zeros-missing", d, "--model|one-sample|--min-subjects|9", {"mean": at_each(maps(d), lambda y, v: t_of(
    np.ones((11, 1)), [1])(np.where((np.arange(11) == 2) & (v == 5), np.nan, y), v))}, [(2, 5, 0)])
case("zeros-count", d, "--model|one-sample|--zeros-count", {"mean": at_each(maps(d), lambda y, v: t_of(
    np.ones((11, 1)), [1])(np.where((np.arange(11) == 2) & (v == 5), 0, y), v))}, [(2, 5, 0)])
two_groups = ["drug"] * 7 + ["placebo"] * 9
d = table(subject=[f"s{i}" for i in range(16)], group=two_groups, age=ages[:16], rating=ratings[:16])
y, g = maps(d), dummies(d.group, ["drug", "placebo"])
case("two-sample", d, "--model|two-sample", {"drugMinusPlacebo": two(y[:7], y[7:])})
case("welch", d, "--model|two-sample|--variance|welch", {"drugMinusPlacebo": two(y[:7], y[7:], equal=False)})
case("one-of-two", d, "--model|two-sample|--contrast|a=drug|--contrast|b=placebo|--contrast|c=3*drug - placebo",
     {n: at_each(y, t_of(g, w)) for n, w in {"a": [1, 0], "b": [0, 1], "c": [3, -1]}.items()})
case("mean-of-groups", d, "--model|one-sample|--between|group", {"mean": at_each(y, t_of(g, [0.5, 0.5]))})
overall = (d.age - d.age.mean()).to_numpy()
by_group = (d.age - d.groupby("group").age.transform("mean")).to_numpy()
for how, age in {"overall": overall, "group": by_group, "none": d.age.to_numpy()}.items():
    x = np.c_[g, age]
    weights = {"drugMinusPlacebo": [1, -1, 0], "drug": [1, 0, 0], "age": [0, 0, 1]}
    case(f"ancova-{how}", d, f"--model|ancova|--covariates|age|--centre|{how}|--contrast|drug - placebo|--contrast|drug|--contrast|age",
         {n: at_each(y, t_of(x, w)) for n, w in weights.items()})
x = np.c_[g, overall, d.rating - d.rating.mean()]
case("ancova-two", d, "--model|ancova|--covariates|age,rating", {"drugMinusPlacebo": at_each(y, t_of(x, [1, -1, 0, 0]))})
ones = np.ones(16)
x = np.c_[ones, overall, d.rating - d.rating.mean()]
case("regression", d, "--model|regression|--covariates|age,rating|--contrast|age|--contrast|rating|--contrast|mean|--f-contrast|both=age; rating",
     {"age": at_each(y, t_of(x, [0, 1, 0])), "rating": at_each(y, t_of(x, [0, 0, 1])), "mean": at_each(y, t_of(x, [1, 0, 0])),
      "both": at_each(y, f_of(x, [[0, 1, 0], [0, 0, 1]]))})
lacking = d.copy()
lacking.loc[[3, 12], "age"] = np.nan
x = np.c_[g, d.age][np.isfinite(lacking.age)]
x[:, 2] -= x[:, 2].mean()
case("covariate-unknown", lacking, "--model|ancova|--covariates|age", {
    "drugMinusPlacebo": at_each(y[np.isfinite(lacking.age)], t_of(x, [1, -1, 0]))})
d3 = table(subject=[f"s{i}" for i in range(16)], group=["a"] * 5 + ["b"] * 4 + ["c"] * 7)
g3 = dummies(d3.group, "abc")
case("three-groups", d3, "--model|one-sample|--between|group|--f-contrast|any=a - b; b - c|--f-contrast|twice=a - b; b - c; a - c|--contrast|a - b", {
    "any": at_each(y, f_of(g3, [[1, -1, 0], [0, 1, -1]])), "twice": at_each(y, f_of(g3, [[1, -1, 0], [0, 1, -1]])),
    "aMinusB": at_each(y, t_of(g3, [1, -1, 0]))})

# Voxels that some subjects lack: each pattern of who is there is a model of its own.
lost = [(0, 1), (3, 1), (9, 1), (15, 2), (14, 2), (1, 4), (2, 4), (8, 7), (0, 7)]
holes = y.copy()
for k, v in lost:
    holes[k, v] = np.nan
n = np.isfinite(holes).sum(0).astype(float)
x = np.c_[g, overall]
want = at_each(holes, t_of(x, [1, -1, 0]))
case("min-subjects", d, "--model|ancova|--covariates|age|--min-subjects|10", {"drugMinusPlacebo": want | {"n": n}}, lost)


def welch_of(y, v):
    keep = np.isfinite(y)
    r = two(y[:7][keep[:7]][:, None], y[7:][keep[7:]][:, None], equal=False)
    return {key: float(np.squeeze(value)) for key, value in r.items()}


case("min-subjects-welch", d, "--model|two-sample|--variance|welch|--min-subjects|10",
     {"drugMinusPlacebo": at_each(holes, welch_of) | {"n": n}}, lost)

# Two maps a subject.
d = table(subject=[f"s{i // 2}" for i in range(20)], session=["pre", "post"] * 10, age=np.repeat(ages[:10], 2), rating=ratings[:20])
y = maps(d)
change = y[1::2] - y[::2]
case("paired", d, "--model|paired", {"postMinusPre": one(change)})
case("paired-scaled", d, "--model|paired|--contrast|a=2*post - 2*pre|--contrast|b=(pre - post)/4|--contrast|c=(pre + post)/2",
     {"a": at_each(change, t_of(np.ones((10, 1)), [2])), "b": at_each(change, t_of(np.ones((10, 1)), [-0.25])),
      "c": one((y[1::2] + y[::2]) / 2)})
r = d.rating.to_numpy()
for how in ["overall", "none"]:
    moved = r[1::2] - r[::2]
    moved = moved - moved.mean() if how == "overall" else moved
    x = np.c_[np.ones(10), moved, ages[:10] - ages[:10].mean() if how == "overall" else ages[:10]]
    case(f"paired-covariates-{how}", d, f"--model|paired|--covariates|rating,age|--centre|{how}|--contrast|post - pre|--contrast|rating|--contrast|age", {
        "postMinusPre": at_each(change, t_of(x, [1, 0, 0])), "rating": at_each((y[1::2] + y[::2]) / 2, t_of(np.c_[
            np.ones(10), (r[1::2] + r[::2]) / 2, x[:, 2]], [0, 1, 0])),
        "age": at_each((y[1::2] + y[::2]) / 2, t_of(np.c_[np.ones(10), (r[1::2] + r[::2]) / 2, x[:, 2]], [0, 0, 1]))})
unmatched = d.drop(index=[3, 8])
kept = [i for i in range(10) if i not in (1, 4)]
case("paired-unmatched", unmatched, "--model|paired", {"postMinusPre": one(change[kept])})

# Two groups, two maps a subject.
group = ["drug"] * 6 + ["placebo"] * 8
d = table(subject=[f"s{i // 2}" for i in range(28)], group=np.repeat(group, 2), session=["pre", "post"] * 14, rating=ratings[:28])
y = maps(d)
change, mean, g = y[1::2] - y[::2], (y[1::2] + y[::2]) / 2, dummies(group, ["drug", "placebo"])
case("mixed", d, "--model|2x2-mixed", {"interaction": two(change[:6], change[6:]), "group": two(mean[:6], mean[6:]),
                                       "session": at_each(change, t_of(g, [0.5, 0.5]))})
case("mixed-welch", d, "--model|2x2-mixed|--contrast|interaction|--variance|welch", {
    "interaction": two(change[:6], change[6:], equal=False)})
expression = "drug:post - drug:pre - (placebo:post - placebo:pre)"
case("mixed-expressions", d, f"--model|2x2-mixed|--contrast|i={expression}|--contrast|a=drug:post - drug:pre|--contrast|b=placebo:pre|"
     "--contrast|h=0.5*drug:post - 0.5*drug:pre - 0.5*placebo:post + 0.5*placebo:pre", {
         "i": two(change[:6], change[6:]), "a": at_each(change, t_of(g, [1, 0])), "b": at_each(y[::2], t_of(g, [0, 1])),
         "h": two(change[:6], change[6:], scale=0.5)})
r = d.rating.to_numpy()
moved, mean_r = r[1::2] - r[::2], (r[1::2] + r[::2]) / 2
case("mixed-covariate", d, "--model|2x2-mixed|--covariates|rating", {
    "interaction": at_each(change, t_of(np.c_[g, moved - moved.mean()], [1, -1, 0])),
    "group": at_each(mean, t_of(np.c_[g, mean_r - mean_r.mean()], [1, -1, 0])),
    "session": at_each(change, t_of(np.c_[g, moved - moved.mean()], [0.5, 0.5, 0]))})
cells = dummies([a + b for a, b in zip(d.group, d.session)], ["drugpre", "drugpost", "placebopre", "placebopost"])
subjects = dummies(d.subject, d.subject.unique())
x = np.c_[cells, subjects]
nothing = [0] * 14
case("mixed-pooled", d, "--model|2x2-mixed|--error|pooled|--contrast|interaction|--contrast|session", {
    "interaction": at_each(y, t_of(x, [-1, 1, 1, -1] + nothing)), "session": at_each(y, t_of(x, [-0.5, 0.5, -0.5, 0.5] + nothing))})
x = np.c_[cells, r - r.mean(), subjects]
case("mixed-pooled-covariate", d, "--model|2x2-mixed|--error|pooled|--covariates|rating|--contrast|interaction|--contrast|rating", {
    "interaction": at_each(y, t_of(x, [-1, 1, 1, -1, 0] + nothing)), "rating": at_each(y, t_of(x, [0, 0, 0, 0, 1] + nothing))})
unmatched = d.drop(index=[2, 21])
kept = np.array([i not in (1, 10) for i in range(14)])
case("mixed-unmatched", unmatched, "--model|2x2-mixed|--contrast|interaction|--contrast|a=drug:post - placebo:post", {
    "interaction": two(change[:6][kept[:6]], change[6:][kept[6:]]),
    "a": at_each(y[1::2][np.arange(14) != 10], t_of(g[np.arange(14) != 10], [1, -1]))})
case("mixed-holes", d, "--model|2x2-mixed|--contrast|interaction|--min-subjects|12", {"interaction": at_each(
    change, lambda y, v: t_of(g, [1, -1])(np.where((np.arange(14) == 3) & (v == 8), np.nan, y), v))}, [(6, 8)])

# A crossover: four maps a subject, the drug first in half of them.
n = 9
first = np.arange(n) % 2 == 0
rows = [(f"s{i}", a, c, (1 if a == "mln" else 2) if first[i] else (2 if a == "mln" else 1))
        for i in range(n) for a in ["mln", "pla"] for c in ["pain", "base"]]
s, a, c, p = zip(*rows)
d = table(subject=s, drug=a, condition=c, period=p)
y = maps(d).reshape(n, 2, 2, N_VOXELS)
drug, condition = y[:, 0].mean(1) - y[:, 1].mean(1), y[:, :, 0].mean(1) - y[:, :, 1].mean(1)
interaction = y[:, 0, 0] - y[:, 0, 1] - y[:, 1, 0] + y[:, 1, 1]
order = np.where(first, -1.0, 1.0)
within = "--model|2x2-within|--within|drug,condition"
case("within-period", d, within, {"interaction": one(interaction), "condition": one(condition),
                                  "drug": at_each(drug, t_of(np.c_[np.ones(n), order], [1, 0]))})
case("within", d.drop(columns="period"), within, {"interaction": one(interaction), "condition": one(condition), "drug": one(drug)})
simple = y[:, 0, 0] - y[:, 1, 0]
case("within-simple", d, within + "|--contrast|a=mln:pain - pla:pain|--contrast|b=mln:pain|"
      "--contrast|m=(mln:pain + mln:base + pla:pain + pla:base)/4", {
    "m": one(y.mean((1, 2))),
    "a": at_each(simple, t_of(np.c_[np.ones(n), order], [1, 0])),
    "b": at_each(y[:, 0, 0], t_of(np.c_[np.ones(n), np.where(first, -0.5, 0.5)], [1, 0]))})


def anova(frame, factors, names):
    y = maps(frame)
    found = {name: {"F": [], "dof": [], "p": []} for name in names.values()}
    for v in range(N_VOXELS):
        rows = AnovaRM(frame.assign(y=y[:, v]), "y", "subject", within=factors).fit().anova_table
        for row, name in names.items():
            found[name]["F"].append(rows.loc[row, "F Value"])
            found[name]["dof"].append(rows.loc[row, "Den DF"])
            found[name]["p"].append(rows.loc[row, "Pr > F"])
    return {name: {k: np.array(v) for k, v in by.items()} for name, by in found.items()}


def crossed(n, factors):
    names = list(factors)
    rows = [[]]
    for levels in factors.values():
        rows = [row + [level] for row in rows for level in levels]
    all_rows = [[f"s{i}"] + row for i in range(n) for row in rows]
    return table(**dict(zip(["subject"] + names, map(list, zip(*all_rows)))))


d = crossed(8, {"dose": ["none", "low", "mid", "high"]})
want = anova(d, ["dose"], {"dose": "dose"})
case("one-way", d, "--model|one-way-rm|--within|dose", want)
x = np.c_[dummies(d.dose, ["none", "low", "mid", "high"]), dummies(d.subject, d.subject.unique())]
slopes = [[-1, 1, 0, 0] + [0] * 8, [-1, 0, 1, 0] + [0] * 8, [-1, 0, 0, 1] + [0] * 8]
case("one-way-pooled", d, "--model|one-way-rm|--within|dose|--error|pooled", {"dose": at_each(maps(d), f_of(x, slopes))})
y = maps(d).reshape(8, 4, N_VOXELS)
case("one-way-trend", d, "--model|one-way-rm|--within|dose|--contrast|trend=-3*none - low + mid + 3*high",
     {"trend": one(np.einsum("sdv,d->sv", y, np.array([-3.0, -1, 1, 3])))})
d = crossed(7, {"drug": ["mln", "pla"], "dose": ["none", "low", "high"]})
case("two-way", d, "--model|two-way-rm|--within|drug,dose",
     anova(d, ["drug", "dose"], {"drug": "drug", "dose": "dose", "drug:dose": "drugDose"}))

# Formulas: patsy's columns, the levels in the order of the table.
def formula(name, frame, text, contrasts, arguments="", kept=None, f_contrasts=None):
    """`contrasts`: label of the output by column names with weights."""
    used = frame if kept is None else frame.iloc[kept]
    coded = used.copy()
    for column in ["group", "session", "subject", "site"]:
        if column in coded:
            coded[column] = pd.Categorical(coded[column], categories=list(dict.fromkeys(used[column])))
    right = text.split("~")[-1]
    x = patsy.dmatrix(right, coded, return_type="dataframe")
    y = maps(used)
    want, words = {}, f"--model|{text}"
    for label, weights in contrasts.items():
        row = np.array([weights.get(c, 0) for c in x.columns], dtype=float)
        assert set(weights) <= set(x.columns), (set(weights) - set(x.columns), list(x.columns))
        want[label] = at_each(y, t_of(x.to_numpy(), row))
        words += f"|--contrast|{label}=" + " + ".join(f"{w}*{c}" for c, w in weights.items())
    for label, columns in (f_contrasts or {}).items():
        rows = np.array([[float(c == own) for c in x.columns] for own in columns])
        want[label] = at_each(y, f_of(x.to_numpy(), rows))
        words += f"|--f-contrast|{label}=" + "; ".join(columns)
    # p of t is held by the other cases.
    want = {label: {k: v for k, v in by.items() if k != "p"} for label, by in want.items()}
    case(name, frame, words + arguments, want)
    CASES[name]["columns"] = list(x.columns)


d = table(subject=[f"s{i}" for i in range(20)], group=["placebo", "drug", "drug", "other"] * 5, site=(["b", "a"] * 10)[:7] + ["a"] * 8 + ["b"] * 5,
          age=ages[:20], dose=[1, 2, 3, 1, 2] * 4)
formula("formula-factor", d, "effect ~ group + age", {"drug": {"group[T.drug]": 1}, "age": {"age": 1}, "placebo": {"Intercept": 1},
        "both": {"group[T.drug]": 1, "group[T.other]": -1}}, f_contrasts={"group": ["group[T.drug]", "group[T.other]"]})
formula("formula-no-intercept", d, "group + age - 1", {"a": {"group[drug]": 1, "group[placebo]": -1}, "b": {"group[other]": 1}})
formula("formula-zero", d, "0 + group:site", {"a": {"group[drug]:site[b]": 1, "group[placebo]:site[a]": -1}})
formula("formula-crossed", d, "~ group * age", {"a": {"group[T.drug]:age": 1}, "b": {"age": 1}, "c": {"Intercept": 1}},
        f_contrasts={"slopes": ["group[T.drug]:age", "group[T.other]:age"]})
formula("formula-two-factors", d, "site * group + age", {"a": {"site[T.a]:group[T.drug]": 1}, "b": {"site[T.a]": 1}})
formula("formula-nested", d, "site + site:group", {"a": {"site[b]:group[T.drug]": 1}, "b": {"site[a]:group[T.other]": 1, "site[T.a]": 1}})
formula("formula-interaction", d, "group:site", {"a": {"Intercept": 1}, "b": {"site[T.a]": 1}, "c": {"group[T.drug]:site[b]": 1}})
formula("formula-slopes", d, "age:group", {"a": {"age:group[drug]": 1, "age:group[placebo]": -1}})
formula("formula-numbers", d, "effect ~ C(dose) + age:dose + age", {"a": {"C(dose)[T.2]": 1, "C(dose)[T.3]": -1}, "b": {"age:dose": 1}})
formula("formula-taken-out", d, "(group + site) * age - group:age - age", {"b": {"group[T.drug]": 1}})
formula("formula-three", d, "group:site:age + site - 1", {"a": {"group[drug]:site[a]:age": 1}, "b": {"site[b]": 1}})
lacking = d.copy()
lacking.loc[[4, 9], "age"] = np.nan
formula("formula-unknown", lacking, "group + age", {"a": {"group[T.drug]": 1}}, kept=[i for i in range(20) if i not in (4, 9)])
m = table(subject=[f"s{i // 2}" for i in range(28)], group=np.repeat(group, 2), session=["pre", "post"] * 14, rating=ratings[:28])
formula("formula-sessions", m, "effect ~ group * session + rating", {"i": {"group[T.placebo]:session[T.post]": 1}, "a": {"session[T.post]": 1}})
formula("formula-subjects", m, "effect ~ session + group:session + subject", {"s": {"session[T.post]": 1}})
x = np.c_[np.ones(20), d.age - 40, np.arange(20) % 3]
case("matrix", d, "--model|design.txt|--contrast|a=ev2|--contrast|b=ev1 - 2*ev3|--f-contrast|f=ev2; ev3", {
    "a": at_each(maps(d), t_of(x, [0, 1, 0])), "b": at_each(maps(d), t_of(x, [1, 0, -2])), "f": at_each(maps(d), f_of(x, [[0, 1, 0], [0, 0, 1]]))})
CASES["matrix"]["matrix"] = "/NumWaves\t3\n/NumPoints\t20\n/PPheights\t1 1 1\n\n/Matrix\n" + "".join(
    "\t".join(f"{v:.6e}" for v in row) + "\t\n" for row in x)

golden = {"statsmodels": statsmodels.__version__, "patsy": patsy.__version__, "scipy": scipy.__version__, "seed": "SplitMix64, 1000 + map; covariates numpy default_rng(11)",
          "command": "python tests/oracles/group.py tests/goldens", "voxels": N_VOXELS, "cases": CASES}
(Path(sys.argv[1]) / "group.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
