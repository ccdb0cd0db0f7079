//! Orthogonalize: what other variables explain taken out: y - X b, b the slopes of a fit of y by X and a constant, which stays in y.

use super::Work;
use super::aligned::{aligned, note_responses};
use crate::bids::variables::{DENSE_HZ, Variable, Variables};
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
        let mut own = Both::of(columns.remove(0));
        for unit in basis(columns) {
            own.take_out(&unit);
        }
        let own = own.raw;
        work.put(&[from], &to, base.variable(own));
    }
    Ok(())
}

/// The variables with events and responses at 10 Hz.
fn sampled(work: &mut Work, names: &[String]) -> Result<Variables> {
    let mut scratch = work.variables.clone();
    for name in names {
        let variable = work.variable(name)?;
        if !matches!(variable, Variable::Inputs(_)) {
            note_responses(&[(name, &variable)], DENSE_HZ, &work.place(), work.notes);
            let samples = work.variables.sampled(name, &variable, &work.place())?;
            scratch.set(name, Variable::Samples(samples));
        }
    }
    Ok(scratch)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// A column less its mean, by which it is judged, and as it is, to which the same is done.
struct Both {
    centred: Vec<f64>,
    raw: Vec<f64>,
}

impl Both {
    fn of(raw: Vec<f64>) -> Both {
        let mean = raw.iter().sum::<f64>() / raw.len().max(1) as f64;
        Both { centred: raw.iter().map(|v| v - mean).collect(), raw }
    }

    /// Less the projection on a unit column, twice for the digits.
    fn take_out(&mut self, unit: &Both) {
        for _ in 0..2 {
            let weight = dot(&self.centred, &unit.centred);
            for (own, unit) in [(&mut self.centred, &unit.centred), (&mut self.raw, &unit.raw)] {
                own.iter_mut().zip(unit).for_each(|(v, u)| *v -= weight * u);
            }
        }
    }
}

/// Columns that span these, orthonormal when centred.
fn basis(columns: Vec<Vec<f64>>) -> Vec<Both> {
    let mut units: Vec<Both> = Vec::new();
    for column in columns {
        let mut column = Both::of(column);
        let before = dot(&column.raw, &column.raw).sqrt();
        units.iter().for_each(|unit| column.take_out(unit));
        let length = dot(&column.centred, &column.centred).sqrt();
        // What is left of a dependent column, or a constant, is rounding.
        if length > 1e-12 * before {
            for own in [&mut column.centred, &mut column.raw] {
                own.iter_mut().for_each(|v| *v /= length);
            }
            units.push(column);
        }
    }
    units
}
