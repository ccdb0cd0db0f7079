//! Responders: shares of both arms beside the risk difference.

use super::words::{arms, ci, drawn, in_percent, or_dash, points, share, way};
use crate::report::figures::figure;
use crate::report::figures::two_panels::{self, Kind, Row, TwoPanels};
use crate::report::grid::Grid;
use crate::report::html::{number, p_of};
use crate::trial::results::{Nnt, ResponderRow, Responders};
use crate::trial::{Arm, Missing, Results};

pub(super) fn section(of: &Results, part: &Responders) -> String {
    let Some(first) = part.rows.first() else {
        return "<p>No rule was counted.</p>\n".to_owned();
    };
    let rows: Vec<&ResponderRow> =
        part.rows.iter().filter(|row| row.missing == first.missing).collect();
    let panels = TwoPanels {
        title: "Responders".to_owned(),
        kind: Kind::Bars,
        arms: arms(of),
        axes: ["Responders (%)".to_owned(), "Risk difference (percentage points)".to_owned()],
        rows: rows.iter().map(|row| drawn_row(row)).collect(),
    };
    let missing = first.missing.map_or("as counted", way_of_rules);
    let caption = format!(
        "Responders of each arm, and the risk difference with its {} (Miettinen and Nurminen). Missing values: {missing}.",
        ci(of)
    );
    figure("Responders", &two_panels::draw(&panels, "responders"), &caption)
        + &counts(of, part)
        + &further(of, part)
        + &rules(part)
}

fn drawn_row(row: &ResponderRow) -> Row {
    Row {
        label: row.name.clone(),
        heads: false,
        counts: [[row.responders.active, row.n.active], [row.responders.control, row.n.control]],
        difference: row.risk_difference.and_then(|rd| drawn(&in_percent(&rd))),
    }
}

/// What is done where a rule lacks a value: no change is no response.
fn way_of_rules(of: Missing) -> &'static str {
    match of {
        Missing::Bocf => "non-response",
        other => way(other),
    }
}

fn said_way(row: &ResponderRow) -> String {
    row.missing.map_or("–", way_of_rules).to_owned()
}

/// Limits broken where benefit ends and harm begins, or the other way round.
fn whole(text: &str) -> String {
    let one = text.replace(' ', "\u{a0}");
    ["NNTH", "NNTB"].iter().fold(one, |text, word| {
        text.replace(&format!("\u{a0}to\u{a0}{word}"), &format!(" to\u{a0}{word}"))
    })
}

/// The number needed to benefit or to harm with its limits in words: `NNTB 3.5 (NNTB 2.3 to 12.0)`.
fn needed(of: &Nnt, limits: &str) -> String {
    let word = if of.value < 0.0 { "NNTH" } else { "NNTB" };
    match of.value.is_finite() {
        true => format!("{word}\u{a0}{} ({})", number(of.value.abs(), 1), whole(limits)),
        false => whole(limits),
    }
}

fn counts(of: &Results, part: &Responders) -> String {
    let [active, control] = arms(of);
    let heads = [
        "rule",
        "missing values",
        &active,
        &control,
        &format!("risk difference, points ({})", ci(of)),
        "p, Fisher",
        &format!("number needed to treat ({})", ci(of)),
    ];
    let mut table = Grid::new("Responders", &heads, 2);
    for row in &part.rows {
        table.row(&[
            row.name.clone(),
            said_way(row),
            share(row.responders.active, row.n.active),
            share(row.responders.control, row.n.control),
            or_dash(row.risk_difference, |rd| points(&rd)),
            or_dash(row.p_fisher, p_of),
            or_dash(row.nnt.as_ref(), |nnt| needed(nnt, &nnt.text)),
        ]);
    }
    table.finish()
}

fn further(of: &Results, part: &Responders) -> String {
    let ci = ci(of);
    let strata =
        part.rows.iter().filter_map(|row| row.stratified.as_ref()).map(|s| s.by.join(", ")).next();
    let by = strata.unwrap_or_else(|| "strata".to_owned());
    let heads = [
        "rule",
        "missing values",
        &format!("Newcombe ({ci})"),
        "number needed, Newcombe",
        "p, score",
        &format!("odds ratio ({ci})"),
        &format!("risk ratio ({ci})"),
        "worst to best case, points",
        "lack a value",
        "known to fail",
        &format!("by {by}, Mantel-Haenszel ({ci})"),
    ];
    let mut table = Grid::new(
        "Responders: other intervals, ratios, and what missing values could do",
        &heads,
        2,
    );
    for row in &part.rows {
        let lacking = Arm::BOTH.iter().map(|arm| row.lacking.get(*arm).len()).sum::<usize>();
        let case = |v: f64| crate::report::html::number(100.0 * v, 1);
        table.row(&[
            row.name.clone(),
            said_way(row),
            or_dash(row.risk_difference_newcombe, |rd| points(&rd)),
            or_dash(row.nnt.as_ref(), |nnt| needed(nnt, &nnt.text_newcombe)),
            or_dash(row.p_score, p_of),
            or_dash(row.odds_ratio, |or| super::words::limits_at(&or, 2)),
            or_dash(row.risk_ratio, |rr| super::words::limits_at(&rr, 2)),
            or_dash(row.worst_case.zip(row.best_case), |(worst, best)| {
                format!("{}\u{a0}to\u{a0}{}", case(worst), case(best))
            }),
            lacking.to_string(),
            row.known_nonresponders.to_string(),
            or_dash(row.stratified.as_ref().and_then(|s| s.risk_difference), |rd| points(&rd)),
        ]);
    }
    table.folded()
}

/// What each name stands for.
fn rules(part: &Responders) -> String {
    let mut table = Grid::new("Rules", &["rule", "as the plan has it"], 9);
    let mut seen = Vec::new();
    for row in &part.rows {
        if !seen.contains(&&row.name) {
            seen.push(&row.name);
            table.row(&[row.name.clone(), row.rule.clone()]);
        }
    }
    table.folded()
}
