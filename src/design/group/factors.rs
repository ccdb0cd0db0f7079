//! Which columns of the table are factors, between and within subjects, and the cells that they span.

use super::model::Model;
use super::sample::Sample;
use crate::design::similar;
use crate::error::{Error, Result};

/// A column with its levels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Factor {
    /// Its name.
    pub column: String,
    /// In the order of the table.
    pub levels: Vec<String>,
}

impl Factor {
    /// Two levels that may be one, as [`similar::alike`] has them.
    #[must_use]
    pub fn alike(&self) -> Option<([&str; 2], &'static str)> {
        similar::alike(&self.levels)
    }
}

/// The factors of a model, and which map is in which cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Factors {
    /// Between subjects.
    pub between: Option<Factor>,
    /// Within subjects, the first the slowest in the order of cells.
    pub within: Vec<Factor>,
    /// Subjects in the order of the table.
    pub subjects: Vec<String>,
    /// The group of each subject; 0 where there is one only.
    pub group: Vec<usize>,
    /// `[subject][cell within]`: the row of the table, none where a map is missing.
    pub row: Vec<Vec<Option<usize>>>,
}

/// The column of the factor between subjects where none is named.
const GROUP: &str = "group";
/// Columns that a factor within subjects may have where none is named.
const USUAL: [&str; 3] = ["condition", "session", "time"];

/// Columns that are never a factor within subjects without being named.
const NO_FACTORS: [&str; 9] = [
    "subject",
    "participant_id",
    "effect",
    "variance",
    "dof",
    "period",
    "run",
    "group",
    "sequence",
];

/// Whether a column holds words alone.
fn is_words(sample: &Sample, column: &str) -> bool {
    let texts = sample.texts(column).unwrap_or_default();
    texts.iter().flatten().all(|text| text.parse::<f64>().is_err())
}

impl Factors {
    /// The factors of a model in a table.
    ///
    /// # Errors
    /// Usage where a factor is not clear or has another number of levels; bad data for a subject in two groups, a cell that is
    /// filled twice, or one that is empty in every subject.
    pub fn find(
        model: &Model,
        sample: &Sample,
        between: Option<&str>,
        within: &[String],
    ) -> Result<Factors> {
        let between = between.or_else(|| model.n_groups().map(|_| GROUP));
        let within = within_columns(model, sample, within)?;
        let between = between.map(|column| between_factor(model, sample, column)).transpose()?;
        if let (Some(factor), Some(wanted)) = (&between, model.n_groups()) {
            refuse_levels(model, factor, wanted)?;
        }
        let within = within.iter().map(|column| factor(sample, column));
        let within = within.collect::<Result<Vec<Factor>>>()?;
        for factor in &within {
            if model.is_two_by_two() || factor.levels.len() < 2 {
                refuse_levels(model, factor, 2)?;
            }
        }
        let n_cells = within.iter().map(|f| f.levels.len()).product();
        let mut factors =
            Factors { between, within, subjects: Vec::new(), group: Vec::new(), row: Vec::new() };
        for (subject, rows) in sample.by_subject() {
            factors.group.push(factors.group_of(sample, &subject, &rows)?);
            let cells = factors.cells_of(sample, &subject, &rows, n_cells)?;
            factors.row.push(cells);
            factors.subjects.push(subject);
        }
        Ok(factors)
    }

    /// No factors: the subjects alone, each with its first row.
    pub(super) fn of_subjects(sample: &Sample) -> Factors {
        let (subjects, rows): (Vec<String>, Vec<Vec<usize>>) =
            sample.by_subject().into_iter().unzip();
        Factors {
            between: None,
            within: Vec::new(),
            group: vec![0; subjects.len()],
            row: rows.iter().map(|rows| vec![rows.first().copied()]).collect(),
            subjects,
        }
    }

    /// How many cells there are within a subject.
    #[must_use]
    pub fn n_within(&self) -> usize {
        self.within.iter().map(|f| f.levels.len()).product()
    }

    /// How many groups.
    #[must_use]
    pub fn n_groups(&self) -> usize {
        self.between.as_ref().map_or(1, |f| f.levels.len())
    }

    /// The levels of a cell within subjects.
    #[must_use]
    pub fn levels_of(&self, cell: usize) -> Vec<usize> {
        let mut rest = cell;
        let mut levels: Vec<usize> = self
            .within
            .iter()
            .rev()
            .map(|f| {
                let level = rest % f.levels.len();
                rest /= f.levels.len();
                level
            })
            .collect();
        levels.reverse();
        levels
    }

    /// The names of the cells within a subject: `pain:post`.
    #[must_use]
    pub fn names_within(&self) -> Vec<String> {
        let of = |(f, level): (&Factor, usize)| f.levels[level].clone();
        let name = |cell: usize| {
            let all: Vec<String> = self.within.iter().zip(self.levels_of(cell)).map(of).collect();
            all.join(":")
        };
        (0..self.n_within()).map(name).collect()
    }

    /// The names of all cells, groups the slowest: `drug:post`; `mean` where there is one only.
    #[must_use]
    pub fn cell_names(&self) -> Vec<String> {
        let within = self.names_within();
        let cells = (0..self.n_groups()).flat_map(|group| {
            let group = self.between.as_ref().map(|f| f.levels[group].as_str());
            within.iter().map(move |cell| match (group, cell.as_str()) {
                (Some(group), "") => group.to_owned(),
                (Some(group), cell) => format!("{group}:{cell}"),
                (None, cell) => cell.to_owned(),
            })
        });
        let names: Vec<String> = cells.collect();
        if names == [""] { vec!["mean".to_owned()] } else { names }
    }

    /// Of several factors each level by itself, with the cells that have it: what stands for their mean. Levels that two factors share
    /// stand for none.
    #[must_use]
    pub fn marginals(&self) -> Vec<(String, Vec<usize>)> {
        let n_within = self.n_within();
        let n_cells = self.n_groups() * n_within;
        if self.within.len() + usize::from(self.between.is_some()) < 2 {
            return Vec::new();
        }
        let with = |has: &dyn Fn(usize) -> bool| (0..n_cells).filter(|&cell| has(cell)).collect();
        let mut all: Vec<(String, Vec<usize>)> = Vec::new();
        for (level, name) in self.between.iter().flat_map(|f| f.levels.iter().enumerate()) {
            all.push((name.clone(), with(&|cell| cell / n_within == level)));
        }
        for (at, factor) in self.within.iter().enumerate() {
            for (level, name) in factor.levels.iter().enumerate() {
                let has = |cell: usize| self.levels_of(cell % n_within)[at] == level;
                all.push((name.clone(), with(&has)));
            }
        }
        let shared = |name: &str| all.iter().filter(|(other, _)| other == name).count() > 1;
        let unlike: Vec<bool> = all.iter().map(|(name, _)| !shared(name)).collect();
        all.into_iter().zip(unlike).filter(|(_, unlike)| *unlike).map(|(one, _)| one).collect()
    }

    fn group_of(&self, sample: &Sample, subject: &str, rows: &[usize]) -> Result<usize> {
        let Some(factor) = &self.between else { return Ok(0) };
        let texts = sample.texts(&factor.column)?;
        let of = |&row: &usize| factor.levels.iter().position(|l| texts[row].as_ref() == Some(l));
        let groups: Vec<Option<usize>> = rows.iter().map(of).collect();
        if let Some(at) = groups.iter().position(|group| *group != groups[0]) {
            let level = |at: usize| texts[rows[at]].clone().unwrap_or_else(|| "n/a".to_owned());
            return Err(Error::bad_data(
                format!("subject '{subject}' of {}", sample.table.name),
                format!(
                    "is in '{}' in {} and in '{}' in {} (column '{}')",
                    level(0),
                    sample.line(rows[0]),
                    level(at),
                    sample.line(rows[at]),
                    factor.column
                ),
                "be in one group, for the factor is between subjects",
                "correct the table; a factor within subjects is named by --within",
            ));
        }
        groups[0].ok_or_else(|| {
            Error::bad_data(
                format!("subject '{subject}' of {}", sample.table.name),
                format!("has no value in column '{}'", factor.column),
                "be in a group",
                "fill it in, or delete the subject's rows",
            )
        })
    }

    fn cells_of(
        &self,
        sample: &Sample,
        subject: &str,
        rows: &[usize],
        n_cells: usize,
    ) -> Result<Vec<Option<usize>>> {
        let mut cells = vec![None; n_cells];
        let texts = self.within.iter().map(|f| sample.texts(&f.column));
        let texts = texts.collect::<Result<Vec<_>>>()?;
        for &row in rows {
            let mut cell = 0;
            for (factor, texts) in self.within.iter().zip(&texts) {
                let level = factor.levels.iter().position(|l| texts[row].as_ref() == Some(l));
                let Some(level) = level else {
                    return Err(Error::bad_data(
                        format!("{}, {},", sample.table.name, sample.line(row)),
                        format!("has no value in column '{}'", factor.column),
                        "have one, for it is a factor of the model",
                        "fill it in, or delete the row",
                    ));
                };
                cell = cell * factor.levels.len() + level;
            }
            if let Some(other) = cells[cell].replace(row) {
                return Err(self.twice(sample, subject, [other, row]));
            }
        }
        Ok(cells)
    }

    fn twice(&self, sample: &Sample, subject: &str, rows: [usize; 2]) -> Error {
        let [first, second] = rows.map(|row| sample.line(row));
        let columns: Vec<&str> = self.within.iter().map(|f| f.column.as_str()).collect();
        // What tells the two maps apart, if anything does.
        let differs = |column: &&String| {
            let at = sample.table.position(column);
            !matches!(column.as_str(), "subject" | "participant_id" | "effect" | "variance")
                && at.is_some_and(|at| {
                    sample.table.rows[rows[0]][at] != sample.table.rows[rows[1]][at]
                })
        };
        let apart: Vec<&str> =
            sample.table.columns.iter().filter(differs).map(String::as_str).collect();
        let hint = match apart.as_slice() {
            [] if columns.is_empty() => {
                "delete one; paired, 2x2-mixed, 2x2-within and the rm models take several"
                    .to_owned()
            }
            [] => "delete one, or add a column that tells them apart and name it by --within"
                .to_owned(),
            ["run"] => {
                format!("they are two runs: {}", of_both_runs(sample, rows))
            }
            _ => format!(
                "they differ in {}: keep one row, average them first, or choose a model that takes several maps a subject (--within)",
                apart.join(" and ")
            ),
        };
        Error::bad_data(
            format!("subject '{subject}' of {}", sample.table.name),
            match columns.as_slice() {
                [] => format!("has two maps, in {first} and {second}"),
                _ => format!(
                    "has two maps of the same {}, in {first} and {second}",
                    columns.join(" and ")
                ),
            },
            "have one map a cell of the model",
            hint,
        )
    }
}

/// What makes one map of two runs, by the command whose maps these are.
fn of_both_runs(sample: &Sample, rows: [usize; 2]) -> &'static str {
    let effects = sample.texts("effect").unwrap_or_default();
    let is_of = |word: &str| {
        rows.iter().all(|&row| {
            effects.get(row).and_then(Option::as_deref).is_some_and(|path| path.contains(word))
        })
    };
    match (is_of("seed-"), is_of("contrast-")) {
        (true, _) => {
            "give both to one boldly connect, which takes the mean of their Fisher's z, and name its map"
        }
        (_, true) => {
            "give both to one boldly glm, which combines runs, and name its map (of boldly bids: that of a node above the runs)"
        }
        _ => {
            "combine them by what made them (boldly glm and boldly connect take both runs at once), and name that map"
        }
    }
}

/// The columns of the factors within subjects: those that are named, else the usual ones that vary within subjects.
fn within_columns(model: &Model, sample: &Sample, given: &[String]) -> Result<Vec<String>> {
    let n = model.n_within();
    if !given.is_empty() {
        if given.len() != n {
            return Err(Error::usage(
                "--within",
                match given {
                    [one] => format!("names one column, {one}"),
                    _ => format!("names {} columns", given.len()),
                },
                match n {
                    0 => format!("be left out for the model {}", model.name()),
                    n => format!("name {n} for the model {}", model.name()),
                },
                "2x2-within and two-way-rm take two factors within subjects; paired, 2x2-mixed and one-way-rm take one",
            ));
        }
        if let Some(twice) = given.iter().enumerate().find(|(at, c)| given[..*at].contains(c)) {
            return Err(Error::usage(
                "--within",
                format!("names '{}' twice", twice.1),
                "name different columns",
                "each is a factor of its own",
            ));
        }
        return Ok(given.to_vec());
    }
    if n == 0 {
        return Ok(Vec::new());
    }
    let varies = |column: &&str| {
        let texts = sample.texts(column).unwrap_or_default();
        let differ = |rows: &[usize]| rows.iter().any(|&row| texts[row] != texts[rows[0]]);
        !texts.is_empty() && sample.by_subject().iter().any(|(_, rows)| differ(rows))
    };
    let usual: Vec<String> = USUAL.iter().filter(|c| varies(c)).map(|&c| c.to_owned()).collect();
    if usual.len() == n {
        return Ok(usual);
    }
    // Else the columns of words that vary, where they are as many as are wanted.
    let names = sample.table.columns.iter().map(String::as_str);
    let words: Vec<String> = names
        .filter(|column| !NO_FACTORS.contains(column) && varies(column) && is_words(sample, column))
        .map(str::to_owned)
        .collect();
    if words.len() == n && usual.iter().all(|column| words.contains(column)) {
        return Ok(words);
    }
    Err(Error::usage(
        format!("the model {}", model.name()),
        match usual.as_slice() {
            [] => format!("finds no column among {} that varies within subjects", USUAL.join(", ")),
            _ => format!("finds {} that vary within subjects: {}", usual.len(), usual.join(", ")),
        },
        format!("have {n} factor{} within subjects", if n == 1 { "" } else { "s" }),
        format!(
            "name the column by --within; {} has {}",
            sample.table.name,
            sample.table.columns.join(", ")
        ),
    ))
}

/// The factor between subjects; where its column is not there, with the option that names another.
fn between_factor(model: &Model, sample: &Sample, column: &str) -> Result<Factor> {
    factor(sample, column).map_err(|error| {
        let Error::Usage(mut fault) = error else { return error };
        fault.hint = format!(
            "the model {} compares groups: name their column by --between, or add it to the table ({})",
            model.name(),
            fault.hint
        );
        Error::Usage(fault)
    })
}

fn factor(sample: &Sample, column: &str) -> Result<Factor> {
    let mut levels: Vec<String> = Vec::new();
    for text in sample.texts(column)?.into_iter().flatten() {
        if !levels.contains(&text) {
            levels.push(text);
        }
    }
    Ok(Factor { column: column.to_owned(), levels })
}

fn refuse_levels(model: &Model, factor: &Factor, wanted: usize) -> Result<()> {
    let n = factor.levels.len();
    if n == wanted || (wanted == 2 && n > 2 && !model.is_two_by_two() && model.n_groups().is_none())
    {
        return Ok(());
    }
    Err(Error::usage(
        format!("column '{}'", factor.column),
        format!("has {n} level{}: {}", if n == 1 { "" } else { "s" }, factor.levels.join(", ")),
        format!("have {wanted} for the model {}", model.name()),
        match factor.alike() {
            Some(([one, other], how)) => format!("'{one}' and '{other}' {how}: write one of them where they are one"),
            None => "delete the rows of other levels, name another column (--between, --within), or choose another model".to_owned(),
        },
    ))
}
