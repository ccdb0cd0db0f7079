//! Numbers and names of a trial as a reader has them.

use crate::report::figures::Interval;
use crate::report::html::number;
use crate::trial::results::{AncovaRow, Estimate, Test};
use crate::trial::{ByArm, Covariate, Direction, Missing, Results, digits};

/// Decimals with which the standard error, or else a quarter of the interval, has two digits.
pub(super) fn decimals(of: &Estimate) -> usize {
    let limits = of.low.zip(of.high).map(|(low, high)| (high - low) / 4.0);
    decimals_of(of.se.or(limits).unwrap_or(of.value))
}

/// Decimals with which a spread has two digits.
pub(super) fn decimals_of(spread: f64) -> usize {
    digits::decimals(spread)
}

/// A number with so many decimals and a true minus sign, with its power of ten where it is very small; a dash where it is not finite.
pub(super) fn fitted(value: f64, decimals: usize) -> String {
    match value.is_finite() {
        true => digits::written(value, decimals).replace('-', "−"),
        false => "–".to_owned(),
    }
}

/// `−1.10 (−1.72 to −0.48)`
pub(super) fn with_limits(of: &Estimate) -> String {
    limits_at(of, decimals(of))
}

/// The same with so many decimals.
pub(super) fn limits_at(of: &Estimate, decimals: usize) -> String {
    limits_as(of, |v| fitted(v, decimals))
}

/// A value and its limits, each as `said`; a line is broken before the limits and nowhere else.
fn limits_as(of: &Estimate, said: impl Fn(f64) -> String) -> String {
    let value = said(of.value);
    match (of.low, of.high) {
        (None, None) => format!("{value} (no\u{a0}limits)"),
        (low, high) => {
            let low = low.map_or("−∞".to_owned(), &said);
            let high = high.map_or("∞".to_owned(), &said);
            format!("{value} ({low}\u{a0}to\u{a0}{high})")
        }
    }
}

/// Without the 0 before the point: `.08`, `−.38`.
pub(super) fn bare(value: f64, decimals: usize) -> String {
    let text = number(value, decimals);
    match text.strip_prefix('−') {
        Some(rest) => format!("−{}", rest.strip_prefix('0').unwrap_or(rest)),
        None => text.strip_prefix('0').unwrap_or(&text).to_owned(),
    }
}

/// Participants of the active arm and of the control arm.
pub(super) fn both(n: ByArm<usize>) -> String {
    format!("{}\u{a0}+\u{a0}{}", n.active, n.control)
}

/// A dash where there is nothing.
pub(super) fn or_dash<T>(of: Option<T>, said: impl FnOnce(T) -> String) -> String {
    of.map_or_else(|| "–".to_owned(), said)
}

/// A share from 0 to 1 in percent.
pub(super) fn in_percent(of: &Estimate) -> Estimate {
    let times = |v: f64| 100.0 * v;
    Estimate {
        value: times(of.value),
        se: of.se.map(times),
        low: of.low.map(times),
        high: of.high.map(times),
    }
}

/// Percentage points with one decimal: `28.3 (8.0 to 46.3)`.
pub(super) fn points(of: &Estimate) -> String {
    limits_at(&in_percent(of), 1)
}

/// A coefficient without the 0 before the point, as journals have it: `−.16 (−.38 to .08)`.
pub(super) fn coefficient(of: &Estimate) -> String {
    limits_as(of, |v| bare(v, 2))
}

/// `−3.54 (72)`: the statistic and its degrees of freedom.
pub(super) fn statistic(of: &Test) -> String {
    let value = number(of.statistic, 2);
    match of.dof {
        Some(dof) if dof.fract() == 0.0 => format!("{value}\u{a0}({dof:.0})"),
        Some(dof) => format!("{value}\u{a0}({dof:.1})"),
        None => value,
    }
}

/// `18/46 (39.1 %)`
pub(super) fn share(n: usize, of: usize) -> String {
    match of {
        0 => format!("{n}/0"),
        _ => format!("{n}/{of} ({}\u{a0}%)", number(100.0 * n as f64 / of as f64, 1)),
    }
}

/// A session's name without `ses-`.
pub(super) fn session(name: &str) -> &str {
    name.strip_prefix("ses-").unwrap_or(name)
}

/// What was done where values lack.
pub(super) fn way(of: Missing) -> &'static str {
    match of {
        Missing::Observed => "observed",
        Missing::Bocf => "baseline carried forward",
        Missing::Locf => "last value carried forward",
    }
}

/// A name with its unit.
pub(super) fn with_unit(name: &str, unit: Option<&str>) -> String {
    match unit {
        Some(unit) if !unit.is_empty() => format!("{name} ({unit})"),
        _ => name.to_owned(),
    }
}

/// The first letter large.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Strata that all of some rows are adjusted for, and those that some of them alone are; `one_level`: of each row, the strata that are the same in all analysed.
pub(super) fn strata<'a>(
    of: &Results,
    one_level: impl Iterator<Item = &'a [String]>,
) -> [Vec<String>; 2] {
    let rows: Vec<&[String]> = one_level.collect();
    let lacks = |column: &String| rows.iter().filter(|row| row.contains(column)).count();
    let (all, rest): (Vec<&String>, Vec<&String>) =
        of.plan.strata.iter().partition(|column| lacks(column) == 0);
    let some = rest.into_iter().filter(|column| lacks(column) < rows.len());
    [all.into_iter().cloned().collect(), some.cloned().collect()]
}

/// `adjusted for baseline, site, age and sex`, strata and covariates as a table's rows have them; `one_level`: as of [`strata`].
pub(super) fn adjusted<'a>(of: &Results, one_level: impl Iterator<Item = &'a [String]>) -> String {
    let [all, some] = strata(of, one_level);
    let names: Vec<String> =
        all.into_iter().chain(of.plan.covariates.iter().map(Covariate::called)).collect();
    let text = match names.as_slice() {
        [] => "adjusted for baseline".to_owned(),
        [one] => format!("adjusted for baseline and {one}"),
        [all @ .., last] => format!("adjusted for baseline, {} and {last}", all.join(", ")),
    };
    match some.as_slice() {
        [] => text,
        some => format!("{text}, some rows also for {}", some.join(" and ")),
    }
}

/// The same of rows by analysis of covariance.
pub(super) fn adjusted_rows(of: &Results, rows: &[&AncovaRow]) -> String {
    adjusted(of, rows.iter().map(|row| row.one_level.as_slice()))
}

/// The arms' names, the active one first, as all figures have them.
pub(super) fn arms(of: &Results) -> [String; 2] {
    [of.arms.active.clone(), of.arms.control.clone()]
}

/// `95 % CI`, with the plan's confidence.
pub(super) fn ci(of: &Results) -> String {
    let percent = 100.0 * of.plan.conf;
    let text = number(percent, usize::from((percent - percent.round()).abs() > 1e-9));
    format!("{text}\u{a0}%\u{a0}CI")
}

/// An estimate for a drawing; none where it has a limit on neither side.
pub(super) fn drawn(of: &Estimate) -> Option<Interval> {
    if of.low.is_none() && of.high.is_none() || !of.value.is_finite() {
        return None;
    }
    Some(Interval {
        value: of.value,
        low: of.low.unwrap_or(f64::NEG_INFINITY),
        high: of.high.unwrap_or(f64::INFINITY),
    })
}

/// The same with the sign turned where lower is better, so that more is better.
pub(super) fn turned(of: &Estimate, direction: Option<Direction>) -> Estimate {
    match direction {
        Some(Direction::Lower) => Estimate {
            value: -of.value,
            se: of.se,
            low: of.high.map(|v| -v),
            high: of.low.map(|v| -v),
        },
        _ => *of,
    }
}
