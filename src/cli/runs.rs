//! Which files belong to which run: every option that names files names them for each run, in run order.

use std::path::{Path, PathBuf};

use crate::cli::args::{RecordArgs, TimingArgs};
use crate::cli::suggest;
use crate::error::{Error, Result};
use crate::io::paths::real;
use crate::io::physio::Format;
use crate::pipeline::spec::{RunSpec, SpentBy, SpentOptions};

/// The files of the command line, each list in run order; an empty list is an option that was not given.
pub(super) struct RunFiles<'a> {
    pub events: &'a [PathBuf],
    pub design: &'a [PathBuf],
    /// As many tables of each run.
    pub confounds: &'a [PathBuf],
    pub censored: &'a [PathBuf],
    /// One, or two apart, of each run.
    pub physio: &'a [PathBuf],
    pub peaks: &'a [PathBuf],
    /// Sidecars of corrections before preprocessing; `none` for a run without one.
    pub spent: &'a [PathBuf],
    /// One for all, or one a log.
    pub formats: &'a [Format],
}

impl RunFiles<'_> {
    /// The runs of these images.
    pub fn of_runs(
        &self,
        bold: &[PathBuf],
        timing: &TimingArgs,
        record: &RecordArgs,
    ) -> Result<Vec<RunSpec>> {
        let n = bold.len();
        self.check(n)?;
        let (recordings, tables) = (self.physio.len() / n.max(1), self.confounds.len() / n.max(1));
        let run = |(run, bold): (usize, &PathBuf)| RunSpec {
            bold: bold.clone(),
            echoes: None,
            spent: self.spent.get(run).filter(|sidecar| !is_none(sidecar)).map(|sidecar| {
                Box::new(SpentOptions { sidecar: sidecar.clone(), by: SpentBy::Given })
            }),
            sidecar: timing.sidecar.clone(),
            slice_times: timing.slice_times.clone(),
            tr: timing.tr,
            events: self.events.get(run).cloned(),
            design: self.design.get(run).cloned(),
            design_slices: None,
            confounds: self.confounds[run * tables..][..tables].to_vec(),
            censored: self.censored.get(run).cloned(),
            physio: self.physio[run * recordings..][..recordings].to_vec(),
            record: record.options(self.peaks.get(run).cloned()),
            physio_formats: match self.formats.len() {
                0 | 1 => self.formats.to_vec(),
                _ => self.formats[run * recordings..][..recordings].to_vec(),
            },
        };
        Ok(bold.iter().enumerate().map(run).collect())
    }

    fn check(&self, n: usize) -> Result<()> {
        let lists = [
            ("--events", self.events),
            ("--design", self.design),
            ("--confounds", self.confounds),
            ("--censor-volumes", self.censored),
            ("--physio", self.physio),
            ("--peaks", self.peaks),
            ("--spent", self.spent),
        ];
        if let Some((option, image)) = suggest::image_among(&lists) {
            return Err(Error::usage(
                option,
                format!("took {}, which is an image", image.display()),
                "name files of another kind, up to the next option",
                "put the images before the options, or -- before them",
            ));
        }
        for (option, files) in [
            ("--events", self.events),
            ("--design", self.design),
            ("--censor-volumes", self.censored),
            ("--peaks", self.peaks),
            ("--spent", self.spent),
        ] {
            if !files.is_empty() && files.len() != n {
                return Err(one_each(option, files.len(), n));
            }
        }
        let spent = self.spent.iter().enumerate().filter(|(_, sidecar)| !is_none(sidecar));
        if let Some((_, twin)) = spent.into_iter().find(|(at, sidecar)| {
            self.spent[..*at].iter().any(|other| real(other) == real(sidecar))
        }) {
            return Err(Error::usage(
                "--spent",
                format!("names {} for two runs", twin.display()),
                "name the correction of each run, in the same order",
                "none stands for a run without one",
            ));
        }
        let confounds = self.confounds.len();
        if !confounds.is_multiple_of(n) {
            return Err(Error::usage(
                "--confounds",
                format!("names {confounds} files for {n} runs"),
                "name as many tables for each run",
                "give the tables of the first run, then those of the second; echoes of a run share its own",
            ));
        }
        let (physio, formats) = (self.physio.len(), self.formats.len());
        if !physio.is_multiple_of(n) || n > 1 && physio > 2 * n {
            return Err(Error::usage(
                "--physio",
                format!("names {physio} files for {n} runs"),
                "name one, or two apart, for each run",
                "give the files of the first run, then those of the second; echoes of a run share its own when their names \
                 differ in echo-N alone",
            ));
        }
        if formats > 1 && formats != physio {
            return Err(Error::usage(
                "--physio-format",
                format!("is given {formats} times for {physio} logs"),
                "be given once for all, or once for each --physio in the same order",
                "repeat it, auto where the log itself tells",
            ));
        }
        Ok(())
    }
}

/// A run that is said to have no correction.
fn is_none(sidecar: &Path) -> bool {
    sidecar.as_os_str() == "none"
}

fn one_each(option: &str, files: usize, runs: usize) -> Error {
    Error::usage(
        option,
        format!("names {files} files for {runs} runs"),
        "name one for each run, in the same order (echoes of a run share its own)",
        format!("repeat {option} once a run; a file that serves several is named for each"),
    )
}
