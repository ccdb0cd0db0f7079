//! What a fit's residuals are told by: how they follow each other, what it costs to take them as independent, and their maps.

use std::sync::Arc;

use serde_json::{Map as Fields, Value, json};

use super::modelled::{Told, has_constant, share_of_constant};
use crate::error::Result;
use crate::kernels::contrast::{Contrast, Stat};
use crate::maps::{Dof, Entities, Map, Quantity, Tolerance, rounding};
use crate::pipeline::first_level::{Fitted, Plan};
use crate::pipeline::inputs::{self, Run, display};
use crate::pipeline::noise::{
    AtEnds, ResidualMaps, Residuals, Whiteness, false_positives, pairs_resolved,
};
use crate::pipeline::spec::{GlmSpec, Noise};
use crate::pipeline::watch::Watch;
use crate::stats::ar1::{LARGEST, Pairs};
use crate::stats::arma11;

/// The threshold that is spoken of, and from how many times it on that is a warning.
const P: f64 = 0.001;
const TOO_OFTEN: f64 = 1.1;
/// From so large a share of voxels at the end of a range on it is told.
const AT_END: f64 = 0.1;
/// From so large a share of the residuals' sum of squares on they hold the run's mean.
const MEAN: f64 = 0.5;
/// From so large a share of a constant on that the columns explain they stand for the run's mean: t of a constant alone is 0.1 with 100 degrees
/// of freedom.
const STANDS_FOR_MEAN: f64 = 1e-4;
/// What is to be done with a run that was filtered before.
const UNFILTERED: &str = "take the run from before that filter: --drift and confounds do in one model what filters and regressions before it do";

/// How the residuals of a run follow each other, or what a fit costs that takes no note of it.
pub(super) fn say(
    spec: &GlmSpec,
    (run, plan): (&Run, &Plan),
    n_asked: usize,
    fitted: &Fitted,
    watch: &dyn Watch,
) -> Result<()> {
    let Some(residuals) = fitted.residuals.first() else { return Ok(()) };
    let is_constant = has_constant(run)?;
    let holds_mean = !is_constant && residuals.mean_share > MEAN;
    if !is_constant {
        tell_no_constant(run, holds_mean, watch)?;
    }
    inputs::say_filtered(run, residuals.empty_above, UNFILTERED, watch);
    let rho = residuals.mean_rho;
    let of = apart(residuals);
    if spec.noise != Noise::Ols {
        let of_run = format!("noise of {}: {}", display(&run.path), spec.noise.name());
        let said = match spec.noise {
            Noise::Arma11 => format!("{of_run}, mean correlation of neighbours {rho:.3}"),
            Noise::NilearnAr1 => format!(
                "{of_run}, mean rho {rho:.3}, each voxel its own, truncated to hundredths; {} voxels lie so near an edge of these that another \
                 device may find the next one, and verify allows both",
                residuals.at_edges
            ),
            _ if !is_smoothed(spec) => {
                format!("{of_run}, mean rho {rho:.3}{of}, each voxel its own")
            }
            _ => format!("{of_run}, mean rho {rho:.3}{of}{}", own_off(residuals)),
        };
        watch.note(&format!("{said}{}", whitened(spec, residuals)));
        tell_ends(spec, run, residuals, watch);
        return Ok(());
    }
    if holds_mean {
        watch.note(&format!(
            "--noise ols: the residuals of {} hold the run's mean, so that their mean rho, {rho:.2}, says nothing of its noise",
            display(&run.path)
        ));
        return Ok(());
    }
    let pairs = Pairs::of_kept(&run.kept);
    let mut worst: Option<(f64, String)> = None;
    for Contrast { name, stat, weights } in plan.contrasts[..n_asked].iter().map(|c| &c.contrast) {
        for (row, weights) in weights.rows().into_iter().enumerate() {
            // A row of an F knows no side.
            let two_sided = spec.two_sided || *stat == Stat::F;
            let of_row = weights.to_vec();
            let found = false_positives(&plan.model, (&pairs, rho), &of_row, (P, two_sided))?;
            if worst.as_ref().is_none_or(|(most, _)| found > *most) {
                let called = match stat {
                    Stat::T if two_sided => format!("'{name}' passes two-sided"),
                    Stat::T => format!("'{name}' passes one-sided"),
                    Stat::F => format!("row {} of '{name}', as a t, passes two-sided", row + 1),
                };
                worst = Some((found, called));
            }
        }
    }
    let cost = match &worst {
        Some((found, called)) => format!(
            ": where there is no effect, {called} p < {P} in {found:.4} of voxels, {:.1} times too often",
            found / P
        ),
        None => String::new(),
    };
    if worst.is_some_and(|(found, _)| found < TOO_OFTEN * P) {
        watch.note(&format!(
            "--noise ols takes the residuals of {} as independent; their mean rho is {rho:.2}{of}, which costs little here{}",
            display(&run.path),
            whitened(spec, residuals)
        ));
        return Ok(());
    }
    watch.warn(&format!(
        "--noise ols takes the residuals of {} as independent, and their mean rho is {rho:.2}{of}{cost}; --noise ar1 takes it into account{}",
        display(&run.path),
        whitened(spec, residuals)
    ));
    Ok(())
}

/// A design in which nothing is constant holds that the run has a mean of 0, as no magnitudes have, unless it was taken off.
fn tell_no_constant(run: &Run, holds_mean: bool, watch: &dyn Watch) -> Result<()> {
    let costs = match (holds_mean, share_of_constant(run)? > STANDS_FOR_MEAN) {
        (true, true) => {
            "columns whose own mean is not 0 then stand for the run's mean, and what they leave of it is noise: effects and t are false, far too \
             large as well as far too small, rho is near its end, and effects are no percentage of the mean"
        }
        (true, false) => {
            "the run's mean is then noise, rho is near its end, t is far too small, and effects are no percentage of the mean"
        }
        (false, _) => {
            "the residuals hold no mean, as where it was taken off the run, but effects are right only where it was taken off the columns, too"
        }
    };
    watch.warn(&format!(
        "no column of the design of {}, nor a sum of them, is constant: {costs}; add a column `constant` of ones to --design",
        display(&run.path)
    ));
    Ok(())
}

/// Noise that lies beyond the range of a model makes p false, of what is as slow as the noise or of what is not.
fn tell_ends(spec: &GlmSpec, run: &Run, residuals: &Residuals, watch: &dyn Watch) {
    let AtEnds { slow, quick, b } = residuals.at_ends;
    let path = display(&run.path);
    let of = |share: f64| format!("in {:.0} % of voxels of {path}", 100.0 * share);
    const LONG: &str = "drift and confounds take out what lasts long";
    const QUICK: &str = "p of what changes from volume to volume is then too small, and of slower designs too large rather than too small";
    let largest = arma11::LARGEST;
    let all = match spec.noise {
        Noise::Ols | Noise::NilearnAr1 => return,
        Noise::Ar1 => vec![
            (
                slow,
                format!(
                    "rho stands at the end of its range, {LARGEST}, {}: their noise may be slower than that, and p is then too small; {LONG}",
                    of(slow)
                ),
            ),
            (
                quick,
                format!(
                    "rho stands at the negative end of its range, -{LARGEST}, {}: their noise may alternate more than that; {QUICK}",
                    of(quick)
                ),
            ),
        ],
        Noise::Arma11 => vec![
            (
                slow,
                format!(
                    "a of ARMA(1,1) stands at the end of its range, {largest}, {}: their noise may be slower than that, and p is then too small; --noise ar1 \
                     goes to {LARGEST}; {LONG}",
                    of(slow)
                ),
            ),
            (
                quick,
                format!(
                    "the noise is taken as white, and neighbours are correlated negatively beyond chance, {}: that is outside the range of arma11; {QUICK}; \
                     --noise ar1 has it",
                    of(quick)
                ),
            ),
            (
                b,
                format!(
                    "b of ARMA(1,1) stands at the end of its range, {largest}, {}: their noise has less than that of what changes from volume to volume, as \
                     where it was smoothed in time; p of designs as quick is then too large, of others about right",
                    of(b)
                ),
            ),
        ],
    };
    all.iter().filter(|(share, _)| *share >= AT_END).for_each(|(_, told)| watch.warn(told));
}

/// Which volumes a rho is the correlation of, where not of neighbours, and whether it could be negative.
fn apart(residuals: &Residuals) -> String {
    let of = match residuals.step {
        1 => String::new(),
        step => {
            format!(" of volumes {step} apart (all that are kept lie multiples of {step} apart)")
        }
    };
    let from = residuals.near.map_or(String::new(), |[near, all]| {
        format!(" (looked for from 0 on: {near} of {all} pairs, too few to tell its sign, lie one step apart)")
    });
    of + &from
}

/// How many voxels' own rho is another than the smoothed one, in words.
fn own_off(residuals: &Residuals) -> String {
    residuals.share_off.map_or(String::new(), |share| {
        format!(
            "; the own rho of {:.1} % of voxels lies beyond 1.96 standard errors of the one used: about 5 % by chance, more where rho varies within the \
             smoothing",
            100.0 * share
        )
    })
}

/// Whether the model whitened the run, in words.
fn whitened(spec: &GlmSpec, residuals: &Residuals) -> String {
    let Some(Whiteness { share, n_voxels, lags }) = &residuals.whiteness else {
        return "; whether it whitened the run is not known: too few volumes are left".to_owned();
    };
    let whitened = if spec.noise == Noise::Ols { "" } else { "whitened " };
    format!(
        "; the {whitened}residuals of {:.1} % of voxels are correlated at lags 1 to {lags} (Ljung-Box with the design's moments at p < .05, of \
         {n_voxels} voxels: 5 % by chance)",
        100.0 * share
    )
}

/// Whether a voxel's rho is another than its own, so that the two can be compared.
fn is_smoothed(spec: &GlmSpec) -> bool {
    spec.noise == Noise::Ar1 && spec.rho_fwhm_vox > 0.0
}

/// The share of voxels whose rho another device may find in another bowl, the most of any run.
pub(super) fn share_elsewhere(spec: &GlmSpec, all: &Fitted) -> f64 {
    let n_fitted = all.fitted.iter().filter(|fitted| **fitted).count().max(1);
    let most = all.residuals.iter().map(|residuals| residuals.at_edges).max().unwrap_or(0);
    if spec.noise == Noise::Ar1 { most as f64 / n_fitted as f64 } else { 0.0 }
}

/// What a sidecar says of a run's residuals.
pub(super) fn resolved(spec: &GlmSpec, residuals: &Residuals) -> Fields<String, Value> {
    let mut fields = Fields::new();
    fields.insert("mean_rho".to_owned(), json!(residuals.mean_rho));
    fields.extend(pairs_resolved(residuals.step, residuals.near));
    if spec.noise == Noise::NilearnAr1 {
        fields.insert("voxels_at_an_edge_of_rho".to_owned(), json!(residuals.at_edges));
    }
    if let Some(share) = residuals.share_off.filter(|_| is_smoothed(spec)) {
        fields.insert("share_of_voxels_whose_own_rho_is_off".to_owned(), json!(share));
    }
    fields.extend(residuals.whiteness.map(|Whiteness { share, n_voxels, lags }| {
        let said = json!({ "share_of_voxels_correlated": share, "voxels": n_voxels, "lags": lags });
        ("ljung_box_of_whitened_residuals".to_owned(), said)
    }));
    fields
}

/// Maps of the fit itself: residual variance, R², and rho where there is one; one of each for each run.
pub(super) fn maps(
    spec: &GlmSpec,
    all: &Fitted,
    (numbers, models): (&[usize], &[Told]),
) -> Vec<Map> {
    let several = models.len() > 1;
    let of_run = |((residuals, model), &number): ((&Residuals, &Told), &usize)| {
        let dof = residuals.dof.clone().unwrap_or_else(|| model.dofs.clone());
        let (number, apart) = (several.then_some(number), apart(residuals));
        let of_run = OfRun { number, dof, fitted: &all.fitted, apart };
        residuals.maps.as_ref().map_or(Vec::new(), |found| of_run.maps(spec, found))
    };
    all.residuals.iter().zip(models).zip(numbers).flat_map(of_run).collect()
}

/// A run whose residuals are mapped.
struct OfRun<'a> {
    /// Its number, where there are several.
    number: Option<usize>,
    dof: Dof,
    fitted: &'a [bool],
    /// As [`apart`].
    apart: String,
}

impl OfRun<'_> {
    fn map(&self, quantity: Quantity, values: &[f32], said: &str, tolerance: Tolerance) -> Map {
        let entities = Entities::of("statmap");
        let entities = match self.number {
            None => entities,
            Some(number) => entities.with("run", number.to_string()),
        };
        Map {
            entities: entities.with("stat", quantity.stat()),
            quantity,
            dof: match quantity {
                Quantity::ResidualVariance => self.dof.clone(),
                _ => Dof::Uniform(0.0),
            },
            description: said.to_owned(),
            asked: Fields::new(),
            tolerance,
            values: vec![inside(values, self.fitted)],
        }
    }

    fn maps(&self, spec: &GlmSpec, found: &ResidualMaps) -> Vec<Map> {
        let sigma2 = inside(&found.sigma2, self.fitted);
        let of_variance = Tolerance::of(move |bounds, _, voxel| {
            let want = f64::from(sigma2[voxel]);
            rounding(want) + 4.0 * bounds.rtol * want
        });
        // 1 - R² is a ratio of two sums of squares.
        let r_square = inside(&found.r_square, self.fitted);
        let of_share = Tolerance::of(move |bounds, _, voxel| {
            let want = f64::from(r_square[voxel]);
            rounding(1.0) + 4.0 * bounds.rtol * (1.0 - want).abs()
        });
        let explained = "Share of the variance about the mean that the whole model explains by ordinary least squares";
        let variance = "Residual variance";
        let mut maps = vec![
            self.map(Quantity::ResidualVariance, &found.sigma2, variance, of_variance),
            self.map(Quantity::ModelRSquare, &found.r_square, explained, of_share),
        ];
        if spec.noise != Noise::Ols {
            let mut said = format!("Autocorrelation of the residuals at lag 1{}", self.apart);
            if is_smoothed(spec) {
                said.push_str(&format!(
                    ", smoothed by {} voxels FWHM, the bias of restricted maximum likelihood taken out (2 rho / n)",
                    spec.rho_fwhm_vox
                ));
            }
            let off = off(spec.noise, &found.rho, &found.give[0]);
            maps.push(self.map(Quantity::Rho, &found.rho, &said, off));
        }
        if let Some([a, b]) = &found.arma11 {
            let of = |values, give| off(spec.noise, values, give);
            maps.push(self.map(Quantity::ArmaA, a, "a of ARMA(1,1)", of(a, &found.give[1])));
            maps.push(self.map(Quantity::ArmaB, b, "b of ARMA(1,1)", of(b, &found.give[2])));
        }
        let quantities =
            [Quantity::ResidualVariance, Quantity::Rho, Quantity::ArmaA, Quantity::ArmaB];
        for (quantity, values) in quantities.into_iter().zip(&found.beyond) {
            let of_it = maps.iter_mut().filter(|map| map.quantity == quantity);
            let values = [inside(values, self.fitted)];
            of_it.for_each(|map| match spec.noise {
                // rho in another bowl is there whatever the precision.
                Noise::Ar1 if quantity != Quantity::Rho => map.allow_in_proportion(&values),
                _ => map.allow_up_to(&values),
            });
        }
        maps
    }
}

/// What is left of rho, a and b where steps that look for them end, and beyond the first order.
const END: f64 = 1e-5;
/// In the objective: a rise so many times t's relative bound may be taken for none by sums of another precision.
const DOUBT: f64 = 10.0;
/// Of a and b, in t's absolute bounds: where the objective is no bowl, as on an edge; and the most, in a and b.
const NO_BOWL: f64 = 100.0;
const FARTHEST: f64 = 0.2;

/// What rho, a or b may be off by: by how the objective bends at it (docs/accuracy.md). `give`: as of [`ResidualMaps`].
fn off(noise: Noise, values: &[f32], give: &[f32]) -> Tolerance {
    let (values, give) = (values.to_vec(), give.to_vec());
    Tolerance::of(move |bounds, _, voxel| {
        let give = f64::from(give[voxel]);
        let of_bend = match noise {
            // Truncated to hundredths: the same, or what lies beyond an edge.
            Noise::NilearnAr1 => 0.0,
            Noise::Arma11 if give == 0.0 => NO_BOWL * bounds.atol,
            Noise::Arma11 => END + (give * (DOUBT * bounds.rtol).sqrt()).min(FARTHEST),
            Noise::Ar1 | Noise::Ols => END + give * bounds.rtol,
        };
        rounding(f64::from(values[voxel])) + of_bend
    })
}

fn inside(values: &[f32], fitted: &[bool]) -> Arc<Vec<f32>> {
    let of = |(&value, &fitted): (&f32, &bool)| if fitted { value } else { 0.0 };
    Arc::new(values.iter().zip(fitted).map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::maps::Bounds;
    use crate::pipeline::comparison::Comparison;

    #[test]
    fn verify_refuses_what_lies_ten_bounds_off_and_passes_half_of_one_where_a_bowl_is_sharp_and_flat()
     {
        // 2 is full information, 400 next to none; 0.1 and 1.5 as of ARMA(1,1) of 200 and of 2 volumes.
        for (noise, give) in [(Noise::Ar1, [2.0, 400.0]), (Noise::Arma11, [0.1, 1.5])] {
            for bounds in [Bounds::F32, Bounds::F64_ACCUMULATORS] {
                let off = off(noise, &[0.3, 0.3], &give);
                let bound = |voxel| off.at(bounds, 0, voxel);
                assert!(bound(1) > 5.0 * bound(0), "{noise:?}: {} {}", bound(0), bound(1));
                for voxel in 0..2 {
                    for (times, passes) in [(0.5, true), (10.0, false)] {
                        let mut comparison = Comparison::of(std::path::Path::new("rho"));
                        comparison.add([0; 4], 0.3 + times * bound(voxel), 0.3, bound(voxel));
                        assert_eq!(comparison.passed(), passes, "{noise:?} {voxel} {times}");
                    }
                }
            }
        }
        let floor = off(Noise::NilearnAr1, &[0.3], &[0.0]).at(Bounds::F32, 0, 0);
        assert!(floor < 1e-7, "a hundredth is a hundredth: {floor}");
        let no_bowl = off(Noise::Arma11, &[0.3], &[0.0]).at(Bounds::F64, 0, 0);
        assert!((no_bowl - 2e-3).abs() < 1e-6, "{no_bowl}");
        let farthest = off(Noise::Arma11, &[0.3], &[100.0]).at(Bounds::F32, 0, 0);
        assert!((farthest - 0.2).abs() < 1e-4, "{farthest}");
    }
}
