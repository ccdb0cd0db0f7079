//! The live viewer of a page: a map over its anatomy in three planes, its threshold moved by hand, its peaks reached from their table. One viewer serves all maps
//! of a page and is moved to the one that is looked at; without a script, or without WebGL, a static picture stands in each place, and paper has it too.
//!
//! The viewer is NiiVue (`LICENSES.txt` beside this file, and on the page), made smaller by `tests/oracles/viewer_script.py` and unpacked by the browser. What
//! a page shows is in it: its policy forbids it to ask for anything else.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::colour::colour_of;
use super::html::{escaped, folded};
use super::page;
use super::statmap::{Statmap, Underlay, light};
use crate::error::Result;
use crate::volume::Grid;

mod courses;
mod nifti;
mod peaks;
mod volumes;

pub use courses::Course;
pub(super) use courses::section as courses;
pub(super) use peaks::table as peaks;

/// What pages with a viewer look like, beside what all pages do.
pub(super) const STYLE: &str = concat!(include_str!("../findings.css"), include_str!("style.css"));
/// NiiVue's bundle, gzipped.
const SCRIPT: &[u8] = include_bytes!("niivue.umd.js.gz");
/// What binds it to the page.
const BINDING: &str = include_str!("viewer.js");
/// Whose work it is, and on which terms.
const LICENSES: &str = include_str!("LICENSES.txt");
/// Colours in a table of them.
const COLOURS: usize = 256;

/// The maps of a page, on their way.
#[derive(Default)]
pub(super) struct Viewers {
    /// Anatomies, each with its grid, that are in the page already.
    below: Vec<(Option<Arc<Underlay>>, Grid)>,
    /// Images as elements that are no script.
    images: String,
    n: usize,
    /// Of some map it is not known where its voxels lie.
    is_unplaced: bool,
}

impl Viewers {
    /// A map: its static picture, and the place where the viewer is to be. `id`: unique on the page.
    ///
    /// # Errors
    /// Those of the picture.
    pub fn view(&mut self, map: &Statmap, id: &str) -> Result<String> {
        map.check()?;
        let under = self.below(map)?;
        self.image(&format!("{id}-map"), &volumes::statistic(map)?);
        self.n += 1;
        self.is_unplaced |= !map.grid.is_placed;
        let (most, is_cut, is_signed) = map.range();
        let from = map.threshold.from.unwrap_or(map.threshold.full).min(most);
        let flag = |is: bool| if is { "1" } else { "" };
        let place = map.peak().map(|voxel| {
            let [x, y, z] = map.grid.millimetres(map.grid.coordinates(voxel));
            format!("{x:.3} {y:.3} {z:.3}")
        });
        let mut html = format!(
            "<div class=\"statistic\" id=\"{id}\" data-statistic=\"{}\" data-letter=\"{}\" data-dof=\"{}\" data-under=\"{under}\" data-map=\"{id}-map\" \
             data-from=\"{from:.4}\" data-most=\"{most:.4}\" data-signed=\"{}\" data-cut=\"{}\" data-mm=\"{}\">\n",
            escaped(&map.title),
            map.letter,
            escaped(&map.dof),
            flag(is_signed),
            flag(is_cut),
            place.unwrap_or_default(),
        );
        let label = escaped(&format!("{} on slices of the brain", map.title));
        let picture = light(map, &format!("{id}-picture"))?;
        // Writing to a String cannot fail.
        let _ = write!(
            html,
            "<figure>\n<div class=\"wide\" role=\"group\" tabindex=\"0\" aria-label=\"{label}\">\n{picture}</div>\n</figure>\n\
             <div class=\"live\"></div>\n</div>\n"
        );
        Ok(html)
    }

    /// The element that holds a map's anatomy.
    fn below(&mut self, map: &Statmap) -> Result<String> {
        let is_same = |(image, grid): &(Option<Arc<Underlay>>, Grid)| {
            let same_image = match (image, &map.underlay) {
                (Some(own), Some(other)) => Arc::ptr_eq(own, other),
                _ => false, // a mask is each map's own
            };
            same_image && *grid == map.grid
        };
        if let Some(at) = self.below.iter().position(is_same) {
            return Ok(format!("anatomy-{}", at + 1));
        }
        self.below.push((map.underlay.clone(), map.grid.clone()));
        let id = format!("anatomy-{}", self.below.len());
        self.image(&id, &volumes::below(map)?);
        Ok(id)
    }

    fn image(&mut self, id: &str, bytes: &[u8]) {
        self.images += &data(id, "application/octet-stream", &STANDARD.encode(bytes));
    }

    /// A whole page with the viewer and all it shows; where there is no map, with the script that copies texts alone.
    pub fn page(self, title: &str, lead: &str, contents: &str, body: &str) -> String {
        let mut scripts = String::new();
        if self.n > 0 {
            let side = if self.is_unplaced { UNKNOWN_SIDE } else { KNOWN_SIDE };
            let letters = if self.is_unplaced { "unknown" } else { "known" };
            scripts += &PANEL.replace(SIDE, side).replace(LETTERS, letters);
            scripts += &self.images;
            scripts += &data("viewer-colours", "application/json", &colours());
            scripts += &data("niivue", "application/octet-stream", &STANDARD.encode(SCRIPT));
        } else {
            scripts += STATUS;
        }
        scripts += &format!("<script>\n{BINDING}</script>\n");
        page::scripted((STYLE, &scripts), title, lead, contents, body)
    }
}

/// Whose work is in a page with a viewer.
pub(super) fn licences() -> String {
    let text = format!("<pre>{}</pre>\n", escaped(LICENSES));
    folded("Licences of the viewer in this page", &text)
}

fn data(id: &str, kind: &str, text: &str) -> String {
    format!("<script type=\"{kind}\" id=\"{id}\">{text}</script>\n")
}

const STATUS: &str = "<p id=\"viewer-status\" hidden=\"\"></p>\n";

/// What stands in the panel for which side is left.
const SIDE: &str = "{side}";
/// What stands there for whether the letters beside planes are known.
const LETTERS: &str = "{letters}";
const KNOWN_SIDE: &str = "Left is left.";
const UNKNOWN_SIDE: &str =
    "Which side is left is not known: the images do not say where their voxels lie.";

/// The viewer with what moves it; the script brings it to a map.
const PANEL: &str = "<p id=\"viewer-status\" role=\"status\" hidden=\"\">loading</p>\n\
<div id=\"viewer\" class=\"viewer\" role=\"group\" aria-label=\"Live viewer\" data-letters=\"{letters}\" hidden=\"\">\n\
<div class=\"canvas\"><canvas id=\"viewer-canvas\" role=\"img\" tabindex=\"0\" aria-label=\"Coronal, sagittal and axial slices through the place below; \
arrow keys, page up and page down move it by a voxel\"></canvas></div>\n\
<div class=\"controls\">\n<div>\n<p><strong id=\"viewer-name\"></strong> at <span id=\"viewer-place\" aria-live=\"polite\"></span></p>\n\
<label for=\"viewer-threshold\">Threshold</label>\n<input id=\"viewer-threshold\" type=\"range\" min=\"0\" max=\"8\" step=\"0.1\">\n\
<p><output id=\"viewer-passed\" for=\"viewer-threshold\"></output></p>\n\
<p class=\"note\">Opaque and outlined from the threshold on, by height alone; below it the opacity is (value / threshold)². {side}</p>\n</div>\n\
<svg role=\"img\" viewBox=\"0 0 400 50\" aria-labelledby=\"viewer-bar-title\"><title id=\"viewer-bar-title\">Colours of the statistic</title>\
<desc>From the lowest value to the highest, opaque beyond the threshold</desc><g id=\"viewer-bar\"></g></svg>\n\
</div>\n</div>\n";

/// The colours of the pictures as the viewer takes them.
fn colours() -> String {
    let table = |positive: bool| {
        let at = |k: usize| colour_of(k as f32 / (COLOURS - 1) as f32, positive);
        let channel = |c: usize| (0..COLOURS).map(|k| at(k)[c].round() as u8).collect::<Vec<_>>();
        let steps: Vec<u8> = (0..COLOURS).map(|k| k as u8).collect();
        BTreeMap::from([
            ("R", channel(0)),
            ("G", channel(1)),
            ("B", channel(2)),
            // Nothing is drawn where there is nothing.
            ("A", steps.iter().map(|step| if *step == 0 { 0 } else { 255 }).collect()),
            ("I", steps),
        ])
    };
    let both = BTreeMap::from([("warm-map", table(true)), ("cold-map", table(false))]);
    serde_json::to_string(&both).unwrap_or_default()
}
