//! Edges between regions: the matrix of what the arms' changes differ by, and its table.

use super::words::{adjusted, arms, both, ci, fitted, or_dash, session, statistic, with_limits};
use crate::report::figures::edge_matrix::{self, Edge, EdgeMatrix, Mark};
use crate::report::figures::figure;
use crate::report::grid::Grid;
use crate::report::html::{counted, p_of};
use crate::trial::results::{EdgeRow, Edges};
use crate::trial::{Arm, Results};

/// Edges in the table at most.
const MOST: usize = 100;
/// The table of networks: its title, what a row is, and its file.
const NETWORKS: [&str; 3] =
    ["Networks (mean of Fisher's z over their pairs of regions)", "network", "networks.tsv"];
/// Where an edge is found.
const LEVEL: f64 = 0.05;

pub(super) fn section(of: &Results, part: &Edges) -> String {
    let [active, control] = arms(of);
    let n = part.rows.iter().filter(|row| row.difference.is_some()).count();
    let found = part.rows.iter().filter(|row| row.q.is_some_and(|q| q < LEVEL)).count();
    let edges = counted(n, "edge");
    let marks = match edge_matrix::is_of_pixels(part.regions.len()) {
        true => format!("a dark cell where q < .05 ({found} of {edges})"),
        false => format!(
            "a filled dot where q < .05 ({found} of {edges}), a ring where p < .05 before it is adjusted"
        ),
    };
    let caption = format!(
        "Below the diagonal what {active} changes of Fisher's z between {} and {} beyond what {control} does, given baseline (blue: less with {active}; red: more; grey: n/a). Above it {}. The numbers of each arm stand in the table.",
        session(&of.plan.baseline),
        session(&of.plan.endpoint),
        marks
    );
    let drawing = edge_matrix::draw(&matrix(part), "edge-matrix");
    let networks = of.networks.as_ref();
    figure("Edges between regions", &drawing, &caption)
        + &table(of, part, ["Edges (Fisher's z)", "edge", "edges.tsv"])
        + &networks.map_or(String::new(), |part| table(of, part, NETWORKS))
        + &motion(part)
}

/// Whether motion goes with the edges over participants, which no test of an edge tells.
fn motion(part: &Edges) -> String {
    if part.motion.is_empty() {
        return String::new();
    }
    let heads = ["visit", "motion", "n", "edges", "p < .05", "share", "median |r|"];
    let mut table = Grid::new("Motion against the edges over participants (QC-FC)", &heads, 2);
    for row in &part.motion {
        table.row(&[
            session(&row.visit).to_owned(),
            row.motion.clone(),
            row.n.to_string(),
            row.edges.to_string(),
            row.below.to_string(),
            format!("{:.1} %", 100.0 * row.below as f64 / row.edges.max(1) as f64),
            fitted(row.median_r, 2),
        ]);
    }
    table.finish()
}

fn matrix(part: &Edges) -> EdgeMatrix {
    let place = |name: &String| part.regions.iter().position(|own| own == name).unwrap_or_default();
    let edge = |row: &EdgeRow| Edge {
        regions: [&row.region_a, &row.region_b].map(place),
        value: row.difference.map_or(f64::NAN, |difference| difference.value),
        mark: match (row.q, row.test) {
            (Some(q), _) if q < LEVEL => Mark::Found,
            (_, Some(test)) if test.p < LEVEL => Mark::Perhaps,
            _ => Mark::Nothing,
        },
    };
    EdgeMatrix {
        value: "difference of the changes of z".to_owned(),
        names: part.regions.clone(),
        edges: part.rows.iter().map(edge).collect(),
    }
}

/// By p, the least first; of many the first alone.
fn table(of: &Results, part: &Edges, [title, what, file]: [&str; 3]) -> String {
    let [active, control] = arms(of);
    let ci = ci(of);
    let mut rows: Vec<&EdgeRow> = part.rows.iter().collect();
    let p = |row: &EdgeRow| row.test.map_or(f64::INFINITY, |test| test.p);
    rows.sort_by(|a, b| p(a).total_cmp(&p(b)));
    let rest = match rows.len().saturating_sub(MOST) {
        0 => String::new(),
        n => format!(", the first {MOST} by p; {n} more stand in {file}"),
    };
    let heads = [
        what,
        "n",
        &format!("{active}: z at {}", session(&of.plan.baseline)),
        &format!("{active}: change ({ci})"),
        &format!("{control}: z at {}", session(&of.plan.baseline)),
        &format!("{control}: change ({ci})"),
        &format!("difference ({ci})"),
        "t (dof)",
        "p",
        "q",
    ];
    let compared = rows.iter().filter(|row| row.difference.is_some());
    let adjusted = adjusted(of, compared.map(|row| row.one_level.as_slice()));
    let mut table = Grid::new(&format!("{title}, {adjusted}{rest}"), &heads, 1);
    for row in rows.into_iter().take(MOST) {
        let name = match row.region_a == row.region_b {
            true => format!("within {}", row.region_a),
            false => format!("{} – {}", row.region_a, row.region_b),
        };
        let mut cells = vec![name, both(row.n)];
        for arm in [Arm::Active, Arm::Control] {
            cells.push(or_dash(*row.baseline.get(arm), |z| fitted(z, 2)));
            cells.push(or_dash(row.change, |change| with_limits(change.get(arm))));
        }
        cells.push(or_dash(row.difference, |difference| with_limits(&difference)));
        cells.push(or_dash(row.test, |test| statistic(&test)));
        cells.push(or_dash(row.test, |test| p_of(test.p)));
        cells.push(or_dash(row.q, p_of));
        table.row(&cells);
    }
    table.finish()
}
