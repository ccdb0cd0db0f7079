//! The columns of `Model.Formula`: terms multiplied out, with a column for each level of `C(v)`.
//!
//! A level is left out (`[T.level]`, the first being the reference) where the columns before hold the term without that variable already;
//! else all levels have one (`[level]`), as patsy does.

use super::{INTERCEPT, column, values_of};
use crate::bids::formula::{Factor, Formula};
use crate::bids::model::{Level, Node};
use crate::bids::variables::{Value, Variables};
use crate::bids::{Notes, transform};
use crate::error::{Error, Result};

/// Names and values of columns.
type Named = Vec<(String, Vec<f64>)>;

/// The most columns of a formula.
const MOST: usize = 1000;

/// So many names stand in a remark.
const LISTED: usize = 8;

/// A factor of levels in a product, and whether all its levels have a column there or all but the first.
type Coded<'a> = (&'a Factor, bool);

/// The columns of a formula, the intercept first. Terms without numbers come first, then those of each product of numbers; within these the
/// shorter before the longer. Source: patsy's "How formulas work", Smith et al., whose rule of coding is that of S (Chambers and Hastie 1992).
pub fn columns(
    formula: &Formula,
    variables: &Variables,
    place: &str,
    notes: &mut Notes,
) -> Result<Named> {
    let mut made: Named = Vec::new();
    for terms in of_numbers(formula) {
        // Products of factors of which the columns so far hold the columns.
        let mut held: Vec<Vec<&Factor>> = Vec::new();
        for term in terms {
            let levels: Vec<&Factor> =
                term.iter().copied().filter(|f| matches!(f, Factor::Levels(_))).collect();
            for coded in codings(&levels, &mut held) {
                let product = product(&term, &coded, variables, (place, notes))?;
                if made.len() + product.len() > MOST {
                    let found = format!("gives more than {MOST} columns");
                    return Err(Error::bad_data(place, found, "give fewer", ""));
                }
                made.extend(product);
            }
        }
    }
    Ok(made)
}

/// What X and the formula do not both name, where there is a formula: that is what holds. `meant`: the columns that an entry of X means.
pub fn disagreements(node: &Node, meant: impl Fn(&str) -> Vec<String>, notes: &mut Notes) {
    let Some(formula) = &node.formula else { return };
    let place = format!("{}/Model/Formula", node.pointer);
    let mut own: Vec<String> = formula.variables().into_iter().map(str::to_owned).collect();
    // A run's model has a constant whatever its formula says: it is added where it is not there.
    let is_added = |name: &String| node.level == Level::Run && name == INTERCEPT;
    own.extend(formula.intercept.then(|| INTERCEPT.to_owned()));
    let mut of_x: Vec<String> = Vec::new();
    for name in node.x.iter().flat_map(|wanted| meant(wanted)) {
        if !of_x.contains(&name) {
            of_x.push(name);
        }
    }
    let only = |these: &[String], others: &[String]| -> Vec<String> {
        these.iter().filter(|name| !others.contains(name)).cloned().collect()
    };
    let (mut idle, more) = (only(&of_x, &own), only(&own, &of_x));
    idle.retain(|name| !is_added(name));
    if !idle.is_empty() {
        let said = "is what is fitted: X names more, which is not in the model";
        notes.add(&place, format!("{said}: {}", listed(&idle)));
    }
    if !more.is_empty() {
        notes.add(
            &place,
            format!("has what X does not name, which is in the model: {}", listed(&more)),
        );
    }
}

/// Names for a message, the first of many.
fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(LISTED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// The terms of a formula by the numbers in them, those without first, and each time the shorter ones first.
fn of_numbers(formula: &Formula) -> Vec<Vec<Vec<&Factor>>> {
    let intercept = formula.intercept.then(Vec::new);
    let terms = formula.terms.iter().map(|term| term.iter().collect::<Vec<&Factor>>());
    let mut all: Vec<(Vec<&Factor>, Vec<Vec<&Factor>>)> = vec![(Vec::new(), Vec::new())];
    for term in intercept.into_iter().chain(terms) {
        let numbers = term.iter().copied().filter(|f| matches!(f, Factor::Column(_)));
        let mut numbers: Vec<&Factor> = numbers.collect();
        numbers.sort();
        match all.iter_mut().find(|(own, _)| *own == numbers) {
            Some((_, terms)) => terms.push(term),
            None => all.push((numbers, vec![term])),
        }
    }
    all.iter_mut().for_each(|(_, terms)| terms.sort_by_key(Vec::len));
    all.into_iter().map(|(_, terms)| terms).collect()
}

/// How a term's factors of levels are coded so that its columns hold what none before holds: one product of codings, or several.
fn codings<'a>(levels: &[&'a Factor], held: &mut Vec<Vec<&'a Factor>>) -> Vec<Vec<Coded<'a>>> {
    let mut subsets: Vec<usize> = (0..1usize << levels.len()).collect();
    subsets.sort_by_key(|subset| subset.count_ones());
    let mut codings: Vec<Vec<Coded>> = Vec::new();
    for subset in subsets {
        let chosen = levels.iter().enumerate().filter(|(k, _)| subset >> k & 1 == 1);
        let mut chosen: Vec<&Factor> = chosen.map(|(_, factor)| *factor).collect();
        chosen.sort();
        if !held.contains(&chosen) {
            codings.push(chosen.iter().map(|factor| (*factor, false)).collect());
            held.push(chosen);
        }
    }
    // What is held without a factor and with all its levels but one is held with all of them.
    while let Some((short, long, factor)) = absorbed(&codings) {
        for coded in codings[long].iter_mut().filter(|coded| coded.0 == factor) {
            coded.1 = true;
        }
        codings.remove(short);
    }
    codings
}

/// The first coding that a later one can take in, that one, and the factor that has all levels then.
fn absorbed<'a>(codings: &[Vec<Coded<'a>>]) -> Option<(usize, usize, &'a Factor)> {
    for (short, own) in codings.iter().enumerate() {
        for (long, other) in codings.iter().enumerate().skip(short + 1) {
            let mut more = other.iter().filter(|coded| !own.contains(coded));
            if let (Some((factor, false)), None) = (more.next(), more.next())
                && own.len() + 1 == other.len()
            {
                return Some((short, long, factor));
            }
        }
    }
    None
}

/// The columns of a term with these of its factors of levels, those of the first factor varying fastest.
fn product(
    term: &[&Factor],
    coded: &[Coded<'_>],
    variables: &Variables,
    (place, notes): (&str, &mut Notes),
) -> Result<Named> {
    let mut product: Named = vec![(String::new(), vec![1.0; variables.n_rows()])];
    for factor in term {
        let own = match factor {
            Factor::Column(name) => vec![(name.clone(), column(variables, name, place, notes)?)],
            Factor::Levels(name) => match coded.iter().find(|(own, _)| own == factor) {
                Some((_, all)) => of_levels(variables, name, !all, (place, notes))?,
                None => continue,
            },
        };
        product = times(&product, &own);
    }
    for (name, _) in product.iter_mut().filter(|(name, _)| name.is_empty()) {
        *name = INTERCEPT.to_owned();
    }
    Ok(product)
}

fn times(before: &Named, own: &Named) -> Named {
    let both = |(name, values): &(String, Vec<f64>), (more, by): &(String, Vec<f64>)| {
        let name = if name.is_empty() { more.clone() } else { format!("{name}:{more}") };
        (name, values.iter().zip(by).map(|(a, b)| a * b).collect())
    };
    own.iter().flat_map(|b| before.iter().map(move |a| both(a, b))).collect()
}

/// A column of 0 and 1 for each level.
fn of_levels(
    variables: &Variables,
    name: &str,
    is_reduced: bool,
    (place, notes): (&str, &mut Notes),
) -> Result<Named> {
    let values = values_of(variables, name, place)?;
    transform::doubts_of_levels(name, &values).iter().for_each(|doubt| notes.add(place, doubt));
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
