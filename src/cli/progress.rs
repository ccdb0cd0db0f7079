//! Progress on standard error: bars on a terminal, plain lines elsewhere, nothing with `-q`.

use std::cell::RefCell;
use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::say;
use crate::physio::BeyondChance;
use crate::pipeline::watch::Watch;
use crate::pipeline::written::Saved;

/// Between two looks of the clock beside a bar.
const TICK: std::time::Duration = std::time::Duration::from_millis(100);

/// A person's terminal, or a log.
pub(super) struct Terminal {
    quiet: bool,
    verbose: u8,
    bars: bool,
    bar: RefCell<Option<ProgressBar>>,
}

impl Terminal {
    pub(super) fn new(quiet: bool, verbose: u8) -> Terminal {
        let bars = !quiet && std::io::stderr().is_terminal();
        Terminal { quiet, verbose, bars, bar: RefCell::new(None) }
    }

    fn line(&self, text: &str) {
        if !self.quiet {
            self.clear();
            say::line(text);
        }
    }

    fn clear(&self) {
        if let Some(bar) = self.bar.borrow_mut().take() {
            bar.finish_and_clear();
        }
    }

    /// The closing line of one command.
    pub(super) fn done(&self, saved: &Saved) {
        let provenance = &saved.provenance;
        if self.verbose > 0 {
            for span in &provenance.timings {
                let rate = span.bytes as f64 / span.seconds.max(1e-9) / 1e9;
                self.line(&format!(
                    "  {:<10} {:<8} {:>9.4} s {rate:>8.2} GB/s",
                    span.stage,
                    format!("{:?}", span.activity).to_lowercase(),
                    span.seconds
                ));
            }
        }
        self.line(&format!(
            "wrote {} in {:.2} s on {}",
            saved.place().display(),
            provenance.wall_s,
            provenance.device.name
        ));
        let pages = saved.files.iter().filter(|file| file.extension().is_some_and(|e| e == "html"));
        for page in pages {
            let verdicts = provenance.beyond_chance.iter().map(BeyondChance::headline);
            let verdicts = verdicts.collect::<Vec<_>>().join("; ");
            let verdict = if verdicts.is_empty() { String::new() } else { format!(": {verdicts}") };
            self.line(&format!("page to look at: {}{verdict}", page.display()));
        }
    }
}

impl Watch for Terminal {
    fn stage(&self, name: &str, total: usize) {
        self.clear();
        if self.bars {
            // A run that is worked on as a whole has one step: then the clock alone moves.
            let template = match total {
                0 | 1 => "{spinner} {msg:>10} {elapsed_precise}",
                _ => "{spinner} {msg:>10} {wide_bar} {pos}/{len} {elapsed_precise}",
            };
            let style = ProgressStyle::with_template(template)
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = ProgressBar::new(total as u64).with_style(style);
            bar.set_message(name.to_owned());
            bar.enable_steady_tick(TICK);
            *self.bar.borrow_mut() = Some(bar);
        } else if self.verbose > 0 {
            self.line(&format!("{name}: {total} steps"));
        }
    }
    fn step(&self) {
        if let Some(bar) = &*self.bar.borrow() {
            bar.inc(1);
        }
    }
    fn note(&self, line: &str) {
        self.line(line);
    }
    fn warn(&self, line: &str) {
        self.line(&format!("warning: {line}"));
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.clear();
    }
}
