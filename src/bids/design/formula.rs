//! The columns of `Model.Formula`: terms multiplied out, with a column for each level of `C(v)`.
//!
//! A level is left out (`[T.level]`, the first being the reference) where the columns before hold the term without that variable already;
//! else all levels have one (`[level]`), as patsy does.

use super::{INTERCEPT, column, values_of};
use crate::bids::Notes;
use crate::bids::formula::{Factor, Formula};
use crate::bids::variables::{Value, Variables};
use crate::error::{Error, Result};

/// Names and values of columns.
type Named = Vec<(String, Vec<f64>)>;

/// The most columns of a formula.
const MOST: usize = 1000;

/// The columns of a formula, the intercept first.
pub fn columns(
    formula: &Formula,
    variables: &Variables,
    place: &str,
    notes: &mut Notes,
) -> Result<Named> {
    let mut made: Named = Vec::new();
    // What the columns so far hold: products of variables.
    let mut held: Vec<Vec<&Factor>> = Vec::new();
    if formula.intercept {
        made.push((INTERCEPT.to_owned(), vec![1.0; variables.n_rows()]));
        held.push(Vec::new());
    }
    for term in &formula.terms {
        let all: Vec<&Factor> = term.iter().collect();
        let levels: Vec<&Factor> =
            all.iter().copied().filter(|f| matches!(f, Factor::Levels(_))).collect();
        let less = |gone: &Factor| -> Vec<&Factor> {
            all.iter().copied().filter(|f| *f != gone).collect()
        };
        let holds = |held: &[Vec<&Factor>], wanted: &[&Factor]| {
            let same = |own: &Vec<&Factor>| {
                own.len() == wanted.len() && wanted.iter().all(|f| own.contains(f))
            };
            held.iter().any(same)
        };
        let reduced: Vec<bool> = levels.iter().map(|gone| holds(&held, &less(gone))).collect();
        if reduced.iter().any(|r| *r) && reduced.iter().any(|r| !*r) {
            return Err(Error::bad_data(
                place,
                format!(
                    "has a term of {} factors of which some stand alone and others do not",
                    levels.len()
                ),
                "have all of them as terms of their own, or none",
                "write C(a) * C(b), or make columns with Factor and Product",
            ));
        }
        let is_reduced = reduced.first().copied().unwrap_or(false);
        let mut product: Named = vec![(String::new(), vec![1.0; variables.n_rows()])];
        for factor in term {
            let own = match factor {
                Factor::Column(name) => {
                    vec![(name.clone(), column(variables, name, place, notes)?)]
                }
                Factor::Levels(name) => of_levels(variables, name, is_reduced, place)?,
            };
            product = times(&product, &own);
            if made.len() + product.len() > MOST {
                let found = format!("gives more than {MOST} columns");
                return Err(Error::bad_data(place, found, "give fewer", ""));
            }
        }
        made.extend(product);
        held.push(all.clone());
        if !is_reduced {
            // All levels together hold what the term without them says.
            let numbers = all.iter().copied().filter(|f| matches!(f, Factor::Column(_)));
            held.push(numbers.collect());
            held.extend(levels.iter().map(|gone| less(gone)));
        }
    }
    Ok(made)
}

fn times(before: &Named, own: &Named) -> Named {
    let both = |(name, values): &(String, Vec<f64>), (more, by): &(String, Vec<f64>)| {
        let name = if name.is_empty() { more.clone() } else { format!("{name}:{more}") };
        (name, values.iter().zip(by).map(|(a, b)| a * b).collect())
    };
    before.iter().flat_map(|a| own.iter().map(move |b| both(a, b))).collect()
}

/// A column of 0 and 1 for each level.
fn of_levels(variables: &Variables, name: &str, is_reduced: bool, place: &str) -> Result<Named> {
    let values = values_of(variables, name, place)?;
    let mut levels: Vec<&Value> = Vec::new();
    for (at, value) in values.iter().enumerate() {
        if *value == Value::Missing {
            return Err(Error::bad_data(
                format!("`{name}` of {place}"),
                format!("has no value (n/a) for input {}", at + 1),
                "have a level for each input",
                "leave that input out, or complete the table",
            ));
        }
        if !levels.contains(&value) {
            levels.push(value);
        }
    }
    levels.sort_by(|a, b| match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.total_cmp(b),
        (a, b) => a.to_string().cmp(&b.to_string()),
    });
    let named = |level: &&Value| {
        let prefix = if is_reduced { "T." } else { "" };
        let own = values.iter().map(|value| f64::from(u8::from(value == *level))).collect();
        (format!("C({name})[{prefix}{level}]"), own)
    };
    Ok(levels.iter().skip(usize::from(is_reduced)).map(named).collect())
}
