//! Who was in the trial, who left, and what lacks.

use super::outcomes::primary;
use super::words::{arms, session, way};
use crate::report::figures::consort::{self, Flow, Stage};
use crate::report::figures::figure;
use crate::report::grid::Grid;
use crate::report::html::counted;
use crate::trial::results::{AncovaRow, Edges, FlowOfArm};
use crate::trial::{Arm, Design, Missing, Results};

/// Outcomes listed in the last box at most.
const MOST: usize = 9;

pub(super) fn section(of: &Results) -> String {
    let drawing = consort::draw(&flow(of), "flow");
    let caption = "Flow of participants (CONSORT 2010). Numbers of those analysed are those of each outcome's primary analysis, and from the least to the most of what has several rows.";
    figure("Flow of participants", &drawing, caption) + &populations(of) + &missing(of)
}

fn flow(of: &Results) -> Flow {
    let flow = &of.flow;
    let mut listed =
        Stage { head: n_of("Listed in participants.tsv", flow.listed), lines: Vec::new() };
    let elsewhere = match of.plan.design {
        Design::Parallel => "another arm",
        Design::Crossover => "without a row in the crossover's table",
    };
    let none = Vec::new();
    for (what, who, why) in [
        ("not randomised", &flow.not_randomised, &flow.why_not),
        (elsewhere, &flow.other_arms, &none),
    ] {
        if !who.is_empty() {
            listed.lines.push(format!("{what}: {}", who.len()));
            listed.lines.extend(why.iter().map(|(why, n)| format!("– {why}: {n}")));
        }
    }
    let randomised = flow.arms.active.randomised + flow.arms.control.randomised;
    let randomised = Stage { head: n_of("Randomised", randomised), lines: Vec::new() };
    Flow {
        above: vec![listed, randomised],
        arms: [Arm::Active, Arm::Control].map(|arm| column(of, arm)).to_vec(),
    }
}

/// `Randomised (n = 92)`, never parted before its number.
fn n_of(what: &str, n: usize) -> String {
    format!("{what} (n\u{a0}=\u{a0}{n})")
}

fn column(of: &Results, which: Arm) -> Vec<Stage> {
    let arm: &FlowOfArm = of.flow.arms.get(which);
    let mut allocated = vec![format!("treated: {}", arm.treated)];
    if !arm.not_treated.is_empty() {
        allocated.push(format!("not treated: {}", arm.not_treated.len()));
    }
    let left = match arm.discontinued {
        Some(n) => Stage {
            head: n_of("Discontinued", n),
            lines: arm.reasons.iter().map(|(why, n)| format!("{why}: {n}")).collect(),
        },
        None => Stage {
            head: "Discontinued".to_owned(),
            lines: vec!["the table does not say who".to_owned()],
        },
    };
    let completed = match arm.completed {
        Some(n) => Stage { head: n_of("Completed", n), lines: Vec::new() },
        None => Stage { head: "Completed: not said".to_owned(), lines: Vec::new() },
    };
    let said = |a: &crate::trial::results::Analysed| match a.missing {
        Missing::Observed => format!("{}: {}", a.label, a.n),
        other => format!("{}, {}: {}", a.label, way(other), a.n),
    };
    let mut analysed: Vec<String> = arm.analysed.iter().take(MOST).map(said).collect();
    if arm.analysed.len() > MOST {
        let more = counted(arm.analysed.len() - MOST, "more outcome");
        analysed.push(format!("and {more}: see the tables"));
    }
    analysed.extend(of_parts(of, which));
    if analysed.is_empty() {
        analysed.push("no endpoint".to_owned());
    }
    vec![
        Stage {
            head: n_of(&format!("Allocated to {}", arm.name), arm.randomised),
            lines: allocated,
        },
        left,
        completed,
        Stage { head: "Analysed".to_owned(), lines: analysed },
    ]
}

/// How many of an arm are in what is compared beside outcomes: the least and the most of what has several rows.
fn of_parts(of: &Results, arm: Arm) -> Vec<String> {
    let n_of = |rows: &[AncovaRow]| primary(rows).iter().map(|row| *row.n.get(arm)).collect();
    let edges = |part: &Edges| {
        let compared = part.rows.iter().filter(|row| row.difference.is_some());
        compared.map(|row| *row.n.get(arm)).collect()
    };
    let rows = of.brain.iter().flat_map(|part| &part.rows);
    let parts: [(&str, Vec<usize>); 5] = [
        ("CPM", of.cpm.as_ref().map_or_else(Vec::new, |part| n_of(&part.ancova))),
        ("pressure pain", of.pressure.as_ref().map_or_else(Vec::new, |part| n_of(&part.ancova))),
        ("brain", rows.map(|row| *row.ancova.n.get(arm)).collect()),
        ("edges", of.edges.as_ref().map_or_else(Vec::new, edges)),
        ("networks", of.networks.as_ref().map_or_else(Vec::new, edges)),
    ];
    let said = |(what, n): (&str, Vec<usize>)| match (n.iter().min(), n.iter().max()) {
        (Some(least), Some(most)) if least < most => Some(format!("{what}: {least} to {most}")),
        (Some(n), _) => Some(format!("{what}: {n}")),
        _ => None,
    };
    parts.into_iter().filter_map(said).collect()
}

fn populations(of: &Results) -> String {
    let [active, control] = arms(of);
    let mut table = Grid::new("Populations", &["population", "who is in it", &active, &control], 2);
    for row in &of.populations.rows {
        let n = [row.n.active, row.n.control].map(|n| n.to_string());
        table.row(&[vec![row.name.clone(), row.definition.clone()], n.to_vec()].concat());
    }
    table.finish()
}

/// Values that are there and values that lack: those of patients who had left, and those of others.
fn missing(of: &Results) -> String {
    let [active, control] = arms(of);
    let heads = [
        "outcome",
        "visit",
        &format!("{active}: values"),
        "had left",
        "lack otherwise",
        &format!("{control}: values"),
        "had left",
        "lack otherwise",
    ];
    let mut table = Grid::new("Missing values", &heads, 2);
    let mut who = Grid::new(
        "Who lacks a value",
        &["outcome", "visit", "arm", "had left", "lack otherwise"],
        9,
    );
    for row in &of.populations.missing {
        let mut cells = vec![row.label.clone(), session(&row.session).to_owned()];
        for arm in [Arm::Active, Arm::Control] {
            let (left, lacking) = (row.left.get(arm), row.lacking.get(arm));
            cells.push(format!("{}/{}", row.present.get(arm), row.expected.get(arm)));
            cells.extend([left.len().to_string(), lacking.len().to_string()]);
            if !(left.is_empty() && lacking.is_empty()) {
                who.row(&[
                    row.label.clone(),
                    session(&row.session).to_owned(),
                    if arm == Arm::Active { active.clone() } else { control.clone() },
                    left.join(", "),
                    lacking.join(", "),
                ]);
            }
        }
        table.row(&cells);
    }
    table.finish() + &who.folded()
}
