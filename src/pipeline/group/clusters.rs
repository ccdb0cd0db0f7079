//! The table of clusters and peaks of a contrast: where, how high, how large, and p of each kind.

use serde_json::{Map as Fields, json};

use super::fit::Fitted;
use super::images::Images;
use super::regions::Regions;
use crate::design::group::Stratum;
use crate::error::Result;
use crate::kernels::contrast::Stat;
use crate::maps::{Entities, Map, Quantity};
use crate::pipeline::products::{Agreement, ColumnAgreement, Text};
use crate::pipeline::spec::GroupSpec;
use crate::stats::clusters::{Connectivity, Neighbours, Peak, PeakRule, Tail, clusters};
use crate::stats::hommel::Hommel;
use crate::stats::tails::{critical_f, critical_t};

/// Which voxels touch.
pub(super) fn connectivity(touch: u8) -> Connectivity {
    match touch {
        18 => Connectivity::Edges,
        26 => Connectivity::Corners,
        _ => Connectivity::Faces,
    }
}

/// Clusters above the threshold of the table, the highest first; both tails where p counts both, and else the upper one. `maps`: those of
/// the contrast, from which z and p come.
///
/// # Errors
/// Internal where the mask and the grid disagree.
pub(super) fn table(
    spec: &GroupSpec,
    (stratum, fitted): (&Stratum, &Fitted),
    maps: &[Map],
    (images, regions): (&Images, &Regions),
    label: &str,
) -> Result<Text> {
    let grid = &images.grid;
    let places: Vec<u32> =
        (0..grid.n_voxels()).filter(|&v| fitted.inside[v]).map(|v| v as u32).collect();
    let neighbours = Neighbours::new(grid.shape, &places, connectivity(spec.touch))?;
    let statistic: Vec<f64> = places.iter().map(|&v| fitted.maps.stat[v as usize]).collect();
    let dof = fitted.maps.dof.least();
    let is_t = fitted.maps.stat_kind == Stat::T;
    let threshold = match (is_t, spec.two_sided) {
        (false, _) => critical_f(spec.table_p, fitted.maps.rank as f64, dof),
        (true, true) => critical_t(spec.table_p / 2.0, dof),
        (true, false) => critical_t(spec.table_p, dof),
    };
    let letter = if is_t { "t" } else { "F" };
    let of = |quantity: Quantity| maps.iter().find(|map| map.quantity == quantity);
    let also: Vec<(String, &Map)> = [of(Quantity::Z).map(|m| ("z".to_owned(), m))]
        .into_iter()
        .chain([of(Quantity::P).map(|m| ("p".to_owned(), m))])
        .flatten()
        .chain(
            maps.iter()
                .filter(|m| is_p(m))
                .map(|m| (format!("p_{}", m.entities.value("desc").unwrap_or("corrected")), m)),
        )
        .collect();
    let mut text = format!("cluster\tx_mm\ty_mm\tz_mm\t{letter}");
    also.iter().for_each(|(name, _)| text.push_str(&format!("\t{name}")));
    text.push_str("\tvoxels\tvolume_mm3\tmass\ttrue_discoveries");
    let p_of = |v: u32| fitted.p[v as usize];
    let hommel = Hommel::new(&places.iter().map(|&v| p_of(v)).collect::<Vec<f64>>(), 0.05);
    if regions.name(0).is_some() {
        text.push_str("\tregion");
    }
    text.push('\n');
    let proportion = |voxels: &[u32]| {
        let p: Vec<f64> = voxels.iter().map(|&v| p_of(places[v as usize])).collect();
        hommel.proportion(&p)
    };
    let voxel_mm3: f64 = grid.voxel_size_mm.iter().product();
    let rule = PeakRule::new(grid.voxel_size_mm);
    let tails: &[Tail] =
        if is_t && spec.two_sided { &[Tail::Upper, Tail::Lower] } else { &[Tail::Upper] };
    let mut number = 0;
    for &tail in tails {
        for cluster in clusters(&neighbours, &statistic, tail, threshold, &rule) {
            number += 1;
            for (at, peak) in cluster.peaks.iter().enumerate() {
                let Peak { voxel, statistic, .. } = peak;
                let place = places[*voxel as usize] as usize;
                let [x, y, z] = grid.millimetres(grid.coordinates(place));
                // The first peak is the cluster's; those below it are 1a, 1b.
                let name = match at {
                    0 => number.to_string(),
                    _ => format!("{number}{}", (b'a' + (at as u8 - 1) % 26) as char),
                };
                text.push_str(&format!("{name}\t{x:.1}\t{y:.1}\t{z:.1}\t{statistic}"));
                for (_, map) in &also {
                    text.push_str(&format!("\t{}", map.values[0][place]));
                }
                match at {
                    0 => text.push_str(&format!(
                        "\t{}\t{}\t{}\t{}",
                        cluster.extent(),
                        cluster.extent() as f64 * voxel_mm3,
                        cluster.mass,
                        proportion(&cluster.voxels)
                    )),
                    _ => text.push_str("\tn/a\tn/a\tn/a\tn/a"),
                }
                regions.name(place).iter().for_each(|name| text.push_str(&format!("\t{name}")));
                text.push('\n');
            }
        }
    }
    // What rearrangements count may differ by a few of them on another device; the rest is the host's.
    let names = text.lines().next().unwrap_or_default().split('\t');
    let column = |name: &str| match also.iter().any(|(own, m)| own == name && is_counted(m)) {
        true => ColumnAgreement::OfFit { decimals: 2, times: 0.0 },
        false => ColumnAgreement::Host,
    };
    let agreement = Agreement::Columns(names.map(column).collect());
    let mut described = Fields::new();
    let sides = if is_t && spec.two_sided { ", both tails" } else { "" };
    described.insert(
        "Description".to_owned(),
        json!(format!(
            "Clusters of {} above {letter} {threshold:.4} (p {} uncorrected{sides}), the highest first; peaks at least {} mm apart, further ones of a cluster as 1a, 1b",
            stratum.name, spec.table_p, rule.apart_mm
        )),
    );
    described.insert("x_mm".to_owned(), json!("in the space of the maps' affine, mm"));
    described.insert(
        "true_discoveries".to_owned(),
        json!("share of the cluster's voxels with an effect, at least, with 95 % confidence for all clusters whatever the threshold (all-resolutions inference, Rosenblatt et al. 2018; of uncorrected p)"),
    );
    described.insert("mass".to_owned(), json!(format!("sum of {letter} less the threshold")));
    Ok(Text {
        entities: Entities::of("clusters").with("contrast", label),
        ending: ".tsv",
        text,
        agreement: Some(agreement),
        described: Some(described),
    })
}

/// Whether a map's p come of counting rearrangements.
fn is_counted(map: &Map) -> bool {
    let counted = ["maxT", "tfce", "clusterExtent", "clusterMass"];
    let is_corrected = map.entities.value("desc").is_some_and(|desc| counted.contains(&desc));
    map.quantity == Quantity::PermutationP || is_corrected
}

fn is_p(map: &Map) -> bool {
    matches!(map.quantity, Quantity::PermutationP | Quantity::CorrectedP)
}
