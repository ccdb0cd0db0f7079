//! Do the samples of each slice cover the cycle? How many volumes of each slice fall into each twelfth of it, the widest
//! gap, and how even the phases are.

use std::f64::consts::TAU;

use ndarray::Array2;

use super::{Chapter, HALF_WIDTH, RIGHT};
use crate::report::html::{Table, figure, number, percent};
use crate::report::svg::{Anchor, Path, Plot, Svg};

/// Parts of a cycle: 30 degrees each.
const N_BINS: usize = 12;
/// Shades from few to many.
const N_SHADES: usize = 6;

/// How the samples of all slices cover one cycle.
#[derive(Debug, Clone)]
pub(super) struct Coverage {
    /// `[slice][twelfth of the cycle]`, volumes.
    counts: Vec<[usize; N_BINS]>,
    /// Volumes in each part were they even.
    even: f64,
    /// The widest gap between the phases of one slice, as a share of the cycle, and that slice.
    pub widest_gap: (f64, usize),
    /// Length of the mean of exp(i phase) over all samples: 0 even, 1 always the same phase.
    pub unevenness: f64,
}

impl Coverage {
    /// `phase`: radians, `[volume][slice]`; none without a sample.
    pub fn of(phase: &Array2<f64>) -> Option<Coverage> {
        let mut counts = vec![[0; N_BINS]; phase.ncols()];
        let (mut cosine, mut sine) = (0.0, 0.0);
        let mut widest_gap = (0.0, 0);
        for (slice, column) in phase.columns().into_iter().enumerate() {
            let mut turns: Vec<f64> = column
                .iter()
                .filter(|v| v.is_finite())
                .map(|v| (v / TAU).rem_euclid(1.0).min(1.0 - f64::EPSILON))
                .collect();
            for turn in &turns {
                counts[slice][(turn * N_BINS as f64) as usize] += 1;
                cosine += (TAU * turn).cos();
                sine += (TAU * turn).sin();
            }
            turns.sort_by(f64::total_cmp);
            let (Some(first), Some(last)) = (turns.first(), turns.last()) else { continue };
            let around = first + 1.0 - last;
            let gap = turns.windows(2).map(|w| w[1] - w[0]).fold(around, f64::max);
            if gap > widest_gap.0 {
                widest_gap = (gap, slice);
            }
        }
        let n: usize = counts.iter().flatten().sum();
        (n > 0).then(|| Coverage {
            counts,
            even: phase.nrows() as f64 / N_BINS as f64,
            widest_gap,
            unevenness: f64::hypot(cosine, sine) / n as f64,
        })
    }

    /// The fewest volumes in a part of a slice's cycle, the slice and the part.
    fn fewest(&self) -> (usize, usize, usize) {
        let cells = self.counts.iter().enumerate();
        let cells = cells.flat_map(|(s, row)| row.iter().enumerate().map(move |(b, &n)| (n, s, b)));
        cells.min().unwrap_or_default()
    }

    /// Parts of some slice's cycle that no volume falls into.
    fn n_empty(&self) -> usize {
        self.counts.iter().flatten().filter(|&&n| n == 0).count()
    }
}

pub(super) fn section(chapter: &Chapter) -> String {
    let both = [("heart", &chapter.cardiac), ("breath", &chapter.respiratory)];
    let mut drawings = String::new();
    let heads = [
        "cycle",
        "slices",
        "volumes a twelfth, were they even",
        "fewest",
        "empty twelfths",
        "widest gap",
        "unevenness (0 to 1)",
    ];
    let mut table = Table::new("numbers", "How the samples cover the cycles", &heads);
    for (cycle, coverage) in both {
        let Some(coverage) = coverage else { continue };
        drawings += &heat_map(chapter, cycle, coverage);
        let (fewest, slice, part) = coverage.fewest();
        table.row(
            cycle,
            &[
                coverage.counts.len().to_string(),
                number(coverage.even, 1),
                format!("{fewest} (slice {slice}, {}° to {}°)", 30 * part, 30 * (part + 1)),
                coverage.n_empty().to_string(),
                format!(
                    "{} of the cycle (slice {})",
                    percent(coverage.widest_gap.0),
                    coverage.widest_gap.1
                ),
                number(coverage.unevenness, 3),
            ],
        );
    }
    if drawings.is_empty() {
        return "<p>The columns need no phase.</p>\n".to_owned();
    }
    let caption = "Volumes of each slice in each twelfth of the cycle, relative to an even spread. A model of order m needs \
                   gaps shorter than 1/(2m) of a cycle in every slice; a heart in step with the TR leaves stripes.";
    let pair = format!("<div class=\"pair\">\n{drawings}</div>\n");
    figure("Phase coverage of each slice", &pair, caption) + &table.finish()
}

/// The shade of a count: 0 for none, 1 to [`N_SHADES`] for up to twice the even share and more.
fn shade(count: usize, even: f64) -> usize {
    match count {
        0 => 0,
        n => ((n as f64 / even * 0.5 * N_SHADES as f64).ceil() as usize).clamp(1, N_SHADES),
    }
}

fn heat_map(chapter: &Chapter, cycle: &str, coverage: &Coverage) -> String {
    let n_slices = coverage.counts.len();
    let height = (5.0 * n_slices as f64).clamp(24.0, 300.0);
    let plot = Plot { left: 46.0, top: 24.0, width: HALF_WIDTH - 46.0 - RIGHT, height };
    let mut svg = Svg::new(HALF_WIDTH, plot.bottom() + 78.0);
    let x = plot.across(0.0, 360.0);
    let y = plot.up(-0.5, n_slices as f64 - 0.5);
    let mut slices = y.ticks(6);
    slices.values.retain(|v| v.fract() == 0.0 && *v >= 0.0);
    slices.decimals = 0;
    svg.y_axis(&plot, &y, &slices, "slice");
    let mut shades: Vec<Path> = (0..=N_SHADES).map(|_| Path::default()).collect();
    let cell = [plot.width / N_BINS as f64, plot.height / n_slices as f64];
    for (slice, row) in coverage.counts.iter().enumerate() {
        for (part, &count) in row.iter().enumerate() {
            let left = x.at(30.0 * part as f64);
            let top = y.at(slice as f64 + 0.5);
            shades[shade(count, coverage.even)].bar(left, top, cell[0], cell[1]);
        }
    }
    for (level, path) in shades.iter().enumerate() {
        svg.path(&format!("shade-{level}"), path);
    }
    let mut degrees = x.ticks(4);
    degrees.values = vec![0.0, 90.0, 180.0, 270.0, 360.0];
    svg.x_axis(&plot, &x, &degrees, &format!("phase of the {cycle}, degrees"));
    let below = plot.bottom() + 46.0;
    let width = plot.width / (N_SHADES + 1) as f64;
    for level in 0..=N_SHADES {
        let mut swatch = Path::default();
        let left = plot.left + level as f64 * width;
        swatch.bar(left, below, width, 10.0);
        svg.path(&format!("shade-{level}"), &swatch);
        let text = match level {
            0 => "none".to_owned(),
            N_SHADES => "more".to_owned(),
            level => format!("≤{}", number(2.0 * level as f64 / N_SHADES as f64, 2)),
        };
        svg.text("tick", [left + 0.5 * width, below + 24.0], Anchor::Middle, &text);
    }
    let title = format!("Phase coverage of the {cycle} by slice");
    let (fewest, slice, part) = coverage.fewest();
    let description = format!(
        "A map of {n_slices} slices by twelve parts of the cycle. Even would be {} volumes in each; the fewest are {fewest}, in \
         slice {slice} from {} to {} degrees; {} parts are empty.",
        number(coverage.even, 1),
        30 * part,
        30 * (part + 1),
        coverage.n_empty()
    );
    svg.finish(&chapter.id(&format!("coverage-{cycle}")), &title, &description)
}
