//! How a head moved over a run: three translations in mm, three rotations in degrees.

use super::{Motion, WIDTH};
use crate::report::html::{figure, number};
use crate::report::svg::{Anchor, Path, Plot, Svg};

/// Axes by their names and the classes of their lines.
const AXES: [(&str, &str); 3] = [("x", "axis-x"), ("y", "axis-y"), ("z", "axis-z")];
const HEIGHT: f64 = 80.0;
/// Pixels from one panel to the next, and of an entry of the key.
const STEP: f64 = HEIGHT + 40.0;
const KEY: f64 = 44.0;

/// Both panels; nothing where the parameters are not known. `left_out`: volumes, from 0.
pub(super) fn drawn(motion: &Motion, left_out: &[(usize, String)], id: &str) -> String {
    let Some(parameters) = &motion.parameters else { return String::new() };
    let n = parameters.iter().map(Vec::len).max().unwrap_or(0);
    let degrees: Vec<Vec<f64>> = parameters[3..]
        .iter()
        .map(|of| of.iter().map(|radians| radians.to_degrees()).collect())
        .collect();
    let panels = [("translation, mm", &parameters[..3]), ("rotation, degrees", &degrees[..])];
    let finite = |of: &[Vec<f64>]| {
        of.iter().flatten().copied().filter(|v| v.is_finite()).collect::<Vec<f64>>()
    };
    if n == 0 || panels.iter().any(|(_, of)| finite(of).is_empty()) {
        return String::new();
    }
    let mut svg = Svg::new(WIDTH, 26.0 + STEP + HEIGHT + 40.0);
    let step = motion.tr_s.unwrap_or(1.0);
    let mut ranges = Vec::new();
    for (nth, (label, of)) in panels.into_iter().enumerate() {
        let top = 26.0 + STEP * nth as f64;
        let plot = Plot { left: 46.0, top, width: WIDTH - 62.0, height: HEIGHT };
        let values = finite(of);
        let least = values.iter().copied().fold(0.0, f64::min);
        let most = values.iter().copied().fold(0.0, f64::max);
        let margin = 0.05 * (most - least).max(0.02);
        let across = plot.across(0.0, step * n as f64);
        let up = plot.up(least - margin, most + margin);
        let mut out = Path::default();
        for (volume, _) in left_out {
            let x = across.at(step * *volume as f64);
            out.bar(x, plot.top, (across.at(step) - across.at(0.0)).max(1.0), plot.height);
        }
        svg.path("unusable", &out);
        svg.y_axis(&plot, &up, &up.ticks(4), label);
        let unit = match (nth, motion.tr_s) {
            (0, _) => "",
            (_, Some(_)) => "time, s",
            (_, None) => "volume",
        };
        svg.x_axis(&plot, &across, &across.ticks(10), unit);
        for (axis, ((name, class), values)) in AXES.iter().zip(of).enumerate() {
            let mut line = Path::default();
            for (volume, &value) in values.iter().enumerate() {
                line.to(across.at(step * (volume as f64 + 0.5)), up.at(value));
            }
            svg.path(class, &line);
            let x = plot.right() - KEY * (AXES.len() - axis) as f64;
            let mut key = Path::default();
            key.line([x, top - 13.0], [x + 20.0, top - 13.0]);
            svg.path(class, &key);
            svg.text("tick", [x + 26.0, top - 9.0], Anchor::Start, name);
        }
        ranges.push(format!("{} to {}", number(least, 2), number(most, 2)));
    }
    let said = format!(
        "Translations along x, y and z ({} mm) and rotations about them ({} degrees; the table has radians).",
        ranges[0], ranges[1]
    );
    let drawing = svg.finish(&format!("{id}-moves"), "Motion parameters", &said);
    figure("Motion parameters", &drawing, &said)
}
