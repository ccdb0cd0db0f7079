//! A folder of maps as a table of regions: a row a participant and session, a column a region.

use std::path::{Path, PathBuf};

use crate::design::group::Model;
use crate::error::{Error, Result};
use crate::io;
use crate::pipeline::group::{Summaries, Summary, entities, summaries};
use crate::pipeline::inputs::display;
use crate::pipeline::provenance::real;
use crate::pipeline::spec::{GroupSpec, MapsOfTrial, Role};
use crate::pipeline::watch::Watch;
use crate::table::Table;
use crate::trial::index::{index, refuse_word};
use crate::trial::results::RegionValue;
use crate::trial::unequal::{self, Behind};
use crate::trial::{
    Dictionary, LEAST_COVERAGE, Low, Measured, Notes, Variable, is_taken, tell_low,
};

mod given;

/// How the plan calls the table.
pub(super) const NAME: &str = MapsOfTrial::TABLE;

/// The table, and what each of its values rests on.
pub(super) struct Read {
    pub table: Measured,
    pub values: Vec<RegionValue>,
    pub files: Vec<(Role, PathBuf)>,
}

/// What describes the regions, beside participants.tsv.
const DICTIONARY: &str = "maps.json";

/// Read the maps. `study`: the folder in which maps.json may describe their regions.
///
/// # Errors
/// As `group` of maps and regions; usage where no region or contrast is named; missing input without maps; bad data where paths say no participant or visit, or one visit alone.
pub(super) fn read(
    (of, study): (&MapsOfTrial, &Path),
    notes: &mut Notes,
    watch: &dyn Watch,
) -> Result<Read> {
    given::check(of)?;
    let spec = GroupSpec {
        of: of.of.clone(),
        regions: of.regions.clone(),
        coordinates: of.coordinates,
        ..GroupSpec::new(of.folder.clone(), Model::OneSample)
    };
    let found = summaries(&spec, watch)?;
    refuse_taken(&found.regions)?;
    let of_maps = values(&found, &of.folder)?;
    refuse_one_visit(&of_maps, &of.folder)?;
    tell(&found, &of_maps, notes);
    let visits = visits(&found, &of.folder, notes)?;
    let values = of_visits(&visits, &of_maps, found.regions.len());
    let folder = display(&of.folder);
    let columns = ["participant_id", "session_id", "task"].map(str::to_owned).into_iter();
    let cell = |one: &RegionValue| one.value.map_or("n/a".to_owned(), |value| value.to_string());
    let row = |(own, maps): (&[RegionValue], &Vec<usize>)| {
        let [.., task, _] = entities(&found.rows[maps[0]].path, &of.folder)?;
        let task = task.unwrap_or_else(|| "n/a".to_owned());
        let keys = [own[0].participant.clone(), own[0].session.clone(), task];
        Ok(keys.into_iter().chain(own.iter().map(cell)).collect())
    };
    let of_visits = values.chunks(found.regions.len()).zip(&visits);
    let table = Table {
        name: folder.clone(),
        columns: columns.chain(found.regions.iter().cloned()).collect(),
        rows: of_visits.map(row).collect::<Result<_>>()?,
    };
    let origin = visits.iter().map(|maps| display(&found.rows[maps[0]].path)).collect();
    let mut files = found.files;
    let own = study.join(DICTIONARY);
    let said = match own.is_file() {
        true => Dictionary::parse(DICTIONARY, &io::read_text(&own)?)?,
        false => Dictionary::default(),
    };
    files.extend(own.is_file().then_some((Role::Dictionary, own)));
    said.tell_idle((&folder, &found.regions), notes);
    let of_maps = Variable { units: found.units, ..Variable::default() };
    let dictionary = Dictionary {
        name: format!("{DICTIONARY} beside participants.tsv"),
        variables: said.of_regions(&found.regions, &of_maps),
        ..Dictionary::default()
    };
    let table = Measured { name: NAME.to_owned(), table, dictionary, origin };
    Ok(Read { table, values, files })
}

/// Refuse a region whose name is that of another column of the table.
fn refuse_taken(regions: &[String]) -> Result<()> {
    match regions.iter().find(|region| is_taken(region)) {
        Some(region) => Err(Error::usage(
            format!("--region {region}=..."),
            "is called as another column of a table of regions: that of whose a row is, its run or task, or of motion",
            "have a name of its own",
            "rename the region",
        )),
        None => Ok(()),
    }
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

/// The maps of each visit, as places among them.
///
/// # Errors
/// Bad data: a run that is no whole number; a second map of a visit that is of no run of its own, or of another task.
fn visits(found: &Summaries, folder: &Path, notes: &mut Notes) -> Result<Vec<Vec<usize>>> {
    let mut all: Vec<Vec<usize>> = Vec::new();
    for (map, row) in found.rows.iter().enumerate() {
        let [.., run] = entities(&row.path, folder)?;
        refuse_word(display(&row.path), run.as_deref())?;
        let is_same = |own: &&mut Vec<usize>| {
            let first = &found.rows[own[0]];
            first.subject == row.subject && first.session == row.session
        };
        match all.iter_mut().find(is_same) {
            Some(own) => own.push(map),
            None => all.push(vec![map]),
        }
    }
    let mut who = Vec::new();
    for own in all.iter().filter(|own| own.len() > 1) {
        refuse_no_runs(own, found, folder)?;
        let row = &found.rows[own[0]];
        let visit = session(row, folder)?;
        who.push(format!("sub-{} ({visit}, {} runs)", row.subject, own.len()));
    }
    if !who.is_empty() {
        notes.info(
            format!(
                "regions of {} visit{} are the mean over the maps of several runs, each counting alike, and n/a where one has none",
                who.len(),
                if who.len() == 1 { "" } else { "s" }
            ),
            who,
        );
    }
    tell_unequal(found, &all, notes);
    Ok(all)
}

/// Whose visits have different numbers of maps.
fn tell_unequal(found: &Summaries, visits: &[Vec<usize>], notes: &mut Notes) {
    let mut behind: Vec<Behind> = Vec::new();
    for maps in visits {
        let row = &found.rows[maps[0]];
        let who = format!("sub-{}", row.subject);
        let session = row.session.iter().map(|name| format!("ses-{name}")).collect();
        let visit =
            (session, format!("{} map{}", maps.len(), if maps.len() == 1 { "" } else { "s" }));
        match behind.iter_mut().find(|(own, _)| *own == who) {
            Some((_, all)) => all.push(visit),
            None => behind.push((who, vec![visit])),
        }
    }
    unequal::tell(("regions rest", "another number of maps"), &behind, notes);
}

/// Only maps of different runs of one task have a mean.
fn refuse_no_runs(own: &[usize], found: &Summaries, folder: &Path) -> Result<()> {
    let mut seen: Vec<(Option<String>, usize)> = Vec::new();
    let [_, _, first, _] = entities(&found.rows[own[0]].path, folder)?;
    for &map in own {
        let path = &found.rows[map].path;
        let [_, _, task, run] = entities(path, folder)?;
        let run = run.map(|run| index(&run));
        // Of what is no run by its path nothing says that it is another one.
        let same = |(other, _): &&(Option<String>, usize)| {
            run.is_none() || other.is_none() || run == *other
        };
        let other = seen.iter().find(same).map(|(_, map)| *map);
        let other = other.or_else(|| (task != first).then_some(own[0]));
        if let Some(other) = other {
            return Err(Error::bad_data(
                display(path),
                format!(
                    "is of {} as {} is",
                    session(&found.rows[map], folder)?,
                    display(&found.rows[other].path)
                ),
                "be the only map of a participant and visit, or of a run of its own and the same task by run- and task- in their paths: then their mean is taken",
                "give the folder of one task or analysis by --brain, name the runs, or delete a copy",
            ));
        }
        seen.push((run, map));
    }
    Ok(())
}

/// The mean over the maps of each visit, `[visit][region]`; voxels and share are the least of them.
fn of_visits(visits: &[Vec<usize>], of_maps: &[RegionValue], n_regions: usize) -> Vec<RegionValue> {
    let mut all = Vec::new();
    for maps in visits {
        for region in 0..n_regions {
            let own = || maps.iter().map(|map| &of_maps[map * n_regions + region]);
            let values: Option<Vec<f64>> = own().map(|one| one.value).collect();
            let mut mean = of_maps[maps[0] * n_regions + region].clone();
            mean.value = values.map(|values| values.iter().sum::<f64>() / values.len() as f64);
            mean.voxels = own().map(|one| one.voxels).min().unwrap_or_default();
            mean.coverage = own().map(|one| one.coverage).fold(f64::INFINITY, f64::min);
            all.push(mean);
        }
    }
    all
}

fn session(row: &Summary, folder: &Path) -> Result<String> {
    let Some(name) = &row.session else {
        return Err(Error::bad_data(
            display(&row.path),
            "has no ses- in its path",
            format!("be of a visit: folders or files of {} named ses-<label>", display(folder)),
            match given::one_below(folder, &row.path) {
                Some(one) => {
                    format!("give the folder of the visits' maps alone, --brain {}", display(&one))
                }
                None => {
                    "rename them, or give a table with a row a participant and session by --brain"
                        .to_owned()
                }
            },
        ));
    };
    Ok(format!("ses-{name}"))
}

/// A folder of one visit's maps has nothing to compare.
fn refuse_one_visit(values: &[RegionValue], folder: &Path) -> Result<()> {
    let Some(first) = values.first() else { return Ok(()) };
    if values.iter().any(|one| one.session != first.session) {
        return Ok(());
    }
    Err(Error::bad_data(
        format!("--brain {}", display(folder)),
        format!("has maps of {} alone", first.session),
        "have those of the baseline and of the endpoint",
        match given::above(&real(folder)) {
            Some(above) => format!("give the folder above those of the participants, --brain {}", given::short(&above)),
            None => "give the folder above, with the other visit's maps in folders or files named ses-<label>".to_owned(),
        },
    ))
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
