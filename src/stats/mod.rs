//! Statistics in f64 on the host: least squares of designs, the decay over echoes, and tails in log space.

pub mod ar1;
pub mod arma11;
pub mod beside;
pub mod decay;
pub mod gls;
pub mod least_squares;
pub mod mixed;
pub(crate) mod panel;
pub mod permuted;
pub mod philox;
pub mod principal;
pub mod rearrange;
pub mod second_level;
pub mod smoothness;
pub mod tails;
pub mod whiteness;
