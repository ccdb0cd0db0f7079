//! Conditioned pain modulation.

use super::outcomes::{primary, table};
use super::words::{
    adjusted_rows, arms, bare, ci, coefficient, decimals_of, fitted, or_dash, session, share,
    with_limits,
};
use crate::report::figures::before_after::{self, BeforeAfter};
use crate::report::figures::{Interval, figure};
use crate::report::grid::Grid;
use crate::report::html::{escaped, number};
use crate::stats::tails::critical_t;
use crate::trial::results::{Cpm, Estimate};
use crate::trial::{Arm, Results};

pub(super) fn section(of: &Results, part: &Cpm) -> String {
    let unit = part
        .ancova
        .iter()
        .find(|row| !row.outcome.contains("percent"))
        .and_then(|row| row.units.clone());
    let visits = [&of.plan.baseline, &of.plan.endpoint].map(|s| session(s).to_owned());
    let arms_drawn = [Arm::Active, Arm::Control].map(|arm| one_arm(of, part, arm)).to_vec();
    let values = BeforeAfter {
        axis: format!(
            "CPM ({}; inhibition is positive)",
            unit.as_deref().unwrap_or(
                match of.plan.cpm.as_ref().is_some_and(|own| own.threshold) {
                    true => "units of the threshold",
                    false => "units of the rating",
                }
            )
        ),
        visits,
        arms: arms_drawn,
    };
    let caption = format!(
        "Absolute CPM of every patient with both visits (thin lines) and the arm's mean with its {} (thick). Sign: {}.",
        ci(of),
        part.sign
    );
    let rows = primary(&part.ancova);
    figure("Conditioned pain modulation", &before_after::draw(&values, "cpm"), &caption)
        + &means(of, &values)
        + &table(&format!("CPM at the endpoint, {}", adjusted_rows(of, &rows)), of, &rows)
        + &facts(of, part)
}

fn one_arm(of: &Results, part: &Cpm, arm: Arm) -> before_after::Arm {
    let at = |name: &str, who: &str| {
        let own =
            |v: &&crate::trial::results::CpmOfVisit| v.session == name && v.participant == who;
        part.visits.iter().find(own).map(|v| v.absolute)
    };
    let pairs: Vec<[f64; 2]> = part
        .visits
        .iter()
        .filter(|v| v.arm == Some(arm) && v.session == of.plan.baseline)
        .filter_map(|v| Some([v.absolute, at(&of.plan.endpoint, &v.participant)?]))
        .collect();
    let means = [0, 1].map(|k| mean(&pairs.iter().map(|p| p[k]).collect::<Vec<_>>(), of.plan.conf));
    before_after::Arm { name: of.arms.get(arm).clone(), pairs, means }
}

/// A mean with t limits; none of fewer than two values.
fn mean(values: &[f64], conf: f64) -> Option<Interval> {
    let n = values.len() as f64;
    if values.len() < 2 {
        return None;
    }
    let value = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - value).powi(2)).sum::<f64>() / (n - 1.0);
    let half = critical_t(0.5 * (1.0 - conf), n - 1.0) * (variance / n).sqrt();
    Some(Interval { value, low: value - half, high: value + half })
}

fn means(of: &Results, values: &BeforeAfter) -> String {
    let heads = ["arm", "patients", &values.visits[0], &values.visits[1]];
    let mut table =
        Grid::new(&format!("Absolute CPM, inhibition positive: mean ({})", ci(of)), &heads, 1);
    for arm in &values.arms {
        let said = |mean: Option<Interval>| {
            or_dash(mean, |m| with_limits(&super::outcomes::estimate(m.value, m.low, m.high)))
        };
        table.row(&[
            arm.name.clone(),
            arm.pairs.len().to_string(),
            said(arm.means[0]),
            said(arm.means[1]),
        ]);
    }
    table.finish()
}

fn facts(of: &Results, part: &Cpm) -> String {
    let [active, control] = arms(of);
    let mut table = Grid::new("Measurement of CPM", &["what", "is"], 1);
    let mut fact = |what: String, is: Option<String>| {
        if let Some(is) = is {
            table.row(&[what, is]);
        }
    };
    fact(
        "standard error of measurement of the test stimulus".to_owned(),
        part.sem.map(|v| fitted(v, decimals_of(v))),
    );
    let repetitions = [part.baseline_repetitions, part.n_repetitions];
    let cutoffs = [part.baseline_cutoff, part.cutoff];
    // Of one number of repetitions there is one rule.
    let visits = match repetitions[0] == repetitions[1] {
        true => vec![(1, String::new())],
        false => vec![
            (0, format!(", {}", session(&of.plan.baseline))),
            (1, format!(", {}", session(&of.plan.endpoint))),
        ],
    };
    for (at, visit) in &visits {
        fact(
            format!("repetitions behind a mean{visit}"),
            repetitions[*at].map(|v| number(v, usize::from((v - v.round()).abs() > 0.005))),
        );
    }
    for (at, visit) in &visits {
        fact(
            format!("a patient inhibits above (absolute CPM){visit}"),
            cutoffs[*at].map(|v| fitted(v, decimals_of(v))),
        );
    }
    let inhibit = |arm: Arm| share(*part.inhibitors.get(arm), *part.inhibitors_of.get(arm));
    fact(format!("inhibitors at the endpoint, {active}"), Some(inhibit(Arm::Active)));
    fact(format!("inhibitors at the endpoint, {control}"), Some(inhibit(Arm::Control)));
    fact(
        format!("retest in the {control} arm, ICC(A,1) ({})", ci(of)),
        part.retest.map(|icc: Estimate| coefficient(&icc)),
    );
    fact(
        "percentages that are not defined (mean before is 0)".to_owned(),
        Some(part.undefined_percent.to_string()),
    );
    let expected = part.expected_correlation.map_or(String::new(), |r| {
        let text = format!(
            "With that retest the change correlates with baseline at r = {} without any effect of treatment: a correlation of the two says nothing by itself.",
            bare(r, 2)
        );
        format!("<p class=\"note\">{}</p>\n", escaped(&text))
    });
    table.finish() + &expected + &change_with_baseline(of, part)
}

/// What was found of change and baseline; nothing where no arm has it.
fn change_with_baseline(of: &Results, part: &Cpm) -> String {
    let (mut found, mut none) = (Vec::new(), Vec::new());
    for arm in [Arm::Active, Arm::Control] {
        let name = of.arms.get(arm);
        match *part.change_with_baseline.get(arm) {
            Some(r) => found.push(format!("{} in {name}", bare(r, 2))),
            None => none.push(name.as_str()),
        }
    }
    if found.is_empty() {
        return String::new();
    }
    let why = match none.as_slice() {
        [] => String::new(),
        names => format!(
            "; none in {}, of which fewer than 3 patients have both visits, or nothing varies",
            names.join(", ")
        ),
    };
    let text = format!("Found: r of change with baseline = {}{why}.", found.join(", "));
    format!("<p class=\"note\">{}</p>\n", escaped(&text))
}
