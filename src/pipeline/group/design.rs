//! A stratum's design as a table.

use crate::design::group::Stratum;
use crate::io;
use crate::maps::Entities;
use crate::pipeline::products::{Agreement, Text};
use crate::table::Table;

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
    Text {
        entities: Entities::of("design").with("contrast", label),
        ending: ".tsv",
        text: io::tsv::write_string(&design_rows(stratum)),
        agreement: Some(Agreement::Host),
        described: None,
    }
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
