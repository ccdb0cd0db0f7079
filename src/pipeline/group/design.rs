//! A stratum's design as a table.

use crate::design::group::Stratum;
use crate::io;
use crate::maps::Entities;
use crate::pipeline::products::{Agreement, Text};
use crate::table::Table;
use crate::table::dictionary::DataDictionary;

pub(super) fn design_rows(stratum: &Stratum) -> Table {
    let with = |first: &str| {
        std::iter::once(first.to_owned()).chain(stratum.columns.iter().cloned()).collect()
    };
    let row = |(subject, row): (&String, ndarray::ArrayView1<f64>)| {
        let numbers = row.iter().map(|v| format!("{v}"));
        std::iter::once(subject.clone()).chain(numbers).collect()
    };
    let rows = stratum.subjects.iter().zip(stratum.design.rows()).map(row).collect();
    Table { name: "design".to_owned(), columns: with("subject"), rows }
}

pub(super) fn design_table(stratum: &Stratum, label: &str) -> Text {
    let text = io::tsv::write_string(&design_rows(stratum));
    let entities = Entities::of("design").with("contrast", label);
    Text::table(entities, text, Some(Agreement::Host), &described(stratum))
}

/// What the columns are: groups, the intercept, levels of factors and covariates, whose names are the user's.
fn described(stratum: &Stratum) -> DataDictionary {
    let said = |name: &String| {
        match name.as_str() {
        "Intercept" => "1 in every row".to_owned(),
        _ if stratum.groups.len() == 1 && stratum.groups[0] == *name => {
            "1 in every row: the mean".to_owned()
        }
        _ if stratum.groups.contains(name) => {
            format!("1 in the rows of group {name}, else 0: its mean")
        }
        _ if name.contains('[') => {
            "Column of the formula: 1 in the rows of the level that stands in brackets, else 0; of a product, times the other columns that its name has".to_owned()
        }
        _ => "Covariate, or a product of columns, of the table of maps; as it is fitted".to_owned(),
    }
    };
    DataDictionary::of(format!("Design of {}, a row a subject or map", stratum.name))
        .column("subject", "Whose row it is")
        .columns(stratum.columns.iter().map(|name| (name.clone(), said(name))))
}

/// A table with its columns aligned.
pub(super) fn aligned(table: &Table) -> String {
    let short = |cell: &String| match cell.parse::<f64>() {
        Ok(number) if cell.contains('.') => format!("{number:.3}"),
        _ => cell.clone(),
    };
    let mut lines = vec![table.columns.clone()];
    lines.extend(table.rows.iter().map(|row| row.iter().map(short).collect()));
    let width = |c: usize| lines.iter().map(|l| l[c].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..table.columns.len()).map(width).collect();
    let line = |cells: &Vec<String>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:>width$}"));
        format!("  {}", padded.collect::<Vec<_>>().join("  "))
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}
