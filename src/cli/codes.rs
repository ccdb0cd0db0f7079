//! The exit codes, as the help of every command tells them.

use clap::Command;

/// What each means. Those of [`crate::error::Error`], and of a check that failed.
const CODES: [(u8, &str); 10] = [
    (0, "ok"),
    (1, "a check failed"),
    (2, "usage"),
    (65, "bad data"),
    (66, "missing input"),
    (69, "no such device"),
    (70, "a defect of boldly"),
    (74, "cannot write"),
    (75, "the device failed or memory ran out (may be retried)"),
    (130, "interrupted"),
];

/// Behind the help of the whole, and the long one of each command, which has those that it can end with.
pub(super) fn told(all: Command) -> Command {
    let failed = "a check or some units failed (verify, bids)";
    all.mut_subcommands(told_of).after_help(listed(Some(failed), |_| true))
}

fn told_of(command: Command) -> Command {
    let has = |id: &str| command.get_arguments().any(|argument| argument.get_id() == id);
    let failed = match command.get_name() {
        "verify" => Some("a check failed"),
        "bids" => Some("some units failed, the others are done"),
        _ => has("verify").then_some("a check failed (--verify)"),
    };
    let codes = listed(failed, |code| code != 69 || has("device"));
    let before = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    command.mut_subcommands(told_of).after_long_help(format!("{before}\n\n{codes}"))
}

/// In one line; `failed`: what has failed where 1 is told.
fn listed(failed: Option<&str>, can: impl Fn(u8) -> bool) -> String {
    let told = |(code, what): (u8, &str)| {
        let what = if code == 1 { failed? } else { what };
        can(code).then(|| format!("{code} {what}"))
    };
    let codes: Vec<String> = CODES.into_iter().filter_map(told).collect();
    format!("Exit codes: {}.", codes.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{DeviceFailure, Error};

    #[test]
    fn the_code_of_every_error_is_told() {
        let of = |class: fn(&str, &str, &str, &str) -> Error| class("a", "is", "be", "");
        let errors = [
            of(|a, b, c, d| Error::usage(a, b, c, d)),
            of(|a, b, c, d| Error::bad_data(a, b, c, d)),
            of(|a, b, c, d| Error::missing_input(a, b, c, d)),
            of(|a, b, c, d| Error::no_device(a, b, c, d)),
            of(|a, b, c, d| Error::internal(a, b, c, d)),
            of(|a, b, c, d| Error::output(a, b, c, d)),
            of(|a, b, c, d| Error::device(DeviceFailure::Lost, a, b, c, d)),
            Error::Interrupted,
            Error::Stopped(String::new()),
        ];
        for error in errors {
            let code = error.exit_code();
            assert!(CODES.iter().any(|(told, _)| *told == code), "{code}: {error}");
        }
    }
}
