//! Who takes part: the arm that chance gives, and who leaves before the end and why.

use super::DrugTrialSpec;
use super::draws::{Draws, Topic};

/// Days from the first dose to the last.
pub(super) const LAST_DAY: u32 = 91;
const SITES: [&str; 3] = ["gothenburg", "cologne", "london"];

/// Who leaves early, of 46 in each arm, and why in turn.
const LEAVE_OF_46: [usize; 2] = [6, 11];
const REASONS: [&[&str]; 2] = [
    &["lack of efficacy", "adverse event", "protocol deviation"],
    &["adverse event", "withdrew consent", "adverse event", "adverse event", "lost to follow-up"],
];
/// The reason that an event ended treatment.
pub(super) const ADVERSE: &str = "adverse event";

/// What a patient takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arm {
    /// Nothing that acts.
    Placebo = 0,
    /// What the truth tells.
    Drug = 1,
}

impl Arm {
    /// Both.
    pub const ALL: [Arm; 2] = [Arm::Placebo, Arm::Drug];

    /// As participants.tsv has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Arm::Placebo => "placebo",
            Arm::Drug => "drug",
        }
    }

    /// 1 on the drug after treatment, else 0.
    pub(super) fn acts(self, session: usize) -> f64 {
        if self == Arm::Drug && session == 1 { 1.0 } else { 0.0 }
    }
}

/// A patient.
#[derive(Debug, Clone, PartialEq)]
pub struct Patient {
    /// sub-01 and so on.
    pub id: String,
    /// What the patient takes.
    pub arm: Arm,
    /// Where.
    pub site: &'static str,
    /// Years.
    pub age: u32,
    /// F or M.
    pub sex: &'static str,
    /// Day of the last dose, 1 the first.
    pub last_day: u32,
    /// Why treatment ended early.
    pub reason: Option<&'static str>,
}

impl Patient {
    /// Whether the patient was seen at the end.
    #[must_use]
    pub fn has_completed(&self) -> bool {
        self.reason.is_none()
    }
}

/// Positions of those who were seen at the end.
pub(super) fn completers(patients: &[Patient]) -> impl Iterator<Item = usize> {
    patients.iter().enumerate().filter(|(_, p)| p.has_completed()).map(|(at, _)| at)
}

/// So many of `per_arm` as are `of_46` in 46, to the nearest.
pub(super) fn scaled(of_46: usize, per_arm: usize) -> usize {
    (2 * of_46 * per_arm + 46) / 92
}

/// All of them, in order of their names.
pub(super) fn patients(spec: &DrugTrialSpec) -> Vec<Patient> {
    let mut draws = Draws::new(spec.seed, 0, Topic::Trial);
    let arms = draws.shuffled(Arm::ALL.repeat(spec.per_arm));
    let width = (2 * spec.per_arm).to_string().len().max(2);
    let patient = |(at, arm): (usize, Arm)| {
        let mut draws = Draws::new(spec.seed, at, Topic::Person);
        Patient {
            id: format!("sub-{:0width$}", at + 1),
            arm,
            site: SITES[draws.below(SITES.len())],
            age: (44.0 + 8.0 * draws.normal()).clamp(20.0, 55.0).round() as u32,
            sex: if draws.uniform() < 0.97 { "F" } else { "M" },
            last_day: LAST_DAY,
            reason: None,
        }
    };
    let mut patients: Vec<Patient> = arms.into_iter().enumerate().map(patient).collect();
    for arm in Arm::ALL {
        let of_arm = (0..patients.len()).filter(|&at| patients[at].arm == arm).collect();
        let n = scaled(LEAVE_OF_46[arm as usize], spec.per_arm);
        for (&at, reason) in
            draws.shuffled(of_arm).iter().take(n).zip(REASONS[arm as usize].iter().cycle())
        {
            patients[at].reason = Some(reason);
            patients[at].last_day = 5 + draws.below(75) as u32;
        }
    }
    patients
}
