//! Weights as a sum that a person reads.

use std::fmt::Write as _;

use ndarray::ArrayView1;

/// `drug:post - drug:pre + 0.5 age`; 0 where all weights are.
pub(super) fn sum(weights: ArrayView1<f64>, names: &[String]) -> String {
    let mut text = String::new();
    for (&weight, name) in weights.iter().zip(names) {
        if weight.abs() < 1e-10 {
            continue;
        }
        let sign = match (text.is_empty(), weight < 0.0) {
            (true, true) => "-",
            (true, false) => "",
            (false, true) => " - ",
            (false, false) => " + ",
        };
        let size = weight.abs();
        let size = if (size - 1.0).abs() < 1e-10 {
            String::new()
        } else {
            let digits = format!("{size:.4}");
            format!("{} ", digits.trim_end_matches('0').trim_end_matches('.'))
        };
        let _ = write!(text, "{sign}{size}{name}");
    }
    if text.is_empty() { "0".to_owned() } else { text }
}
