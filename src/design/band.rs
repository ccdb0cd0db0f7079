//! A band-pass as columns: what a run has outside a band is fitted with all else, and costs its degrees of freedom.
//!
//! cos and sin of 2 pi j t / n for every j with j / (n TR) outside the band, 0 excluded; at half the sampling rate the cosine alone. They are made for all volumes
//! of the run, also those that are left out of the fit. Source: AFNI's 3dTproject, which takes out a stop band so.

use std::f64::consts::TAU;

use ndarray::{Array2, Axis};

use crate::error::{Error, Result};

/// What names of its columns begin with.
pub const NAME: &str = "stopband_";

/// A frequency this close to an edge is in the band.
const SLACK_HZ: f64 = 1e-12;

/// Names and columns `[volume][column]` of the stop band of `[lowest, highest]` in Hz, for all volumes of a run, `tr` seconds apart.
///
/// # Errors
/// Usage: a band that is none, or reaches above half the sampling rate; one without any frequency of so short a run.
pub fn stop_band(
    n_volumes: usize,
    tr: f64,
    [low, high]: [f64; 2],
) -> Result<(Vec<String>, Array2<f64>)> {
    let nyquist = 0.5 / tr;
    let wrong = |found: String, expected: String, hint: &str| {
        Err(Error::usage(format!("--band {low},{high}"), found, expected, hint))
    };
    if !(low.is_finite() && high.is_finite() && 0.0 <= low && low < high) {
        return wrong(
            "is no band".into(),
            "be LOWEST,HIGHEST in Hz".into(),
            "for example 0.008,0.09",
        );
    }
    if high > nyquist + SLACK_HZ {
        return wrong(
            format!("ends above {nyquist:.4} Hz, the highest frequency that a TR of {tr} s has"),
            format!("end at {nyquist:.4} Hz or below"),
            "leave --band out where only slow drift is to go: --drift does that",
        );
    }
    let duration_s = n_volumes as f64 * tr;
    let is_in = |j: &usize| {
        let hz = *j as f64 / duration_s;
        low - SLACK_HZ <= hz && hz <= high + SLACK_HZ
    };
    let all = 1..=n_volumes / 2;
    if !all.clone().any(|j| is_in(&j)) {
        return wrong(
            format!(
                "holds no frequency of a run of {duration_s} s, whose steps are {:.4} Hz",
                1.0 / duration_s
            ),
            "hold some".into(),
            "widen it",
        );
    }
    let mut names = Vec::new();
    let mut columns = Vec::new();
    for j in all.filter(|j| !is_in(j)) {
        let phase = |t: usize| TAU * ((j * t) % n_volumes) as f64 / n_volumes as f64;
        names.push(format!("{NAME}cos{j}"));
        columns.push((0..n_volumes).map(|t| phase(t).cos()).collect::<Vec<f64>>());
        if 2 * j != n_volumes {
            names.push(format!("{NAME}sin{j}"));
            columns.push((0..n_volumes).map(|t| phase(t).sin()).collect());
        }
    }
    let mut matrix = Array2::zeros((n_volumes, columns.len()));
    for (mut to, from) in matrix.axis_iter_mut(Axis(1)).zip(&columns) {
        to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    }
    Ok((names, matrix))
}
