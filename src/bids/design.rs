//! The columns of a node: what `Model.X` names, at the frame times of the run or for the inputs of a level above.
//!
//! A response is taken exactly at each frame time (k TR + StartTime), a row of a table with a row a volume as it stands, other samples by
//! straight lines. n/a in a row: for framewise displacement and DVARS the mean of the values other than 0 where it is the first row, else 0;
//! for temporal derivatives 0 in the first row; any other becomes 0, with a note.

use ndarray::Array2;

use super::model::{self, Hrf, Node};
use super::variables::{Samples, Sampling, Value, Variable, Variables, input, text_of};
use super::{Notes, transform};
use crate::design::drift::{self, Drift};
use crate::design::hrf::{Model, Response};
use crate::error::{Error, Result};

mod formula;

/// A node's columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Columns {
    /// One unique name each: variables as `X` has them, `intercept` for `1`, `drift_1`.. of a high-pass filter.
    pub names: Vec<String>,
    /// `[frame or input][column]`.
    pub matrix: Array2<f64>,
    /// What `X` names and the variables lack, with the closest name; empty under [`Missing::Error`].
    pub missing: Vec<(String, Option<String>)>,
}

/// What becomes of a column that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// An error with the closest name, of all that are not there.
    Error,
    /// It is left out with a word in [`Columns::missing`] alone, for the caller to tell.
    Tell,
    /// It is left out, with a note and a word in [`Columns::missing`].
    Drop,
}

/// The name of the column of ones.
pub const INTERCEPT: &str = "intercept";

/// The columns of a node: those of `X` in its order, patterns in the order of the variables, each once, or those of
/// `Formula`; then the cosines of `HighPassFilterCutoffHz`, unless `X` has cosines. `Model.HRF` is what `Convolve` would be as the last instruction, and its derivatives
/// stand behind the columns that they belong to whether or not `X` names them. A pattern may match nothing.
///
/// # Errors
/// Bad data: a name without a variable, by its closest; text without `Factor`; an event without a duration, by its line; what is convolved
/// twice; less than two frames; no column. Usage: a filter that leaves no frame for anything else.
pub fn columns(
    variables: &Variables,
    node: &Node,
    missing: Missing,
    notes: &mut Notes,
) -> Result<Columns> {
    let mut own = variables.clone();
    let mut derived = Vec::new();
    if let Some(hrf) = &node.hrf {
        derived = respond(&mut own, hrf, node, notes)?;
    }
    let place = format!("{}/Model/X", node.pointer);
    let mut made =
        Columns { names: Vec::new(), matrix: Array2::zeros((0, 0)), missing: Vec::new() };
    let mut values = Vec::new();
    if let Some(formula) = &node.formula {
        let place = format!("{}/Model/Formula", node.pointer);
        (made.names, values) = formula::columns(formula, &own, &place, notes)?.into_iter().unzip();
    }
    one_intercept(&own, node, notes)?;
    formula::disagreements(node, |wanted| meant(&own, wanted, &derived), notes);
    let mut lacks: Vec<&str> = Vec::new();
    for wanted in node.x.iter().filter(|_| node.formula.is_none()) {
        let names = meant(&own, wanted, &derived);
        if names.is_empty() && !lacking(&own, wanted, (&place, missing), &mut made, notes) {
            lacks.push(wanted);
        }
        for name in names {
            if !made.names.contains(&name) {
                values.push(match wanted.as_str() {
                    "1" => vec![1.0; own.n_rows()],
                    _ => column(&own, &name, &place, notes)?,
                });
                made.names.push(name);
            }
        }
    }
    if !lacks.is_empty() {
        return Err(own.none_such(&lacks, &place));
    }
    high_pass(&own, node, &mut made.names, &mut values, notes)?;
    if values.is_empty() && (missing != Missing::Tell || made.missing.is_empty()) {
        return Err(Error::bad_data(place, "gives no column", "give one or more", ""));
    }
    for (name, values) in made.names.iter().zip(&values) {
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            return Err(endless(name, (at, values[at]), node));
        }
    }
    made.matrix = Array2::from_shape_fn((own.n_rows(), values.len()), |(row, k)| values[k][row]);
    Ok(made)
}

/// A value that is not finite, as what was divided by 0 is. The instruction is the last that made or changed the column.
fn endless(name: &str, (at, value): (usize, f64), node: &Node) -> Error {
    let is_of = |names: &[String]| names.iter().any(|own| own == name);
    let mut all = node.transformations.iter().rev();
    let by = all.find(|one| is_of(&one.output) || one.output.is_empty() && is_of(&one.input));
    let by = by.map_or(String::new(), |one| {
        format!("{} ({}) made it: look at what it divides by", one.name, one.pointer)
    });
    Error::bad_data(
        format!("`{name}` of {}/Model", node.pointer),
        format!("is {value} in row {}", at + 1),
        "be finite numbers",
        by,
    )
}

/// The columns that one entry of X means; `1` is the intercept.
fn meant(variables: &Variables, wanted: &str, derived: &[(String, String)]) -> Vec<String> {
    if wanted == "1" || wanted == INTERCEPT && variables.get(INTERCEPT).is_none() {
        return vec![INTERCEPT.to_owned()];
    }
    let mut names = Vec::new();
    for name in variables.matching(wanted) {
        let behind = derived.iter().filter(|(of, _)| *of == name).map(|(_, own)| own.clone());
        let behind: Vec<String> = behind.collect();
        names.push(name);
        names.extend(behind);
    }
    names
}

/// `1` is the column of ones, whatever variable has the name of that column: of another one it is said, and two of a name cannot be.
fn one_intercept(variables: &Variables, node: &Node, notes: &mut Notes) -> Result<()> {
    let is_one = |value: &Value| value.number() == Some(1.0);
    let is_other = match variables.get(INTERCEPT) {
        None => false,
        Some(Variable::Inputs(values)) => !values.iter().all(is_one),
        Some(Variable::Samples(samples)) => !samples.values.iter().all(|value| *value == 1.0),
        Some(Variable::Events(_) | Variable::Convolved(_)) => true,
    };
    let meant = |wanted: &String| variables.matching(wanted).iter().any(|name| name == INTERCEPT);
    let (key, has_one, has_it) = match &node.formula {
        Some(formula) => {
            let named = formula.variables().contains(&INTERCEPT);
            ("Formula", formula.intercept, named)
        }
        None => ("X", node.x.iter().any(|x| x == "1"), node.x.iter().any(meant)),
    };
    if !is_other || !has_one {
        return Ok(());
    }
    let place = format!("{}/Model/{key}", node.pointer);
    if has_it {
        return Err(Error::bad_data(
            place,
            format!("has 1, whose column is called {INTERCEPT}, and a variable of that name"),
            "have one of them",
            "rename the variable or the contrast, or take 1 out",
        ));
    }
    notes.add(&place, format!("1 is the column of ones, not the variable `{INTERCEPT}`"));
    Ok(())
}

/// What X names and the variables lack; whether that may be.
fn lacking(
    variables: &Variables,
    wanted: &str,
    (place, missing): (&str, Missing),
    made: &mut Columns,
    notes: &mut Notes,
) -> bool {
    if wanted.contains(['*', '?', '[']) {
        notes.add_idle(place, format!("`{wanted}` matches no variable of this run"));
        return true;
    }
    if missing == Missing::Error {
        return false;
    }
    if missing == Missing::Drop {
        notes.add(place, format!("`{wanted}` is no variable here and is dropped"));
    }
    made.missing.push((wanted.to_owned(), variables.closest(wanted)));
    true
}

/// Convolve what `Model.HRF` names; gives back names of derivatives, each behind the variable it belongs to.
fn respond(
    variables: &mut Variables,
    hrf: &Hrf,
    node: &Node,
    notes: &mut Notes,
) -> Result<Vec<(String, String)>> {
    let place = format!("{}/Model/HRF", node.pointer);
    let response = response(hrf, &place)?;
    let wanted: Vec<String> =
        hrf.variables.iter().flat_map(|name| variables.matching(name)).collect();
    let doubts = transform::doubts(variables, &wanted, &response, &place)?;
    doubts.iter().for_each(|doubt| notes.add(&place, doubt));
    let mut derived = Vec::new();
    for wanted in &hrf.variables {
        let names = variables.matching(wanted);
        if names.is_empty() {
            // Where X names it too that is an error there.
            notes
                .add(&place, format!("`{wanted}` is no variable of this run: nothing to convolve"));
        }
        for name in names {
            let Some(variable) = variables.get(&name).cloned() else { continue };
            let made = transform::convolved(variables, &name, &variable, &response, &place)?;
            let mut before = name.clone();
            for (suffix, variable) in made {
                let own = format!("{name}{suffix}");
                variables.set_after(&before, &own, variable);
                if own != name {
                    derived.push((name.clone(), own.clone()));
                }
                before = own;
            }
        }
    }
    Ok(derived)
}

/// The response that `Model.HRF` names: `spm` or `glover`, each also with ` + derivative` and ` + dispersion`, or `fir` with its parameter
/// `fir_delays` in TRs.
fn response(hrf: &Hrf, place: &str) -> Result<Response> {
    let plain: String = hrf.model.chars().filter(|c| !c.is_whitespace()).collect();
    let plain = plain.to_ascii_lowercase();
    if plain == "fir" {
        let delays = model::fir_delays(&hrf.parameters, place)?;
        return Ok(Response::from(Model::Fir { delays }));
    }
    // nilearn's response, as Convolve takes it.
    let whole = match plain.strip_prefix("spm") {
        Some(derivatives) => format!("nilearn{derivatives}"),
        None => plain.clone(),
    };
    let is_known = plain.starts_with("spm") || plain.starts_with("glover");
    whole.parse().ok().filter(|_| is_known).ok_or_else(|| {
        let found = format!("is `{}`", hrf.model.chars().take(60).collect::<String>());
        let expected = "be spm or glover, with + derivative and + dispersion at most, or fir";
        Error::bad_data(format!("{place}/Model"), found, expected, "")
    })
}

/// The values of a variable of inputs, texts and all.
fn values_of(variables: &Variables, name: &str, place: &str) -> Result<Vec<Value>> {
    match variables.get(name) {
        Some(Variable::Inputs(values)) => Ok(values.clone()),
        Some(_) => Err(Error::bad_data(
            format!("C({name}) of {place}"),
            "is of a run",
            "be of inputs to have levels in a formula",
            "Factor and Convolve make columns of the levels of events",
        )),
        None => Err(variables.no_such(name, place)),
    }
}

/// One column, `[frame or input]`.
fn column(variables: &Variables, name: &str, place: &str, notes: &mut Notes) -> Result<Vec<f64>> {
    if name == INTERCEPT && variables.get(name).is_none() {
        return Ok(vec![1.0; variables.n_rows()]);
    }
    let variable = variables.get(name).ok_or_else(|| variables.no_such(name, place))?;
    let frames = variables.frame_times_s().unwrap_or_default();
    if frames.len() < 2 && !matches!(variable, Variable::Inputs(_)) {
        let found = format!("has {} volumes", frames.len());
        return Err(Error::bad_data("the run", found, "have two or more", ""));
    }
    let values = match variable {
        Variable::Inputs(values) => of_inputs(name, values, place)?,
        Variable::Samples(Samples { sampling: Sampling::Frames, values }) => values.clone(),
        Variable::Events(_) => {
            let said =
                format!("`{name}` is not convolved: its values at the frame times are taken");
            notes.add(place, said);
            variables.at(name, variable, frames, place)?
        }
        _ => variables.at(name, variable, frames, place)?,
    };
    let values = known(name, values, place, notes);
    if values.iter().all(|v| *v == 0.0) {
        notes.add(place, format!("`{name}` is 0 throughout"));
    }
    Ok(values)
}

/// Values of inputs as numbers.
fn of_inputs(name: &str, values: &[Value], place: &str) -> Result<Vec<f64>> {
    let one = |(at, value): (usize, &Value)| match value.number() {
        None => Err(text_of(name, (values, &input), place)),
        Some(number) if number.is_nan() => Err(Error::bad_data(
            format!("`{name}` of {place}"),
            format!("has no value (n/a) for input {}", at + 1),
            "have one for each input",
            "complete the table, or leave such inputs out by the Filter of the edge that leads here, which names the values that pass",
        )),
        Some(number) => Ok(number),
    };
    values.iter().enumerate().map(one).collect()
}

/// A column without n/a.
fn known(name: &str, mut values: Vec<f64>, place: &str, notes: &mut Notes) -> Vec<f64> {
    if values.first().is_some_and(|v| v.is_nan()) {
        if name.contains("framewise_displacement") || name.contains("dvars") {
            let others: Vec<f64> =
                values.iter().copied().filter(|v| !v.is_nan() && *v != 0.0).collect();
            let mean = others.iter().sum::<f64>() / others.len() as f64;
            values[0] = if mean.is_finite() { mean } else { 0.0 };
        } else if name.contains("_derivative1") {
            values[0] = 0.0;
        }
    }
    let count = values.iter().filter(|v| v.is_nan()).count();
    if count > 0 {
        notes.add(place, format!("`{name}` has {count} values of n/a, which are taken as 0"));
        values.iter_mut().filter(|v| v.is_nan()).for_each(|v| *v = 0.0);
    }
    values
}

/// The cosines of `HighPassFilterCutoffHz`, unless there are some.
fn high_pass(
    variables: &Variables,
    node: &Node,
    names: &mut Vec<String>,
    values: &mut Vec<Vec<f64>>,
    notes: &mut Notes,
) -> Result<()> {
    let (Some(hz), Some(tr_s)) = (node.high_pass_hz, variables.tr_s()) else { return Ok(()) };
    let place = format!("{}/Model/Options/HighPassFilterCutoffHz", node.pointer);
    if let Some(cosine) = names.iter().find(|name| name.starts_with("cosine")) {
        let said =
            format!("X has the drift columns {cosine}..: they are taken and no others are added");
        notes.add_idle(&place, said);
        return Ok(());
    }
    if !(hz.is_finite() && hz > 0.0) {
        return Err(Error::bad_data(place, format!("is {hz}"), "be above 0", "0.008 is usual"));
    }
    let drift = Drift::Cosine { cutoff_s: 1.0 / hz };
    let columns = drift::columns(drift, variables.n_rows(), tr_s)?;
    for (k, column) in columns.columns().into_iter().enumerate() {
        names.push(format!("drift_{}", k + 1));
        values.push(column.to_vec());
    }
    Ok(())
}
