//! A folder of maps as a table of regions: a row a participant and session, a column a region.

use std::path::Path;

use crate::design::group::Model;
use crate::error::{Error, Result};
use crate::pipeline::group::{Summaries, Summary, summaries};
use crate::pipeline::inputs::display;
use crate::pipeline::spec::{GroupSpec, MapsOfTrial};
use crate::pipeline::watch::Watch;
use crate::table::Table;
use crate::trial::results::RegionValue;
use crate::trial::{Dictionary, LEAST_COVERAGE, Low, Measured, Notes, Variable, tell_low};

/// How the plan calls the table.
pub(super) const NAME: &str = MapsOfTrial::TABLE;

/// The table, and what each of its values rests on.
pub(super) struct Read {
    pub table: Measured,
    pub values: Vec<RegionValue>,
    pub files: Vec<(crate::pipeline::spec::Role, std::path::PathBuf)>,
}

/// Read the maps.
///
/// # Errors
/// As `group` of maps and regions; usage where no region is named; bad data where a path says no session.
pub(super) fn read(maps: &MapsOfTrial, notes: &mut Notes, watch: &dyn Watch) -> Result<Read> {
    if maps.regions.is_empty() {
        return Err(Error::usage(
            format!("--brain {}", display(&maps.folder)),
            "is a folder of maps, and no region is named",
            "come with --region NAME=SPEC, once for each",
            "such as --region pag=sphere:0,-31,-10:4, a mask, a table of shapes or an atlas (docs/regions.md)",
        ));
    }
    let spec = GroupSpec {
        of: maps.of.clone(),
        regions: maps.regions.clone(),
        coordinates: maps.coordinates,
        ..GroupSpec::new(maps.folder.clone(), Model::OneSample)
    };
    let found = summaries(&spec, watch)?;
    let values = values(&found, &maps.folder)?;
    tell(&found, &values, notes);
    let folder = display(&maps.folder);
    let columns = ["participant_id", "session_id"].map(str::to_owned).into_iter();
    let variable = |name: &String| Variable {
        name: name.clone(),
        units: found.units.clone(),
        ..Variable::default()
    };
    let cell = |one: &RegionValue| one.value.map_or("n/a".to_owned(), |value| value.to_string());
    let row = |own: &[RegionValue]| {
        let keys = [own[0].participant.clone(), own[0].session.clone()];
        keys.into_iter().chain(own.iter().map(cell)).collect()
    };
    let table = Table {
        name: folder.clone(),
        columns: columns.chain(found.regions.iter().cloned()).collect(),
        rows: values.chunks(found.regions.len()).map(row).collect(),
    };
    let origin = found.rows.iter().map(|row| display(&row.path)).collect();
    let dictionary = Dictionary {
        name: folder,
        variables: found.regions.iter().map(variable).collect(),
        ..Dictionary::default()
    };
    let table = Measured { name: NAME.to_owned(), table, dictionary, origin };
    Ok(Read { table, values, files: found.files })
}

/// What each value rests on, `[map][region]`; one that rests on less than half of its region is none.
fn values(found: &Summaries, folder: &Path) -> Result<Vec<RegionValue>> {
    let mut all = Vec::new();
    for row in &found.rows {
        let session = session(row, folder)?;
        for (region, mean) in found.regions.iter().zip(&row.means) {
            all.push(RegionValue {
                participant: format!("sub-{}", row.subject),
                session: session.clone(),
                region: region.clone(),
                value: mean.value.filter(|_| mean.coverage >= LEAST_COVERAGE),
                voxels: mean.voxels,
                coverage: mean.coverage,
            });
        }
    }
    Ok(all)
}

fn session(row: &Summary, folder: &Path) -> Result<String> {
    match &row.session {
        Some(name) => Ok(format!("ses-{name}")),
        None => Err(Error::bad_data(
            display(&row.path),
            "has no ses- in its path",
            format!("be of a visit: folders or files of {} named ses-<label>", display(folder)),
            "rename them, or give a table with a row a participant and session by --brain",
        )),
    }
}

/// How much of each region the maps have.
fn tell(found: &Summaries, values: &[RegionValue], notes: &mut Notes) {
    for region in &found.regions {
        let own = || values.iter().filter(|one| one.region == *region);
        let (least, most) =
            own().fold((1.0_f64, 0.0_f64), |(l, m), v| (l.min(v.coverage), m.max(v.coverage)));
        notes.info(
            format!(
                "{region}: mean over {:.0} to {:.0} % of it in {} maps (region_values.tsv)",
                100.0 * least,
                100.0 * most,
                own().count()
            ),
            Vec::new(),
        );
        let low = own().filter(|one| one.coverage < LEAST_COVERAGE);
        let low: Vec<Low<'_>> = low
            .map(|v| Low { participant: &v.participant, session: &v.session, coverage: v.coverage })
            .collect();
        tell_low(region, &low, notes);
    }
}
