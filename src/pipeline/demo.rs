//! The demonstration: the shipped example with and without RETROICOR, held against the truth that is known because the example
//! was simulated.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::Result;
use crate::gpu::{Bold, Device};
use crate::io::source::BoldSource;
use crate::io::{self, BoldFile, Outputs, Overwrite, hash};
use crate::kernels::smooth::{Kernel, Taps, smooth};
use crate::pipeline::automask::mean_image;
use crate::pipeline::products::Layout;
use crate::pipeline::provenance::{self, Kind, Output};
use crate::pipeline::session::Session;
use crate::pipeline::spec::{
    Combining, Command, DesignOptions, GlmSpec, MIN_DOF, Noise, OutType, RHO_FWHM_VOX,
    RegionOptions, RetroicorSpec, RunSpec, SignalScale, SmoothOptions, TaskTimes, VoxelwiseOptions,
};
use crate::pipeline::tsnr::Moments;
use crate::pipeline::watch::Watch;
use crate::pipeline::written::Written;
use crate::simulate::write::paths;
use crate::volume::{Block, Grid, HostBold};

/// FWHM of the demonstration in mm: small, as brainstem studies use.
pub const FWHM_MM: f64 = 5.0;

/// One line of the table: a quantity without and with the correction.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// What it is.
    pub quantity: String,
    /// Without RETROICOR.
    pub before: f64,
    /// With RETROICOR.
    pub after: f64,
}

/// What the demonstration found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DemoResult {
    /// The table.
    pub lines: Vec<Line>,
    /// Wall seconds of each step.
    pub seconds: Vec<(String, f64)>,
    /// The device in use at the end.
    pub device: String,
    /// Images for the picture; not part of the JSON.
    #[serde(skip)]
    pub images: Images,
}

/// Maps of the demonstration, each `[voxel]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Images {
    /// The grid.
    pub grid: Grid,
    /// Mean of the run.
    pub mean: Vec<f32>,
    /// t of pain without RETROICOR.
    pub before: Vec<f32>,
    /// t of pain with RETROICOR.
    pub after: Vec<f32>,
    /// The true response, smoothed as the run was.
    pub truth: Vec<f32>,
    /// The periaqueductal grey.
    pub pag: Vec<bool>,
}

/// The demo's picture in its folder.
pub const PICTURE: &str = "demo.png";

/// A picture that somebody else put there, or changed, stays.
///
/// # Errors
/// Usage where it would be replaced.
fn refuse_foreign_picture(out: &Path) -> Result<()> {
    let picture = out.join(PICTURE);
    let both = [picture.with_extension("json"), picture];
    both.iter().try_for_each(|path| provenance::refuse_foreign(path, Overwrite::Own))
}

/// Writes the demo's picture into `out`, and beside it a sidecar that lists it. Gives its path.
///
/// # Errors
/// Usage where it would replace another, output errors.
pub fn save_picture(out: &Path, png: &[u8]) -> Result<PathBuf> {
    refuse_foreign_picture(out)?;
    let path = out.join(PICTURE);
    let mut outputs = Outputs::new();
    outputs.bytes(&path, png)?;
    let listed = Output {
        name: PICTURE.into(),
        kind: Kind::Page,
        entities: "demo".to_owned(),
        checksum: Some(hash::bytes(png)),
    };
    let text = provenance::list("demo", &[listed], serde_json::Map::new())?;
    outputs.sidecar(&path.with_extension("json"), &text)?;
    outputs.commit()?;
    Ok(path)
}

/// Run it on the dataset in `data`, writing into `out`.
///
/// # Errors
/// Input, device and output errors.
pub fn demo(
    data: &Path,
    out: &Path,
    design: &DesignOptions,
    session: &mut Session<'_>,
    watch: &dyn Watch,
) -> Result<DemoResult> {
    refuse_foreign_picture(out)?;
    let mut clock = Clock::default();
    let mut write = |command: Command, layout: Layout| {
        let mut written = Written::new(layout, Overwrite::Own)?;
        command.run(session, &mut written)?;
        written.commit()
    };
    let (plain, corrected) = (glm_spec(data, design, false), glm_spec(data, design, true));
    let folders = [out.join("uncorrected"), out.join("corrected")];
    for (spec, folder, with) in
        [(&plain, &folders[0], "without"), (&corrected, &folders[1], "with")]
    {
        watch.note(&format!("pain {with} RETROICOR"));
        write(Command::Glm(spec.clone()), Layout::folder(folder))?;
        clock.lap(&format!("glm {with} RETROICOR"));
    }
    let clean = out.join("sub-01_task-pain_desc-retroicor_bold.nii.gz");
    let run = corrected.runs[0].clone();
    let design = corrected.design.clone();
    let (out_type, min_dof) = (OutType::Float32, MIN_DOF);
    let spec = RetroicorSpec { run, design, mask: None, proof: None, out_type, min_dof };
    write(Command::Retroicor(spec), Layout::named(&clean))?;
    clock.lap("retroicor");

    let mut raw = BoldFile::open(&plain.runs[0].bold)?;
    let grid = raw.grid.clone();
    let brainstem = io::read_mask(&data.join(paths::BRAINSTEM), &grid)?.mask.inside;
    let pag = io::read_mask(&data.join(paths::PAG), &grid)?.mask.inside;
    let truth = smoothed(&io::read_map(&data.join(paths::TRUE_PAIN))?.2, &grid)?;

    let mut lines = Vec::new();
    let mut line = |quantity: &str, before: f64, after: f64| {
        lines.push(Line { quantity: quantity.to_owned(), before, after });
    };
    let [before, after] = [&folders[0], &folders[1]].map(|folder| Found::read(folder));
    let (before, after) = (before?, after?);
    for (name, region) in [("PAG", &pag), ("brainstem", &brainstem)] {
        let mean = |t: &[f64]| mean_where(t, region);
        line(&format!("mean t of pain, {name}"), mean(&before.t), mean(&after.t));
        let most = |t: &[f64]| largest_where(t, region);
        line(&format!("largest t of pain, {name}"), most(&before.t), most(&after.t));
    }
    let tsnr_raw = tsnr(&mut raw)?;
    let tsnr_clean = tsnr(&mut BoldFile::open(&clean)?)?;
    line(
        "median tSNR, brainstem",
        median_where(&tsnr_raw, &brainstem),
        median_where(&tsnr_clean, &brainstem),
    );
    let (b, a) = (Recovered::of(&before, &truth), Recovered::of(&after, &truth));
    line("correlation of effect with the truth", b.correlation, a.correlation);
    line("active voxels found at p < .001, share", b.found, a.found);
    line("silent voxels at p < .001, share", b.false_alarms, a.false_alarms);
    clock.lap("comparison with the truth");

    let narrow = |v: Vec<f64>| v.into_iter().map(|x| x as f32).collect::<Vec<f32>>();
    let mean = narrow(mean_image(&mut raw)?);
    let truth = narrow(truth);
    let images =
        Images { grid, mean, before: narrow(before.t), after: narrow(after.t), truth, pag };
    let device = session.ladder.device.report().name;
    Ok(DemoResult { lines, seconds: clock.laps, device, images })
}

fn glm_spec(data: &Path, design: &DesignOptions, correct: bool) -> GlmSpec {
    let at = |path: &str| data.join(path);
    let physio = if correct { vec![at(paths::PHYSIO)] } else { Vec::new() };
    GlmSpec {
        runs: vec![RunSpec {
            bold: at(paths::BOLD),
            events: Some(at(paths::EVENTS)),
            confounds: vec![at(paths::CONFOUNDS)],
            physio,
            ..RunSpec::default()
        }],
        design: DesignOptions {
            columns: ["trans_*", "rot_*", "csf"].map(str::to_owned).to_vec(),
            task_times: TaskTimes::Auto, // as boldly glm where nobody says otherwise
            ..design.clone()
        },
        mask: Some(at(paths::MASK)),
        smooth: SmoothOptions { fwhm_mm: FWHM_MM, kernel: Kernel::Sampled, within: None },
        contrasts: vec!["pain".to_owned(), "painMinusControl=pain-control".to_owned()],
        f_contrasts: vec!["any=pain; control".to_owned()],
        scaling: SignalScale::None,
        two_sided: false,
        noise: Noise::Ar1,
        rho_fwhm_vox: RHO_FWHM_VOX,
        combine: Combining::default(),
        maps: false,
        skip_missing: false,
        min_dof: MIN_DOF,
        voxelwise: VoxelwiseOptions::default(),
        roi: RegionOptions::default(),
        report: false,
        residuals: false,
    }
}

/// Where the example lies: beside the program's sources, or in the current folder; none when it has to be made.
#[must_use]
pub fn shipped_example() -> Option<PathBuf> {
    [Path::new(env!("CARGO_MANIFEST_DIR")), Path::new(".")]
        .map(|folder| folder.join("bench-data"))
        .into_iter()
        .find(|folder| folder.join(paths::BOLD).is_file())
}

fn smoothed(map: &[f32], grid: &Grid) -> Result<Vec<f64>> {
    let taps = Taps::new(FWHM_MM, grid.voxel_size_mm, Kernel::Sampled)?;
    let device = Device::cpu();
    let bold = HostBold::new(Block::whole(grid.shape, 1), map.to_vec());
    let mut tape = device.tape();
    let smoothed = smooth(&mut tape, Bold::Host(bold), &taps, None)?;
    let smoothed = tape.store(smoothed)?;
    let smoothed = tape.run()?.bold(smoothed)?;
    Ok(smoothed.data.into_iter().map(f64::from).collect())
}

/// tSNR of each voxel.
fn tsnr(bold: &mut BoldFile) -> Result<Vec<f64>> {
    let moments = Moments::of(&bold.read(&Block::whole(bold.shape(), bold.n_volumes()))?);
    Ok((0..moments.mean.len()).map(|voxel| moments.tsnr(voxel)).collect())
}

fn chosen<'a>(values: &'a [f64], region: &'a [bool]) -> impl Iterator<Item = f64> + 'a {
    values.iter().zip(region).filter(|(_, inside)| **inside).map(|(&v, _)| v)
}

fn mean_where(values: &[f64], region: &[bool]) -> f64 {
    chosen(values, region).sum::<f64>() / chosen(values, region).count() as f64
}

fn largest_where(values: &[f64], region: &[bool]) -> f64 {
    chosen(values, region).fold(f64::NEG_INFINITY, f64::max)
}

fn median_where(values: &[f64], region: &[bool]) -> f64 {
    let mut inside: Vec<f64> = chosen(values, region).collect();
    inside.sort_by(f64::total_cmp);
    inside.get(inside.len() / 2).copied().unwrap_or(f64::NAN)
}

/// What an analysis of pain wrote, `[voxel]`.
struct Found {
    inside: Vec<bool>,
    effect: Vec<f64>,
    t: Vec<f64>,
    p: Vec<f64>,
}

impl Found {
    fn read(folder: &Path) -> Result<Found> {
        let map = |name: &str| -> Result<Vec<f64>> {
            let (_, _, values) = io::read_map(&folder.join(name))?;
            Ok(values.into_iter().map(f64::from).collect())
        };
        let of_pain = |stat: &str| map(&format!("contrast-pain_stat-{stat}_statmap.nii.gz"));
        Ok(Found {
            inside: map("mask.nii.gz")?.into_iter().map(|v| v > 0.0).collect(),
            effect: of_pain("effect")?,
            t: of_pain("t")?,
            p: of_pain("p")?,
        })
    }
}

/// How much of the true activation an analysis finds.
struct Recovered {
    correlation: f64,
    found: f64,
    false_alarms: f64,
}

impl Recovered {
    /// Active: smoothed truth above a quarter of its largest value; silent: below a thousandth of it.
    fn of(found: &Found, truth: &[f64]) -> Recovered {
        let Found { inside, effect, p, .. } = found;
        let largest = largest_where(truth, inside);
        let share = |region: &dyn Fn(f64) -> bool| {
            let region: Vec<bool> =
                truth.iter().zip(inside).map(|(&t, &i)| i && region(t)).collect();
            let found = chosen(p, &region).filter(|&p| p < 0.001).count();
            found as f64 / region.iter().filter(|&&r| r).count() as f64
        };
        Recovered {
            correlation: correlation(effect, truth, inside),
            found: share(&|t| t > 0.25 * largest),
            false_alarms: share(&|t| t < 1e-3 * largest),
        }
    }
}

fn correlation(a: &[f64], b: &[f64], region: &[bool]) -> f64 {
    let (mean_a, mean_b) = (mean_where(a, region), mean_where(b, region));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in chosen(a, region).zip(chosen(b, region)) {
        let (x, y) = (x - mean_a, y - mean_b);
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    ab / (aa * bb).sqrt()
}

struct Clock {
    last: std::time::Instant,
    laps: Vec<(String, f64)>,
}

impl Default for Clock {
    fn default() -> Clock {
        Clock { last: std::time::Instant::now(), laps: Vec::new() }
    }
}

impl Clock {
    fn lap(&mut self, what: &str) {
        self.laps.push((what.to_owned(), self.last.elapsed().as_secs_f64()));
        self.last = std::time::Instant::now();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_demo_takes_task_columns_when_glm_does_where_nobody_says_otherwise() {
        for correct in [false, true] {
            let spec = glm_spec(Path::new("data"), &DesignOptions::default(), correct);
            assert_eq!(spec.design.task_times, TaskTimes::Auto);
        }
    }

    #[test]
    fn the_picture_is_replaced_where_it_is_as_the_demo_made_it_and_its_list_is_no_command() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path();
        save_picture(out, b"one").unwrap();
        let path = save_picture(out, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert!(provenance::read(&path.with_extension("json")).unwrap().is_none());
        fs::write(&path, "by hand").unwrap();
        let error = save_picture(out, b"three").unwrap_err();
        assert!(
            error.exit_code() == 2 && error.to_string().contains("was changed since"),
            "{error}"
        );
        fs::remove_file(path.with_extension("json")).unwrap();
        assert!(save_picture(out, b"three").unwrap_err().to_string().contains("nothing says"));
        assert_eq!(fs::read(&path).unwrap(), b"by hand");
    }
}
