//! Which volumes of a run are left out of the fit, and why.
//!
//! A volume is left out where its framewise displacement or standardised DVARS exceeds a threshold, with so many volumes before and
//! after it (Power 2014); where it is listed; where the scanner had not reached its steady state; and where what lies between two
//! volumes that are left out is a stretch of fewer than so many. Those left out keep their times: nothing is spliced.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::strategy::Strategy;
use super::{motion, number};
use crate::error::{Error, Result};
use crate::table::Table;

mod flags;

/// What leaves a volume out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Rules {
    /// Framewise displacement above this, mm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fd: Option<f64>,
    /// Standardised DVARS above this, 1 for noise alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dvars: Option<f64>,
    /// Volumes before one that fd or dvars leaves out.
    #[serde(default, skip_serializing_if = "is_0")]
    pub before: usize,
    /// Volumes after one.
    #[serde(default, skip_serializing_if = "is_0")]
    pub after: usize,
    /// Volumes that a stretch between two that are left out must have to be kept.
    #[serde(default, skip_serializing_if = "is_0")]
    pub runs: usize,
    /// Volumes before the steady state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub non_steady: Option<NonSteady>,
}

/// What says which volumes come before the steady state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NonSteady {
    /// fMRIPrep's columns alone.
    Columns,
    /// The same, where a table has motion or such columns; else the run itself.
    Found,
    /// The first so many.
    First(usize),
}

fn is_0(n: &usize) -> bool {
    *n == 0
}

/// How `--censor` must read.
const FORM: &str = "it must be such as fd:0.5,dvars:1.5,before:1,after:2,runs:5,non-steady (mm, and 1 for noise alone), or none";

impl Rules {
    /// Whether they ask for the length of stretches, and for nothing that leaves out the volumes between which these lie.
    #[must_use]
    pub fn is_of_stretches_alone(&self) -> bool {
        self.runs > 0 && self.fd.is_none() && self.dvars.is_none() && self.non_steady.is_none()
    }
}

impl FromStr for Rules {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Rules, String> {
        let mut rules = Rules::default();
        if text == "none" {
            return Ok(rules);
        }
        let mut seen: Vec<&str> = Vec::new();
        for part in text.split(',').map(str::trim) {
            let (key, value) = part.split_once(':').unwrap_or((part, ""));
            if seen.contains(&key) {
                return Err(format!("{key} stands there twice"));
            }
            seen.push(key);
            let above_0 = |x: &f64| x.is_finite() && *x > 0.0;
            let number = || {
                let found = value.parse::<f64>().ok().filter(above_0);
                found.map(Some).ok_or_else(|| format!("{key} needs a number above 0; {FORM}"))
            };
            let count = || {
                value.parse::<usize>().map_err(|_| format!("{key} needs a whole number; {FORM}"))
            };
            match (key, value) {
                ("fd", _) => rules.fd = number()?,
                ("dvars", _) => rules.dvars = number()?,
                ("before", _) => rules.before = count()?,
                ("after", _) => rules.after = count()?,
                ("runs", _) => rules.runs = count()?,
                ("non-steady", "") => rules.non_steady = Some(NonSteady::Found),
                ("non-steady", "columns") => rules.non_steady = Some(NonSteady::Columns),
                ("non-steady", _) => rules.non_steady = Some(NonSteady::First(count()?)),
                _ => return Err(FORM.to_owned()),
            }
        }
        if (rules.before > 0 || rules.after > 0) && rules.fd.is_none() && rules.dvars.is_none() {
            return Err("before and after need fd or dvars, whose neighbours they are".to_owned());
        }
        Ok(rules)
    }
}

impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |key: &str, value: Option<f64>| value.map(|value| format!("{key}:{value}"));
        let count = |key: &str, n: usize| (n > 0).then(|| format!("{key}:{n}"));
        let parts = [
            number("fd", self.fd),
            number("dvars", self.dvars),
            count("before", self.before),
            count("after", self.after),
            count("runs", self.runs),
            self.non_steady.map(|by| match by {
                NonSteady::Columns => "non-steady:columns".to_owned(),
                NonSteady::Found => "non-steady".to_owned(),
                NonSteady::First(n) => format!("non-steady:{n}"),
            }),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        f.write_str(if parts.is_empty() { "none".to_owned() } else { parts.join(",") }.as_str())
    }
}

impl Rules {
    /// The rules in words, as a sentence goes on behind "left out": `where framewise displacement exceeded 0.5 mm, with 1 volume before and 2 after each`.
    #[must_use]
    pub fn words(&self) -> String {
        let moved = [
            self.fd.map(|fd| format!("framewise displacement exceeded {fd} mm")),
            self.dvars.map(|dvars| format!("standardised DVARS exceeded {dvars}")),
        ];
        let moved: Vec<String> = moved.into_iter().flatten().collect();
        let mut all = Vec::new();
        if !moved.is_empty() {
            let volumes = |n: usize| format!("{n} volume{}", if n == 1 { "" } else { "s" });
            let beside = match (self.before, self.after) {
                (0, 0) => String::new(),
                (before, 0) => format!(", with {} before each", volumes(before)),
                (0, after) => format!(", with {} after each", volumes(after)),
                (before, after) => {
                    format!(", with {} before and {after} after each", volumes(before))
                }
            };
            all.push(format!("where {}{beside}", moved.join(" or ")));
        }
        all.extend(self.non_steady.map(|by| {
            match by {
                NonSteady::Columns => {
                    "before the steady state by the columns non_steady_state* of the confounds"
                        .to_owned()
                }
                NonSteady::Found => "before the steady state".to_owned(),
                NonSteady::First(n) => format!("before the steady state (the first {n})"),
            }
        }));
        if self.runs > 0 {
            all.push(format!("in stretches of fewer than {} between others left out", self.runs));
        }
        all.join("; ")
    }
}

impl Strategy {
    /// What nilearn leaves out with it: volumes before the steady state, and with `scrubbing` those that moved.
    #[must_use]
    pub fn censors(self) -> Rules {
        let steady = Rules { non_steady: Some(NonSteady::Columns), ..Rules::default() };
        match self {
            Strategy::Scrubbing => Rules { fd: Some(0.5), dvars: Some(1.5), runs: 5, ..steady },
            _ => steady,
        }
    }
}

/// What is known of each volume of a run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measures {
    /// Framewise displacement, mm, `[volume]`; of parameters that are n/a nothing is in the sum.
    pub fd: Option<Vec<f64>>,
    /// Volumes but the first whose displacement is not known, ascending.
    pub unknown_fd: Vec<usize>,
    /// Translations in mm and rotations in radians, `[parameter][volume]`, in the order of [`motion::PARAMETERS`]; NaN where one is n/a.
    pub motion: Option<[Vec<f64>; 6]>,
    /// Standardised DVARS, `[volume]`.
    pub std_dvars: Option<Vec<f64>>,
    /// Volumes before the steady state; none where nothing says it.
    pub non_steady: Option<Vec<usize>>,
    /// Volumes listed by hand.
    pub listed: Vec<usize>,
}

/// fMRIPrep's columns of volumes before the steady state.
const NON_STEADY: &str = "non_steady_state";

impl Measures {
    /// What tables say; whether framewise displacement was computed from the motion.
    ///
    /// # Errors
    /// Bad data for a cell that is no number.
    pub fn of(tables: &[Table]) -> Result<(Measures, bool)> {
        let fd = motion::framewise_displacement(tables)?;
        let is_computed = fd.as_ref().is_some_and(|(_, is_computed)| *is_computed);
        let mut non_steady: Option<Vec<usize>> = None;
        for table in tables {
            let at = (0..table.columns.len()).filter(|&at| table.columns[at].contains(NON_STEADY));
            for at in at {
                let flagged = motion::column(table, at)?.into_iter().enumerate();
                let volumes = flagged.filter(|(_, v)| v.is_some_and(|v| v != 0.0)).map(|(v, _)| v);
                non_steady.get_or_insert_default().extend(volumes);
            }
            // fMRIPrep, whose tables have all of these, writes no column where it found no such volume.
            let has = |name: &&str| table.position(name).is_some();
            if [motion::FRAMEWISE_DISPLACEMENT, STD_DVARS, "global_signal", "trans_x"]
                .iter()
                .all(has)
            {
                non_steady.get_or_insert_default();
            }
        }
        let std_dvars = motion::find(tables, STD_DVARS)?;
        let fd = fd.map(|(fd, _)| fd);
        let motion = motion::parameters(tables)?;
        let unknown_fd = motion::unknown_displacement(tables)?;
        let measures =
            Measures { fd, unknown_fd, motion, std_dvars, non_steady, listed: Vec::new() };
        Ok((measures, is_computed))
    }
}

/// The column of standardised DVARS.
const STD_DVARS: &str = "std_dvars";

/// What to do where no volume has a displacement, or DVARS.
const NO_FD: &str = "delete the column, and displacement is computed from trans_x to rot_z where the table has them; or censor by another rule, \
                     such as dvars:1.5, or model motion with --columns";
const NO_DVARS: &str = "delete the column, and DVARS are computed from the run; or censor by another rule, such as fd:0.5";

impl Rules {
    /// What is wrong with the columns that they go by: a line for each that is n/a in other volumes than the first, which has nothing before it.
    ///
    /// # Errors
    /// Bad data for a cell that is no number, a measure below 0, a flag that is neither 0 nor 1, and a column without a single value.
    pub fn doubts(&self, tables: &[Table]) -> Result<Vec<String>> {
        let by_fd = self.fd.map(|fd| (format!("fd:{fd}"), motion::FRAMEWISE_DISPLACEMENT, NO_FD));
        let by_dvars = self.dvars.map(|dvars| (format!("dvars:{dvars}"), STD_DVARS, NO_DVARS));
        let mut doubts = Vec::new();
        for (rule, measure, hint) in by_fd.into_iter().chain(by_dvars) {
            let has = |name: &str| tables.iter().find_map(|t| Some((t, vec![t.position(name)?])));
            let is_given = has(measure).is_some();
            let motion = if measure == STD_DVARS { None } else { motion::place(tables) };
            let Some((table, columns)) = has(measure).or(motion) else { continue };
            let missing = missing((table, &columns), is_given, (&rule, hint))?;
            // what is computed is a change since the volume before
            let is_unknown = |volume: &usize| missing[*volume] || !is_given && missing[volume - 1];
            let unknown: Vec<usize> = (1..missing.len()).filter(is_unknown).collect();
            let [by, there, unless] = match is_given {
                true => [measure, "there", ""],
                false => ["motion", "there or just before", " unless what is known exceeds it"],
            };
            if !unknown.is_empty() {
                doubts.push(format!(
                    "{} does not tell whether {rule} leaves out volume{} {} (from 0), as {by} is n/a {there}: it keeps them{unless}",
                    table.name,
                    if unknown.len() == 1 { "" } else { "s" },
                    stretches(&unknown),
                ));
            }
        }
        for table in tables {
            doubts.extend(self.doubts_of_flags(table)?);
        }
        Ok(doubts)
    }
}

/// Rows in which one of the columns that a rule goes by is n/a. `is_given`: they hold a measure, and not the motion it is computed from.
fn missing(
    (table, columns): (&Table, &[usize]),
    is_given: bool,
    (rule, hint): (&str, &str),
) -> Result<Vec<bool>> {
    let mut missing = vec![false; table.rows.len()];
    for &at in columns {
        let values = motion::column(table, at)?;
        let negative = values.iter().position(|value| value.is_some_and(|value| value < 0.0));
        if let Some(row) = negative.filter(|_| is_given) {
            return Err(number::bad_cell(table, row, at, "not be below 0", number::OR_LEAVE_OUT));
        }
        if values.iter().all(Option::is_none) {
            return Err(no_value(table, at, rule, hint));
        }
        let values = values.iter().map(Option::is_none);
        missing.iter_mut().zip(values).for_each(|(missing, is_none)| *missing |= is_none);
    }
    Ok(missing)
}

/// A column that tells nothing of any volume.
fn no_value(table: &Table, at: usize, rule: &str, hint: &str) -> Error {
    Error::bad_data(
        format!("column {} of {}", table.columns[at], table.name),
        "holds no value: every row is n/a",
        format!("tell what {rule} goes by"),
        hint,
    )
}

/// Those of the rules that go by what is known of each volume, and that no volume exceeds.
#[must_use]
pub fn idle(rules: &Rules, measures: &Measures) -> Vec<String> {
    let none_above = |most: f64, values: &Option<Vec<f64>>| {
        values.as_ref().is_some_and(|values| values.iter().all(|&value| value <= most))
    };
    let fd = rules.fd.filter(|&fd| none_above(fd, &measures.fd));
    let dvars = rules.dvars.filter(|&dvars| none_above(dvars, &measures.std_dvars));
    let is_steady = measures.non_steady.as_ref().is_some_and(Vec::is_empty);
    let by_columns = |by: &NonSteady| !matches!(by, NonSteady::First(_));
    let non_steady = rules.non_steady.filter(|by| by_columns(by) && is_steady);
    let alone = [
        Rules { fd, ..Rules::default() },
        Rules { dvars, ..Rules::default() },
        Rules { non_steady, ..Rules::default() },
    ];
    alone.iter().filter(|rules| **rules != Rules::default()).map(Rules::to_string).collect()
}

/// A volume that is left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeftOut {
    /// From 0.
    pub volume: usize,
    /// Why, in words.
    pub reasons: Vec<String>,
}

/// The volumes that are left out, ascending. A rule whose measure is not known leaves none out.
#[must_use]
pub fn left_out(rules: &Rules, measures: &Measures, n_volumes: usize) -> Vec<LeftOut> {
    let mut reasons: Vec<Vec<String>> = vec![Vec::new(); n_volumes];
    let non_steady = match rules.non_steady {
        None => Vec::new(),
        Some(NonSteady::First(n)) => (0..n).collect(),
        Some(NonSteady::Columns | NonSteady::Found) => {
            measures.non_steady.clone().unwrap_or_default()
        }
    };
    for (volumes, why) in [(&measures.listed, "listed"), (&non_steady, "before the steady state")] {
        for &volume in volumes.iter().filter(|&&volume| volume < n_volumes) {
            reasons[volume].push(why.to_owned());
        }
    }
    let mut moved = vec![false; n_volumes];
    let thresholds = [
        (rules.fd, &measures.fd, "framewise displacement", " mm"),
        (rules.dvars, &measures.std_dvars, "standardised DVARS", ""),
    ];
    for (most, values, what, unit) in thresholds {
        let (Some(most), Some(values)) = (most, values) else { continue };
        for (volume, &value) in values.iter().enumerate().take(n_volumes) {
            if value > most {
                moved[volume] = true;
                reasons[volume].push(format!("{what} {value:.3}{unit}"));
            }
        }
    }
    for volume in (0..n_volumes).filter(|&volume| moved[volume]) {
        let near = volume.saturating_sub(rules.before)..=volume.saturating_add(rules.after);
        for at in near.take_while(|&at| at < n_volumes).filter(|&at| !moved[at]) {
            let side = if at < volume { "before" } else { "after" };
            reasons[at].push(format!("{} {side} volume {volume}", at.abs_diff(volume)));
        }
    }
    let is_out: Vec<bool> = reasons.iter().map(|reasons| !reasons.is_empty()).collect();
    let volumes: Vec<usize> = (0..n_volumes).collect();
    // a run that loses nothing has no stretch between two volumes that are left out
    for stretch in volumes.chunk_by(|&a, &b| is_out[a] == is_out[b]) {
        let is_short = stretch.len() < rules.runs && stretch.len() < n_volumes;
        if is_short && !is_out[stretch[0]] {
            for &volume in stretch {
                reasons[volume].push(format!("in a stretch of {} kept", stretch.len()));
            }
        }
    }
    let all = reasons.into_iter().enumerate().filter(|(_, reasons)| !reasons.is_empty());
    all.map(|(volume, reasons)| LeftOut { volume, reasons }).collect()
}

/// How the run differs where volumes before the steady state are looked for in its first 50 (fMRIPrep's rule): the mean over
/// voxels `[volume]` exceeds the median by more than 3.5 of `.6745 |x - median| / MAD`. The leading ones are given back.
///
/// Source: Iglewicz and Hoaglin 1993, as nipype's NonSteadyStateDetector documents it.
#[must_use]
pub fn before_steady_state(means: &[f64]) -> Vec<usize> {
    const FIRST: usize = 50;
    const LEAST: f64 = 3.5;
    let means = &means[..means.len().min(FIRST)];
    let middle = median(means);
    let apart: Vec<f64> = means.iter().map(|mean| (mean - middle).abs()).collect();
    let mad = median(&apart);
    let is_off = |&volume: &usize| 0.6745 * apart[volume] > LEAST * mad;
    (0..means.len()).take_while(is_off).collect()
}

/// How many volumes a run seems to begin with before its steady state: the leading ones of [`before_steady_state`] that are brighter than the
/// rest by a hundredth or more. `means`: of each volume.
#[must_use]
pub fn brighter_at_first(means: &[f64]) -> usize {
    let first = before_steady_state(means).len();
    let steady = median(&means[first..]);
    let is_brighter = |mean: &&f64| **mean > (1.0 + BRIGHTER) * steady && steady > 0.0;
    means[..first].iter().take_while(is_brighter).count()
}

/// Share of the steady level that nothing but the approach to it, or a head that moved, adds to a whole volume.
const BRIGHTER: f64 = 0.01;

/// The median, 0 of none.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    match n {
        0 => 0.0,
        _ if n % 2 == 1 => sorted[n / 2],
        _ => 0.5 * (sorted[n / 2 - 1] + sorted[n / 2]),
    }
}

/// Ascending numbers in a line: `3, 5-9`.
#[must_use]
pub fn stretches(volumes: &[usize]) -> String {
    let stretch = |stretch: &[usize]| match *stretch {
        [first, .., last] => format!("{first}-{last}"),
        _ => stretch.iter().map(usize::to_string).collect(),
    };
    volumes.chunk_by(|a, b| a + 1 == *b).map(stretch).collect::<Vec<_>>().join(", ")
}
