//! Group models: from a table of subjects' maps to what each contrast is tested in.
//!
//! Every model becomes **strata**. A [`Stratum`] is what one contrast is tested in: linear combinations of each subject's maps (the
//! maps themselves, a difference, a mean, or several orthonormal differences), a design over subjects, and weights. Errors are
//! partitioned so: a contrast within subjects is tested against how much that very contrast varies between subjects, on S - 1
//! degrees of freedom, as in a repeated-measures analysis of variance.

mod asked;
mod coded;
mod covariate;
mod factors;
mod formula;
mod model;
mod partitioned;
mod parts;
mod pooled;
mod ready;
mod request;
mod resolve;
mod resolved;
mod sample;
mod stratum;
mod sum;
mod words;

pub use factors::{Factor, Factors};
pub use model::Model;
pub use ready::unmodelled;
pub use request::{Centre, Request};
pub use resolve::resolve;
pub use resolved::Resolved;
pub use sample::Sample;
pub use stratum::{Combination, Stratum};
