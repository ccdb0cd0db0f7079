//! What was asked, and what came of it.

use crate::error::Result;
use crate::report::corrections::{self, Correction};
use crate::report::design::{self, Design};
use crate::report::html::escaped;
use crate::report::listing::Listing;
use crate::report::statmap::Statmap;
use crate::report::viewer::{self, Course, Viewers};

/// One contrast.
#[derive(Debug, Clone)]
pub struct Contrast {
    /// As the user named it.
    pub name: String,
    /// What is tested in what, a line each.
    pub words: Vec<String>,
    /// Its picture.
    pub picture: Statmap,
    /// What each kind of p lets pass, where it was corrected.
    pub corrections: Vec<Correction>,
    /// Pages beside this one that say more: an address relative to this page, and what it is.
    pub links: Vec<(String, String)>,
    /// What is compared, where estimates are; none of runs, whose designs stand by themselves.
    pub design: Option<Design>,
    /// Clusters and their peaks, and what they are.
    pub clusters: (String, Listing),
    /// Means of regions and what they are; none where none were asked for.
    pub regions: Option<(String, Listing)>,
    /// What the table of clusters is called once it is saved.
    pub file: String,
    /// Time courses at the peaks.
    pub courses: Vec<Course>,
}

/// The map, the peaks, the runs there.
pub(super) fn section(one: &Contrast, id: &str, viewers: &mut Viewers) -> Result<String> {
    let mut html = String::new();
    if !one.words.is_empty() {
        html += "<ul class=\"plain\">\n";
        one.words.iter().for_each(|line| html += &format!("<li>{}</li>\n", escaped(line)));
        html += "</ul>\n";
    }
    let view = format!("{id}-view");
    for (address, words) in &one.links {
        html += &format!("<p><a href=\"{}\">{}</a></p>\n", escaped(address), escaped(words));
    }
    html += &viewers.view(&one.picture, &view)?;
    html += &corrections::table(&one.corrections);
    if let Some(design) = &one.design {
        html += &design::of_rows(design, &format!("{id}-design"))?;
    }
    let (caption, clusters) = &one.clusters;
    html += &viewer::peaks(clusters, caption, &view, &one.file);
    if let Some((caption, regions)) = &one.regions {
        html += &regions.html(caption, "No region was given.");
    }
    let note = "Grey: the voxel's series as it was fitted. Orange: the whole model at that voxel, by ordinary least squares on the same columns. A peak was chosen \
                because it is high there: this shows what the model does, and tests nothing.";
    Ok(html + &viewer::courses(&one.courses, &format!("{id}-course"), note))
}
