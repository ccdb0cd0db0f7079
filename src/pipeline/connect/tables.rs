//! What is said of regions as tables: their series, the matrix, its edges, and networks.

use std::fmt::Write;

use ndarray::Array2;
use rayon::prelude::*;
use serde_json::json;

use super::edges::Edges;
use super::networks::{Between, Group};
use super::run::OfRun;
use crate::maps::Entities;
use crate::pipeline::products::{Agreement, ColumnAgreement, Text};
use crate::pipeline::spec::{ConnectSpec, Estimator};
use crate::table::dictionary::{DataDictionary, Entry};
use crate::table::digits;

/// Decimals of what is at most about 1, and of series relative to nothing.
const DECIMALS: i32 = 9;
/// How many times further than a sum over voxels correlations may be, and what follows from them.
pub(super) const OF_R: f64 = 10.0;
const OF_T: f64 = 1e3;

/// With the number of a run, of several.
pub(super) fn of_run(entities: Entities, number: Option<usize>) -> Entities {
    match number {
        Some(number) => entities.with("run", number.to_string()),
        None => entities,
    }
}

pub(super) fn cell(value: f64) -> String {
    let mut text = String::new();
    Cell::Value(value).put(&mut text);
    text
}

/// A cell of a long table.
#[derive(Clone, Copy)]
enum Cell<'a> {
    Words(&'a str),
    Value(f64),
    /// A small one keeps its digits.
    Probability(f64),
    Count(u32),
}

impl Cell<'_> {
    fn put(self, text: &mut String) {
        match self {
            Cell::Words(words) => text.push_str(words),
            Cell::Value(value) if value.is_finite() => {
                digits::fixed(text, value, DECIMALS as usize);
            }
            Cell::Probability(p) if p.is_finite() => digits::scientific(text, p, 6),
            Cell::Value(_) | Cell::Probability(_) => text.push_str("n/a"),
            // Writing to a String cannot fail.
            Cell::Count(n) => drop(write!(text, "{n}")),
        }
    }
}

/// A line behind what a text has.
fn put_row<'a>(text: &mut String, cells: impl IntoIterator<Item = Cell<'a>>) {
    for (at, cell) in cells.into_iter().enumerate() {
        if at > 0 {
            text.push('\t');
        }
        cell.put(text);
    }
    text.push('\n');
}

pub(super) fn summed(times: f64) -> ColumnAgreement {
    ColumnAgreement::Summed { decimals: DECIMALS, times }
}

/// The cleaned series, a row a kept volume with its time.
pub(super) fn series(run: &OfRun, number: Option<usize>) -> Text {
    let mut text = format!("time\t{}\n", run.names().join("\t"));
    let line = |t: usize| {
        let mut line = format!("{}", run.start_s + run.kept[t] as f64 * run.tr);
        for node in &run.nodes {
            match &node.series {
                // Writing to a String cannot fail.
                Some(series) => drop(write!(line, "\t{}", series[t])),
                None => line.push_str("\tn/a"),
            }
        }
        line + "\n"
    };
    let lines: Vec<String> = (0..run.kept.len()).into_par_iter().map(line).collect();
    text.push_str(&lines.concat());
    let smoothed = match &run.smoothed {
        None => "not smoothed".to_owned(),
        Some(why) => format!("of a run that was smoothed before ({why})"),
    };
    let time = "Of the volume in the run; volumes that are left out have no row";
    let mut dictionary = DataDictionary::of(format!(
        "Mean of each region's voxels, {smoothed}, without the nuisance columns: of each volume that is kept"
    ))
    .fact("SamplingFrequency", 1.0 / run.tr)
    .fact("VolumesOfTheRun", run.kept.clone())
    .fact("NuisanceColumns", run.columns.clone())
    .fact("DegreesOfFreedom", run.nu + 1.0)
    .column("time", Entry::of(time).in_units("s"))
    .columns(run.nodes.iter().map(|node| (node.name.clone(), node.described())));
    if !run.own.is_empty() {
        dictionary = dictionary.fact("VoxelwiseColumns", json!(run.own));
    }
    let columns = std::iter::once(ColumnAgreement::Host)
        .chain(run.nodes.iter().map(|_| ColumnAgreement::Summed { decimals: 12, times: 4.0 }));
    let entities = of_run(Entities::of("timeseries"), number);
    Text::table(entities, text, Some(Agreement::Columns(columns.collect())), &dictionary)
}

/// What a matrix holds.
pub(super) struct Of<'a> {
    pub values: &'a Array2<f64>,
    pub stat: &'static str,
    pub what: &'static str,
    pub letter: &'static str,
    pub nu: Option<f64>,
}

/// What is asked for.
pub(super) fn values_of<'a>(spec: &ConnectSpec, edges: &'a Edges) -> Of<'a> {
    match spec.estimator {
        Estimator::R => Of {
            values: &edges.r,
            stat: "pearsoncorrelation",
            what: "Correlation of the series",
            letter: "r",
            nu: Some(edges.nu),
        },
        Estimator::Partial => Of {
            values: &edges.partial,
            stat: "partialcorrelation",
            what: match edges.not_in_all.is_empty() {
                true => "Correlation given all other regions",
                false => "Correlation given all other regions that every run has",
            },
            letter: "partial r",
            nu: edges.partial_nu,
        },
        Estimator::Beta => Of {
            values: &edges.beta,
            stat: "beta",
            what: "What a change of 1 in the row's region goes along with in the column's, BOLD units",
            letter: "slope",
            nu: Some(edges.nu),
        },
    }
}

/// The matrix that is asked for.
pub(super) fn matrix(
    spec: &ConnectSpec,
    (names, edges): (&[&str], &Edges),
    number: Option<usize>,
) -> Text {
    let Of { values, stat, what, nu, .. } = values_of(spec, edges);
    let mut text = format!("Node\t{}\n", names.join("\t"));
    let lines: Vec<String> = (0..names.len())
        .into_par_iter()
        .map(|a| {
            let values = values.row(a).into_iter().map(|&value| Cell::Value(value));
            let mut line = String::new();
            put_row(&mut line, std::iter::once(Cell::Words(names[a])).chain(values));
            line
        })
        .collect();
    text.push_str(&lines.concat());
    let times = match spec.estimator {
        Estimator::R => OF_R,
        Estimator::Partial | Estimator::Beta => OF_T,
    };
    let columns = std::iter::once(ColumnAgreement::Host).chain(names.iter().map(|_| summed(times)));
    let dictionary = DataDictionary::of(match edges.n_runs {
        1 => what.to_owned(),
        n => format!("{what}: by {}, each counting alike", spec.estimator.over(n)),
    })
    .fact("DegreesOfFreedom", nu)
    .column("Node", "The region of the row")
    .columns(names.iter().map(|&name| (name, format!("Value of the row's region with {name}"))));
    let entities = of_run(Entities::of("relmat"), number).with("stat", stat);
    Text::table(entities, text, Some(Agreement::Columns(columns.collect())), &dictionary)
}

/// What stands behind what a table is of, where it is of several runs.
fn of_runs(edges: &Edges) -> String {
    match edges.n_runs {
        1 => String::new(),
        n => format!(": by the mean of Fisher's z over {n} runs, each counting alike"),
    }
}

/// What of edges over runs is known of the regions that all runs have alone.
fn of_shared(edges: &Edges) -> &'static str {
    match edges.n_runs > 1 && !edges.not_in_all.is_empty() {
        true => {
            "; partial_r given the other regions that every run has, n/a of a region that one lacks"
        }
        false => "",
    }
}

/// Every pair of regions once, `coverage`: `[region]`.
pub(super) fn edges(
    (names, coverage): (&[&str], &[f64]),
    edges: &Edges,
    number: Option<usize>,
) -> Text {
    let head = "region_a\tregion_b\tr\tpartial_r\tz\tse_z\tt\tdof\tp\tq\tpartial_dof\tcoverage_a\tcoverage_b\tshared_voxels\n";
    let n = names.len();
    let partial_dof = edges.partial_nu.map_or("n/a".to_owned(), |nu| nu.to_string());
    let (se, dof) = (cell(edges.se), edges.nu.to_string());
    let coverage: Vec<String> = coverage.iter().map(|share| format!("{share:.4}")).collect();
    // What is not known has no error and no degrees of freedom.
    let known = |value: f64, text| Cell::Words(if value.is_finite() { text } else { "n/a" });
    let of_first = |a: usize| {
        let mut lines = String::new();
        for b in a + 1..n {
            let at = [a, b];
            let [r, partial, z, t, p, q] =
                [&edges.r, &edges.partial, &edges.z, &edges.t, &edges.p, &edges.q].map(|m| m[at]);
            let cells = [
                Cell::Words(names[a]),
                Cell::Words(names[b]),
                Cell::Value(r),
                Cell::Value(partial),
                Cell::Value(z),
                known(z, &se),
                Cell::Value(t),
                known(r, &dof),
                Cell::Probability(p),
                Cell::Probability(q),
                known(partial, &partial_dof),
                Cell::Words(&coverage[a]),
                Cell::Words(&coverage[b]),
                Cell::Count(edges.shared[at]),
            ];
            put_row(&mut lines, cells);
        }
        lines
    };
    let mut lines: Vec<String> = (0..n).into_par_iter().map(of_first).collect();
    lines.insert(0, head.to_owned());
    let (host, of_r, of_t) = (ColumnAgreement::Host, summed(OF_R), summed(OF_T));
    let columns =
        vec![host, host, of_r, of_t, of_r, host, of_t, host, of_t, of_t, host, host, host, host];
    let (entities, agreement) =
        (of_run(Entities::of("edges"), number), Agreement::Columns(columns));
    Text::table(entities, lines.concat(), Some(agreement), &edges_described(edges))
}

/// What the columns of pairs are.
fn edges_described(edges: &Edges) -> DataDictionary {
    let p = match edges.n_runs {
        1 => {
            "Both tails of t, uncorrected. It supposes that what the nuisance columns leave is white: with a high-pass of 128 s and autocorrelated noise .05 \
              is .09 in truth, with the stop band as columns .055; the seeds' maps model the autocorrelation"
        }
        _ => {
            "Both tails of z / se_z, uncorrected, with the same proviso as in one run: what the nuisance columns leave is taken for white"
        }
    };
    let is_mean = edges.n_runs > 1;
    let of = |one: &'static str, mean: &'static str| if is_mean { mean } else { one };
    let what = format!("Every pair of regions once{}{}", of_runs(edges), of_shared(edges));
    DataDictionary::of(what).columns([
        ("region_a", "One region of the pair"),
        ("region_b", "The other"),
        ("r", "Correlation of the cleaned series, which is the partial correlation given the nuisance columns"),
        ("partial_r", "The same given all other regions too; n/a where too few degrees of freedom are left for that, or regions are not independent"),
        ("z", "Fisher's z of r, atanh r"),
        ("se_z", of(
            "Its standard error, 1 / sqrt(dof - 1)",
            "The standard error of the mean, the root of the sum of the squares of the runs' over their number; that of a run is 1 / sqrt(dof - 1) by its own dof",
        )),
        ("t", of("r sqrt(dof / (1 - r²))", "n/a: t is of one run")),
        ("dof", "Volumes that are kept less the rank of the nuisance columns, those of each voxel's own too, less 1"),
        ("p", p),
        ("q", "p adjusted for all pairs that are not n/a, false discovery rate (Benjamini and Hochberg); regions of the same voxels count once"),
        ("partial_dof", of(
            "dof less the number of other regions, those of the same voxels counted once",
            "The same less, in each run, the number of other regions, those of the same voxels counted once",
        )),
        ("coverage_a", of(
            "Share of the region's voxels that are in the mask, finite, not constant and more than the nuisance columns explain",
            "The least of the runs' shares of the region's voxels that are in the mask, finite, not constant and more than the nuisance columns explain",
        )),
        ("coverage_b", "The same of the other"),
        ("shared_voxels", "Voxels that are in the means of both, the most of any run: their noise is in both, and r is larger for that. All the voxels of both: one region under two names, whose row is n/a"),
    ])
}

/// Networks within and between.
pub(super) fn networks(
    groups: &[Group],
    between: &[Between],
    edges: &Edges,
    number: Option<usize>,
) -> Text {
    let mut text = "network_a\tnetwork_b\tmean_z\tr\tpairs\tpairs_known\n".to_owned();
    for Between { a, b, known, all, z } in between {
        let (first, second) = (&groups[*a].name, &groups[*b].name);
        // Writing to a String cannot fail.
        let _ =
            writeln!(text, "{first}\t{second}\t{}\t{}\t{all}\t{known}", cell(*z), cell(z.tanh()));
    }
    let host = ColumnAgreement::Host;
    let columns = vec![host, host, summed(OF_R), summed(OF_R), host, host];
    let dictionary = DataDictionary::of(format!("Networks, and seeds that are in none: the mean of Fisher's z over the pairs of their regions{}", of_runs(edges))).columns([
        ("network_a", "One network, or a seed that is in none"),
        ("network_b", "The other; the same as network_a: within it"),
        ("mean_z", "Over the pairs that are known, each counting alike"),
        ("r", "tanh of mean_z"),
        ("pairs", "Pairs of different regions"),
        ("pairs_known", "Those of them of which both regions are known"),
    ]);
    let entities = of_run(Entities::of("networks"), number);
    Text::table(entities, text, Some(Agreement::Columns(columns)), &dictionary)
}
