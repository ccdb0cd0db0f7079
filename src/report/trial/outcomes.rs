//! Outcomes: standardised effects, adjusted differences, every patient's change.

use super::words::{
    adjusted_rows, arms, bare, both, capital, ci, decimals, drawn, fitted, limits_at, or_dash,
    statistic, turned, way, with_limits, with_unit,
};
use crate::report::figures::changes::{self, Changes};
use crate::report::figures::forest::{self, Forest, ForestRow};
use crate::report::figures::{Interval, figure};
use crate::report::grid::Grid;
use crate::report::html::{number, p_of, p_said};
use crate::trial::results::{AncovaRow, Estimate};
use crate::trial::{Arm, Results};

/// Outcomes whose patients are drawn at most.
const MOST: usize = 12;

pub(super) fn section(of: &Results) -> String {
    let first = primary(&of.ancova.rows);
    let mut html = forests(of);
    html +=
        &table(&format!("Outcomes, {}: primary analyses", adjusted_rows(of, &first)), of, &first);
    html += &family(of);
    html += &drawings(of, &first, "change");
    let others: Vec<&AncovaRow> = of
        .ancova
        .rows
        .iter()
        .filter(|row| !first.iter().any(|own| std::ptr::eq(*own, *row)))
        .collect();
    html += &table("The same where missing values are treated in another way", of, &others);
    html + &checks(&first) + &unadjusted(of, &first) + &estimands(of)
}

/// Of each outcome the first row.
pub(super) fn primary(rows: &[AncovaRow]) -> Vec<&AncovaRow> {
    let before = |nth: usize| rows[..nth].iter().any(|own| own.outcome == rows[nth].outcome);
    rows.iter().enumerate().filter(|(nth, _)| !before(*nth)).map(|(_, row)| row).collect()
}

/// Standardised effects of everything that was compared: those of which it is known which way is better, then the others.
fn forests(of: &Results) -> String {
    let mut rows = primary(&of.ancova.rows);
    rows.extend(of.cpm.iter().flat_map(|cpm| primary(&cpm.ancova)));
    rows.extend(of.pressure.iter().flat_map(|pressure| primary(&pressure.ancova)));
    rows.extend(of.brain.iter().flat_map(|brain| brain.rows.iter().map(|row| &row.ancova)));
    let mut seen = Vec::new();
    rows.retain(|row| {
        let is_new = !seen.contains(&&row.outcome);
        seen.push(&row.outcome);
        is_new
    });
    let [active, control] = arms(of);
    let (known, unknown): (Vec<&AncovaRow>, Vec<&AncovaRow>) =
        rows.into_iter().partition(|row| row.direction.is_some());
    let marks = |rows: &[&AncovaRow]| {
        let primary = rows.iter().any(|row| of.ancova.family.contains(&row.outcome));
        if primary { " Diamonds and bold letters: the primary family." } else { "" }
    };
    let one = |rows: &[&AncovaRow], id: &str, sides: [String; 2], caption: &str| {
        if rows.is_empty() {
            return String::new();
        }
        let forest = Forest {
            axis: "Hedges g of the change, unadjusted (SD)".to_owned(),
            numbers: format!("g, unadjusted ({})", ci(of)),
            p: "p, ANCOVA".to_owned(),
            sides,
            rows: rows.iter().map(|row| forest_row(of, row)).collect(),
        };
        figure("Standardised effects", &forest::draw(&forest, id), caption)
    };
    let turned = format!(
        "Standardised effects: Hedges g of the change from baseline (not adjusted for it), {active} minus {control}, with its {}; signs are turned where lower is better, so that right is better everywhere.{} p is that of the analysis of covariance, not adjusted.{}",
        ci(of),
        better(of),
        marks(&known)
    );
    let plain = format!(
        "The same for measures of which neither way is better: right is more with {active}.{}",
        marks(&unknown)
    );
    one(
        &known,
        "forest",
        [format!("better with {control}"), format!("better with {active}")],
        &turned,
    ) + &one(
        &unknown,
        "forest-other",
        [format!("less with {active}"), format!("more with {active}")],
        &plain,
    )
}

/// Which way is better of what is made of ratings, which no dictionary says of itself.
fn better(of: &Results) -> String {
    let cpm = of.cpm.iter().map(|part| ("CPM", &part.better));
    let pressure = of.pressure.iter().map(|part| ("Pressure pain", &part.better));
    cpm.chain(pressure).map(|(what, said)| format!(" {what}: {said}.")).collect()
}

fn forest_row(of: &Results, row: &AncovaRow) -> ForestRow {
    let g = row.change.hedges.map(|g| turned(&g, row.direction));
    ForestRow {
        label: row.label.clone(),
        primary: of.ancova.family.contains(&row.outcome),
        n: row.n.active + row.n.control,
        estimate: g.and_then(|g| drawn(&g)),
        p: Some(row.test.p),
    }
}

/// Adjusted differences and what they come of.
pub(super) fn table(caption: &str, of: &Results, rows: &[&AncovaRow]) -> String {
    let [active, control] = arms(of);
    let ci = ci(of);
    let holm = rows.iter().any(|row| row.p_holm.is_some());
    let permuted = rows.iter().any(|row| row.p_permuted.is_some());
    // What all rows have in common stands above them.
    let other_way = rows.iter().any(|row| row.missing != rows[0].missing);
    let caption = match rows.first() {
        Some(row) if !other_way => format!("{caption} (missing values: {})", way(row.missing)),
        _ => caption.to_owned(),
    };
    let mut heads = vec!["outcome".to_owned()];
    if other_way {
        heads.push("missing values".to_owned());
    }
    let numbers_from = heads.len();
    heads.extend([
        "n".to_owned(),
        format!("{active}: LS mean ({ci})"),
        format!("{control}: LS mean ({ci})"),
        format!("difference ({ci})"),
        "t (dof)".to_owned(),
        "p".to_owned(),
    ]);
    heads.extend(holm.then(|| "p, Holm".to_owned()));
    heads.extend(permuted.then(|| "p, permuted".to_owned()));
    heads.push(format!("g of the change, unadjusted ({ci})"));
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let mut table = Grid::new(&caption, &heads, numbers_from);
    for row in rows {
        let places = decimals(&row.difference);
        let mut cells = vec![with_unit(&row.label, row.units.as_deref())];
        if other_way {
            cells.push(way(row.missing).to_owned());
        }
        cells.push(both(row.n));
        for arm in [Arm::Active, Arm::Control] {
            cells.push(limits_at(&row.ls_means.get(arm).endpoint, places));
        }
        cells.extend([with_limits(&row.difference), statistic(&row.test), p_of(row.test.p)]);
        if holm {
            cells.push(or_dash(row.p_holm, p_of));
        }
        if permuted {
            cells.push(or_dash(row.p_permuted, p_of));
        }
        cells.push(or_dash(row.change.hedges, |g| limits_at(&g, 2)));
        table.row(&cells);
    }
    table.finish()
}

fn family(of: &Results) -> String {
    let said = match of.ancova.family.len() {
        0 => "No primary family is named in the plan: no p is adjusted for the number of outcomes."
            .to_owned(),
        1 => format!(
            "The plan names one primary outcome ({}): its p needs no adjustment.",
            of.ancova.family.join(", ")
        ),
        n => format!(
            "p, Holm: adjusted within the {n} outcomes that the plan names as primary ({}).",
            of.ancova.family.join(", ")
        ),
    };
    format!("<p class=\"note\">{}</p>\n", crate::report::html::escaped(&said))
}

/// Each patient's change, a drawing an outcome.
pub(super) fn drawings(of: &Results, rows: &[&AncovaRow], id: &str) -> String {
    let one = |(nth, row): (usize, &&AncovaRow)| {
        changes::draw(&changes_of(of, row), &format!("{id}-{}", nth + 1))
    };
    let all: String = rows.iter().take(MOST).enumerate().map(one).collect();
    if all.is_empty() {
        return String::new();
    }
    let more = match rows.len().saturating_sub(MOST) {
        0 => String::new(),
        n => format!(" {n} more stand in the table alone."),
    };
    let caption = format!(
        "Change from {} to {}: a small mark is a patient, a large one the least-squares mean of the arm at the mean baseline with its {}.{more}",
        super::words::session(&of.plan.baseline),
        super::words::session(&of.plan.endpoint),
        ci(of)
    );
    figure("Every patient's change", &all, &caption)
}

fn changes_of(of: &Results, row: &AncovaRow) -> Changes {
    let arm_of = |arm: Arm| {
        let mean = row.ls_means.get(arm);
        let less = |v: f64| v - row.baseline_mean;
        changes::Arm {
            name: of.arms.get(arm).clone(),
            changes: row
                .points
                .iter()
                .filter(|p| p.arm == arm)
                .map(|p| p.endpoint - p.baseline)
                .collect(),
            ls_mean: mean.endpoint.low.zip(mean.endpoint.high).map(|(low, high)| Interval {
                value: mean.change,
                low: less(low),
                high: less(high),
            }),
        }
    };
    Changes {
        name: row.label.clone(),
        axis: match &row.units {
            Some(units) => format!("Change ({units})"),
            None => format!("Change (units of {})", row.label),
        },
        note: format!("difference {}, {}", with_limits(&row.difference), p_said(row.test.p)),
        arms: vec![arm_of(Arm::Active), arm_of(Arm::Control)],
    }
}

/// Whether the model holds.
fn checks(rows: &[&AncovaRow]) -> String {
    let heads = [
        "outcome",
        "slope on baseline",
        "residual SD",
        "partial η²",
        "slopes differ: p",
        "SE",
        "SE, HC3",
    ];
    let mut table = Grid::new("Checks of the model", &heads, 1);
    for row in rows {
        let places = decimals(&row.difference) + 1;
        table.row(&[
            row.label.clone(),
            number(row.slope, 2),
            fitted(row.sigma, places.saturating_sub(1)),
            bare(row.partial_eta_square, 3),
            or_dash(row.slopes_differ, |t| p_of(t.p)),
            or_dash(row.difference.se, |v| fitted(v, places)),
            or_dash(row.hc3_se, |v| fitted(v, places)),
        ]);
    }
    table.folded()
}

/// Change scores, for those who look for them.
fn unadjusted(of: &Results, rows: &[&AncovaRow]) -> String {
    let [active, control] = arms(of);
    let ci = ci(of);
    let heads = [
        "outcome",
        &format!("{active}: mean change (SD)"),
        &format!("{control}: mean change (SD)"),
        &format!("difference ({ci})"),
        "Welch t (dof)",
        "p",
        &format!("{active}: % change"),
        &format!("{control}: % change"),
    ];
    let mut table = Grid::new("Change scores, not adjusted for baseline", &heads, 1);
    for row in rows {
        let places = decimals(&row.change.difference);
        let mut cells = vec![row.label.clone()];
        for arm in [Arm::Active, Arm::Control] {
            let own = row.change.arms.get(arm);
            cells.push(format!(
                "{} ({})",
                fitted(own.mean, places),
                or_dash(own.sd, |v| fitted(v, places))
            ));
        }
        let welch = row.change.welch;
        cells.extend([
            limits_at(&row.change.difference, places),
            or_dash(welch, |t| statistic(&t)),
            or_dash(welch, |t| p_of(t.p)),
        ]);
        for arm in [Arm::Active, Arm::Control] {
            cells.push(or_dash(*row.percent_change.get(arm), |v| {
                format!("{}\u{a0}%", number(v, 1))
            }));
        }
        table.row(&cells);
    }
    table.folded()
}

/// What each row estimates.
fn estimands(of: &Results) -> String {
    let heads = ["outcome", "missing values", "what is estimated", "left out"];
    let mut table = Grid::new("What is estimated, and who is left out", &heads, 9);
    for row in &of.ancova.rows {
        let out: Vec<&str> = [&row.left_out.active, &row.left_out.control]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        let out = if out.is_empty() {
            "nobody".to_owned()
        } else {
            format!("{}: {}", out.len(), out.join(", "))
        };
        table.row(&[row.label.clone(), way(row.missing).to_owned(), capital(&row.estimand), out]);
    }
    table.folded()
}

/// An estimate of nothing but its numbers.
pub(super) fn estimate(value: f64, low: f64, high: f64) -> Estimate {
    Estimate { value, se: None, low: Some(low), high: Some(high) }
}
