//! Recursive descent over the grammar in `contrast`.

use std::ops::Range;

use super::super::{quoted, similar};
use crate::error::{Error, Result};

mod runs;
mod sets;
mod unsigned;

/// Nesting beyond this is refused: the parser recurses.
const MAX_DEPTH: usize = 64;

/// A number, or weights: two for each column, see [`runs`].
pub(super) enum Value {
    Number(f64),
    Weights(Vec<f64>),
}

pub(super) struct Parser<'a> {
    text: &'a str,
    /// Byte position.
    pub(super) at: usize,
    depth: usize,
    pub(super) names: &'a [String],
    /// Names that have no column, each with why.
    pub(super) absent: &'a [(String, String)],
    /// Where column names stand, in bytes.
    pub(super) named: Vec<Range<usize>>,
    /// The columns that patterns may mean: conditions.
    pub(super) conditions: Vec<usize>,
    /// Patterns with the columns that they meant.
    pub(super) meant: Vec<(String, Vec<usize>)>,
    /// What stands behind `@` for each run; none where no runs are known.
    pub(super) labels: Option<&'a [String]>,
    /// The places of the runs whose weights are read: one, or those of a session.
    pub(super) reading: Vec<usize>,
    /// What terms named, each once: how it was called, and the places of its runs.
    pub(super) called: Vec<(String, Vec<usize>)>,
    /// Where a row speaks of whole basis sets: the suffixes of their columns, and which is being read.
    pub(super) basis: Option<(Vec<String>, usize)>,
}

impl<'a> Parser<'a> {
    /// Of a design whose first `n_task` columns come from events; 0 where that is not known, and patterns then mean any
    /// column but drift and constant.
    pub(super) fn new(text: &'a str, names: &'a [String], n_task: usize) -> Parser<'a> {
        let conditions = sets::conditions(names, n_task);
        Parser {
            text,
            at: 0,
            depth: 0,
            names,
            absent: &[],
            named: Vec::new(),
            conditions,
            meant: Vec::new(),
            labels: None,
            reading: Vec::new(),
            called: Vec::new(),
            basis: None,
        }
    }

    /// All rows, each run taken as any other; see [`Parser::parts`].
    pub(super) fn rows(&mut self) -> Result<Vec<Vec<f64>>> {
        let together = |[of_mean, of_run]: [Vec<f64>; 2]| -> Vec<f64> {
            of_mean.iter().zip(of_run).map(|(a, b)| a + b).collect()
        };
        Ok(self.parts()?.into_iter().map(together).collect())
    }

    /// All rows, to the end of the text, each as its weights of the mean over runs and those of the runs that are read for; a last `;`
    /// may stand alone.
    pub(super) fn parts(&mut self) -> Result<Vec<[Vec<f64>; 2]>> {
        let mut rows = Vec::new();
        loop {
            let start = self.at;
            self.basis = None;
            rows.push(self.row()?);
            // A row that speaks of basis sets is read once for each of their columns.
            let n_rows = self.basis.as_ref().map_or(1, |(suffixes, _)| suffixes.len());
            for function in 1..n_rows {
                self.at = start;
                self.basis.iter_mut().for_each(|(_, reading)| *reading = function);
                rows.push(self.row()?);
            }
            match self.peek() {
                None => return Ok(rows),
                Some(';') => self.skip(';'),
                Some(_) => return Err(self.unexpected("have an operator")),
            }
            if self.peek().is_none() {
                return Ok(rows);
            }
        }
    }

    fn row(&mut self) -> Result<[Vec<f64>; 2]> {
        match self.sum()? {
            Value::Weights(mut of_mean) => {
                let of_run = of_mean.split_off(self.names.len());
                Ok([of_mean, of_run])
            }
            Value::Number(_) => Err(self.error(
                "is a number and names no column",
                "be a sum of columns",
                "put each column whose name is a number in quotes, as \"7\"",
            )),
        }
    }

    /// Where the column names stand in what was parsed, in bytes, in order.
    pub(super) fn places(self) -> Vec<Range<usize>> {
        let mut places = self.named;
        places.sort_by_key(|place| place.start);
        places.dedup();
        places
    }

    fn sum(&mut self) -> Result<Value> {
        let mut total = self.product()?;
        while let Some(sign @ ('+' | '-')) = self.peek() {
            self.skip(sign);
            let sign = if sign == '-' { -1.0 } else { 1.0 };
            let next = self.product()?;
            total = match (total, next) {
                (Value::Number(a), Value::Number(b)) => Value::Number(a + sign * b),
                (Value::Weights(mut a), Value::Weights(b)) => {
                    a.iter_mut().zip(b).for_each(|(a, b)| *a += sign * b);
                    Value::Weights(a)
                }
                _ => {
                    return Err(self.error(
                        "adds a number to a column",
                        "be a weighted sum of columns",
                        "write 2*a for twice a; put a column whose name is a number in quotes",
                    ));
                }
            };
        }
        Ok(total)
    }

    fn product(&mut self) -> Result<Value> {
        let mut value = self.factor()?;
        while let Some(operator @ ('*' | '/')) = self.peek() {
            self.skip(operator);
            let next = self.factor()?;
            value = match (operator, value, next) {
                ('*', Value::Number(a), Value::Number(b)) => Value::Number(a * b),
                ('*', Value::Weights(w), Value::Number(a))
                | ('*', Value::Number(a), Value::Weights(w)) => scaled(w, |v| v * a),
                ('/', _, Value::Number(0.0)) => {
                    return Err(self.error("divides by zero", "have finite weights", ""));
                }
                ('/', Value::Number(a), Value::Number(b)) => Value::Number(a / b),
                ('/', Value::Weights(w), Value::Number(a)) => scaled(w, |v| v / a),
                ('*', ..) => {
                    return Err(self.error(
                        "multiplies two columns",
                        "be linear in the columns",
                        "an interaction is a column of its own",
                    ));
                }
                _ => {
                    return Err(self.error("divides by a column", "be linear in the columns", ""));
                }
            };
        }
        Ok(value)
    }

    fn factor(&mut self) -> Result<Value> {
        let mut sign = 1.0;
        loop {
            if let Some(weights) = self.set_here()? {
                let weights = self.of_its_run(weights)?;
                return Ok(scaled(weights, |w| sign * w));
            }
            // A column may be named `-a`: a name goes before a sign only if it begins here.
            if let Some((column, length)) = self.column_here() {
                let number = self.number_here().map_or(0, |(_, length)| length);
                if length > number {
                    self.named.push(self.at..self.at + length);
                    self.at += length;
                    let weights = self.of_its_run(self.each(&[column]))?;
                    return Ok(scaled(weights, |w| sign * w));
                }
            }
            match self.peek() {
                Some('-') => {
                    sign = -sign;
                    self.skip('-');
                }
                Some('+') => self.skip('+'),
                _ => break,
            }
        }
        let value = match self.peek() {
            Some('(') => {
                let value = self.parenthesis()?;
                self.value_of_its_run(value)?
            }
            Some(quote @ ('"' | '\'' | '`')) => {
                let value = self.quoted(quote)?;
                self.value_of_its_run(value)?
            }
            _ => match self.number_here() {
                Some((number, length)) => {
                    let from = self.at;
                    self.at += length;
                    self.refuse_unsigned(from)?;
                    Value::Number(number)
                }
                None => return Err(self.unknown()),
            },
        };
        Ok(match value {
            Value::Number(a) => Value::Number(sign * a),
            Value::Weights(w) => scaled(w, |v| sign * v),
        })
    }

    fn parenthesis(&mut self) -> Result<Value> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error("is nested too deeply", "have fewer parentheses", ""));
        }
        self.skip('(');
        let value = self.sum()?;
        if self.peek() != Some(')') {
            return Err(self.unexpected("close each parenthesis"));
        }
        self.skip(')');
        self.depth -= 1;
        Ok(value)
    }

    pub(super) fn quoted(&mut self, quote: char) -> Result<Value> {
        self.skip(quote);
        let Some(length) = self.rest().find(quote) else {
            return Err(self.error("has an open quote", "close each quote", ""));
        };
        let name = &self.rest()[..length];
        let columns = match self.names.iter().position(|n| n == name) {
            _ if self.rest()[length + quote.len_utf8()..].starts_with(sets::BASIS) => {
                let column = self.function_of(name)?;
                self.at += sets::BASIS.len();
                vec![column]
            }
            Some(column) => vec![column],
            None if sets::is_pattern(name) => self.matching(name)?,
            None => return Err(self.no_column(name)),
        };
        self.named.push(self.at..self.at + length);
        self.at += length;
        self.skip(quote);
        Ok(Value::Weights(self.each(&columns)))
    }

    /// The longest column name that begins here and does not end inside a word.
    pub(super) fn column_here(&mut self) -> Option<(usize, usize)> {
        self.skip_blanks();
        let rest = self.rest();
        let fits = |name: &str| {
            let word = name.chars().next_back().is_some_and(is_word);
            rest.strip_prefix(name)
                .is_some_and(|after| !(word && after.chars().next().is_some_and(is_word)))
        };
        self.names
            .iter()
            .enumerate()
            .filter(|(_, name)| !name.is_empty() && fits(name))
            .map(|(i, name)| (i, name.len()))
            .max_by_key(|(i, length)| (*length, std::cmp::Reverse(*i)))
    }

    /// A number that begins here, without sign, and does not end inside a word: 2, .5, 1e-3.
    pub(super) fn number_here(&mut self) -> Option<(f64, usize)> {
        self.skip_blanks();
        let bytes = self.rest().as_bytes();
        let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
        let whole = digits(0);
        let mut length = whole;
        if bytes.get(length) == Some(&b'.') {
            let part = digits(length + 1);
            if whole + part == 0 {
                return None;
            }
            length += 1 + part;
        }
        if length == 0 {
            return None;
        }
        if matches!(bytes.get(length), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
            let from = (length + 1 + sign).min(bytes.len());
            if digits(from) > 0 {
                length = from + digits(from);
            }
        }
        let after = self.rest()[length..].chars().next();
        if after.is_some_and(is_word) {
            return None;
        }
        self.rest()[..length].parse().ok().map(|number| (number, length))
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn skip_blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// The next character that is no blank; stands at it.
    pub(super) fn peek(&mut self) -> Option<char> {
        self.skip_blanks();
        self.rest().chars().next()
    }

    /// Step over a character that [`Parser::peek`] returned.
    pub(super) fn skip(&mut self, c: char) {
        self.at += c.len_utf8();
    }

    pub(super) fn error(&self, found: &str, expected: &str, hint: &str) -> Error {
        let thing = format!("contrast `{}`", quoted::short(self.text));
        Error::usage(thing, found, expected, hint)
    }

    pub(super) fn unexpected(&self, expected: &str) -> Error {
        let found = match self.rest().is_empty() {
            true => "ends too early".to_string(),
            false => format!("has `{}` after a term", quoted::short(self.rest())),
        };
        let hint = match self.rest().chars().next() {
            Some('@') => format!("a run is named as in `{}`", runs::named(self.text)),
            Some(':') if self.text.contains('@') => "a basis stands before its run, as in pain:basis@run-1".to_owned(),
            Some(':') => "a pattern means conditions alone: name columns with : each by itself, as in mean(a:rating, b:rating)".to_owned(),
            _ => "join terms by + - * /, rows by ;".to_owned(),
        };
        self.error(&found, expected, &hint)
    }

    /// Neither column nor number nor parenthesis stands here.
    pub(super) fn unknown(&mut self) -> Error {
        self.skip_blanks();
        let rest = self.rest();
        let stops = |c: char| c.is_whitespace() || "+-*/();,@".contains(c);
        let name = &rest[..rest.find(stops).unwrap_or(rest.len())];
        if let Some(error) = self.unsigned_in(name) {
            return error;
        }
        if name.is_empty() {
            let found = match rest.chars().next() {
                None => "ends where a column should stand".to_string(),
                Some(c) => format!("has `{c}` where a column should stand"),
            };
            return self.error(&found, "be a sum of columns", &similar::listing(self.names));
        }
        self.no_column(name.strip_suffix(sets::BASIS).unwrap_or(name))
    }

    pub(super) fn no_column(&self, name: &str) -> Error {
        let delays = self.columns_of(name);
        let absent = self.absent.iter().find(|(absent, _)| absent == name);
        let hint = match similar::closest(name, self.names) {
            _ if absent.is_some() => similar::listing(self.names),
            _ if !delays.is_empty() => format!(
                "its response has several {}; --f-contrast '{name}:basis' asks whether any of them differs from 0, --contrast weighs \
                 them: 'mean({}, ...)'",
                similar::listing(&delays),
                delays[0]
            ),
            Some(close) => format!("did you mean `{close}`?"),
            None => similar::listing(self.names),
        };
        let found = format!(
            "names `{}`, which is no column of the design{}",
            quoted::short(name),
            absent.map_or(String::new(), |(_, why)| format!(": {why}"))
        );
        self.error(&found, "name columns of the design", &hint)
    }
}

/// Whether a character continues a word, so that a name cannot end before it.
pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

fn scaled(mut weights: Vec<f64>, by: impl Fn(f64) -> f64) -> Value {
    weights.iter_mut().for_each(|w| *w = by(*w));
    Value::Weights(weights)
}
