//! Time courses at peaks: what was measured, and what the model makes of it.

use crate::report::html::{escaped, number};
use crate::report::svg::{Anchor, Path, Plot, Svg};

/// One voxel in one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// Which peak: `1`, `1a`.
    pub peak: String,
    /// Where, millimetres.
    pub mm: [f64; 3],
    /// The run's name.
    pub run: String,
    /// Of the volumes that were fitted, seconds; their numbers where no time is known.
    pub times: Vec<f64>,
    /// What times are: `time, s` or `volume`.
    pub across: &'static str,
    /// As it was fitted (corrected, smoothed), `[volume]`.
    pub measured: Vec<f64>,
    /// `[volume]`
    pub fitted: Vec<f64>,
    /// What values are in.
    pub unit: String,
    /// Share of the variance about the mean that the model explains.
    pub r_square: f64,
}

const WIDTH: f64 = 440.0;
const HEIGHT: f64 = 120.0;
/// A longer step than so many usual ones is a gap.
const GAP: f64 = 1.5;

/// Drawings side by side, with what they show; nothing where there are none. `id`: unique on the page.
pub(in crate::report) fn section(courses: &[Course], id: &str, note: &str) -> String {
    if courses.is_empty() {
        return String::new();
    }
    let mut html = "<figure>\n<div class=\"courses\">\n".to_owned();
    for (nth, course) in courses.iter().enumerate() {
        html += &drawn(course, &format!("{id}-{}", nth + 1));
    }
    html += &format!("</div>\n<figcaption>{}</figcaption>\n</figure>\n", escaped(note));
    html
}

fn drawn(course: &Course, id: &str) -> String {
    let plot = Plot { left: 46.0, top: 54.0, width: WIDTH - 58.0, height: HEIGHT };
    let mut svg = Svg::new(WIDTH, plot.bottom() + 36.0);
    let all = || course.measured.iter().chain(&course.fitted).copied().filter(|v| v.is_finite());
    let (least, most) =
        (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    let [x, y, z] = course.mm.map(|mm| number(mm, 0));
    let place = format!("Peak {} at ({x}, {y}, {z}) mm", course.peak);
    svg.text("label strong", [0.0, 12.0], Anchor::Start, &place);
    svg.text("tick", [0.0, 27.0], Anchor::Start, &course.run);
    let title = format!("{place}, {}", course.run);
    if least.is_finite() && most > least {
        let (first, last) = (course.times[0], course.times[course.times.len() - 1]);
        let across = plot.across(first, last.max(first + f64::MIN_POSITIVE));
        let room = 0.04 * (most - least);
        let up = plot.up(least - room, most + room);
        svg.y_axis(&plot, &up, &up.ticks(4), &course.unit);
        svg.x_axis(&plot, &across, &across.ticks(6), course.across);
        for (class, values) in [("measured", &course.measured), ("fitted", &course.fitted)] {
            let mut path = Path::default();
            let usual = usual_step(&course.times);
            for (k, (&time, &value)) in course.times.iter().zip(values).enumerate() {
                if k > 0 && time - course.times[k - 1] > GAP * usual {
                    path.lift();
                }
                path.to(across.at(time), up.at(value));
            }
            svg.path(class, &path);
        }
    }
    let said = format!(
        "{} volumes; the model explains {} percent of the variance.",
        course.times.len(),
        number(100.0 * course.r_square, 0)
    );
    svg.finish(id, &title, &said)
}

fn usual_step(times: &[f64]) -> f64 {
    times.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min)
}
