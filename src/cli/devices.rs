//! `boldly devices`.

use std::process::ExitCode;

use crate::cli::args::{DeviceArgs, TalkArgs};
use crate::cli::say;
use crate::error::Result;
use crate::gpu::{self, Device, DeviceChoice};

/// List every adapter with its limits and what the numerics probe finds on it, and what --device would take.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example: boldly devices --device llvmpipe")]
pub(super) struct Args {
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    talk: TalkArgs,
}

impl Args {
    pub(super) fn run(self) -> Result<ExitCode> {
        let adapters = gpu::adapter_reports();
        let chosen = Device::open(&self.device.choice())?.report();
        if self.talk.json {
            let all = serde_json::json!({ "adapters": adapters, "chosen": chosen });
            say::json(&all)?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut text = String::new();
        if adapters.is_empty() {
            text.push_str("no adapters: every command uses the f64 CPU path\n");
        }
        for adapter in &adapters {
            let r = &adapter.report;
            text.push_str(&format!("{} ({}), driver {}\n", r.name, r.kind, r.driver));
            // an adapter that does not open has no probe; opening the chosen one says why
            let opened = Device::open(&DeviceChoice::Named(r.name.clone()));
            let probe = opened.map(|device| device.report().probe).unwrap_or_default();
            for (name, value) in adapter.limits.iter().cloned().chain(probe) {
                text.push_str(&format!("    {name:<28} {value}\n"));
            }
        }
        text.push_str(&format!(
            "--device {}: {} ({}), {}, driver {}\n",
            self.device.device, chosen.name, chosen.kind, chosen.precision, chosen.driver
        ));
        say::result(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}
