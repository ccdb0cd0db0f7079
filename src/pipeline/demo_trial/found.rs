//! What was found, beside what was put in.

use std::path::{Path, PathBuf};

use super::Line;
use super::names::{Folders, of_drug};
use super::tables::cell;
use crate::error::Result;
use crate::io;
use crate::simulate::drug_trial::{DrugTrial, Region};
use crate::table::Table;

/// Regions whose response is told: where the drug acts, and one where it does not.
const TOLD: [Region; 5] = [
    Region::Pag,
    Region::InsulaLeft,
    Region::InsulaRight,
    Region::ThalamusLeft,
    Region::ThalamusRight,
];
/// Outcomes of `trial` that something was put in for: its table of comparisons, for a person, units, and the truth's name.
const OUTCOMES: [(&str, &str, &str, &str); 6] = [
    ("questionnaires:nrs", "pain, numeric rating scale", "points of 10", "nrs"),
    ("questionnaires:fiq", "Fibromyalgia Impact Questionnaire", "points of 100", "fiq"),
    ("questionnaires:sf36_pcs", "SF-36, physical component", "points", "sf36_pcs"),
    ("cpm:absolute", "conditioned pain modulation", "points of 100", "cpm"),
    ("pressure:p50", "pressure that is rated 50", "kPa", "p50_kpa"),
    ("physio_summary[task=pain]:heart_rate", "heart rate", "beats/min", HEART),
];
/// Not a score.
const HEART: &str = "heart_rate";

/// All of them.
///
/// # Errors
/// What the results lack.
pub(super) fn lines(folders: &Folders, trial: &DrugTrial) -> Result<Vec<Line>> {
    let mut lines = regions(folders, trial)?;
    lines.push(coupling(folders, trial)?);
    lines.extend(outcomes(folders, trial)?);
    lines.push(nausea(folders, trial)?);
    Ok(lines)
}

/// A table of results.
struct Sheet {
    path: PathBuf,
    table: Table,
}

impl Sheet {
    fn read(path: PathBuf) -> Result<Sheet> {
        Ok(Sheet { table: io::tsv::read(&path)?, path })
    }

    /// A number of the row that begins so; NaN where it is n/a.
    fn number(&self, begins: &[&str], column: &str) -> Result<f64> {
        let text = cell(&self.table, &self.path, begins, column)?;
        Ok(text.parse().unwrap_or(f64::NAN))
    }

    /// An estimate with its limits, and p where it has one.
    fn line(
        &self,
        begins: &[&str],
        [value, lower, upper]: [&str; 3],
        p: Option<&str>,
    ) -> Result<Line> {
        Ok(Line {
            quantity: String::new(),
            units: String::new(),
            truth: f64::NAN,
            found: self.number(begins, value)?,
            lower: self.number(begins, lower)?,
            upper: self.number(begins, upper)?,
            p: p.map(|p| self.number(begins, p)).transpose()?,
            by: "",
        })
    }
}

/// The response to pain.
fn regions(folders: &Folders, trial: &DrugTrial) -> Result<Vec<Line>> {
    let sheet = Sheet::read(folders.at(&of_drug("regions.tsv")))?;
    let line = |region: &Region| {
        let columns = ["effect", "lower_95", "upper_95"];
        Ok(Line {
            quantity: format!("response to pain, {}", region.name()),
            units: "percent".to_owned(),
            truth: trial.drug_on_pain(*region),
            by: "bids",
            ..sheet.line(&[region.name()], columns, Some("p"))?
        })
    };
    TOLD.iter().map(line).collect()
}

/// The columns of a comparison.
const DIFFERENCE: [&str; 3] = ["difference", "difference_low", "difference_high"];

fn comparisons(folders: &Folders) -> Result<Sheet> {
    Sheet::read(folders.at("trial").join("ancova.tsv"))
}

fn coupling(folders: &Folders, trial: &DrugTrial) -> Result<Line> {
    let sheet = comparisons(folders)?;
    let of = ["brain:insula_dmn_z", "observed"];
    Ok(Line {
        quantity: "insula with default mode network (truth: of the signals without noise)"
            .to_owned(),
        units: "Fisher z".to_owned(),
        truth: trial.drug_on_coupling_z(),
        by: "trial",
        ..sheet.line(&of, DIFFERENCE, Some("p"))?
    })
}

fn outcomes(folders: &Folders, trial: &DrugTrial) -> Result<Vec<Line>> {
    let sheet = comparisons(folders)?;
    let line = |(outcome, quantity, units, name): (&str, &str, &str, &str)| {
        let truth = match name {
            HEART => Some(trial.drug_on_heart_rate()),
            score => trial.drug_on_score(score),
        };
        Ok(Line {
            quantity: quantity.to_owned(),
            units: units.to_owned(),
            truth: truth.unwrap_or(f64::NAN),
            by: "trial",
            ..sheet.line(&[outcome, "observed"], DIFFERENCE, Some("p"))?
        })
    };
    OUTCOMES.into_iter().map(line).collect()
}

fn nausea(folders: &Folders, trial: &DrugTrial) -> Result<Line> {
    let sheet = Sheet::read(folders.at("trial").join("adverse_events.tsv"))?;
    let of = ["Gastrointestinal disorders", "Nausea"];
    let columns = ["risk_difference", "risk_difference_low", "risk_difference_high"];
    Ok(Line {
        quantity: "nausea, difference of shares".to_owned(),
        truth: trial.drug_on_nausea(),
        by: "trial",
        ..sheet.line(&of, columns, None)?
    })
}

/// Whether a path is there, relative to the demonstration's folder.
pub(super) fn is_there(out: &Path, path: &str) -> bool {
    out.join(path).is_file()
}
