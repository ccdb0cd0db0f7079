//! Which terms a model has: Fourier series as `cardiac/respiratory/interaction` or a preset by its name, and slow terms
//! after a +, with delays in brackets: `harvey+rvt(0,5,10)+hr`, or slow terms alone: `rvt+hr`.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use super::slow::SlowTerm;
use crate::error::{Error, Result};

/// Highest order accepted of any series; the pulse has no usable content beyond.
const HIGHEST_ORDER: usize = 10;

/// Columns that belong together: one series, or one slow measure at all its delays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnSet {
    /// `cardiac`, `respiratory`, `interaction`, `rvt`, `rvt_hilbert`, `rv`, `hr`.
    pub name: String,
    /// Which of the columns.
    pub columns: Range<usize>,
}

/// The sets that columns of these names ([`Terms::names`]) form, in their order.
#[must_use]
pub fn column_sets(names: &[String]) -> Vec<ColumnSet> {
    let mut sets: Vec<ColumnSet> = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let name = set_name(name);
        match sets.last_mut() {
            Some(set) if set.name == name => set.columns.end = at + 1,
            _ => sets.push(ColumnSet { name: name.to_owned(), columns: at..at + 1 }),
        }
    }
    sets
}

fn set_name(column: &str) -> &str {
    match column.split('_').next() {
        Some("resp") => return "respiratory",
        Some(series @ ("cardiac" | "interaction")) => return series,
        _ => {}
    }
    let response = ["_rrf", "_crf"].iter().find_map(|r| column.find(r));
    &column[..response.unwrap_or(column.len())]
}

/// Orders of the Fourier series of a RETROICOR model, and its slow terms.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Terms {
    /// Order C of the cardiac series: 2 C columns.
    pub cardiac: usize,
    /// Order of the respiratory series: 2 columns each.
    pub respiratory: usize,
    /// Orders (m, n) of the interaction m phi_c ± n phi_r: 4 m n columns.
    pub interaction: (usize, usize),
    /// Slow terms: a column for each delay.
    pub slow: Vec<SlowTerm>,
}

impl Terms {
    /// 3/4/1x1, 18 columns (Harvey et al. 2008); the default.
    pub const HARVEY: Terms =
        Terms { cardiac: 3, respiratory: 4, interaction: (1, 1), slow: Vec::new() };
    /// 2/2/0, 8 columns (Glover et al. 2000; AFNI).
    pub const AFNI: Terms =
        Terms { cardiac: 2, respiratory: 2, interaction: (0, 0), slow: Vec::new() };
    /// 4/4/2x2, 32 columns (what nipype's PNM and public scripts ask of FSL).
    pub const FSL: Terms =
        Terms { cardiac: 4, respiratory: 4, interaction: (2, 2), slow: Vec::new() };

    /// Whether any column needs the cardiac trace.
    #[must_use]
    pub fn needs_cardiac(&self) -> bool {
        self.cardiac > 0
            || self.n_interactions() > 0
            || self.slow.iter().any(|term| term.measure.is_cardiac())
    }

    /// Whether any column needs the respiratory trace.
    #[must_use]
    pub fn needs_respiratory(&self) -> bool {
        self.respiratory > 0
            || self.n_interactions() > 0
            || self.slow.iter().any(|term| !term.measure.is_cardiac())
    }

    /// Columns of the model.
    #[must_use]
    pub fn n_columns(&self) -> usize {
        self.n_fourier() + self.slow.iter().map(|term| term.delays_s.len()).sum::<usize>()
    }

    /// Columns of the Fourier series, which come first.
    #[must_use]
    pub fn n_fourier(&self) -> usize {
        2 * self.cardiac + 2 * self.respiratory + 4 * self.n_interactions()
    }

    /// Whether column k, of the Fourier series, needs the cardiac and the respiratory phase; a slow one neither.
    pub(super) fn needs_of(&self, k: usize) -> (bool, bool) {
        let (cardiac, single) = (2 * self.cardiac, 2 * (self.cardiac + self.respiratory));
        let is_fourier = k < self.n_fourier();
        (is_fourier && (k < cardiac || k >= single), is_fourier && k >= cardiac)
    }

    /// Column names in the order of the columns: `cardiac_cos1`, `cardiac_sin1`, ..., `resp_cos1`, ...,
    /// `interaction_cos_c1_plus_r1`, `interaction_sin_c1_plus_r1`, `interaction_cos_c1_minus_r1`, ...,
    /// `rvt_rrf`, `rvt_rrf_delay_5s`, ..., `hr_crf`
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::with_capacity(self.n_columns());
        for (series, order) in [("cardiac", self.cardiac), ("resp", self.respiratory)] {
            for m in 1..=order {
                names.extend(["cos", "sin"].map(|f| format!("{series}_{f}{m}")));
            }
        }
        for m in 1..=self.interaction.0 {
            for n in 1..=self.interaction.1 {
                for sign in ["plus", "minus"] {
                    names.extend(
                        ["cos", "sin"].map(|f| format!("interaction_{f}_c{m}_{sign}_r{n}")),
                    );
                }
            }
        }
        names.extend(self.slow.iter().flat_map(SlowTerm::names));
        names
    }

    /// The Fourier columns' values at one moment, in the order of [`Terms::names`].
    ///
    /// `cardiac_phase`, `resp_phase`: radians; one that no column needs may be anything.
    #[must_use]
    pub fn values(&self, cardiac_phase: f64, resp_phase: f64) -> Vec<f64> {
        let mut values = Vec::with_capacity(self.n_fourier());
        let mut push = |angle: f64| values.extend([angle.cos(), angle.sin()]);
        (1..=self.cardiac).for_each(|m| push(m as f64 * cardiac_phase));
        (1..=self.respiratory).for_each(|m| push(m as f64 * resp_phase));
        for m in 1..=self.interaction.0 {
            for n in 1..=self.interaction.1 {
                let (c, r) = (m as f64 * cardiac_phase, n as f64 * resp_phase);
                push(c + r);
                push(c - r);
            }
        }
        values
    }

    /// The same by the theorems of addition, from one sine and cosine of each phase; rounding differs in the last digits.
    pub(super) fn values_by_addition(&self, cardiac_phase: f64, resp_phase: f64, row: &mut [f64]) {
        type Turn = (f64, f64);
        let after = |a: Turn, b: Turn| (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0);
        let mut cells = row.as_chunks_mut::<2>().0.iter_mut();
        let mut put = |turn: Turn| cells.next().into_iter().for_each(|cell| *cell = turn.into());
        let turn = |phase: f64| -> Turn {
            let (sin, cos) = phase.sin_cos();
            (cos, sin)
        };
        let mut series = |order: usize, once: Turn| {
            let mut turn = (1.0, 0.0);
            for _ in 0..order {
                turn = after(turn, once);
                put(turn);
            }
        };
        let (cardiac, resp) = (turn(cardiac_phase), turn(resp_phase));
        series(self.cardiac, cardiac);
        series(self.respiratory, resp);
        let mut c = (1.0, 0.0);
        for _ in 0..self.interaction.0 {
            c = after(c, cardiac);
            let mut r = (1.0, 0.0);
            for _ in 0..self.interaction.1 {
                r = after(r, resp);
                put(after(c, r));
                put(after(c, (r.0, -r.1)));
            }
        }
    }

    fn n_interactions(&self) -> usize {
        self.interaction.0 * self.interaction.1
    }
}

impl Default for Terms {
    fn default() -> Terms {
        Terms::HARVEY
    }
}

impl fmt::Display for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/", self.cardiac, self.respiratory)?;
        match self.interaction {
            (m, n) if m * n > 0 => write!(f, "{m}x{n}")?,
            _ => write!(f, "0")?,
        }
        self.slow.iter().try_for_each(|term| write!(f, "+{term}"))
    }
}

impl From<Terms> for String {
    fn from(terms: Terms) -> String {
        terms.to_string()
    }
}

impl TryFrom<String> for Terms {
    type Error = Error;

    fn try_from(text: String) -> Result<Terms> {
        text.parse()
    }
}

impl FromStr for Terms {
    type Err = Error;

    fn from_str(text: &str) -> Result<Terms> {
        let refused = || {
            Error::usage(
                "--terms",
                format!("is `{text}`"),
                format!(
                    "be harvey, afni, fsl or CARDIAC/RESPIRATORY/INTERACTION with orders up to {HIGHEST_ORDER}, and may add +rvt, +rvt-hilbert, +rv or +hr"
                ),
                "for example 3/4/1x1, 3/0/0 for pulse alone, 0/4/0 for breathing alone, 'harvey+rvt(0,5,10)+hr'",
            )
        };
        let mut parts = text.split('+');
        let first = parts.next().unwrap_or_default();
        let mut terms = match (series(first), first.parse::<SlowTerm>()) {
            (Some(terms), _) => terms,
            (None, Ok(slow)) => {
                Terms { cardiac: 0, respiratory: 0, interaction: (0, 0), slow: vec![slow] }
            }
            // A slow term with a bad delay says what is wrong with it.
            (None, Err(error)) => {
                return Err(if first.contains('(') { error } else { refused() });
            }
        };
        for part in parts {
            let slow: SlowTerm = part.parse()?;
            if let Some(other) = terms.slow.iter().find(|other| other.measure == slow.measure) {
                return Err(Error::usage(
                    "--terms",
                    format!("names {} twice in `{text}`", other.measure.name()),
                    "name it once",
                    "give all its delays in one pair of brackets: 'rvt(0,5,10)'",
                ));
            }
            terms.slow.push(slow);
        }
        if terms.n_columns() == 0 { Err(refused()) } else { Ok(terms) }
    }
}

/// The Fourier part: a preset or three orders.
fn series(text: &str) -> Option<Terms> {
    match text.trim().to_ascii_lowercase().as_str() {
        "harvey" => return Some(Terms::HARVEY),
        "afni" => return Some(Terms::AFNI),
        "fsl" => return Some(Terms::FSL),
        _ => {}
    }
    let order = |text: &str| text.trim().parse::<usize>().ok().filter(|&o| o <= HIGHEST_ORDER);
    let parts: Vec<&str> = text.trim().split('/').collect();
    let [cardiac, respiratory, interaction] = parts[..] else {
        return None;
    };
    let interaction = match interaction.split_once(['x', 'X']) {
        Some((m, n)) => (order(m)?, order(n)?),
        None if interaction.trim() == "0" => (0, 0),
        None => return None,
    };
    let (cardiac, respiratory) = (order(cardiac)?, order(respiratory)?);
    Some(Terms { cardiac, respiratory, interaction, slow: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_by_addition_are_the_values() {
        for terms in
            [Terms::HARVEY, Terms::FSL, Terms { cardiac: 0, interaction: (1, 2), ..Terms::AFNI }]
        {
            for k in 0..100 {
                let (c, r) = (0.063 * f64::from(k), 0.063 * f64::from(k * k % 100) - 3.1);
                let mut row = vec![f64::NAN; terms.n_columns()];
                terms.values_by_addition(c, r, &mut row);
                for (got, want) in row.iter().zip(terms.values(c, r)) {
                    assert!((got - want).abs() < 1e-14, "{terms} at {c}, {r}: {got} for {want}");
                }
            }
        }
    }
}
