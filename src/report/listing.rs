//! A table of text as a table of the page: numbers as short as they can be read.

use crate::report::html::{Table, counted, number};

/// Rows shown at most.
const MOST: usize = 60;

/// A table as it was written: full precision, `n/a` where there is nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Listing {
    /// Names of the columns.
    pub heads: Vec<String>,
    /// `[row][column]`
    pub rows: Vec<Vec<String>>,
}

impl Listing {
    /// Of tab-separated text with a line of names.
    #[must_use]
    pub fn of_tsv(text: &str) -> Listing {
        let cells = |line: &str| line.split('\t').map(str::to_owned).collect();
        let mut lines = text.lines();
        let heads = lines.next().map(cells).unwrap_or_default();
        Listing { heads, rows: lines.map(cells).collect() }
    }

    /// A number of a row; none where the column is not there or holds none.
    pub(in crate::report) fn number(&self, row: usize, head: &str) -> Option<f64> {
        let column = self.heads.iter().position(|own| own == head)?;
        self.rows.get(row)?.get(column)?.parse().ok().filter(|v: &f64| v.is_finite())
    }

    /// The columns' names as a person says them.
    pub(in crate::report) fn spoken(&self) -> Vec<String> {
        self.heads.iter().map(|head| spoken(head)).collect()
    }

    /// The cells of a row in as few digits as serve.
    pub(in crate::report) fn short(&self, row: usize) -> Vec<String> {
        self.heads.iter().zip(&self.rows[row]).map(|(head, cell)| short(head, cell)).collect()
    }

    /// As it was read.
    pub(in crate::report) fn to_tsv(&self) -> String {
        let lines = std::iter::once(&self.heads).chain(&self.rows);
        lines.map(|cells| cells.join("\t") + "\n").collect()
    }

    /// As HTML; `empty`: what is said where there is no row.
    pub(in crate::report) fn html(&self, caption: &str, empty: &str) -> String {
        if self.rows.is_empty() {
            return format!("<p>{}</p>\n", crate::report::html::escaped(empty));
        }
        let heads = self.spoken();
        let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
        let mut table = Table::new("numbers", caption, &heads);
        for row in 0..self.rows.len().min(MOST) {
            if let Some((first, rest)) = self.short(row).split_first() {
                table.row(first, rest);
            }
        }
        let more = match self.rows.len().saturating_sub(MOST) {
            0 => String::new(),
            n => format!("<p>{} more in the table beside this page.</p>\n", counted(n, "row")),
        };
        table.finish() + &more + &self.explained()
    }

    /// What columns hold whose names do not say it, as a paragraph; nothing where there is none.
    pub(in crate::report) fn explained(&self) -> String {
        let known = EXPLAINED.iter().filter(|(head, _)| self.heads.iter().any(|own| own == head));
        let said: Vec<String> =
            known.map(|(head, said)| format!("<dfn>{}</dfn>: {said}", spoken(head))).collect();
        match said.is_empty() {
            true => String::new(),
            false => format!("<p class=\"note\">{}.</p>\n", said.join(". ")),
        }
    }
}

/// Columns whose names do not say what they hold, and what that is.
const EXPLAINED: [(&str, &str); 2] = [
    (
        "mass",
        "the sum over the voxels of the cluster of what the statistic has beyond the threshold, so that a cluster counts by its size and its height",
    ),
    (
        "true_discoveries",
        "the share of the cluster’s voxels that have an effect, at the least, with 95 % confidence for all clusters together and whatever their threshold \
         (all-resolutions inference, Rosenblatt et al. 2018); at 0 nothing can be said of how many, which does not mean that there is no effect",
    ),
];

/// A column's name as a person says it.
fn spoken(head: &str) -> String {
    match head {
        "x_mm" | "y_mm" | "z_mm" => format!("{} (mm)", &head[..1]),
        "volume_mm3" => "volume (mm³)".to_owned(),
        "voxels_in_region" => "of".to_owned(),
        "standard_error" => "SE".to_owned(),
        "lower_95" | "g_lower_95" => "95 % CI from".to_owned(),
        "g_upper_95" => "to".to_owned(),
        "hedges_g" => "g".to_owned(),
        "true_discoveries" => "true at least".to_owned(),
        "upper_95" => "to".to_owned(),
        other => match other.strip_prefix("p_") {
            Some(kind) => format!("p ({kind})"),
            None => other.to_owned(),
        },
    }
}

/// A cell in as few digits as serve; what is no number stays.
fn short(head: &str, cell: &str) -> String {
    let Ok(value) = cell.parse::<f64>() else {
        return if cell == "n/a" { "–".to_owned() } else { cell.to_owned() };
    };
    match head {
        "p" | "q" => p_in_words(value),
        head if head.starts_with("p_") => p_in_words(value),
        "cluster" | "region" | "voxels" | "voxels_in_region" => cell.to_owned(),
        "volume_mm3" => number(value, 0),
        "x_mm" | "y_mm" | "z_mm" => {
            number(value, usize::from((value - value.round()).abs() > 0.05))
        }
        _ if value.fract() == 0.0 && value.abs() < 1e6 => number(value, 0),
        _ => digits(value),
    }
}

/// Three digits or so.
pub(in crate::report) fn digits(value: f64) -> String {
    let size = value.abs();
    match size {
        _ if !value.is_finite() => number(value, 0),
        s if s >= 1e5 || (s > 0.0 && s < 1e-3) => {
            // As results and other tables write what has many zeros.
            format!("{value:.2e}").replace('-', "−")
        }
        s => {
            let before = if s >= 1.0 { s.log10().floor() as usize + 1 } else { 0 };
            number(value, 3_usize.saturating_sub(before).max(usize::from(s < 1000.0)))
        }
    }
}

/// p as papers have it: `.032`, `< .0001`.
pub(in crate::report) fn p_in_words(p: f64) -> String {
    match p {
        p if !p.is_finite() => "–".to_owned(),
        p if p < 1e-4 => "< .0001".to_owned(),
        p if p < 0.001 => format!("{p:.4}").trim_start_matches('0').to_owned(),
        p if p > 0.9995 => "1".to_owned(),
        p => format!("{p:.3}").trim_start_matches('0').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_whose_names_do_not_say_what_they_hold_are_explained() {
        let of = |heads: &str| Listing::of_tsv(&format!("{heads}\n")).explained();
        assert_eq!(of("cluster\tx_mm\tvoxels"), "");
        let said = of("cluster\tmass\ttrue_discoveries");
        assert!(said.starts_with("<p class=\"note\"><dfn>mass</dfn>: the sum over"), "{said}");
        assert!(said.contains(". <dfn>true at least</dfn>: the share of"), "{said}");
    }

    #[test]
    fn cells_are_as_short_as_they_can_be_read() {
        let p = [0.0321, 0.00054, 1e-9, 1.0, 0.9999, f64::NAN].map(p_in_words);
        assert_eq!(p, [".032", ".0005", "< .0001", "1", "1", "–"]);
        let cells = [
            ("x_mm", "-12.0", "−12"),
            ("y_mm", "3.4", "3.4"),
            ("t", "13.204983", "13.2"),
            ("effect", "-0.0372113", "−0.037"),
            ("mass", "12345.678", "12346"),
            ("effect", "0.000012", "1.20e−5"),
            ("q", "7.65e-80", "< .0001"),
            ("q", "0.032", ".032"),
            ("voxels", "64", "64"),
            ("region", "7Networks", "7Networks"),
            ("mass", "n/a", "–"),
            ("p_maxT", "0.0002", ".0002"),
        ];
        for (head, cell, want) in cells {
            assert_eq!(short(head, cell), want, "{head} {cell}");
        }
    }
}
