//! A crossover of two periods.

use super::words::{ci, drawn, or_dash, statistic, with_limits, with_unit};
use crate::report::figures::figure;
use crate::report::figures::forest::{self, Forest, ForestRow};
use crate::report::grid::Grid;
use crate::report::html::{escaped, p_of};
use crate::trial::results::{Crossover, CrossoverRow};
use crate::trial::{Direction, Results};

pub(super) fn section(of: &Results, part: &Crossover) -> String {
    let drawings =
        forest_of(of, part, ("treatment", "crossover"), &format!("with {}", part.active))
            + &forest_of(of, part, ("period", "crossover-periods"), "in the first period");
    let better = part.direction.map_or(String::new(), |way| format!("; {} is better", way.word()));
    let caption = format!(
        "Effects of the crossover on {}{better}: {} minus {}; of periods, the first minus the second. Carry-over stands in the table alone: it is shown, and no analysis is chosen by it; so does the mixed model's estimate, which has every period of every patient.",
        with_unit(&part.label, part.units.as_deref()),
        part.active,
        part.control
    );
    let estimate = match part.units.as_deref().filter(|units| !units.is_empty()) {
        Some(units) => format!("estimate, {units} ({})", ci(of)),
        None => format!("estimate ({})", ci(of)),
    };
    let title = format!("Crossover: {}", part.label);
    let mut table = Grid::new(&title, &["analysis", "effect", "n", &estimate, "t (dof)", "p"], 2);
    for row in &part.rows {
        let shown = if row.shown_only { " (shown only)" } else { "" };
        table.row(&[
            analysis(row, part).to_owned(),
            format!("{}{shown}", row.effect),
            row.n.to_string(),
            with_limits(&row.estimate),
            or_dash(row.test, |test| statistic(&test)),
            or_dash(row.test, |test| p_of(test.p)),
        ]);
    }
    let sequences: Vec<String> =
        part.sequences.iter().map(|(name, n)| format!("{name}: {n} patients")).collect();
    let dropped =
        or_dash((!part.dropped.is_empty()).then_some(&part.dropped), |who| who.join(", "));
    let text = format!(
        "Sequences in the analysis: {}. Without a second period, left out: {dropped}.",
        sequences.join(", ")
    );
    figure("Crossover", &drawings, &caption)
        + &table.finish()
        + &format!("<p class=\"note\">{}</p>\n", escaped(&text))
}

/// The rows of one effect, whose sides say what is more and less with what; nothing without one. `id`: unique on the page.
fn forest_of(of: &Results, part: &Crossover, (effect, id): (&str, &str), side: &str) -> String {
    let is_drawn =
        |row: &&CrossoverRow| row.effect == effect && !row.shown_only && row.test.is_some();
    let row = |row: &CrossoverRow| ForestRow {
        label: format!("{}: {}", row.effect, analysis(row, part)),
        primary: row.effect == "treatment",
        n: row.n,
        estimate: drawn(&row.estimate),
        p: row.test.map(|test| test.p),
    };
    let rows: Vec<ForestRow> = part.rows.iter().filter(is_drawn).map(row).collect();
    if rows.is_empty() {
        return String::new();
    }
    let forest = Forest {
        axis: match part.units.as_deref().filter(|units| !units.is_empty()) {
            Some(units) => format!("Effect of the {effect} on {} ({units})", part.label),
            None => format!("Effect of the {effect} (units of {})", part.label),
        },
        numbers: format!("effect ({})", ci(of)),
        p: "p".to_owned(),
        sides: [("less", Direction::Lower), ("more", Direction::Higher)].map(|(word, way)| {
            let better = if part.direction == Some(way) { " (better)" } else { "" };
            format!("{word} {side}{better}")
        }),
        rows,
    };
    forest::draw(&forest, id)
}

/// What is analysed; of the outcome itself its name.
fn analysis<'a>(row: &'a CrossoverRow, part: &'a Crossover) -> &'a str {
    match row.analysis.as_str() {
        "outcome" => &part.label,
        other => other,
    }
}
