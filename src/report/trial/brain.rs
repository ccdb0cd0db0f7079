//! Regions of the brain: arm x visit, every patient's change, and pictures of connectivity where there are any.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::PictureFile;
use super::outcomes::{drawings, table};
use super::words::{
    adjusted_rows, bare, both, ci, coefficient, session, statistic, with_limits, with_unit,
};
use crate::report::grid::Grid;
use crate::report::html::{escaped, p_of};
use crate::report::listing::Listing;
use crate::trial::Results;
use crate::trial::results::{AncovaRow, Brain, BrainRow};

pub(super) fn section(of: &Results, part: Option<&Brain>, pictures: &[PictureFile]) -> String {
    let mut html = String::new();
    if let Some(part) = part {
        let rows: Vec<&AncovaRow> = part.rows.iter().map(|row| &row.ancova).collect();
        html += &drawings(of, &rows, "region");
        html += &interactions(of, part);
        html +=
            &table(&format!("Regions at the endpoint, {}", adjusted_rows(of, &rows)), of, &rows);
        html += &motion(of, part);
    }
    html + &pictures.iter().map(picture).collect::<String>()
}

/// Inside an image nothing runs and no name of its own meets one of the page.
fn picture(of: &PictureFile) -> String {
    let table = of.table.as_ref().map_or(String::new(), |(title, listing)| rows(title, listing));
    let style = of.width().map_or(String::new(), |px| format!(" style=\"--natural:{px:.0}px\""));
    format!(
        "<figure class=\"trial map\">\n<div class=\"wide\" role=\"group\" tabindex=\"0\" aria-label=\"{}\">\n<img alt=\"{}\"{style} src=\"data:{};base64,{}\">\n</div>\n<figcaption>{}</figcaption>\n</figure>\n{table}",
        escaped(&of.name),
        escaped(&of.words),
        of.kind,
        STANDARD.encode(&of.bytes),
        escaped(&format!("{} ({})", of.words, of.name))
    )
}

impl PictureFile {
    /// Pixels across, by its head: below that its letters shrink. None where it does not say it.
    fn width(&self) -> Option<f64> {
        if self.kind == "image/png" {
            return Some(f64::from(u32::from_be_bytes(self.bytes.get(16..20)?.try_into().ok()?)));
        }
        let text = String::from_utf8_lossy(&self.bytes);
        let head = text.split("<svg").nth(1)?.split('>').next()?;
        let value = |name: &str| head.split(name).nth(1)?.split('"').next();
        let width = value(" width=\"").and_then(|w| w.trim_end_matches("px").parse().ok());
        width.or_else(|| value(" viewBox=\"")?.split([' ', ',']).nth(2)?.parse().ok())
    }
}

/// A table as it lies beside a picture.
fn rows(title: &str, listing: &Listing) -> String {
    let heads = listing.spoken();
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let is_text = |at: &usize| listing.rows.iter().any(|row| row[*at].parse::<f64>().is_err());
    let n_texts = (0..heads.len()).take_while(is_text).count();
    let mut table = Grid::new(title, &heads, n_texts.max(1));
    (0..listing.rows.len()).for_each(|row| table.row(&listing.short(row)));
    table.finish()
}

/// Whether motion goes with a region over participants, which no test of the region tells.
fn motion(of: &Results, part: &Brain) -> String {
    let heads = ["region", "visit", "motion", "n", &format!("r ({})", ci(of)), "p"];
    let mut table = Grid::new("Motion against each region over participants", &heads, 3);
    for row in &part.motion {
        let own = part.rows.iter().find(|own| own.region == row.region);
        table.row(&[
            own.map_or_else(|| row.region.clone(), called),
            session(&row.visit).to_owned(),
            row.motion.clone(),
            row.correlation.n.to_string(),
            coefficient(&row.correlation.r),
            p_of(row.correlation.test.p),
        ]);
    }
    table.folded()
}

/// A region as figures call it: LongName and units.
fn called(row: &BrainRow) -> String {
    with_unit(&row.ancova.label, row.ancova.units.as_deref())
}

fn interactions(of: &Results, part: &Brain) -> String {
    let ci = ci(of);
    let heads = [
        "region",
        "n",
        &format!("arm × visit ({ci})"),
        "t (dof)",
        "p",
        "partial η²",
        &format!("visit ({ci})"),
        "p",
        &format!("arm ({ci})"),
        "p",
    ];
    let mut table = Grid::new("Regions, arm × visit (difference of the arms' changes)", &heads, 1);
    for row in &part.rows {
        table.row(&[
            called(row),
            both(row.n),
            with_limits(&row.interaction),
            statistic(&row.interaction_test),
            p_of(row.interaction_test.p),
            bare(row.partial_eta_square, 3),
            with_limits(&row.visit),
            p_of(row.visit_test.p),
            with_limits(&row.arm),
            p_of(row.arm_test.p),
        ]);
    }
    table.finish()
}
