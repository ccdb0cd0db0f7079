//! Every transformation against pybids on the same tiny run.

use boldly::bids::Notes;
use boldly::bids::variables::{Sampling, Variable, Variables};
use boldly::io::tsv;
use serde_json::Value;

use crate::{after, common, texts, values};

/// pybids fails, and what it fails at has a meaning here.
const HERE_ONLY: &[&str] = &[
    "AND_upper",             // names are known by any case
    "case_insensitive_name", // the same
    "concatenate_bidspm_only",
    "factor_with_na", // n/a is no level
    "filter_bidspm_style",
    "power_unknown",
];

/// pybids makes something of it that nobody can want.
const REFUSED_HERE: &[&str] = &["rename_mismatch"];

/// pybids does nothing and says nothing; here it does what it says (`by_hand`).
const NO_OPS: &[&str] = &["replace_numeric", "replace_duration", "replace_list_bidspm"];

/// Variables that are not pybids': of its filter before a coarser rate and its stretched times; of delays counted in tenths of a second; of the
/// Glover response and the dispersion derivative that nilearn had before 0.9.
const OTHERWISE: &[(&str, &[&str])] = &[
    ("todense", &["gain"]),
    ("resample_dense", &["trans_x"]),
    (
        "convolve_fir",
        &["trial_type.face_0", "trial_type.face_1", "trial_type.face_2", "trial_type.face_3"],
    ),
    ("convolve_spm_deriv_disp", &["trial_type.face_dispersion"]),
    ("convolve_glover", &["trial_type.face", "trial_type.house", "trial_type.word"]),
    ("convolve_glover_deriv", &["trial_type.face", "trial_type.face_derivative"]),
    (
        "convolve_glover_deriv_disp",
        &["trial_type.face", "trial_type.face_derivative", "trial_type.face_dispersion"],
    ),
    ("convolve_glover_parametric", &["gain"]),
];

/// The run of datasets/tiny-transforms.
pub fn tiny() -> Option<Variables> {
    let events = common::shared("bids-mini/tiny-transforms/sub-01/func/sub-01_task-t_events.tsv")?;
    let confounds = "bids-mini/tiny-transforms/derivatives/fmriprep/sub-01/func/\
                     sub-01_task-t_desc-confounds_timeseries.tsv";
    let confounds = common::shared(confounds)?;
    let mut variables = Variables::of_run((0..40).map(|k| f64::from(k) * 2.0).collect(), 2.0);
    let mut notes = Notes::default();
    variables.add_events(&tsv::read(&events).unwrap(), &mut notes).unwrap();
    variables.add_rows(&tsv::read(&confounds).unwrap(), &mut notes).unwrap();
    Some(variables)
}

fn golden(version: &str) -> Option<Value> {
    let path = common::shared(&format!("../oracles/bsm/transforms/pybids_{version}.json"))?;
    Some(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
}

/// A number, n/a as not a number, true as 1.
fn number(value: &Value) -> f64 {
    match value {
        Value::Bool(is) => f64::from(u8::from(*is)),
        value => value.as_f64().unwrap_or(f64::NAN),
    }
}

/// The first difference of a variable from the golden one.
fn difference(made: &Variables, name: &str, golden: &Value, case: &str) -> Option<String> {
    let close = |what: &str, own: &[f64], theirs: &[f64]| {
        let largest = theirs.iter().filter(|v| !v.is_nan()).fold(0.0, |m: f64, v| m.max(v.abs()));
        if own.len() != theirs.len() {
            return Some(format!("{what}: {} values for {}", own.len(), theirs.len()));
        }
        let off = own
            .iter()
            .zip(theirs)
            .position(|(a, b)| !((a - b).abs() <= 1e-9 * largest || a.is_nan() && b.is_nan()))?;
        Some(format!("{what}[{off}] = {} for {}", own[off], theirs[off]))
    };
    let array =
        |key: &str| -> Vec<f64> { golden[key].as_array().unwrap().iter().map(number).collect() };
    let variable =
        made.get(name).unwrap_or_else(|| panic!("{case}: no {name} in {:?}", made.names()));
    if golden["kind"] == "sparse" {
        let Variable::Events(events) = variable else { return Some("is not of events".into()) };
        let amplitude = golden["amplitude"].as_array().unwrap();
        if amplitude.iter().any(Value::is_string) {
            let theirs: Vec<&str> = amplitude.iter().map(|v| v.as_str().unwrap()).collect();
            return (texts(made, name) != theirs).then(|| format!("{theirs:?}"));
        }
        return close("onset", &events.onset, &array("onset"))
            .or_else(|| close("duration", &events.duration, &array("duration")))
            .or_else(|| close("amplitude", &values(made, name), &array("amplitude")));
    }
    let samples = made.sampled(name, variable, case).unwrap();
    let hz = match samples.sampling {
        Sampling::Frames => 0.5,
        Sampling::Rate { hz, .. } => hz,
    };
    if hz != number(&golden["sampling_rate"]) {
        return Some(format!("rate {hz}"));
    }
    let (mut own, mut theirs) = (samples.values, array("values"));
    if case == "convolve_with_na" {
        // Behind an event without a value nothing is known to pybids; here it counts as none.
        let known = theirs.iter().position(|v| v.is_nan()).unwrap();
        assert_eq!(known, 96, "the event at 9.6 s has no value");
        own.truncate(known);
        theirs.truncate(known);
    }
    close("value", &own, &theirs)
}

#[test]
fn transformations_equal_pybids_on_its_own_run() {
    let (Some(run), Some(newer), Some(older)) = (tiny(), golden("0.22.0"), golden("0.15.6")) else {
        return;
    };
    let mut compared = 0;
    let mut off = Vec::new();
    for (case, golden) in newer["cases"].as_object().unwrap() {
        // The older version carries out what the newer one's table library refuses.
        let golden = if golden.get("error").is_some() { &older["cases"][case] } else { golden };
        let case = case.as_str();
        let made = after(&run, &golden["instructions"]);
        if golden.get("error").is_some() || REFUSED_HERE.contains(&case) {
            assert_eq!(made.is_ok(), HERE_ONLY.contains(&case), "{case}: {:?}", made.map(|m| m.1));
            continue;
        }
        let (made, _) = made.unwrap_or_else(|error| panic!("{case}: {error}"));
        let removed = golden["removed"].as_array().unwrap();
        for name in removed.iter().map(|name| name.as_str().unwrap()) {
            assert!(made.get(name).is_none(), "{case}: {name} is still there");
        }
        let otherwise = OTHERWISE.iter().find(|(own, _)| *own == case).map_or(&[][..], |o| o.1);
        let changed = golden["changed"].as_object().unwrap();
        for (name, golden) in changed {
            let difference = difference(&made, name, golden, case);
            if otherwise.contains(&name.as_str()) {
                assert!(difference.is_some(), "{case}: {name} is pybids' after all");
                continue;
            }
            compared += 1;
            off.extend(difference.map(|found| format!("{case}: {name}: {found}")));
        }
        for name in run.names().iter().filter(|name| !changed.contains_key(*name)) {
            let is_removed = removed.iter().any(|own| own == name);
            // By text: n/a equals n/a.
            let stays = format!("{:?}", made.get(name)) == format!("{:?}", run.get(name));
            assert!(is_removed || stays || NO_OPS.contains(&case), "{case} changed {name}");
        }
    }
    assert!(off.is_empty(), "{off:#?}");
    assert!(compared > 100, "{compared} variables compared");
}
