//! A response as text: what `--hrf` takes and sidecars keep.

use std::fmt;
use std::str::FromStr;

use super::{Derivatives, MicroTime, Model, Response};

/// AFNI's GAM without arguments.
const GAM: (f64, f64) = (8.6, 0.547);
/// The largest delay of an FIR model, TRs.
const MOST_DELAY: usize = 10_000;

impl FromStr for Response {
    type Err = String;

    /// Case, blanks and AFNI's brackets are taken as well: `SPM + derivative`, `BLOCK(20,1)`.
    fn from_str(text: &str) -> Result<Response, String> {
        let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let plain = plain.to_ascii_lowercase().replace('(', ":").replace(')', "");
        let mut parts = plain.split('+');
        let (name, arguments) = split(parts.next().unwrap_or_default());
        let mut response = Response::from(model(name, arguments).ok_or_else(expected)?);
        if name == "spm" && !arguments.is_empty() {
            response.micro_time = micro_time(arguments).ok_or_else(expected)?;
        }
        let derivatives: Vec<&str> = parts.collect();
        response.derivatives = match derivatives[..] {
            [] => Derivatives::None,
            ["derivative" | "time"] => Derivatives::Time,
            ["derivative" | "time", "dispersion"] => Derivatives::TimeDispersion,
            _ => return Err(expected()),
        };
        let canonical = matches!(response.model, Model::Spm | Model::SpmNilearn | Model::Glover);
        if response.derivatives != Derivatives::None && !canonical {
            return Err(format!("{name} has no derivatives; spm, nilearn and glover have"));
        }
        Ok(response)
    }
}

fn expected() -> String {
    "it must be spm, nilearn or glover (each also with +derivative or +derivative+dispersion), spm:BINS,REFERENCE, fir:DELAYS as \
     fir:0-7, block[:SECONDS[,PEAK]], gam[:P,Q[,SECONDS]], spmg1 to spmg3[:SECONDS], none, or file:FILE[@SECONDS]"
        .to_owned()
}

fn split(text: &str) -> (&str, &str) {
    text.split_once(':').unwrap_or((text, ""))
}

fn model(name: &str, arguments: &str) -> Option<Model> {
    let numbers = match name {
        "spm" | "fir" => Vec::new(), // not plain numbers: read apart
        _ => numbers(arguments)?,
    };
    Some(match (name, &numbers[..]) {
        ("spm", _) => Model::Spm,
        ("nilearn" | "spm-nilearn", []) => Model::SpmNilearn,
        ("glover", []) => Model::Glover,
        ("none", []) => Model::Stimulus,
        ("own", []) => Model::Own,
        ("fir", _) => Model::Fir { delays: delays(arguments)? },
        ("block" | "block4" | "block5", given @ ([] | [_] | [_, _])) => Model::Block {
            power: if name == "block5" { 5 } else { 4 },
            duration: match given.first() {
                Some(&duration) => Some(above_0(duration)?),
                None => None,
            },
            peak: given.get(1).copied(),
        },
        ("gam", []) => Model::Gamma { p: GAM.0, q: GAM.1, duration: None },
        ("gam", [p, q, rest @ ..]) if rest.len() < 2 => {
            Model::Gamma { p: above_0(*p)?, q: above_0(*q)?, duration: rest.first().copied() }
        }
        ("spmg1" | "spmg2" | "spmg3" | "spmg", given @ ([] | [_])) => Model::Spmg {
            functions: match name {
                "spmg1" => 1,
                "spmg3" => 3,
                _ => 2,
            },
            duration: given.first().copied(),
        },
        _ => return None,
    })
}

fn above_0(number: f64) -> Option<f64> {
    (number > 0.0).then_some(number)
}

/// Numbers from 0 to a million, separated by commas.
fn numbers(arguments: &str) -> Option<Vec<f64>> {
    if arguments.is_empty() {
        return Some(Vec::new());
    }
    let within = |n: &f64| (0.0..=1e6).contains(n);
    arguments.split(',').map(|n| n.parse().ok().filter(within)).collect()
}

/// `0,1,2` or `0-7`, each once.
fn delays(arguments: &str) -> Option<Vec<usize>> {
    let mut delays = Vec::new();
    for part in arguments.split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (from, to): (usize, usize) = (from.parse().ok()?, to.parse().ok()?);
        if from > to || to > MOST_DELAY {
            return None;
        }
        delays.extend(from..=to);
    }
    let mut once = delays.clone();
    once.sort_unstable();
    once.dedup();
    (once.len() == delays.len()).then_some(delays)
}

fn micro_time(arguments: &str) -> Option<MicroTime> {
    let (bins, reference) = arguments.split_once(',')?;
    let micro_time = MicroTime { bins: bins.parse().ok()?, reference: reference.parse().ok()? };
    let known = (1..=1000).contains(&micro_time.bins);
    (known && (1..=micro_time.bins).contains(&micro_time.reference)).then_some(micro_time)
}

impl fmt::Display for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let behind = |numbers: &[Option<f64>]| {
            let known: Vec<String> = numbers.iter().flatten().map(f64::to_string).collect();
            if known.is_empty() { String::new() } else { format!(":{}", known.join(",")) }
        };
        match &self.model {
            Model::Spm if self.micro_time == MicroTime::default() => f.write_str("spm")?,
            Model::Spm => {
                write!(f, "spm:{},{}", self.micro_time.bins, self.micro_time.reference)?;
            }
            Model::SpmNilearn => f.write_str("spm-nilearn")?,
            Model::Glover => f.write_str("glover")?,
            Model::Fir { delays } => {
                let delays: Vec<String> = delays.iter().map(usize::to_string).collect();
                write!(f, "fir:{}", delays.join(","))?;
            }
            Model::Stimulus => f.write_str("none")?,
            Model::Block { power, duration, peak } => {
                let five = if *power == 5 { "5" } else { "" };
                write!(f, "block{five}{}", behind(&[*duration, *peak]))?;
            }
            Model::Gamma { p, q, duration } => {
                write!(f, "gam{}", behind(&[Some(*p), Some(*q), *duration]))?;
            }
            Model::Spmg { functions, duration } => {
                write!(f, "spmg{functions}{}", behind(&[*duration]))?;
            }
            Model::Own => f.write_str("own")?,
        }
        for suffix in self.derivatives.suffixes().iter().skip(1) {
            write!(f, "{}", suffix.replace('_', "+"))?;
        }
        Ok(())
    }
}

impl TryFrom<String> for Response {
    type Error = String;

    fn try_from(text: String) -> Result<Response, String> {
        text.parse()
    }
}

impl From<Response> for String {
    fn from(response: Response) -> String {
        response.to_string()
    }
}
