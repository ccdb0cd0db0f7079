//! Conditions on variables: `gain > 15 and trial_type == 'face'`, and bidspm's `trial_type==^.*LEFT$`.
//!
//! ```text
//! any        = all (("or" | "|") all)*
//! all        = not (("and" | "&") not)*
//! not        = ("not" | "~" | "!") not | "(" any ")" | comparison
//! comparison = operand ("==" | "=" | "!=" | "<" | "<=" | ">" | ">=") operand | operand ["not"] "in" "[" operand ("," operand)* "]"
//! operand    = number | "'" text "'" | `"` text `"` | "`" variable "`" | variable | text without quotes
//! ```
//! A name is a variable where there is one; on the right another one is text, and a regular expression where it has `^ $ . * + [`. n/a
//! never holds.

use std::collections::BTreeMap;

use crate::bids::pattern::Pattern;
use crate::bids::variables::{Sampling, Value, Variable, Variables};
use crate::error::{Error, Result};

/// The rows that a query is asked of.
pub enum Rows<'a> {
    /// Events, by their lines.
    Lines(&'a [usize]),
    /// So many samples.
    Samples(Sampling, usize),
    /// So many inputs.
    Inputs(usize),
}

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub enum Query {
    Any(Vec<Query>),
    All(Vec<Query>),
    Not(Box<Query>),
    Compare(Operand, Sign, Operand),
    In(Operand, Vec<Operand>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    Equal,
    Unequal,
    Below,
    AtMost,
    Above,
    AtLeast,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    Number(f64),
    Quoted(String),
    Variable(String),
    /// A variable, or text.
    Bare(String),
}

/// The longest query, in characters, and how deep it nests.
const LONGEST: usize = 10_000;
const DEEPEST: usize = 50;

impl Query {
    /// Read a query.
    ///
    /// # Errors
    /// Bad data: what it cannot be.
    pub fn read(text: &str, place: &str) -> Result<Query> {
        let refuse = |found: String| {
            let shown: String = text.chars().take(80).collect();
            let thing = format!("the query `{shown}` of {place}");
            Error::bad_data(
                thing,
                found,
                "be conditions like gain > 15",
                "join them by and, or, not",
            )
        };
        if text.len() > LONGEST {
            return Err(refuse(format!("has {} characters", text.len())));
        }
        let mut parser = Parser { tokens: tokens(text).map_err(refuse)?, at: 0, deep: 0 };
        let query = parser.any().map_err(refuse)?;
        match parser.next() {
            None => Ok(query),
            Some(token) => Err(refuse(format!("has {token} where it should end"))),
        }
    }

    /// In which rows it holds.
    ///
    /// # Errors
    /// Bad data: a variable that is not there or has no values in these rows; a pattern that cannot be read.
    pub fn holds(&self, variables: &Variables, rows: &Rows, place: &str) -> Result<Vec<bool>> {
        let all = |parts: &[Query]| -> Result<Vec<Vec<bool>>> {
            parts.iter().map(|part| part.holds(variables, rows, place)).collect()
        };
        let count = rows.count();
        match self {
            Query::Any(parts) => {
                let parts = all(parts)?;
                Ok((0..count).map(|row| parts.iter().any(|part| part[row])).collect())
            }
            Query::All(parts) => {
                let parts = all(parts)?;
                Ok((0..count).map(|row| parts.iter().all(|part| part[row])).collect())
            }
            Query::Not(part) => {
                Ok(part.holds(variables, rows, place)?.iter().map(|h| !h).collect())
            }
            Query::Compare(left, sign, right) => {
                compare(variables, rows, place, (left, *sign, right))
            }
            Query::In(left, list) => {
                let equal = |right| compare(variables, rows, place, (left, Sign::Equal, right));
                let each = list.iter().map(equal).collect::<Result<Vec<_>>>()?;
                Ok((0..count).map(|row| each.iter().any(|one| one[row])).collect())
            }
        }
    }
}

impl Rows<'_> {
    fn count(&self) -> usize {
        match self {
            Rows::Lines(lines) => lines.len(),
            Rows::Samples(_, count) | Rows::Inputs(count) => *count,
        }
    }

    /// The values of a variable in these rows; n/a where it has none.
    fn values(&self, name: &str, variables: &Variables, place: &str) -> Result<Vec<Value>> {
        match (self, variables.get(name)) {
            (Rows::Lines(lines), Some(Variable::Events(events))) => {
                let at: BTreeMap<usize, usize> =
                    events.line.iter().enumerate().map(|(i, line)| (*line, i)).collect();
                let value =
                    |line| at.get(line).map_or(Value::Missing, |&i| events.amplitude[i].clone());
                Ok(lines.iter().map(value).collect())
            }
            (Rows::Samples(sampling, count), Some(Variable::Samples(samples)))
                if samples.sampling == *sampling && samples.values.len() == *count =>
            {
                Ok(samples.values.iter().map(|v| Value::of(*v)).collect())
            }
            (Rows::Inputs(_), Some(Variable::Inputs(values))) => Ok(values.clone()),
            (_, Some(_)) => Err(Error::bad_data(
                format!("`{name}` in the query of {place}"),
                "has its values at other times than the input",
                "be of the same events or samples",
                "",
            )),
            (_, None) => Err(variables.no_such(name, place)),
        }
    }
}

/// What stands on one side.
enum Side {
    Values(Vec<Value>),
    Constant(Value),
    Matching(Pattern),
}

fn side(
    operand: &Operand,
    is_left: bool,
    variables: &Variables,
    rows: &Rows,
    place: &str,
) -> Result<Side> {
    Ok(match operand {
        Operand::Number(number) => Side::Constant(Value::Number(*number)),
        Operand::Quoted(text) => Side::Constant(Value::Text(text.clone())),
        Operand::Variable(name) => Side::Values(rows.values(name, variables, place)?),
        Operand::Bare(name) if is_left || variables.get(name).is_some() => {
            Side::Values(rows.values(name, variables, place)?)
        }
        Operand::Bare(text) if text.contains(['^', '$', '.', '*', '+', '[', '\\']) => {
            Side::Matching(Pattern::new(text).map_err(|found| {
                let thing = format!("`{text}` in the query of {place}");
                Error::bad_data(thing, found, "be a plain pattern", "put text in quotes")
            })?)
        }
        Operand::Bare(text) => Side::Constant(Value::Text(text.clone())),
    })
}

fn compare(
    variables: &Variables,
    rows: &Rows,
    place: &str,
    (left, sign, right): (&Operand, Sign, &Operand),
) -> Result<Vec<bool>> {
    let left = side(left, true, variables, rows, place)?;
    let right = side(right, false, variables, rows, place)?;
    let at = |side: &Side, row: usize| match side {
        Side::Values(values) => values[row].clone(),
        Side::Constant(value) => value.clone(),
        Side::Matching(_) => Value::Missing,
    };
    let one = |row: usize| match (&at(&left, row), &right) {
        (Value::Missing, _) => false,
        (value, Side::Matching(pattern)) => {
            let matches = pattern.matches(&value.to_string());
            if sign == Sign::Unequal { !matches } else { sign == Sign::Equal && matches }
        }
        (value, right) => holds(value, sign, &at(right, row)),
    };
    Ok((0..rows.count()).map(one).collect())
}

fn holds(left: &Value, sign: Sign, right: &Value) -> bool {
    let number = |value: &Value| match value {
        Value::Text(text) => text.trim().parse::<f64>().ok(),
        other => other.number().filter(|n| !n.is_nan()),
    };
    let order = match (left, right) {
        (_, Value::Missing) => return false,
        (Value::Text(a), Value::Text(b)) => Some(a.as_str().cmp(b)),
        (a, b) => match (number(a), number(b)) {
            (Some(a), Some(b)) => a.partial_cmp(&b),
            _ => None,
        },
    };
    match sign {
        Sign::Equal => order.is_some_and(|o| o.is_eq()),
        Sign::Unequal => !order.is_some_and(|o| o.is_eq()),
        Sign::Below => order.is_some_and(|o| o.is_lt()),
        Sign::AtMost => order.is_some_and(|o| o.is_le()),
        Sign::Above => order.is_some_and(|o| o.is_gt()),
        Sign::AtLeast => order.is_some_and(|o| o.is_ge()),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Mark(char),
    Sign(Sign),
    Operand(Operand),
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Token::Mark(mark) => write!(f, "`{mark}`"),
            Token::Sign(sign) => write!(f, "a sign ({sign:?})"),
            Token::Operand(operand) => write!(f, "{operand:?}"),
        }
    }
}

fn tokens(text: &str) -> std::result::Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let two = rest.get(..2).unwrap_or_default();
        let (token, length) = match (first, two) {
            (_, "==") => (Token::Sign(Sign::Equal), 2),
            (_, "!=") => (Token::Sign(Sign::Unequal), 2),
            (_, "<=") => (Token::Sign(Sign::AtMost), 2),
            (_, ">=") => (Token::Sign(Sign::AtLeast), 2),
            (_, "&&" | "||") => (Token::Mark(first), 2),
            ('<', _) => (Token::Sign(Sign::Below), 1),
            ('>', _) => (Token::Sign(Sign::Above), 1),
            ('=', _) => (Token::Sign(Sign::Equal), 1),
            ('(' | ')' | '&' | '|' | '~' | '!' | ',' | ']', _) => (Token::Mark(first), 1),
            ('[', _) if !matches!(tokens.last(), Some(Token::Sign(_))) => (Token::Mark('['), 1),
            ('\'' | '"' | '`', _) => {
                let Some(end) = rest[1..].find(first) else {
                    return Err(format!("has an opening {first} and no closing one"));
                };
                let inside = rest[1..=end].to_owned();
                let operand =
                    if first == '`' { Operand::Variable(inside) } else { Operand::Quoted(inside) };
                (Token::Operand(operand), end + 2)
            }
            _ => bare(rest, matches!(tokens.last(), Some(Token::Sign(_)))),
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

/// A word: up to a blank, a sign or a mark; behind a sign brackets belong to it (patterns).
fn bare(rest: &str, behind_sign: bool) -> (Token, usize) {
    let ends = |c: char| {
        c.is_whitespace() || "()&|,<>=!'\"`~".contains(c) || (!behind_sign && "[]".contains(c))
    };
    let length =
        rest.find(ends).unwrap_or(rest.len()).max(rest.chars().next().map_or(1, char::len_utf8));
    let word = &rest[..length];
    let token = match (word.to_ascii_lowercase().as_str(), word.parse::<f64>()) {
        ("and", _) => Token::Mark('&'),
        ("or", _) => Token::Mark('|'),
        ("not", _) => Token::Mark('~'),
        ("in", _) => Token::Mark('i'),
        (_, Ok(number)) if number.is_finite() => Token::Operand(Operand::Number(number)),
        _ => Token::Operand(Operand::Bare(word.to_owned())),
    };
    (token, length)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    deep: usize,
}

type Parsed<T> = std::result::Result<T, String>;

impl Parser {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn takes(&mut self, mark: char) -> bool {
        let is = self.tokens.get(self.at) == Some(&Token::Mark(mark));
        self.at += usize::from(is);
        is
    }

    fn any(&mut self) -> Parsed<Query> {
        let mut parts = vec![self.all()?];
        while self.takes('|') {
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Query::Any(parts) })
    }

    fn all(&mut self) -> Parsed<Query> {
        let mut parts = vec![self.not()?];
        while self.takes('&') {
            parts.push(self.not()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Query::All(parts) })
    }

    fn not(&mut self) -> Parsed<Query> {
        self.deep += 1;
        if self.deep > DEEPEST {
            return Err(format!("nests deeper than {DEEPEST}"));
        }
        let query = if self.takes('~') || self.takes('!') {
            Query::Not(Box::new(self.not()?))
        } else if self.takes('(') {
            let inside = self.any()?;
            if !self.takes(')') {
                return Err("has ( and no )".into());
            }
            inside
        } else {
            self.comparison()?
        };
        self.deep -= 1;
        Ok(query)
    }

    fn comparison(&mut self) -> Parsed<Query> {
        let left = self.operand()?;
        let negated = self.takes('~');
        if self.takes('i') {
            let mut list = Vec::new();
            if !self.takes('[') && !self.takes('(') {
                return Err("has `in` without a list in brackets".into());
            }
            loop {
                list.push(self.operand()?);
                if !self.takes(',') {
                    break;
                }
            }
            if !self.takes(']') && !self.takes(')') {
                return Err("has a list that does not end".into());
            }
            let query = Query::In(left, list);
            return Ok(if negated { Query::Not(Box::new(query)) } else { query });
        }
        match self.next() {
            Some(Token::Sign(sign)) => Ok(Query::Compare(left, sign, self.operand()?)),
            Some(token) => Err(format!("has {token} where ==, <, > or the like must stand")),
            None => Err("ends before a comparison".into()),
        }
    }

    fn operand(&mut self) -> Parsed<Operand> {
        match self.next() {
            Some(Token::Operand(operand)) => Ok(operand),
            Some(token) => Err(format!("has {token} where a variable or a value must stand")),
            None => Err("ends where a variable or a value must stand".into()),
        }
    }
}
