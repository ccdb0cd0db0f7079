//! What must be known before a page is read, by how much it matters.

use std::collections::BTreeSet;

use super::html::{counted, escaped};

/// Names in the line; more are folded.
const MOST: usize = 8;

/// How much a note matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// What is found may be wrong.
    Serious,
    /// A person should look at it.
    Warning,
    /// How a thing was done.
    Info,
}

/// A line for whoever reads a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// How much it matters.
    pub kind: Kind,
    /// What it says.
    pub text: String,
    /// Whom it is about; may be nobody.
    pub who: Vec<String>,
}

impl Note {
    /// A line about nobody.
    #[must_use]
    pub fn new(kind: Kind, text: impl Into<String>) -> Note {
        Note { kind, text: text.into(), who: Vec::new() }
    }
}

/// A list of each kind, what matters most first. `noun`: what those are whom notes are about.
pub(super) fn lists(notes: &[Note], noun: &str) -> String {
    let of_kind = |(kind, title, class, sign)| {
        let own: Vec<&Note> = notes.iter().filter(|note| note.kind == kind).collect();
        list((title, class, sign), &own, noun)
    };
    let kinds = [
        (Kind::Serious, "What may make the findings wrong", "serious", "✕"),
        (Kind::Warning, "Left out, assumed, or not to be computed", "warning", "!"),
        (Kind::Info, "How things were done", "info", "i"),
    ];
    let html: String = kinds.into_iter().map(of_kind).collect();
    match html.is_empty() {
        true => "<p>Nothing was left out, assumed or impossible.</p>\n".to_owned(),
        false => html,
    }
}

/// How many they are: several visits of one are named as `sub-01 (ses-a)` and `sub-01 (ses-b)`.
fn apart(who: &[String]) -> usize {
    let names = who.iter().map(|own| own.split(" (").next().unwrap_or(own));
    names.collect::<BTreeSet<&str>>().len()
}

fn list((title, class, sign): (&str, &str, &str), notes: &[&Note], noun: &str) -> String {
    if notes.is_empty() {
        return String::new();
    }
    let mut html =
        format!("<h3>{} ({})</h3>\n<ul class=\"notes {class}\">\n", escaped(title), notes.len());
    for note in notes {
        let who = note.who.as_slice();
        let named = match who.len() {
            0 => String::new(),
            n if n <= MOST => format!(": {}", escaped(&who.join(", "))),
            n => {
                let (n, who) = (counted(n.min(apart(who)), noun), escaped(&who.join(", ")));
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
