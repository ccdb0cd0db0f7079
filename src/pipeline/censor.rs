//! Which volumes of an opened run are left out of the fit: what its tables and lists say, and what the run itself shows where a rule needs
//! that.

use std::path::Path;

use crate::design::censor::{NonSteady, Rules, before_steady_state, left_out};
use crate::error::{Error, Result};
use crate::pipeline::automask;
use crate::pipeline::dvars;
use crate::pipeline::inputs::{Run, display};
use crate::pipeline::spec::DesignOptions;
use crate::pipeline::watch::{Quiet, Watch};

/// Fewer volumes than these tell nothing of a run, whatever its design.
const LEAST: usize = 3;

/// Leave them out of every run: what comes after sees the kept volumes alone.
///
/// # Errors
/// As [`decide`] and [`Run::keep_only`].
pub fn apply(
    runs: &mut [Run],
    options: &DesignOptions,
    mask: Option<&Path>,
    watch: &dyn Watch,
) -> Result<()> {
    let several = runs.len() > 1;
    for run in runs {
        let kept = decide(run, options.censor.as_ref(), mask, watch)?;
        if several {
            run.bold.release(); // none stays in memory while the others are looked at
        }
        run.keep_only(kept)?;
    }
    Ok(())
}

/// Decide it, keep the reasons in [`Run::left_out`], and say it; gives back the volumes that are kept. `mask`: where the run is
/// looked at.
///
/// # Errors
/// Those of reading the run; bad data where too little is left.
pub fn decide(
    run: &mut Run,
    rules: Option<&Rules>,
    mask: Option<&Path>,
    watch: &dyn Watch,
) -> Result<Vec<usize>> {
    let rules = rules.cloned().unwrap_or_default();
    look(run, &rules, mask, watch)?;
    let n_volumes = run.n_volumes;
    run.left_out = left_out(&rules, &run.measures, n_volumes);
    let is_left_out =
        |volume: &usize| run.left_out.binary_search_by_key(volume, |left| left.volume).is_ok();
    let kept: Vec<usize> = (0..n_volumes).filter(|volume| !is_left_out(volume)).collect();
    if !run.left_out.is_empty() {
        say(run, kept.len(), watch);
    }
    if kept.len() < LEAST {
        return Err(Error::bad_data(
            display(&run.path),
            format!("keeps {} of its {n_volumes} volumes under --censor {rules}", kept.len()),
            "keep volumes to fit",
            "censor less strictly, or leave the run out",
        ));
    }
    Ok(kept)
}

/// Look at the run where a rule needs it.
fn look(run: &mut Run, rules: &Rules, mask: Option<&Path>, watch: &dyn Watch) -> Result<()> {
    let steady = rules.non_steady == Some(NonSteady::Found) && run.measures.non_steady.is_none();
    let moving = rules.dvars.is_some() && run.measures.std_dvars.is_none();
    if !steady && !moving {
        return Ok(());
    }
    let inside = automask::mask(mask, run, &Quiet)?.inside;
    let shown = dvars::shown(run.bold.as_mut(), &inside)?;
    if moving {
        let largest = shown.std_dvars.iter().fold(0.0_f64, |most, &value| most.max(value));
        watch.note(&format!(
            "{}: DVARS computed within the mask, standardised {largest:.2} at most",
            display(&run.path)
        ));
        run.measures.std_dvars = Some(shown.std_dvars);
    }
    if steady {
        let found = before_steady_state(&shown.means);
        watch.note(&format!(
            "{}: {} volumes before the steady state, by the mean of the mask",
            display(&run.path),
            found.len()
        ));
        run.measures.non_steady = Some(found);
    }
    Ok(())
}

/// How many are left out, and each reason's volumes.
fn say(run: &Run, n_kept: usize, watch: &dyn Watch) {
    let of = |n: usize| if n == 1 { "1 volume".to_owned() } else { format!("{n} volumes") };
    watch.note(&format!(
        "{}: {} of {} left out of the fit, {n_kept} kept at their times",
        display(&run.path),
        of(run.left_out.len()),
        run.left_out.len() + n_kept
    ));
    for left in &run.left_out {
        watch.note(&format!("  volume {}: {}", left.volume, left.reasons.join(", ")));
    }
}
