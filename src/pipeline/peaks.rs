//! Clusters of a contrast and their peaks, for its page: above the threshold of p < .001, not corrected. Of a contrast as it was fitted, or of finished maps.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use crate::design;
use crate::error::{Error, Result};
use crate::io::{self, Intent};
use crate::kernels::contrast::Stat;
use crate::maps::Dof;
use crate::pipeline::decide::{ContrastMaps, Tail};
use crate::report::analysis::Contrast;
use crate::report::group::Listing;
use crate::report::statmap::{Statmap, Threshold, Underlay};
use crate::stats::clusters::{Connectivity, Neighbours, PeakRule, clusters_of_tails};
use crate::stats::tails::{critical_f, critical_t, z_from_ln_sf};
use crate::volume::Grid;

/// p of what is shown as high, not corrected for the number of voxels.
const P: f64 = 0.001;
/// Clusters whose peaks are looked at in the runs.
const LOOKED_AT: usize = 3;

/// The clusters of a contrast.
pub struct Clusters {
    /// What they are, and a row a peak.
    pub listed: (String, Listing),
    /// The highest of each of the first, by the name of its row, and where: position in the grid.
    pub first: Vec<(String, usize)>,
}

/// Corrected p up to this passes.
pub const CORRECTED: f32 = 0.05;
/// Corrections from the strongest on, by the `desc` of their maps, and what they go by: what rearrangement gives, then what holds the
/// error of the whole map, then the share of false discoveries.
pub const CORRECTIONS: [(&str, &str); 9] = [
    ("tfce", "threshold-free cluster enhancement"),
    ("maxT", "largest statistic"),
    ("clusterExtent", "cluster extent"),
    ("rft", "random fields"),
    ("holm", "Holm"),
    ("bonferroni", "Bonferroni"),
    ("rftCluster", "cluster extent by random fields"),
    ("fdr", "false discovery rate"),
    ("fdry", "false discovery rate of Yekutieli"),
];
/// What a sidecar calls the statistic from which on p, corrected by the largest statistic, is .05 or less.
pub const CRITICAL: &str = "CriticalStatistic";

/// What clusters are formed of: the statistic from that of a p on, or, where degrees of freedom vary from voxel to voxel, so that no one statistic has
/// that p, its normal deviate.
pub struct Forming<'a> {
    /// `[voxel of the grid]`
    pub values: Cow<'a, [f64]>,
    /// What passes.
    pub from: f64,
    /// `t`, `F` or `z`.
    pub letter: &'static str,
    /// What a reader must know of it, behind the p: of z what it is the deviate of.
    pub note: String,
}

impl<'a> Forming<'a> {
    /// Of an uncorrected p, of t in each tail where p counts both. `inside`: the voxels that were fitted; `plane_len`: voxels in a plane.
    #[must_use]
    pub fn new(maps: &'a ContrastMaps, p: f64, (inside, plane_len): (&[bool], usize)) -> Self {
        let both = maps.two_sided && maps.stat_kind == Stat::T;
        if maps.dof.varies() {
            let z = |at: usize| if inside[at] { z_and_p(maps, at, plane_len).0 } else { 0.0 };
            return Forming {
                values: Cow::Owned((0..inside.len()).into_par_iter().map(z).collect()),
                from: z_from_ln_sf((if both { p / 2.0 } else { p }).ln()),
                letter: "z",
                note: format!("; {} has {} degrees of freedom", letter(maps), maps.dof.told()),
            };
        }
        Forming {
            values: Cow::Borrowed(&maps.stat),
            from: threshold(maps, p, maps.dof.least()),
            letter: letter(maps),
            note: String::new(),
        }
    }
}

/// The statistic of an uncorrected p with so many degrees of freedom, of t in each tail where p counts both.
#[must_use]
pub fn threshold(maps: &ContrastMaps, p: f64, dof: f64) -> f64 {
    match (maps.stat_kind, maps.two_sided) {
        (Stat::F, _) => critical_f(p, maps.rank as f64, dof),
        (Stat::T, true) => critical_t(p / 2.0, dof),
        (Stat::T, false) => critical_t(p, dof),
    }
}

fn letter(maps: &ContrastMaps) -> &'static str {
    if maps.stat_kind == Stat::T { "t" } else { "F" }
}

fn tails(maps: &ContrastMaps) -> &'static str {
    match (maps.stat_kind, maps.two_sided) {
        (Stat::F, _) => "",
        (Stat::T, true) => ", both tails",
        (Stat::T, false) => ", upper tail",
    }
}

/// What passes an uncorrected p, in words: `p < .001 uncorrected, both tails`. `tails`: with the comma before them; of F nothing.
#[must_use]
pub fn uncorrected(p: f64, tails: &str) -> String {
    format!("p < {} uncorrected{tails}", p.to_string().trim_start_matches('0'))
}

/// Of the voxels that were fitted, `inside`; the highest first, both tails where p counts both.
///
/// # Errors
/// Internal where mask and grid disagree.
pub fn of(maps: &ContrastMaps, inside: &[bool], grid: &Grid) -> Result<Clusters> {
    let places: Vec<u32> = (0..inside.len()).filter(|&v| inside[v]).map(|v| v as u32).collect();
    let neighbours = Neighbours::new(grid.shape, &places, Connectivity::Faces)?;
    let forming = Forming::new(maps, P, (inside, grid.plane_len()));
    let statistic: Vec<f64> = places.iter().map(|&v| forming.values[v as usize]).collect();
    let (from, rule) = (forming.from, PeakRule::new(grid.voxel_size_mm));
    let both = maps.two_sided && maps.stat_kind == Stat::T;
    let heads = ["cluster", "x_mm", "y_mm", "z_mm", letter(maps), "z", "p", "voxels", "volume_mm3"];
    let mut listing = Listing { heads: heads.map(str::to_owned).to_vec(), rows: Vec::new() };
    let mut first = Vec::new();
    let voxel_mm3: f64 = grid.voxel_size_mm.iter().product();
    let found = clusters_of_tails(&neighbours, &statistic, both, from, &rule);
    for (number, cluster) in (1..).zip(found) {
        for (at, peak) in cluster.peaks.iter().enumerate() {
            let place = places[peak.voxel as usize] as usize;
            let further = (b'a' + (at.max(1) - 1) as u8 % 26) as char;
            let name = if at == 0 { number.to_string() } else { format!("{number}{further}") };
            let mut row = vec![name.clone()];
            row.extend(grid.millimetres(grid.coordinates(place)).map(|mm| format!("{mm:.1}")));
            let (z, p) = z_and_p(maps, place, grid.plane_len());
            row.extend([maps.stat[place], z, p].map(|value| value.to_string()));
            row.extend(match at {
                0 => [
                    cluster.extent().to_string(),
                    (cluster.extent() as f64 * voxel_mm3).to_string(),
                ],
                _ => ["n/a", "n/a"].map(str::to_owned),
            });
            listing.rows.push(row);
            if at == 0 && first.len() < LOOKED_AT {
                first.push((name, place));
            }
        }
    }
    let said = format!(
        "Clusters of {} above {} {from:.3} ({}{}), the highest first; peaks at least {} mm apart, further ones of a cluster as 1a, 1b",
        maps.name,
        forming.letter,
        uncorrected(P, tails(maps)),
        forming.note,
        rule.apart_mm
    );
    Ok(Clusters { listed: (said, listing), first })
}

fn z_and_p(maps: &ContrastMaps, place: usize, plane_len: usize) -> (f64, f64) {
    let mut tail = Tail::new(maps.stat_kind, maps.rank as f64, maps.dof.at(place, plane_len));
    tail.two_sided = maps.two_sided && maps.stat_kind == Stat::T;
    tail.z_and_p(maps.stat[place])
}

/// A contrast of finished maps, for a page: its picture and its clusters; and the highest voxel of the first clusters, by the name of its row and its
/// position in the grid. `statistic`: its t or F; `mask`: where there is one, on the same grid.
///
/// # Errors
/// Missing input; bad data where a map is no t and no F, or the mask is of another grid.
pub fn finished(
    name: &str,
    (statistic, mask): (&Path, &Path),
    two_sided: bool,
    (below, n_runs): (Option<Arc<Underlay>>, usize),
) -> Result<(Contrast, Vec<(String, usize)>)> {
    let (grid, header, values) = io::read_map(statistic)?;
    let (stat_kind, rank, dof) = match header.intent {
        Intent::T { dof } => (Stat::T, 1, dof),
        Intent::F { dof1, dof2 } => (Stat::F, dof1 as usize, dof2),
        _ => {
            return Err(Error::bad_data(
                statistic.display().to_string(),
                "has a header that says neither t nor F",
                "be a map of t or F with its degrees of freedom",
                "name a stat-t or stat-F map",
            ));
        }
    };
    let (of_mask, _, inside) = io::read_map(mask)?;
    if of_mask.shape != grid.shape {
        return Err(Error::bad_data(
            mask.display().to_string(),
            format!("has {:?} voxels", of_mask.shape),
            format!("have the {:?} of {}", grid.shape, statistic.display()),
            "take the mask beside the map",
        ));
    }
    let inside: Vec<bool> = inside.iter().map(|v| *v > 0.0).collect();
    let mut maps = ContrastMaps::zeros(name, stat_kind, 1, values.len());
    let dof = match dof_beside(statistic, (&grid, &inside))? {
        Some(varying) => varying,
        None => Dof::Uniform(dof),
    };
    (maps.rank, maps.dof, maps.two_sided) = (rank, dof, two_sided);
    maps.stat = values.iter().map(|v| f64::from(*v)).collect();
    let found = of(&maps, &inside, &grid)?;
    let label = design::label::labels(&[name.to_owned()])?.concat();
    let contrast = Contrast {
        name: name.to_owned(),
        words: Vec::new(),
        picture: picture(&maps, &inside, (&grid, below.as_ref()), n_runs),
        corrections: Vec::new(),
        design: None,
        regions: None,
        links: Vec::new(),
        clusters: found.listed,
        file: format!("contrast-{label}_clusters.tsv"),
        courses: Vec::new(),
    };
    Ok((contrast, found.first))
}

/// Degrees of freedom of each voxel, where a map of them lies beside a statistic; what is outside has the least.
///
/// # Errors
/// Those of reading it; bad data where it is of another grid.
fn dof_beside(statistic: &Path, (grid, inside): (&Grid, &[bool])) -> Result<Option<Dof>> {
    let name = statistic.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let dof = ["stat-t_", "stat-F_"].iter().fold(name.clone(), |n, of| n.replace(of, "stat-dof_"));
    let path = statistic.with_file_name(&dof);
    if dof == name || !path.is_file() {
        return Ok(None);
    }
    let (own, _, mut values) = io::read_map(&path)?;
    io::check_grid(&path, &own, (grid, &name), "take the map that was written with the statistic")?;
    let known = || values.iter().zip(inside).filter(|(_, inside)| **inside).map(|(dof, _)| *dof);
    let least = known().fold(f32::INFINITY, f32::min);
    if known().all(|dof| dof == least) {
        return Ok(None);
    }
    values.iter_mut().zip(inside).filter(|(_, inside)| !**inside).for_each(|(dof, _)| *dof = least);
    Ok(Some(Dof::PerVoxel(values)))
}

/// The picture of a contrast over an image of the runs, or its mask alone.
#[must_use]
pub fn picture(
    maps: &ContrastMaps,
    inside: &[bool],
    (grid, below): (&Grid, Option<&Arc<Underlay>>),
    n_runs: usize,
) -> Statmap {
    let forming = Forming::new(maps, P, (inside, grid.plane_len()));
    let dof = match maps.stat_kind {
        Stat::T => maps.dof.told(),
        Stat::F => format!("{}, {}", maps.rank, maps.dof.told()),
    };
    let passes = |v: f64| match maps.two_sided {
        true => v.abs() >= forming.from,
        false => v >= forming.from,
    };
    let n = inside.iter().filter(|inside| **inside).count();
    let runs = if n_runs == 1 { "1 run".to_owned() } else { format!("{n_runs} runs") };
    Statmap {
        title: maps.name.clone(),
        notes: vec![format!("{} with {dof} degrees of freedom, {runs}, {n} voxels", letter(maps))],
        grid: grid.clone(),
        inside: inside.to_vec(),
        statistic: Arc::new(maps.stat.iter().map(|&v| v as f32).collect()),
        letter: letter(maps),
        dof,
        threshold: Threshold {
            passed: inside.iter().zip(&*forming.values).map(|(i, v)| *i && passes(*v)).collect(),
            words: uncorrected(P, tails(maps)),
            // Where degrees of freedom vary, so does the statistic.
            from: (!maps.dof.varies()).then_some(forming.from),
            full: threshold(maps, P, maps.dof.most()),
            two_sided: maps.two_sided && maps.stat_kind == Stat::T,
        },
        underlay: below.cloned(),
    }
}
