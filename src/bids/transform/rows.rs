//! Rows: which there are, and what goes from one variable to another.

use super::Work;
use super::query::{Query, Rows};
use crate::bids::variables::{Events, Samples, Sampling, Value, Variable};
use crate::error::Result;

/// What leaves inputs out above the run.
const OF_INPUTS: &str = "above the run inputs are left out by the Filter of the edge that leads to the node; the instruction belongs to a node of Level Run";

/// The events of a variable.
fn events(work: &Work, name: &str) -> Result<Events> {
    match work.variable(name)? {
        Variable::Events(events) => Ok(events),
        other => {
            const MOVE: &str = "move the instruction before Convolve or ToDense";
            let (found, hint) = match other {
                Variable::Convolved(_) => ("is convolved", MOVE),
                Variable::Samples(_) => ("is sampled", MOVE),
                _ => ("has a value for each input, and no events", OF_INPUTS),
            };
            let expected = format!("be of events for {}", work.instruction.name);
            Err(work.refuse(name, found, expected, hint))
        }
    }
}

/// One attribute (`InputAttr`) of each input becomes one (`TargetAttr`) of its target, event by event.
pub fn assign(work: &mut Work) -> Result<()> {
    let (inputs, targets) =
        (work.inputs()?, work.variables.all_matching(&work.names("Target"), &work.place())?);
    if inputs.len() != targets.len() {
        return Err(crate::bids::instruction::refuse(
            &format!("{}/Target", work.instruction.pointer),
            format!("has {} targets for {} inputs", targets.len(), inputs.len()),
            "have one for each input",
            "",
        ));
    }
    let outputs =
        if work.instruction.output.is_empty() { targets.clone() } else { work.outputs(&inputs)? };
    let attribute = |name: &str| match work.text(name).as_deref() {
        None | Some("value" | "amplitude") => "amplitude",
        Some("onset") => "onset",
        _ => "duration",
    };
    let (from_attribute, to_attribute) = (attribute("InputAttr"), attribute("TargetAttr"));
    for ((input, target), output) in inputs.iter().zip(&targets).zip(&outputs) {
        if let (Variable::Inputs(values), Variable::Inputs(_)) =
            (work.variable(input)?, work.variable(target)?)
        {
            if from_attribute != "amplitude" || to_attribute != "amplitude" {
                return Err(work.refuse(input, "has no times", "be of a run", ""));
            }
            work.put(std::slice::from_ref(target), output, Variable::Inputs(values));
            continue;
        }
        let (from, mut to) = (events(work, input)?, events(work, target)?);
        if from.line != to.line {
            let found =
                format!("has {} events and `{target}` has {}", from.line.len(), to.line.len());
            let expected = "have the same events as its target";
            return Err(work.refuse(input, found, expected, "Filter or DropNA both, or neither"));
        }
        let times = |times: &[f64]| times.iter().map(|t| Value::of(*t)).collect();
        let values: Vec<Value> = match from_attribute {
            "onset" => times(&from.onset),
            "duration" => times(&from.duration),
            _ => from.amplitude.clone(),
        };
        match to_attribute {
            "amplitude" => to.amplitude = values,
            attribute => {
                let seconds = seconds(work, input, &from, &values, attribute)?;
                *(if attribute == "onset" { &mut to.onset } else { &mut to.duration }) = seconds;
            }
        }
        work.put(std::slice::from_ref(target), output, Variable::Events(to));
    }
    Ok(())
}

/// Values as onsets or durations; n/a is kept as a duration that an event which counts may not have.
fn seconds(
    work: &Work,
    name: &str,
    events: &Events,
    values: &[Value],
    attribute: &str,
) -> Result<Vec<f64>> {
    let one = |(value, line): (&Value, &usize)| match value.number() {
        Some(seconds) if attribute == "onset" && seconds.is_nan() => {
            let found = format!("has n/a in line {line}");
            Err(work.refuse(name, found, "have an onset for every event", "DropNA both first"))
        }
        Some(seconds) if attribute == "duration" && seconds < 0.0 => {
            let found = format!("has {seconds} in line {line}");
            Err(work.refuse(name, found, "not be negative where it is a duration", ""))
        }
        Some(seconds) => Ok(seconds),
        None => Err(work.refuse(name, format!("is text in line {line}"), "be seconds", "")),
    };
    values.iter().zip(&events.line).map(one).collect()
}

/// Only the events for which `Query` holds.
pub fn filter(work: &mut Work) -> Result<()> {
    let query = Query::read(&work.text("Query").unwrap_or_default(), &work.place())?;
    // What By names must be there; the query itself finds its variables.
    work.variables.all_matching(&work.names("By"), &work.place())?;
    for (from, to) in work.pairs()? {
        let own = events(work, &from)?;
        let holds = query.holds(work.variables, &Rows::Lines(&own.line), &work.place())?;
        let kept: Vec<usize> = (0..holds.len()).filter(|&row| holds[row]).collect();
        if kept.is_empty() {
            work.note(format!("no event of `{from}` is left"));
        }
        work.put(&[from], &to, Variable::Events(own.only(&kept)));
    }
    Ok(())
}

/// Only the events whose value is not n/a.
pub fn drop_missing(work: &mut Work) -> Result<()> {
    for (from, to) in work.pairs()? {
        let own = events(work, &from)?;
        let known = |row: &usize| own.amplitude[*row] != Value::Missing;
        let kept: Vec<usize> = (0..own.line.len()).filter(known).collect();
        work.put(&[from], &to, Variable::Events(own.only(&kept)));
    }
    Ok(())
}

/// Texts of each row joined by `_`; n/a where one is.
pub fn concatenate(work: &mut Work) -> Result<()> {
    let inputs = work.inputs()?;
    let mut columns: Vec<Vec<Value>> = Vec::new();
    let mut first: Option<Events> = None;
    for name in &inputs {
        match work.variable(name)? {
            Variable::Inputs(values) => columns.push(values),
            _ => {
                let own = events(work, name)?;
                if first.as_ref().is_some_and(|first| !first.same_as(&own)) {
                    let found = format!("has other events than `{}`", inputs[0]);
                    return Err(work.refuse(name, found, "have the same", ""));
                }
                columns.push(own.amplitude.clone());
                first.get_or_insert(own);
            }
        }
    }
    let count = columns.first().map_or(0, Vec::len);
    let joined = |row: usize| {
        let cells: Vec<&Value> = columns.iter().map(|column| &column[row]).collect();
        if cells.contains(&&Value::Missing) {
            return Value::Missing;
        }
        Value::Text(cells.iter().map(ToString::to_string).collect::<Vec<_>>().join("_"))
    };
    let values = (0..count).map(joined).collect();
    let made = match &first {
        Some(events) => Variable::Events(events.with(values)),
        None => Variable::Inputs(values),
    };
    let to = work.output();
    work.put(&inputs, &to, made);
    Ok(())
}

/// How many rows of this value stand here without another between (`Cumulative`: in all) so far, from 1; n/a has none. Named
/// `<input>_label` without Output.
pub fn label(work: &mut Work) -> Result<()> {
    let cumulative = work.flag("Cumulative", false);
    for (from, to) in work.pairs()? {
        let variable = work.variable(&from)?;
        let values = match &variable {
            Variable::Inputs(values) => values.clone(),
            _ => events(work, &from)?.amplitude,
        };
        let mut counts: Vec<(&Value, f64)> = Vec::new();
        let mut before = None;
        let mut labels = Vec::new();
        for value in &values {
            if *value == Value::Missing {
                labels.push(Value::Missing);
                before = None;
                continue;
            }
            let at = counts.iter().position(|(own, _)| *own == value).unwrap_or_else(|| {
                counts.push((value, 0.0));
                counts.len() - 1
            });
            let goes_on = cumulative || before == Some(value);
            counts[at].1 = if goes_on { counts[at].1 + 1.0 } else { 1.0 };
            labels.push(Value::Number(counts[at].1));
            before = Some(value);
        }
        let made = match &variable {
            Variable::Events(events) => Variable::Events(events.with(labels)),
            _ => Variable::Inputs(labels),
        };
        let to = if to == from { format!("{from}_label") } else { to };
        work.put(&[from], &to, made);
    }
    Ok(())
}

/// The same value everywhere: of every event, of every frame of a run without events, of every input.
pub fn constant(work: &mut Work) -> Result<()> {
    let value = work.number("Value", 1.0);
    let rows = work.variables.n_rows();
    let made = match (work.variables.all_events(), work.variables.frame_times_s()) {
        (Some(events), _) => {
            Variable::Events(events.with(vec![Value::Number(value); events.line.len()]))
        }
        (None, Some(_)) => {
            Variable::Samples(Samples { sampling: Sampling::Frames, values: vec![value; rows] })
        }
        (None, None) => Variable::Inputs(vec![Value::Number(value); rows]),
    };
    let to = work.output();
    work.put(&[], &to, made);
    Ok(())
}
