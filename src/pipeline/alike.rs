//! Whether what several subjects are compared by was made alike: the options of the commands that made it, as their sidecars keep them. Numbers of
//! other filters, smoothing or noise are other numbers, and no difference between people.

use serde_json::{Map as Fields, Value};

use crate::design::label::label;
use crate::pipeline::provenance::Named;

/// Options that change the numbers, by their place in a sidecar's command; neither files of one subject nor what is written.
const OPTIONS: [(&str, &str); 20] = [
    ("/smooth/fwhm_mm", "--fwhm"),
    ("/smooth/kernel", "--kernel"),
    ("/noise", "--noise"),
    ("/rho_fwhm_vox", "--rho-fwhm"),
    ("/band_hz", "--band"),
    ("/global_signal", "--global-signal"),
    ("/seed_first_pc", "--seed-first-pc"),
    ("/min_coverage", "--min-coverage"),
    ("/scaling", "--scaling"),
    ("/combine", "--combine"),
    ("/design/columns", "--columns"),
    ("/design/strategy", "--strategy"),
    ("/design/censor", "--censor"),
    ("/design/na", "--na"),
    ("/design/drift", "--drift"),
    ("/design/hrf", "--hrf"),
    ("/design/durations", "--durations"),
    ("/design/modulate", "--modulate"),
    ("/design/trial_type", "--trial-type"),
    ("/design/task_times", "--task-times"),
];
/// So many of those that share a value are named, and so many differences.
const NAMED: usize = 3;
const LISTED: usize = 6;
/// A value is cut behind so many letters.
const LONGEST: usize = 60;

/// An analysis: whose, and by which command.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Participant, and visit where there are several.
    pub who: String,
    /// As its sidecar keeps it.
    pub command: Named,
}

/// What is compared of analyses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared<'a> {
    /// The map of a contrast, or of the seed of this name.
    Map(Option<&'a str>),
    /// Every edge between regions.
    Edges,
}

/// In which options analyses differ, and who has what; none where they are alike, as far as it is known.
#[must_use]
pub fn differences(all: &[Asked], compared: Compared<'_>) -> Option<String> {
    let mut found = Vec::new();
    let mut look = |option: &str, value: &dyn Fn(&Named) -> String| {
        let values = all.iter().map(|one| (value(&one.command), one.who.as_str()));
        found.extend(difference(option, values));
    };
    look("boldly", &|command| command.name.clone());
    for (place, option) in OPTIONS {
        look(option, &|command| shown(at(&command.options, place)));
    }
    // Orders that each run chose are its own.
    let terms = |command: &Named| match at(&command.options, "/design/order") {
        Some(order) if !order.is_null() => "chosen".to_owned(),
        _ if !of_runs(&command.options, "physio") => "no --physio".to_owned(),
        _ => shown(at(&command.options, "/design/terms")),
    };
    look("--terms", &terms);
    match compared {
        Compared::Map(None) => {}
        Compared::Map(Some(seed)) => look("--seed", &|command| seeds(&command.options, seed)),
        Compared::Edges => {
            look("--seed", &|command| shown(at(&command.options, "/seeds/given")));
            look("--regions", &|command| shown(at(&command.options, "/regions/given")));
        }
    }
    if found.is_empty() {
        return None;
    }
    let more = match found.len().checked_sub(LISTED) {
        Some(more @ 1..) => format!("; and {more} options more"),
        _ => String::new(),
    };
    found.truncate(LISTED);
    Some(format!("{}{more}", found.join("; ")))
}

/// Who has which value, the rarest first; none where all have one.
fn difference<'a>(option: &str, values: impl Iterator<Item = (String, &'a str)>) -> Option<String> {
    let mut of_values: Vec<(String, Vec<&str>)> = Vec::new();
    for (value, who) in values {
        match of_values.iter_mut().find(|(other, _)| *other == value) {
            Some((_, all)) if !all.contains(&who) => all.push(who),
            Some(_) => {}
            None => of_values.push((value, vec![who])),
        }
    }
    if of_values.len() < 2 {
        return None;
    }
    of_values.sort_by_key(|(_, who)| who.len());
    let said = of_values.iter().map(|(value, who)| {
        let more = match who.len().checked_sub(NAMED) {
            Some(more @ 1..) => format!(" and {more} more"),
            _ => String::new(),
        };
        let named = who.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
        format!("{value} ({named}{more})")
    });
    Some(format!("{option} {}", said.collect::<Vec<_>>().join(", ")))
}

fn at<'a>(options: &'a Fields<String, Value>, place: &str) -> Option<&'a Value> {
    let mut keys = place.split('/').skip(1);
    let first = options.get(keys.next()?)?;
    keys.try_fold(first, |value, key| value.get(key))
}

/// Whether any run has such files.
fn of_runs(options: &Fields<String, Value>, what: &str) -> bool {
    let runs = options.get("runs").and_then(Value::as_array);
    let has = |run: &Value| run.get(what).and_then(Value::as_array).is_some_and(|f| !f.is_empty());
    runs.is_some_and(|runs| runs.iter().any(has))
}

/// The seed of a map; the files of seeds where none is named so.
fn seeds(options: &Fields<String, Value>, seed: &str) -> String {
    let given = at(options, "/seeds/given").and_then(Value::as_array);
    let given = given.map_or(&[][..], Vec::as_slice);
    let name = |one: &Value| one.get("name").and_then(Value::as_str).and_then(|n| label(n).ok());
    let own: Vec<Value> =
        given.iter().filter(|one| name(one).as_deref() == Some(seed)).cloned().collect();
    let files = || given.iter().filter(|one| one.is_string()).cloned().collect();
    shown(Some(&Value::Array(if own.is_empty() { files() } else { own })))
}

/// A value in a line.
fn shown(value: Option<&Value>) -> String {
    let text = value.map_or(String::new(), words);
    match text.char_indices().nth(LONGEST) {
        // What is cut still differs where its end does.
        Some((cut, _)) => {
            format!("{}... ({} letters, {:08x})", &text[..cut], text.len(), sum(&text))
        }
        None if text.is_empty() => "none".to_owned(),
        None => text,
    }
}

fn sum(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

fn words(value: &Value) -> String {
    let joined = |all: Vec<String>| all.into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>();
    match value {
        Value::Null | Value::Bool(false) => String::new(),
        Value::Bool(true) => "given".to_owned(),
        Value::Number(number) => number.as_f64().map_or(number.to_string(), |n| n.to_string()),
        Value::String(text) => common(text),
        Value::Array(all) => joined(all.iter().map(words).collect()).join(","),
        Value::Object(fields) => {
            let field = |(key, value): (&String, &Value)| match (key.as_str(), words(value)) {
                (_, text) if text.is_empty() => text,
                ("name", text) => format!("{text}="),
                (key, text) => format!("{key}:{text}"),
            };
            joined(fields.iter().map(field).collect()).join(" ")
        }
    }
}

/// A file by its name, without what names of one subject's files have of their own.
fn common(text: &str) -> String {
    let name = text.rsplit('/').next().unwrap_or(text);
    let is_own = |part: &&str| ["sub-", "ses-", "run-"].iter().any(|key| part.starts_with(key));
    name.split('_').filter(|part| !is_own(part)).collect::<Vec<_>>().join("_")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(who: &str, options: Value) -> Asked {
        let options = options.as_object().cloned().unwrap_or_default();
        let command = Named { name: "connect".to_owned(), options };
        Asked { who: who.to_owned(), command }
    }

    #[test]
    fn options_that_change_numbers_are_compared_and_files_by_names_without_their_subjects() {
        let mask = |name: &str| json!({"given": [{"name": "i", "shape": {"mask": name}}]});
        let one = |who: &str, name: &str, fwhm: f64| {
            asked(who, json!({"smooth": {"fwhm_mm": fwhm}, "seeds": mask(name), "min_dof": fwhm}))
        };
        let all = [one("sub-1", "a/sub-1_i.nii", 6.0), one("sub-2", "b/sub-2_i.nii", 6.0)];
        assert_eq!(differences(&all, Compared::Map(Some("i"))), None);
        let all = [all, [one("sub-3", "other.nii", 0.0), one("sub-4", "i.nii", 6.0)]].concat();
        let said = differences(&all, Compared::Map(Some("i"))).unwrap_or_default();
        assert_eq!(
            said,
            "--fwhm 0 (sub-3), 6 (sub-1, sub-2, sub-4); --seed i= shape:mask:other.nii (sub-3), i= shape:mask:i.nii (sub-1, sub-2, sub-4)"
        );
        assert!(!differences(&all, Compared::Map(None)).unwrap_or_default().contains("--seed"));
    }
}
