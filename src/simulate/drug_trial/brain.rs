//! What a visit's runs contain: how strong the response to pain is, how the insula goes with the default mode network, how
//! fast the heart beats, how much the head moves.

use super::draws::{Draws, Topic};
use super::people::Arm;
use crate::simulate::head::{ANTERIOR_INSULA, PAG_RESPONSE, mirrored};

/// What the drug takes from the response to pain, as a share of it.
pub(super) const DRUG_IN_PAG: f64 = 0.55;
/// The same in the anterior insula.
pub(super) const DRUG_IN_INSULA: f64 = 0.5;
/// Correlation of the insula's slow signal with the default mode network's, and what the drug adds to it.
pub(super) const COUPLING: f64 = 0.6;
/// What the drug adds to it.
pub(super) const DRUG_ON_COUPLING: f64 = -0.5;
/// Beats a minute at rest.
pub(super) const HEART_RATE: f64 = 65.0;
/// What the drug adds to it.
pub(super) const DRUG_ON_HEART_RATE: f64 = 8.0;

/// Of one visit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Brain {
    /// Response to pain in the periaqueductal grey, of that of a head without a drug.
    pub pag: f64,
    /// The same in the anterior insula.
    pub insula: f64,
    /// The same everywhere else.
    pub elsewhere: f64,
    /// Correlation of the insula's slow signal with the default mode network's.
    pub coupling: f64,
    /// Beats a minute, on average.
    pub heart_rate: f64,
    /// Standard deviation of sudden movements, mm.
    pub jerk_mm: f64,
}

impl Brain {
    /// A patient keeps a level of his own; visits scatter about it.
    pub(super) fn drawn(seed: u64, patient: usize, arm: Arm, session: usize) -> Brain {
        let mut own = Draws::new(seed, patient, Topic::Brain);
        let mut about = |mean: f64, patient_sd: f64, visit_sd: f64| {
            let (level, visits) = (own.normal(), [own.normal(), own.normal()]);
            mean + patient_sd * level + visit_sd * visits[session]
        };
        let drug = arm.acts(session);
        let response = |share: f64| share.max(0.0);
        Brain {
            pag: response(about(1.0, 0.15, 0.08) - DRUG_IN_PAG * drug),
            insula: response(about(1.0, 0.15, 0.08) - DRUG_IN_INSULA * drug),
            elsewhere: response(about(1.0, 0.12, 0.06)),
            coupling: (about(COUPLING, 0.08, 0.05) + DRUG_ON_COUPLING * drug).clamp(-0.9, 0.9),
            heart_rate: (about(HEART_RATE, 5.0, 1.5) + DRUG_ON_HEART_RATE * drug)
                .clamp(45.0, 110.0),
            // Two patients in five are restless.
            jerk_mm: if own.uniform() < 0.4 { 0.5 } else { 0.12 },
        }
    }
}

impl Brain {
    /// Share of the response to pain that is left at a point, mm of the head.
    pub(super) fn share_at(&self, p: [f64; 3]) -> f64 {
        if PAG_RESPONSE.r2(p) < 1.0 {
            self.pag
        } else if ANTERIOR_INSULA.r2(mirrored(p)) < 1.0 {
            self.insula
        } else {
            self.elsewhere
        }
    }
}
