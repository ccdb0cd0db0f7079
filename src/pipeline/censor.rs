//! Which volumes of an opened run are left out of the fit: what its tables and lists say, and what the run itself shows where a rule needs
//! that.

use std::path::Path;

use crate::design::censor::{
    LeftOut, Measures, NonSteady, Rules, before_steady_state, brighter_at_first, idle, left_out,
    stretches,
};
use crate::error::{Error, Result};
use crate::io::source::{BoldSource, Means};
use crate::maps::Bounds;
use crate::pipeline::automask;
use crate::pipeline::blocks::Ladder;
use crate::pipeline::dvars::{self, Shown};
use crate::pipeline::inputs::{Run, display};
use crate::pipeline::masks;
use crate::pipeline::precision;
use crate::pipeline::signal::{self, DIM};
use crate::pipeline::spec::{DesignOptions, SignalScale};
use crate::pipeline::watch::{Quiet, Watch};
use crate::volume::Grid;

/// Fewer volumes than these tell nothing of a run, whatever its design.
const LEAST: usize = 3;

/// Volumes that are listed with their reasons; the sidecar has those of all.
const LISTED: usize = 12;

/// Where a run is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Within<'a> {
    /// The mask that was given; else it is made of the run.
    pub mask: Option<&'a Path>,
    /// Whether voxels of too little signal leave the mask, as percent signal change has them leave the fit.
    pub with_signal: bool,
}

impl<'a> Within<'a> {
    /// All of a mask.
    #[must_use]
    pub fn all(mask: Option<&'a Path>) -> Within<'a> {
        Within { mask, with_signal: false }
    }

    /// What of a mask is fitted in these units.
    #[must_use]
    pub fn fitted(mask: Option<&'a Path>, scaling: SignalScale) -> Within<'a> {
        Within { mask, with_signal: scaling == SignalScale::Psc }
    }
}

/// Leave them out of every run that is to be fitted: what comes after sees the kept volumes alone. A run that a rule looks at is kept
/// exact for the rule as for the fit.
///
/// # Errors
/// As [`decide`], [`precision::keep`] and [`Run::keep_only`].
pub fn apply(
    runs: &mut [Run],
    options: &DesignOptions,
    within: Within<'_>,
    ladder: &mut Ladder,
    watch: &dyn Watch,
) -> Result<()> {
    let several = runs.len() > 1;
    for run in runs {
        if options.censor.as_ref().is_some_and(|rules| !Looks::of(rules, &run.measures).nowhere()) {
            precision::keep(run, watch)?;
        }
        let kept = decide(run, options.censor.as_ref(), within, ladder, watch)?;
        if several {
            run.bold.release(); // none stays in memory while the others are looked at
        }
        run.keep_only(kept)?;
    }
    Ok(())
}

/// Decide it, keep the reasons in [`Run::left_out`], and say it; gives back the volumes that are kept.
///
/// # Errors
/// Those of reading the run; bad data where too little is left.
pub fn decide(
    run: &mut Run,
    rules: Option<&Rules>,
    within: Within<'_>,
    ladder: &mut Ladder,
    watch: &dyn Watch,
) -> Result<Vec<usize>> {
    let level = run.level.as_ref().map(|level| level.as_slice());
    let image = Image { path: &run.path, grid: &run.grid, bold: run.bold.as_mut(), level };
    run.left_out = of_image(image, &mut run.measures, (rules, within), ladder, watch)?;
    Ok(kept(&run.left_out, run.n_volumes))
}

/// The volumes that are not left out.
#[must_use]
pub fn kept(left_out: &[LeftOut], n_volumes: usize) -> Vec<usize> {
    let is_kept = |volume: &usize| left_out.binary_search_by_key(volume, |l| l.volume).is_err();
    (0..n_volumes).filter(is_kept).collect()
}

/// A run to look at.
pub struct Image<'a> {
    /// Its file.
    pub path: &'a Path,
    /// Its grid.
    pub grid: &'a Grid,
    /// Its data.
    pub bold: &'a mut dyn BoldSource,
    /// What they are read without, `[voxel]`.
    pub level: Option<&'a [f64]>,
}

/// What rules look for in a run itself, since no table has it.
struct Looks {
    steady: bool,
    moving: bool,
}

impl Looks {
    fn of(rules: &Rules, measures: &Measures) -> Looks {
        Looks {
            steady: rules.non_steady == Some(NonSteady::Found) && measures.non_steady.is_none(),
            moving: rules.dvars.is_some() && measures.std_dvars.is_none(),
        }
    }

    fn nowhere(&self) -> bool {
        !self.steady && !self.moving
    }
}

/// The volumes of an image that are left out, ascending, which is said. `measures`: what is known of them; what the rules need
/// beside it is found in the run, within the mask.
///
/// # Errors
/// As [`decide`].
pub fn of_image(
    mut image: Image<'_>,
    measures: &mut Measures,
    (rules, within): (Option<&Rules>, Within<'_>),
    ladder: &mut Ladder,
    watch: &dyn Watch,
) -> Result<Vec<LeftOut>> {
    let rules = rules.cloned().unwrap_or_default();
    let told = Rules { non_steady: None, ..rules.clone() };
    let is_told = Looks::of(&rules, measures).steady; // with how many there are
    look(&mut image, measures, (&rules, within), ladder, watch)?;
    let (name, n_volumes) = (display(image.path), image.bold.n_volumes());
    let left_out = left_out(&rules, measures, n_volumes);
    for rule in idle(if is_told { &told } else { &rules }, measures) {
        watch.note(&format!("{name}: {rule} leaves out no volume"));
    }
    let n_kept = n_volumes - left_out.len();
    if !left_out.is_empty() {
        let n = left_out.len();
        let volumes = if n == 1 { "volume" } else { "volumes" };
        watch.note(&format!(
            "{name}: {n} {volumes} of {n_volumes} left out of the fit, {n_kept} kept at their times"
        ));
    }
    for left in left_out.iter().take(LISTED) {
        watch.note(&format!("  volume {}: {}", left.volume, left.reasons.join(", ")));
    }
    if let Some(more @ 1..) = left_out.len().checked_sub(LISTED) {
        let rest: Vec<usize> = left_out[LISTED..].iter().map(|left| left.volume).collect();
        watch.note(&format!("  and {more} more: {}", stretches(&rest)));
    }
    if n_kept < LEAST && !left_out.is_empty() {
        let by_rules = (rules != Rules::default()).then(|| format!("--censor {rules}"));
        let by_list = (!measures.listed.is_empty()).then(|| "--censor-volumes".to_owned());
        let by: Vec<String> = by_rules.into_iter().chain(by_list).collect();
        return Err(Error::bad_data(
            name,
            format!("keeps {n_kept} of its {n_volumes} volumes under {}", by.join(" and ")),
            "keep volumes to fit",
            "censor less strictly, or leave the run out",
        ));
    }
    Ok(left_out)
}

/// Look at the run where a rule needs it.
fn look(
    image: &mut Image<'_>,
    measures: &mut Measures,
    (rules, within): (&Rules, Within<'_>),
    ladder: &mut Ladder,
    watch: &dyn Watch,
) -> Result<()> {
    let looks = Looks::of(rules, measures);
    if looks.nowhere() {
        return Ok(());
    }
    let Looks { steady, moving } = looks;
    let name = display(image.path);
    let mask = match within.mask {
        Some(path) => masks::mask(path, image.grid, &Quiet)?,
        None => automask::of_source(&name, image.bold, image.level, image.grid)?,
    };
    let inside = match within.with_signal {
        true => signal::of_run(image.bold, image.level, &mask.inside)?,
        false => mask.inside,
    };
    let shown = shown(image.bold, &inside, (steady, rules.dvars), ladder, watch)?;
    let n_voxels = shown.n_voxels;
    let of = match within.with_signal {
        true => format!(", with a mean of {} % of its median or more", 100.0 * DIM),
        false => String::new(),
    };
    if moving {
        let largest = shown.std_dvars.iter().fold(0.0_f64, |most, &value| most.max(value));
        watch.note(&format!(
            "{name}: DVARS computed within the mask ({n_voxels} voxels that vary{of}), standardised {largest:.2} at most"
        ));
        measures.std_dvars = Some(shown.std_dvars);
    }
    if steady {
        let found = before_steady_state(&shown.means);
        let n = found.len();
        watch
            .note(&format!("{name}: {n} volumes before the steady state, by the mean of the mask"));
        measures.non_steady = Some(found);
    }
    Ok(())
}

/// Warn of a run that begins brighter than it goes on, where neither a table nor a rule says which of its volumes come before the steady state.
/// `means`: of the run as it is fitted, all of which has passed.
pub fn say_unsteady(run: &Run, means: &Means, watch: &dyn Watch) {
    if run.measures.non_steady.is_some() || run.kept.first() != Some(&0) {
        return;
    }
    let level = run.level.as_ref().map_or(0.0, |level| {
        let finite = level.iter().filter(|level| level.is_finite());
        finite.sum::<f64>() / level.len().max(1) as f64
    });
    let means: Vec<f64> = means.of_first_volumes().into_iter().map(|mean| mean + level).collect();
    let n = brighter_at_first(&means);
    if n > 0 {
        let (first, are) = match n {
            1 => ("the first volume".to_owned(), "is"),
            n => (format!("the first {n} volumes"), "are"),
        };
        watch.warn(&format!(
            "{first} of {} {are} brighter than those that follow, as before the steady state: they {are} fitted like the others; \
             --censor non-steady leaves them out",
            display(&run.path)
        ));
    }
}

/// What the run shows. Whether a volume stays must not hang on the device: the steady state, and values too near a threshold for the
/// device to tell, are found on the host.
fn shown(
    bold: &mut dyn BoldSource,
    inside: &[bool],
    (steady, most): (bool, Option<f64>),
    ladder: &mut Ladder,
    watch: &dyn Watch,
) -> Result<Shown> {
    if steady {
        return dvars::shown_on_the_host(bold, inside);
    }
    let shown = dvars::shown(bold, inside, ladder, watch)?;
    let off = Bounds::of(&ladder.report().precision).dvars;
    let is_near = |value: &f64| most.is_some_and(|most| (value - most).abs() <= off * value.abs());
    if shown.std_dvars.iter().any(is_near) {
        return dvars::shown_on_the_host(bold, inside);
    }
    Ok(shown)
}
