//! Head motion: slow drift, a movement with each breath, a few sudden small shifts; framewise displacement.

use super::breathing::Breathing;
use super::elementary::sin;
use super::random::{Random, Stream};

/// A rigid position: translation along x, y, z in mm, rotation about x, y, z in radians.
pub type Position = [f64; 6];

/// Standard deviation of a sudden shift along an axis, mm.
pub(super) const CALM_MM: f64 = 0.12;

/// The head's position at each volume, `[volume]`, the first one 0. `jerk_mm`: as [`CALM_MM`].
pub(super) fn positions(
    seed: u64,
    n_volumes: usize,
    tr: f64,
    breathing: &Breathing,
    jerk_mm: f64,
) -> Vec<Position> {
    let random = Random::new(seed, Stream::Motion);
    let tau = std::f64::consts::TAU;
    let run_s = n_volumes as f64 * tr;
    let mut shift = [0.0; 6];
    let mut positions = Vec::with_capacity(n_volumes);
    for volume in 0..n_volumes {
        let time_s = volume as f64 * tr;
        let [jerk, ..] = random.uniforms(1000 + 4 * volume as u64);
        let [a, b, c, d] = random.normals(1001 + 4 * volume as u64);
        let [e, f, ..] = random.normals(1002 + 4 * volume as u64);
        let size = if jerk < 0.02 { jerk_mm } else { 0.008 };
        for (axis, n) in [a, b, c, d, e, f].into_iter().enumerate() {
            shift[axis] += n * size * if axis < 3 { 1.0 } else { 1.0 / 90.0 };
            shift[axis] *= 0.985;
        }
        let breath = breathing.at(time_s).lung;
        positions.push(std::array::from_fn(|axis| {
            let [p, q, ..] = random.uniforms(axis as u64);
            let slow = (0.5 + q) * sin(tau * (time_s / run_s * 0.6 + p));
            let with_breath = [0.01, 0.05, 0.08, 0.0007, 0.0, 0.0][axis] * breath;
            shift[axis] + with_breath + slow * if axis < 3 { 0.12 } else { 0.0014 }
        }));
    }
    let first = positions[0];
    for position in &mut positions {
        *position = std::array::from_fn(|axis| position[axis] - first[axis]);
    }
    positions
}

/// Framewise displacement in mm of each volume from the one before: |dx| + |dy| + |dz| + 50 mm (|da| + |db| + |dc|);
/// none for the first. Source: Power et al. 2012.
#[must_use]
pub fn framewise_displacement(positions: &[Position]) -> Vec<Option<f64>> {
    let step = |volume: usize| {
        let change = |axis: usize| (positions[volume][axis] - positions[volume - 1][axis]).abs();
        (0..3).map(change).sum::<f64>() + 50.0 * (3..6).map(change).sum::<f64>()
    };
    (0..positions.len()).map(|volume| (volume > 0).then(|| step(volume))).collect()
}

/// Where a point moves, in mm, under a small rigid movement about the origin.
pub(super) fn displacement(position: &Position, at_mm: [f64; 3]) -> [f64; 3] {
    let [tx, ty, tz, rx, ry, rz] = *position;
    let [x, y, z] = at_mm;
    [tx + ry * z - rz * y, ty + rz * x - rx * z, tz + rx * y - ry * x]
}
