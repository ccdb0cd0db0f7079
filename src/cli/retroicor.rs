//! `boldly retroicor`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use crate::cli::args::{
    DesignArgs, MORE, OutTypeName, PhysioArgs, RecordArgs, TimingArgs, heading, min_dof,
};
use crate::cli::checks;
use crate::cli::echoes::{EchoArgs, grouped};
use crate::cli::models::parsed;
use crate::cli::runs::RunFiles;
use crate::cli::work::WorkArgs;
use crate::error::{Error, Result};
use crate::io;
use crate::io::bids::{EchoName, Name, without_echo};
use crate::pipeline::products::Layout;
use crate::pipeline::spec::{
    Command, DesignOptions, MIN_DOF, ProofOptions, RetroicorSpec, RunSpec, TaskTimes,
};
use crate::pipeline::written::Written;
use crate::pipeline::{inputs, order, retroicor, weigh};

/// An image to correct, and where it goes.
struct Image {
    spec: RetroicorSpec,
    layout: Layout,
}

/// Remove cardiac and respiratory noise from runs and their echoes, slice by slice.
#[derive(Debug, clap::Args)]
#[command(after_help = MORE, after_long_help = "\
Task, confounds, drift and physiology are fitted jointly for each slice time; only the physiological part is subtracted and \
the voxel's mean is kept. Task columns are sampled at each slice's own time (--task-times): what a slice holds of the task is the response then, and \
only columns of that time keep all of it, for a later model of whatever time. The columns go beside the run as NAME_regressors.tsv, and boldly smooth carries them on; boldly glm \
fits them with its own, so that t and degrees of freedom are those of boldly glm --physio. Another tool sees neither: its t is too \
large, by about sqrt((dof + spent) / dof) where task and physiology are unrelated (7 % for 18 columns in 145). Images that were \
resampled (space- or desc-preproc in the name, SliceTimingCorrected) get volume-wise columns.

Several images: those that differ in their echo- entity alone are one run and share its columns; each is corrected, or all are first combined \
by TE exp(-TE/T2*) where --echoes, --echo-times, --echo-mask or --echo-fit is given: then the combined run is corrected, and T2*, S0, good echoes \
and R² of the decay go beside it (with --maps into that folder), under its name without desc-. Give --physio, --events, \
--confounds and --peaks once for each run, in the order of the runs. --tr, --slice-times and --sidecar hold for all. \
Into the folder --out goes NAME_desc-retroicor_bold.nii.gz for each.

Beside each goes NAME_physio_summary.tsv, one row: heart and breathing rate, RVT, mean framewise displacement; and NAME_desc-retroicor_qc.html: whether the recording explains the run more than chance, traces with beats and breaths, phase coverage, alignment, what to do next, and \
with --maps the maps on slices.

--maps writes, for cardiac, respiratory, interaction, each slow term and all physiology together (desc-physio), \
NAME_desc-SET_stat-{F,p,z,rSquare,adjustedRSquare}_statmap.nii.gz, and NAME_desc-{before,after}_stat-tsnr and \
NAME_stat-tsnrGain (percent): F, p and R² are partial, within the joint model.

Example: boldly retroicor sub-01_bold.nii.gz --physio sub-01_physio.tsv.gz --events sub-01_events.tsv \\
    --out sub-01_desc-retroicor_bold.nii.gz --maps proof

Example: boldly retroicor run-1_echo-{1,2,3}_bold.nii.gz run-2_echo-{1,2,3}_bold.nii.gz \\
    --physio run-1_physio.tsv.gz run-2_physio.tsv.gz --out cleaned")]
pub(super) struct Args {
    /// 4-D NIfTI images: runs, or the echoes of runs
    #[arg(required = true)]
    bold: Vec<PathBuf>,
    /// Recording of each run: BIDS or a scanner's log
    ///
    /// BIDS (.tsv.gz with its .json) or a scanner's log, see --physio-format; two of each run, in run order, when pulse and
    /// breathing are apart
    #[arg(help_heading = heading::PHYSIOLOGY, long, value_name = "LOG", required = true, num_args = 1..)]
    physio: Vec<PathBuf>,
    #[command(flatten)]
    physio_format: PhysioArgs,
    /// BIDS events of each run, fitted jointly, so that task signal stays
    #[arg(help_heading = heading::INPUTS, long, value_name = "TSV", num_args = 1..)]
    events: Vec<PathBuf>,
    /// Confounds tables of each run, fitted jointly
    ///
    /// One row a volume; several of each run in run order
    #[arg(help_heading = heading::INPUTS, long, value_name = "TSV", num_args = 1..)]
    confounds: Vec<PathBuf>,
    /// Volumes of each run to leave out of the fit, a text file
    ///
    /// Numbers from 0, or one 0 or 1 a volume, 1 kept (AFNI), or a column of one 1 for each volume that is left out
    /// (fsl_motion_outliers)
    #[arg(help_heading = heading::INPUTS, long, value_name = "FILE", num_args = 1..)]
    censor_volumes: Vec<PathBuf>,
    /// Image to write, or folder where there are several
    ///
    /// The image's ending chooses .nii or .nii.gz
    #[arg(help_heading = heading::OUTPUT, short, long, value_name = "IMAGE|DIR")]
    out: PathBuf,
    /// How the values are stored
    ///
    /// `float32` as they were computed, or `int16` in half the space: the scale is chosen from the run's range, and the rounding
    /// error is printed and stands in the sidecar; a run that int16 cannot hold is refused
    #[arg(help_heading = heading::OUTPUT, hide_possible_values = true, long, value_enum, value_name = "float32|int16", default_value = "float32")]
    out_type: OutTypeName,
    /// Peak table whose beats take the place of detection
    ///
    /// Of each run, made by boldly physio and corrected by hand
    #[arg(help_heading = heading::PHYSIOLOGY, long, value_name = "TSV", num_args = 1..)]
    peaks: Vec<PathBuf>,
    /// Write maps of what the correction brought into this folder
    #[arg(help_heading = heading::OUTPUT, long, value_name = "DIR")]
    maps: Option<PathBuf>,
    /// Voxels to map; else a mask from the mean image
    ///
    /// With --maps, or where echoes are combined: where they are compared. All voxels are corrected
    #[arg(help_heading = heading::INPUTS, long, value_name = "IMAGE")]
    mask: Option<PathBuf>,
    /// Degrees of freedom that must be left
    ///
    /// Beside task, confounds, drift and physiology, of a run that lacks volumes, and above 10 of any: of fewer the fit is noise, which is
    /// then taken out of the run
    #[arg(help_heading = heading::MODEL, long, value_name = "N", default_value_t = MIN_DOF, value_parser = min_dof, allow_negative_numbers = true)]
    min_dof: f64,
    /// When task columns are sampled [default: slice, else metadata]
    ///
    /// As in boldly glm
    #[arg(help_heading = heading::MODEL, long, value_name = "WHEN", allow_negative_numbers = true, value_parser = parsed::<TaskTimes>)]
    task_times: Option<TaskTimes>,
    #[command(flatten)]
    echoes: EchoArgs,
    #[command(flatten)]
    record: RecordArgs,
    #[command(flatten)]
    design: DesignArgs,
    #[command(flatten)]
    timing: TimingArgs,
    #[command(flatten)]
    work: WorkArgs,
}

impl Args {
    pub(super) fn run(self, started: Instant) -> Result<ExitCode> {
        let mut runs = self.images()?;
        self.work.work(started, |session| {
            let by = self.design.criterion();
            let mut written = Written::new(runs[0][0].layout.clone(), self.work.replace.choice())?;
            let specs = runs.iter_mut().flatten().map(|image| &mut image.spec);
            let mut specs: Vec<_> = specs.map(|s| (&mut s.run, &mut s.design)).collect();
            inputs::leave_out_unmatched(&mut specs, &session.watch)?;
            let firsts: Vec<&RunSpec> = runs.iter().map(|echoes| &echoes[0].spec.run).collect();
            inputs::say_shared(&firsts, &session.watch)?;
            let firsts = runs.iter().map(|echoes| &echoes[0].spec);
            let firsts: Vec<_> = firsts.map(|spec| (&spec.run, &spec.design)).collect();
            inputs::refuse_one_recording_of(&firsts)?;
            for echoes in &mut runs {
                let mut specs: Vec<&mut RetroicorSpec> =
                    echoes.iter_mut().map(|echo| &mut echo.spec).collect();
                order::for_retroicor(&mut session.ladder, &mut specs, by, &session.watch)?;
            }
            let all: Vec<Command> =
                runs.iter().flatten().map(|image| Command::Retroicor(image.spec.clone())).collect();
            weigh::settle(session, &all);
            for echoes in &runs {
                let mut shared = None;
                for Image { spec, layout } in echoes {
                    written.next(layout.clone())?;
                    shared = Some(retroicor::echo(spec, shared, session, &mut written)?);
                }
            }
            Ok(written)
        })
    }

    /// Each run's images, its echoes behind each other.
    fn images(&self) -> Result<Vec<Vec<Image>>> {
        checks::are_images(&self.bold)?;
        io::refuse_twins(&self.bold)?;
        let is_combined = self.echoes.are_asked();
        self.check_mask(is_combined)?;
        let runs = match is_combined {
            true => self.echoes.by_run(&self.bold)?,
            false => by_run(&self.bold, self.physio.len()),
        };
        let rules = self.design.options().censor;
        checks::stretches(rules.as_ref(), !self.censor_volumes.is_empty())?;
        let files = RunFiles {
            events: &self.events,
            design: &[],
            confounds: &self.confounds,
            censored: &self.censor_volumes,
            physio: &self.physio,
            peaks: &self.peaks,
            spent: &[],
            formats: &self.physio_format.formats,
        };
        let firsts: Vec<PathBuf> = runs.iter().map(|echoes| echoes[0].clone()).collect();
        let mut specs = files.of_runs(&firsts, &self.timing, &self.record)?;
        if is_combined {
            self.echoes.share(&mut specs, &runs);
        }
        let n_outs = if is_combined { runs.len() } else { self.bold.len() };
        let mut outs: Vec<(PathBuf, PathBuf)> = Vec::new();
        let mut image = |bold: PathBuf, run: &RunSpec| {
            let name = run.echoes.as_ref().and_then(|_| without_echo(&bold, EchoName::Any));
            let name = Name::of(name.as_ref().unwrap_or(&bold)).prefix();
            let out = self.out_of(&name, n_outs)?;
            if let Some((_, twin)) = outs.iter().find(|(other, _)| *other == out) {
                return Err(same_name(twin, &bold, &out));
            }
            outs.push((out.clone(), bold.clone()));
            let layout = match &self.maps {
                Some(maps) => Layout::named(&out).with_maps(maps, &name),
                None => Layout::named(&out),
            };
            let proof = self.maps.as_ref().map(|_| ProofOptions { mask: self.mask.clone() });
            let run = RunSpec { bold, ..run.clone() };
            let out_type = self.out_type.into();
            let task_times = self.task_times.unwrap_or(TaskTimes::Auto);
            let design = DesignOptions { task_times, ..self.design.options() };
            let mask = self.mask.clone().filter(|_| proof.is_none());
            let min_dof = self.min_dof;
            let spec = RetroicorSpec { run, design, mask, proof, out_type, min_dof };
            Ok(Image { spec, layout })
        };
        let each = |echoes: Vec<PathBuf>| {
            echoes.into_iter().take(if is_combined { 1 } else { usize::MAX })
        };
        let runs = specs.into_iter().zip(runs);
        runs.map(|(run, echoes)| each(echoes).map(|bold| image(bold, &run)).collect()).collect()
    }

    /// A mask limits the maps, or what echoes are compared in.
    fn check_mask(&self, is_combined: bool) -> Result<()> {
        if self.mask.is_none() || self.maps.is_some() || is_combined {
            return Ok(());
        }
        Err(Error::usage(
            "--mask",
            "is given without --maps",
            "limit maps, or where echoes are compared that are combined",
            "leave it out: all voxels are corrected; or ask for --maps DIR, or --echoes",
        ))
    }

    /// The image to write for a run of this name, one of so many.
    fn out_of(&self, name: &str, n_outs: usize) -> Result<PathBuf> {
        let is_image = checks::image_name(&self.out);
        if n_outs == 1 && !self.out.is_dir() {
            return is_image.map(|()| self.out.clone());
        }
        if is_image.is_ok() && !self.out.is_dir() {
            return Err(Error::usage(
                "--out",
                format!("is {} for {n_outs} images", self.out.display()),
                "name a folder when several images are corrected",
                "each becomes NAME_desc-retroicor_bold.nii.gz in it",
            ));
        }
        Ok(self.out.join(format!("{name}_desc-retroicor_bold.nii.gz")))
    }
}

/// The images by run, each with its echoes, in the order of the command line. Images whose names differ in their `echo-`
/// entity alone are one run; where only one recording is given, also those that `_e2` or `_echo2` tells apart.
fn by_run(bold: &[PathBuf], n_recordings: usize) -> Vec<Vec<PathBuf>> {
    let runs = grouped(bold, EchoName::Entity);
    if runs.len() > n_recordings {
        let loosely = grouped(bold, EchoName::Any);
        if loosely.len() == 1 {
            return loosely;
        }
    }
    runs
}

fn same_name(a: &Path, b: &Path, out: &Path) -> Error {
    Error::usage(
        "--out",
        format!("would hold {} and {} as {}", a.display(), b.display(), out.display()),
        "hold each image under a name of its own",
        "correct them one by one, or rename one",
    )
}
