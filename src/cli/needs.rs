//! Options that say nothing without another one: who gives one expects something of it, so that it is refused alone. clap's own `requires` is
//! not asked: it is forgiven wherever what is required conflicts with an option that is given.

use clap::ArgMatches;
use clap::parser::ValueSource;

use crate::error::{Error, Result};

/// A command (any, where none is named), options of it, and those of which one must come with them, by their ids.
type Need = (&'static str, &'static [&'static str], &'static [&'static str]);

const NEEDS: [Need; 13] = [
    ("", &["kernel", "smooth_within"], &["fwhm"]),
    ("", &["na"], &["columns", "strategy"]),
    (
        "calibrate",
        &[
            "events",
            "null",
            "contrast",
            "confounds",
            "censor_volumes",
            "physio",
            "mask",
            "fwhm",
            "task_times",
        ],
        &["bold"],
    ),
    ("calibrate", &["permutations"], &["group"]),
    ("calibrate", &["pairs"], &["connect"]),
    ("retroicor", &["hrf", "durations", "modulate", "trial_type", "task_times"], &["events"]),
    ("confounds", &["erode", "threshold"], &["csf", "white_matter"]),
    ("confounds", &["variable"], &["tcompcor"]),
    ("glm", &["terms"], &["physio"]),
    ("connect", &["terms"], &["physio"]),
    // They are of the seeds' maps; series of regions are neither smoothed nor whitened.
    ("connect", &["fwhm", "noise", "rho_fwhm"], &["seeds"]),
    ("calibrate", &["terms"], &["physio"]),
    ("trial", &["exploratory"], &["correlations"]),
];

/// Refuse an option that came without what it is about.
///
/// # Errors
/// Usage.
pub(super) fn check(matches: &ArgMatches) -> Result<()> {
    let Some((command, given)) = matches.subcommand() else { return Ok(()) };
    let of_command = NEEDS.iter().filter(|(of, ..)| of.is_empty() || *of == command);
    for (_, options, needed) in of_command {
        if needed.iter().any(|id| is_given(given, id)) {
            continue;
        }
        if let Some(alone) = options.iter().find(|id| is_given(given, id)) {
            let wanted = needed.iter().map(|id| option(id)).collect::<Vec<_>>().join(" or ");
            return Err(Error::usage(
                option(alone),
                format!("comes without {wanted}, which it is about, and would change nothing"),
                format!("come with {wanted}"),
                format!("add {wanted}, or leave {} out", option(alone)),
            ));
        }
    }
    Ok(())
}

/// An option as it is typed.
fn option(id: &str) -> String {
    match id {
        "seeds" => "--seed".to_owned(),
        "correlations" => "--correlate".to_owned(),
        id => format!("--{}", id.replace('_', "-")),
    }
}

/// Whether an option stands on the command line; one that the command does not have does not.
fn is_given(matches: &ArgMatches, id: &str) -> bool {
    matches.try_contains_id(id).is_ok()
        && matches.value_source(id) == Some(ValueSource::CommandLine)
}
