//! A run: when its volumes were, its design, how well the contrasts can be told in it, motion and what was left out.

use ndarray::Array2;

use crate::error::Result;
use crate::report::design::{Greys, unit_columns};
use crate::report::grid::Grid;
use crate::report::html::{Table, counted, escaped, figure, folded, number};
use crate::report::listing::Listing;
use crate::report::matrix::{Matrix, inline};
use crate::report::svg::{Anchor, Path, Plot, Svg};

mod moves;

/// One run.
#[derive(Debug, Clone)]
pub struct RunPart {
    /// The entities of its image.
    pub name: String,
    /// Volumes, times, mask, what was left out: a name and what it is each.
    pub facts: Vec<(String, String)>,
    /// Columns of the model.
    pub columns: Vec<String>,
    /// As it is fitted, at one slice time, `[volume][regressor]`.
    pub design: Array2<f64>,
    /// Columns that depend on others.
    pub dependent: Vec<String>,
    /// What each contrast is in it.
    pub estimable: Vec<(String, Estimable)>,
    /// Its motion, where that is known.
    pub motion: Option<Motion>,
    /// Volumes that are left out, from 0, and why.
    pub left_out: Vec<(usize, String)>,
    /// Where the page of its recordings lies, seen from this one; none where no columns come from recordings.
    pub recordings: Option<String>,
    /// Of each contrast the means of regions in the run, and what they are; empty where none were asked for.
    pub regions: Vec<(String, Listing)>,
}

/// Whether a run tells a contrast.
#[derive(Debug, Clone, PartialEq)]
pub enum Estimable {
    /// It does. Of each row w (X'X)^+ w': the variance of the effect in units of the residual variance.
    Yes(Vec<f64>),
    /// It does not count for it, and why.
    No(String),
    /// It is not asked, and why.
    NotAsked(String),
}

/// How a head moved.
#[derive(Debug, Clone, PartialEq)]
pub struct Motion {
    /// Framewise displacement, mm, `[volume]` of the image.
    pub fd_mm: Vec<f64>,
    /// Translations along x, y, z in mm, rotations about them in radians, `[parameter][volume]`, where they are known.
    pub parameters: Option<[Vec<f64>; 6]>,
    /// Above this volumes are left out; none where no such rule was asked for.
    pub most_mm: Option<f64>,
    /// Seconds from one volume to the next; none where it is not known.
    pub tr_s: Option<f64>,
}

const WIDTH: f64 = 900.0;
/// Columns whose correlations are drawn at most.
const MOST: usize = 60;
/// Above so much movement volumes are counted where no limit was asked for, mm (Power et al. 2012).
const USUAL_MM: f64 = 0.5;
/// A correlation of task columns that is told.
const HIGH: f64 = 0.7;

pub(super) fn section(run: &RunPart, id: &str) -> Result<String> {
    let mut html = String::new();
    let mut table = Table::new("facts", "Volumes and their times", &["what", "is"]);
    run.facts.iter().for_each(|(name, value)| table.row(name, std::slice::from_ref(value)));
    html += &table.finish();
    html += &run.recordings.as_ref().map_or(String::new(), |page| recordings(page));
    html += &design(run, id)?;
    html += &correlations(run, id)?;
    html += &estimable(run);
    for (caption, regions) in &run.regions {
        html += &regions.html(caption, "No region was given.");
    }
    html += &run.motion.as_ref().map_or(String::new(), |motion| moved(motion, run, id));
    html += &run.motion.as_ref().map_or(String::new(), |own| moves::drawn(own, &run.left_out, id));
    Ok(html + &left_out(run))
}

fn recordings(page: &str) -> String {
    let page = escaped(page);
    format!(
        "<p>Pulse and breathing as they were read, what was found wrong with them, and what they explain: <a href=\"{page}\">{page}</a>.</p>\n"
    )
}

fn design(run: &RunPart, id: &str) -> Result<String> {
    let (n, n_columns) = run.design.dim();
    if n * n_columns == 0 {
        return Ok(String::new());
    }
    let alt = format!(
        "The design: {n} volumes from top to bottom, {n_columns} columns from left to right"
    );
    let mut caption = "The design as it is fitted, time from top to bottom. Each column over its own largest value: white 1, grey 0, black −1."
        .to_owned();
    if !run.dependent.is_empty() {
        caption += &format!(" Columns that depend on each other: {}.", run.dependent.join(", "));
    }
    let drawn = Greys { matrix: &run.design, names: &run.columns, row: "volume" };
    drawn.drawn(&format!("{id}-design"), (&alt, &caption))
}

/// Which columns go together.
fn correlations(run: &RunPart, id: &str) -> Result<String> {
    let unit = unit_columns(&run.design);
    let r = unit.t().dot(&unit);
    // A constant goes with nothing.
    let varying: Vec<usize> = (0..r.ncols()).filter(|&j| r[[j, j]].is_finite()).collect();
    if varying.len() < 2 {
        return Ok(String::new());
    }
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    for (at, &a) in varying.iter().enumerate() {
        pairs
            .extend(varying[at + 1..].iter().filter(|&&b| r[[a, b]].abs() > HIGH).map(|&b| (a, b)));
    }
    pairs.sort_by(|x, y| r[[y.0, y.1]].abs().total_cmp(&r[[x.0, x.1]].abs()));
    let said: Vec<String> = pairs
        .iter()
        .take(6)
        .map(|&(a, b)| {
            format!("{} and {} ({})", run.columns[a], run.columns[b], number(r[[a, b]], 2))
        })
        .collect();
    let told = match pairs.len() {
        0 => format!("No two columns correlate beyond ±{HIGH}."),
        n if n > said.len() => {
            format!("{} correlate beyond ±{HIGH}; most: {}.", counted(n, "pair"), said.join(", "))
        }
        _ => format!("Columns that correlate beyond ±{HIGH}: {}.", said.join(", ")),
    };
    let shown = &varying[..varying.len().min(MOST)];
    let rest = match varying.len().saturating_sub(MOST) {
        0 => String::new(),
        n => format!(" {} more are not drawn.", counted(n, "column")),
    };
    let matrix = Matrix {
        title: "Correlations of the columns".to_owned(),
        notes: Vec::new(),
        names: shown.iter().map(|&j| run.columns[j].clone()).collect(),
        networks: vec![None; shown.len()],
        values: shown
            .iter()
            .flat_map(|&a| shown.iter().map(move |&b| (a, b)))
            .map(|at| r[at])
            .collect(),
        letter: "r".to_owned(),
        dof: String::new(),
    };
    let drawn = inline(&matrix, &format!("{id}-correlations"))?;
    let drawn = figure("Correlations of the columns", &drawn, "A column against itself is grey.");
    Ok(format!("<p>{}</p>\n", escaped(&(told + &rest)))
        + &folded("Correlations of the columns, drawn", &drawn))
}

fn estimable(run: &RunPart) -> String {
    let heads = ["contrast", "can be told", "w (X'X)⁻ w'"];
    let mut grid = Grid::new(
        "Whether this run tells each contrast, and how well: the variance of the effect over that of the residuals",
        &heads,
        2,
    );
    for (name, found) in &run.estimable {
        let (word, variance) = match found {
            Estimable::Yes(rows) => {
                let rows: Vec<String> = rows.iter().map(|v| short(*v)).collect();
                ("yes".to_owned(), rows.join("; "))
            }
            Estimable::No(why) => (format!("no: {why}"), "–".to_owned()),
            Estimable::NotAsked(why) => (format!("not asked: {why}"), "–".to_owned()),
        };
        grid.row(&[name.clone(), word, variance]);
    }
    grid.finish()
}

fn short(value: f64) -> String {
    number(
        value,
        if value >= 10.0 {
            1
        } else if value >= 0.1 {
            3
        } else {
            5
        },
    )
}

/// Framewise displacement over the run.
fn moved(motion: &Motion, run: &RunPart, id: &str) -> String {
    let values = &motion.fd_mm;
    let finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    if finite.is_empty() {
        return String::new();
    }
    let (mean, most) = (
        finite.iter().sum::<f64>() / finite.len() as f64,
        finite.iter().copied().fold(0.0, f64::max),
    );
    let plot = Plot { left: 46.0, top: 26.0, width: WIDTH - 62.0, height: 110.0 };
    let mut svg = Svg::new(WIDTH, plot.bottom() + 40.0);
    let step = motion.tr_s.unwrap_or(1.0);
    let across = plot.across(0.0, step * values.len() as f64);
    let up = plot.up(0.0, 1.05 * most.max(motion.most_mm.unwrap_or(0.0)).max(0.1));
    let mut out = Path::default();
    for (volume, _) in &run.left_out {
        let x = across.at(step * *volume as f64);
        out.bar(x, plot.top, (across.at(step) - across.at(0.0)).max(1.0), plot.height);
    }
    svg.path("unusable", &out);
    svg.y_axis(&plot, &up, &up.ticks(4), "framewise displacement, mm");
    let unit = if motion.tr_s.is_some() { "time, s" } else { "volume" };
    svg.x_axis(&plot, &across, &across.ticks(10), unit);
    let mut line = Path::default();
    for (volume, &value) in values.iter().enumerate() {
        line.to(across.at(step * (volume as f64 + 0.5)), up.at(value));
    }
    svg.path("series", &line);
    if let Some(limit) = motion.most_mm {
        let mut edge = Path::default();
        edge.line([plot.left, up.at(limit)], [plot.right(), up.at(limit)]);
        svg.path("edge", &edge);
        svg.text(
            "tick",
            [plot.right(), up.at(limit) - 4.0],
            Anchor::End,
            &format!("left out above {limit} mm"),
        );
    }
    let limit = motion.most_mm.unwrap_or(USUAL_MM);
    let said = format!(
        "Framewise displacement: mean {} mm, largest {} mm, {} above {} mm; {} left out (grey).",
        number(mean, 3),
        number(most, 2),
        counted(finite.iter().filter(|v| **v > limit).count(), "volume"),
        limit,
        counted(run.left_out.len(), "volume")
    );
    let drawn = svg.finish(&format!("{id}-motion"), "Framewise displacement", &said);
    figure("Framewise displacement", &drawn, &said)
}

fn left_out(run: &RunPart) -> String {
    if run.left_out.is_empty() {
        return String::new();
    }
    let caption = "Volumes that are left out of the fit, and keep their times";
    let mut table = Table::new("numbers", caption, &["volume", "why"]);
    for (volume, why) in &run.left_out {
        table.row(&volume.to_string(), std::slice::from_ref(why));
    }
    let n = counted(run.left_out.len(), "volume");
    folded(&format!("{n} left out, and why"), &table.finish())
}
