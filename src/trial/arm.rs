//! The two arms.

use serde::Serialize;

/// One of the two arms that are compared. Differences are active minus control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Arm {
    /// What the active arm is held against: the level that the plan names.
    Control,
    /// The other.
    Active,
}

impl Arm {
    /// Control first.
    pub const BOTH: [Arm; 2] = [Arm::Control, Arm::Active];

    /// The arm that it is compared with.
    #[must_use]
    pub fn other(self) -> Arm {
        match self {
            Arm::Control => Arm::Active,
            Arm::Active => Arm::Control,
        }
    }

    /// The arm's indicator in designs: 0 for control, 1 for active.
    #[must_use]
    pub fn indicator(self) -> f64 {
        f64::from(u8::from(self == Arm::Active))
    }
}

/// One value an arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ByArm<T> {
    /// Of the control arm.
    pub control: T,
    /// Of the active arm.
    pub active: T,
}

impl<T> ByArm<T> {
    /// One value an arm, made by a function of the arm; control first.
    pub fn of(mut make: impl FnMut(Arm) -> T) -> ByArm<T> {
        let control = make(Arm::Control);
        ByArm { control, active: make(Arm::Active) }
    }

    /// The same where the making may fail.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn try_of<E>(mut make: impl FnMut(Arm) -> Result<T, E>) -> Result<ByArm<T>, E> {
        let control = make(Arm::Control)?;
        Ok(ByArm { control, active: make(Arm::Active)? })
    }

    /// The value of an arm.
    #[must_use]
    pub fn get(&self, arm: Arm) -> &T {
        match arm {
            Arm::Control => &self.control,
            Arm::Active => &self.active,
        }
    }

    /// The value of an arm, to be changed.
    pub fn get_mut(&mut self, arm: Arm) -> &mut T {
        match arm {
            Arm::Control => &mut self.control,
            Arm::Active => &mut self.active,
        }
    }
}
