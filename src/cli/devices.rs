//! `boldly devices`.

use std::process::ExitCode;

use crate::cli::args::{DeviceArgs, MORE, TalkArgs};
use crate::cli::say;
use crate::error::Result;
use crate::gpu::{self, Device, DeviceChoice};

/// List every adapter with its limits and what the numerics probe finds on it, and what --device would take.
#[derive(Debug, clap::Args)]
#[command(after_help = MORE, after_long_help = "\
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
        let choice = self.device.choice();
        let device = Device::open(&choice)?;
        let chosen = device.report();
        let unusable = device.passed_over().map(str::to_owned).or_else(gpu::undriven_card);
        if self.talk.json {
            let all = serde_json::json!({
                "adapters": adapters, "chosen": chosen, "unusable": unusable,
            });
            say::json(&all)?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut text = String::new();
        if adapters.is_empty() {
            text.push_str("no adapters: every command uses the f64 CPU path\n");
        }
        for adapter in &adapters {
            let r = &adapter.report;
            text.push_str(&format!("{}, driver {}\n", r.title(), r.driver));
            let opened = Device::open(&DeviceChoice::Named(r.handle().to_owned()));
            let probe = match opened {
                Ok(device) => device.report().probe,
                Err(why) => [("cannot be used".to_owned(), why.to_string())].into(),
            };
            for (name, value) in adapter.limits.iter().cloned().chain(probe) {
                text.push_str(&format!("    {name:<28} {value}\n"));
            }
        }
        text.extend(unusable.map(|why| why + "\n"));
        let worth = match choice {
            DeviceChoice::Auto => " (where the work is worth opening it)",
            _ => "",
        };
        text.push_str(&format!(
            "--device {}{worth}: {}, {}, driver {}\n",
            self.device.device,
            chosen.title(),
            chosen.precision,
            chosen.driver
        ));
        say::result(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}
