//! The page of a group analysis: one HTML file that needs no network, no script and no other file. Plain data in ([`GroupPage`]), text out.
//!
//! First what was asked and what came of it, a line a contrast; then each contrast with its picture, its corrections, its clusters, its regions and its
//! design.

use std::fmt::Write;

use super::analysis;
use super::corrections;
use super::design;
use super::html::{Table, counted, escaped};
use super::methods::Sentence;
use super::notes::{self, Kind, Note};
use super::page::{self, FileRead, Made, section};
use super::statmap::{Statmap, inline};
use super::viewer::{self, Viewers};
use crate::error::Result;

mod regions;

pub use super::corrections::Correction;
pub use super::design::Design;
pub use super::listing::Listing;

/// Everything on the page.
#[derive(Debug, Clone)]
pub struct GroupPage {
    /// What it is about: the model and the table.
    pub title: String,
    /// Version that made it.
    pub version: String,
    /// The command line as it was typed.
    pub command_line: Vec<String>,
    /// Files read.
    pub inputs: Vec<FileRead>,
    /// Files written beside the page.
    pub outputs: Vec<String>,
    /// Warnings that were printed.
    pub warnings: Vec<String>,
    /// What the analysis is, a name and what it is set to each.
    pub model: Vec<(String, String)>,
    /// In the order that they were asked for.
    pub contrasts: Vec<Contrast>,
    /// The methods in words, of a page with live viewers; none of one without a script.
    pub methods: Option<Vec<Vec<Sentence>>>,
}

/// One contrast.
#[derive(Debug, Clone)]
pub struct Contrast {
    /// As the user named it.
    pub name: String,
    /// In words: what is tested in what, a line each.
    pub words: Vec<String>,
    /// As file names say it.
    pub label: String,
    /// Its picture.
    pub picture: Statmap,
    /// The largest statistic and where it is: `t 13.20 at (−3, 4, 60)`.
    pub peak: String,
    /// p of each kind.
    pub corrections: Vec<Correction>,
    /// Clusters and their peaks, and what they are.
    pub clusters: (String, Listing),
    /// Regions, and what they are, where there are any.
    pub regions: Option<(String, Listing)>,
    /// Subjects by columns.
    pub design: Design,
    /// Subjects that are not in it, and why.
    pub left_out: Vec<(String, String)>,
}

/// The page as HTML.
///
/// # Errors
/// Those of its pictures.
pub fn page(of: &GroupPage) -> Result<String> {
    let is_live = of.methods.is_some();
    let mut viewers = is_live.then(Viewers::default);
    let (mut body, mut contents) = (String::new(), String::new());
    let mut add = |id: &str, title: &str, name: &str, text: &str| {
        body += &section(id, 2, title, text);
        // Writing to a String cannot fail.
        let _ = writeln!(contents, "<li><a href=\"#{id}\">{}</a></li>", escaped(name));
    };
    if is_live {
        let warnings = of.warnings.iter().map(|line| Note::new(Kind::Warning, line.clone()));
        let notes = notes::lists(&warnings.collect::<Vec<Note>>(), "subject");
        add("notes", "Notes", "Notes", &notes);
    }
    add("summary", "Summary", "Summary", &summary(of));
    for (nth, contrast) in of.contrasts.iter().enumerate() {
        let id = format!("contrast-{}", nth + 1);
        let title = format!("Contrast {}", contrast.name);
        let text = chapter(contrast, &id, viewers.as_mut())?;
        add(&id, &title, &contrast.name, &text);
    }
    if let Some(methods) = &of.methods {
        add("methods", "Methods", "Methods", &analysis::methods(methods));
    }
    let made = Made {
        version: &of.version,
        command_line: &of.command_line,
        inputs: &of.inputs,
        outputs: &of.outputs,
        warnings: if is_live { &[] } else { &of.warnings },
    };
    let licences = if is_live { viewer::licences() } else { String::new() };
    add("about", "About this page", "About this page", &(made.about() + &licences));
    let title = format!("Group analysis: {}", escaped(&of.title));
    Ok(match viewers {
        Some(viewers) => viewers.page(&title, &lead(of, "notes"), &contents, &body),
        None => page::html(&title, &lead(of, "about"), &contents, &body),
    })
}

/// What it is, and how many warnings there are; `place`: where they stand.
fn lead(of: &GroupPage, place: &str) -> String {
    let warned = match of.warnings.len() {
        0 => String::new(),
        n => format!(
            "<p class=\"headline open\"><span aria-hidden=\"true\">! </span>{}: <a href=\"#{place}\">read them</a>.</p>\n",
            counted(n, "warning")
        ),
    };
    format!(
        "<h1>Group analysis: <span class=\"name\">{}</span></h1>\n<p>boldly {}.</p>\n{warned}",
        escaped(&of.title),
        escaped(&of.version)
    )
}

/// What was asked, and a row a contrast.
fn summary(of: &GroupPage) -> String {
    let mut table = Table::new("facts", "The analysis", &["what", "is"]);
    of.model.iter().for_each(|(name, value)| table.row(name, std::slice::from_ref(value)));
    let mut found = Table::new(
        "numbers",
        "What came of it",
        &["contrast", "statistic", "subjects", "largest", "what passes", "voxels"],
    );
    for one in &of.contrasts {
        let picture = &one.picture;
        let passed = picture.threshold.passed.iter().filter(|passed| **passed).count();
        let cells = [
            format!("{}, {} dof", picture.letter, picture.dof),
            one.design.rows.len().to_string(),
            one.peak.clone(),
            picture.threshold.words.clone(),
            passed.to_string(),
        ];
        found.row(&one.name, &cells);
    }
    table.finish() + &found.finish()
}

fn chapter(one: &Contrast, id: &str, viewers: Option<&mut Viewers>) -> Result<String> {
    let is_live = viewers.is_some();
    let view = format!("{id}-view");
    let mut html = String::from("<ul class=\"plain\">\n");
    one.words.iter().for_each(|line| html += &format!("<li>{}</li>\n", escaped(line)));
    html += "</ul>\n";
    html += &match viewers {
        Some(viewers) => viewers.view(&one.picture, &view)?,
        None => format!(
            "<figure>\n<div class=\"wide\" role=\"group\" tabindex=\"0\" aria-label=\"{}\">\n{}</div>\n</figure>\n",
            escaped(&format!("{} on slices of the brain", one.name)),
            inline(&one.picture, &format!("{id}-map"))?
        ),
    };
    html += &corrections::table(&one.corrections);
    let (caption, clusters) = &one.clusters;
    html += &match is_live {
        true => {
            let file = format!("contrast-{}_clusters.tsv", one.label);
            viewer::peaks(clusters, caption, &view, &file)
        }
        false => clusters.html(caption, "No voxel lies above the threshold of the table."),
    };
    if let Some((caption, regions)) = &one.regions {
        html += &regions::section(caption, regions, &format!("{id}-regions"));
    }
    html += &design::of_rows(&one.design, &format!("{id}-design"))?;
    if !one.left_out.is_empty() {
        let caption = "Subjects that are left out of this contrast";
        let mut table = Table::new("numbers", caption, &["subject", "why"]);
        one.left_out
            .iter()
            .for_each(|(subject, why)| table.row(subject, std::slice::from_ref(why)));
        html += &table.finish();
    }
    Ok(html)
}
