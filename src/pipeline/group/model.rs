//! The table and the model in it: resolved, described for a person, and what it takes.

use crate::design::contrast::without_hyphens;
use crate::design::group::{Centre, Model, Request, Resolved, Sample, Stratum, resolve};
use crate::design::label;
use crate::error::{Error, Result};
use crate::io;
use crate::pipeline::inputs::display;
use crate::pipeline::spec::{Correction, ErrorTerm, GroupSpec, GroupVariance};
use crate::pipeline::watch::{Lines, Quiet, Watch};
use crate::stats::second_level::SecondLevel;
use crate::table::are_one_name;

use super::design::{aligned, design_rows};
use super::remarks::{idle, suspects};
use super::{first_level, images, permute, table};

/// The table of maps and the model in it.
///
/// # Errors
/// Missing input, and what the table lacks or the model forbids.
pub fn model(spec: &GroupSpec, watch: &dyn Watch) -> Result<(Sample, Resolved)> {
    let sample = table::sample(spec, watch)?;
    first_levels(spec, &sample, watch)?;
    let resolved = contrasts(spec, &sample, watch)?;
    Ok((sample, resolved))
}

/// Columns of first levels: held to be sensible, and said where nothing takes them. A model may take dof for one of its own columns.
fn first_levels(spec: &GroupSpec, sample: &Sample, watch: &dyn Watch) -> Result<()> {
    let is_own = matches!(spec.model, Model::Formula(_))
        || spec.covariates.iter().chain(&spec.within).chain(&spec.between).any(|c| c == "dof");
    if !is_own {
        first_level::given(sample)?;
    }
    let there = ["variance", "dof"].into_iter().filter(|c| sample.table.position(c).is_some());
    let there: Vec<&str> = there.filter(|column| *column == "variance" || !is_own).collect();
    if spec.variance != GroupVariance::Mixed && !there.is_empty() {
        let columns = there.join(" and ");
        watch.note(&format!("column {columns} of the table: for --variance mixed, not used here"));
    }
    Ok(())
}

/// The model's contrasts, and who is in each.
pub(super) fn contrasts(spec: &GroupSpec, sample: &Sample, watch: &dyn Watch) -> Result<Resolved> {
    let matrix = table::matrix(&spec.model)?;
    let request = Request {
        model: &spec.model,
        matrix: matrix.as_ref(),
        between: spec.between.as_deref(),
        within: &spec.within,
        covariates: &spec.covariates,
        centre: spec.centre,
        contrasts: &spec.contrasts,
        f_contrasts: &spec.f_contrasts,
        pooled: spec.error == ErrorTerm::Pooled,
    };
    let mut resolved = resolve(sample, &request)?;
    refuse_apart(spec, resolved.factors.subjects.len())?;
    if let Some(column) = spec.permute.as_ref().and_then(|options| options.blocks.as_deref()) {
        give_blocks(sample, column, &mut resolved)?;
    }
    if !spec.covariates.is_empty() {
        let about = match spec.centre {
            Centre::Overall => "centred over the subjects of each contrast",
            Centre::Group => "centred within each group",
            Centre::None => "not centred: effects are where they are 0",
        };
        watch.note(&format!("covariates ({}) are {about} (--centre)", spec.covariates.join(", ")));
    }
    tell(spec, sample, &resolved, watch)?;
    resolved.notes.iter().for_each(|line| watch.note(line));
    resolved.warnings.iter().for_each(|line| watch.warn(line));
    let remarks = idle(spec, &resolved).into_iter().chain(suspects(spec, &resolved));
    remarks.for_each(|line| watch.warn(&line));
    for stratum in &resolved.strata {
        if !stratum.left_out.is_empty() {
            let why = |(subject, why): &(String, String)| format!("{subject} ({why})");
            let names: Vec<String> = stratum.left_out.iter().map(why).collect();
            watch.warn(&format!(
                "{} of {} {} not in {}: {}",
                names.len(),
                names.len() + stratum.subjects.len(),
                if names.len() == 1 { "is" } else { "are" },
                stratum.name,
                names.join(", ")
            ));
        }
    }
    Ok(resolved)
}

/// The contrasts as file names say them; a hyphen within a level, a cell or a column is no minus.
///
/// # Errors
/// Usage: contrasts that would be written under one name.
pub(super) fn labels(resolved: &Resolved) -> Result<Vec<String>> {
    let mut known = resolved.factors.cell_names();
    known.extend(resolved.factors.marginals().into_iter().map(|(name, _)| name));
    known.extend(resolved.strata.iter().flat_map(|stratum| stratum.columns.iter().cloned()));
    known.sort();
    known.dedup();
    let spoken = |stratum: &Stratum| without_hyphens(&stratum.name, &known);
    label::labels(&resolved.strata.iter().map(spoken).collect::<Vec<String>>())
}

/// Options that do not go together, and a --min-subjects that cannot be meant.
///
/// # Errors
/// Usage, naming them.
pub fn refuse_apart(spec: &GroupSpec, n_subjects: usize) -> Result<()> {
    if spec.least_subjects.is_some() && spec.corrections.contains(&Correction::Rft) {
        return Err(Error::usage(
            "--correct rft",
            "comes with --min-subjects",
            "have every subject at every voxel, for their residuals say how smooth the noise is",
            "leave one of them out",
        ));
    }
    if spec.least_subjects.is_some() && spec.permute.is_some() {
        return Err(Error::usage(
            "--permutations",
            "comes with --min-subjects",
            "have every subject at every voxel, for they are exchanged",
            "leave one of them out",
        ));
    }
    if spec.sizes && (spec.variance != GroupVariance::Equal || spec.least_subjects.is_some()) {
        return Err(Error::usage(
            "--effect-sizes",
            "comes with --variance welch or mixed, or with --min-subjects",
            "come with one variance of all subjects, who are at every voxel",
            "leave one of them out",
        ));
    }
    match spec.least_subjects {
        Some(least) if least == 0 || least > n_subjects => Err(Error::usage(
            "--min-subjects",
            format!("is {least}"),
            format!("be from 1 to {n_subjects}, the subjects of the table"),
            "leave it out to need all",
        )),
        _ => Ok(()),
    }
}

/// What a person might not expect of the covariates, the groups and the tails.
fn tell(spec: &GroupSpec, sample: &Sample, resolved: &Resolved, watch: &dyn Watch) -> Result<()> {
    tell_covariates(spec, sample, resolved, watch)?;
    tell_few(resolved, watch);
    tell_groups(spec, sample, resolved, watch)?;
    if !spec.two_sided && resolved.strata.iter().any(|stratum| !stratum.is_f) {
        let of_regions = match spec.regions.is_empty() && spec.atlas.is_none() {
            true => "",
            false => "; the table of regions, whose intervals have both sides, counts both anyway",
        };
        watch.note(&format!(
            "p of t is that of the upper tail, in tables too: --two-sided counts both{of_regions}"
        ));
    }
    Ok(())
}

/// Covariates that differ within a subject, or in nobody.
fn tell_covariates(
    spec: &GroupSpec,
    sample: &Sample,
    resolved: &Resolved,
    watch: &dyn Watch,
) -> Result<()> {
    for name in &spec.covariates {
        let values = sample.numbers(name)?;
        // n/a is no other value: who lacks one is told of as left out.
        let varies = |rows: &[usize]| {
            let known: Vec<f64> =
                rows.iter().map(|&row| values[row]).filter(|v| !v.is_nan()).collect();
            known.iter().any(|value| *value != known[0])
        };
        let by_subject = sample.by_subject();
        let who: Vec<&str> =
            by_subject.iter().filter(|(_, rows)| varies(rows)).map(|(s, _)| s.as_str()).collect();
        if !who.is_empty() {
            let some: Vec<&str> = who.iter().take(5).copied().collect();
            watch.warn(&format!(
                "{name} differs between the maps of {} subjects ({}): it is combined as their maps are",
                who.len(),
                some.join(", ")
            ));
        }
        for stratum in &resolved.strata {
            let at = stratum.columns.iter().position(|column| column == name);
            let is_flat = |at: usize| stratum.design.column(at).iter().all(|v| v.abs() < 1e-10);
            if at.is_some_and(is_flat) {
                watch.warn(&format!(
                    "{name} is the same in all subjects of {}: it changes nothing",
                    stratum.name
                ));
            }
        }
    }
    Ok(())
}

/// Groups of one, and few rows.
fn tell_few(resolved: &Resolved, watch: &dyn Watch) {
    for stratum in &resolved.strata {
        let alone = (0..stratum.groups.len())
            .filter(|g| stratum.group.iter().filter(|other| *other == g).count() == 1);
        for group in alone.filter(|_| stratum.groups.len() > 1) {
            watch.warn(&format!(
                "{}: group '{}' is one subject",
                stratum.name, stratum.groups[group]
            ));
        }
        if stratum.subjects.len() < 6 {
            watch.warn(&format!(
                "{}: {} rows are few to test",
                stratum.name,
                stratum.subjects.len()
            ));
        }
    }
}

/// Groups of the table that a model in words does not know.
fn tell_groups(
    spec: &GroupSpec,
    sample: &Sample,
    resolved: &Resolved,
    watch: &dyn Watch,
) -> Result<()> {
    let is_factor = |column: &str| {
        let factors = resolved.factors.between.iter().chain(&resolved.factors.within);
        factors.into_iter().any(|factor| factor.column == column)
    };
    let in_words = !matches!(spec.model, Model::Formula(_) | Model::Matrix(_));
    let column = sample.table.columns.iter().find(|own| are_one_name(own, "group"));
    if let Some(column) = column.filter(|own| in_words && !is_factor(own)) {
        let mut groups: Vec<String> = sample.texts(column)?.into_iter().flatten().collect();
        groups.sort();
        groups.dedup();
        if groups.len() > 1 {
            watch.note(&format!(
                "the groups ({}) are not told apart by this model",
                groups.join(", ")
            ));
        }
    }
    Ok(())
}

/// The blocks of a column, for the rows of each stratum.
fn give_blocks(sample: &Sample, column: &str, resolved: &mut Resolved) -> Result<()> {
    let texts = sample.texts(column)?;
    let mut known: Vec<&String> = Vec::new();
    for stratum in &mut resolved.strata {
        let mut blocks = Vec::new();
        for (at, maps) in stratum.combined[0].iter().enumerate() {
            let of = |&(row, _): &(usize, f64)| texts[row].as_ref();
            let first = maps.first().and_then(of);
            let (Some(block), true) = (first, maps.iter().all(|one| of(one) == first)) else {
                return Err(Error::bad_data(
                    format!("subject '{}' of {}", stratum.subjects[at], sample.table.name),
                    format!("has no value in column '{column}', or several"),
                    "be in one block",
                    "fill it in, or name another column by --blocks",
                ));
            };
            let number = known.iter().position(|other| *other == block).unwrap_or_else(|| {
                known.push(block);
                known.len() - 1
            });
            blocks.push(number);
        }
        stratum.given_blocks = Some(blocks);
    }
    Ok(())
}

/// What a model comes to, for a person: what a run of it would say first, its contrasts, what each is tested in, its degrees of freedom; and whether the maps
/// are there.
///
/// # Errors
/// As [`model`].
pub fn described(spec: &GroupSpec) -> Result<String> {
    let told = Lines::default();
    let (sample, resolved) = model(spec, &told)?;
    let paths = images::paths(spec, &sample, "effect")?;
    let mut parts = vec![format!(
        "{}: {} maps of {} subjects, model {}",
        sample.table.name,
        sample.subjects.len(),
        resolved.factors.subjects.len(),
        spec.model.name()
    )];
    if spec.table.is_dir() {
        parts.push(aligned(&sample.table));
    }
    let told = told.into_lines();
    parts.extend((!told.is_empty()).then(|| told.join("\n")));
    let mut shown: Vec<&Stratum> = Vec::new();
    for stratum in &resolved.strata {
        let solved = SecondLevel::new(stratum.design.view(), stratum.weights.view())?;
        let told = stratum.told(solved.rank);
        parts.push(format!("{told}\n{}", permute::described(spec, stratum)?));
        let same = shown
            .iter()
            .find(|other| (&other.design, &other.subjects) == (&stratum.design, &stratum.subjects));
        parts.push(match same {
            Some(other) => format!("  the design is that of {}", other.name),
            None => aligned(&design_rows(stratum)),
        });
        shown.push(stratum);
    }
    let missing: Vec<String> = paths.iter().filter(|p| !p.is_file()).map(|p| display(p)).collect();
    if !missing.is_empty() {
        let listed: Vec<&str> = missing.iter().take(6).map(String::as_str).collect();
        parts.push(format!("{} maps are not there: {}", missing.len(), listed.join(", ")));
    }
    Ok(parts.join("\n\n"))
}

/// The rows of the table that some contrast takes.
pub(super) fn needed(sample: &Sample, resolved: &Resolved) -> Vec<bool> {
    let mut needed = vec![false; sample.subjects.len()];
    let maps = resolved.strata.iter().flat_map(|s| s.combined.iter().flatten().flatten());
    maps.for_each(|&(row, _)| needed[row] = true);
    needed
}

/// Rows of the table that some contrast takes.
fn needed_rows(resolved: &Resolved) -> usize {
    let maps = resolved.strata.iter().flat_map(|s| s.combined.iter().flatten().flatten());
    maps.map(|&(row, _)| row).collect::<std::collections::BTreeSet<usize>>().len()
}

/// Bytes that a group of `n` voxels of a grid holds at once: its maps, what is rearranged of one contrast, and the results of all.
pub(super) fn bytes(spec: &GroupSpec, resolved: &Resolved, n: usize, n_grid: usize) -> u64 {
    let threads = rayon::current_num_threads();
    let n_rows: usize = needed_rows(resolved);
    let most = resolved.strata.iter().map(|s| s.subjects.len() * s.combined.len()).max();
    let maps = 4 * n * n_rows + 8 * n_grid * threads;
    let rearranged = match &spec.permute {
        None => 0,
        Some(options) => {
            let whole = options.tfce.is_some() || options.cluster_p.is_some();
            let kept = if whole { 4 * 64 + 48 * threads } else { 0 };
            n * (3 * 4 * most.unwrap_or(0) + 80 + kept)
        }
    };
    let results = resolved.strata.len() * n_grid * (5 * 8 + 14 * 4);
    (maps + rearranged + results) as u64
}

/// Operations that the rearrangements come to, roughly; 0 where there are none, or the table cannot be read.
#[must_use]
pub fn operations(spec: &GroupSpec) -> f64 {
    let Some(options) = &spec.permute else { return 0.0 };
    let n = |(sample, resolved): (Sample, Resolved)| {
        let first = images::paths(spec, &sample, "effect").ok()?.into_iter().next()?;
        let n_voxels = io::float32_bytes(&first).ok()? / 4;
        let rows: usize = resolved.strata.iter().map(|s| s.subjects.len() * s.combined.len()).sum();
        let parts = options.shard.map_or(1, |[_, n]| n);
        Some(2.0 * rows as f64 * n_voxels as f64 * (options.n / parts) as f64)
    };
    model(spec, &Quiet).ok().and_then(n).unwrap_or(0.0)
}
