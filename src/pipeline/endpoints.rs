//! The `trial` command as a story: a study's tables, a plan held against them, and what the endpoints come to, as tables, one file of results and a page.

use std::fmt::Write as _;

use serde_json::json;

use crate::error::{Error, Result};
use crate::io;
use crate::maps::Entities;
use crate::pipeline::products::{Account, Agreement, Draw, Opened, Page, Products, Text};
use crate::pipeline::provenance::Provenance;
use crate::pipeline::session::Session;
use crate::pipeline::spec::{Command, EndpointsSpec};
use crate::pipeline::watch::{Quiet, Watch};
use crate::report::page::FileRead;
use crate::report::trial::{PictureFile, TrialPage, page};
use crate::table::dictionary::DataDictionary;
use crate::trial::digits::{decimals, p_said, written};
use crate::trial::sheets::{Sheet, sheets};
use crate::trial::{self, ByArm, Notes, Results, Severity};

mod acq_time;
mod edges;
mod heard;
mod maps;
mod near;
mod networks;
mod pictures;
mod sessions;
mod study;

use study::Study;

/// So many names of participants a line; results.json and the page have all.
const NAMES: usize = 8;

/// Analyse a trial's endpoints.
///
/// # Errors
/// What the study's tables hold or lack; output errors.
pub fn run(
    spec: &EndpointsSpec,
    session: &mut Session<'_>,
    products: &mut dyn Products,
) -> Result<()> {
    let watch: &dyn Watch = &session.watch;
    let (study, results, pictures) = analysed(spec, watch)?;
    let files: Vec<_> = study.files.iter().map(|(_, path)| path.clone()).collect();
    products.reads(&files)?;
    for note in &results.notes.all {
        match note.severity {
            Severity::Info => watch.note(&note.short(NAMES)),
            Severity::Warning => watch.warn(&note.short(NAMES)),
        }
    }
    told(&results).iter().for_each(|line| watch.note(line));
    for sheet in sheets(&results) {
        products.table(text(sheet))?;
    }
    let command = Command::Trial(spec.clone());
    let mut account = Account::of(command, Opened { found: study.files, bolds: Vec::new() });
    account.stages = vec!["read", "trial"];
    account.counts.insert("participants".to_owned(), json!(results.flow.listed));
    account.counts.insert("notes".to_owned(), json!(results.notes.all.len()));
    account.pages = pages(results, pictures)?;
    products.finish(session, account)
}

/// The same analysis with every name of its plan filled in, so that it is the same value whoever asks, and whatever tables come later; what names were taken for is noted.
///
/// # Errors
/// A study that cannot be opened, and names that it lacks; folders without pictures.
pub fn resolved(spec: EndpointsSpec, watch: &dyn Watch) -> Result<EndpointsSpec> {
    // What maps have to say they say when they are analysed.
    let Study { plan, of_names, tables, .. } = Study::open(&spec, &Quiet)?;
    // What is said of the names that are filled in now, too, the analysis says.
    let mut again = Notes::default();
    plan.clone().resolved(&tables, &mut again)?;
    let own = of_names.all.iter().filter(|note| !again.all.contains(note));
    own.for_each(|note| watch.note(&note.to_string()));
    let pictures = pictures::listed(&spec.pictures)?;
    Ok(EndpointsSpec { plan, pictures, ..spec })
}

/// The study opened, all its numbers, and the pictures beside them.
fn analysed(spec: &EndpointsSpec, watch: &dyn Watch) -> Result<(Study, Results, Vec<PictureFile>)> {
    let mut study = Study::open(spec, watch)?;
    let listed = pictures::listed(&spec.pictures)?;
    let (pictures, beside) =
        heard::heard(&mut study.notes, watch, |_, watch| pictures::read(&listed, watch))?;
    study.files.extend(beside);
    let mut results = trial::analyse(
        &study.plan,
        study.participants.clone(),
        &study.tables,
        study.notes.clone(),
    )?;
    if let Some(brain) = &mut results.brain {
        brain.values.clone_from(&study.values);
    }
    let results = Results {
        study: study.name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..results
    };
    Ok((study, results, pictures))
}

/// A table, numbers in full: made on the host in f64 on every machine.
fn text(sheet: Sheet) -> Text {
    let text = io::tsv::write_string(&sheet.table);
    let dictionary = DataDictionary::made(sheet.dictionary);
    Text::table(Entities::of(sheet.name), text, Some(Agreement::Host), &dictionary)
}

fn pretty(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string_pretty(value).map(|text| text + "\n").map_err(|cause| {
        Error::internal("the results", "cannot be written as JSON", "be", "").caused_by(cause)
    })
}

/// The page, plan.json, with which the same can be asked for again, and results.json.
fn pages(results: Results, pictures: Vec<PictureFile>) -> Result<Vec<Page>> {
    let [plan, all] = [pretty(&results.plan)?, pretty(&results)?];
    let text = |name, ending, text: String| Page {
        entities: Entities::of(name),
        ending,
        draw: Box::new(move |_| Ok(text)),
    };
    let draw: Draw = Box::new(move |made| Ok(drawn(&results, &pictures, made)));
    let report = Page { entities: Entities::of("report"), ending: ".html", draw };
    Ok(vec![text("plan", ".json", plan), text("results", ".json", all), report])
}

/// The page of all that was recorded.
fn drawn(results: &Results, pictures: &[PictureFile], made: &Provenance) -> String {
    let read = made.inputs.iter().map(|input| FileRead {
        path: input.path.to_string_lossy().into_owned(),
        role: input.role.name().to_owned(),
        checksum: input.checksum.to_string(),
    });
    let outputs = made.outputs.iter().map(|output| output.name.to_string_lossy().into_owned());
    page(&TrialPage {
        results,
        command_line: &made.command_line,
        inputs: &read.collect::<Vec<FileRead>>(),
        outputs: &outputs.collect::<Vec<String>>(),
        pictures,
    })
}

/// A line an outcome, and one of all edges.
fn told(results: &Results) -> Vec<String> {
    let mut seen: Vec<&str> = Vec::new();
    let mut lines = Vec::new();
    for row in &results.ancova.rows {
        if seen.contains(&row.outcome.as_str()) {
            continue;
        }
        seen.push(&row.outcome);
        let difference = row.difference;
        let places = decimals(difference.se.unwrap_or(difference.value)) + 1;
        let said = |v: f64| written(v, places);
        let limit = |v: Option<f64>| v.map_or("n/a".to_owned(), said);
        lines.push(format!(
            "{}: {} - {} = {} ({} to {}), {}, n = {} + {}",
            row.label,
            results.arms.active,
            results.arms.control,
            said(difference.value),
            limit(difference.low),
            limit(difference.high),
            p_said(row.test.p),
            row.n.active,
            row.n.control,
        ));
    }
    if let Some(part) = &results.edges {
        let tested = part.rows.iter().filter_map(|row| row.q);
        let found = tested.clone().filter(|q| *q < 0.05).count();
        lines.push(format!("edges: {found} of {} with q < .05 (edges.tsv)", tested.count()));
    }
    if let Some(part) = &results.networks {
        let tested = part.rows.iter().filter_map(|row| row.q);
        let found = tested.clone().filter(|q| *q < 0.05).count();
        lines.push(format!("networks: {found} of {} with q < .05 (networks.tsv)", tested.count()));
    }
    lines
}

/// What a plan comes to.
pub struct Described {
    /// The plan as `--plan` takes it: JSON.
    pub plan: String,
    /// For a person: what is read, who is in which population, what lacks, what must be known, and what would be written.
    pub text: String,
}

/// What a plan comes to; nothing is written.
///
/// # Errors
/// As [`run`], but for outputs.
pub fn described(spec: &EndpointsSpec) -> Result<Described> {
    let (study, results, _) = analysed(spec, &Quiet)?;
    let (plan, mut text) = (pretty(&results.plan)?, String::new());
    let names: Vec<String> =
        study.files.iter().map(|(_, path)| path.display().to_string()).collect();
    let _ = writeln!(text, "reads {}\n", names.join(", "));
    let arms = |n: ByArm<usize>| {
        format!("{} {}, {} {}", results.arms.active, n.active, results.arms.control, n.control)
    };
    for row in &results.populations.rows {
        let _ = writeln!(text, "{}: {} ({})", row.name, arms(row.n), row.definition);
    }
    for row in &results.populations.missing {
        let (label, session) = (&row.label, &row.session);
        let _ = writeln!(text, "{label} at {session}: {}", arms(row.present));
    }
    for note in &results.notes.all {
        let word = if note.severity == Severity::Warning { "warning" } else { "note" };
        let _ = writeln!(text, "{word}: {note}");
    }
    let mut made: Vec<String> =
        sheets(&results).iter().map(|sheet| format!("{}.tsv", sheet.name)).collect();
    made.extend(
        pages(results, Vec::new())?
            .iter()
            .map(|page| format!("{}{}", page.entities.stem(""), page.ending)),
    );
    let _ = writeln!(text, "\nwould write {}", made.join(", "));
    Ok(Described { plan, text })
}
