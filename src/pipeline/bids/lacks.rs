//! Columns that X names and runs lack, of all runs at once.

use super::named::listed;
use crate::error::Error;

/// A name, and the runs that lack it.
struct Lack {
    /// Of the node.
    pointer: String,
    name: String,
    /// What may be meant, of the first run.
    near: String,
    whose: Vec<String>,
}

/// Names in the order in which they are missed.
#[derive(Default)]
pub(super) struct Lacks(Vec<Lack>);

impl Lacks {
    /// A run lacks a variable that a node's X names. `near`: what may be meant.
    pub fn add(&mut self, pointer: &str, (name, near): (&str, &str), whose: &str) {
        match self.0.iter_mut().find(|own| own.pointer == pointer && own.name == name) {
            Some(own) => own.whose.push(whose.to_owned()),
            None => self.0.push(Lack {
                pointer: pointer.to_owned(),
                name: name.to_owned(),
                near: near.to_owned(),
                whose: vec![whose.to_owned()],
            }),
        }
    }

    /// Whether no run lacks any.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them as one error; none where no run lacks any. One name that one run lacks is said as any other name is.
    pub fn error(&self) -> Option<Error> {
        let first = self.0.first()?;
        let place = format!("{}/Model/X", first.pointer);
        if let ([one], [whose]) = (&*self.0, &*first.whose) {
            let thing = format!("`{}` of {place} of {whose}", one.name);
            return Some(Error::bad_data(thing, "is no variable", "be one", one.near.clone()));
        }
        // Names that the same runs lack are one entry.
        let mut entries: Vec<(Vec<&Lack>, &[String])> = Vec::new();
        for lack in &self.0 {
            match entries.iter_mut().find(|(_, whose)| **whose == lack.whose) {
                Some((names, _)) => names.push(lack),
                None => entries.push((vec![lack], &lack.whose)),
            }
        }
        let entry = |(lacks, whose): &(Vec<&Lack>, &[String])| {
            let names: Vec<String> = lacks.iter().map(|own| format!("`{}`", own.name)).collect();
            let near: Vec<&str> = lacks
                .iter()
                .map(|own| own.near.as_str())
                .filter(|near| near.starts_with("did you mean"))
                .collect();
            let near =
                if near.is_empty() { String::new() } else { format!(" ({})", near.join(" ")) };
            let whose = match whose {
                [one] => one.clone(),
                all => format!("{} runs: {}", all.len(), listed(all)),
            };
            format!("{} of {whose}{near}", names.join(", "))
        };
        let entries: Vec<String> = entries.iter().map(entry).collect();
        let n = match self.0.len() {
            1 => "what is no variable of some runs".to_owned(),
            n => format!("{n} that are no variables of some runs"),
        };
        Some(Error::bad_data(
            place,
            format!("names {n}: {}", entries.join("; ")),
            "name variables that every run has",
            "--missing-variable drop fits such runs without them, and says so",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_the_same_runs_lack_stand_together_and_none_is_left_out() {
        let mut lacks = Lacks::default();
        assert!(lacks.error().is_none() && lacks.is_empty());
        lacks.add("/Nodes/0", ("csf", "did you mean `csf_wm`?"), "sub-01");
        let one = lacks.error().expect("one").to_string();
        assert_eq!(
            one,
            "`csf` of /Nodes/0/Model/X of sub-01 is no variable; it must be one; did you mean `csf_wm`?"
        );
        lacks.add("/Nodes/0", ("wm", "there are the variables a"), "sub-01");
        lacks.add("/Nodes/0", ("rot", ""), "sub-02");
        lacks.add("/Nodes/0", ("rot", ""), "sub-03");
        let all = lacks.error().expect("several").to_string();
        assert!(
            all.starts_with(
                "/Nodes/0/Model/X names 3 that are no variables of some runs: `csf`, `wm` of sub-01 (did you mean `csf_wm`?); `rot` of 2 runs: sub-02, sub-03; it must"
            ),
            "{all}"
        );
    }
}
