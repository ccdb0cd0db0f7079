//! The page of a BIDS Stats Model: of a subject (its runs and their combinations) or of a node of the dataset. An analysis of runs ([`Analysis`]) with the model
//! before it: its graph, its text, and what failed.

use super::analysis::{self, Analysis, Part};
use super::html::{Table, escaped, folded, natural};
use crate::error::Result;

mod graph;

pub use graph::{Edge, Node};

/// Everything on the page.
#[derive(Debug, Clone)]
pub struct BidsPage {
    /// What any analysis has; its rows of runs and columns are named by subject, session and run.
    pub analysis: Analysis,
    /// The model's file and its text.
    pub model: (String, String),
    /// Its nodes in the order of the file.
    pub nodes: Vec<Node>,
    /// What goes from node to node.
    pub edges: Vec<Edge>,
    /// What did not complete, and why: `sub-02`, `sub-02 run-1`.
    pub failed: Vec<(String, String)>,
}

/// The page as HTML.
///
/// # Errors
/// Those of its pictures.
pub fn page(of: &BidsPage) -> Result<String> {
    let mut more: Vec<Part> = Vec::new();
    if !of.failed.is_empty() {
        let mut table = Table::new("numbers", "What did not complete", &["what", "why"]);
        of.failed.iter().for_each(|(what, why)| table.row(what, std::slice::from_ref(why)));
        more.push(("failed".to_owned(), "What failed".to_owned(), table.finish()));
    }
    more.push(("model".to_owned(), "The model".to_owned(), model(of)));
    analysis::with(&of.analysis, more)
}

fn model(of: &BidsPage) -> String {
    let (name, text) = &of.model;
    let mut html = String::new();
    if !of.nodes.is_empty() {
        let caption = "Nodes from top to bottom, each with its level, what its images are grouped by and what it tests; the one of this page is outlined.";
        let (drawing, width) = graph::drawn(&of.nodes, &of.edges);
        html += &natural("The model's graph", &drawing, caption, width);
    }
    html + &folded(name, &format!("<pre data-copy=\"\">{}</pre>\n", escaped(text)))
}
