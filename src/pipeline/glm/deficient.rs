//! Why columns of a design depend on each other, in words.

use ndarray::{Array2, ArrayView1};

use crate::pipeline::inputs::Run;

/// Columns that are alike but for this share of their length are the same.
const ALIKE: f64 = 1e-10;

/// What can be said of each of `involved`, the columns that depend on others; empty where it is only all of them together.
pub(super) fn why(run: &Run, involved: &[String]) -> Vec<String> {
    let (names, matrix) = run.shared();
    let is_lost = |name: &&String| run.lost.contains(name);
    let is_there = |at: &usize| involved.contains(&names[*at]) && !run.lost.contains(&names[*at]);
    let places: Vec<usize> = (0..names.len()).filter(is_there).collect();
    let is_censored = run.kept.len() < run.header.n_volumes();
    let kept = if is_censored { " that is kept" } else { "" };
    let lost: Vec<&str> = involved.iter().filter(is_lost).map(String::as_str).collect();
    let mut said = Vec::new();
    if !lost.is_empty() {
        said.push(format!("censoring took all of {}", quoted(&lost)));
    }
    let mut varying: Vec<usize> = Vec::new();
    let mut constants: Vec<&str> = Vec::new();
    for &at in &places {
        let column = matrix.column(at);
        if column.iter().all(|v| *v == 0.0) {
            said.push(format!("`{}` is 0 in every volume{kept}", names[at]));
        } else if column.iter().all(|v| *v == column[0]) {
            constants.push(&names[at]);
        } else {
            varying.push(at);
        }
    }
    if constants.len() > 1 {
        said.push(format!("{} are constant", quoted(&constants)));
    }
    said.extend(same(&matrix, &varying).iter().map(|group| {
        let names: Vec<&str> = group.iter().map(|&at| names[at].as_str()).collect();
        format!("{} are the same but for their scale", quoted(&names))
    }));
    said
}

/// Columns that are multiples of one another, groups of two or more.
fn same(matrix: &Array2<f64>, places: &[usize]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for &at in places {
        let is_of = |group: &&mut Vec<usize>| are_alike(matrix.column(group[0]), matrix.column(at));
        match groups.iter_mut().find(is_of) {
            Some(group) => group.push(at),
            None => groups.push(vec![at]),
        }
    }
    groups.retain(|group| group.len() > 1);
    groups
}

fn are_alike(a: ArrayView1<f64>, b: ArrayView1<f64>) -> bool {
    let (aa, bb, ab) = (a.dot(&a), b.dot(&b), a.dot(&b));
    aa * bb - ab * ab <= ALIKE * aa * bb
}

fn quoted(names: &[&str]) -> String {
    let all: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    all.join(" and ")
}
