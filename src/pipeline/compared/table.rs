//! A finished text against its rerun: words must be the same, numbers as near as the column allows.

use crate::maps::Bounds;
use crate::pipeline::comparison::Comparison;
use crate::pipeline::products::{Agreement, ColumnAgreement, Text};

/// What another machine's rounding of f64 moves, relative to the largest value of a column.
const ON_THE_HOST: f64 = 1e-12;
/// One in the seventh digit, of a number that begins with 1.
const LAST_DIGIT: f64 = 1.001e-6;

/// Compare the words of a finished text with those of its rerun, line by line.
pub(super) fn compare(got: &str, want: &Text, bounds: Bounds, comparison: &mut Comparison) {
    let Some(agreement) = &want.agreement else {
        comparison.compared += 1; // its checksum tells
        return;
    };
    let words = |text: &str| -> Vec<Vec<String>> {
        text.lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
    };
    let (got, want) = (words(got), words(&want.text));
    if got.len() != want.len() {
        let fault = format!("has {} lines where its rerun has {}", got.len(), want.len());
        comparison.faults.push(fault);
        return;
    }
    let n_columns = want.iter().map(Vec::len).max().unwrap_or(0);
    let columns: Vec<Column> =
        (0..n_columns).map(|column| Column::of(column, &got, &want, agreement, bounds)).collect();
    for (row, (got, want)) in got.iter().zip(&want).enumerate() {
        if got.len() != want.len() {
            let (n, of) = (got.len(), want.len());
            comparison.faults.push(format!("line {} has {n} columns, its rerun {of}", row + 1));
            return;
        }
        for (at, (got, want)) in got.iter().zip(want).enumerate() {
            match (got.parse::<f64>(), want.parse::<f64>()) {
                (Ok(got), Ok(want)) => {
                    let Column { sign, tolerance, relative } = columns[at];
                    let tolerance = tolerance + relative * want.abs();
                    comparison.add([0, 0, at, row], got, sign * want, tolerance);
                }
                _ if got == want => comparison.compared += 1,
                _ => {
                    let line = row + 1;
                    comparison
                        .faults
                        .push(format!("line {line} has '{got}' where its rerun has '{want}'"));
                    return;
                }
            }
        }
    }
}

/// How the numbers of a column are compared.
#[derive(Debug, Clone, Copy)]
struct Column {
    /// -1 where the finished column points the other way and may.
    sign: f64,
    tolerance: f64,
    /// The same, as a share of each number.
    relative: f64,
}

impl Column {
    fn of(
        column: usize,
        got: &[Vec<String>],
        want: &[Vec<String>],
        agreement: &Agreement,
        bounds: Bounds,
    ) -> Column {
        let number = |row: &Vec<String>| row.get(column).and_then(|word| word.parse::<f64>().ok());
        let largest = want.iter().filter_map(number).fold(0.0_f64, |most, v| most.max(v.abs()));
        let on_the_host = ON_THE_HOST * largest;
        let within = |tolerance| Column { sign: 1.0, tolerance, relative: 0.0 };
        match agreement {
            Agreement::Host => within(on_the_host),
            Agreement::Decimals(n) => within(on_the_host + 1.001 * 10_f64.powi(-n)),
            Agreement::Columns(columns) => match columns.get(column) {
                Some(ColumnAgreement::Direction { turn }) => {
                    let pairs = got.iter().zip(want).map(|(a, b)| number(a).zip(number(b)));
                    let dot: f64 = pairs.flatten().map(|(a, b)| a * b).sum();
                    let sign = if dot < 0.0 { -1.0 } else { 1.0 };
                    Column { sign, ..within((turn * bounds.covariance).min(2.0)) }
                }
                Some(ColumnAgreement::Written) => {
                    Column { relative: LAST_DIGIT, ..within(on_the_host) }
                }
                Some(ColumnAgreement::OfFit { decimals, times }) => {
                    let written = 1.001 * 10_f64.powi(-decimals);
                    within(written + times * bounds.atol * largest)
                }
                Some(ColumnAgreement::Summed { decimals, times }) => {
                    let written = 1.001 * 10_f64.powi(-decimals);
                    within(written + times * bounds.dvars * largest)
                }
                Some(ColumnAgreement::Dvars) => within(bounds.dvars * largest),
                _ => within(on_the_host),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::maps::Entities;
    use crate::table::dictionary::DataDictionary;

    fn compared(got: &str, want: &str, agreement: Agreement) -> Comparison {
        let mut comparison = Comparison::of(Path::new("x.tsv"));
        let dictionary = DataDictionary::default();
        let want = Text::table(Entities::of("x"), want.to_owned(), Some(agreement), &dictionary);
        compare(got, &want, Bounds::F32, &mut comparison);
        comparison
    }

    #[test]
    fn numbers_may_differ_by_rounding_words_and_lines_not_at_all() {
        let want = "a\tb\n1\t200\n2\tn/a\n";
        let host = |got: &str| compared(got, want, Agreement::Host);
        assert!(host("a\tb\n1\t200.00000000001\n2\tn/a\n").passed());
        let off = host("a\tb\n1\t200.000000001\n2\tn/a\n");
        assert_eq!((off.over, off.worst_at, off.compared), (1, [0, 0, 1, 1], 6));
        for wrong in [
            "a\tc\n1\t200\n2\tn/a\n",
            "a\tb\n1\t200\n",
            "a\tb\n1\n2\tn/a\n",
            "a\tb\n1\t200\n2\t3\n",
        ] {
            assert!(!host(wrong).passed(), "{wrong}");
        }
        assert!(compared("0.12345679\n", "0.12345678\n", Agreement::Decimals(8)).passed());
        assert!(!compared("0.12345680\n", "0.12345678\n", Agreement::Decimals(8)).passed());
    }

    #[test]
    fn what_follows_from_a_fit_may_be_off_by_its_decimals_and_by_times_the_fits_own_bound() {
        let columns =
            || Agreement::Columns(vec![ColumnAgreement::OfFit { decimals: 4, times: 10.0 }]);
        // 1e-4 and ten times 2e-4 of 8
        assert!(compared("8.0161\n", "8.0000\n", columns()).passed());
        assert!(!compared("8.0162\n", "8.0000\n", columns()).passed());
    }

    #[test]
    fn what_is_written_with_seven_digits_may_be_off_by_one_in_the_last_of_each_number() {
        let columns = || Agreement::Columns(vec![ColumnAgreement::Written]);
        assert!(compared("1.000001\n1000\n", "1.000000\n1000\n", columns()).passed());
        assert!(!compared("1.000002\n1000\n", "1.000000\n1000\n", columns()).passed());
    }

    #[test]
    fn dvars_may_be_off_by_what_a_device_rounds() {
        let columns = || Agreement::Columns(vec![ColumnAgreement::Dvars]);
        assert!(compared("1.0\n20.0001\n", "1.0\n20.0\n", columns()).passed());
        assert!(!compared("1.0\n20.0003\n", "1.0\n20.0\n", columns()).passed());
    }

    #[test]
    fn a_direction_may_point_the_other_way_and_turn_as_far_as_its_gap_allows() {
        let columns = || Agreement::Columns(vec![ColumnAgreement::Direction { turn: 10.0 }]);
        assert!(compared("c\n-0.6\n0.8\n", "c\n0.6\n-0.8\n", columns()).passed());
        assert!(compared("c\n-0.60005\n0.8\n", "c\n0.6\n-0.8\n", columns()).passed(), "8e-5");
        assert!(!compared("c\n-0.6001\n0.8\n", "c\n0.6\n-0.8\n", columns()).passed());
    }
}
