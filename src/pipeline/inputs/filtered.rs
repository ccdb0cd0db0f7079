//! Whether a run was filtered in time before: by its sidecar, its name, or its residuals.

use serde_json::Value;

use super::{Run, display};
use crate::pipeline::watch::Watch;

/// Words of sidecars' keys that tell a filter, without case and separators; the last ones take low frequencies alone, which drift would take too.
const KEYS: [&str; 4] = ["lowpass", "bandpass", "temporalfilter", "highpass"];
const BUT_HIGH_PASS: usize = 3;
/// Words of files' names.
const NAMES: [&str; 5] = ["desc-denoised", "desc-clean", "bandpass", "lowpass", "filtered"];
/// Words of names that are none of these: FEAT's run, of which high frequencies are there.
const NOT_NAMES: [&str; 2] = ["unfiltered", "filtered_func_data"];

/// What a run's sidecar or name says of an earlier filter in time, of high frequencies too where `any` is not asked for.
#[must_use]
pub fn was_filtered(run: &Run, any: bool) -> Option<String> {
    let keys = if any { &KEYS[..] } else { &KEYS[..BUT_HIGH_PASS] };
    let is_filter = |key: &str| {
        let key = key.to_lowercase().replace(['_', '-', ' '], "");
        keys.iter().any(|word| key.contains(word))
    };
    let says = |value: &Value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !matches!(text.as_str(), "" | "n/a" | "none"),
        _ => true,
    };
    let by_sidecar = run.fields.iter().find(|(key, value)| is_filter(key) && says(value));
    if let Some((key, value)) = by_sidecar {
        return Some(format!("its sidecar says {key} {value}"));
    }
    // What boldly corrected it called so for that, and what it took is known.
    if run.carried.is_some() || run.dof_spent > 0.0 {
        return None;
    }
    let name = run.path.file_name()?.to_string_lossy().to_lowercase();
    let name = NOT_NAMES.iter().fold(name, |name, not| name.replace(not, ""));
    NAMES.iter().find(|word| name.contains(**word)).map(|word| format!("its name has {word}"))
}

/// Warn of a run that is fitted as if nothing had been taken from it. `above`: the share of Nyquist's frequency above which it has next to no power, where
/// there is one; `hint`: what is to be done.
pub fn say_filtered(run: &Run, above: Option<f64>, hint: &str, watch: &dyn Watch) {
    let by_data = above.map(|share| match &run.acquisition {
        Some(acquisition) => {
            format!("it has next to no power above {:.2} Hz", share / (2.0 * acquisition.tr))
        }
        None => format!("it has next to no power above {share:.2} of the highest frequency"),
    });
    let why: Vec<String> = was_filtered(run, false).into_iter().chain(by_data).collect();
    if !why.is_empty() {
        watch.warn(&format!(
            "{} was filtered in time before ({}), and the degrees of freedom that this took are counted as if they were there: t and z are too large, and p \
             far too small; {hint}",
            display(&run.path),
            why.join("; ")
        ));
    }
}
