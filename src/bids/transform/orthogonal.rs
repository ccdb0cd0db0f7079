//! Orthogonalize: what other variables explain taken out by least squares, without a constant.

use super::Work;
use super::aligned::aligned;
use crate::bids::variables::{Variable, Variables};
use crate::error::Result;

pub fn orthogonalize(work: &mut Work) -> Result<()> {
    let others = work.variables.all_matching(&work.names("Other"), &work.place())?;
    let dense = work.flag("Dense", false);
    for (from, to) in work.pairs()? {
        let mut names = vec![from.clone()];
        names.extend(others.iter().filter(|other| **other != from).cloned());
        if names.len() == 1 {
            let found = "is the only variable of Other";
            return Err(work.refuse(&from, found, "be orthogonal to others", ""));
        }
        let scratch: Variables =
            if dense { sampled(work, &names)? } else { work.variables.clone() };
        let (base, mut columns) = aligned(&scratch, &names, &work.place(), work.notes)?;
        for (name, column) in names.iter().zip(&columns) {
            if let Some(at) = column.iter().position(|v| !v.is_finite()) {
                let found = format!("has no value (n/a) in its row {}", at + 1);
                return Err(work.refuse(name, found, "have all", "DropNA or Replace first"));
            }
        }
        let mut own = columns.remove(0);
        for unit in basis(columns) {
            take_out(&mut own, &unit);
        }
        work.put(&[from], &to, base.variable(own));
    }
    Ok(())
}

/// The variables with events and responses at 10 Hz.
fn sampled(work: &Work, names: &[String]) -> Result<Variables> {
    let mut scratch = work.variables.clone();
    for name in names {
        let variable = work.variable(name)?;
        if !matches!(variable, Variable::Inputs(_)) {
            let samples = work.variables.sampled(name, &variable, &work.place())?;
            scratch.set(name, Variable::Samples(samples));
        }
    }
    Ok(scratch)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Less the projection on a unit column, twice for the digits.
fn take_out(column: &mut [f64], unit: &[f64]) {
    for _ in 0..2 {
        let weight = dot(column, unit);
        column.iter_mut().zip(unit).for_each(|(v, u)| *v -= weight * u);
    }
}

/// Orthonormal columns that span these.
fn basis(columns: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let mut units: Vec<Vec<f64>> = Vec::new();
    for mut column in columns {
        let before = dot(&column, &column).sqrt();
        for _ in 0..2 {
            units.iter().for_each(|unit| take_out(&mut column, unit));
        }
        let length = dot(&column, &column).sqrt();
        // What is left of a dependent column is rounding.
        if length > 1e-12 * before {
            column.iter_mut().for_each(|v| *v /= length);
            units.push(column);
        }
    }
    units
}
