//! What must be known: warnings first, then how things were done.

use crate::report::html::{counted, escaped};
use crate::trial::{Note, Results, Severity};

/// Participants that are named in the line; more are folded.
const MOST: usize = 8;

pub(super) fn section(of: &Results) -> String {
    let of_kind = |severity: Severity| {
        of.notes.all.iter().filter(move |n| n.severity == severity).collect::<Vec<&Note>>()
    };
    let (warnings, infos) = (of_kind(Severity::Warning), of_kind(Severity::Info));
    if warnings.is_empty() && infos.is_empty() {
        return "<p>Nothing was left out, assumed or impossible.</p>\n".to_owned();
    }
    list("Left out, assumed, or not to be computed", "warning", "!", &warnings)
        + &list("How things were done", "info", "i", &infos)
}

/// How many are warnings.
pub(super) fn n_warnings(of: &Results) -> usize {
    of.notes.all.iter().filter(|n| n.severity == Severity::Warning).count()
}

fn list(title: &str, class: &str, sign: &str, notes: &[&Note]) -> String {
    if notes.is_empty() {
        return String::new();
    }
    let mut html =
        format!("<h3>{} ({})</h3>\n<ul class=\"notes {class}\">\n", escaped(title), notes.len());
    for note in notes {
        let who = note.participants.as_slice();
        let named = match who.len() {
            0 => String::new(),
            n if n <= MOST => format!(": {}", escaped(&who.join(", "))),
            n => {
                let (n, who) = (counted(n, "participant"), escaped(&who.join(", ")));
                format!(" <details>\n<summary>{n}</summary>\n{who}\n</details>\n")
            }
        };
        html += &format!(
            "<li><span class=\"sign\" aria-hidden=\"true\">{sign}</span><div>{}{named}</div></li>\n",
            escaped(&note.text)
        );
    }
    html + "</ul>\n"
}
