//! What a unit above the run takes together: whether it can be, and what is to be known of it.

use std::collections::BTreeSet;
use std::path::Path;

use ndarray::{Array2, ArrayView1};

use super::at_zero;
use super::named::{self, listed};
use super::unit::{Estimate, Unit};
use crate::bids::model::{Kind, Level, Node};
use crate::bids::variables::Variables;
use crate::bids::{Entities, graph};
use crate::design::similar;
use crate::entity;
use crate::error::{Error, Result};
use crate::io;
use crate::pipeline::regions::is_own_space;
use crate::volume::Grid;

/// The voxels of what a unit writes: those of the runs below.
fn grid(units: &[Unit], at: usize) -> Option<&Grid> {
    let unit = units.get(at)?;
    match &unit.run {
        Some(run) => Some(&run.grid),
        None => grid(units, *unit.below.first()?),
    }
}

/// Refuse estimates of other voxels than those of the first.
///
/// # Errors
/// Bad data, naming both.
pub(super) fn refuse_other_grids(
    units: &[Unit],
    whose: &str,
    own: &[(usize, &Estimate)],
) -> Result<()> {
    let Some(((at, first), rest)) = own.split_first() else { return Ok(()) };
    let Some(first_grid) = grid(units, *at) else { return Ok(()) };
    let name = |one: &Estimate| named::label(&one.entities, &["space"]);
    let of = format!("{} in {whose}", name(first));
    for (unit, one) in rest {
        let Some(other) = grid(units, *unit) else { continue };
        let hint = "take the images of one space and resolution (--space), or leave such runs out (--bids-filter-file)";
        io::check_grid(Path::new(&name(one)), other, (first_grid, &of), hint)?;
    }
    Ok(())
}

/// Refuse a name by which a model may mean one of several contrasts that come in, or what tables and names of files say of the inputs: nobody knows
/// which was meant. `coming`: the contrasts.
///
/// # Errors
/// Bad data, naming both.
pub(super) fn refuse_two_meanings(
    node: &Node,
    whose: &str,
    (variables, coming): (&Variables, &[(String, Vec<f64>)]),
) -> Result<()> {
    let twofold = coming.iter().filter(|(name, _)| variables.get(name).is_some());
    for (name, _) in twofold.filter(|_| coming.len() > 1) {
        let is_it = |wanted: &str| variables.matching(wanted).contains(name);
        let x = || node.x.iter().any(|wanted| is_it(wanted)).then(|| "X".to_owned());
        let in_model = match &node.formula {
            Some(formula) => formula.variables().contains(&name.as_str()).then(|| "Formula".into()),
            None => x(),
        };
        let in_model = in_model.map(|key: String| format!("{}/Model/{key}", node.pointer));
        let taking = node.transformations.iter().find(|one| one.takes().iter().any(|of| is_it(of)));
        let Some(place) = taking.map(|one| one.pointer.clone()).or(in_model) else { continue };
        let known = match entity::long(name) {
            Some(long) if long == name => "an entity",
            _ => "a column of tables",
        };
        return Err(Error::bad_data(
            format!("`{name}` of {place} ({whose})"),
            format!("is one of the contrasts that come in, and {known} about them too"),
            "mean one of them",
            "rename the contrast, or the column of participants.tsv, sessions.tsv or scans.tsv",
        ));
    }
    Ok(())
}

/// Refuse inputs that no column has a part of, where columns say who is in what: they would only add a degree of freedom.
///
/// # Errors
/// Bad data, naming the first, with what it is in.
pub(super) fn refuse_in_no_column(
    node: &Node,
    whose: &str,
    (columns, design): (&[String], &Array2<f64>),
    own: &[&Entities],
) -> Result<()> {
    let is_zero = |at: &usize| design.row(*at).iter().all(|v| *v == 0.0);
    let all: Vec<usize> = (0..design.nrows()).filter(is_zero).collect();
    let says =
        |column: ArrayView1<f64>| at_zero::is_binary(column) && column.iter().any(|v| *v == 1.0);
    let Some(&first) = all.first().filter(|_| design.columns().into_iter().any(says)) else {
        return Ok(());
    };
    let factors = node.transformations.iter().filter(|one| one.name == "Factor");
    let keys = factors.flat_map(|one| one.input.iter().map(String::as_str));
    let why = keys.chain([graph::CONTRAST]).find_map(|key| {
        let value = own[first].get(key)?;
        let others = (0..own.len()).filter(|at| !all.contains(at));
        let others: Vec<String> = others.filter_map(|at| own[at].get(key).cloned()).collect();
        let near = similar::closest(value, &others).filter(|near| near != value);
        let near = near.map_or(String::new(), |near| format!("; did you mean '{near}'?"));
        (!others.contains(value)).then(|| format!("its {key} is '{value}'{near} "))
    });
    let more = match all.len() {
        1 => String::new(),
        n => format!(" (as {} more)", n - 1),
    };
    let input = named::label(&named::of_names(own[first]), &["space"]);
    Err(Error::bad_data(
        format!("{whose}: {input}"),
        format!("is 0 in every column of the design, {}{more}", listed(columns)),
        "have a part in what is tested, or it would only add a degree of freedom",
        format!(
            "{}correct the table, add its column to X, or leave it out by the Filter of the edge that leads here",
            why.unwrap_or_default()
        ),
    ))
}

/// What is wrong where subjects lie in spaces of their own, in the words of a remark too.
pub(super) const ELSEWHERE: &str = "a voxel is another place in each";

/// That subjects are compared in the spaces of their own, where the names of their images say so, or name none.
pub(super) fn own_spaces(node: &Node, own: &[&Entities]) -> Option<String> {
    let subjects: BTreeSet<&String> = own.iter().filter_map(|of| of.get("subject")).collect();
    let space = own.iter().find_map(|of| of.get("space"));
    let whose = match space {
        Some(space) => format!("in space-{space}, each subject's own: {ELSEWHERE}"),
        None => format!(
            "of which the images name no space, as those do that lie as the scanner took them: {ELSEWHERE}, unless they were brought to one before"
        ),
    };
    let is_own = space.is_none_or(|space| is_own_space(space));
    (node.level == Level::Dataset && subjects.len() > 1 && is_own).then(|| {
        let n = subjects.len();
        format!("takes {n} subjects together {whose}; --space takes images of a template")
    })
}

/// That the variance between subjects is no part of what is tested.
pub(super) fn fixed_over_subjects(node: &Node, own: &[&Entities]) -> Option<String> {
    let subjects: BTreeSet<&String> = own.iter().filter_map(|of| of.get("subject")).collect();
    (node.kind == Kind::Meta && subjects.len() > 1).then(|| {
        format!(
            "combines {} subjects by fixed effects: their variance within runs alone is counted, so that a result holds of these subjects, not of others \
             like them; Type glm compares them by what differs between subjects",
            subjects.len()
        )
    })
}

/// That several contrasts are one estimate, for no column tells two of them apart where all else is the same.
pub(super) fn not_told_apart(design: &Array2<f64>, own: &[&Entities]) -> Option<String> {
    let of = |at: usize| own[at].get(graph::CONTRAST);
    let mut contrasts: Vec<String> = (0..own.len()).filter_map(|at| of(at).cloned()).collect();
    contrasts.sort();
    contrasts.dedup();
    let is_same_otherwise =
        |one: usize, other: usize| named::of_names(own[one]) == named::of_names(own[other]);
    let mut pairs = 0;
    for one in 0..own.len() {
        for other in (one + 1..own.len()).filter(|&other| of(other) != of(one)) {
            if is_same_otherwise(one, other) {
                pairs += 1;
                if design.row(one) != design.row(other) {
                    return None;
                }
            }
        }
    }
    (pairs > 0).then(|| {
        format!(
            "takes {} contrasts as one, for no column tells them apart ({}): what comes out is of their mean; add contrast to GroupBy, or choose one by the Filter of the edge",
            contrasts.len(),
            listed(&contrasts)
        )
    })
}

/// That a design has no constant, so that it is fitted through 0.
///
/// # Errors
/// Those of least squares.
pub(super) fn without_constant(
    (columns, design): (&[String], &Array2<f64>),
) -> Result<Option<String>> {
    let has = columns.is_empty() || at_zero::has_constant(design)?;
    Ok((!has).then(|| {
        format!(
            "has no constant, and no sum of its columns ({}) is one: it is fitted through 0; add 1 to X where estimates may have a mean",
            listed(columns)
        )
    }))
}
