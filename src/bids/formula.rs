//! `Model.Formula`: the columns of X multiplied with each other, in Wilkinson's notation.
//!
//! Terms are joined by `+`: `1` and `0` (the intercept, or none; `- 1` is `0`), a column, a product `a:b`, `a * b` (which is `a + b + a:b`), and
//! `C(v)`: a column for each level of a variable of texts, the first left out where there is an intercept. Source: Wilkinson and
//! Rogers 1973, Appl Stat 22:392; names as patsy gives them: `a:b`, `C(group)[T.level]`, `C(group)[level]`.

use super::place::short;
use crate::error::{Error, Result};

/// Longest formula in bytes, and most terms and factors in it.
const LONGEST: usize = 10_000;
const MOST: usize = 200;

/// A formula.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formula {
    /// As it was written.
    pub text: String,
    /// Whether it has an intercept.
    pub intercept: bool,
    /// Products of factors, in order; each once.
    pub terms: Vec<Vec<Factor>>,
}

/// A factor of a product.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Factor {
    /// A column of numbers.
    Column(String),
    /// A column for each level of a variable.
    Levels(String),
}

impl Formula {
    /// What a formula says. What stands left of `~` must be nothing: the data are what is predicted.
    ///
    /// # Errors
    /// Bad data: neither `0` nor `1` among the terms, or both; an operator or function that is not known here; no terms; more than 10,000
    /// letters or 200 terms.
    pub fn read(text: &str, pointer: &str) -> Result<Formula> {
        let refuse = |found: String, expected: &str| {
            Error::bad_data(pointer, found, expected, "write 1 + a, 0 + a:b, 1 + a * b or 0 + C(a)")
        };
        if text.len() > LONGEST {
            return Err(refuse(format!("has {} letters", text.len()), "have at most 10000"));
        }
        let right = match text.split_once('~') {
            Some((left, right)) if left.trim().is_empty() => right,
            Some(_) => {
                return Err(refuse(
                    format!("is {:?}", short(text)),
                    "have nothing left of ~: images are predicted",
                ));
            }
            None => text,
        };
        let mut formula = Formula { text: text.trim().to_owned(), intercept: false, terms: vec![] };
        let mut said = None;
        for term in right.split('+').flat_map(without_subtracted) {
            match term {
                "0" | "1" if said.is_some_and(|before| before != term) => {
                    return Err(refuse(format!("is {:?}", short(text)), "have 0 or 1, not both"));
                }
                "0" | "1" => said = Some(term),
                _ => formula.add(term).map_err(|why| refuse(why, "have terms joined by +"))?,
            }
            if formula.terms.len() > MOST {
                return Err(refuse(format!("has more than {MOST} terms"), "have fewer"));
            }
        }
        let Some(said) = said else {
            let found = format!("is {:?}, with neither 0 nor 1", short(text));
            return Err(refuse(found, "have a term 1 (an intercept) or 0 (none)"));
        };
        formula.intercept = said == "1";
        Ok(formula)
    }

    /// Adds a term, its crossings multiplied out.
    fn add(&mut self, term: &str) -> std::result::Result<(), String> {
        if term.contains("**") {
            return Err(format!("has ** in {:?}: Power makes a column of squares", short(term)));
        }
        if term.contains('?')
            || term.contains('*') && term.split('*').any(|of| of.trim().is_empty())
        {
            return Err(format!(
                "has {:?}: no pattern of names is taken here as in X, and * multiplies two columns; name each column",
                short(term)
            ));
        }
        let crossed = term.split('*').map(product).collect::<std::result::Result<Vec<_>, _>>()?;
        if crossed.len() > 6 {
            return Err(format!("has {} variables crossed in a term", crossed.len()));
        }
        let mut subsets: Vec<usize> = (1..1usize << crossed.len()).collect();
        subsets.sort_by_key(|subset| subset.count_ones());
        for subset in subsets {
            let chosen = crossed.iter().enumerate().filter(|(i, _)| subset >> i & 1 == 1);
            let mut factors: Vec<Factor> = Vec::new();
            for factor in chosen.flat_map(|(_, product)| product) {
                if !factors.contains(factor) {
                    factors.push(factor.clone());
                }
            }
            let is_known = |own: &Vec<Factor>| {
                own.len() == factors.len() && factors.iter().all(|factor| own.contains(factor))
            };
            if !self.terms.iter().any(is_known) {
                self.terms.push(factors);
            }
        }
        Ok(())
    }

    /// The variables that it names, each once.
    #[must_use]
    pub fn variables(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for factor in self.terms.iter().flatten() {
            let (Factor::Column(name) | Factor::Levels(name)) = factor;
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }
}

/// A term with what is taken from it as terms of their own: `- 1` is `0`, and `- 0` is `1`. Nothing else can be taken away.
fn without_subtracted(term: &str) -> Vec<&str> {
    let (mut term, mut all) = (term.trim(), Vec::new());
    while let Some((before, taken)) = term.rsplit_once('-') {
        all.push(match taken.trim() {
            "1" => "0",
            "0" => "1",
            _ => break,
        });
        term = before.trim();
    }
    if !term.is_empty() || all.is_empty() {
        all.push(term);
    }
    all.reverse();
    all
}

/// Factors joined by `:`.
fn product(text: &str) -> std::result::Result<Vec<Factor>, String> {
    text.split(':').map(|factor| one(factor.trim())).collect()
}

fn one(text: &str) -> std::result::Result<Factor, String> {
    let inside = text.strip_prefix("C(").and_then(|rest| rest.strip_suffix(')'));
    let name = inside.unwrap_or(text).trim();
    let name = name.strip_prefix("Q(\"").and_then(|rest| rest.strip_suffix("\")")).unwrap_or(name);
    if name.is_empty() {
        return Err("has an empty term".into());
    }
    if let Some(operator) = name.chars().find(|c| "()/|^%-~,".contains(*c)) {
        let known = if operator == '-' { " (of what is taken away 1 alone is: - 1)" } else { "" };
        let name = short(name);
        return Err(format!("has {operator:?} in {name:?}, which is not known here{known}"));
    }
    if name.parse::<f64>().is_ok() {
        return Err(format!("has the number {} as a factor", short(name)));
    }
    let name = name.to_owned();
    Ok(if inside.is_some() { Factor::Levels(name) } else { Factor::Column(name) })
}
