//! Progress on standard error: bars on a terminal, plain lines elsewhere, nothing with `-q`.

use std::cell::RefCell;
use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::cli::say;
use crate::io::unpacking;
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
        let terminal = Terminal { quiet, verbose, bars, bar: RefCell::new(None) };
        // What comes before the first stage may unpack a run: its mask.
        terminal.show("begin", 1);
        terminal
    }

    fn line(&self, text: &str) {
        match &*self.bar.borrow() {
            _ if self.quiet => {}
            Some(bar) => bar.suspend(|| say::line(text)),
            None => say::line(text),
        }
    }

    fn show(&self, name: &str, total: usize) {
        self.clear();
        if self.bars {
            let bar = ProgressBar::new(total as u64).with_style(style(total, unpacking::under_way));
            bar.set_message(name.to_owned());
            bar.enable_steady_tick(TICK);
            *self.bar.borrow_mut() = Some(bar);
        }
    }

    fn clear(&self) {
        if let Some(bar) = self.bar.borrow_mut().take() {
            bar.finish_and_clear();
        }
    }

    /// The closing line of one command.
    pub(super) fn done(&self, saved: &Saved) {
        self.clear();
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
            let is_of_recordings = page.to_string_lossy().ends_with("_qc.html");
            let verdict = match verdicts.is_empty() || !is_of_recordings {
                true => String::new(),
                false => format!(": {verdicts}"),
            };
            self.line(&format!("page to look at: {}{verdict}", page.display()));
        }
    }
}

/// How far a stage is. A run that is worked on as a whole has one step: then the clock moves, and the share of the run that is
/// read as it is unpacked.
fn style(total: usize, under_way: fn() -> Option<(u64, u64)>) -> ProgressStyle {
    let template = match total {
        0 | 1 => "{spinner} {msg:>10} {elapsed_precise} {unpacked}",
        _ => "{spinner} {msg:>10} {wide_bar} {pos}/{len} {elapsed_precise} {unpacked}",
    };
    let unpacked = move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
        let _ = out.write_str(&unpacked(under_way()));
    };
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("unpacked", unpacked)
}

/// Compressed bytes that were read, of all that are being unpacked.
fn unpacked(under_way: Option<(u64, u64)>) -> String {
    let Some((read, all)) = under_way else { return String::new() };
    let percent = 100.0 * read as f64 / all as f64;
    format!("unpacking: {percent:.0} % of {:.1} MB read", all as f64 / 1e6)
}

impl Watch for Terminal {
    fn stage(&self, name: &str, total: usize) {
        self.show(name, total);
        if !self.bars && self.verbose > 0 {
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
        self.line(&format!("{}{line}", say::WARNING));
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Result;
    use std::sync::{Arc, Mutex};

    use indicatif::{ProgressDrawTarget, TermLike};

    use super::*;

    /// A terminal that keeps what is written.
    #[derive(Debug, Clone, Default)]
    struct Kept(Arc<Mutex<String>>);

    impl TermLike for Kept {
        fn width(&self) -> u16 {
            100
        }
        fn move_cursor_up(&self, _n: usize) -> Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _n: usize) -> Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _n: usize) -> Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _n: usize) -> Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> Result<()> {
            self.write_str(text)
        }
        fn write_str(&self, text: &str) -> Result<()> {
            self.0.lock().expect("no writer panics").push_str(text);
            Ok(())
        }
        fn clear_line(&self) -> Result<()> {
            Ok(())
        }
        fn flush(&self) -> Result<()> {
            Ok(())
        }
    }

    fn drawn(total: usize, under_way: fn() -> Option<(u64, u64)>) -> String {
        let kept = Kept::default();
        let target = ProgressDrawTarget::term_like(Box::new(kept.clone()));
        let bar = ProgressBar::with_draw_target(Some(total as u64), target);
        bar.with_style(style(total, under_way)).tick();
        let text = kept.0.lock().expect("no writer panics");
        text.clone()
    }

    #[test]
    fn a_bar_and_a_clock_say_how_far_a_run_is_unpacked_while_it_is() {
        for total in [1, 7] {
            let text = drawn(total, || Some((13_000_000, 26_000_000)));
            assert!(text.contains("unpacking: 50 % of 26.0 MB read"), "{total}: {text}");
            let text = drawn(total, || None);
            assert!(text.contains("00:00:00") && !text.contains("unpacking"), "{total}: {text}");
        }
    }
}
