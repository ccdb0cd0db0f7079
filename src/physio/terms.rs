//! Which Fourier terms a model has: `cardiac/respiratory/interaction`, or a preset by its name.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// Highest order accepted of any series; the pulse has no usable content beyond.
const HIGHEST_ORDER: usize = 10;

/// Orders of the Fourier series of a RETROICOR model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Terms {
    /// Order C of the cardiac series: 2 C columns.
    pub cardiac: usize,
    /// Order of the respiratory series: 2 columns each.
    pub respiratory: usize,
    /// Orders (m, n) of the interaction m phi_c ± n phi_r: 4 m n columns.
    pub interaction: (usize, usize),
}

impl Terms {
    /// 3/4/1x1, 18 columns (Harvey et al. 2008); the default.
    pub const HARVEY: Terms = Terms { cardiac: 3, respiratory: 4, interaction: (1, 1) };
    /// 2/2/0, 8 columns (Glover et al. 2000; AFNI).
    pub const AFNI: Terms = Terms { cardiac: 2, respiratory: 2, interaction: (0, 0) };
    /// 4/4/2x2, 32 columns (what nipype's PNM and public scripts ask of FSL).
    pub const FSL: Terms = Terms { cardiac: 4, respiratory: 4, interaction: (2, 2) };

    /// Whether any column needs the cardiac phase.
    #[must_use]
    pub fn needs_cardiac(&self) -> bool {
        self.cardiac > 0 || self.n_interactions() > 0
    }

    /// Whether any column needs the respiratory phase.
    #[must_use]
    pub fn needs_respiratory(&self) -> bool {
        self.respiratory > 0 || self.n_interactions() > 0
    }

    /// Columns of the model.
    #[must_use]
    pub fn n_columns(&self) -> usize {
        2 * self.cardiac + 2 * self.respiratory + 4 * self.n_interactions()
    }

    /// Column names in the order of the columns: `cardiac_cos1`, `cardiac_sin1`, ..., `resp_cos1`, ...,
    /// `interaction_cos_c1_plus_r1`, `interaction_sin_c1_plus_r1`, `interaction_cos_c1_minus_r1`, ...
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
        names
    }

    /// The columns' values at one moment, in the order of [`Terms::names`].
    ///
    /// `cardiac_phase`, `resp_phase`: radians; one that no column needs may be anything.
    #[must_use]
    pub fn values(&self, cardiac_phase: f64, resp_phase: f64) -> Vec<f64> {
        let mut values = Vec::with_capacity(self.n_columns());
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
            (m, n) if m * n > 0 => write!(f, "{m}x{n}"),
            _ => write!(f, "0"),
        }
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
        match text.trim().to_ascii_lowercase().as_str() {
            "harvey" => return Ok(Terms::HARVEY),
            "afni" => return Ok(Terms::AFNI),
            "fsl" => return Ok(Terms::FSL),
            _ => {}
        }
        let refused = || {
            Error::usage(
                "--terms",
                format!("is `{text}`"),
                format!(
                    "be harvey, afni, fsl or CARDIAC/RESPIRATORY/INTERACTION with orders up to {HIGHEST_ORDER}"
                ),
                "for example 3/4/1x1, 3/0/0 for pulse alone, 0/4/0 for breathing alone",
            )
        };
        let order = |text: &str| {
            text.trim().parse::<usize>().ok().filter(|&o| o <= HIGHEST_ORDER).ok_or_else(refused)
        };
        let parts: Vec<&str> = text.trim().split('/').collect();
        let [cardiac, respiratory, interaction] = parts[..] else {
            return Err(refused());
        };
        let interaction = match interaction.split_once(['x', 'X']) {
            Some((m, n)) => (order(m)?, order(n)?),
            None if interaction.trim() == "0" => (0, 0),
            None => return Err(refused()),
        };
        let terms =
            Terms { cardiac: order(cardiac)?, respiratory: order(respiratory)?, interaction };
        if terms.n_columns() == 0 { Err(refused()) } else { Ok(terms) }
    }
}
