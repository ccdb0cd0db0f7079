//! Formulas over the table's columns: `effect ~ group * session + age`.
//!
//! ```text
//! formula = [ [ "effect" ] "~" ] sum
//! sum     = product (("+" | "-") product)*
//! product = crossing ("*" crossing)*          a * b = a + b + a:b
//! crossing = atom (":" atom)*
//! atom    = column | "C(" column ")" | "Q(" quoted ")" | `column` | "0" | "1" | "-1" | "(" sum ")"
//! ```
//! Source: Wilkinson & Rogers 1973, as patsy reads them: an intercept unless `0` or `- 1` takes it out.

use crate::error::{Error, Result};

/// A column in a term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variable {
    pub column: String,
    /// Whether its values are levels even where they are numbers.
    pub is_factor: bool,
}

impl Variable {
    /// As columns of the design call it.
    pub fn name(&self) -> String {
        if self.is_factor { format!("C({})", self.column) } else { self.column.clone() }
    }
}

/// The variables that are multiplied; none: the intercept.
pub(super) type Term = Vec<Variable>;

/// The terms of a formula, the intercept apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Formula {
    pub terms: Vec<Term>,
    /// Whether it was put in or taken out; none: not spoken of.
    intercept: Option<bool>,
}

impl Formula {
    /// Read a formula.
    ///
    /// # Errors
    /// Usage: what it cannot be.
    pub fn parse(text: &str) -> Result<Formula> {
        let (left, right) = text.split_once('~').unwrap_or(("", text));
        if !matches!(left.trim(), "" | "effect") || right.contains('~') {
            return Err(Error::usage(
                format!("formula '{text}'"),
                format!("explains '{}'", left.trim()),
                "explain effect, or have nothing before the ~",
                "for example 'effect ~ group * session + age'",
            ));
        }
        let mut parser = Parser { text, tokens: tokens(text, right)?, at: 0, deep: 0 };
        let formula = parser.sum()?;
        match parser.tokens.get(parser.at) {
            None => Ok(formula),
            Some(token) => Err(parser.refuse(format!("has '{token}' where a term ends"))),
        }
    }

    /// Whether it has an intercept.
    pub fn has_intercept(&self) -> bool {
        self.intercept.unwrap_or(true)
    }

    fn plus(mut self, other: Formula) -> Formula {
        for term in other.terms {
            if !self.terms.iter().any(|own| same(own, &term)) {
                self.terms.push(term);
            }
        }
        Formula { terms: self.terms, intercept: other.intercept.or(self.intercept) }
    }

    fn minus(mut self, other: &Formula) -> Formula {
        self.terms.retain(|own| !other.terms.iter().any(|term| same(own, term)));
        Formula { intercept: other.intercept.map(|is| !is).or(self.intercept), ..self }
    }

    fn times(&self, other: &Formula) -> Formula {
        let all = self.terms.iter().flat_map(|a| {
            other.terms.iter().map(move |b| {
                let mut both = a.clone();
                both.extend(b.iter().filter(|v| !a.contains(v)).cloned());
                both
            })
        });
        all.fold(Formula::default(), |sum, term| {
            sum.plus(Formula { terms: vec![term], intercept: None })
        })
    }
}

/// Terms are sets of variables.
fn same(a: &Term, b: &Term) -> bool {
    a.len() == b.len() && a.iter().all(|v| b.contains(v))
}

/// Parentheses nest no deeper.
const DEEPEST: usize = 20;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Mark(char),
    Number(String),
    /// A column; in quotes it is no function.
    Name(String, bool),
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Token::Mark(mark) => write!(f, "{mark}"),
            Token::Number(text) | Token::Name(text, _) => write!(f, "{text}"),
        }
    }
}

fn tokens(whole: &str, text: &str) -> Result<Vec<Token>> {
    let chars: Vec<char> = text.chars().collect();
    let mut all = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        let is_word = |c: &char| c.is_alphanumeric() || *c == '_' || *c == '.';
        if c.is_whitespace() {
            at += 1;
        } else if matches!(c, '`' | '"' | '\'') {
            let Some(n) = chars[at + 1..].iter().position(|end| *end == c) else {
                return Err(Error::usage(
                    format!("formula '{whole}'"),
                    format!("opens {c} and does not close it"),
                    "close it",
                    "quotes hold the name of a column: Q('my column')",
                ));
            };
            all.push(Token::Name(chars[at + 1..at + 1 + n].iter().collect(), true));
            at += n + 2;
        } else if is_word(&c) {
            let n = chars[at..].iter().take_while(|c| is_word(c)).count();
            let word: String = chars[at..at + n].iter().collect();
            let is_number = c.is_ascii_digit() && word.parse::<f64>().is_ok();
            all.push(if is_number { Token::Number(word) } else { Token::Name(word, false) });
            at += n;
        } else {
            all.push(Token::Mark(c));
            at += 1;
        }
    }
    Ok(all)
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    deep: usize,
}

impl Parser<'_> {
    fn refuse(&self, found: String) -> Error {
        Error::usage(
            format!("formula '{}'", self.text),
            found,
            "be terms of columns joined by +, :, * and -, with C(column) for a factor of numbers",
            "for example 'group * session + age'; what else is to be computed (logarithms, squares, centring) goes into the table as a column",
        )
    }

    fn takes(&mut self, mark: char) -> bool {
        let is = self.tokens.get(self.at) == Some(&Token::Mark(mark));
        self.at += usize::from(is);
        is
    }

    fn sum(&mut self) -> Result<Formula> {
        let mut sum = match self.takes('-') {
            true => Formula::default().minus(&self.product()?),
            false => self.product()?,
        };
        loop {
            if self.takes('+') {
                sum = sum.plus(self.product()?);
            } else if self.takes('-') {
                sum = sum.minus(&self.product()?);
            } else {
                return Ok(sum);
            }
        }
    }

    fn product(&mut self) -> Result<Formula> {
        let mut product = self.crossing()?;
        while self.takes('*') {
            let other = self.crossing()?;
            self.refuse_numbers(&[&product, &other])?;
            let both = product.times(&other);
            product = product.plus(other).plus(both);
        }
        Ok(product)
    }

    fn crossing(&mut self) -> Result<Formula> {
        let mut crossing = self.atom()?;
        while self.takes(':') {
            let other = self.atom()?;
            self.refuse_numbers(&[&crossing, &other])?;
            crossing = crossing.times(&other);
        }
        Ok(crossing)
    }

    fn refuse_numbers(&self, parts: &[&Formula]) -> Result<()> {
        match parts.iter().any(|part| part.intercept.is_some()) {
            true => Err(self.refuse("multiplies by a number".to_owned())),
            false => Ok(()),
        }
    }

    fn atom(&mut self) -> Result<Formula> {
        if self.takes('(') {
            self.deep += 1;
            if self.deep > DEEPEST {
                return Err(self.refuse(format!("nests deeper than {DEEPEST}")));
            }
            let sum = self.sum()?;
            self.deep -= 1;
            return match self.takes(')') {
                true => Ok(sum),
                false => Err(self.refuse("lacks a )".to_owned())),
            };
        }
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        match token {
            None => Err(self.refuse("ends where a column is due".to_owned())),
            Some(Token::Number(text)) if text == "0" || text == "1" => {
                Ok(Formula { terms: Vec::new(), intercept: Some(text == "1") })
            }
            Some(Token::Name(name, is_quoted)) => {
                let variable = match !is_quoted && self.takes('(') {
                    true => self.function(&name)?,
                    false => Variable { column: name, is_factor: false },
                };
                Ok(Formula { terms: vec![vec![variable]], intercept: None })
            }
            Some(token) => Err(self.refuse(format!("has '{token}' where a column is due"))),
        }
    }

    /// What stands in the parentheses of C or Q.
    fn function(&mut self, name: &str) -> Result<Variable> {
        if !matches!(name, "C" | "Q") {
            return Err(self.refuse(format!("calls '{name}'")));
        }
        let inner = self.tokens.get(self.at).cloned();
        self.at += 1;
        let variable = match inner {
            Some(Token::Name(inner, false)) if self.takes('(') => self.function(&inner)?,
            Some(Token::Name(column, _)) => Variable { column, is_factor: false },
            _ => return Err(self.refuse(format!("has no column in {name}()"))),
        };
        if !self.takes(')') {
            return Err(self.refuse(format!("has more than a column in {name}()")));
        }
        Ok(Variable { is_factor: variable.is_factor || name == "C", ..variable })
    }
}
