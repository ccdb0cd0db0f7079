//! Brain and behaviour: two measures of each patient against each other.

use super::words::{arms, bare, capital, ci, coefficient, or_dash};
use crate::report::figures::scatter::{self, Fitted, Scatter};
use crate::report::figures::{Interval, figure};
use crate::report::grid::Grid;
use crate::report::html::{escaped, number, p_of, p_said};
use crate::stats::fieller::Line;
use crate::stats::tails::critical_t;
use crate::trial::brain::is_of_regions;
use crate::trial::results::{Correlation, CorrelationRow, Correlations};
use crate::trial::{Arm, Results};

/// Places at which a band is computed.
const PLACES: usize = 24;
/// Relations drawn at most.
const MOST: usize = 12;

/// What relations are called: without a region they are not of the brain.
pub(super) fn title(of: &Results) -> &'static str {
    let mut sides = of.plan.correlations.iter().flat_map(|one| [&one.first, &one.second]);
    match sides.any(|column| is_of_regions(column, &of.plan)) {
        true => "Brain and behaviour",
        false => "Relations between measures",
    }
}

pub(super) fn section(of: &Results, part: &Correlations) -> String {
    let one = |(nth, row): (usize, &CorrelationRow)| {
        scatter::draw(&scatter_of(of, row), &format!("relation-{}", nth + 1))
    };
    let drawings: String = part.rows.iter().take(MOST).enumerate().map(one).collect();
    let more = match part.rows.len().saturating_sub(MOST) {
        0 => String::new(),
        n => format!(" {n} more stand in the table alone."),
    };
    let caption = format!(
        "A mark is a patient. The line is the least-squares line through all patients with its {} at each place; the partial r is that given the arm.{more}",
        ci(of)
    );
    let exploratory = if part.rows.iter().any(|row| row.exploratory) {
        let text = "Exploratory: regions were chosen by the contrast that is correlated, so these r are too large and their p too small.";
        format!("<p class=\"note strong\">{}</p>\n", escaped(text))
    } else {
        String::new()
    };
    let drawn =
        if drawings.is_empty() { String::new() } else { figure(title(of), &drawings, &caption) };
    exploratory + &drawn + &coefficients(of, part) + &by_arm(of, part)
}

fn scatter_of(of: &Results, row: &CorrelationRow) -> Scatter {
    let own = |arm: Arm| scatter::Arm {
        name: of.arms.get(arm).clone(),
        points: row.points.iter().filter(|p| p.arm == arm).map(|p| [p.first, p.second]).collect(),
    };
    let note = row.given_arm.as_ref().or(row.pooled.as_ref()).map_or(String::new(), |r| {
        let what = if row.given_arm.is_some() { "partial r given the arm" } else { "r" };
        format!("{what} {}, {}, n = {}", coefficient(&r.r), p_said(r.test.p), r.n)
    });
    Scatter {
        name: format!("{} against {}", capital(&row.second), row.first),
        note,
        axes: [capital(&row.first), capital(&row.second)],
        arms: vec![own(Arm::Active), own(Arm::Control)],
        line: line(of, row),
    }
}

/// Through all patients, from the first to the last; nothing where there is no line.
fn line(of: &Results, row: &CorrelationRow) -> Vec<Fitted> {
    let (x, y): (Vec<f64>, Vec<f64>) = row.points.iter().map(|p| (p.first, p.second)).unzip();
    let Ok(line) = Line::through(&x, &y) else { return Vec::new() };
    let t = critical_t(0.5 * (1.0 - of.plan.conf), line.dof);
    let (from, to) = x.iter().fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(*v), b.max(*v)));
    (0..=PLACES)
        .map(|k| {
            let x = from + (to - from) * k as f64 / PLACES as f64;
            let value = line.intercept + line.slope * x;
            let variance = 1.0 / line.n as f64 + (x - line.mean_x).powi(2) / line.sxx;
            let half = t * line.residual_sd * variance.sqrt();
            Fitted { x, y: Interval { value, low: value - half, high: value + half } }
        })
        .collect()
}

fn name(row: &CorrelationRow) -> String {
    format!("{} ~ {}", row.first, row.second)
}

fn coefficients(of: &Results, part: &Correlations) -> String {
    let ci = ci(of);
    let heads = [
        "relation",
        "given",
        "n",
        &format!("partial r ({ci})"),
        "p",
        &format!("r, all patients ({ci})"),
        &format!("Spearman ({ci})"),
        &format!("Kendall τ-b ({ci})"),
        &format!("partial r, motion too ({ci})"),
        "slopes differ: p",
    ];
    let mut table = Grid::new("Correlations over patients", &heads, 2);
    for row in &part.rows {
        let said = |r: Option<&Correlation>| or_dash(r, |r| coefficient(&r.r));
        table.row(&[
            name(row),
            row.given.join(", "),
            or_dash(row.given_arm.as_ref().or(row.pooled.as_ref()), |r| r.n.to_string()),
            said(row.given_arm.as_ref()),
            or_dash(row.given_arm.as_ref(), |r| p_of(r.test.p)),
            said(row.pooled.as_ref()),
            said(row.spearman.as_ref()),
            said(row.kendall.as_ref()),
            said(row.given_motion.as_ref()),
            or_dash(row.slopes_differ.as_ref(), |s| p_of(s.test.p)),
        ]);
    }
    table.finish()
}

fn by_arm(of: &Results, part: &Correlations) -> String {
    let ci = ci(of);
    let [active, control] = arms(of);
    let heads = [
        "relation",
        &format!("{active}: n"),
        &format!("r ({ci})"),
        "p",
        "Spearman",
        "Kendall τ-b",
        &format!("{control}: n"),
        &format!("r ({ci})"),
        "p",
        "Spearman",
        "Kendall τ-b",
        "arms differ: z",
        "p",
    ];
    let mut table = Grid::new("Correlations within each arm", &heads, 1);
    for row in &part.rows {
        let mut cells = vec![name(row)];
        for arm in [Arm::Active, Arm::Control] {
            let r = row.by_arm.get(arm).as_ref();
            cells.push(or_dash(r, |r| number(r.n as f64, 0)));
            cells.push(or_dash(r, |r| coefficient(&r.r)));
            cells.push(or_dash(r, |r| p_of(r.test.p)));
            for of_ranks in [&row.spearman_by_arm, &row.kendall_by_arm] {
                cells.push(or_dash(of_ranks.get(arm).as_ref(), |r| bare(r.r.value, 2)));
            }
        }
        cells.push(or_dash(row.arms_differ, |z| number(z.statistic, 2)));
        cells.push(or_dash(row.arms_differ, |z| p_of(z.p)));
        table.row(&cells);
    }
    table.folded()
}
