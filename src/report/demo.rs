//! The page of the trial's demonstration: what was put in beside what was found.

use std::fmt::Write;

use super::html::{Table, escaped, p_of};
use super::page::{self, section};
use crate::trial::digits::{decimals, written};

/// Everything on the page.
#[derive(Debug, Clone)]
pub struct DemoPage<'a> {
    /// Patients in each arm.
    pub per_arm: usize,
    /// Those of both with both visits.
    pub completers: usize,
    /// Runs analysed.
    pub runs: usize,
    /// A row a quantity.
    pub rows: &'a [Row],
    /// Files beside the page, and what they are.
    pub links: &'a [(&'a str, &'a str)],
    /// The line that makes it again.
    pub command: &'a str,
}

/// A quantity.
#[derive(Debug, Clone)]
pub struct Row {
    /// For a person.
    pub quantity: String,
    /// Empty where there are none.
    pub units: String,
    /// What was put in.
    pub truth: f64,
    /// What was found.
    pub found: f64,
    /// Of the 95 % confidence interval.
    pub limits: [f64; 2],
    /// Both tails.
    pub p: Option<f64>,
    /// The command that found it.
    pub by: &'static str,
}

impl Row {
    /// Whether the interval holds the truth.
    fn holds(&self) -> bool {
        self.limits[0] <= self.truth && self.truth <= self.limits[1]
    }
}

/// The page as HTML.
#[must_use]
pub fn page(of: &DemoPage) -> String {
    let lead = format!(
        "<h1>A simulated drug trial, analysed</h1>\n<p>{n} + {n} patients, {} of them seen at both visits, {} runs. Each effect is drug \
         (after − before) − placebo (after − before). No person was scanned.</p>\n",
        of.completers,
        of.runs,
        n = of.per_arm
    );
    let heads = ["quantity", "units", "truth", "found", "95 % interval", "p", "found by"];
    let mut table = Table::new("numbers", "Each effect with its interval", &heads);
    for row in of.rows {
        let places = decimals((row.limits[1] - row.limits[0]) / 4.0);
        let said = |v: f64| match v.is_finite() {
            true => written(v, places).replace('-', "−"),
            false => "–".to_owned(),
        };
        let [lower, upper] = row.limits.map(said);
        table.row(
            &row.quantity,
            &[
                row.units.clone(),
                said(row.truth),
                said(row.found),
                format!("{lower} to {upper}"),
                row.p.map_or(String::new(), p_of),
                format!("boldly {}", row.by),
            ],
        );
    }
    let held = of.rows.iter().filter(|row| row.holds()).count();
    let said = format!(
        "<p>{held} of the {} intervals hold what was put in; of 95 % intervals about one in twenty does not.</p>\n",
        of.rows.len()
    );
    let mut links = "<ul>\n".to_owned();
    for (path, what) in of.links {
        let path = escaped(path);
        let _ = writeln!(links, "<li><a href=\"{path}\">{path}</a>: {}</li>", escaped(what));
    }
    links += "</ul>\n";
    let made = format!("<p>Made with</p>\n<pre>{}</pre>\n", escaped(of.command));
    let wide = |table: String| {
        format!(
            "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Truth and findings\">\n{table}</div>\n"
        )
    };
    let body =
        section("truth", 2, "What was put in, and what was found", &(wide(table.finish()) + &said))
            + &section("more", 2, "Where to go on", &links)
            + &section("made", 2, "How this page was made", &made);
    let contents = "<li><a href=\"#truth\">Truth and findings</a></li>\n<li><a href=\"#more\">Where to go on</a></li>\n\
                    <li><a href=\"#made\">How this page was made</a></li>\n";
    page::html("A simulated drug trial, analysed", &lead, contents, &body)
}
