//! The table of clusters and peaks: each row knows its place, which the viewer goes to, and the whole table is there to take along.

use std::fmt::Write;
use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::report::html::{counted, escaped, folded};
use crate::report::listing::Listing;

/// Rows that are not folded away, and rows shown at most.
const OPEN: usize = 15;
const MOST: usize = 60;

/// The rows of a map whose place on the page is `view`; `file`: what the table is called once it is saved.
pub(in crate::report) fn table(listing: &Listing, caption: &str, view: &str, file: &str) -> String {
    let n = listing.rows.len();
    if n == 0 {
        return "<p>No voxel lies above the threshold of the table.</p>\n".to_owned();
    }
    let mut html = rows(listing, 0..n.min(OPEN), caption, view);
    if n > OPEN {
        let more = rows(listing, OPEN..n.min(MOST), &format!("{caption}; further rows"), view);
        html += &folded(&format!("{} more", counted(n.min(MOST) - OPEN, "row")), &more);
    }
    let more = match n.saturating_sub(MOST) {
        0 => String::new(),
        n => format!("{} more in the table. ", counted(n, "row")),
    };
    html += &listing.explained();
    let text = STANDARD.encode(listing.to_tsv());
    let file = escaped(file);
    html + &format!(
        "<p class=\"note\">{more}<a download=\"{file}\" href=\"data:text/tab-separated-values;base64,{text}\">Save the table as {file}</a>, all digits.</p>\n"
    )
}

fn rows(listing: &Listing, rows: Range<usize>, caption: &str, view: &str) -> String {
    let caption = escaped(caption);
    let mut html = format!(
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{caption}\" data-view=\"{view}\">\n<table class=\"numbers\">\n\
         <caption><span>{caption}</span></caption>\n<thead><tr>"
    );
    for (nth, head) in listing.spoken().iter().enumerate() {
        let class = if nth > 0 { " class=\"n\"" } else { "" };
        // Writing to a String cannot fail.
        let _ = write!(html, "<th scope=\"col\"{class}>{}</th>", escaped(head));
    }
    html += "</tr></thead>\n<tbody>\n";
    for row in rows {
        html += &match place(listing, row) {
            Some([x, y, z]) => format!("<tr data-mm=\"{x} {y} {z}\">"),
            None => "<tr>".to_owned(),
        };
        for (nth, cell) in listing.short(row).iter().enumerate() {
            let _ = match nth {
                0 => write!(html, "<th scope=\"row\">{}</th>", escaped(cell)),
                _ => write!(html, "<td class=\"n\">{}</td>", escaped(cell)),
            };
        }
        html += "</tr>\n";
    }
    html + "</tbody>\n</table>\n</div>\n"
}

/// Millimetres.
fn place(listing: &Listing, row: usize) -> Option<[f64; 3]> {
    let [x, y, z] = ["x_mm", "y_mm", "z_mm"].map(|head| listing.number(row, head));
    Some([x?, y?, z?])
}
