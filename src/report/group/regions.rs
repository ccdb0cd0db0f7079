//! Regions with their effects and confidence intervals, drawn and as a table.

use super::Listing;
use crate::report::html::figure;
use crate::report::letters;
use crate::report::svg::{Anchor, Path, Plot, Svg};

const ROW: f64 = 20.0;
const WIDTH: f64 = 900.0;
/// Room for names, and the size of their letters, pixels.
const NAMES: f64 = 250.0;
const SIZE: f64 = 12.0;
/// Regions drawn at most.
const MOST: usize = 60;

pub(super) fn section(caption: &str, regions: &Listing, id: &str) -> String {
    drawn(regions, id) + &regions.html(caption, "No region was given.")
}

/// Each region's effect and the 95 % confidence interval of it, about a line at 0; nothing where there is no interval.
fn drawn(regions: &Listing, id: &str) -> String {
    let interval = |row: usize| {
        let [low, effect, high] =
            ["lower_95", "effect", "upper_95"].map(|head| regions.number(row, head));
        Some((row, [low?, effect?, high?]))
    };
    let all: Vec<(usize, [f64; 3])> =
        (0..regions.rows.len()).filter_map(interval).take(MOST).collect();
    if all.is_empty() {
        return String::new();
    }
    let least = all.iter().map(|(_, [low, ..])| *low).fold(0.0, f64::min);
    let most = all.iter().map(|(_, [.., high])| *high).fold(0.0, f64::max);
    let margin = 0.04 * (most - least).max(f64::MIN_POSITIVE);
    let plot =
        Plot { left: NAMES, top: 8.0, width: WIDTH - NAMES - 16.0, height: ROW * all.len() as f64 };
    let across = plot.across(least - margin, most + margin);
    let mut svg = Svg::new(WIDTH, plot.bottom() + 44.0);
    let mut zero = Path::default();
    zero.line([across.at(0.0), plot.top], [across.at(0.0), plot.bottom()]);
    let (mut lines, mut points) = (Path::default(), Path::default());
    for (nth, (row, [low, effect, high])) in all.iter().enumerate() {
        let y = plot.top + ROW * (nth as f64 + 0.5);
        lines.line([across.at(*low), y], [across.at(*high), y]);
        for end in [low, high] {
            lines.line([across.at(*end), y - 4.0], [across.at(*end), y + 4.0]);
        }
        points.dot(across.at(*effect), y);
        let name = regions.rows[*row].first().map_or("", String::as_str);
        let name = letters::lines(name, (NAMES - 12.0, SIZE), 1);
        svg.lines("label", [NAMES - 10.0, y + 4.0], Anchor::End, (&name, SIZE));
    }
    svg.path("edge", &zero);
    svg.path("series", &lines);
    svg.path("peak", &points);
    svg.x_axis(&plot, &across, &across.ticks(8), "effect");
    let description = format!(
        "{} regions: a point for the effect in the mean of each, a line for its 95 % confidence interval; a dashed line at 0. The numbers stand in the table below.",
        all.len()
    );
    let drawing = svg.finish(id, "Effects in regions", &description);
    figure(
        "Effects in regions",
        &drawing,
        "The effect in the mean of each region and its 95 % confidence interval (both sides, not corrected for the number of regions).",
    )
}
