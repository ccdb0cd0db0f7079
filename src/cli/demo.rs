//! `boldly demo`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use crate::cli::args::{self, DeviceArgs, MORE, TalkArgs, heading};
use crate::cli::{demo_group, demo_trial, say};
use crate::error::Result;
use crate::io::Overwrite;
use crate::pipeline::demo::{DemoResult, FWHM_MM, Images, demo, save_picture, shipped_example};
use crate::pipeline::demo_group::demo as demo_of_group;
use crate::pipeline::demo_trial::demo as demo_of_trial;
use crate::pipeline::simulate;
use crate::pipeline::spec::DesignOptions;
use crate::pipeline::watch::{Quiet, Watch};
use crate::report::picture;
use crate::simulate::Spec;
use crate::simulate::drug_trial::DrugTrialSpec;
use crate::simulate::trial::TrialSpec;

/// Analyse the shipped example with and without RETROICOR and hold both against the known truth.
#[derive(Debug, clap::Args)]
#[command(after_help = MORE, after_long_help = "\
Needs no GPU, no download and no other program. Writes maps, the corrected run and demo.png into OUT.

With --group maps of a trial: 20 + 20 simulated patients on a drug and on a placebo, each before and after, and a drug that acts in the \
periaqueductal grey and the anterior insula. Writes the patients' maps with their table, and what boldly group makes of them; prints what \
each correction finds where the drug acts and where it does not.

With --trial a whole study, from runs to the report: 10 + 10 simulated patients at two visits, each with a pain task and a run at rest, \
pulse and breathing, questionnaires, pain tests and adverse events. boldly bids takes the pain task from runs to the group by a Stats \
Model, connect and group rest, trial the endpoints; what was put in stands beside what was found, printed and in index.html.

Example: boldly demo

Example: boldly demo --group

Example: boldly demo --trial")]
pub(super) struct Args {
    /// Folder to write into [default: boldly-demo, boldly-demo-group or boldly-demo-trial]
    out: Option<PathBuf>,
    /// Simulate maps of a trial and test them as boldly group does
    #[arg(help_heading = heading::RUNNING, long, group = "simulated")]
    group: bool,
    /// Simulate a whole trial and analyse it from its runs to the report
    #[arg(help_heading = heading::RUNNING, long, group = "simulated")]
    trial: bool,
    /// Patients in each arm of --trial
    #[arg(help_heading = heading::RUNNING, long, value_name = "N", default_value_t = DrugTrialSpec::default().per_arm, requires = "trial")]
    patients: usize,
    /// Seed of what is simulated
    #[arg(help_heading = heading::RUNNING, long, value_name = "N", default_value_t = 1, requires = "simulated")]
    seed: u64,
    /// Rearrangements of the patients, with --group alone
    #[arg(help_heading = heading::RUNNING, long, value_name = "N", default_value_t = 1000, requires = "group", conflicts_with = "trial", value_parser = clap::value_parser!(u64).range(20..=10_000_000))]
    permutations: u64,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    talk: TalkArgs,
}

impl Args {
    pub(super) fn run(self, started: Instant) -> Result<ExitCode> {
        match (self.group, self.trial) {
            (true, _) => self.of_a_group(started),
            (_, true) => self.of_a_trial(started),
            _ => self.of_the_example(started),
        }
    }

    fn of_a_trial(self, started: Instant) -> Result<ExitCode> {
        let out = self.out.unwrap_or_else(|| PathBuf::from("boldly-demo-trial"));
        let terminal = self.talk.terminal();
        // What single commands say is in their sidecars.
        let mut session = self.device.open_session(started, &Quiet)?;
        let (per_arm, seed) = (self.patients, self.seed);
        let spec = DrugTrialSpec { per_arm, seed, ..DrugTrialSpec::default() };
        let command = args::typed();
        let to = (out.as_path(), command.as_str());
        let result = demo_of_trial(&spec, to, &mut session, &terminal)?;
        drop(terminal);
        if self.talk.json {
            say::json(&result)?;
        } else {
            say::result(&demo_trial::table(&result))?;
            let (seconds, page) = (started.elapsed().as_secs_f64(), out.join(result.page));
            say::result(&format!(
                "\n{} written in {seconds:.1} s; begin with {}\n",
                out.display(),
                page.display()
            ))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn of_a_group(self, started: Instant) -> Result<ExitCode> {
        let out = self.out.unwrap_or_else(|| PathBuf::from("boldly-demo-group"));
        let terminal = self.talk.terminal();
        let mut session = self.device.open_session(started, &terminal)?;
        let spec = TrialSpec { seed: self.seed, ..TrialSpec::default() };
        let command = args::typed();
        let to = (out.as_path(), command.as_str());
        let result = demo_of_group(&spec, self.permutations, to, &mut session, &terminal)?;
        drop(terminal);
        if self.talk.json {
            say::json(&result)?;
        } else {
            say::result(&demo_group::table(&result))?;
            let seconds = started.elapsed().as_secs_f64();
            say::result(&format!("\n{} written in {seconds:.1} s\n", out.display()))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn of_the_example(self, started: Instant) -> Result<ExitCode> {
        let out = self.out.unwrap_or_else(|| PathBuf::from("boldly-demo"));
        let terminal = self.talk.terminal();
        let data = match shipped_example() {
            Some(data) => data,
            None => {
                let data = out.join("data");
                simulate::write(
                    &Spec::default(),
                    &data,
                    Overwrite::Own,
                    "boldly simulate data",
                    &terminal,
                )?;
                data
            }
        };
        terminal.note(&format!("example: {}", data.display()));
        let mut session = self.device.open_session(started, &terminal)?;
        let options = DesignOptions::default();
        let result = demo(&data, &out, &options, &mut session, &terminal)?;
        let picture_path = save_picture(&out, &draw(&result)?)?;
        drop(terminal);
        if self.talk.json {
            say::json(&result)?;
        } else {
            say::result(&table(&result))?;
            say::result(&format!("\nmaps and {} written\n", picture_path.display()))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What the quantities of voxels without an effect begin with.
const SILENT: &str = "silent";

fn table(result: &DemoResult) -> String {
    let mut text = format!(
        "\n{:<40} {:>12} {:>12} {:>8}\n",
        format!("{FWHM_MM} mm FWHM, pain against rest"),
        "uncorrected",
        "RETROICOR",
        "change"
    );
    for l in &result.lines {
        let change = 100.0 * (l.after / l.before - 1.0);
        // Of a share that chance alone makes .001 a percentage says nothing.
        let is_gain = l.before > 0.0 && !l.quantity.starts_with(SILENT);
        let change = if is_gain { format!("{change:+.0} %") } else { String::new() };
        let places = if l.quantity.starts_with(SILENT) { 4 } else { 3 };
        text.push_str(&format!(
            "{:<40} {:>12.places$} {:>12.places$} {change:>8}\n",
            l.quantity, l.before, l.after
        ));
    }
    text.push_str(
        "\nSilent voxels: chance alone finds .001 of them. Over 48 made-up runs like this one .0020 (standard error .0005) are found without\n\
         and .0013 (.0001) with the correction; what they share in a single run is an accident of it (docs/accuracy.md, noise models).\n\n",
    );
    for (step, seconds) in &result.seconds {
        text.push_str(&format!("{step:<40} {seconds:>10.3} s\n"));
    }
    text.push_str(&format!("device: {}\n", result.device));
    text
}

/// t without, t with, and the truth, side by side.
fn draw(result: &DemoResult) -> Result<Vec<u8>> {
    let images = &result.images;
    let max_truth = images.truth.iter().fold(0.0_f32, |a, &x| a.max(x));
    let panel = |title, note, overlay, threshold, max| picture::Panel {
        title,
        note,
        background: &images.mean,
        overlay,
        outline: Some(&images.pag),
        threshold,
        floor: threshold,
        max,
    };
    let max_t = 12.0; // so that the small brainstem response shows in full colour
    let panels = [
        panel("t of pain, uncorrected", "5 mm FWHM", &images.before[..], 3.1, max_t),
        panel("t of pain, RETROICOR", "5 mm FWHM", &images.after[..], 3.1, max_t),
        panel(
            "true response",
            "BOLD units, smoothed",
            &images.truth[..],
            0.1 * max_truth,
            max_truth,
        ),
    ];
    picture::panels(&panels, &images.grid, &cuts(images))
}

/// Through the middle of the periaqueductal grey, and across the top of the response.
fn cuts(images: &Images) -> Vec<picture::Cut> {
    let mut cuts = picture::cuts_through(&images.grid, &images.pag).to_vec();
    let peak = (0..images.truth.len()).max_by(|&a, &b| images.truth[a].total_cmp(&images.truth[b]));
    cuts.extend(peak.map(|voxel| picture::Cut::K(images.grid.coordinates(voxel)[2])));
    cuts
}
