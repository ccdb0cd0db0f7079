//! A column: its name, what it holds, and how a row fills it.

use serde_json::{Map, Value, json};

use super::Sheet;
use crate::table::Table;
use crate::trial::arm::{Arm, ByArm};
use crate::trial::results::{Estimate, Test};

/// What a cell holds.
pub(super) struct Cell(String);

impl From<f64> for Cell {
    fn from(value: f64) -> Cell {
        Cell(if value.is_finite() { value.to_string() } else { "n/a".to_owned() })
    }
}

impl From<usize> for Cell {
    fn from(value: usize) -> Cell {
        Cell(value.to_string())
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Cell {
        Cell(if value { "yes" } else { "no" }.to_owned())
    }
}

impl From<&str> for Cell {
    fn from(value: &str) -> Cell {
        let one_line = value.replace(['\t', '\n', '\r'], " ");
        Cell(if one_line.trim().is_empty() { "n/a".to_owned() } else { one_line })
    }
}

impl From<String> for Cell {
    fn from(value: String) -> Cell {
        Cell::from(value.as_str())
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Cell {
        value.map_or_else(|| Cell("n/a".to_owned()), Into::into)
    }
}

type Fill<'a, R> = Box<dyn Fn(&R) -> Cell + 'a>;

/// The columns of a sheet over rows of R.
pub(super) struct Columns<'a, R> {
    all: Vec<(String, String, Fill<'a, R>)>,
}

impl<'a, R> Columns<'a, R> {
    pub fn new() -> Columns<'a, R> {
        Columns { all: Vec::new() }
    }

    /// A column more.
    pub fn one<C: Into<Cell>>(
        mut self,
        name: &str,
        says: &str,
        fill: impl Fn(&R) -> C + 'a,
    ) -> Self {
        self.all.push((name.to_owned(), says.to_owned(), Box::new(move |row| fill(row).into())));
        self
    }

    /// A column an arm, the active one first: `active_n`, `control_n`.
    pub fn arms<C: Into<Cell>>(
        mut self,
        name: &str,
        says: &str,
        fill: impl Fn(&R, Arm) -> C + Clone + 'a,
    ) -> Self {
        for (arm, word) in [(Arm::Active, "active"), (Arm::Control, "control")] {
            let fill = fill.clone();
            let name = format!("{word}_{name}");
            self = self.one(&name, &format!("{says}, {word} arm"), move |row| fill(row, arm));
        }
        self
    }

    /// An estimate's columns: value, `_se` where any row can have one, `_low`, `_high`.
    pub fn estimate(
        self,
        name: &str,
        says: &str,
        has_se: bool,
        fill: impl Fn(&R) -> Option<Estimate> + Clone + 'a,
    ) -> Self {
        let [value, se, low, high] = [fill.clone(), fill.clone(), fill.clone(), fill];
        let with = self.one(name, says, move |row| value(row).map(|e| e.value));
        let with = match has_se {
            true => {
                with.one(&format!("{name}_se"), &format!("standard error of {name}"), move |row| {
                    se(row).and_then(|e| e.se)
                })
            }
            false => with,
        };
        with.one(&format!("{name}_low"), &format!("lower confidence limit of {name}"), move |row| {
            low(row).and_then(|e| e.low)
        })
        .one(
            &format!("{name}_high"),
            &format!("upper confidence limit of {name}"),
            move |row| high(row).and_then(|e| e.high),
        )
    }

    /// A test's columns: the statistic's name, `dof`, `p`, behind a prefix.
    pub fn test(
        self,
        prefix: &str,
        statistic: &str,
        of: &str,
        fill: impl Fn(&R) -> Option<Test> + Clone + 'a,
    ) -> Self {
        let [value, dof, p] = [fill.clone(), fill.clone(), fill];
        self.one(&format!("{prefix}{statistic}"), &format!("{statistic} of {of}"), move |row| {
            value(row).map(|t| t.statistic)
        })
        .one(
            &format!("{prefix}dof"),
            &format!("degrees of freedom of {prefix}{statistic}"),
            move |row| dof(row).and_then(|t| t.dof),
        )
        .one(&format!("{prefix}p"), &format!("two-sided p of {of}"), move |row| p(row).map(|t| t.p))
    }

    /// The table and its dictionary.
    pub fn sheet(self, name: &'static str, description: &str, rows: &[R]) -> Sheet {
        let mut dictionary = Map::new();
        dictionary.insert("Description".to_owned(), json!(description));
        for (column, says, _) in &self.all {
            dictionary.insert(column.clone(), json!({ "Description": says }));
        }
        let fill = |row: &R| self.all.iter().map(|(_, _, fill)| fill(row).0).collect();
        let table = Table {
            name: format!("{name}.tsv"),
            columns: self.all.iter().map(|(column, ..)| column.clone()).collect(),
            rows: rows.iter().map(fill).collect(),
        };
        Sheet { name, table, dictionary }
    }
}

impl Sheet {
    /// The same with the units of a column, where they are known, and of its limits.
    pub(super) fn with_units(mut self, column: &str, units: Option<&str>) -> Sheet {
        let Some(units) = units else { return self };
        for end in ["", "_se", "_low", "_high"] {
            let entry = self.dictionary.get_mut(&format!("{column}{end}"));
            if let Some(Value::Object(entry)) = entry {
                entry.insert("Units".to_owned(), json!(units));
            }
        }
        self
    }
}

/// Names of both arms' participants, or n/a.
pub(super) fn names(of: &ByArm<Vec<String>>, arm: Arm) -> Option<String> {
    let own = of.get(arm);
    (!own.is_empty()).then(|| own.join(", "))
}
