//! Columns of each voxel's own: images of regressors, and the local mean of white matter (ANATICOR).

use std::path::{Path, PathBuf};

use ndarray::ArrayView1;
use serde_json::{Map as Fields, Value, json};

use crate::error::{Error, Result};
use crate::io::paths::real;
use crate::io::source::{BoldSource, Censored, LocalMean, Sample, Sampled};
use crate::io::{self, BoldFile};
use crate::pipeline::automask;
use crate::pipeline::blocks::Ladder;
use crate::pipeline::inputs::{Run, display, open_bold};
use crate::pipeline::masks;
use crate::pipeline::precision;
use crate::pipeline::spec::{LocalMeanOptions, RunSpec, VoxelwiseOptions};
use crate::pipeline::watch::{Quiet, Watch};
use crate::volume::Grid;

/// What the column of [`LocalMeanOptions`] is called.
const LOCAL: &str = "local_white_matter";

/// The columns of a run.
#[derive(Default)]
pub struct Voxelwise {
    /// `[column]`
    pub names: Vec<String>,
    /// Where they come from, of the kept volumes, `[column]`.
    pub sources: Vec<Box<dyn BoldSource>>,
    /// Whether one of them is read less each voxel's mean, since float32 would round it.
    pub is_centred: bool,
    /// Mask voxels that left the fit because a column is not finite there.
    pub not_finite: usize,
    /// Fitted voxels where each does not count, `[column]`; none before the fit.
    pub spanned: Vec<usize>,
}

/// A run as a column of its own explains all of itself: nothing is left of it.
///
/// # Errors
/// Usage, with the image.
pub fn refuse_runs(options: &VoxelwiseOptions, runs: &[RunSpec]) -> Result<()> {
    for (run, columns) in runs.iter().zip(&options.images) {
        let is_run = |image: &&PathBuf| run.images().any(|own| real(&own) == real(image));
        if let Some(image) = columns.iter().find(is_run) {
            return Err(Error::usage(
                format!("--voxelwise {}", display(image)),
                "is the run itself, of which it explains all",
                "be another image, of what is to be taken out of the run",
                "name an image of regressors, one value a voxel and volume",
            ));
        }
    }
    Ok(())
}

/// Open those of every run, whose censored volumes they lose too.
///
/// # Errors
/// What the images hold or lack; bad data for one of another grid or number of volumes.
pub fn open(
    options: &VoxelwiseOptions,
    runs: &mut [Run],
    ladder: &Ladder,
    watch: &dyn Watch,
) -> Result<Vec<Voxelwise>> {
    let none = Vec::new();
    let of_run = |(at, run): (usize, &mut Run)| {
        let images = options.images.get(at).unwrap_or(&none);
        let mut of_run = Voxelwise::default();
        for path in images {
            of_run.names.push(name(path));
            let (image, is_centred) = image(path, run, ladder, watch)?;
            of_run.sources.push(image);
            of_run.is_centred |= is_centred;
        }
        if let Some(local) = &options.local {
            of_run.names.push(LOCAL.to_owned());
            let told: &dyn Watch = if at == 0 { watch } else { &Quiet };
            of_run.sources.push(local_mean(local, run, told)?);
        }
        let is_twice = |(at, name): &(usize, &String)| {
            run.design.names.contains(name) || of_run.names[..*at].contains(name)
        };
        if let Some((_, twice)) = of_run.names.iter().enumerate().find(is_twice) {
            return Err(Error::bad_data(
                display(&run.path),
                format!("has two columns `{twice}`, one of them voxel-wise"),
                "have columns with names of their own",
                "name each image once, by another name than a column of the design has",
            ));
        }
        if !of_run.names.is_empty() {
            let names = of_run.names.join(", ");
            watch.note(&format!("{}: columns of each voxel's own: {names}", display(&run.path)));
        }
        Ok(of_run)
    };
    runs.iter_mut().enumerate().map(of_run).collect()
}

/// Tell of voxels where a column of their own does not count.
pub fn say_spanned(run: &Run, of_run: &Voxelwise, watch: &dyn Watch) {
    let names = of_run.names.join(", ");
    if of_run.not_finite > 0 {
        let (n, name) = (of_run.not_finite, display(&run.path));
        let [voxels, are, their, they_are] = match n {
            1 => ["voxel", "is", "its", "it is"],
            _ => ["voxels", "are", "their", "they are"],
        };
        watch.warn(&format!(
            "{n} mask {voxels} of {name} {are} not finite in some volume of a column of {their} own ({names}): {they_are} outside"
        ));
    }
    for (name, n) in of_run.names.iter().zip(&of_run.spanned).filter(|(_, n)| **n > 0) {
        let why = match name.as_str() {
            LOCAL => "of no voxel within the radius, or spanned by other columns",
            _ => "constant, or spanned by other columns",
        };
        watch.warn(&format!(
            "the voxel-wise column {name} of {} is {why} in {n} voxels: it does not count there, and their degrees of freedom are more",
            display(&run.path)
        ));
    }
}

impl Voxelwise {
    /// Why a run that has signal has no voxel left: a column is not finite wherever the run is.
    #[must_use]
    pub fn nowhere_finite(&self, run: &Run) -> Error {
        Error::bad_data(
            format!("a voxel-wise column of {} ({})", display(&run.path), self.names.join(", ")),
            "is not finite in some volume wherever the run is",
            "be finite in every volume that is fitted",
            "look at its image, for volumes that are not finite, and leave such volumes out (--censor-volumes)",
        )
    }

    /// Its columns, for the sidecar, and in how many voxels each does not count.
    #[must_use]
    pub fn resolved(&self) -> Vec<(String, Value)> {
        if self.names.is_empty() {
            return Vec::new();
        }
        let spanned: Fields<String, Value> =
            self.names.iter().cloned().zip(self.spanned.iter().map(|n| json!(n))).collect();
        vec![
            ("voxelwise_columns".to_owned(), json!(self.names)),
            ("voxels_where_they_do_not_count".to_owned(), spanned.into()),
        ]
    }
}

/// The name of an image without its endings.
fn name(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.trim_end_matches(".gz").trim_end_matches(".nii").to_owned()
}

/// Whether an image of regressors is one of a run, and a note where it lies a little off. `of_run`: the run's grid, its volumes and its name.
///
/// # Errors
/// Bad data: another grid, or number of volumes.
pub fn check(
    image: &BoldFile,
    ((grid, n_volumes), of_run): ((&Grid, usize), &str),
) -> Result<Option<String>> {
    let hint = "give a regressor image on the run's grid, one value a voxel and volume";
    let note = io::check_grid(&image.path, &image.grid, (grid, of_run), hint)?;
    if image.n_volumes != n_volumes {
        return Err(Error::bad_data(
            display(&image.path),
            format!("has {} volumes", image.n_volumes),
            format!("have {n_volumes} like {of_run}"),
            hint,
        ));
    }
    Ok(note)
}

/// An image without time is no regressor, and a run's name is not asked for.
fn still(error: Error, path: &Path) -> Error {
    let found = error.fault().map_or("", |fault| fault.found.as_str());
    if !found.ends_with("-D image") {
        return error;
    }
    Error::bad_data(
        display(path),
        found,
        "have one value a voxel and volume of the run, to be a column of each voxel's own",
        "a value that does not change over time is no regressor; a mask of white matter is one for --anaticor",
    )
}

fn image(
    path: &Path,
    run: &Run,
    ladder: &Ladder,
    watch: &dyn Watch,
) -> Result<(Box<dyn BoldSource>, bool)> {
    let mut image = open_bold(path, watch).map_err(|error| still(error, path))?;
    let n_volumes = run.header.n_volumes();
    let note = check(&image, ((&run.grid, n_volumes), &display(&run.path)))?;
    note.iter().for_each(|line| watch.note(line));
    ladder.grant(&mut image);
    let is_centred = precision::centred(&mut image, (path, &run.grid), watch)?.is_some();
    if run.kept.len() == n_volumes {
        return Ok((Box::new(image), is_centred));
    }
    let source: Box<dyn BoldSource> = Box::new(image);
    Ok((Box::new(Censored::new(source, run.kept.clone())?), is_centred))
}

fn local_mean(
    options: &LocalMeanOptions,
    run: &mut Run,
    watch: &dyn Watch,
) -> Result<Box<dyn BoldSource>> {
    let mask = masks::of_one_kind(&options.mask, &run.grid, "white matter", watch)?;
    let voxels: Vec<usize> = (0..mask.inside.len()).filter(|&at| mask.inside[at]).collect();
    watch.note(&format!(
        "{}: the mean of its {} voxels within {} mm of each voxel, as the run is read",
        display(&options.mask),
        voxels.len(),
        options.radius_mm
    ));
    // Of the differences that are fitted, where float32 would round the run.
    precision::keep(run, watch)?;
    let mut sample = Sample::new(voxels, run.n_volumes);
    automask::mean_image(&mut Sampled::new(run.bold.as_mut(), &mut sample))?;
    let n = sample.voxels.len();
    let finite = |at: &usize| (0..run.n_volumes).all(|t| sample.values[t * n + at].is_finite());
    let whole: Vec<usize> = (0..n).filter(finite).collect();
    if whole.len() < n {
        watch.warn(&format!(
            "{} of {n} voxels of {} are not finite in some volume of {} and are left out of the local mean",
            n - whole.len(),
            display(&options.mask),
            display(&run.path)
        ));
    }
    // Less its level, which the constant takes up: float32 would round the mean of values about 30,000 to 0.002.
    let is_constant = |column: ArrayView1<f64>| {
        column.first().is_some_and(|first| *first != 0.0 && column.iter().all(|v| v == first))
    };
    let has_constant = run.design.matrix.columns().into_iter().any(is_constant);
    let level = |&at: &usize| {
        let values = (0..run.n_volumes).map(|t| f64::from(sample.values[t * n + at]));
        if has_constant { values.sum::<f64>() / run.n_volumes as f64 } else { 0.0 }
    };
    let levels: Vec<f64> = whole.iter().map(level).collect();
    let of_volume = |t: usize| {
        let own = whole.iter().zip(&levels);
        own.map(move |(at, level)| (t * n + at, level)).collect::<Vec<(usize, &f64)>>()
    };
    let values = (0..run.n_volumes).flat_map(of_volume);
    let sample = Sample {
        values: values.map(|(at, level)| (f64::from(sample.values[at]) - level) as f32).collect(),
        voxels: whole.iter().map(|&at| sample.voxels[at]).collect(),
    };
    Ok(Box::new(LocalMean::new(&run.grid, run.n_volumes, sample, options.radius_mm)))
}
