//! What the values of an image are: NIfTI intent codes with their parameters.

use crate::maps::{Map, Quantity};

/// Statistic and meaning of a map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Intent {
    /// No intent.
    None,
    /// t statistic.
    T {
        /// Degrees of freedom.
        dof: f64,
    },
    /// F statistic.
    F {
        /// Degrees of freedom of the numerator.
        dof1: f64,
        /// Degrees of freedom of the denominator.
        dof2: f64,
    },
    /// Standard normal score.
    Z,
    /// p value.
    P,
    /// An estimated quantity: an effect, a variance.
    Estimate,
    /// Any other code, as it stands.
    Other {
        /// `intent_code`.
        code: i32,
        /// `intent_p1`, `intent_p2`, `intent_p3`.
        parameters: [f64; 3],
    },
}

impl Intent {
    /// Of a map, with the smallest of its degrees of freedom.
    #[must_use]
    pub fn of(map: &Map) -> Intent {
        let dof = map.dof.least();
        match map.quantity {
            Quantity::T => Intent::T { dof },
            Quantity::F { dof1 } => Intent::F { dof1, dof2: dof },
            Quantity::Z => Intent::Z,
            Quantity::P | Quantity::PermutationP | Quantity::CorrectedP => Intent::P,
            Quantity::Mask | Quantity::Dof | Quantity::GoodEchoes | Quantity::Subjects => {
                Intent::None
            }
            _ => Intent::Estimate,
        }
    }

    /// `intent_code` and its three parameters.
    #[must_use]
    pub fn code_and_parameters(self) -> (i32, [f64; 3]) {
        match self {
            Intent::None => (0, [0.0; 3]),
            Intent::T { dof } => (3, [dof, 0.0, 0.0]),
            Intent::F { dof1, dof2 } => (4, [dof1, dof2, 0.0]),
            Intent::Z => (5, [0.0; 3]),
            Intent::P => (22, [0.0; 3]),
            Intent::Estimate => (1001, [0.0; 3]),
            Intent::Other { code, parameters } => (code, parameters),
        }
    }

    /// The intent behind a code.
    #[must_use]
    pub fn from_code(code: i32, parameters: [f64; 3]) -> Intent {
        match code {
            0 => Intent::None,
            3 => Intent::T { dof: parameters[0] },
            4 => Intent::F { dof1: parameters[0], dof2: parameters[1] },
            5 => Intent::Z,
            22 => Intent::P,
            1001 => Intent::Estimate,
            _ => Intent::Other { code, parameters },
        }
    }
}
