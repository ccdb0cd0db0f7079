//! Rows of runs in tables of regions: of an F across runs each has the degrees of freedom of what the contrast asks of it.

use std::fs;
use std::path::Path;

use boldly::simulate::write::paths;

use crate::binary::{run, study};

/// Rows of a table of regions by name.
fn rows(dir: &Path, table: &str) -> Vec<Vec<(String, String)>> {
    let text = fs::read_to_string(dir.join(table)).unwrap();
    let mut lines = text.lines().map(|line| line.split('\t').map(str::to_owned));
    let header: Vec<String> = lines.next().unwrap().collect();
    lines.map(|line| header.iter().cloned().zip(line).collect()).collect()
}

fn cell(row: &[(String, String)], name: &str) -> f64 {
    row.iter().find(|(column, _)| column == name).unwrap().1.parse().unwrap()
}

#[test]
fn a_run_of_which_an_f_across_runs_asks_one_thing_has_one_degree_of_freedom_there() {
    let folder = study();
    let dir = folder.path();
    let (bold, events, mask) = (paths::BOLD, paths::EVENTS, paths::MASK);
    let others = ["sub-01_task-pain_run-2_bold.nii.gz", "sub-01_task-pain_run-3_bold.nii.gz"];
    for (other, mm) in others.iter().zip([9, 14]) {
        run(dir, &format!("smooth study/{bold} --fwhm {mm} --out {other} --device cpu -q"));
    }
    let first = format!("study/{bold}");
    let options = format!(
        "--mask study/{mask} --roi a=study/{mask} --coordinates native --device cpu -q --two-sided"
    );
    // of one run and one row F is t squared, with the same two-sided p
    let alone = |bold: &str, at: usize| {
        let line =
            format!("glm {bold} --events study/{events} {options} --contrast pain --out {at}");
        run(dir, &line);
        rows(dir, &format!("{at}/contrast-pain_regions.tsv")).remove(0)
    };
    let alone = [alone(&first, 1), alone(others[0], 2), alone(others[1], 3)];
    let runs = format!("{first} {} {}", others[0], others[1]);
    for (at, f) in
        ["pain@run-1;pain@run-2;pain@run-3", "pain@run-1-pain@run-2;pain@run-2-pain@run-3"]
            .into_iter()
            .enumerate()
    {
        let line = format!(
            "glm {runs} --events study/{events} study/{events} study/{events} {options} --f-contrast dd={f} --out both-{at}"
        );
        run(dir, &line);
        let table = rows(dir, &format!("both-{at}/contrast-dd_regions.tsv"));
        assert_eq!(table.len(), 4, "three runs, and all");
        for (row, alone) in table.iter().zip(&alone) {
            let t = cell(alone, "t");
            assert_eq!(
                (cell(row, "dof1"), cell(row, "dof2")),
                (1.0, cell(alone, "dof")),
                "{row:?}"
            );
            assert!((cell(row, "F") - t * t).abs() < 1e-9 * t * t, "{f}: {row:?} {alone:?}");
            assert!((cell(row, "p") / cell(alone, "p") - 1.0).abs() < 1e-9, "{f}: {row:?}");
        }
        assert_eq!(cell(&table[3], "dof1"), [3.0, 2.0][at], "of all runs the contrast's own");
    }
}
