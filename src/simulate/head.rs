//! The head as a function of place: which tissue is where, where the task acts, where the vessels pulse. Places are
//! in millimetres of a reference head, x to the right, y to the front, z up; the head is stretched along each axis to
//! fill the field of view, so that any grid shows a whole brain.

use super::elementary::{exp, sin, sin_cos};
use super::task::Condition;

/// Half the field of view that the reference head fills.
pub(super) const HALF_FIELD_MM: [f64; 3] = [76.0, 92.0, 70.0];

/// What a point of the head is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tissue {
    Outside,
    Fluid,
    Grey,
    White,
    Brainstem,
}

pub(super) struct Ellipsoid {
    centre: [f64; 3],
    radii: [f64; 3],
}

pub(super) const fn ellipsoid(centre: [f64; 3], radii: [f64; 3]) -> Ellipsoid {
    Ellipsoid { centre, radii }
}

impl Ellipsoid {
    /// The squared distance from the centre in units of the radii.
    pub(super) fn r2(&self, p: [f64; 3]) -> f64 {
        (0..3).map(|a| (p[a] - self.centre[a]) / self.radii[a]).map(|d| d * d).sum()
    }
}

const CEREBRUM: Ellipsoid = ellipsoid([0.0, 0.0, 14.0], [67.0, 83.0, 53.0]);
const CEREBELLUM: Ellipsoid = ellipsoid([0.0, -58.0, -36.0], [48.0, 27.0, 21.0]);
const PAG: Ellipsoid = ellipsoid([0.0, -31.0, -11.0], [7.5, 6.5, 9.5]);
pub(super) const PAG_RESPONSE: Ellipsoid = ellipsoid([0.0, -31.0, -11.0], [10.5, 9.5, 12.5]);
const MEDULLA_SPOT: Ellipsoid = ellipsoid([0.0, -31.0, -54.0], [7.5, 6.5, 8.5]);
pub(super) const THALAMUS: Ellipsoid = ellipsoid([12.0, -17.0, 9.0], [9.5, 13.0, 9.5]);
const PUTAMEN: Ellipsoid = ellipsoid([25.0, 6.0, 4.0], [5.5, 15.0, 10.0]);
const INSULA: Ellipsoid = ellipsoid([38.0, 8.0, 4.0], [5.5, 21.0, 14.0]);
pub(super) const ANTERIOR_INSULA: Ellipsoid = ellipsoid([38.0, 16.0, 3.0], [9.0, 13.0, 11.0]);
pub(super) const S2: Ellipsoid = ellipsoid([54.0, -22.0, 20.0], [11.0, 12.0, 10.0]);
pub(super) const CINGULATE: Ellipsoid = ellipsoid([0.0, 24.0, 32.0], [9.0, 16.0, 11.0]);
const SENSORY: Ellipsoid = ellipsoid([-40.0, -26.0, 52.0], [15.0, 13.0, 12.0]);

const LATERAL_VENTRICLE: Ellipsoid = ellipsoid([11.0, -2.0, 25.0], [6.5, 32.0, 8.5]);
const THIRD_VENTRICLE: Ellipsoid = ellipsoid([0.0, -9.0, 6.0], [2.6, 14.0, 11.0]);
const FOURTH_VENTRICLE: Ellipsoid = ellipsoid([0.0, -43.0, -36.0], [8.0, 5.0, 13.0]);

/// Pulsating vessels and fluid: centre, sd of the fall-off in mm, cardiac peak in thermal sd.
const PULSATION: [([f64; 3], f64, f64); 11] = [
    ([0.0, -8.0, -24.0], 9.0, 10.0), // circle of Willis
    ([0.0, -13.0, -36.0], 8.0, 9.0), // basilar artery
    ([0.0, -19.0, -50.0], 8.0, 8.0), // basilar and vertebral arteries
    ([0.0, -24.0, -63.0], 8.0, 7.0), // vertebral arteries
    ([0.0, -34.0, -14.0], 9.0, 5.0), // aqueduct and the veins behind it
    ([0.0, -43.0, -36.0], 9.0, 5.0), // fourth ventricle
    ([0.0, -9.0, 4.0], 8.0, 5.0),    // third ventricle
    ([34.0, 2.0, -10.0], 9.0, 5.0),  // middle cerebral arteries
    ([-34.0, 2.0, -10.0], 9.0, 5.0),
    ([0.0, 52.0, 12.0], 9.0, 4.0),  // anterior cerebral arteries
    ([0.0, -84.0, 14.0], 9.0, 4.0), // sagittal sinus
];

pub(super) fn mirrored(p: [f64; 3]) -> [f64; 3] {
    [p[0].abs(), p[1], p[2]]
}

/// The distance from the brainstem's axis in units of its radius; above 1 outside. The stem leans back as it
/// descends: midbrain, the wider pons, the tapering medulla.
fn brainstem_radius(p: [f64; 3]) -> f64 {
    let [x, y, z] = p;
    if !(-67.0..=-3.0).contains(&z) {
        return f64::INFINITY;
    }
    let axis_y = -24.0 + 0.14 * (z + 3.0);
    let pons = exp(-0.5 * ((z + 34.0) / 9.0) * ((z + 34.0) / 9.0));
    let taper = if z < -44.0 { (z + 44.0) / 23.0 * 3.0 } else { 0.0 };
    let (wide, deep) = (13.5 + 5.0 * pons + taper, 12.0 + 4.5 * pons + taper);
    let (dx, dy) = (x / wide, (y - axis_y + 3.0 * pons * 0.5) / deep);
    (dx * dx + dy * dy).sqrt()
}

/// A wavy field of place, roughly -2.7 to 2.7: the folds of the cortex, a centimetre or two apart.
fn folds([x, y, z]: [f64; 3]) -> f64 {
    sin(x / 3.1 + 1.6 * sin(y / 9.0) + 0.4)
        + sin(y / 3.3 + 1.6 * sin(z / 8.0 + 1.0) + 1.9)
        + 0.7 * sin(z / 3.2 + 1.4 * sin(x / 9.5) + 0.7)
}

/// The tissue at a point.
pub(super) fn tissue(p: [f64; 3]) -> Tissue {
    let [x, y, z] = p;
    let m = mirrored(p);
    let (dx, dy) = (x / 1.7, (y + 32.5) / 1.9);
    let aqueduct = (-26.0..=-2.0).contains(&z) && dx * dx + dy * dy < 1.0;
    let within = |e: &Ellipsoid| e.r2(m) < 1.0;
    if aqueduct || [LATERAL_VENTRICLE, THIRD_VENTRICLE, FOURTH_VENTRICLE].iter().any(within) {
        return Tissue::Fluid;
    }
    let stem = brainstem_radius(p);
    if stem < 1.0 {
        return Tissue::Brainstem;
    }
    let r = CEREBRUM.r2(p).sqrt();
    if r < 1.0 {
        if [THALAMUS, PUTAMEN, INSULA].iter().any(within) {
            return Tissue::Grey;
        }
        return cerebrum(p, r);
    }
    let r2 = CEREBELLUM.r2(p);
    match r2 {
        _ if r2 > 1.0 && stem < 1.3 => Tissue::Fluid,
        _ if r2 > 1.0 => Tissue::Outside,
        _ if r2 > 0.94 => Tissue::Fluid,
        _ if r2 > 0.42 + 0.22 * sin(z / 2.4 + 2.0 * sin(y / 9.0)) => Tissue::Grey,
        _ => Tissue::White,
    }
}

/// The tissue within the cerebrum at radius r, 1 at the surface.
fn cerebrum(p: [f64; 3], r: f64) -> Tissue {
    let [x, _, z] = p;
    let fissure = x.abs() < 1.8 && (z > 34.0 || r > 0.72);
    if r > 0.975 || fissure {
        return Tissue::Fluid;
    }
    if r < 0.6 && !(x.abs() < 7.0 && z > 30.0) {
        return Tissue::White;
    }
    let fold = folds(p);
    let medial = x.abs() < 6.5 && (z > 30.0 || r > 0.72);
    if r > 0.84 && fold > 1.35 {
        Tissue::Fluid
    } else if medial || r > 0.83 - 0.07 * fold {
        Tissue::Grey
    } else {
        Tissue::White
    }
}

/// Whether a point belongs to the grey matter around the aqueduct.
pub(super) fn in_pag(p: [f64; 3]) -> bool {
    PAG.r2(p) < 1.0
}

/// How much a condition raises the signal at a point on the plateau of a long block, in per cent of the baseline.
pub(super) fn activation_percent(condition: Condition, p: [f64; 3]) -> f64 {
    let m = mirrored(p);
    // Flat in the middle, smooth to 0 at the edge.
    let blob = |e: &Ellipsoid, p: [f64; 3]| {
        let r2 = e.r2(p).min(1.0);
        (1.0 - r2 * r2) * (1.0 - r2 * r2)
    };
    match condition {
        Condition::Pain => {
            2.4 * blob(&PAG_RESPONSE, p)
                + 2.2 * blob(&MEDULLA_SPOT, p)
                + 1.5 * blob(&THALAMUS, m)
                + 2.0 * blob(&ANTERIOR_INSULA, m)
                + 1.8 * blob(&S2, m)
                + 1.4 * blob(&CINGULATE, p)
        }
        Condition::Control => 2.0 * blob(&SENSORY, p),
    }
}

/// The cardiac effect at a point in units of the thermal noise sd: up to 10 at the vessels before the brainstem.
pub(super) fn pulsation(p: [f64; 3]) -> f64 {
    let sum: f64 = PULSATION
        .iter()
        .map(|(centre, sd, peak)| {
            let d2: f64 = (0..3).map(|a| (p[a] - centre[a]) * (p[a] - centre[a])).sum();
            peak * exp(-0.5 * d2 / (sd * sd))
        })
        .sum();
    let lateral = LATERAL_VENTRICLE.r2(mirrored(p));
    (0.25 + sum + 1.8 * exp(-1.5 * lateral)).min(10.0)
}

/// The respiratory effect at a point in units of the thermal noise sd: the field shifts most near the lungs, and at
/// the brain's edge.
pub(super) fn breath_effect(p: [f64; 3]) -> f64 {
    let below = ((10.0 - p[2]) / 80.0).clamp(0.0, 1.0);
    let edge = CEREBRUM.r2(p).min(1.2);
    0.25 + 2.8 * below * below * (3.0 - 2.0 * below) + 0.25 * edge * edge
}

/// How the shapes of the effects change over the head; all smooth in place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Lag of the cardiac effect, radians.
    pub(super) cardiac_lag_rad: f64,
    /// How peaked the cardiac effect is.
    pub(super) cardiac_sharpness: f64,
    /// Lag of the respiratory effect, radians.
    pub(super) breath_lag_rad: f64,
    /// How peaked the respiratory effect is.
    pub(super) breath_sharpness: f64,
    /// Autocorrelation of the noise from one volume to the next.
    pub(super) rho: f64,
    /// Receive field, mean about 1.
    pub(super) sensitivity: f64,
    /// Weights of the drift's ramp and of its wave, in per cent.
    pub(super) drift_percent: [f64; 2],
}

/// The shapes at a point.
pub(super) fn shape([x, y, z]: [f64; 3]) -> Shape {
    let ((sx, cx), (sy, cy), (sz, cz)) =
        (sin_cos(x / 34.0 + 0.3), sin_cos(y / 39.0 - 0.8), sin_cos(z / 31.0 + 1.1));
    Shape {
        cardiac_lag_rad: 0.9 * sx + 0.8 * cy + 1.0 * sz,
        cardiac_sharpness: 1.4 + 0.5 * cx * cz + 0.2 * sy,
        breath_lag_rad: 0.8 * cx - 0.9 * sy + 0.7 * cz,
        breath_sharpness: 0.9 + 0.4 * sx * cy,
        rho: 0.24 + 0.09 * cx * sy + 0.07 * cz * cy,
        sensitivity: 1.0 + 0.07 * (y / 92.0) - 0.05 * (z / 70.0) + 0.02 * cx,
        drift_percent: [0.8 * sy + 0.3 * cz, 0.5 * cx - 0.3 * sz],
    }
}
