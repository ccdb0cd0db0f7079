//! The design of a run as tables: what all voxels have in common, and what differs with the time of their slice.

use std::fmt::Write;

use super::described::Columns;
use crate::design::{Confounds, Design};
use crate::error::Result;
use crate::io;
use crate::maps::Entities;
use crate::pipeline::inputs::Run;
use crate::pipeline::products::{Agreement, Text};
use crate::pipeline::spec::GlmSpec;
use crate::volume::SliceGroups;

/// Decimals of the columns that differ with slice time; they are of size 1.
const DECIMALS: usize = 8;

/// `design.tsv`, and `design_slice-groups.tsv` where columns differ with slice time. Where there is one slice time alone its columns stand
/// with the others.
///
/// # Errors
/// Bad data where a physiological column has the name of another.
pub(super) fn of(spec: &GlmSpec, run: &Run, number: usize) -> Result<Vec<Text>> {
    let named = |suffix: &'static str| match spec.runs.len() {
        1 => Entities::of(suffix),
        _ => Entities::of(suffix).with("run", number.to_string()),
    };
    let columns = Columns::of(spec, run);
    let table = |suffix: &'static str, text: String, agreement: Agreement| {
        let dictionary = columns.described(&text);
        Text::table(named(suffix), text, Some(agreement), &dictionary)
    };
    let common = |design: &Design| {
        table("design", io::tsv::write_string(&design.to_table("design.tsv")), Agreement::Host)
    };
    let Some(slices) = run.varying() else { return Ok(vec![common(&run.design)]) };
    let (names, matrix) = run.shared();
    let shared = Design { names: names.to_vec(), matrix, n_task: 0 };
    if let [columns] = &slices.columns[..] {
        let (names, values) = (slices.names.clone(), columns.clone());
        let physio = Confounds { names, values, ..Confounds::none(run.n_volumes) };
        return Ok(vec![common(&shared.with(&physio)?)]);
    }
    let mut by_slice = slice_groups(&slices, &times_s(run, &slices), &run.kept);
    if run.task_slices().is_some() {
        by_slice = with_planes(&by_slice, &slices);
    }
    let decimals = Agreement::Decimals(DECIMALS as i32);
    Ok(vec![common(&shared), table("design_slice-groups", by_slice, decimals)])
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

/// The table with the planes of each group before all else: smoothed task columns may differ where slice times do not.
fn with_planes(text: &str, slices: &SliceGroups) -> String {
    let planes = |group: usize| {
        let of_group = slices.group_of_plane.iter().enumerate().filter(|(_, g)| **g == group);
        of_group.map(|(plane, _)| plane.to_string()).collect::<Vec<_>>().join(",")
    };
    let n_volumes = slices.columns[0].nrows();
    let mut lines = text.lines();
    let mut wide = format!("planes\t{}\n", lines.next().unwrap_or_default());
    let groups = (0..slices.columns.len()).map(planes);
    for (planes, line) in groups.flat_map(|p| std::iter::repeat_n(p, n_volumes)).zip(lines) {
        // Writing to a String cannot fail.
        let _ = writeln!(wide, "{planes}\t{line}");
    }
    wide
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
