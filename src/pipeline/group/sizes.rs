//! How large effects are: Hedges g of t, partial eta squared of F, with confidence limits from the noncentral distributions.

use super::fitted::Fitted;
use super::over::Over;
use crate::design::group::Stratum;
use crate::error::Result;
use crate::maps::{Map, Quantity};
use crate::pipeline::spec::GroupSpec;
use crate::stats::noncentral::{
    FLimits, TLimits, hedges_correction, partial_eta_square, partial_eta_square_of,
};
use crate::stats::second_level::SecondLevel;

/// Confidence of g's limits: both sides.
const OF_G: f64 = 0.95;
/// Of eta squared's, whose test has one side: at .05 its lower limit leaves 0.
const OF_ETA: f64 = 0.9;

/// The maps of a contrast's size.
///
/// # Errors
/// Those of the model.
pub(super) fn maps(
    spec: &GroupSpec,
    (stratum, fitted): (&Stratum, &Fitted),
    over: &Over,
) -> Result<Vec<Map>> {
    if !spec.sizes {
        return Ok(Vec::new());
    }
    let stat = over.of(&fitted.maps.stat);
    let greatest = stat.iter().fold(1.0, |most: f64, t| most.max(t.abs()));
    let model = SecondLevel::new(stratum.design.view(), stratum.weights.view())?;
    let dof = fitted.maps.dof.least();
    let name = &stratum.name;
    let each = |of: &dyn Fn(f64) -> [f64; 3]| -> [Vec<f64>; 3] {
        let all: Vec<[f64; 3]> = stat.iter().map(|&t| of(t)).collect();
        std::array::from_fn(|which| all.iter().map(|one| one[which]).collect())
    };
    let (quantity, said, confidence, values) = if stratum.is_f {
        let dof1 = fitted.maps.rank as f64;
        let limits = FLimits::new(dof1, dof, OF_ETA, greatest);
        let of = |f: f64| {
            let (low, high) = limits.of(f);
            let eta = |lambda| partial_eta_square_of(lambda, dof1, dof);
            [partial_eta_square(f, dof1, dof), eta(low), eta(high)]
        };
        (Quantity::PartialEtaSquare, "Partial eta squared", OF_ETA, each(&of))
    } else {
        let limits = TLimits::new(dof, OF_G, greatest);
        let factor = hedges_correction(dof) * model.effect_scale();
        let of = |t: f64| {
            let (low, high) = limits.of(t);
            [t * factor, low * factor, high * factor]
        };
        (Quantity::HedgesG, "Hedges g", OF_G, each(&of))
    };
    let percent = 100.0 * confidence;
    let [estimate, low, high] = values;
    let maps = [
        ("estimate", &estimate, format!("{said} of {name}")),
        ("lower", &low, format!("{said} of {name}, lower limit of its {percent:.0} % interval")),
        ("upper", &high, format!("{said} of {name}, upper limit of its {percent:.0} % interval")),
    ];
    let map = |(desc, values, text): (&'static str, &Vec<f64>, String)| {
        over.map(desc, quantity, (values, 0.0), text)
    };
    Ok(maps.into_iter().map(map).collect())
}

/// g with its limits of one t; none where it is not defined.
pub(super) fn hedges_g(t: f64, dof: f64, model: &SecondLevel) -> Option<[f64; 3]> {
    if dof < 2.0 || !t.is_finite() {
        return None;
    }
    let (low, high) = TLimits::new(dof, OF_G, t.abs().max(1.0)).of(t);
    let factor = hedges_correction(dof) * model.effect_scale();
    Some([t * factor, low * factor, high * factor])
}
