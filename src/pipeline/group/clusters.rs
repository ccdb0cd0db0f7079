//! The table of clusters and peaks of a contrast: where, how high, how large, and p of each kind.

use super::fitted::Fitted;
use super::images::Images;
use super::over::Over;
use crate::design::group::Stratum;
use crate::error::Result;
use crate::kernels::contrast::Stat;
use crate::maps::{Entities, Map, Quantity};
use crate::pipeline::decide::ContrastMaps;
use crate::pipeline::peaks::{self, Forming, uncorrected};
use crate::pipeline::products::{Agreement, ColumnAgreement, Text};
use crate::pipeline::regions::Regions;
use crate::pipeline::spec::GroupSpec;
use crate::stats::clusters::{Cluster, Connectivity, Neighbours, PeakRule, clusters_of_tails};
use crate::stats::hommel::Hommel;
use crate::table::dictionary::{DataDictionary, Entry};
use crate::table::number;
use crate::volume::Grid;

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
    let over = Over::new(fitted, grid, label, None);
    let neighbours = Neighbours::new(grid.shape, &over.places, connectivity(spec.touch))?;
    let forming = Forming::new(&fitted.maps, spec.forming_p(), (&fitted.inside, grid.plane_len()));
    let statistic = over.of(&forming.values);
    let is_t = fitted.maps.stat_kind == Stat::T;
    let letter = if is_t { "t" } else { "F" };
    let also = also(maps);
    let mut text = header(letter, &also, regions);
    let rule = PeakRule::new(grid.voxel_size_mm);
    let rows = Rows {
        hommel: Hommel::new(&over.of(&fitted.p), 0.05),
        p: &fitted.p,
        statistic: &fitted.maps.stat,
        voxel_mm3: grid.voxel_size_mm.iter().product(),
        over: &over,
        also: &also,
        grid,
        regions,
    };
    let found = clusters_of_tails(&neighbours, &statistic, over.both, forming.from, &rule);
    (1..).zip(&found).for_each(|(number, cluster)| rows.write(number, cluster, &mut text));
    // What rearrangements count may differ by a few of them on another device; the rest is the host's.
    let names = text.lines().next().unwrap_or_default().split('\t');
    let column = |name: &str| match also.iter().any(|(own, m)| own == name && is_counted(m)) {
        true => ColumnAgreement::OfFit { decimals: 2, times: 0.0 },
        false => ColumnAgreement::Written,
    };
    let agreement = Agreement::Columns(names.map(column).collect());
    let entities = Entities::of("clusters").with("contrast", label);
    let dictionary = described((spec, stratum), (letter, &forming), &over, (&rule, images));
    let dictionary = dictionary.columns(also.iter().map(|(name, map)| (name.clone(), said(map))));
    Ok(Text::table(entities, text, Some(agreement), &dictionary))
}

/// What a column of the values of a map at the peaks is.
fn said(map: &Map) -> String {
    let description = map.fields().get("Description").and_then(|of| of.as_str().map(str::to_owned));
    match (description, map.quantity) {
        (Some(description), _) => format!("At the peak: {description}"),
        (None, Quantity::Z) => "Normal deviate of the statistic at the peak".to_owned(),
        (None, _) => "p at the peak".to_owned(),
    }
}

fn header(letter: &str, also: &[(String, &Map)], regions: &Regions) -> String {
    let mut text = format!("cluster\tx_mm\ty_mm\tz_mm\t{letter}");
    also.iter().for_each(|(name, _)| text.push_str(&format!("\t{name}")));
    text.push_str("\tvoxels\tvolume_mm3\tmass\ttrue_discoveries");
    text.push_str(if regions.name(0).is_some() { "\tregion\n" } else { "\n" });
    text
}

/// What the columns are.
fn described(
    (spec, stratum): (&GroupSpec, &Stratum),
    (letter, forming): (&str, &Forming),
    over: &Over,
    (rule, images): (&PeakRule, &Images),
) -> DataDictionary {
    let sides = match (letter, over.both) {
        ("F", _) => "",
        (_, true) => ", both tails",
        (_, false) => ", upper tail",
    };
    let said = format!(
        "Clusters of {} above {} {:.4} ({}{}), the highest first; peaks at least {} mm apart, further ones of a cluster as 1a, 1b",
        stratum.name,
        forming.letter,
        forming.from,
        uncorrected(spec.forming_p(), sides),
        forming.note,
        rule.apart_mm
    );
    let n_a = "n/a of its further peaks";
    let true_discoveries = "Share of the cluster's voxels with an effect, at least, with 95 % confidence for all clusters whatever the threshold (all-resolutions inference, Rosenblatt et al. 2018; of uncorrected p)";
    let axis = |name: &str| {
        let place = format!("Place of the peak along {name}, in {}", space(images));
        (format!("{name}_mm"), Entry::of(place).in_units("mm"))
    };
    let volume = Entry::of(format!("Volume of the cluster; {n_a}")).in_units("mm3");
    DataDictionary::of(said)
        .column("cluster", "Number of the cluster, with a letter its further peaks")
        .columns(["x", "y", "z"].map(axis))
        .column(letter, format!("{letter} at the peak"))
        .column("voxels", format!("Voxels of the cluster; {n_a}"))
        .column("volume_mm3", volume)
        .column("mass", format!("Sum of {} less the threshold; {n_a}", forming.letter))
        .column("true_discoveries", format!("{true_discoveries}; {n_a}"))
        .column("region", "Region of the atlas that holds the peak")
}

/// The space of the maps: what their header or their names say.
fn space(images: &Images) -> String {
    let by_name = images.files.iter().find_map(|(_, path)| {
        let name = path.file_name()?.to_string_lossy().into_owned();
        let from = name.find("space-")? + "space-".len();
        Some(name[from..].split(['_', '.']).next().unwrap_or_default().to_owned())
    });
    let is_placed = images.grid.is_placed;
    match (by_name, images.header.sform_code) {
        _ if !is_placed => {
            "a place that is assumed: the maps' header has no qform and no sform".to_owned()
        }
        (Some(space), _) => format!("{space} (by the maps' names)"),
        (None, 4) => "MNI space (by the maps' header)".to_owned(),
        (None, 3) => "Talairach space (by the maps' header)".to_owned(),
        (None, _) => "the space of the maps' affine".to_owned(),
    }
}

/// The statistic of an uncorrected p, with the fewest degrees of freedom: of t in each tail, where p counts both.
pub(super) fn threshold(p: f64, maps: &ContrastMaps) -> f64 {
    peaks::threshold(maps, p, maps.dof.least())
}

/// z and p of each kind, by their columns' names; search volumes have a table of their own.
fn also(maps: &[Map]) -> Vec<(String, &Map)> {
    let of = |quantity: Quantity| maps.iter().find(|map| map.quantity == quantity);
    let z = of(Quantity::Z).map(|map| ("z".to_owned(), map));
    let p = of(Quantity::P).map(|map| ("p".to_owned(), map));
    let corrected = maps.iter().filter(|m| is_p(m) && m.entities.value("label").is_none());
    let desc = |map: &Map| map.entities.value("desc").unwrap_or("corrected").to_owned();
    let corrected = corrected.map(|map| (format!("p_{}", desc(map)), map));
    z.into_iter().chain(p).chain(corrected).collect()
}

/// What the rows of the table are written from.
struct Rows<'a> {
    hommel: Hommel,
    /// Uncorrected, `[voxel of the grid]`.
    p: &'a [f64],
    /// `[voxel of the grid]`
    statistic: &'a [f64],
    voxel_mm3: f64,
    over: &'a Over,
    also: &'a [(String, &'a Map)],
    grid: &'a Grid,
    regions: &'a Regions,
}

impl Rows<'_> {
    /// A row for each peak of a cluster; the first is the cluster's.
    fn write(&self, nth: usize, cluster: &Cluster, text: &mut String) {
        let place = |voxel: u32| self.over.places[voxel as usize] as usize;
        let p: Vec<f64> = cluster.voxels.iter().map(|&v| self.p[place(v)]).collect();
        for (at, peak) in cluster.peaks.iter().enumerate() {
            let place = place(peak.voxel);
            let [x, y, z] = self.grid.millimetres(self.grid.coordinates(place));
            let letter = (b'a' + (at.max(1) - 1) as u8 % 26) as char;
            let name = if at == 0 { nth.to_string() } else { format!("{nth}{letter}") };
            text.push_str(&format!(
                "{name}\t{x:.1}\t{y:.1}\t{z:.1}\t{}",
                number(self.statistic[place])
            ));
            for (_, map) in self.also {
                text.push_str(&format!("\t{}", number(f64::from(map.values[0][place]))));
            }
            match at {
                0 => text.push_str(&format!(
                    "\t{}\t{}\t{}\t{}",
                    cluster.extent(),
                    number(cluster.extent() as f64 * self.voxel_mm3),
                    number(cluster.mass),
                    number(self.hommel.proportion(&p))
                )),
                _ => text.push_str("\tn/a\tn/a\tn/a\tn/a"),
            }
            self.regions.name(place).iter().for_each(|name| text.push_str(&format!("\t{name}")));
            text.push('\n');
        }
    }
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
