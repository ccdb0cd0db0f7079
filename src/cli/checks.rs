//! What is refused before any work begins.

use std::path::{Path, PathBuf};

use crate::design::censor::Rules;
use crate::error::{Error, Result};
use crate::io::paths::real;
use crate::pipeline::spec::{Noise, RHO_FWHM_VOX};

/// Refuses arguments that a sidecar, which is UTF-8, could not hold: their own text, or the file that a path leads to.
pub(super) fn utf8() -> Result<()> {
    for argument in std::env::args_os().skip(1) {
        let path = match argument.to_str() {
            None => argument.clone().into(),
            Some(text) => {
                let value = text.strip_prefix("--").and_then(|t| t.split_once('='));
                std::fs::canonicalize(value.map_or(text, |(_, v)| v)).unwrap_or_default()
            }
        };
        if path.to_str().is_none() {
            return Err(Error::usage(
                format!("the argument '{}'", argument.to_string_lossy()),
                format!("is or leads to '{}', which is not UTF-8", path.to_string_lossy()),
                "be UTF-8 in every folder's and file's name, as the sidecars are that hold it",
                "rename it",
            ));
        }
    }
    Ok(())
}

/// What lies beside images, and a shell pattern takes along with them.
const BESIDE: [&str; 5] = [".json", ".tsv", ".tsv.gz", ".txt", ".html"];

/// Files given as images whose names say that they are none.
pub(super) fn are_images(given: &[PathBuf]) -> Result<()> {
    for path in given {
        let name = path.to_string_lossy().to_ascii_lowercase();
        if let Some(end) = BESIDE.iter().find(|end| name.ends_with(**end)) {
            return Err(Error::usage(
                path.display().to_string(),
                format!("is no image: its name ends in {end}"),
                "be NIfTI: .nii, .nii.gz, or .hdr and .img",
                "name images alone; a pattern like *_bold.nii.gz leaves out what lies beside them",
            ));
        }
    }
    Ok(())
}

/// An output name that says neither .nii nor .nii.gz, or nothing else.
pub(super) fn image_name(out: &Path) -> Result<()> {
    let name = out.file_name().unwrap_or_default().to_string_lossy();
    let stem = [".nii.gz", ".nii"].iter().find_map(|end| name.strip_suffix(end));
    if stem.is_some_and(|stem| !stem.is_empty()) {
        return Ok(());
    }
    Err(Error::usage(
        "--out",
        format!("is {}", out.display()),
        "name an image and end in .nii or .nii.gz",
        "the ending chooses whether the image is compressed",
    ))
}

/// More than this many bytes of made-up data are refused.
const MOST_BYTES: f64 = (16_u64 << 30) as f64;

/// Refuses made-up data that memory could not hold: f32 voxels, and physiological columns for each slice.
pub(super) fn size(shape: [usize; 3], n_volumes: usize) -> Result<()> {
    let [ni, nj, nk] = shape.map(|n| n as f64);
    let bytes = n_volumes as f64 * nk * (4.0 * ni * nj + 18.0 * 8.0);
    if bytes <= MOST_BYTES {
        return Ok(());
    }
    let [i, j, k] = shape;
    Err(Error::usage(
        "the run to make",
        format!(
            "has {i} x {j} x {k} voxels and {n_volumes} volumes, which take {}",
            gibibytes(bytes)
        ),
        format!("take at most {}", gibibytes(MOST_BYTES)),
        "ask for fewer voxels or volumes",
    ))
}

fn gibibytes(bytes: f64) -> String {
    let gib = bytes / (1_u64 << 30) as f64;
    if gib < 1e6 { format!("{gib:.0} GiB") } else { format!("{gib:.0e} GiB") }
}

/// Refuses to write among a study's own tables, where each result would be one of them from then on.
pub(super) fn not_the_study(out: &Path, study: &Path) -> Result<()> {
    let (out_is, study_is) = (real(out), real(study));
    if out_is != study_is && out_is != study_is.join("phenotype") {
        return Ok(());
    }
    Err(Error::usage(
        format!("--out {}", out.display()),
        "is where the study's own tables lie: results would be taken for tables of it from then on",
        "be a folder of its own",
        format!("for example --out {}", study.join("derivatives").join("boldly-trial").display()),
    ))
}

/// A reach of `--anaticor` in mm; refuses one that reaches nothing.
pub(super) fn anaticor_radius(mm: f64) -> Result<f64> {
    if mm.is_finite() && mm > 0.0 {
        return Ok(mm);
    }
    Err(Error::usage(
        "--anaticor-radius",
        format!("is {mm}"),
        "be a distance above 0 in mm",
        "for example --anaticor-radius 15",
    ))
}

/// Refuses an option that is about regions where none is named.
pub(super) fn no_idle(idle: Option<&str>, has_regions: bool) -> Result<()> {
    let Some(option) = idle.filter(|_| !has_regions) else { return Ok(()) };
    Err(Error::usage(
        option,
        "comes without --roi",
        "come with regions, which it is about",
        "name them, as in --roi 'pag=tube:0,-31,-8:0,-36,-16:1.25,3'",
    ))
}

/// Refuse options that say how runs are combined where there is one. Each with whether it is given.
pub(super) fn of_several_runs(options: &[(&str, bool)], n_runs: usize) -> Result<()> {
    let Some((option, _)) = options.iter().find(|(_, is_given)| n_runs == 1 && *is_given) else {
        return Ok(());
    };
    Err(Error::usage(
        *option,
        "is given for one run, and would change nothing",
        "come with several runs, which it is about",
        "leave it out, or give the runs that are to be combined",
    ))
}

/// Refuse `--censor runs:N` where nothing leaves out the volumes that stretches lie between.
pub(super) fn stretches(rules: Option<&Rules>, has_list: bool) -> Result<()> {
    let Some(rules) = rules.filter(|rules| rules.is_of_stretches_alone() && !has_list) else {
        return Ok(());
    };
    Err(Error::usage(
        format!("--censor {rules}"),
        "names no rule that leaves volumes out, and would change nothing",
        "come with fd, dvars, non-steady or --censor-volumes, between whose volumes the stretches lie",
        format!("for example --censor fd:0.5,{rules}"),
    ))
}

/// The widest smoothing of rho in voxels.
const WIDEST_RHO: f64 = 50.0;

/// The smoothing of rho under a model of the noise, 0 under those that smooth nothing. Refuses one that is none, and one that would change
/// nothing.
pub(super) fn rho_fwhm(asked: Option<f64>, noise: Noise) -> Result<f64> {
    let fwhm_vox = match (asked, noise) {
        (None, Noise::Ar1) => RHO_FWHM_VOX,
        (None, _) => return Ok(0.0),
        (Some(fwhm_vox), _) => fwhm_vox,
    };
    if noise != Noise::Ar1 {
        return Err(Error::usage(
            "--rho-fwhm",
            format!("is given with --noise {}, which smooths no rho", noise.name()),
            "come with --noise ar1",
            "leave one of them out",
        ));
    }
    if (0.0..=WIDEST_RHO).contains(&fwhm_vox) {
        return Ok(fwhm_vox);
    }
    Err(Error::usage(
        "--rho-fwhm",
        format!("is {fwhm_vox} voxels"),
        format!("lie between 0 (each voxel keeps its own rho) and {WIDEST_RHO} voxels"),
        "2.355 is a sigma of one voxel",
    ))
}
