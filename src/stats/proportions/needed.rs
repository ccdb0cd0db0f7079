//! The number needed to treat.
//!
//! NNT = 1 / |difference|, its limits the inverses of the difference's. Where those have different signs, numbers run from one to benefit (NNTB) up through infinity, no effect, to one to
//! harm (NNTH): both ends and the infinity between them are told, since `-51.0 to 3.6` reads as if it held 1.
//!
//! Source: Altman 1998 (BMJ 317:1309).

use super::Limits;
use serde::{Deserialize, Serialize};

/// A risk difference (active less control, more is better) told as patients to treat.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NumberNeeded {
    /// 1 / difference: patients to treat for one more responder, below 0 for one fewer; none where the arms are alike.
    pub value: Option<f64>,
    /// The limits of the difference that the numbers come from.
    pub of_difference: Limits,
}

impl NumberNeeded {
    /// From a difference and its limits.
    #[must_use]
    pub fn of(difference: f64, of_difference: Limits) -> NumberNeeded {
        NumberNeeded { value: (difference != 0.0).then(|| 1.0 / difference), of_difference }
    }

    /// The limits in Altman's words: `NNTB 3.6 to infinity to NNTH 51.0`.
    #[must_use]
    pub fn text(&self) -> String {
        let Limits { low, high } = self.of_difference;
        let (to_benefit, to_harm) = (format!("{:.1}", 1.0 / high), format!("{:.1}", -1.0 / low));
        if low > 0.0 {
            return format!("NNTB {to_benefit} to {:.1}", 1.0 / low);
        }
        if high < 0.0 {
            return format!("NNTH {to_harm} to {:.1}", -1.0 / high);
        }
        match (low < 0.0, high > 0.0) {
            (true, true) if self.value.is_some_and(|v| v < 0.0) => {
                format!("NNTH {to_harm} to infinity to NNTB {to_benefit}")
            }
            (true, true) => format!("NNTB {to_benefit} to infinity to NNTH {to_harm}"),
            (false, true) => format!("NNTB {to_benefit} to infinity"),
            (true, false) => format!("NNTH {to_harm} to infinity"),
            (false, false) => "infinity".into(),
        }
    }
}
