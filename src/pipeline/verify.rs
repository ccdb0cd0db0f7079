//! The verifying story: rerun a finished output on the f64 path from its sidecar alone, and compare every voxel.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::{Error, Result};
use crate::gpu::Device;
use crate::io::BoldFile;
use crate::io::bids::Name;
use crate::io::source::{BoldSource, Memory};
use crate::kernels::contrast::Stat;
use crate::pipeline::blocks::{Ladder, batches};
use crate::pipeline::clean::{self, Prepared};
use crate::pipeline::confounds;
use crate::pipeline::glm::{self, NamedMap, Quantity};
use crate::pipeline::inputs::display;
use crate::pipeline::maps::Tail;
use crate::pipeline::proof::{ProofPlan, prove};
use crate::pipeline::provenance::{self, Provenance, sidecar_path};
use crate::pipeline::save::mask_stem;
use crate::pipeline::smoothing;
use crate::pipeline::spec::{Command, RetroicorSpec};
use crate::pipeline::watch::Watch;
use crate::volume::Grid;

/// One image compared with its f64 rerun.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// File name.
    pub image: String,
    /// Values compared.
    pub compared: usize,
    /// Where the difference is the largest multiple of its tolerance: i, j, k and row or volume.
    pub worst_at: [usize; 4],
    /// The file's value there.
    pub got: f64,
    /// The f64 path's value there.
    pub want: f64,
    /// What the difference may be there.
    pub tolerance: f64,
    /// Values whose difference exceeds their tolerance.
    pub over: usize,
}

impl Comparison {
    /// Of nothing yet.
    pub(crate) fn empty(image: String) -> Comparison {
        Comparison {
            image,
            compared: 0,
            worst_at: [0; 4],
            got: 0.0,
            want: 0.0,
            tolerance: 0.0,
            over: 0,
        }
    }

    /// Whether every value is within its tolerance (and there were values).
    #[must_use]
    pub fn passed(&self) -> bool {
        self.over == 0 && self.compared > 0
    }
}

/// Error bounds of t: `atol + rtol |t|`; everything else follows from them (docs/accuracy.md).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Absolute part, in units of t.
    pub atol: f64,
    /// Relative part.
    pub rtol: f64,
    /// Of images, relative to the largest absolute value of the image.
    pub image: f64,
}

impl Bounds {
    /// All arithmetic in f32.
    pub const F32: Bounds = Bounds { atol: 2e-4, rtol: 1e-4, image: 2e-6 };
    /// f64 accumulators, f32 between rooms.
    pub const F64_ACCUMULATORS: Bounds = Bounds { atol: 2e-5, rtol: 1e-5, image: 2.5e-7 };

    /// The bounds of what a device computed, by its reported precision.
    #[must_use]
    pub fn of(precision: &str) -> Bounds {
        if precision == "f32" { Bounds::F32 } else { Bounds::F64_ACCUMULATORS }
    }

    /// What t may be off by.
    #[must_use]
    pub fn t(self, t: f64) -> f64 {
        self.atol + self.rtol * t.abs()
    }

    /// What F may be off by: F of one row = t^2; of more rows no worse.
    #[must_use]
    pub fn f(self, f: f64) -> f64 {
        2.0 * f.abs().sqrt() * self.t(f.abs().sqrt()) + self.atol.powi(2)
    }

    /// Tolerance of a map's value. `sd`: square root of the contrast's variance there; `stat`: its t or F;
    /// `tail`: z and p of a statistic.
    #[must_use]
    pub fn of_map(self, quantity: Quantity, want: f64, sd: f64, stat: f64, tail: &Tail) -> f64 {
        let of_stat = match tail.stat_kind {
            Stat::T => self.t(stat),
            Stat::F => self.f(stat),
        };
        let carried = |value: &dyn Fn(f64) -> f64| {
            let low = if tail.stat_kind == Stat::F { 0.0 } else { f64::NEG_INFINITY };
            let off = |s: f64| (value(s.max(low)) - want).abs();
            off(stat - of_stat).max(off(stat + of_stat))
        };
        let f32_rounding = 1e-7 * want.abs() + f64::from(f32::MIN_POSITIVE);
        if sd == 0.0 {
            return f32_rounding; // outside the mask, or constant: 0 and p 1 by definition
        }
        f32_rounding
            + match quantity {
                Quantity::Statistic(_) => of_stat,
                // effect = t sd
                Quantity::Effect => self.atol * sd + self.rtol * want.abs(),
                // t^2 = effect^2 / variance
                Quantity::Variance => 2.0 * self.rtol * want.abs(),
                Quantity::Z => carried(&|s| tail.z_and_p(s).0),
                Quantity::P => carried(&|s| tail.z_and_p(s).1),
            }
    }
}

/// Verify a finished output: a folder, an image or its sidecar.
///
/// # Errors
/// When there is nothing to verify, an input changed, or the rerun fails.
pub fn verify(out: &Path, watch: &dyn Watch) -> Result<Vec<Comparison>> {
    verify_all(&[out.to_owned()], watch)
}

/// Verify several finished outputs; those of one command are rerun once.
///
/// # Errors
/// As [`verify`], for any of them.
pub fn verify_all(outs: &[PathBuf], watch: &dyn Watch) -> Result<Vec<Comparison>> {
    let mut done: Vec<(Provenance, Vec<PathBuf>)> = Vec::new();
    for out in outs {
        let found = finished(out)?;
        if found.is_empty() {
            return Err(Error::missing_input(
                display(out),
                "holds no image with a boldly sidecar",
                "be the output of a boldly command",
                "give the --out of glm, the image of smooth or retroicor, or the table of confounds",
            ));
        }
        for (image, provenance) in found {
            if out.is_dir() {
                refuse_gaps(out, &provenance)?;
            }
            // images made alike on different devices have different bounds
            let same = |(p, images): &&mut (Provenance, Vec<PathBuf>)| {
                p.command == provenance.command
                    && p.device.precision == provenance.device.precision
                    && images[0].parent() == image.parent()
            };
            match done.iter_mut().find(same) {
                Some((_, images)) => images.push(image),
                None => done.push((provenance, vec![image])),
            }
        }
    }
    let mut comparisons = Vec::new();
    for (provenance, images) in done {
        comparisons.extend(rerun(&provenance, &images, watch)?);
    }
    Ok(comparisons)
}

/// Every image that a command made must still be in its folder, with its sidecar.
fn refuse_gaps(folder: &Path, provenance: &Provenance) -> Result<()> {
    for name in &provenance.images {
        let image = folder.join(name);
        if let Some(gone) = [sidecar_path(&image), image].iter().find(|path| !path.is_file()) {
            return Err(Error::missing_input(
                display(gone),
                "is gone though the same command made it",
                "lie beside the other images",
                "rerun the command, or verify the images one by one",
            ));
        }
    }
    Ok(())
}

/// Images with boldly's provenance at a place.
fn finished(out: &Path) -> Result<Vec<(PathBuf, Provenance)>> {
    let candidates: Vec<PathBuf> = if out.is_dir() {
        let listing = std::fs::read_dir(out).map_err(|e| {
            Error::missing_input(display(out), "cannot be listed", "be readable", "").caused_by(e)
        })?;
        let mut paths: Vec<PathBuf> = listing.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        paths.retain(|p| p.extension().is_some_and(|e| e == "json"));
        paths
    } else if out.is_file() {
        let is_sidecar = out.extension().is_some_and(|e| e == "json");
        vec![if is_sidecar { out.to_owned() } else { sidecar_path(out) }]
    } else {
        return Err(Error::missing_input(
            display(out),
            "does not exist",
            "be the output of a boldly command",
            "check the path",
        ));
    };
    let mut found = Vec::new();
    for sidecar in candidates.iter().filter(|p| p.is_file()) {
        let Some(provenance) = provenance::read(sidecar)? else { continue };
        let image = [".nii.gz", ".nii", ".tsv"].iter().map(|end| with_ending(sidecar, end));
        if let Some(image) = image.clone().find(|p| p.is_file()) {
            found.push((image, provenance));
        } else {
            return Err(Error::missing_input(
                display(&with_ending(sidecar, ".nii.gz")),
                "does not exist though its sidecar does",
                "lie beside its sidecar",
                "rerun the command that made it",
            ));
        }
    }
    Ok(found)
}

fn with_ending(sidecar: &Path, end: &str) -> PathBuf {
    let stem = sidecar.file_stem().unwrap_or_default().to_string_lossy();
    sidecar.with_file_name(format!("{stem}{end}"))
}

fn rerun(
    provenance: &Provenance,
    images: &[PathBuf],
    watch: &dyn Watch,
) -> Result<Vec<Comparison>> {
    let folder = images[0].parent().unwrap_or(Path::new("")).to_owned();
    for input in &provenance.inputs {
        let path = folder.join(&input.path);
        if input.checksum.again(&path)? != input.checksum {
            return Err(Error::bad_data(
                display(&path),
                "has changed since the output was made",
                format!("have the checksum {}", input.checksum),
                "restore it, or rerun the command",
            ));
        }
    }
    let bounds = Bounds::of(&provenance.device.precision);
    let mut ladder = Ladder::around(Device::cpu());
    match provenance.command.clone().map_paths(&|path| folder.join(path)) {
        Command::Glm(spec) => {
            let result = glm::run(&spec, &mut ladder, watch)?;
            let image = |stem: &str| images.iter().find(|p| p.ends_with(format!("{stem}.nii.gz")));
            let mut comparisons = Vec::new();
            for group in result.maps.chunks(5) {
                for map in group {
                    if let Some(path) = image(&map.stem) {
                        comparisons.push(compare_map(path, map, group, &result.mask.grid, bounds)?);
                    }
                }
            }
            if let Some(path) = image("mask") {
                let inside = &result.mask.inside;
                let want = |_, voxel: usize| f64::from(u8::from(inside[voxel]));
                comparisons.push(compare(path, &result.mask.grid, 1, &want, &|_, _| 0.0)?);
            }
            Ok(comparisons)
        }
        Command::Retroicor(spec) => corrected(&spec, images, bounds, watch),
        Command::Smooth(spec) => {
            let mut bold = BoldFile::open(&spec.bold)?;
            let grid = bold.grid.clone();
            let mut want = Memory::zeros(bold.shape(), bold.n_volumes());
            match smoothing::prepare(&spec.smooth, &bold.grid, watch)? {
                Some(s) => smoothing::smooth_run(&mut ladder, &mut bold, &mut want, &s, watch)?,
                None => smoothing::copy_run(&mut ladder, &mut bold, &mut want, watch)?,
            }
            images.iter().map(|image| compare_bold(image, &grid, &want, bounds)).collect()
        }
        Command::Confounds(spec) => {
            let want = confounds::run(&spec, &mut ladder, watch)?;
            let precision = &provenance.device.precision;
            let tables = images.iter().map(|table| confounds::compare(table, &want, precision));
            Ok(tables.collect::<Result<Vec<_>>>()?.concat())
        }
    }
}

/// Compare corrected runs and the maps of their proof.
fn corrected(
    spec: &RetroicorSpec,
    images: &[PathBuf],
    bounds: Bounds,
    watch: &dyn Watch,
) -> Result<Vec<Comparison>> {
    let mut ladder = Ladder::around(Device::cpu());
    let Prepared { run, projection } = &mut clean::prepare(spec, watch)?;
    let (grid, n_volumes) = (run.bold.grid.clone(), run.bold.n_volumes);
    let mut want = Memory::zeros(grid.shape, n_volumes);
    let Some(options) = &spec.proof else {
        let bold = &mut run.bold;
        clean::clean_run(&mut ladder, bold, &mut want, projection, watch)?;
        return images.iter().map(|image| compare_bold(image, &grid, &want, bounds)).collect();
    };
    let plan = ProofPlan::new(run, projection)?;
    let mask = glm::mask(options.mask.as_deref(), &mut run.bold, watch)?;
    let proof = prove(&mut ladder, &mut run.bold, &mut want, (&plan, &mask.inside), watch)?;
    let prefix = Name::of(&spec.run.bold).prefix();
    let maps = proof.maps(&prefix)?;
    let compare_one = |image: &PathBuf| {
        let is = |stem: &str| image.ends_with(format!("{stem}.nii.gz"));
        if is(&mask_stem(&prefix)) {
            let value = |_, voxel: usize| f64::from(u8::from(proof.fitted[voxel]));
            return compare(image, &grid, 1, &value, &|_, _| 0.0);
        }
        let Some(map) = maps.iter().find(|map| is(&map.stem)) else {
            return compare_bold(image, &grid, &want, bounds);
        };
        let tolerance = proof.tolerance(map, bounds);
        let value = |_, voxel: usize| f64::from(map.values[voxel]);
        compare(image, &grid, 1, &value, &|_, voxel| tolerance(voxel))
    };
    images.iter().map(compare_one).collect()
}

/// Compare a contrast map; `group` holds the maps of the same contrast.
fn compare_map(
    path: &Path,
    map: &NamedMap,
    group: &[NamedMap],
    grid: &Grid,
    bounds: Bounds,
) -> Result<Comparison> {
    let rows = |wanted: &dyn Fn(Quantity) -> bool| {
        group.iter().find(|m| wanted(m.quantity)).map_or(&map.rows, |m| &m.rows)
    };
    let variance = rows(&|q| q == Quantity::Variance);
    let stat = rows(&|q| matches!(q, Quantity::Statistic(_)));
    let tail = Tail::new(map.stat_kind, map.dof.0, map.dof.1);
    let want = |row: usize, voxel: usize| f64::from(map.rows[row][voxel]);
    let tolerance = |row: usize, voxel: usize| {
        let sd = f64::from(variance[row.min(variance.len() - 1)][voxel]).sqrt();
        bounds.of_map(map.quantity, want(row, voxel), sd, f64::from(stat[0][voxel]), &tail)
    };
    compare(path, grid, map.rows.len(), &want, &tolerance)
}

fn compare_bold(path: &Path, grid: &Grid, want: &Memory, bounds: Bounds) -> Result<Comparison> {
    let run = &want.run;
    let finite = run.data.iter().filter(|v| v.is_finite());
    let largest = finite.fold(0.0_f32, |a, &v| a.max(v.abs()));
    let tolerance = bounds.image * f64::from(largest);
    let length = run.block.volume_len();
    let value = |volume: usize, voxel: usize| f64::from(run.data[volume * length + voxel]);
    compare(path, grid, run.block.volumes.len(), &value, &|_, _| tolerance)
}

/// A value by row (or volume) and voxel.
type Values<'a> = &'a dyn Fn(usize, usize) -> f64;

fn compare(
    path: &Path,
    grid: &Grid,
    n_rows: usize,
    want: Values<'_>,
    tolerance: Values<'_>,
) -> Result<Comparison> {
    let mut got = BoldFile::open_image(path)?;
    if got.grid.shape != grid.shape || got.n_volumes != n_rows {
        return Err(Error::bad_data(
            display(path),
            format!("has shape {:?} and {} volumes", got.grid.shape, got.n_volumes),
            format!("have shape {:?} and {} volumes", grid.shape, n_rows),
            "rerun the command that made it",
        ));
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut result = Comparison::empty(name);
    let mut worst = -1.0;
    for block in batches(grid.shape, n_rows, 32 << 20) {
        let bold = got.read(&block)?;
        for (volume, row) in bold.data.chunks_exact(grid.n_voxels()).zip(block.volumes.clone()) {
            for (voxel, &value) in volume.iter().enumerate() {
                let (got, want) = (f64::from(value), want(row, voxel));
                if got.is_nan() && want.is_nan() {
                    continue;
                }
                let allowed = tolerance(row, voxel);
                let difference = (got - want).abs();
                // how many tolerances; equal values are 0 whatever the tolerance, NaN against a number is infinite
                let multiple = if got == want {
                    0.0
                } else if difference.is_nan() || allowed <= 0.0 {
                    f64::INFINITY
                } else {
                    difference / allowed
                };
                result.compared += 1;
                result.over += usize::from(multiple > 1.0);
                if multiple > worst {
                    worst = multiple;
                    let [i, j, k] = grid.coordinates(voxel);
                    result.worst_at = [i, j, k, row];
                    (result.got, result.want, result.tolerance) = (got, want, allowed);
                }
            }
        }
    }
    Ok(result)
}
