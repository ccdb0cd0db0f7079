//! A correction that came before preprocessing: slice-wise RETROICOR, then motion correction and resampling by another program, whose JSON
//! says nothing of it. After that no plane is a slice, so no voxel's lost columns are known: each is taken for an even mixture of all
//! slices (`stats::mixed`). What most slices lost becomes columns of the model, the rest counts as degrees of freedom.

use std::path::{Path, PathBuf};

use ndarray::{Array2, Axis, concatenate};
use serde::Serialize;
use serde_json::Value;

use super::belongs::{OF_A_RUN, apart_in};
use super::fitted_with::{self, FittedWith};
use super::spent::vouched_for;
use super::task::Known;
use super::{Earlier, Run, display};
use crate::design::Design;
use crate::error::{Error, Result};
use crate::io::described::Described;
use crate::io::paths::real;
use crate::pipeline::carried::{self, Carried};
use crate::pipeline::provenance::{self, Facts, Kind, Output, sidecar_path};
use crate::pipeline::spec::{Role, RunSpec, SpentBy, SpentOptions};
use crate::pipeline::watch::Watch;
use crate::stats::mixed::{Mixed, Uncounted, shifted};
use crate::volume::SliceGroups;

/// What a correction before preprocessing left in a run's model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Survived {
    /// How it is known to be this run's.
    pub by: SpentBy,
    /// Degrees of freedom that it took beside the model's own columns.
    pub dof_spent: f64,
    /// Columns that stand for it.
    pub columns: usize,
    /// Degrees of freedom that these hold.
    pub dof_in_columns: f64,
    /// Degrees of freedom that are counted without a column.
    pub dof_alone: f64,
    /// Degrees of freedom that the fit has fewer by it: one for each column, however much of it was lost, and those counted alone.
    pub dof_counted: f64,
    /// Variance of effects that the columns do not stand for.
    #[serde(skip)]
    pub uncounted: Uncounted,
    /// What the correction was fitted with; none where that is not known.
    #[serde(skip)]
    pub with: Option<FittedWith>,
}

impl Survived {
    /// In words; the tenths add up.
    fn told(&self) -> String {
        let tenths = |dof: f64| (10.0 * dof).round() / 10.0;
        let (spent, alone) = (tenths(self.dof_spent), tenths(self.dof_alone));
        format!(
            ", which spent {spent:.1} degrees of freedom. {} columns of the model stand for {:.1} of them and cost one each; the other \
             {alone:.1} are counted without a column: {:.1} fewer in all. An approximation: each voxel is taken for an even mixture of \
             all slices",
            self.columns,
            spent - alone,
            self.columns as f64 + alone
        )
    }
}

impl Run {
    /// Take what a correction before preprocessing spent, where the run's options name one.
    ///
    /// # Errors
    /// Missing input and bad data where the sidecar is no correction's, is another run's, or is of another length; usage where the run
    /// was corrected after preprocessing too.
    pub(super) fn take_before(
        &mut self,
        spec: &RunSpec,
        known: Known,
        watch: &dyn Watch,
    ) -> Result<()> {
        let Some(SpentOptions { sidecar, by }) = spec.spent.as_deref() else { return Ok(()) };
        let facts = facts(sidecar)?;
        let spent = facts.spent().ok_or_else(|| no_correction(sidecar, &facts))?;
        refuse_other(sidecar, &facts)?;
        self.refuse_again(sidecar)?;
        if vouched_for(spec).is_some() || facts.of(&self.path)? == Described::Bytes {
            let earlier = Earlier { facts, spent };
            return self.take(sidecar, &earlier, watch); // the corrected run itself, whose planes are the slices
        }
        if let Some(found) = self.stranger(sidecar, &facts) {
            return refused_or_said(sidecar, found, (self, *by), watch);
        }
        let (name, of) = (display(&self.path), display(sidecar));
        if self.physio.is_some() {
            watch.warn(&format!(
                "{name} was already corrected for physiology before it was preprocessed ({of}); --physio models it again"
            ));
        }
        if *by == SpentBy::Name {
            watch.warn(&format!(
                "{of} is taken for the correction of {name} by its name and place: what {name} was made of is not at hand; \
                 --spent none where it was made of the run without the correction"
            ));
        }
        if *by == SpentBy::Given {
            say_changed(sidecar, &facts, &name, watch)?;
        }
        let beside = carried::beside(sidecar, &facts, None, self.n_volumes)?;
        let of_it = fitted_with::correction(sidecar);
        let Some((carried, files)) = beside.columns else {
            let lost =
                beside.lost.as_deref().map_or("the table of its columns".to_owned(), display);
            watch.warn(&format!(
                "{lost} is not there, which holds the columns that were taken out before {name} was preprocessed; bring it along with {of}{}",
                fitted_with::lost_task(of_it.as_ref())
            ));
            self.dof_spent = spent;
            return Ok(());
        };
        self.found.extend(files.into_iter().map(|file| (Role::Carried, file)));
        let known = of_it
            .and_then(|of| fitted_with::columns(&of, (self, spec), known, &carried.slice_times_s));
        self.mix(&carried, *by, known)?;
        if let Some(survived) = &self.survived {
            watch.warn(&format!(
                "{name} was corrected before it was preprocessed ({of}){}",
                survived.told()
            ));
        }
        Ok(())
    }

    /// Put columns in the model for what most slices lost, and count the rest.
    fn mix(
        &mut self,
        carried: &Carried,
        by: SpentBy,
        known: Option<fitted_with::Columns>,
    ) -> Result<()> {
        let groups = &carried.groups;
        let n_planes = groups.group_of_plane.len() as f64;
        let part = |(group, columns): (usize, &Array2<f64>)| {
            let planes = groups.group_of_plane.iter().filter(|&&own| own == group).count();
            (planes as f64 / n_planes, shifted(columns, self.moved(carried.slice_times_s[group])))
        };
        let parts: Vec<_> = groups.columns.iter().enumerate().map(part).collect();
        let (asked, others) = self.asked_and_others()?;
        let mixed = Mixed::of((asked.view(), others.view()), &parts)?;
        let with =
            known.map(|known| FittedWith::of(known, &parts, self.design.clone())).transpose()?;
        let n_columns = mixed.lost.len();
        self.survived = Some(Survived {
            by,
            dof_spent: mixed.spent,
            columns: n_columns,
            dof_in_columns: mixed.lost.iter().sum(),
            dof_alone: mixed.alone(),
            dof_counted: n_columns as f64 + mixed.alone(),
            uncounted: mixed.uncounted.clone(),
            with,
        });
        self.dof_spent = mixed.alone();
        if n_columns > 0 {
            let groups = SliceGroups {
                group_of_plane: vec![0; self.grid.shape[2]],
                names: (1..=n_columns).map(|n| format!("{}{n}", carried::BEFORE)).collect(),
                columns: vec![mixed.columns],
            };
            self.carried = Some(Carried::of(&groups, None));
        }
        Ok(())
    }

    /// The columns of the model whose effects are asked, those of the task, of a ready design all that are no confounds by their names; and the
    /// others, physiology in the middle slice time's.
    fn asked_and_others(&self) -> Result<(Array2<f64>, Array2<f64>)> {
        let Design { names, matrix, n_task } = &self.design;
        let is_asked = |&at: &usize| match n_task {
            0 => !self.confounds.contains(&names[at]),
            n_task => at < *n_task,
        };
        let (asked, others): (Vec<usize>, Vec<usize>) = (0..names.len()).partition(is_asked);
        let (asked, others) = (matrix.select(Axis(1), &asked), matrix.select(Axis(1), &others));
        let Some(own) = self.slices().map(|slices| &slices.columns[slices.columns.len() / 2])
        else {
            return Ok((asked, others));
        };
        let others = concatenate(Axis(1), &[others.view(), own.view()]);
        let others = others
            .map_err(|e| Error::internal("the design", "cannot be joined", "", "").caused_by(e))?;
        Ok((asked, others))
    }

    /// By how many volumes slice-time correction moved a slice of this time.
    fn moved(&self, slice_time_s: f64) -> f64 {
        let corrected = self.resampled.as_ref().is_some_and(|r| r.slice_timing_corrected);
        match &self.acquisition {
            Some(acquisition) if corrected => {
                (acquisition.start_time - slice_time_s) / acquisition.tr
            }
            _ => 0.0,
        }
    }

    /// What boldly corrected after preprocessing has its own sidecar.
    fn refuse_again(&self, sidecar: &Path) -> Result<()> {
        if self.carried.is_none() && self.dof_spent == 0.0 {
            return Ok(());
        }
        Err(Error::usage(
            "--spent",
            format!(
                "names {} for {}, which boldly corrected itself, as the sidecar beside it says",
                display(sidecar),
                display(&self.path)
            ),
            "be of a correction before preprocessing alone: of a run corrected twice no one knows what both took",
            "leave --spent out where it is the same correction; else preprocess the corrected run, and fit that",
        ))
    }

    /// What says that a correction was of another run.
    fn stranger(&self, sidecar: &Path, facts: &Facts) -> Option<String> {
        let files: Vec<PathBuf> =
            std::iter::once(sidecar.to_owned()).chain(facts.read(sidecar)).collect();
        let apart = apart_in(&OF_A_RUN, &self.path, &files).unwrap_or_default();
        if !apart.is_empty() {
            return Some(format!("is of another run by its name ({})", apart.join(", ")));
        }
        let volumes = facts.resolved.get("volumes").and_then(Value::as_u64);
        let name = display(&self.path);
        if let Some(other) = volumes.filter(|&n| n != self.n_volumes as u64) {
            return Some(format!(
                "is of a run of {other} volumes, and {name} has {}",
                self.n_volumes
            ));
        }
        let is_itself = facts.read(sidecar).any(|from| real(&from) == real(&self.path));
        is_itself.then(|| format!("was made of {name} itself, of which nothing was taken out"))
    }
}

/// That the corrected run beside the JSON that `--spent` names is not as it was written: `name` may be made of another one.
fn say_changed(sidecar: &Path, facts: &Facts, name: &str, watch: &dyn Watch) -> Result<()> {
    for image in ["nii.gz", "nii"].map(|ending| sidecar.with_extension(ending)) {
        if image.is_file() && matches!(facts.of(&image)?, Described::Changed | Described::Not) {
            watch.warn(&format!(
                "{} is not as boldly wrote it (packed anew, or changed), and {} is of it: what that says was spent is counted; give --spent none where {name} was made of a run that was not corrected",
                display(&image),
                display(sidecar)
            ));
        }
    }
    Ok(())
}

/// What cannot be this run's correction is refused, or left out where it was but a guess.
fn refused_or_said(
    sidecar: &Path,
    found: String,
    (run, by): (&Run, SpentBy),
    watch: &dyn Watch,
) -> Result<()> {
    let (of, name) = (display(sidecar), display(&run.path));
    if by == SpentBy::Name {
        watch.warn(&format!(
            "{of} lies where the correction of {name} would, but {found}: nothing of it is counted"
        ));
        return Ok(());
    }
    let hint = match by {
        SpentBy::Given => "give --spent once for each run, in their order",
        _ => "it was found by the sources that the run's JSON names; --spent none leaves it out",
    };
    Err(Error::bad_data(of, found, format!("be of the run that {name} was made of"), hint))
}

/// The facts of a sidecar that is said to be of a correction.
fn facts(sidecar: &Path) -> Result<Facts> {
    provenance::facts_at(sidecar)?.ok_or_else(|| {
        Error::bad_data(
            display(sidecar),
            "was not written by boldly",
            CORRECTED,
            "name that with --spent; the JSON of the preprocessed run does not say what was spent",
        )
    })
}

/// The commands whose runs were corrected.
const CORRECT: [&str; 2] = ["retroicor", "smooth"];

/// What a correction wrote beside its run, a table or a map, is not that run, though its sidecar knows what was spent; nor is what was made of one.
fn refuse_other(sidecar: &Path, facts: &Facts) -> Result<()> {
    let command = &facts.command.name;
    let own = |output: &&Output| sidecar_path(&output.name).file_name() == sidecar.file_name();
    let found = match facts.outputs.iter().find(own) {
        _ if !command.is_empty() && !CORRECT.contains(&command.as_str()) => {
            format!("is of boldly {command}, which corrects no run")
        }
        Some(output) if output.kind != Kind::Bold => {
            format!("is of {}, which is no corrected run", display(&output.name))
        }
        _ => return Ok(()),
    };
    let run = facts.outputs.iter().find(|output| output.kind == Kind::Bold);
    let hint = run.map_or("name that with --spent".to_owned(), |run| {
        let run = sidecar_path(&sidecar.with_file_name("").join(&run.name));
        format!("name {} with --spent, if that is it", display(&run))
    });
    Err(Error::bad_data(display(sidecar), found, CORRECTED, hint))
}

/// What `--spent` takes.
const CORRECTED: &str = "be the JSON that boldly retroicor wrote beside its corrected run";

fn no_correction(sidecar: &Path, facts: &Facts) -> Error {
    let found = match facts.command.name.as_str() {
        "" => "spent no degrees of freedom".to_owned(),
        name => format!("is of boldly {name}, which spent no degrees of freedom"),
    };
    Error::bad_data(display(sidecar), found, CORRECTED, "name that with --spent, or leave it out")
}
