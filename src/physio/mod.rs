//! Physiological noise: a pulse and a breathing trace become the RETROICOR columns of each slice.
//!
//! beats t_k -> cardiac phase phi_c(t) = 2 pi (k + (t - t_k)/(t_(k+1) - t_k));
//! breathing R -> respiratory phase phi_r(t) = pi sgn(dR/dt) CDF(R);
//! columns cos, sin (m phi_c), cos, sin (m phi_r), cos, sin (m phi_c ± n phi_r) at each slice's own time;
//! slow columns, when asked for: RVT, RV and heart rate convolved with their responses, at each slice's own time.
//!
//! Source: Glover, Li & Ress 2000 (phases); Harvey et al. 2008 (interaction terms, the default 3C4R1X); slow measures as
//! their files say. All times are
//! seconds relative to the start of the first volume, all phases radians.
//!
//! Reading order: [`Terms`] (which columns), [`align()`] (the record's time), [`beats()`], [`CardiacPhase`], [`RespiratoryPhase`],
//! [`breaths()`], [`rvt`], [`rvt_hilbert`], [`rv`], [`heart_rate`], [`rrf`] and [`crf`], [`retroicor()`].

mod align;
mod band;
mod beats;
mod belt;
mod breaths;
mod cardiac_phase;
mod censor;
mod chance;
mod clean;
mod clipped;
mod coverage;
mod describe;
mod flagged;
mod hilbert;
mod landmark;
mod moments;
mod peaks;
mod period;
mod rate;
mod refine;
mod respiratory_phase;
mod response;
mod retroicor;
mod rvt;
mod scanner;
mod signal;
mod signs;
mod silent;
mod slow;
mod slow_columns;
mod stretched;
mod terms;
mod track;
mod treatment;
mod unusable;

pub use align::{Align, Alignment, align, triggers_s};
pub use beats::{Beats, beats, detect};
pub use breaths::{Breaths, breaths};
pub use cardiac_phase::CardiacPhase;
pub use chance::{Alone, BeyondChance, Explains, STRETCHES, Series, beyond_chance};
pub use describe::{describe, described};
pub use flagged::{Flagged, Reason};
pub use hilbert::rvt_hilbert;
pub use landmark::MANY_OFF;
pub use peaks::{Channel, Peak, Peaks, Status};
pub use rate::{heart_rate, rv};
pub use respiratory_phase::{BreathTurns, Equalisation, RespiratoryPhase};
pub use response::{convolved, crf, rrf};
pub use retroicor::{
    Phases, PhysioSummary, Retroicor, looked_at, phases, retroicor, retroicor_from, thing,
};
pub use rvt::rvt;
pub use scanner::Unusable;
pub use signs::signs;
pub use slow::{Measure, SlowTerm};
pub use slow_columns::SlowSummary;
pub use terms::{ColumnSet, Terms, column_sets};
pub use treatment::{BadStretches, Treatment};
