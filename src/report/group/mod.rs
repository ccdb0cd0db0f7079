//! The page of a group analysis: one HTML file that needs no network, no script and no other file. Plain data in ([`GroupPage`]), text out.
//!
//! First what was asked and what came of it, a line a contrast; then each contrast with its picture, its corrections, its clusters, its regions and its
//! design.

use std::fmt::Write;

use ndarray::Array2;

use super::html::{Table, escaped, folded};
use super::page::{self, FileRead, Made, section};
use super::statmap::{Statmap, inline};
use crate::error::Result;

mod design;
mod regions;

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
}

/// One contrast.
#[derive(Debug, Clone)]
pub struct Contrast {
    /// As the user named it.
    pub name: String,
    /// In words: what is tested in what, a line each.
    pub words: Vec<String>,
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
    /// Who is a row of the design.
    pub subjects: Vec<String>,
    /// Names of its columns.
    pub columns: Vec<String>,
    /// `[row][column]`
    pub design: Array2<f64>,
    /// Subjects that are not in it, and why.
    pub left_out: Vec<(String, String)>,
}

/// A kind of p.
#[derive(Debug, Clone)]
pub struct Correction {
    /// What it is, in a sentence.
    pub what: String,
    /// What counts: `p ≤ .05`.
    pub rule: String,
    /// Voxels that it lets pass.
    pub n_voxels: usize,
    /// The smallest p.
    pub least: f64,
}

/// The page as HTML.
///
/// # Errors
/// Those of its pictures.
pub fn page(of: &GroupPage) -> Result<String> {
    let mut body = section("summary", 2, "Summary", &summary(of));
    let mut contents = "<li><a href=\"#summary\">Summary</a></li>\n".to_owned();
    for (nth, contrast) in of.contrasts.iter().enumerate() {
        let id = format!("contrast-{}", nth + 1);
        let title = format!("Contrast {}", contrast.name);
        body += &section(&id, 2, &title, &chapter(contrast, &id)?);
        let _ = writeln!(contents, "<li><a href=\"#{id}\">{}</a></li>", escaped(&contrast.name));
    }
    contents += "<li><a href=\"#about\">About this page</a></li>\n";
    let made = Made {
        version: &of.version,
        command_line: &of.command_line,
        inputs: &of.inputs,
        outputs: &of.outputs,
        warnings: &of.warnings,
    };
    body += &section("about", 2, "About this page", &made.about());
    let title = escaped(&of.title);
    let warned = match of.warnings.len() {
        0 => String::new(),
        n => format!(
            "<p class=\"headline open\"><span aria-hidden=\"true\">! </span>{}: <a href=\"#about\">read them</a>.</p>\n",
            super::html::counted(n, "warning")
        ),
    };
    let lead = format!(
        "<h1>Group analysis: <span class=\"name\">{title}</span></h1>\n<p>boldly {}.</p>\n{warned}",
        escaped(&of.version)
    );
    Ok(page::html(&format!("Group analysis: {title}"), &lead, &contents, &body))
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
            one.subjects.len().to_string(),
            one.peak.clone(),
            picture.threshold.words.clone(),
            passed.to_string(),
        ];
        found.row(&one.name, &cells);
    }
    table.finish() + &found.finish()
}

fn chapter(one: &Contrast, id: &str) -> Result<String> {
    let mut html = String::from("<ul class=\"plain\">\n");
    one.words.iter().for_each(|line| html += &format!("<li>{}</li>\n", escaped(line)));
    html += "</ul>\n";
    let _ = writeln!(
        html,
        "<figure>\n<div class=\"wide\" role=\"group\" tabindex=\"0\" aria-label=\"{}\">\n{}</div>\n</figure>",
        escaped(&format!("{} on slices of the brain", one.name)),
        inline(&one.picture, &format!("{id}-map"))?
    );
    let mut table = Table::new(
        "numbers",
        "p of each kind: what it was corrected for, and how",
        &["p", "what passes", "voxels", "smallest p"],
    );
    for Correction { what, rule, n_voxels, least } in &one.corrections {
        table.row(what, &[rule.clone(), n_voxels.to_string(), super::listing::p_in_words(*least)]);
    }
    html += &table.finish();
    let (caption, clusters) = &one.clusters;
    html += &clusters.html(caption, "No voxel lies above the threshold of the table.");
    if let Some((caption, regions)) = &one.regions {
        html += &regions::section(caption, regions, &format!("{id}-regions"));
    }
    html += &folded("The design", &design::section(one)?);
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
