//! What rows call the parts of rules, so that no two are called alike.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Error, Result};
use crate::trial::rule::{Part, Rule};

/// Refuse a rule that is given twice.
///
/// # Errors
/// Usage, naming it.
pub(super) fn refuse_twice(rules: &[Rule]) -> Result<()> {
    let twice = |at: &usize| rules[..*at].contains(&rules[*at]);
    match (0..rules.len()).find(twice) {
        Some(at) => Err(Error::usage(
            format!("the responder rule {}", rules[at]),
            "is given twice",
            "be given once",
            "leave one out",
        )),
        None => Ok(()),
    }
}

/// Refuse rows of other parts that are called alike: "a + b" is the name of parts a and b together.
///
/// # Errors
/// Usage, naming both.
pub(super) fn refuse_alike(rules: &[Rule], labels: &[Vec<String>]) -> Result<()> {
    let mut called: BTreeMap<String, &[Part]> = BTreeMap::new();
    for (rule, labels) in rules.iter().zip(labels) {
        let both = together(&rule.parts).zip(together(labels));
        for (parts, name) in both.map(|(parts, labels)| (parts, row(labels))) {
            let other = *called.entry(name.clone()).or_insert(parts);
            if other != parts {
                let said = |parts: &[Part]| Rule { parts: parts.to_vec() }.to_string();
                return Err(Error::usage(
                    format!("the responder rules '{}' and '{}'", said(other), said(parts)),
                    format!("have rows that are both called '{name}'"),
                    "have rows of their own names: parts that are taken together are called by all of them",
                    "give a part a name without ' + '",
                ));
            }
        }
    }
    Ok(())
}

/// Each alone, then the first two, the first three, and so on.
pub(super) fn together<T>(parts: &[T]) -> impl Iterator<Item = &[T]> {
    let alone = parts.chunks(1);
    alone.chain((2..=parts.len()).map(|n| &parts[..n]))
}

/// What a row of parts is called, by their labels.
pub(super) fn row<T: AsRef<str>>(labels: &[T]) -> String {
    labels.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(" + ")
}

/// A label a part, `[rule][part]`: its name; where parts that differ bear one name because none was given, what is asked of each.
///
/// # Errors
/// Usage where two parts that differ were given one name.
pub(super) fn labels(rules: &[Rule]) -> Result<Vec<Vec<String>>> {
    let mut called: BTreeMap<&str, Vec<&Part>> = BTreeMap::new();
    for part in rules.iter().flat_map(|rule| &rule.parts) {
        let same = called.entry(&part.name).or_default();
        if !same.contains(&part) {
            same.push(part);
        }
    }
    for (name, parts) in &called {
        let has_name = parts.iter().any(|part| !part.is_unnamed());
        if let [one, other, ..] = parts[..]
            && has_name
        {
            return Err(Error::usage(
                format!("the responder rules {one} and {other}"),
                format!("are both called '{name}'"),
                "have names of their own, by which tables and page tell them apart",
                format!("such as '{name}30=...' and '{name}50=...'"),
            ));
        }
    }
    let label = |part: &Part| {
        let same = &called[part.name.as_str()];
        let conditions: BTreeSet<String> = same.iter().map(|part| part.condition()).collect();
        match (same.len(), conditions.len() == same.len()) {
            (1, _) => part.name.clone(),
            (_, true) => part.condition(),
            // Columns of one name in several tables.
            (_, false) => part.to_string(),
        }
    };
    Ok(rules.iter().map(|rule| rule.parts.iter().map(label).collect()).collect())
}
