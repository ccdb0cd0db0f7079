//! `--physio-format`: which reader takes a log, and what the log itself does not tell.
//!
//! `NAME[:KEY=VALUE]...`, for example `afni-1d:hz=50:columns=cardiac` or `auto:start=-12.5`.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A family of log files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Told by the content, or the name where the content does not tell.
    #[default]
    Auto,
    /// physio.tsv.gz with its JSON.
    Bids,
    /// `.puls`, `.resp`, `.ecg`, `.ext`.
    SiemensVb,
    /// `_PULS.log`, `_RESP.log`, `_ECG.log`, `_EXT.log`, `_Info.log`.
    SiemensVd,
    /// `PPGData`, `RESPData`, `ECGData`.
    Ge,
    /// A DICOM file with the logs of a CMRR sequence inside.
    SiemensDicom,
    /// SCANPHYSLOG.
    Philips,
    /// The Human Connectome Project's `_Physio_log.txt`: trigger, breathing, pulse at 400 Hz.
    Hcp,
    /// AFNI 1D.
    Afni1d,
    /// The text file of FSL's PNM.
    FslPnm,
    /// Numbers in columns.
    Columns,
}

/// Name, and the keys that the reader takes, of each kind.
const KINDS: [(Kind, &str, &[&str]); 11] = [
    (Kind::Auto, "auto", &["hz", "columns", "start", "skip"]),
    (Kind::Bids, "bids", &["start"]),
    (Kind::SiemensVb, "siemens-vb", &["hz", "columns", "start", "skip"]),
    (Kind::SiemensVd, "siemens-vd", &["start", "skip"]),
    (Kind::SiemensDicom, "siemens-dicom", &["start", "skip"]),
    (Kind::Ge, "ge", &["hz", "columns", "start"]),
    (Kind::Philips, "philips", &["hz", "start"]),
    (Kind::Hcp, "hcp", &["hz", "start", "skip"]),
    (Kind::Afni1d, "afni-1d", &["hz", "columns", "start", "skip"]),
    (Kind::FslPnm, "fsl-pnm", &["hz", "columns", "start", "skip"]),
    (Kind::Columns, "columns", &["hz", "columns", "start", "skip"]),
];

impl Kind {
    fn row(self) -> &'static (Kind, &'static str, &'static [&'static str]) {
        KINDS.iter().find(|row| row.0 == self).unwrap_or(&KINDS[0])
    }

    /// As `--physio-format` spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().1
    }
}

/// What a channel holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Pulse oximeter or ECG.
    Cardiac,
    /// Breathing belt.
    Respiratory,
    /// Scanner trigger.
    Trigger,
    /// Something not used.
    Other,
}

impl Signal {
    /// The word of BIDS, `-` for what is not used.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Signal::Cardiac => "cardiac",
            Signal::Respiratory => "respiratory",
            Signal::Trigger => "trigger",
            Signal::Other => "-",
        }
    }
}

/// How a log is read.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Format {
    /// The reader.
    pub kind: Kind,
    /// `hz`: samples a second.
    pub hz: Option<f64>,
    /// `columns`: what the columns hold, in file order.
    pub columns: Vec<Signal>,
    /// `start`: time of the first sample in seconds relative to the first volume.
    pub start_s: Option<f64>,
    /// `skip`: volumes or triggers in the log that come before the first volume of the image (dummy scans).
    pub skip: Option<usize>,
}

impl Format {
    /// The same with the kind that was found.
    pub(super) fn found(&self, kind: Kind) -> Result<Format> {
        let format = Format { kind, ..self.clone() };
        let (_, name, keys) = kind.row();
        match format.keys().iter().find(|(key, _)| !keys.contains(key)) {
            None => Ok(format),
            Some((key, _)) => Err(Error::usage(
                "--physio-format",
                format!("gives {key} for a log of the format {name}, which tells it itself"),
                format!("give no other keys than {}", keys.join(", ")),
                "leave it away",
            )),
        }
    }

    fn keys(&self) -> Vec<(&'static str, String)> {
        let mut keys = Vec::new();
        keys.extend(self.hz.map(|v| ("hz", v.to_string())));
        if !self.columns.is_empty() {
            let names: Vec<&str> = self.columns.iter().map(|c| c.name()).collect();
            keys.push(("columns", names.join(",")));
        }
        keys.extend(self.start_s.map(|v| ("start", v.to_string())));
        keys.extend(self.skip.map(|v| ("skip", v.to_string())));
        keys
    }
}

impl Display for Format {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        self.keys().iter().try_for_each(|(key, value)| write!(f, ":{key}={value}"))
    }
}

impl From<Format> for String {
    fn from(format: Format) -> String {
        format.to_string()
    }
}

impl TryFrom<String> for Format {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Format, String> {
        text.parse()
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Format, String> {
        let mut parts = text.split(':');
        let name = parts.next().unwrap_or_default();
        let Some((kind, _, _)) = KINDS.iter().find(|row| row.1 == name) else {
            let names: Vec<&str> = KINDS.iter().map(|row| row.1).collect();
            return Err(format!("'{name}' is no format; it must be one of {}", names.join(", ")));
        };
        let mut format = Format { kind: *kind, ..Format::default() };
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let number = value.parse::<f64>().ok().filter(|v| v.is_finite());
            let bad = |what: &str| format!("{key} is '{value}'; it must be {what}");
            if format.keys().iter().any(|(given, _)| given.trim_end_matches('s') == key) {
                return Err(format!("{key} is given twice"));
            }
            match key {
                "hz" => {
                    format.hz =
                        Some(number.filter(|v| *v > 0.0).ok_or_else(|| bad("samples a second"))?);
                }
                "start" => format.start_s = Some(number.ok_or_else(|| bad("seconds"))?),
                "skip" => format.skip = Some(value.parse().map_err(|_| bad("a count"))?),
                "column" | "columns" => format.columns = columns(value)?,
                _ => {
                    return Err(format!(
                        "'{key}' is no key; it must be hz, columns, start or skip"
                    ));
                }
            }
        }
        format.found(*kind).map_err(|e| e.fault().map_or_else(String::new, |f| f.to_string()))
    }
}

fn columns(text: &str) -> std::result::Result<Vec<Signal>, String> {
    let mut columns = Vec::new();
    for name in text.split(',') {
        let signal = match name {
            "cardiac" => Signal::Cardiac,
            "respiratory" => Signal::Respiratory,
            "trigger" => Signal::Trigger,
            "-" => Signal::Other,
            _ => {
                return Err(format!(
                    "column '{name}' is unknown; it must be cardiac, respiratory, trigger or - (not used)"
                ));
            }
        };
        if signal != Signal::Other && columns.contains(&signal) {
            return Err(format!("column {name} is named twice"));
        }
        columns.push(signal);
    }
    if columns.iter().all(|c| *c == Signal::Other) {
        return Err("columns names neither cardiac nor respiratory nor trigger".to_owned());
    }
    Ok(columns)
}
