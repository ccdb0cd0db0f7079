//! Names that mean several columns: patterns of conditions, their mean, and the basis set of one.

use super::{Parser, Value, is_word};
use crate::design::similar;
use crate::error::Result;

/// What stands behind a condition to mean its whole basis set.
pub(super) const BASIS: &str = ":basis";

/// Whether a name is a pattern.
pub(super) fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?'])
}

/// The condition of a column: without the suffix that derivatives and delays have.
fn stem(name: &str) -> &str {
    for suffix in ["_derivative", "_dispersion"] {
        if let Some(stem) = name.strip_suffix(suffix) {
            return stem;
        }
    }
    match name.rsplit_once("_delay_") {
        Some((stem, delay)) if delay.parse::<usize>().is_ok() => stem,
        _ => name,
    }
}

/// Columns that stand for a condition as a whole: no derivative, modulator, drift or constant; among the first `n_task`, where
/// that is known.
pub(super) fn conditions(names: &[String], n_task: usize) -> Vec<usize> {
    let drift = |name: &str| {
        ["drift_", "cosine"].iter().any(|start| {
            let number = name.strip_prefix(start);
            number.is_some_and(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit()))
        })
    };
    let is_column = |name: &str| names.iter().any(|n| n == name);
    let is_condition = |at: &usize| {
        let name = names[*at].as_str();
        let part = stem(name) != name && is_column(stem(name));
        let modulator = name.rsplit_once(':').is_some_and(|(of, _)| is_column(of));
        !(part || modulator || drift(name) || name == "constant")
    };
    let known = if n_task > 0 { n_task } else { names.len() };
    (0..known.min(names.len())).filter(is_condition).collect()
}

impl Parser<'_> {
    /// The weights of a set that begins here: `pain*`, `mean(a, b)`, `pain:basis`; none where none does.
    pub(super) fn set_here(&mut self) -> Result<Option<Vec<f64>>> {
        self.skip_blanks();
        let of_column = self.column_here().map_or(0, |(_, length)| length);
        if self.rest().starts_with("mean(") && of_column <= "mean".len() {
            return self.mean().map(Some);
        }
        if let Some(stem) = self.basis_here().filter(|stem| stem.len() + BASIS.len() > of_column) {
            let column = self.function_of(&stem)?;
            self.named.push(self.at..self.at + stem.len());
            self.at += stem.len() + BASIS.len();
            return Ok(Some(self.each(&[column])));
        }
        match self.pattern_here().filter(|pattern| pattern.len() > of_column) {
            None => Ok(None),
            Some(pattern) => {
                let columns = self.matching(&pattern)?;
                self.at += pattern.len();
                Ok(Some(self.each(&columns)))
            }
        }
    }

    /// The columns of a condition that has none of its own name: of each delay.
    pub(super) fn columns_of(&self, condition: &str) -> Vec<String> {
        self.names.iter().filter(|name| stem(name) == condition).cloned().collect()
    }

    /// A weight of 1 for each of these, of the mean over runs.
    pub(super) fn each(&self, columns: &[usize]) -> Vec<f64> {
        let mut weights = vec![0.0; 2 * self.names.len()];
        columns.iter().for_each(|&column| weights[column] += 1.0);
        weights
    }

    /// `mean(a, b, pain*)`: every column that is named weighs as much.
    fn mean(&mut self) -> Result<Vec<f64>> {
        self.at += "mean(".len();
        let (mut sum, mut count) = (self.each(&[]), 0.0);
        loop {
            let named = match self.peek() {
                Some(quote @ ('"' | '\'' | '`')) => match self.quoted(quote)? {
                    Value::Weights(weights) => Some(weights),
                    Value::Number(_) => None,
                },
                _ => self.named_here()?,
            };
            let Some(named) = named else {
                let is_name = self.peek().is_some_and(|c| c.is_alphabetic() || c == '_');
                if is_name && !self.rest().starts_with("mean(") {
                    return Err(self.unknown());
                }
                return Err(self.error(
                    "has something else than columns in mean()",
                    "name columns in it, separated by commas",
                    "write mean(a, b) - mean(c, d) for a difference of means",
                ));
            };
            // A column counts as well where it is of another run than is read for.
            count += named.iter().sum::<f64>();
            let named = self.of_its_run(named)?;
            sum.iter_mut().zip(named).for_each(|(sum, weight)| *sum += weight);
            match self.peek() {
                Some(',') => self.skip(','),
                Some(')') => break,
                None => return Err(self.error("has an open mean()", "close each parenthesis", "")),
                Some(_) => return Err(self.unexpected("have a comma or ) in mean()")),
            }
        }
        self.skip(')');
        sum.iter_mut().for_each(|weight| *weight /= count);
        Ok(sum)
    }

    /// A pattern, a basis set or a column that begins here.
    fn named_here(&mut self) -> Result<Option<Vec<f64>>> {
        if self.rest().starts_with("mean(") {
            return Ok(None);
        }
        if let Some(weights) = self.set_here()? {
            return Ok(Some(weights));
        }
        let Some((column, length)) = self.column_here() else { return Ok(None) };
        self.named.push(self.at..self.at + length);
        self.at += length;
        Ok(Some(self.each(&[column])))
    }

    /// The conditions that a pattern means.
    pub(super) fn matching(&mut self, pattern: &str) -> Result<Vec<usize>> {
        let glob = glob::Pattern::new(&pattern.replace('[', "[[]")).ok();
        let fits = |&&at: &&usize| glob.as_ref().is_some_and(|g| g.matches(&self.names[at]));
        let columns: Vec<usize> = self.conditions.iter().filter(fits).copied().collect();
        if columns.is_empty() {
            let all: Vec<String> =
                self.conditions.iter().map(|&at| self.names[at].clone()).collect();
            return Err(self.error(
                &format!("has the pattern `{pattern}`, which matches no condition"),
                "match one or more",
                &similar::listing(&all),
            ));
        }
        let known = (pattern.to_owned(), columns.clone());
        if !self.meant.contains(&known) {
            self.meant.push(known);
        }
        Ok(columns)
    }

    /// A pattern that begins here: a word with `*` or `?` in it. What a column or number stands before is a product: `pain*2`.
    fn pattern_here(&mut self) -> Option<String> {
        if self.number_here().is_some() {
            return None;
        }
        let rest = self.rest();
        let inside = |c: char| is_word(c) || c == '*' || c == '?';
        let word = &rest[..rest.find(|c| !inside(c)).unwrap_or(rest.len())];
        if !is_pattern(word) {
            return None;
        }
        if let Some(star) = word.find('*') {
            let is_column = |name: &str| self.names.iter().any(|n| n == name);
            let after = &rest[star + 1..];
            let blank = after.starts_with(char::is_whitespace);
            let next = after.trim_start();
            let next = if blank { next } else { next.trim_start_matches(['-', '+']) };
            let factor = next.starts_with(|c: char| c.is_ascii_digit() || c == '.' || c == '(');
            if is_column(&word[..star]) && (factor || is_column(&word[star + 1..])) {
                return None;
            }
        }
        Some(word.to_owned())
    }

    /// The longest condition that begins here with `:basis` behind it.
    fn basis_here(&self) -> Option<String> {
        let rest = self.rest();
        let stems = self.names.iter().map(|name| stem(name));
        let here = |stem: &&str| {
            let after = rest.strip_prefix(*stem).and_then(|after| after.strip_prefix(BASIS));
            after.is_some_and(|after| !after.starts_with(is_word))
        };
        stems.filter(here).max_by_key(|stem| stem.len()).map(str::to_owned)
    }

    /// The column of the function that is being read of a condition's basis set.
    pub(super) fn function_of(&mut self, condition: &str) -> Result<usize> {
        let names = self.names;
        let suffix = |name: &String| {
            let own = name == condition || stem(name) == condition;
            own.then(|| name[condition.len()..].to_owned())
        };
        let suffixes: Vec<String> = names.iter().filter_map(suffix).collect();
        if suffixes.is_empty() {
            return Err(self.no_column(condition));
        }
        let (read, reading) = self.basis.get_or_insert_with(|| (suffixes.clone(), 0));
        let column = format!("{condition}{}", read[*reading]);
        if *read != suffixes {
            return Err(self.error(
                &format!("joins `{condition}{BASIS}` with a basis set of other columns"),
                "join basis sets of the same columns",
                "give each a row of its own, parted by ;",
            ));
        }
        names.iter().position(|name| *name == column).ok_or_else(|| self.no_column(&column))
    }
}
