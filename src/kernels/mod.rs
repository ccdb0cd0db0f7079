//! The rooms: each a shader, its host side, and its f64 twin behind one door. A room never enters another;
//! `pipeline` composes them.

pub mod arma;
pub mod contrast;
pub mod covariance;
pub mod dvars;
pub mod glm;
pub mod lags;
pub mod nuisance;
pub mod pairs;
pub mod rearranged;
pub mod smooth;

use crate::gpu::Shader;

/// The rooms' shaders, a row a room.
pub static SHADERS: [&Shader; 10] = [
    arma::SHADER,
    contrast::SHADER,
    covariance::SHADER,
    dvars::SHADER,
    glm::SHADER,
    lags::SHADER,
    nuisance::SHADER,
    pairs::SHADER,
    rearranged::SHADER,
    smooth::SHADER,
];
