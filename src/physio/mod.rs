//! Physiological noise: a pulse and a breathing trace become the RETROICOR columns of each slice.
//!
//! beats t_k -> cardiac phase phi_c(t) = 2 pi (k + (t - t_k)/(t_(k+1) - t_k));
//! breathing R -> respiratory phase phi_r(t) = pi sgn(dR/dt) CDF(R);
//! columns cos, sin (m phi_c), cos, sin (m phi_r), cos, sin (m phi_c ± n phi_r) at each slice's own time.
//!
//! Source: Glover, Li & Ress 2000 (phases); Harvey et al. 2008 (interaction terms, the default 3C4R1X). All times are
//! seconds relative to the start of the first volume, all phases radians.
//!
//! Reading order: [`Terms`] (which columns), [`beats()`], [`CardiacPhase`], [`RespiratoryPhase`], [`retroicor()`].

mod beats;
mod breaths;
mod cardiac_phase;
mod clean;
mod coverage;
mod period;
mod respiratory_phase;
mod retroicor;
mod signal;
mod terms;
mod track;

pub use beats::{Beats, beats, detect};
pub use cardiac_phase::CardiacPhase;
pub use respiratory_phase::{Equalisation, RespiratoryPhase};
pub use retroicor::{Phases, PhysioSummary, Retroicor, phases, retroicor};
pub use terms::Terms;
