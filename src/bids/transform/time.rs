//! Times: Lag, and samples at another rate.

use super::Work;
use super::aligned::note_responses;
use crate::bids::variables::{DENSE_HZ, Samples, Sampling, Variable};
use crate::error::Result;

/// Samples of the variable at `SamplingRate` Hz from 0 s, or on the frames (`TR`): exact values of events and responses, straight lines between
/// samples. Nothing is filtered.
pub fn resample(work: &mut Work) -> Result<()> {
    let hz = match work.instruction.arguments.get("SamplingRate") {
        Some(rate) if rate.is_string() => None,
        Some(rate) => rate.as_f64(),
        None => Some(DENSE_HZ),
    };
    for (from, to) in work.pairs()? {
        let variable = work.variable(&from)?;
        if work.instruction.name == "Resample" && !matches!(variable, Variable::Samples(_)) {
            let expected = "be sampled to be resampled";
            return Err(work.refuse(&from, "has no samples", expected, "ToDense makes some"));
        }
        let samples = match hz {
            Some(hz) => {
                if let Variable::Samples(Samples {
                    sampling: Sampling::Rate { hz: own, .. }, ..
                }) = &variable
                    && *own > hz
                {
                    work.note(format!("`{from}` is taken from {own} to {hz} Hz without a filter"));
                }
                note_responses(&[(&from, &variable)], hz, &work.place(), work.notes);
                work.variables.at_rate(&from, &variable, hz, &work.place())?
            }
            None => {
                work.variables.moments(DENSE_HZ, &work.place())?; // refuses inputs
                let frames = work.variables.frame_times_s().unwrap_or_default().to_vec();
                let values = work.variables.at(&from, &variable, &frames, &work.place())?;
                Samples { sampling: Sampling::Frames, values }
            }
        };
        work.put(&[from], &to, Variable::Samples(samples));
    }
    Ok(())
}

/// x(k - shift) by a spline of the order 0, 1 or 3 (`scipy.ndimage.shift`), or x(k) - x(k - shift). `shift` in samples.
pub fn lag(work: &mut Work) -> Result<()> {
    let shift = work.number("Shift", 1.0);
    let order = work.number("Order", 3.0);
    let constant =
        (work.text("Mode").as_deref() == Some("constant")).then(|| work.number("Constant", 0.0));
    let pointer = &work.instruction.pointer;
    if ![0.0, 1.0, 3.0].contains(&order) {
        let hint = "3 is a cubic spline, 1 straight lines";
        let at = format!("{pointer}/Order");
        return Err(crate::bids::instruction::refuse(
            &at,
            format!("is {order}"),
            "be 0, 1 or 3",
            hint,
        ));
    }
    if shift.abs() > 1e6 {
        let at = format!("{pointer}/Shift");
        let found = format!("is {shift}");
        return Err(crate::bids::instruction::refuse(
            &at,
            found,
            "be a million samples at most",
            "",
        ));
    }
    for (from, to) in work.pairs()? {
        let variable = work.variable(&from)?;
        if !matches!(variable, Variable::Samples(_)) {
            work.note(format!("`{from}` is brought to 10 Hz; the shift is in samples of that"));
            note_responses(&[(&from, &variable)], DENSE_HZ, &work.place(), work.notes);
        }
        let Samples { sampling, values } =
            work.variables.sampled(&from, &variable, &work.place())?;
        if let Some(at) = values.iter().position(|v| !v.is_finite()) {
            let found = format!("has no value (n/a) in its sample {}", at + 1);
            return Err(work.refuse(
                &from,
                found,
                "have all to be shifted",
                "Scale with ReplaceNA",
            ));
        }
        let shifted = shifted(&values, shift, order as usize, constant);
        let values = match work.flag("Difference", false) {
            true => values.iter().zip(&shifted).map(|(v, s)| v - s).collect(),
            false => shifted,
        };
        work.put(&[from], &to, Variable::Samples(Samples { sampling, values }));
    }
    Ok(())
}

/// Samples that scipy puts before and behind a series so that its ends go on as they are.
const PADDED: usize = 12;

/// x(k - shift); beyond the ends the end's value, or the constant.
fn shifted(values: &[f64], shift: f64, order: usize, constant: Option<f64>) -> Vec<f64> {
    let (Some(&first), Some(&last)) = (values.first(), values.last()) else { return Vec::new() };
    let n = values.len();
    let pad = |value| std::iter::repeat_n(value, PADDED);
    let padded: Vec<f64> = pad(first).chain(values.iter().copied()).chain(pad(last)).collect();
    let coefficients = if order == 3 { spline(&padded) } else { padded };
    let at = |place: f64| {
        let place = place.clamp(-(PADDED as f64) + 2.0, (n + PADDED) as f64 - 3.0) + PADDED as f64;
        let (below, share) = (place.floor() as usize, place.fract());
        let c = |offset: usize| {
            coefficients[(below + offset).saturating_sub(1).min(coefficients.len() - 1)]
        };
        match order {
            0 => c(if share < 0.5 { 1 } else { 2 }),
            1 => c(1) + share * (c(2) - c(1)),
            _ => {
                let rest = 1.0 - share;
                let near = |d: f64| 2.0 / 3.0 - d * d + d * d * d / 2.0;
                (c(0) * rest.powi(3) + c(3) * share.powi(3)) / 6.0
                    + c(1) * near(share)
                    + c(2) * near(rest)
            }
        }
    };
    let one = |k: usize| {
        let place = k as f64 - shift;
        match constant {
            Some(constant) if place < 0.0 || place > (n - 1) as f64 => constant,
            _ => at(place),
        }
    };
    (0..n).map(one).collect()
}

/// Coefficients of the cubic B-spline through these values, mirrored half a sample beyond the ends: (c(k-1) + 4 c(k) + c(k+1)) / 6 = x(k).
fn spline(values: &[f64]) -> Vec<f64> {
    let n = values.len();
    let diagonal = |k: usize| if k == 0 || k + 1 == n { 5.0 } else { 4.0 };
    // Elimination downwards, then upwards.
    let (mut upper, mut right) = (vec![0.0; n], vec![0.0; n]);
    for k in 0..n {
        let (before, left) = if k == 0 { (0.0, 0.0) } else { (upper[k - 1], right[k - 1]) };
        let pivot = diagonal(k) - before;
        upper[k] = 1.0 / pivot;
        right[k] = (6.0 * values[k] - left) / pivot;
    }
    for k in (0..n.saturating_sub(1)).rev() {
        right[k] -= upper[k] * right[k + 1];
    }
    right
}
