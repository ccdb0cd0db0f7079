//! The mean of each region in each map, a row a map and region: what the tests of the regions rest on, for `boldly trial --brain` and for
//! analyses of one's own.

use serde_json::json;

use super::fitted::Fitted;
use super::images::{self, Images};
use super::seed;
use super::summaries::{mean, places_of};
use super::table;
use crate::design::group::{Resolved, Sample};
use crate::error::Result;
use crate::maps::Entities;
use crate::pipeline::products::{Agreement, Text};
use crate::pipeline::regions::Regions;
use crate::pipeline::spec::GroupSpec;
use crate::table::dictionary::{DataDictionary, Entry};

/// What identifies a map beside its subject, in the order of columns: the columns of the table that say it, and its place among what paths say.
const SAID: [(&str, [&str; 2], usize); 3] = [
    ("session_id", ["session_id", "session"], 1),
    ("task", ["task", ""], 2),
    ("run", ["run", ""], 3),
];

/// The table, over the voxels that a contrast analyses and the map has.
///
/// # Errors
/// Those of the table of maps.
pub(super) fn table(
    spec: &GroupSpec,
    (sample, resolved, fits): (&Sample, &Resolved, &[Fitted]),
    (images, regions): (&Images, &Regions),
) -> Result<Text> {
    let rows: Vec<usize> =
        (0..images.values.len()).filter(|&row| !images.values[row].is_empty()).collect();
    let named = named(spec, (sample, resolved), &rows)?;
    let place_of = places_of(images, |voxel| fits.iter().any(|fitted| fitted.inside[voxel]));
    let heads = named.iter().map(|(name, _)| name.as_str());
    let heads: Vec<&str> = heads.chain(["region", "mean", "voxels", "coverage"]).collect();
    let mut text = heads.join("\t") + "\n";
    for (at, &row) in rows.iter().enumerate() {
        for region in &regions.all {
            let one = mean(region, (images, &place_of), row);
            let value = one.value.map_or("n/a".to_owned(), |value| value.to_string());
            named.iter().for_each(|(_, cells)| text += &format!("{}\t", cells[at]));
            text += &format!("{}\t{value}\t{}\t{}\n", region.name, one.voxels, one.coverage);
        }
    }
    let dictionary = described(&named, images, regions);
    Ok(Text::table(Entities::of("region_values"), text, Some(Agreement::Host), &dictionary))
}

/// The columns that say which map it is, with a cell a row.
fn named(
    spec: &GroupSpec,
    (sample, resolved): (&Sample, &Resolved),
    rows: &[usize],
) -> Result<Vec<(String, Vec<String>)>> {
    let paths = images::paths(spec, sample, "effect")?;
    let by_path: Vec<table::Found> =
        rows.iter().map(|&row| table::named(&paths[row], table::base(spec))).collect();
    let who = rows.iter().map(|&row| format!("sub-{}", sample.subjects[row]));
    let mut all = vec![("participant_id".to_owned(), who.collect::<Vec<String>>())];
    let of_column = |column: &str| -> Result<Vec<String>> {
        let texts = sample.texts(column)?;
        Ok(rows.iter().map(|&row| texts[row].clone().unwrap_or_else(|| "n/a".to_owned())).collect())
    };
    for (name, columns, at) in SAID {
        // Paths have the names of BIDS, a table those of whoever wrote it.
        let by_path: Option<Vec<String>> = by_path.iter().map(|found| found[at].clone()).collect();
        let column = columns.into_iter().find(|column| sample.table.position(column).is_some());
        let cells = match (by_path, column) {
            (Some(cells), _) => cells,
            (None, Some(column)) => of_column(column)?,
            (None, None) => continue,
        };
        let cells = match name {
            "session_id" => cells.into_iter().map(session).collect(),
            _ => cells,
        };
        all.push((name.to_owned(), cells));
    }
    let factors = resolved.factors.between.iter().chain(&resolved.factors.within);
    for column in factors.map(|factor| &factor.column) {
        let is_said = SAID.iter().any(|(_, columns, _)| columns.contains(&column.as_str()));
        if !is_said {
            all.push((column.clone(), of_column(column)?));
        }
    }
    Ok(all)
}

/// As BIDS has it in tables.
fn session(name: String) -> String {
    if name.starts_with("ses-") || name == "n/a" { name } else { format!("ses-{name}") }
}

/// What the columns are, and which regions hold the seed of the maps.
fn described(
    named: &[(String, Vec<String>)],
    images: &Images,
    regions: &Regions,
) -> DataDictionary {
    let units = images.units.as_deref().unwrap_or_default();
    let mean =
        "The mean over the voxels of the region that are analysed and have a value in this map";
    let of_map = named.iter().map(|(name, _)| {
        let said = match name.as_str() {
            "participant_id" => "Whose map it is",
            "session_id" => "The visit of the map",
            "task" => "The task of the map",
            "run" => "The run of the map",
            _ => "As the table of maps says it of the map",
        };
        (name.clone(), said)
    });
    let held = seed::held(&regions.all, images);
    let held = held
        .into_iter()
        .map(|(region, what)| (region, json!({ "Units": images.units, "HoldsSeed": what })));
    held.fold(DataDictionary::of("The mean of each region in each map"), |all, (region, held)| {
        all.fact(region, held)
    })
    .columns(of_map)
    .column("region", "The region")
    .column("mean", Entry::of(mean).in_units(units))
    .column("voxels", "How many these are")
    .column("coverage", "Their share of the region, 0 to 1")
}
