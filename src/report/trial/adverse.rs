//! Adverse events that began under treatment.

use super::words::{arms, ci, drawn, in_percent, or_dash, points, share};
use crate::report::figures::figure;
use crate::report::figures::two_panels::{self, Kind, Row, TwoPanels};
use crate::report::grid::Grid;
use crate::report::html::{counted, escaped};
use crate::trial::Results;
use crate::trial::results::{AdverseEvents, AdverseRow};

/// Rows drawn at most: what fits a printed page.
const MOST: usize = 44;

pub(super) fn section(of: &Results, part: &AdverseEvents) -> String {
    let drawn_rows = chosen(part);
    let more = match part.rows.len() - drawn_rows.len() {
        0 => String::new(),
        n => format!(" {} of the fewest patients stand in the table alone.", counted(n, "row")),
    };
    let panels = TwoPanels {
        title: "Adverse events".to_owned(),
        kind: Kind::Dots,
        arms: arms(of),
        axes: ["Patients (%)".to_owned(), "Risk difference (percentage points)".to_owned()],
        rows: drawn_rows.iter().map(|row| panel_row(part, row)).collect(),
    };
    let caption = format!(
        "Share of treated patients with at least one event, and the risk difference with its {} (Miettinen and Nurminen); not adjusted for the number of rows, and without p.{more}",
        ci(of)
    );
    let drawing = if part.rows.is_empty() {
        "<p>No event began under treatment.</p>\n".to_owned()
    } else {
        figure("Adverse events", &two_panels::draw(&panels, "adverse"), &caption)
    };
    drawing + &table(of, part) + &others(of, part)
}

/// All rows, or those of the most patients where there are too many.
fn chosen(part: &AdverseEvents) -> Vec<&AdverseRow> {
    let patients = |row: &AdverseRow| row.n.active + row.n.control;
    let mut counts: Vec<usize> = part.rows.iter().filter(|r| !r.is_summary).map(patients).collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let n_summaries = part.rows.iter().filter(|r| r.is_summary).count();
    let room = MOST.saturating_sub(n_summaries);
    // Rows of as many patients as the first that has no room go with it.
    let least = counts.get(room).map_or(0, |n| n + 1);
    part.rows.iter().filter(|row| row.is_summary || patients(row) >= least).collect()
}

fn label(row: &AdverseRow) -> String {
    row.pt.clone().unwrap_or_else(|| row.soc.clone())
}

fn panel_row(part: &AdverseEvents, row: &AdverseRow) -> Row {
    Row {
        label: label(row),
        heads: row.pt.is_none(),
        counts: [[row.n.active, part.treated.active], [row.n.control, part.treated.control]],
        difference: row.risk_difference.and_then(|rd| drawn(&in_percent(&rd))),
    }
}

fn table(of: &Results, part: &AdverseEvents) -> String {
    let [active, control] = arms(of);
    let ci = ci(of);
    let heads = [
        "class and term",
        &format!("{active}: patients"),
        "events",
        &format!("{control}: patients"),
        "events",
        &format!("risk difference, points ({ci})"),
        &format!("Newcombe ({ci})"),
    ];
    let mut table = Grid::new("Treatment-emergent adverse events", &heads, 1);
    for row in &part.rows {
        let cells = [
            label(row),
            share(row.n.active, part.treated.active),
            row.events.active.to_string(),
            share(row.n.control, part.treated.control),
            row.events.control.to_string(),
            or_dash(row.risk_difference, |rd| points(&rd)),
            or_dash(row.risk_difference_newcombe, |rd| points(&rd)),
        ];
        table.row_of(if row.pt.is_some() { "sub" } else { "head" }, &cells);
    }
    table.folded()
}

fn others(of: &Results, part: &AdverseEvents) -> String {
    let [active, control] = arms(of);
    let text = format!(
        "A patient counts once in a row, events are counted apart. Denominators are the treated of participants.tsv: {} {active}, {} {control}. Not in these rows: events before the first dose ({} and {}), and after the last dose and 30 days ({} and {}).",
        part.treated.active,
        part.treated.control,
        part.before.active,
        part.before.control,
        part.after.active,
        part.after.control
    );
    format!("<p class=\"note\">{}</p>\n", escaped(&text))
}
