//! SPM's canonical response on SPM's micro-time grid.

use super::grid::{Cumulative, Stretch, gamma_density, normalised, orthogonalise};
use super::{Frames, LENGTH_S, MicroTime};
use crate::design::events::Event;

/// SPM's basis functions (response, time derivative, dispersion derivative) at multiples of `dt` seconds from 0
/// to 32 s, before they are orthogonalised; the response sums to 1.
#[must_use]
pub fn spm_basis(dt: f64) -> [Vec<f64>; 3] {
    const DISPERSION_STEP: f64 = 0.01;
    let response = |delay_s: f64, dispersion: f64| {
        let count = (LENGTH_S / dt + 1e-9).floor() as usize + 1;
        let values = (0..count).map(|bin| {
            let t = bin as f64 * dt - delay_s;
            gamma_density(t / dispersion, 6.0 / dispersion) / dispersion
                - gamma_density(t, 16.0) / 6.0
        });
        normalised(values.collect())
    };
    let canonical = response(0.0, 1.0);
    let later = response(1.0, 1.0);
    let wider = response(0.0, 1.0 + DISPERSION_STEP);
    let time = canonical.iter().zip(&later).map(|(h, l)| h - l).collect();
    let dispersion = canonical.iter().zip(&wider).map(|(h, w)| (h - w) / DISPERSION_STEP).collect();
    [canonical, time, dispersion]
}

/// The columns of one condition: the response and `count` - 1 derivatives, each less its projection on those before it.
pub(super) fn columns(
    count: usize,
    micro_time: MicroTime,
    events: &[&Event],
    frames: &Frames,
) -> Vec<Vec<f64>> {
    let dt = frames.tr / micro_time.bins.max(1) as f64;
    let start = frames.times.first().copied().unwrap_or(0.0);
    // `as` saturates, so an onset however far away keeps its side.
    let bin = |t: f64| ((t - start) / dt).round() as i64;
    let impulses = events.iter().all(|e| e.duration == 0.0);
    let stretches: Vec<Stretch> = events
        .iter()
        .map(|e| {
            let first = bin(e.onset);
            Stretch {
                first,
                end: first.saturating_add((e.duration / dt).round() as i64).saturating_add(1),
                height: if impulses { e.amplitude / dt } else { e.amplitude },
            }
        })
        .collect();
    let mut basis: Vec<Vec<f64>> = spm_basis(dt).into_iter().take(count).collect();
    orthogonalise(&mut basis);
    let offset = micro_time.reference.max(1) as i64 - 1;
    let column = |response: &Vec<f64>| {
        let cumulative = Cumulative::new(response);
        let at = |t: &f64| cumulative.convolved(&stretches, bin(*t) + offset);
        frames.times.iter().map(at).collect()
    };
    let mut columns: Vec<Vec<f64>> = basis.iter().map(column).collect();
    orthogonalise(&mut columns);
    columns
}
