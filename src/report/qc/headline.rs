//! What the page says first: whether each recording explains its run more than chance.

use super::{Qc, RunQc};
use crate::physio::Explains;
use crate::report::html::escaped;

/// What is said of a recording that explains nothing, or of which nothing is known.
const DOUBTFUL: &str = "Is it the recording of this run, aligned with it, of a sensor that worked? What its columns would take from the run \
                        is as good as noise.";
const IDLE: &str = "Look at that channel's trace; --terms leaves its columns out.";
const UNKNOWN: &str =
    "No test stands behind this recording: look at its traces, and make sure that it is the run's.";
const UNCHECKED: &str = "boldly retroicor and boldly glm --physio look at the image and say it; this command had no need of the image.";

/// A paragraph for each run.
pub(super) fn paragraphs(qc: &Qc) -> String {
    let several = qc.runs.len() > 1;
    let of = |(nth, run): (usize, &RunQc)| {
        let (class, sign, verdict, because, next) = verdict(run);
        let name = if several { format!("Run {}: ", nth + 1) } else { String::new() };
        format!(
            "<p class=\"headline {class}\"><span aria-hidden=\"true\">{sign} </span>{}</p>\n<p class=\"because\">{}</p>\n",
            escaped(&format!("{name}{verdict}")),
            escaped(format!("{because} {next}").trim())
        )
    };
    qc.runs.iter().enumerate().map(of).collect()
}

/// Class, sign, verdict, what it rests on, what to do.
fn verdict(run: &RunQc) -> (&'static str, &'static str, &'static str, String, &'static str) {
    if !run.summary.unusable.is_empty() {
        let why = run
            .summary
            .unusable
            .iter()
            .map(|u| format!("The {} trace {}.", u.channel.name(), u.why));
        let verdict = "Do not use: a trace of this recording is of something else.";
        return ("no", "✕", verdict, why.collect::<Vec<_>>().join(" "), "");
    }
    let Some(chance) = &run.chance else {
        let verdict = "Not checked: whether this recording explains the run.";
        return ("open", "?", verdict, String::new(), UNCHECKED);
    };
    let because = format!("{}.", capital(&chance.because()));
    match chance.explains {
        Explains::MoreThanChance if !chance.idle().is_empty() => {
            let verdict = "This recording explains this run more than chance, but one of its channels by itself does not.";
            ("open", "!", verdict, because, IDLE)
        }
        Explains::MoreThanChance => {
            ("yes", "✓", "This recording explains this run more than chance.", because, "")
        }
        Explains::NoMoreThanChance => {
            let verdict =
                "Do not use as it is: this recording explains this run no more than chance.";
            ("no", "✕", verdict, because, DOUBTFUL)
        }
        Explains::CannotTell => {
            let verdict = "Cannot tell whether this recording explains this run more than chance.";
            ("open", "?", verdict, because, UNKNOWN)
        }
    }
}

/// A sentence with its first letter large, unless that is a symbol.
fn capital(text: &str) -> String {
    match text.strip_prefix("p <") {
        Some(rest) => format!("p <{rest}"),
        None => text[..1].to_uppercase() + &text[1..],
    }
}
