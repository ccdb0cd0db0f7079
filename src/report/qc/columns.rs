//! The columns of the model: how alike they are, how much of the task they could take, and what each is.

use ndarray::{Array2, ArrayView1};

use super::{Chapter, WIDTH, design};
use crate::error::Result;
use crate::report::design::unit_columns;
use crate::report::html::{Table, counted, figure, folded, number, percent};
use crate::report::svg::{Anchor, Path, Plot, Svg};
use crate::stats::least_squares::LeastSquares;

/// Shades of one sign.
const N_SHADES: usize = 5;
/// Design columns listed at most.
const MOST_LISTED: usize = 40;

/// How columns go along with each other.
pub(super) struct Alike {
    /// Pearson's r, `[column][column]`; NaN with a constant column.
    r: Array2<f64>,
    /// The largest |r| between two columns, and which; none with fewer than two.
    pub closest: Option<(f64, usize, usize)>,
    /// Of each column of the design but drift and constant: name, share of its variance that the physiological columns
    /// explain, the column that is closest and its r.
    pub design: Vec<(String, f64, usize, f64)>,
}

impl Alike {
    /// # Errors
    /// Internal, for a matrix that cannot be decomposed.
    pub fn of(chapter: &Chapter) -> Result<Alike> {
        let columns = &chapter.run.columns;
        let unit = unit_columns(columns);
        let mut r = unit.t().dot(&unit);
        r.mapv_inplace(|v| v.clamp(-1.0, 1.0));
        let n = columns.ncols();
        let pairs = (0..n).flat_map(|a| (0..a).map(move |b| (a, b)));
        let closest = pairs
            .map(|(a, b)| (r[[a, b]], b, a))
            .filter(|(r, ..)| r.is_finite())
            .max_by(|x, y| x.0.abs().total_cmp(&y.0.abs()));
        Ok(Alike { design: explained(chapter, &unit)?, r, closest })
    }
}

/// What the physiological columns explain of each column of the design.
fn explained(chapter: &Chapter, physio: &Array2<f64>) -> Result<Vec<(String, f64, usize, f64)>> {
    let Some(design) = &chapter.run.design else { return Ok(Vec::new()) };
    let known = physio.mapv(|v| if v.is_finite() { v } else { 0.0 });
    if known.nrows() != design.matrix.nrows() || known.is_empty() {
        return Ok(Vec::new());
    }
    let fit = LeastSquares::new(known.view())?;
    let unit = unit_columns(&design.matrix);
    let slow = |name: &str| ["drift_", "cosine", "constant"].iter().any(|s| name.starts_with(s));
    let mut all = Vec::new();
    for (name, column) in design.names.iter().zip(unit.columns()) {
        if slow(name) || column.iter().any(|v| !v.is_finite()) {
            continue;
        }
        let fitted = known.dot(&fit.pinv.dot(&column));
        let (nearest, r) = nearest(&known, column);
        all.push((name.clone(), fitted.dot(&fitted).clamp(0.0, 1.0), nearest, r));
    }
    Ok(all)
}

fn nearest(columns: &Array2<f64>, with: ArrayView1<f64>) -> (usize, f64) {
    let r = columns.columns().into_iter().map(|c| c.dot(&with)).enumerate();
    r.fold((0, 0.0), |best, next| if next.1.abs() > best.1.abs() { next } else { best })
}

pub(super) fn section(chapter: &Chapter, alike: &Alike) -> Result<String> {
    let run = chapter.run;
    let (design, largest) = design::section(chapter)?;
    let names = &run.summary.columns;
    let caption = "Pearson correlation of the columns at one moment of each volume. Near 0 is good; columns near ±1 say the \
                   same and share their degrees of freedom.";
    let mut html = design;
    html += &figure("Correlation of the columns", &matrix(chapter, alike), caption);
    if !alike.design.is_empty() {
        let heads = ["design column", "variance that physiology explains", "closest column", "r"];
        let mut table =
            Table::new("numbers", "The design beside the physiological columns", &heads);
        for (name, share, nearest, r) in alike.design.iter().take(MOST_LISTED) {
            let closest = names.get(*nearest).cloned().unwrap_or_default();
            table.row(name, &[percent(*share), closest, number(*r, 2)]);
        }
        html += &table.finish();
        if alike.design.len() > MOST_LISTED {
            let rest = alike.design.len() - MOST_LISTED;
            html += &format!("<p>{rest} more columns of the design are not listed.</p>\n");
        }
    }
    let mut table =
        Table::new("numbers", "What each column is", &["number", "name", "description"]);
    for (nth, name) in names.iter().enumerate() {
        let described = run.described.get(nth).cloned().unwrap_or_default();
        table.row(&(nth + 1).to_string(), &[name.clone(), described]);
    }
    html += &table.finish();
    let closest = alike.closest.map_or(String::new(), |(r, ..)| {
        format!("; the closest two of them have r = {}", number(r, 2))
    });
    let summary = format!("{}{closest}{largest}", counted(names.len(), "physiological column"));
    Ok(folded(&summary, &html))
}

fn matrix(chapter: &Chapter, alike: &Alike) -> String {
    let names = &chapter.run.summary.columns;
    let n = names.len().min(alike.r.ncols());
    let left = 190.0;
    let size = (0.62 * WIDTH).min(24.0 * n as f64).max(24.0);
    let cell = size / n.max(1) as f64;
    let plot = Plot { left, top: 26.0, width: size, height: size };
    let mut svg = Svg::new(WIDTH, plot.bottom() + 12.0);
    // Negative, positive.
    let mut shades: [Vec<Path>; 2] =
        [0, 1].map(|_| (0..=N_SHADES).map(|_| Path::default()).collect());
    let mut texts = Vec::new();
    for (a, name) in names.iter().enumerate().take(n) {
        for b in 0..n {
            let r = alike.r[[a, b]];
            if !r.is_finite() {
                continue;
            }
            let level = (r.abs() * N_SHADES as f64).round() as usize;
            let at = [plot.left + b as f64 * cell, plot.top + a as f64 * cell];
            shades[usize::from(r > 0.0)][level].bar(at[0], at[1], cell, cell);
            if a != b && r.abs() >= 0.3 && cell >= 20.0 {
                let class = if level >= 4 { "cell light" } else { "cell dark" };
                let text = number(r, 1).replacen("0.", ".", 1);
                texts.push((class, [at[0] + 0.5 * cell, at[1] + 0.5 * cell + 3.5], text));
            }
        }
        let middle = (a as f64 + 0.5) * cell;
        let class = if cell < 12.0 { "small" } else { "tick" };
        let label = format!("{name}  {}", a + 1);
        svg.text(class, [left - 6.0, plot.top + middle + 4.0], Anchor::End, &label);
        if cell >= 16.0 || (a + 1) % 5 == 0 {
            let number = (a + 1).to_string();
            svg.text(class, [left + middle, plot.top - 6.0], Anchor::Middle, &number);
        }
    }
    for (sign, paths) in ["minus", "plus"].iter().zip(&shades) {
        for (level, path) in paths.iter().enumerate().skip(1) {
            svg.path(&format!("{sign}-{level}"), path);
        }
    }
    for (class, at, text) in texts {
        svg.text(class, at, Anchor::Middle, &text);
    }
    let mut frame = Path::default();
    frame.bar(plot.left, plot.top, plot.width, plot.height);
    svg.path("frame", &frame);
    colour_bar(&mut svg, plot.right() + 40.0, plot.top + 10.0);
    let description = match alike.closest {
        Some((r, a, b)) => format!(
            "{n} by {n} columns. The closest two are {} and {}, r = {}.",
            names[a],
            names[b],
            number(r, 2)
        ),
        None => format!("{n} columns; no two of them vary."),
    };
    svg.finish(&chapter.id("correlation"), "Correlation of the columns", &description)
}

fn colour_bar(svg: &mut Svg, left: f64, top: f64) {
    for step in 0..=2 * N_SHADES {
        let level = step.abs_diff(N_SHADES);
        let sign = if step < N_SHADES { "plus" } else { "minus" };
        let mut swatch = Path::default();
        swatch.bar(left, top + 14.0 * step as f64, 14.0, 14.0);
        let class = if level == 0 { "minus-0".to_owned() } else { format!("{sign}-{level}") };
        svg.path(&class, &swatch);
        let r = (N_SHADES as f64 - step as f64) / N_SHADES as f64;
        let at = [left + 20.0, top + 14.0 * step as f64 + 11.0];
        svg.text("tick", at, Anchor::Start, &number(r, 1));
    }
    svg.text("label", [left, top - 8.0], Anchor::Start, "r");
}
