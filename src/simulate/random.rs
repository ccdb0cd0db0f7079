//! Random numbers by counter: number `index` of stream `stream` depends on (seed, stream, index) and on nothing else,
//! so voxels may be made in any order on any number of threads.
//! Source: Philox4x32-10 ([`crate::stats::philox`]). Normal deviates: Box and Muller 1958.

use super::elementary::{ln, sin_cos};
use crate::stats::philox::philox4x32_10;

/// What a stream of random numbers is for; its number is part of the counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    Thermal = 1,
    Air = 2,
    Texture = 3,
    Breaths = 4,
    Heart = 5,
    Sensor = 6,
    Motion = 7,
    Order = 8,
    Patient = 9,
    Visit = 10,
    NullMap = 11,
    Person = 12,
    Scan = 13,
    Network = 14,
}

/// One stream of a seed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Random {
    seed: u64,
    stream: Stream,
}

impl Random {
    pub(super) fn new(seed: u64, stream: Stream) -> Random {
        Random { seed, stream }
    }

    /// Four independent uniform deviates in the open interval (0, 1).
    pub(super) fn uniforms(&self, index: u64) -> [f64; 4] {
        self.words(index).map(|bits| (f64::from(bits) + 0.5) / 4_294_967_296.0)
    }

    /// A seed of its own for what has the number `index`.
    pub(super) fn seed(&self, index: u64) -> u64 {
        let [low, high, ..] = self.words(index);
        u64::from(high) << 32 | u64::from(low)
    }

    fn words(&self, index: u64) -> [u32; 4] {
        let counter = [index as u32, (index >> 32) as u32, self.stream as u32, 0];
        philox4x32_10(counter, [self.seed as u32, (self.seed >> 32) as u32])
    }

    /// Four independent standard normal deviates.
    pub(super) fn normals(&self, index: u64) -> [f64; 4] {
        let [a, b, c, d] = self.uniforms(index);
        let pair = |u: f64, v: f64| {
            let radius = (-2.0 * ln(u)).sqrt();
            let (sin, cos) = sin_cos(std::f64::consts::TAU * v);
            (radius * cos, radius * sin)
        };
        let ((w, x), (y, z)) = (pair(a, b), pair(c, d));
        [w, x, y, z]
    }
}
