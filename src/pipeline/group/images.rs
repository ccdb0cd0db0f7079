//! The subjects' maps: found by the table, read side by side, held to one grid, one unit and one kind.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::Value;

use super::exact::{self, Rounded};
use super::made::{self, Made};
use super::table;
use crate::design::group::Sample;
use crate::error::{Error, Result};
use crate::io::sidecar::Beside;
use crate::io::{self, Header, Intent};
use crate::pipeline::inputs::display;
use crate::pipeline::masks;
use crate::pipeline::provenance;
use crate::pipeline::spec::{GroupSpec, Role};
use crate::pipeline::watch::Watch;
use crate::volume::{Grid, Mask};

/// Maps of no more different values than this may be alike by chance.
const FEW_VALUES: usize = 8;

/// The maps within the mask.
pub(super) struct Images {
    pub header: Header,
    pub grid: Grid,
    /// Voxels of the grid where there is something to analyse.
    pub places: Vec<usize>,
    /// `[row of the table][place]`, NaN where a map has no value; empty for rows that no contrast needs.
    pub values: Vec<Vec<f32>>,
    /// What float32 rounds off each of them, where that counts, `[row of the table][place]`; else empty.
    pub rests: Vec<Vec<f32>>,
    /// Of the effects, where their sidecars say it.
    pub units: Option<String>,
    /// What made each of them, those that are needed.
    pub made: Vec<Made>,
    /// All that was read.
    pub files: Vec<(Role, PathBuf)>,
}

/// One map as it was read.
struct Read {
    path: PathBuf,
    grid: Grid,
    header: Header,
    /// `[voxel of the grid]`; of the mask, once it is known.
    values: Vec<f32>,
    units: Option<String>,
    /// By its sidecar.
    said: Beside,
}

impl Images {
    /// Read the maps of the rows that are needed. `room`: whether voxels of the mask and of the grid fit into memory.
    ///
    /// # Errors
    /// Missing input, and bad data: another shape, place, unit or kind; a mask that leaves nothing.
    pub fn open(
        spec: &GroupSpec,
        sample: &Sample,
        needed: &[bool],
        room: &dyn Fn(usize, usize) -> Result<()>,
        watch: &dyn Watch,
    ) -> Result<Images> {
        let paths = paths(spec, sample, "effect")?;
        let rows: Vec<usize> = (0..needed.len()).filter(|&row| needed[row]).collect();
        refuse_same(&paths, &rows, sample)?;
        watch.stage("read", rows.len());
        let mut first = read(&paths[rows[0]])?;
        watch.step();
        let (header, mut grid) = (first.header.clone(), first.grid.clone());
        let of = display(&first.path);
        let mask = match &spec.mask {
            Some(mask) => masks::mask_of(mask, (&grid, &of), watch)?,
            None => Mask { grid: grid.clone(), inside: vec![true; grid.n_voxels()] },
        };
        let within: Vec<usize> = (0..grid.n_voxels()).filter(|&v| mask.inside[v]).collect();
        room(within.len(), grid.n_voxels())?;
        first.keep(&within);
        let mut all = vec![first];
        all.extend(others((&paths, &rows[1..]), (&grid, &of), &within, watch)?);
        grid.is_placed = all.iter().all(|one| one.grid.is_placed);
        let header = header.placed_as(&grid);
        tell_headers(&all, watch);
        tell_doubts(all.iter().map(|one| &one.said), watch);
        let units = one_unit(&all, watch)?;
        // Where no map has a value there is nothing to count.
        let is_value = |v: f32| v.is_finite() && (v != 0.0 || spec.zeros_count);
        let known: Vec<usize> = (0..within.len())
            .filter(|&at| all.iter().any(|one| is_value(one.values[at])))
            .collect();
        let n_zeros = missing(&mut all, &known, spec.zeros_count);
        doubt_kind(&all, &known, watch);
        doubt_scales(&all, &known, watch);
        if known.is_empty() {
            return Err(nothing_left(spec));
        }
        let maps: Vec<Rounded<'_>> =
            rows.iter().zip(&all).map(|(&row, one)| one.rounded(&sample.subjects[row])).collect();
        let mut found = exact::rests(&maps, (&within, &known), &grid, watch)?;
        refuse_copies(&all, found.as_deref())?;
        let mut rests = vec![Vec::new(); if found.is_some() { needed.len() } else { 0 }];
        let mut values = vec![Vec::new(); needed.len()];
        let (mut files, mut made) = (Vec::new(), Vec::new());
        tell_missing(&all, &rows, sample, (&known, n_zeros), watch);
        for (at, (row, mut one)) in rows.iter().zip(all).enumerate() {
            if let Some(found) = &mut found {
                rests[*row] = known.iter().map(|&place| found[at][place]).collect();
            }
            if known.len() < within.len() {
                one.keep(&known);
            }
            values[*row] = one.values;
            made.push(Made::of((one.path.clone(), one.grid.is_placed), &one.said));
            files.push((Role::Effect, one.path));
            files.extend(one.said.file.map(|path| (Role::Sidecar, path)));
        }
        let places = known.iter().map(|&at| within[at]).collect();
        made::tell_differences(&made, (&rows, sample), watch)?;
        Ok(Images { header, grid, places, values, rests, units, made, files })
    }
}

fn nothing_left(spec: &GroupSpec) -> Error {
    Error::bad_data(
        spec.mask.as_deref().map_or_else(|| display(&spec.table), display),
        "has no voxel where any map has a value",
        "overlap with the maps",
        "check that the mask is in the maps' space",
    )
}

impl Images {
    /// A map's value at a place, as it is stored where that counts.
    pub(super) fn value(&self, row: usize, place: usize) -> f64 {
        let rest = self.rests.get(row).map_or(0.0, |rests| f64::from(rests[place]));
        f64::from(self.values[row][place]) + rest
    }
}

/// The maps of some rows within the mask: as many at once as there are cores, of which only what lies there is kept.
fn others(
    (paths, rows): (&[PathBuf], &[usize]),
    on: (&Grid, &str),
    within: &[usize],
    watch: &dyn Watch,
) -> Result<Vec<Read>> {
    let open = |&row: &usize| {
        let mut one = read(&paths[row])?;
        let hint = "resample all maps to one grid, or take those of one space";
        let note = io::check_grid(&one.path, &one.grid, on, hint)?;
        one.keep(within);
        Ok((one, note))
    };
    let mut all = Vec::new();
    for some in rows.chunks(rayon::current_num_threads()) {
        let some = some.par_iter().map(open).collect::<Result<Vec<(Read, Option<String>)>>>()?;
        let n = some.len();
        for (one, note) in some {
            note.iter().for_each(|line| watch.note(line));
            all.push(one);
        }
        (0..n).for_each(|_| watch.step());
    }
    Ok(all)
}

impl Read {
    fn rounded<'a>(&'a self, subject: &'a str) -> Rounded<'a> {
        let may_be = self.header.may_exceed_f32();
        Rounded { path: &self.path, subject, may_be, values: &self.values }
    }

    /// Keep the values at these places alone.
    fn keep(&mut self, places: &[usize]) {
        self.values = places.iter().map(|&at| self.values[at]).collect();
    }
}

/// The path of each row's map, from the table's folder; a folder of `boldly glm` is looked into.
pub(super) fn paths(spec: &GroupSpec, sample: &Sample, column: &str) -> Result<Vec<PathBuf>> {
    let folder = table::base(spec);
    let texts = sample.texts(column)?;
    let path = |(row, text): (usize, Option<String>)| {
        let Some(text) = text else {
            return Err(Error::bad_data(
                format!("{}, {},", sample.table.name, sample.line(row)),
                format!("names no map in column '{column}'"),
                "name one",
                "delete the row if there is none",
            ));
        };
        let path = folder.join(&text);
        if path.is_dir() { within(&path, spec.of.as_deref(), column) } else { Ok(path) }
    };
    texts.into_iter().enumerate().map(path).collect()
}

/// A contrast's map in a folder of `boldly glm`, `connect` or `bids`.
fn within(folder: &Path, of: Option<&str>, stat: &str) -> Result<PathBuf> {
    let Some(of) = of else {
        return Err(Error::usage(
            display(folder),
            "is a folder, and nothing says which of its contrasts is meant",
            "be a map, or come with --of",
            "give --of and the name of a contrast of boldly glm, or seed-NAME of boldly connect",
        ));
    };
    let contrast = table::contrast_of(of)?;
    if contrast.starts_with(table::SEED) && stat != "effect" {
        return Err(Error::usage(
            display(folder),
            format!("is of {of}, and has no {stat} of its Fisher's z"),
            format!("be a map of the {stat}"),
            "name the map itself, or leave the column out",
        ));
    }
    let stem = table::stem_of(&contrast, stat);
    let is_one = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let own = name.strip_suffix(".nii.gz").or_else(|| name.strip_suffix(".nii"));
        // Of bids the names begin with those of the run.
        own.and_then(|own| own.strip_suffix(&stem))
            .is_some_and(|b| b.is_empty() || b.ends_with('_'))
    };
    let all = io::folder::listed(folder)?.into_iter().map(|entry| entry.path);
    match all.filter(is_one).collect::<Vec<PathBuf>>().as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(Error::missing_input(
            display(folder),
            format!("has no {stem}.nii.gz"),
            "be a folder that boldly glm or connect made with this contrast or seed",
            "check --of; the maps' names hold the contrasts",
        )),
        [one, other, ..] => Err(Error::bad_data(
            display(folder),
            format!("has {} and {}", display(one), display(other)),
            format!("have one map called {stem}"),
            "name the map itself in the table",
        )),
    }
}

fn refuse_same(paths: &[PathBuf], rows: &[usize], sample: &Sample) -> Result<()> {
    let mut sorted: Vec<usize> = rows.to_vec();
    sorted.sort_by(|a, b| paths[*a].cmp(&paths[*b]));
    match sorted.windows(2).find(|pair| paths[pair[0]] == paths[pair[1]]) {
        None => Ok(()),
        Some(pair) => Err(Error::bad_data(
            sample.table.name.clone(),
            format!(
                "names {} twice, in {} and {}",
                display(&paths[pair[0]]),
                sample.line(pair[0]),
                sample.line(pair[1])
            ),
            "name each map once",
            "correct one of the rows",
        )),
    }
}

/// Headers that say two things of the size or the place of voxels.
fn tell_headers(all: &[Read], watch: &dyn Watch) {
    let mut said = all
        .iter()
        .filter_map(|one| io::header_doubts(&one.path, &one.header, &one.grid).into_iter().next());
    let Some(first) = said.next() else { return };
    match said.count() {
        0 => watch.warn(&first),
        more => watch.warn(&format!("{first}; so with {more} more of {} maps", all.len())),
    }
}

/// Two files with the same values are one map under two names.
fn refuse_copies(all: &[Read], rests: Option<&[Vec<f32>]>) -> Result<()> {
    let bits = |one: &Read| one.values.iter().map(|v| v.to_bits()).collect::<Vec<u32>>();
    let differ = |[a, b]: [usize; 2]| rests.is_some_and(|rests| rests[a] != rests[b]);
    let sum = |one: &Read| {
        one.values.iter().fold(0_u64, |sum, v| {
            (sum ^ u64::from(v.to_bits())).wrapping_mul(0x0100_0000_01b3).rotate_left(5)
        })
    };
    let mut sums: Vec<(u64, usize)> =
        all.par_iter().map(sum).enumerate().map(|(at, sum)| (sum, at)).collect();
    sums.sort_unstable();
    for pair in sums.windows(2) {
        let [first, second] = [&all[pair[0].1], &all[pair[1].1]];
        if pair[0].0 != pair[1].0 || bits(first) != bits(second) || differ([pair[0].1, pair[1].1]) {
            continue;
        }
        // Maps of few values, such as lesions, may well be alike.
        let mut values = bits(first);
        values.sort_unstable();
        values.dedup();
        if values.len() > FEW_VALUES {
            return Err(Error::bad_data(
                display(&second.path),
                format!("holds the same values as {}", display(&first.path)),
                "be another map",
                "correct the table, or the file if it was copied by mistake",
            ));
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Read> {
    let (grid, header, values) = io::read_map(path)?;
    let said = provenance::beside(path)?;
    refuse_kind(path, header.intent, statistic(&said))?;
    let units = said.fields.get("Units").and_then(Value::as_str).map(str::to_owned);
    Ok(Read { path: path.to_owned(), grid, header, values, units, said })
}

/// What a map's sidecar says that it shows.
pub(super) fn statistic(said: &Beside) -> Option<&str> {
    said.fields.get("Statistic").and_then(Value::as_str)
}

/// Tell of sidecars that are of other files than the maps that they lie beside.
pub(super) fn tell_doubts<'a>(said: impl Iterator<Item = &'a Beside>, watch: &dyn Watch) {
    let mut doubts = said.filter_map(|one| one.doubt.as_ref());
    let Some(first) = doubts.next() else { return };
    match doubts.count() {
        0 => watch.warn(first),
        more => watch.warn(&format!("{first}; so with {more} more")),
    }
}

/// What a group tests is how large an effect is: not how sure of it one subject's data are.
fn refuse_kind(path: &Path, intent: Intent, statistic: Option<&str>) -> Result<()> {
    let by_header = match intent {
        Intent::P => Some("p values"),
        Intent::F { .. } => Some("F statistics"),
        Intent::T { .. } => Some("t statistics"),
        Intent::Z => Some("z statistics"),
        _ => None,
    };
    let by_sidecar = statistic.and_then(|said| match said {
        "t" => Some("t statistics"),
        "F" => Some("F statistics"),
        "z" => Some("z statistics"),
        "variance of the effect" => Some("variances"),
        "mask" => Some("a mask"),
        said if said.starts_with("p,") => Some("p values"),
        _ => None,
    });
    let said = [(by_sidecar, "sidecar"), (by_header, "header"), (kind_by_name(path), "name")];
    match said.into_iter().find_map(|(kind, by)| Some((kind?, by))) {
        None => Ok(()),
        Some((kind, by)) => Err(Error::bad_data(
            display(path),
            format!("holds {kind}, by its {by}"),
            "hold effects (contrast estimates, such as boldly glm's stat-effect, FSL's cope, SPM's con)",
            "name the effect's map in the table",
        )),
    }
}

/// What the name of a map without a word in its header says, as those of FitLins and nilearn are: BIDS' stat-, and the names of FSL and SPM.
fn kind_by_name(path: &Path) -> Option<&'static str> {
    let name = path.file_name()?.to_string_lossy();
    let kind = |word: &str| match word.trim_end_matches(|c: char| c.is_ascii_digit()) {
        "stat-t" | "tstat" | "spmT" => Some("t statistics"),
        "stat-F" | "stat-f" | "fstat" | "spmF" => Some("F statistics"),
        "stat-z" | "zstat" | "zfstat" => Some("z statistics"),
        "stat-p" => Some("p values"),
        "stat-variance" | "varcope" => Some("variances"),
        _ => None,
    };
    name.split('.').next()?.split('_').find_map(kind)
}

/// The unit that all effects share.
fn one_unit(all: &[Read], watch: &dyn Watch) -> Result<Option<String>> {
    let with: Vec<(&Read, &String)> =
        all.iter().filter_map(|one| Some((one, one.units.as_ref()?))).collect();
    let Some((first, unit)) = with.first() else { return Ok(None) };
    if let Some((other, another)) = with.iter().find(|(_, another)| another != unit) {
        return Err(Error::bad_data(
            display(&other.path),
            format!("is in '{another}', where {} is in '{unit}'", display(&first.path)),
            "be in one unit, for effects are averaged",
            "run boldly glm alike for all subjects (--scaling)",
        ));
    }
    if with.len() < all.len() {
        let silent = all.iter().filter(|one| one.units.is_none());
        let names: Vec<String> = silent.take(3).map(|one| display(&one.path)).collect();
        watch.warn(&format!(
            "{} of {} maps do not say their units ({}); they are taken to be in '{unit}' as the others",
            all.len() - with.len(),
            all.len(),
            names.join(", ")
        ));
    }
    Ok(Some((*unit).clone()))
}

/// Has what is no value as NaN; gives back how many zeros within the mask were taken so.
fn missing(all: &mut [Read], known: &[usize], zeros_count: bool) -> usize {
    let mark = |one: &mut Read| {
        let zeros = known.iter().filter(|&&at| one.values[at] == 0.0).count();
        for value in &mut one.values {
            if (*value == 0.0 && !zeros_count) || !value.is_finite() {
                *value = f32::NAN;
            }
        }
        if zeros_count { 0 } else { zeros }
    };
    all.par_iter_mut().map(mark).sum()
}

/// So many times larger or smaller than the middle one, a map is likely in another unit.
const OTHER_SCALE: f64 = 20.0;

/// Maps whose values are far larger or smaller than those of the others: of another scaling, whatever their units say.
fn doubt_scales(all: &[Read], known: &[usize], watch: &dyn Watch) {
    let size = |one: &Read| {
        let values = known.iter().map(|&at| f64::from(one.values[at]).abs());
        middle(values.filter(|v| v.is_finite() && *v > 0.0).collect())
    };
    let sizes: Vec<Option<f64>> = all.par_iter().map(size).collect();
    let Some(middle) = middle(sizes.iter().flatten().copied().collect()) else { return };
    let is_other = |size: &f64| *size > OTHER_SCALE * middle || *size * OTHER_SCALE < middle;
    let other: Vec<(&Read, f64)> = all
        .iter()
        .zip(&sizes)
        .filter_map(|(one, size)| Some((one, size.filter(is_other)?)))
        .collect();
    if let Some((first, size)) = other.first().filter(|_| all.len() > 2) {
        watch.warn(&format!(
            "{} of {} maps are of another size than the others: the median |effect| of {} is {size:.3e}, the middle one {middle:.3e}; are they scaled alike (--scaling)?",
            other.len(),
            all.len(),
            display(&first.path)
        ));
    }
}

/// The middle one, the upper of two.
fn middle(mut values: Vec<f64>) -> Option<f64> {
    let at = values.len() / 2;
    (!values.is_empty()).then(|| *values.select_nth_unstable_by(at, f64::total_cmp).1)
}

/// Effects have both signs somewhere; what has none may be no effect, though nothing beside the maps says so.
fn doubt_kind(all: &[Read], known: &[usize], watch: &dyn Watch) {
    let values = || all.iter().flat_map(|one| known.iter().map(|&at| one.values[at]));
    if values().any(|v| v < 0.0) {
        return;
    }
    let what = match values().all(|v| v.is_nan() || v <= 1.0) {
        true => "lie between 0 and 1, as p values do",
        false => "are above 0, as variances, F and signal are",
    };
    watch.warn(&format!(
        "all values of all maps {what}; a group tests effects, of which some are below 0"
    ));
}

/// Who lacks how much of what is analysed.
fn tell_missing(
    all: &[Read],
    rows: &[usize],
    sample: &Sample,
    (places, n_zeros): (&[usize], usize),
    watch: &dyn Watch,
) {
    let n_of = |one: &Read| places.iter().filter(|&&v| one.values[v].is_nan()).count();
    let mut lacking: Vec<(usize, usize)> =
        rows.iter().zip(all).map(|(&row, one)| (n_of(one), row)).filter(|(n, _)| *n > 0).collect();
    if lacking.is_empty() {
        return;
    }
    lacking.sort_by(|a, b| b.cmp(a));
    let worst: Vec<String> = lacking
        .iter()
        .take(3)
        .map(|&(n, row)| format!("{} {n} ({})", sample.subjects[row], sample.line(row)))
        .collect();
    watch.warn(&format!(
        "{} of {} maps lack values in some of the {} voxels{}; most: {}",
        lacking.len(),
        all.len(),
        places.len(),
        match n_zeros {
            0 => String::new(),
            n => format!(" ({n} zeros are taken for voxels outside the subject's brain; group's --zeros-count takes them for values)"),
        },
        worst.join(", ")
    ));
}
