//! Up to which echo a voxel has signal. Source: the documentation of tedana 26.0.3 (`make_adaptive_mask`).

use serde::{Deserialize, Serialize};

/// Which echoes of a voxel are good, by their means over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Good {
    /// Up to the last whose mean is above a third of the same echo's at an exemplary voxel: the one whose first echo is the 33rd
    /// percentile of the voxels with signal.
    #[default]
    Dropout,
    /// As long as each is below the one before.
    Decay,
    /// All.
    None,
}

/// The percentile of the first echo that an exemplary voxel has.
const PERCENTILE: f64 = 0.33;
/// The share of the exemplary voxel's mean above which an echo is good.
const SHARE: f64 = 1.0 / 3.0;

/// Good echoes of each voxel, `[voxel]`, 0 to all. `signal`: means over time, `[echo][voxel]`; `inside`: where the exemplary voxel
/// is looked for, `[voxel]`: tedana's in all of its mask, here, so that a mask with air around the brain gives the same, where there is signal.
#[must_use]
pub fn good(signal: &[Vec<f64>], inside: &[bool], rule: Good) -> Vec<u8> {
    let n_echoes = signal.len();
    let of_voxel: Box<dyn Fn(usize) -> usize> = match rule {
        Good::None => Box::new(move |_| n_echoes),
        Good::Decay => Box::new(|voxel| {
            let falls = |pair: &&[Vec<f64>]| pair[1][voxel] < pair[0][voxel];
            match signal.first().is_some_and(|first| first[voxel] > 0.0) {
                true => 1 + signal.windows(2).take_while(falls).count(),
                false => 0,
            }
        }),
        Good::Dropout => {
            let least = thresholds(signal, inside);
            Box::new(move |voxel| {
                let is_good = |echo: &usize| signal[*echo][voxel] > least[*echo];
                (0..n_echoes).rev().find(is_good).map_or(0, |echo| echo + 1)
            })
        }
    };
    (0..inside.len()).map(|voxel| of_voxel(voxel) as u8).collect()
}

/// The least mean of each echo. Where several voxels are exemplary the largest counts; without any it is 0.
fn thresholds(signal: &[Vec<f64>], inside: &[bool]) -> Vec<f64> {
    let Some(first) = signal.first() else { return Vec::new() };
    let measured = |voxel: &usize| inside[*voxel] && first[*voxel].is_finite();
    let voxels: Vec<usize> =
        (0..inside.len()).filter(measured).filter(|&voxel| first[voxel] != 0.0).collect();
    let mut sorted: Vec<f64> = voxels.iter().map(|&voxel| first[voxel]).collect();
    sorted.sort_by(f64::total_cmp);
    let at = (PERCENTILE * sorted.len().saturating_sub(1) as f64).ceil() as usize;
    let Some(exemplary) = sorted.get(at) else { return vec![0.0; signal.len()] };
    let of_echo = |echo: &Vec<f64>| {
        let alike = voxels.iter().filter(|&&voxel| first[voxel] == *exemplary);
        alike.map(|&voxel| SHARE * echo[voxel]).fold(0.0, f64::max)
    };
    signal.iter().map(of_echo).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropout_counts_up_to_the_last_echo_above_a_third_of_the_exemplary_voxel() {
        // first echoes 10, 20, .., 70: position .33 x 6 = 1.98, so the third, 30, is exemplary
        let first: Vec<f64> = (1..8).map(|n| 10.0 * f64::from(n)).collect();
        let second = vec![4.0, 1.0, 12.0, 9.0, 4.0, 3.9, 50.0];
        let third = vec![0.0, 9.0, 6.0, 1.0, 2.0, 9.0, 2.1];
        let signal = vec![first, second, third];
        // thresholds 10, 4, 2; above, not equal
        assert_eq!(good(&signal, &[true; 7], Good::Dropout), [0, 3, 3, 2, 1, 3, 3]);
        // within a smaller mask another voxel is exemplary: 60, 3.9, 9
        let inside = [false, false, false, false, true, true, true];
        assert_eq!(good(&signal, &inside, Good::Dropout), [2, 3, 3, 2, 2, 3, 2]);
        assert_eq!(good(&signal, &[true; 7], Good::None), [3; 7]);
    }

    #[test]
    fn decay_counts_as_long_as_the_signal_falls() {
        let signal =
            vec![vec![9.0, 9.0, 9.0, 0.0], vec![5.0, 9.0, 5.0, 0.0], vec![1.0, 1.0, 6.0, 0.0]];
        assert_eq!(good(&signal, &[true; 4], Good::Decay), [3, 1, 2, 0]);
    }
}
