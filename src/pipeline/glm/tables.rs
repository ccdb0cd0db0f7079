//! The design of a run as tables: what all voxels have in common, and what differs with the time of their slice.

use std::fmt::Write;

use crate::design::Confounds;
use crate::error::Result;
use crate::io;
use crate::maps::Entities;
use crate::pipeline::inputs::Run;
use crate::pipeline::products::{Agreement, Text};
use crate::volume::SliceGroups;

/// Decimals of the columns that differ with slice time; they are of size 1.
const DECIMALS: usize = 8;

/// `design.tsv`, and `design_slice-groups.tsv` where columns differ with slice time. Where there is one slice time alone its columns stand
/// with the others.
///
/// # Errors
/// Bad data where a physiological column has the name of another.
pub(super) fn of(run: &Run, number: usize, n_runs: usize) -> Result<Vec<Text>> {
    let named = |suffix: &'static str| match n_runs {
        1 => Entities::of(suffix),
        _ => Entities::of(suffix).with("run", (number + 1).to_string()),
    };
    let table = |suffix: &'static str, text: String, agreement: Agreement| Text {
        entities: named(suffix),
        ending: ".tsv",
        text,
        agreement: Some(agreement),
        described: None,
    };
    let common = |design: &crate::design::Design| {
        table("design", io::tsv::write_string(&design.to_table("design.tsv")), Agreement::Host)
    };
    let Some(slices) = run.modelled() else { return Ok(vec![common(&run.design)]) };
    if let [columns] = &slices.columns[..] {
        let (names, values) = (slices.names.clone(), columns.clone());
        let physio = Confounds { names, values, ..Confounds::none(run.n_volumes) };
        return Ok(vec![common(&run.design.clone().with(&physio)?)]);
    }
    let by_slice = slice_groups(&slices, &times_s(run, &slices), &run.kept);
    let decimals = Agreement::Decimals(DECIMALS as i32);
    Ok(vec![common(&run.design), table("design_slice-groups", by_slice, decimals)])
}

/// Seconds into the volume of each group's slices; the frame time where none is known.
fn times_s(run: &Run, slices: &SliceGroups) -> Vec<f64> {
    let times = run.acquisition.as_ref().and_then(|a| a.slice_times.as_ref());
    let of_group = |group: usize| {
        let plane = slices.group_of_plane.iter().position(|&g| g == group)?;
        times?.get(plane).copied()
    };
    (0..slices.columns.len()).map(|group| of_group(group).unwrap_or(0.0)).collect()
}

/// A row for each slice time, seconds into the volume, and volume that is kept, from 0 in the image.
fn slice_groups(slices: &SliceGroups, times_s: &[f64], kept: &[usize]) -> String {
    let mut text = format!("slice_time\tvolume\t{}\n", slices.names.join("\t"));
    for (columns, time_s) in slices.columns.iter().zip(times_s) {
        for (volume, row) in kept.iter().zip(columns.rows()) {
            // Writing to a String cannot fail.
            let _ = write!(text, "{time_s}\t{volume}");
            for value in row {
                let _ = write!(text, "\t{value:.DECIMALS$}");
            }
            text.push('\n');
        }
    }
    text
}
