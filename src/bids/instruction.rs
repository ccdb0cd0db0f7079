//! One transformation of a node: its name, what it takes, what it makes.

use serde_json::{Map, Value};

use super::Notes;
use crate::design::similar;
use crate::error::{Error, Result};

mod argument;
mod known;

pub(super) use known::{KNOWN, Known, NOT_DONE, Outputs};

/// An instruction of `Transformations`, its keys and arguments checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Instruction {
    /// The transformation by the specification's spelling: `Convolve`.
    pub name: String,
    /// Names and patterns of the variables it takes.
    pub input: Vec<String>,
    /// Names of what it makes, one for each input; empty: the inputs' own.
    pub output: Vec<String>,
    /// Arguments of its own by the specification's spelling: `Model`, `Derivative`, ...
    pub arguments: Map<String, Value>,
    /// Where it stands in the file: `/Nodes/0/Transformations/Instructions/2`.
    pub pointer: String,
}

impl Instruction {
    /// Read an instruction that stands at `pointer`. The transformation's name and the keys are known by any case and with or without
    /// underscores; `Input` and `Output` may be one name or a list. What is not spelled as the specification does is noted.
    ///
    /// # Errors
    /// Bad data with the pointer: no object; an unknown transformation, key or value; a key twice; a missing `Input`, `Output` or
    /// argument; another number of outputs than of inputs; `Dispersion` without `Derivative`; `FirDelays` of another model than `fir`.
    pub fn read(value: &Value, pointer: &str, notes: &mut Notes) -> Result<Instruction> {
        let Some(object) = value.as_object() else {
            return Err(refuse(
                pointer,
                format!("is {}", argument::kind(value)),
                "be an object with the keys Name and Input",
                "",
            ));
        };
        let known = transformation(object, pointer, notes)?;
        let mut read = Instruction {
            name: known.name.to_owned(),
            input: Vec::new(),
            output: Vec::new(),
            arguments: Map::new(),
            pointer: pointer.to_owned(),
        };
        let mut seen = Vec::new();
        for (key, value) in object {
            let at = format!("{pointer}/{}", escaped(key));
            let spelled = spelling(key, known, &at, notes)?;
            if seen.contains(&spelled) {
                return Err(refuse(&at, format!("is {spelled} a second time"), "stand once", ""));
            }
            seen.push(spelled);
            match spelled {
                "Name" | "Description" => {}
                "Input" => read.input = argument::names(value, &at)?,
                "Output" => read.output = argument::names(value, &at)?,
                _ => {
                    let value = argument::read(known, spelled, value, &at, notes)?;
                    read.arguments.insert(spelled.to_owned(), value);
                }
            }
        }
        read.check(known)?;
        Ok(read)
    }

    /// Names and patterns of all the variables that it takes: its input, and those of `By`, `Other` and `Target`.
    #[must_use]
    pub fn takes(&self) -> Vec<&str> {
        let named = ["By", "Other", "Target"].iter().filter_map(|key| self.arguments.get(*key));
        let texts = named.flat_map(|value| match value {
            Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
            other => Vec::from_iter(other.as_str()),
        });
        self.input.iter().map(String::as_str).chain(texts).collect()
    }

    /// What the catalogue says of it.
    pub(super) fn known(&self) -> Option<&'static Known> {
        KNOWN.iter().find(|known| known.name == self.name)
    }

    /// What messages call it: where it stands and its name.
    pub(super) fn place(&self) -> String {
        format!("{} ({})", self.pointer, self.name)
    }

    fn check(&self, known: &Known) -> Result<()> {
        let pointer = &self.pointer;
        if known.takes_input && self.input.is_empty() {
            return Err(refuse(pointer, "has no Input", "say what it takes", "add Input"));
        }
        if !known.takes_input && !self.input.is_empty() {
            let found = format!("has an Input, and {} takes none", self.name);
            return Err(refuse(pointer, found, "have an Output only", ""));
        }
        for argument in known.arguments.iter().filter(|a| a.needed) {
            if !self.arguments.contains_key(argument.name) {
                let found = format!("is {} without {}", self.name, argument.name);
                let hint = format!("add {}", argument.name);
                return Err(refuse(pointer, found, format!("have {}", argument.name), hint));
            }
        }
        self.check_outputs(known)?;
        self.check_response()
    }

    fn check_outputs(&self, known: &Known) -> Result<()> {
        let (pointer, given) = (&self.pointer, self.output.len());
        let by_affix =
            ["OutputPrefix", "OutputSuffix"].iter().find(|a| self.arguments.contains_key(**a));
        if let (Some(affix), true) = (by_affix, given > 0) {
            let found = format!("has Output and {affix}");
            return Err(refuse(pointer, found, "name its outputs once", "leave one of them out"));
        }
        match known.outputs {
            Outputs::None if given > 0 => {
                let found = format!("has an Output, and {} names what it makes itself", self.name);
                Err(refuse(pointer, found, "have no Output", "Rename or Copy give other names"))
            }
            Outputs::One if given != 1 => {
                let found = format!("has {given} names in Output");
                Err(refuse(
                    pointer,
                    found,
                    "name the one variable that it makes",
                    "give one Output",
                ))
            }
            Outputs::EachNamed if given == 0 && by_affix.is_none() => {
                let found = format!("is {} without Output", self.name);
                Err(refuse(pointer, found, "name what each input becomes", "add Output"))
            }
            // Patterns mean a number of inputs that only the variables tell; for the others the number is known here.
            Outputs::Each | Outputs::EachNamed
                if given > 0
                    && given != self.input.len()
                    && !self.input.iter().any(|i| is_pattern(i)) =>
            {
                Err(self.other_number_of_outputs(self.input.len()))
            }
            _ => Ok(()),
        }
    }

    /// As many outputs as inputs is what must be.
    pub(super) fn other_number_of_outputs(&self, inputs: usize) -> Error {
        let given = self.output.len();
        refuse(
            &self.pointer,
            format!("has {given} names in Output for {inputs} in Input"),
            "have one output for each input",
            "pybids would make variables with odd names of it",
        )
    }

    fn check_response(&self) -> Result<()> {
        let is_true = |name: &str| self.arguments.get(name) == Some(&Value::Bool(true));
        if is_true("Dispersion") && !is_true("Derivative") {
            return Err(refuse(
                &format!("{}/Dispersion", self.pointer),
                "is true and Derivative is not",
                "stand beside the derivative, as in every response with dispersion",
                "add \"Derivative\": true",
            ));
        }
        let is_fir = self.arguments.get("Model").and_then(Value::as_str) == Some("fir");
        let has_delays = self.arguments.contains_key("FirDelays");
        match (self.name.as_str(), is_fir, has_delays) {
            ("Convolve", true, false) => Err(refuse(
                &self.pointer,
                "has the model fir and no FirDelays",
                "say at which delays",
                "add \"FirDelays\": [0, 1, 2, 3], in TRs",
            )),
            ("Convolve", false, true) => Err(refuse(
                &format!("{}/FirDelays", self.pointer),
                "stands beside another model than fir",
                "be of the model fir",
                "add \"Model\": \"fir\", or leave FirDelays out",
            )),
            ("Convolve", true, true) if is_true("Derivative") => Err(refuse(
                &format!("{}/Derivative", self.pointer),
                "is true of the model fir",
                "be of spm or glover: delays have no derivative",
                "leave Derivative out",
            )),
            _ => Ok(()),
        }
    }
}

/// An error about what stands at a pointer.
pub(super) fn refuse(
    pointer: &str,
    found: impl Into<String>,
    expected: impl Into<String>,
    hint: impl Into<String>,
) -> Error {
    Error::bad_data(pointer, found, expected, hint)
}

/// Whether a name of an input is a pattern of several.
pub(super) fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?', '['])
}

/// Letters only, small: how names are compared.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}

/// A key as a part of a JSON pointer, cut where it is long.
fn escaped(key: &str) -> String {
    let short: String = key.chars().take(60).collect();
    short.replace('~', "~0").replace('/', "~1")
}

/// The catalogue's transformation that an object names.
fn transformation(
    object: &Map<String, Value>,
    pointer: &str,
    notes: &mut Notes,
) -> Result<&'static Known> {
    let Some((key, value)) = object.iter().find(|(key, _)| plain(key) == "name") else {
        return Err(refuse(pointer, "has no Name", "name a transformation", "add Name"));
    };
    let at = format!("{pointer}/{}", escaped(key));
    let Some(name) = value.as_str() else {
        let found = format!("is {}", argument::kind(value));
        return Err(refuse(&at, found, "be the name of a transformation", ""));
    };
    let wanted = plain(name);
    let found = KNOWN.iter().find(|known| plain(known.name) == wanted);
    let Some(known) = found else {
        if let Some((own, instead)) = NOT_DONE.iter().find(|(own, _)| plain(own) == wanted) {
            let found = format!(
                "is {}, bidspm's own {own}, which is not carried out",
                argument::short(name)
            );
            return Err(refuse(&at, found, "be one that is", *instead));
        }
        let names: Vec<String> = KNOWN.iter().map(|known| known.name.to_owned()).collect();
        let hint = match similar::closest(name.trim(), &names) {
            Some(close) => format!("did you mean {close}?"),
            None => format!("known are {}", names.join(", ")),
        };
        let found = format!("is `{}`, which is no transformation", argument::short(name));
        return Err(refuse(&at, found, "be one that is known", hint));
    };
    if known.name != name {
        notes.add(&at, format!("{} is read as {}", argument::short(name), known.name));
    }
    if known.is_bidspm {
        notes.add(
            &at,
            format!(
                "{} is bidspm's own transformation, which other programs do not know",
                known.name
            ),
        );
    }
    Ok(known)
}

/// The specification's spelling of a key.
fn spelling(key: &str, known: &Known, at: &str, notes: &mut Notes) -> Result<&'static str> {
    let own = known.arguments.iter().map(|argument| argument.name);
    let affixes: &[&str] = match known.outputs {
        Outputs::Each | Outputs::EachNamed => &["OutputPrefix", "OutputSuffix"],
        _ => &[],
    };
    let all: Vec<&'static str> = ["Name", "Input", "Output", "Description"]
        .into_iter()
        .chain(own)
        .chain(affixes.iter().copied())
        .collect();
    let wanted = plain(key);
    match all.iter().find(|name| plain(name) == wanted) {
        Some(name) => {
            if *name != key {
                notes.add(at, format!("is read as {name}"));
            }
            Ok(name)
        }
        None => {
            let names: Vec<String> = all.iter().map(|&name| name.to_owned()).collect();
            let hint = match similar::closest(key, &names) {
                Some(close) => format!("did you mean {close}?"),
                None => format!("{} has {}", known.name, names.join(", ")),
            };
            Err(refuse(at, format!("is no argument of {}", known.name), "be a known key", hint))
        }
    }
}
