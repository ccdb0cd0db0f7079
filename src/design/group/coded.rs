//! A formula's columns. Source: patsy 1.0, "Redundancy and categorical factors": a factor has a column for each level but the first
//! where the levels' sum is already spanned, else one for each.

use ndarray::Array2;

use super::formula::{Formula, Term, Variable};
use super::sample::{Sample, sensible};
use crate::error::{Error, Result};

/// A term with more variables is a slip.
const MOST_VARIABLES: usize = 8;

/// The columns of a formula over the rows that have all values.
pub(super) struct Coded {
    pub columns: Vec<String>,
    /// `[row kept][column]`
    pub design: Array2<f64>,
    /// Rows of the table that are kept.
    pub rows: Vec<usize>,
    /// Rows that lack a value, and which.
    pub without: Vec<(usize, String)>,
    /// Terms with their columns, in the order of the columns; without the intercept.
    pub terms: Vec<(String, Vec<usize>)>,
    /// What each column of the table was taken for.
    pub notes: Vec<String>,
}

/// A variable's values in the rows that are kept.
enum Values {
    Numbers(Vec<f64>),
    Levels { names: Vec<String>, of_row: Vec<usize> },
}

/// A factor in a part of a term, and whether all of its levels have a column.
type Coding = Vec<(usize, bool)>;

impl Coded {
    /// Find a formula's columns in a table.
    ///
    /// # Errors
    /// Usage and bad data: a column that the table lacks or that cannot be used; too many columns.
    pub fn of(formula: &Formula, sample: &Sample) -> Result<Coded> {
        let mut variables: Vec<Variable> = Vec::new();
        for variable in formula.terms.iter().flatten() {
            if !variables.contains(variable) {
                variables.push(variable.clone());
            }
        }
        let texts = variables.iter().map(|v| text_of(v, sample)).collect::<Result<Vec<_>>>()?;
        let lacking = |row: usize| texts.iter().position(|of| of[row].is_none());
        let (rows, out): (Vec<usize>, Vec<usize>) =
            (0..sample.subjects.len()).partition(|&row| lacking(row).is_none());
        let name =
            |row: usize| lacking(row).map_or(String::new(), |at| variables[at].column.clone());
        let without = out.iter().map(|&row| (row, name(row))).collect();
        let values = variables.iter().map(|v| values(v, sample, &rows));
        let values = values.collect::<Result<Vec<Values>>>()?;
        let notes = variables.iter().zip(&values).map(|(v, of)| told(v, of)).collect();

        let mut coded = Coded {
            columns: Vec::new(),
            design: Array2::zeros((rows.len(), 0)),
            rows,
            without,
            terms: Vec::new(),
            notes,
        };
        let mut columns: Vec<Vec<f64>> = Vec::new();
        for bucket in buckets(formula, &variables, &values)? {
            let mut used: Vec<Coding> = Vec::new();
            for term in bucket {
                let first = columns.len();
                for coding in codings(&term, &values, &mut used) {
                    coded.add(&term, &coding, (&variables, &values), &mut columns)?;
                }
                if !term.is_empty() {
                    let names: Vec<String> = term.iter().map(|&at| variables[at].name()).collect();
                    coded.terms.push((names.join(":"), (first..columns.len()).collect()));
                }
            }
        }
        let beyond = columns.iter().position(|column| !column.iter().all(sensible));
        if let Some(at) = beyond {
            return Err(Error::bad_data(
                format!("column '{}' of the formula", coded.columns[at]),
                "holds numbers whose squares cannot be summed",
                "be 0, or of a size from 1e-100 to 1e100",
                "give its covariates in other units",
            ));
        }
        coded.design =
            Array2::from_shape_fn((coded.rows.len(), columns.len()), |(row, c)| columns[c][row]);
        Ok(coded)
    }

    /// The columns of a part of a term, the first variable's levels the fastest.
    fn add(
        &mut self,
        term: &[usize],
        coding: &Coding,
        (variables, values): (&[Variable], &[Values]),
        columns: &mut Vec<Vec<f64>>,
    ) -> Result<()> {
        let n_rows = self.rows.len();
        let mut parts = vec![(String::new(), vec![1.0; n_rows])];
        for &at in term {
            let name = variables[at].name();
            let own: Vec<(String, Vec<f64>)> = match &values[at] {
                Values::Numbers(numbers) => vec![(name, numbers.clone())],
                Values::Levels { names, of_row } => {
                    let Some((_, full)) = coding.iter().find(|(own, _)| *own == at) else {
                        continue;
                    };
                    let column = |level: usize| {
                        let mark = if *full { "" } else { "T." };
                        let is = of_row.iter().map(|l| f64::from(u8::from(*l == level)));
                        (format!("{name}[{mark}{}]", names[level]), is.collect())
                    };
                    (usize::from(!full)..names.len()).map(column).collect()
                }
            };
            if columns.len() + parts.len() * own.len() > 2 * n_rows + 16 {
                return Err(Error::usage(
                    "the formula",
                    format!("has more columns than twice its {n_rows} maps"),
                    "have fewer than maps",
                    "a column of many words is a factor of many levels: leave it out",
                ));
            }
            let times = |(name, column): &(String, Vec<f64>), (before, of): &(String, Vec<f64>)| {
                let name =
                    if before.is_empty() { name.clone() } else { format!("{before}:{name}") };
                (name, column.iter().zip(of).map(|(a, b)| a * b).collect())
            };
            parts = own.iter().flat_map(|o| parts.iter().map(move |p| times(o, p))).collect();
        }
        for (name, column) in parts {
            self.columns.push(if name.is_empty() { "Intercept".to_owned() } else { name });
            columns.push(column);
        }
        Ok(())
    }
}

/// The column's cells; subjects without `sub-`.
fn text_of(variable: &Variable, sample: &Sample) -> Result<Vec<Option<String>>> {
    let column = variable.column.as_str();
    if matches!(column, "effect" | "variance") {
        return Err(Error::usage(
            format!("column '{column}'"),
            "holds paths of maps",
            "be a column of levels or numbers, to be in a formula",
            "the maps are what the formula explains",
        ));
    }
    sample.texts(column)
}

fn values(variable: &Variable, sample: &Sample, rows: &[usize]) -> Result<Values> {
    let texts = text_of(variable, sample)?;
    let texts: Vec<&String> = rows.iter().filter_map(|&row| texts[row].as_ref()).collect();
    let is_subject = matches!(variable.column.as_str(), "subject" | "participant_id");
    let are_numbers = texts.iter().all(|text| text.parse::<f64>().is_ok());
    if are_numbers && !variable.is_factor && !is_subject {
        let numbers = sample.numbers(&variable.column)?;
        return Ok(Values::Numbers(rows.iter().map(|&row| numbers[row]).collect()));
    }
    let mut names: Vec<String> = Vec::new();
    let mut of_row = Vec::new();
    for text in texts {
        let at = names.iter().position(|name| name == text).unwrap_or(names.len());
        if at == names.len() {
            names.push(text.clone());
        }
        of_row.push(at);
    }
    if names.len() < 2 {
        return Err(Error::usage(
            format!("column '{}'", variable.column),
            match names.as_slice() {
                [] => "has no value in any row that has the others".to_owned(),
                _ => format!("has one level: {}", names.join(", ")),
            },
            "have two levels or more, to be a factor",
            "leave it out of the formula",
        ));
    }
    Ok(Values::Levels { names, of_row })
}

fn told(variable: &Variable, values: &Values) -> String {
    match values {
        Values::Numbers(_) => {
            format!("{} is a covariate and enters as it is, not centred", variable.name())
        }
        Values::Levels { names, .. } => {
            let more = if names.len() > 6 { ", ..." } else { "" };
            let shown: Vec<&str> = names.iter().take(6).map(String::as_str).collect();
            format!(
                "{} is a factor of {} levels ({}{more}), the first the reference",
                variable.name(),
                names.len(),
                shown.join(", ")
            )
        }
    }
}

/// Terms by the numbers in them, those without any first; within, the fewest variables first.
fn buckets(
    formula: &Formula,
    variables: &[Variable],
    values: &[Values],
) -> Result<Vec<Vec<Vec<usize>>>> {
    let place = |v: &Variable| variables.iter().position(|own| own == v);
    let of_term = |term: &Term| term.iter().filter_map(place).collect::<Vec<usize>>();
    let mut terms: Vec<Vec<usize>> = formula.terms.iter().map(of_term).collect();
    if let Some(long) = terms.iter().find(|term| term.len() > MOST_VARIABLES) {
        return Err(Error::usage(
            "the formula",
            format!("crosses {} columns", long.len()),
            format!("cross {MOST_VARIABLES} at most"),
            "join columns by + where no interaction is meant",
        ));
    }
    if formula.has_intercept() {
        terms.insert(0, Vec::new());
    }
    let numbers = |term: &[usize]| -> Vec<usize> {
        let is = |at: &&usize| matches!(values[**at], Values::Numbers(_));
        let mut of: Vec<usize> = term.iter().filter(is).copied().collect();
        of.sort_unstable();
        of
    };
    let mut buckets: Vec<(Vec<usize>, Vec<Vec<usize>>)> = Vec::new();
    for term in terms {
        let key = numbers(&term);
        match buckets.iter_mut().find(|(own, _)| *own == key) {
            Some((_, bucket)) => bucket.push(term),
            None => buckets.push((key, vec![term])),
        }
    }
    buckets.sort_by_key(|(key, _)| !key.is_empty());
    buckets.iter_mut().for_each(|(_, bucket)| bucket.sort_by_key(Vec::len));
    Ok(buckets.into_iter().map(|(_, bucket)| bucket).collect())
}

/// How the factors of a term are coded, so that nothing is spanned twice: the term's subsets that are not `used`, joined where one
/// is another with one factor more.
fn codings(term: &[usize], values: &[Values], used: &mut Vec<Coding>) -> Vec<Coding> {
    let factors: Vec<usize> =
        term.iter().copied().filter(|&at| matches!(values[at], Values::Levels { .. })).collect();
    let mut subsets: Vec<Vec<usize>> = (0..1_usize << factors.len())
        .map(|set| (0..factors.len()).filter(|f| set >> f & 1 == 1).collect())
        .collect();
    subsets.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
    let coding = |subset: &Vec<usize>| -> Coding {
        let mut coding: Coding = subset.iter().map(|&f| (factors[f], false)).collect();
        coding.sort_unstable();
        coding
    };
    let mut parts: Vec<Coding> = subsets.iter().map(coding).collect();
    parts.retain(|part| !used.contains(part));
    used.extend(parts.iter().cloned());
    while let Some((short, long)) = absorbed(&parts) {
        let extra = parts[long].iter().position(|one| !parts[short].contains(one));
        if let Some(extra) = extra {
            parts[long][extra].1 = true;
        }
        parts.remove(short);
    }
    parts
}

/// The first part, and the next that is it with one factor more.
fn absorbed(parts: &[Coding]) -> Option<(usize, usize)> {
    (0..parts.len()).find_map(|short| {
        let is = |&long: &usize| {
            parts[long].len() == parts[short].len() + 1
                && parts[short].iter().all(|one| parts[long].contains(one))
        };
        (short + 1..parts.len()).find(is).map(|long| (short, long))
    })
}
