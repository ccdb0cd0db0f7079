//! Statistics in f64 on the host: least squares of designs, the decay over echoes, tails in log space, what a group's maps are decided by, and the counts of a trial.

pub mod ar1;
pub mod arma11;
pub mod beside;
pub mod clusters;
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
pub mod proportions;
pub mod random_field;
pub mod rearrange;
pub mod second_level;
pub mod smoothness;
pub mod survival;
pub mod tails;
pub mod tfce;
pub mod whiteness;
