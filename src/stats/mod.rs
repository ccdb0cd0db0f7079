//! Statistics in f64 on the host: least squares of designs, the decay over echoes, tails in log space, and what a group's maps are decided by.

pub mod ar1;
pub mod arma11;
pub mod beside;
pub mod clusters;
pub mod correlation;
pub mod decay;
pub mod fdr;
pub mod gls;
pub mod hommel;
pub mod least_squares;
pub mod meta;
pub mod mixed;
pub mod noncentral;
pub(crate) mod panel;
pub mod pareto;
pub mod permuted;
pub mod philox;
pub mod principal;
pub mod random_field;
pub mod rearrange;
pub mod second_level;
pub mod smoothness;
pub mod tails;
pub mod tfce;
pub mod whiteness;
