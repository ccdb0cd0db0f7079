//! The model of a run: what there is to say of it when the contrasts are asked, and all that is prepared for the run when it is its turn. The latter is large
//! where each slice has columns of its own, and stays no longer than the turn.

use ndarray::{Array1, ArrayView1, Axis};

use super::{Asked, FEW_DOF, deficient};
use crate::error::{Error, Result};
use crate::kernels::contrast::Prepared;
use crate::kernels::glm::{Model, Outline};
use crate::kernels::nuisance::Projection;
use crate::kernels::smooth::{Kernel, Taps};
use crate::maps::{Dof, told};
use crate::pipeline::first_level::Plan;
use crate::pipeline::inputs::{Run, display};
use crate::pipeline::noise::{Autocorrelation, Used};
use crate::pipeline::smoothing::Smoothing;
use crate::pipeline::spec::{Combining, GlmSpec, Noise};
use crate::pipeline::watch::Watch;
use crate::stats::ar1::{Pairs, Rule};
use crate::stats::least_squares::{orthonormal_basis, spans};

/// From such a share on that variances are larger than weights say it is told.
const WEIGHTS_OFF: f64 = 0.05;

/// What a person is told of a run's model.
pub(super) struct Told {
    /// Column names, `[regressor]`.
    pub(super) names: Vec<String>,
    /// Degrees of freedom that are left: the least over slice groups.
    pub(super) dof: f64,
    /// The same of each slice group.
    pub(super) dofs: Dof,
    /// Columns that depend on others.
    pub(super) dependent: Vec<String>,
}

impl Told {
    pub(super) fn of(model: Outline) -> Told {
        let (dofs, dependent) = (model.dofs(), model.rank_deficiency().unwrap_or_default());
        Told { names: model.names, dof: model.dof, dofs, dependent }
    }
}

/// The model of a run.
pub(super) fn model(run: &Run) -> Result<Model> {
    let (names, matrix) = run.shared();
    let n_planes = run.grid.shape[2];
    Model::new(&matrix, names, run.varying().as_ref(), n_planes, run.dof_spent)
}

/// What it costs that the weights of runs are estimates, of the contrast that it costs most. Of n runs alike the variance of their weighted mean is 1 + 4 (1 - 1/n) / dof times what their
/// variances say, to first order (Meier 1953).
pub(super) fn say_weights(
    spec: &GlmSpec,
    (asked, models): (&[Asked], &[Outline]),
    watch: &dyn Watch,
) {
    let of = |asked: &Asked| {
        let dof = || asked.joint.runs().map(|run| models[run].dof);
        let least = dof().fold(f64::INFINITY, f64::min);
        (4.0 * (1.0 - 1.0 / dof().count().max(1) as f64) / least, least)
    };
    let Some((off, least)) = asked.iter().map(of).max_by(|a, b| a.0.total_cmp(&b.0)) else {
        return;
    };
    if spec.combine == Combining::Precision && off > WEIGHTS_OFF {
        watch.warn(&format!(
            "--combine precision: weights of runs that have {} degrees of freedom are little known, and variances some {:.0} % larger than they say, so \
             that p is too small; --combine mean weighs all alike",
            told(least),
            100.0 * off
        ));
    }
}

/// What is doubtful about the model of a run.
///
/// # Errors
/// Bad data where censoring leaves too little.
pub(super) fn say(spec: &GlmSpec, run: &Run, model: &Outline, watch: &dyn Watch) -> Result<()> {
    tell_inflation(run, model, watch);
    let n_volumes = run.header.n_volumes();
    run.refuse_few(model.dof, spec.min_dof)?;
    if model.dof < FEW_DOF {
        let kept = match run.kept.len() {
            all if all == n_volumes => "leaves".to_owned(),
            kept => format!("keeps {kept} of its {n_volumes} volumes, which leaves"),
        };
        watch.warn(&format!(
            "{} {kept} {} degrees of freedom: its variances are little known{}",
            display(&run.path),
            told(model.dof),
            if spec.runs.len() > 1 {
                ", and p over several runs, whose degrees of freedom are summed, is somewhat too small"
            } else {
                ""
            }
        ));
    }
    if let Some(columns) = model.rank_deficiency() {
        let why = deficient::why(run, &columns);
        let why = if why.is_empty() { String::new() } else { format!(": {}", why.join("; ")) };
        watch.warn(&format!(
            "the design of {} is rank deficient{why}; columns involved: {}; the solution of least norm is taken: contrasts of other columns are as without them, \
             leave out what adds nothing",
            display(&run.path),
            columns.join(", ")
        ));
    }
    Ok(())
}

/// Whether a run's slice-dependent columns are taken out of it before it is smoothed.
pub(super) fn corrects(run: &Run, smoothing: Option<&Smoothing>) -> bool {
    run.slices().is_some() && smoothing.is_some()
}

/// All that happens to a run between file and maps: its model, the contrasts that it counts for, what comes before, and its noise.
///
/// # Errors
/// What the run's columns do not allow.
pub(super) fn plan(
    spec: &GlmSpec,
    run: &Run,
    (model, contrasts): (Model, Vec<Prepared>),
    smoothing: Option<&Smoothing>,
) -> Result<Plan> {
    let correct = match run.slices().filter(|_| corrects(run, smoothing)) {
        Some(slices) => {
            let (known, slices) = run.known_of(slices);
            Some(Projection::each(&known, &slices)?)
        }
        None => None,
    };
    let noise = Some(noise(spec, run, (&model, &contrasts))?);
    Ok(Plan { correct, smooth: smoothing.cloned(), model, contrasts, noise })
}

/// Columns of each voxel's own take their degrees of freedom from the run's.
pub(super) fn leave_room(spec: &GlmSpec, model: &Told, n_beside: usize, run: &Run) -> Result<()> {
    let left = model.dof - n_beside as f64;
    if n_beside > 0 && left < 1.0 {
        return Err(Error::bad_data(
            display(&run.path),
            format!(
                "leaves {} degrees of freedom beside {n_beside} voxel-wise columns",
                told(left)
            ),
            "leave at least one",
            "choose fewer columns",
        ));
    }
    run.refuse_few(left, spec.min_dof)
}

/// nilearn's rule is one of runs without gaps.
pub(super) fn refuse_gaps(spec: &GlmSpec, run: &Run) -> Result<()> {
    if spec.noise == Noise::NilearnAr1 && Pairs::of_kept(&run.kept).has_gaps() {
        return Err(Error::usage(
            "--noise nilearn-ar1",
            format!("is asked for with censored volumes of {}", display(&run.path)),
            "be of runs without gaps: nilearn has no rule for them",
            "use --noise ar1",
        ));
    }
    Ok(())
}

/// How the run's residuals depend on each other, and which rho its fit takes.
pub(super) fn noise(
    spec: &GlmSpec,
    run: &Run,
    fitted: (&Model, &[Prepared]),
) -> Result<Autocorrelation> {
    // An F of several rows over runs is that of their summed covariances.
    let joint = spec.runs.len() > 1 && !spec.f_contrasts.is_empty();
    let joint = joint || !spec.voxelwise.is_empty();
    let (rule, used) = match spec.noise {
        Noise::Ols if joint => (Rule::Reml, Used::Zero),
        Noise::Ols => (Rule::Reml, Used::None { all: spec.maps || spec.residuals }),
        Noise::NilearnAr1 => (Rule::Nilearn, Used::Own),
        Noise::Arma11 => (Rule::Reml, Used::Arma11),
        Noise::Ar1 if spec.rho_fwhm_vox == 0.0 => (Rule::Reml, Used::Own),
        Noise::Ar1 => {
            let taps = Taps::new(spec.rho_fwhm_vox, [1.0; 3], Kernel::Sampled);
            (Rule::Reml, Used::Smoothed(taps?))
        }
    };
    let noise = Autocorrelation::new(fitted, Pairs::of_kept(&run.kept), rule, used)?;
    let noise = if joint { noise.with_covariances() } else { noise };
    if spec.maps || spec.residuals { noise.with_maps() } else { Ok(noise) }
}

/// Whether a sum of the columns of a run's design is constant.
///
/// # Errors
/// Internal where the design cannot be decomposed.
pub(super) fn has_constant(run: &Run) -> Result<bool> {
    let (_, matrix) = run.shared();
    let is_constant = |column: ArrayView1<f64>| column.iter().all(|v| *v == column[0] && *v != 0.0);
    Ok(matrix.columns().into_iter().any(is_constant)
        || spans(matrix.view(), Array1::ones(matrix.nrows()).view())?)
}

/// The share of a constant's sum of squares that the columns of a run's design explain: 0 where each has a mean of 0, 1 where a sum of them
/// is constant.
///
/// # Errors
/// Internal where the design cannot be decomposed.
pub(super) fn share_of_constant(run: &Run) -> Result<f64> {
    let (_, matrix) = run.shared();
    let basis = orthonormal_basis(matrix.view())?;
    let sums = basis.sum_axis(Axis(0));
    Ok(sums.dot(&sums) / matrix.nrows() as f64)
}

/// What it costs that the columns of an earlier correction are not in the model.
fn tell_inflation(run: &Run, model: &Outline, watch: &dyn Watch) {
    if run.survived.is_some() || run.dof_spent == 0.0 {
        return;
    }
    let larger = ((model.dof + run.dof_spent) / model.dof).sqrt() - 1.0;
    watch.warn(&format!(
        "the columns that the correction of {} took out are not at hand: the {} degrees of freedom it spent are counted, \
         the variance that adds to effects is not, so that t is about {:.1} % too large where task and physiology are \
         unrelated, more where they are not; give the raw run and --physio, or correct it again with boldly retroicor",
        display(&run.path),
        told(run.dof_spent),
        100.0 * larger
    ));
}
