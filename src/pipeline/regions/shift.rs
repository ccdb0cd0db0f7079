//! `--shift`: the same regions moved along x, y and z, and which of these moves the grid does not tell apart.

use super::{Region, Regions};
use crate::error::{Error, Result};
use crate::pipeline::spec::RegionOptions;
use crate::pipeline::watch::Watch;
use crate::table::dictionary::Entry;
use crate::table::number;
use crate::volume::Grid;

/// Regions that a line lists.
const LISTED: usize = 6;

/// The regions, and where they are to be moved also these, `shift` mm to either side along x, y and z: each set with how far.
///
/// # Errors
/// Usage: no region has other voxels anywhere that it is moved to.
pub fn with_moved(
    regions: Regions,
    options: &RegionOptions,
    grid: &Grid,
    watch: &dyn Watch,
) -> Result<Vec<([f64; 3], Regions)>> {
    let Some(shift) = options.shift_mm else { return Ok(vec![([0.0; 3], regions)]) };
    let mut sets = Vec::new();
    for (axis, by) in (0..3).flat_map(|axis| [(axis, -shift), (axis, shift)]) {
        let mut shifted = [0.0; 3];
        shifted[axis] = by;
        sets.push((shifted, regions.moved(grid, shifted)));
    }
    let stays = unchanged(&regions, &sets);
    let n_there = regions.all.iter().filter(|region| !region.voxels.is_empty()).count();
    let n_stay: usize = stays.iter().map(|(_, axes)| axes.len()).sum();
    let voxels = grid.voxel_size_mm.map(|mm| format!("{mm:.2}")).join(" x ");
    if n_stay > 0 && n_stay == n_there * sets.len() {
        return Err(Error::usage(
            format!("--shift {shift}"),
            "leaves every region as it is: no voxel's centre comes in or goes out",
            format!("move some by what the grid tells apart, voxels of {voxels} mm"),
            "give as much as a voxel measures",
        ));
    }
    if n_stay > 0 {
        let mut listed: Vec<String> = stays
            .iter()
            .take(LISTED)
            .map(|(name, axes)| format!("{name} ({})", axes.join(", ")))
            .collect();
        if stays.len() > LISTED {
            listed.push(format!("{} more", stays.len() - LISTED));
        }
        watch.warn(&format!(
            "--shift {shift} leaves regions as they are, with not a voxel more or less (of {voxels} mm), and their rows there say nothing ('no' in column changed): {}",
            listed.join(", ")
        ));
    }
    tell_whole_voxels(shift, &sets, watch);
    sets.insert(0, ([0.0; 3], regions));
    Ok(sets)
}

/// Tell how far masks and labels are moved where that is not what was asked.
fn tell_whole_voxels(shift: f64, sets: &[([f64; 3], Regions)], watch: &dyn Watch) {
    let is_other = |by: &[f64; 3], there: &Region| {
        by.iter().zip(there.moved_mm).any(|(asked, moved)| (asked - moved).abs() > 1e-3 * shift)
    };
    let of_set = |(by, set): &([f64; 3], Regions)| {
        let others = set.all.iter().filter(|there| is_other(by, there));
        others.map(|there| (there.name.clone(), there.moved_mm)).collect::<Vec<_>>()
    };
    let moves: Vec<_> = sets.iter().map(of_set).collect();
    // All of them are moved alike, to the one side as to the other.
    let Some((_, others)) = moves.iter().enumerate().find(|(_, others)| !others.is_empty()) else {
        return;
    };
    let along = |axis: usize| {
        let (by, set) = &sets[2 * axis + 1];
        let there = set.all.iter().find(|there| there.name == others[0].0);
        let moved = there.map_or(*by, |there| there.moved_mm);
        let length = moved.iter().map(|mm| mm * mm).sum::<f64>().sqrt();
        format!("{} mm along {}", number(length), ["x", "y", "z"][axis])
    };
    let mut names: Vec<&str> = others.iter().map(|(name, _)| name.as_str()).collect();
    let more = names.len().saturating_sub(LISTED);
    names.truncate(LISTED);
    watch.note(&format!(
        "--shift {shift}: masks and labels are moved by whole voxels, {}: {}{}",
        [0, 1, 2].map(along).join(", "),
        names.join(", "),
        if more > 0 { format!(", {more} more") } else { String::new() }
    ));
}

/// The cells of how far a region was moved, parted by tabs.
#[must_use]
pub fn moved_cells(region: &Region) -> String {
    region.moved_mm.map(number).join("\t")
}

/// Of each region that some move leaves as it is, its name and these moves.
fn unchanged(regions: &Regions, sets: &[([f64; 3], Regions)]) -> Vec<(String, Vec<String>)> {
    let of = |at: usize| {
        let region = &regions.all[at];
        let stays = sets.iter().filter(|(_, set)| set.all[at].voxels == region.voxels);
        let axes: Vec<String> = stays.map(|(by, _)| direction(*by)).collect();
        (!axes.is_empty() && !region.voxels.is_empty()).then(|| (region.name.clone(), axes))
    };
    (0..regions.all.len()).filter_map(of).collect()
}

fn direction(by: [f64; 3]) -> String {
    let axis = (0..3).find(|&axis| by[axis] != 0.0).unwrap_or(0);
    format!("{}{}", if by[axis] < 0.0 { '-' } else { '+' }, ["x", "y", "z"][axis])
}

/// A cell of the column `changed`: whether a region has other voxels where it is moved to; n/a where it is not moved.
#[must_use]
pub fn is_changed(by: [f64; 3], given: &[usize], there: &[usize]) -> &'static str {
    match (by == [0.0; 3], given == there) {
        (true, _) => "n/a",
        (false, true) => "no",
        (false, false) => "yes",
    }
}

/// What the columns of a table of moved regions say of the moves.
#[must_use]
pub fn described_moves() -> [(&'static str, Entry); 4] {
    let far = "How far the region was moved: masks and labels by whole voxels, the nearest to what was asked";
    let far = || Entry::of(far).in_units("mm");
    let changed = [
        ("yes", "It has"),
        (
            "no",
            "The grid does not tell the move apart, and the row is that of the region as it was given",
        ),
    ];
    let changed =
        Entry::of("Whether the region has other voxels there; n/a where it is as it was given")
            .levels(&changed);
    [("shift_x", far()), ("shift_y", far()), ("shift_z", far()), ("changed", changed)]
}
