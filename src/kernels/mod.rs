//! The rooms: each a shader, its host side, and its f64 twin behind one door. A room never enters another;
//! `pipeline` composes them.

pub mod contrast;
pub mod covariance;
pub mod glm;
pub mod nuisance;
pub mod smooth;
