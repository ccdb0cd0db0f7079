//! Which images are echoes of one run, and how they are combined.

use std::path::PathBuf;

use crate::cli::args::heading;
use crate::error::{Error, Result};
use crate::io::bids::{EchoName, without_echo};
use crate::pipeline::spec::{EchoOptions, RunSpec};
use crate::stats::decay::{Fit, Good};

/// The options of echoes.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = heading::INPUTS)]
pub(super) struct EchoArgs {
    /// The images are echoes of one run; 'echo-N' tells it too
    ///
    /// Echoes are combined with the weights TE exp(-TE/T2*) before all else. boldly glm combines images whose names differ in their echo-
    /// entity alone without this; boldly retroicor corrects each echo by itself unless this or another option of echoes is given. With it also
    /// those that _e2 or _echo2 tells apart are echoes, and where names tell nothing all are one run, or each as many as --echo-times names
    #[arg(long)]
    echoes: bool,
    /// Echo times in ms in the order of the images: 13,28,43
    ///
    /// In place of EchoTime in the sidecars
    #[arg(long, value_name = "MS,MS", value_delimiter = ',', allow_hyphen_values = true)]
    echo_times: Vec<f64>,
    /// Which echoes have signal: dropout, decay or none
    ///
    /// [default: dropout]
    ///
    /// `dropout`: up to the last whose mean is above a third of that of the voxel at the 33rd percentile of the first echo (tedana), of those with signal;
    /// `decay`: as long as it falls from echo to echo; `none`: all are used. Voxels with one good echo or none keep their first two
    #[arg(value_name = "RULE", hide_possible_values = true, long, value_enum)]
    echo_mask: Option<GoodName>,
    /// How T2* is found: weighted, nonlinear or tedana
    ///
    /// [default: weighted]
    ///
    /// `weighted`: a line through the logarithms of the echoes' means, weighed by their squares; `nonlinear`: least squares of the means;
    /// `tedana`: as its t2smap, a line through ln(|S| + 1) of all volumes
    #[arg(value_name = "FIT", hide_possible_values = true, long, value_enum)]
    echo_fit: Option<FitName>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum GoodName {
    /// Above a third of an exemplary voxel
    Dropout,
    /// Falling
    Decay,
    /// All
    None,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum FitName {
    /// Of logarithms, weighed
    Weighted,
    /// Of the signal
    Nonlinear,
    /// Of logarithms, as tedana
    Tedana,
}

impl EchoArgs {
    /// The options that were given.
    fn given(&self) -> Option<&'static str> {
        let given = [
            ("--echoes", self.echoes),
            ("--echo-times", !self.echo_times.is_empty()),
            ("--echo-mask", self.echo_mask.is_some()),
            ("--echo-fit", self.echo_fit.is_some()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(option, _)| option)
    }

    /// Whether echoes are to be combined.
    pub fn are_asked(&self) -> bool {
        self.given().is_some()
    }

    /// The images of each run, the echoes of one behind each other.
    ///
    /// # Errors
    /// Usage where the images cannot be shared out.
    pub fn by_run(&self, images: &[PathBuf]) -> Result<Vec<Vec<PathBuf>>> {
        let asked = self.echoes || !self.echo_times.is_empty();
        let mut runs = grouped(images, EchoName::Entity);
        if asked && runs.len() == images.len() {
            runs = grouped(images, EchoName::Any);
        }
        if asked && runs.len() == images.len() {
            let each =
                if self.echo_times.is_empty() { images.len() } else { self.echo_times.len() };
            if !images.len().is_multiple_of(each) {
                return Err(Error::usage(
                    "--echo-times",
                    format!("names {each} times for {} images", images.len()),
                    "name one for each echo of a run",
                    "give all echoes of the first run, then those of the second",
                ));
            }
            runs = images.chunks(each).map(<[PathBuf]>::to_vec).collect();
        }
        let most = runs.iter().map(Vec::len).max().unwrap_or(0);
        if let Some(few) = runs.iter().find(|echoes| echoes.len() < most) {
            return Err(Error::usage(
                few[0].display().to_string(),
                format!("is of a run with {} echoes beside one with {most}", few.len()),
                "be of a run with as many echoes as the others",
                "give all echoes of each run, or analyse the runs one by one",
            ));
        }
        if let Some(option) = self.given()
            && most < 2
        {
            return Err(Error::usage(
                option,
                "is given for images that are no echoes of one run",
                "be given for two echoes of a run or more",
                "name all echoes of each run, or leave it out",
            ));
        }
        Ok(runs)
    }

    /// Give the runs their other echoes.
    pub fn share(&self, runs: &mut [RunSpec], images: &[Vec<PathBuf>]) {
        for (run, echoes) in runs.iter_mut().zip(images).filter(|(_, echoes)| echoes.len() > 1) {
            run.echoes = Some(Box::new(EchoOptions {
                others: echoes[1..].to_vec(),
                times_ms: (!self.echo_times.is_empty()).then(|| self.echo_times.clone()),
                good: match self.echo_mask {
                    None | Some(GoodName::Dropout) => Good::Dropout,
                    Some(GoodName::Decay) => Good::Decay,
                    Some(GoodName::None) => Good::None,
                },
                fit: match self.echo_fit {
                    None | Some(FitName::Weighted) => Fit::Weighted,
                    Some(FitName::Nonlinear) => Fit::Nonlinear,
                    Some(FitName::Tedana) => Fit::Tedana,
                },
            }));
        }
    }
}

/// The images by run, each with its echoes, in the order of the command line: those whose names differ in what says their echo alone. An
/// image whose name says no echo is a run.
pub(super) fn grouped(images: &[PathBuf], how: EchoName) -> Vec<Vec<PathBuf>> {
    let mut runs: Vec<(Option<PathBuf>, Vec<PathBuf>)> = Vec::new();
    for image in images {
        let of_run = without_echo(image, how);
        match runs.iter_mut().find(|(known, _)| of_run.is_some() && *known == of_run) {
            Some((_, echoes)) => echoes.push(image.clone()),
            None => runs.push((of_run, vec![image.clone()])),
        }
    }
    runs.into_iter().map(|(_, echoes)| echoes).collect()
}
