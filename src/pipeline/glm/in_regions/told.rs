//! The regions' answers as tables: a row a region (and run), and one of the regions moved.

use std::fmt::Write;

use super::{Fitted, InRegions, OfRun, Questions};
use crate::error::Result;
use crate::kernels::contrast::Stat;
use crate::maps::{Entities, told};
use crate::pipeline::combine::Joining;
use crate::pipeline::decide::ContrastMaps;
use crate::pipeline::inputs::{self, Run};
use crate::pipeline::products::{Agreement, ColumnAgreement, Text};
use crate::pipeline::regions::{self, Region, Regions, is_changed, moved_cells};
use crate::pipeline::spec::GlmSpec;
use crate::pipeline::watch::Watch;
use crate::stats::tails::critical_t;
use crate::table::dictionary::{DataDictionary, Entry};

/// Regions whose answers are said, at most.
const SAID: usize = 12;

/// The tables of all contrasts, and what is to be said of them.
pub(super) fn tables(
    regions: InRegions,
    spec: &GlmSpec,
    (questions, found): (&Questions, &Fitted),
    runs: &[Run],
    watch: &dyn Watch,
) -> Result<Vec<Text>> {
    let InRegions { sets, fluid, effects, runs: mut of_runs, .. } = regions;
    let own = of_runs.iter_mut().flat_map(|run| run.contrasts.iter_mut().flatten());
    own.for_each(|maps| maps.two_sided = true); // as the interval that stands beside p
    let n = sets[0].1.all.len();
    let inside: Vec<bool> =
        (0..n * sets.len()).map(|at| of_runs.iter().all(|run| run.fitted[at])).collect();
    let mut all = effects.combined(&inside)?.contrasts;
    all.iter_mut().for_each(|maps| maps.two_sided = true);
    let wet = |region: &Region| {
        let fluid = fluid.as_ref()?;
        let n = region.voxels.iter().filter(|&&v| fluid.inside[v]).count();
        Some(n as f64 / region.voxels.len().max(1) as f64)
    };
    let wet: Vec<Option<f64>> = sets[0].1.all.iter().map(wet).collect();
    for (region, share) in sets[0].1.all.iter().zip(&wet) {
        if let Some(share) = share.filter(|share| *share > 0.5) {
            let percent = 100.0 * share;
            watch.warn(&format!("{percent:.0} % of the voxels of {} are fluid", region.name));
        }
    }
    let mut tables = Vec::new();
    for (at, maps) in all.iter().enumerate() {
        let label = &questions.labels[at];
        let rows = match questions.asked[at].joint.joining {
            _ if runs.len() == 1 => None,
            Joining::Runs => Some(OF_EACH),
            Joining::Sum => Some(OF_SUM),
        };
        let asked = Asked { maps, at, n, wet: &wet, rows };
        let names = inputs::names(runs);
        let of_map = OfMap::new(&sets[0].1.all, found, at);
        tables.push(asked.table(spec, &sets[0].1.all, (&of_runs, &names), &of_map, label));
        asked.say(spec, &sets[0].1.all, &inside, watch);
        if sets.len() > 1 {
            tables.push(asked.moved(spec, &sets, (&of_runs, &inside), label));
        }
    }
    Ok(tables)
}

/// The means over regions of the map of an effect.
struct OfMap {
    /// None where none of a region was fitted.
    means: Vec<Option<f64>>,
    /// How many times the largest of them what a t off by 1 makes of an effect may be: a voxel's largest standard error.
    times: f64,
}

impl OfMap {
    fn new(all: &[Region], found: &Fitted, at: usize) -> OfMap {
        let maps = &found.contrasts[at];
        let (mut most, mut se) = (0.0_f64, 0.0_f64);
        let mut of = |region: &Region| {
            let voxels = region.within(&found.fitted).voxels;
            let sum: f64 = voxels.iter().map(|&v| maps.effect[0][v]).sum();
            let mean = (!voxels.is_empty()).then(|| sum / voxels.len() as f64);
            most = mean.map_or(most, |mean| most.max(mean.abs()));
            se = voxels.iter().map(|&v| maps.variance[0][v].sqrt()).fold(se, f64::max);
            mean
        };
        let means = all.iter().map(&mut of).collect();
        OfMap { means, times: if most > 0.0 { 1.0 + se / most } else { 1.0 } }
    }
}

/// A number, or that there is none.
fn cell(value: Option<f64>) -> String {
    value.filter(|v| v.is_finite()).map_or("n/a".to_owned(), |v| v.to_string())
}

/// A contrast over the runs.
struct Asked<'a> {
    maps: &'a ContrastMaps,
    /// Which one.
    at: usize,
    /// Regions.
    n: usize,
    /// Of each region the share that is fluid, where it is known.
    wet: &'a [Option<f64>],
    /// What the rows of runs are; none of one run.
    rows: Option<&'static str>,
}

/// What the rows of runs are where each is asked alike.
const OF_EACH: &str = "The run that was fitted; `all`: over the runs that count";

/// The same of a contrast that names runs.
const OF_SUM: &str = "The run that was fitted, with what the contrast weighs in it, sign included: of `a@run-2 - a@run-3` the row of run-3 is minus its \
                      effect; the effects of the runs add up to that of `all`";

/// An answer's numbers.
struct Answer {
    effect: f64,
    se: f64,
    stat: f64,
    /// Of its rows: a run may have fewer than the contrast.
    rank: usize,
    dof: f64,
    p: f64,
    /// Of 95 %.
    limits: [f64; 2],
}

impl Asked<'_> {
    fn is_t(&self) -> bool {
        self.maps.stat_kind == Stat::T
    }

    /// Of one region; none where its residuals do not vary.
    fn answer(&self, maps: &ContrastMaps, at: usize) -> Option<Answer> {
        let mut inside = vec![false; maps.stat.len()];
        inside[at] = true;
        let (effect, variance) = (maps.effect[0][at], maps.variance[0][at]);
        let (se, dof) = (variance.sqrt(), maps.dof.at(at, 1));
        let half = se * critical_t(0.025, dof);
        let p = maps.z_and_p(&inside, 1).1[at];
        let limits = [effect - half, effect + half];
        let (stat, rank) = (maps.stat[at], maps.rank);
        (variance > 0.0).then_some(Answer { effect, se, stat, rank, dof, p, limits })
    }

    fn cells(&self, answer: Option<Answer>, sigma2: f64) -> String {
        let Some(Answer { effect, se, stat, rank, dof, p, limits: [lower, upper] }) = answer else {
            return "\tn/a".repeat(if self.is_t() { 8 } else { 4 });
        };
        if !self.is_t() {
            return format!("\t{stat}\t{rank}\t{dof}\t{p}");
        }
        let standardised = cell((sigma2 > 0.0).then(|| effect / sigma2.sqrt()));
        format!("\t{effect}\t{se}\t{stat}\t{dof}\t{p}\t{lower}\t{upper}\t{standardised}")
    }

    /// A row a region; of several runs one for each, then one for all.
    fn table(
        &self,
        spec: &GlmSpec,
        all: &[Region],
        (of_runs, names): (&[OfRun], &[String]),
        of_map: &OfMap,
        label: &str,
    ) -> Text {
        let several = of_runs.len() > 1;
        let statistics = match self.is_t() {
            true => {
                "effect\tstandard_error\tt\tdof\tp\tlower_95\tupper_95\tstandardised_effect\tmap_effect"
            }
            false => "F\tdof1\tdof2\tp",
        };
        let mut header = "region".to_owned();
        header += if several { "\trun" } else { "" };
        header += &format!("\tvoxels\tvoxels_in_region\tcoverage\t{statistics}\ttsnr");
        header += if self.wet.iter().any(Option::is_some) { "\tfluid" } else { "" };
        let mut text = header.clone() + "\n";
        for (at, region) in all.iter().enumerate() {
            let mut row = |run: Option<&str>,
                           (n, coverage): (usize, f64),
                           cells: String,
                           last: (Option<f64>, f64)| {
                let run = run.map_or(String::new(), |run| format!("\t{run}"));
                let (name, n_all) = (&region.name, region.voxels.len());
                let of_map =
                    if self.is_t() { format!("\t{}", cell(last.0)) } else { String::new() };
                let wet = self.wet[at].map_or(String::new(), |share| format!("\t{share}"));
                // Writing to a String cannot fail.
                let _ = writeln!(
                    text,
                    "{name}{run}\t{n}\t{n_all}\t{coverage}{cells}{of_map}\t{}{wet}",
                    cell(Some(last.1))
                );
            };
            for (run, name) in of_runs.iter().zip(names).filter(|_| several) {
                let maps = run.contrasts[self.at].as_ref().filter(|_| run.fitted[at]);
                let answer = maps.and_then(|maps| self.answer(maps, at));
                let cells = self.cells(answer, run.sigma2[at]);
                let of = (run.n_voxels[at], run.coverage[at]);
                row(Some(name), of, cells, (None, run.tsnr[at]));
            }
            let counted = || of_runs.iter().filter(|run| run.contrasts[self.at].is_some());
            let n_runs = counted().count().max(1) as f64;
            let mean = |of: &dyn Fn(&OfRun) -> f64| counted().map(of).sum::<f64>() / n_runs;
            let is_fitted = of_runs.iter().all(|run| run.fitted[at]);
            let answer = if is_fitted { self.answer(self.maps, at) } else { None };
            let cells = self.cells(answer, mean(&|run| run.sigma2[at]));
            let n = of_runs.iter().map(|run| run.n_voxels[at]).min().unwrap_or(0);
            let coverage = of_runs.iter().map(|run| run.coverage[at]).fold(1.0, f64::min);
            let last = (of_map.means[at].filter(|_| is_fitted), mean(&|run| run.tsnr[at]));
            row(several.then_some("all"), (n, coverage), cells, last);
        }
        let columns = header.split('\t').map(|name| match name {
            "map_effect" => ColumnAgreement::OfFit { decimals: 12, times: of_map.times },
            _ => ColumnAgreement::Host,
        });
        let agreement = Some(Agreement::Columns(columns.collect()));
        let entities = Entities::of("regions").with("contrast", label);
        Text::table(entities, text, agreement, &self.described(spec))
    }

    /// The regions as they were given, then moved along x, y and z.
    fn moved(
        &self,
        spec: &GlmSpec,
        sets: &[([f64; 3], Regions)],
        (of_runs, inside): (&[OfRun], &[bool]),
        label: &str,
    ) -> Text {
        let statistics = match self.is_t() {
            true => "effect\tstandard_error\tt\tdof\tp\tlower_95\tupper_95\tstandardised_effect",
            false => "F\tdof1\tdof2\tp",
        };
        let mut text =
            format!("region\tshift_x\tshift_y\tshift_z\tchanged\tvoxels\tcoverage\t{statistics}\n");
        for region in 0..self.n {
            for (set, (by, regions)) in sets.iter().enumerate() {
                let at = set * self.n + region;
                let answer = if inside[at] { self.answer(self.maps, at) } else { None };
                let counted = || of_runs.iter().filter(|run| run.contrasts[self.at].is_some());
                let sigma2 = counted().map(|run| run.sigma2[at]).sum::<f64>()
                    / counted().count().max(1) as f64;
                let n = of_runs.iter().map(|run| run.n_voxels[at]).min().unwrap_or(0);
                let coverage = of_runs.iter().map(|run| run.coverage[at]).fold(1.0, f64::min);
                let (there, cells) = (&regions.all[region], self.cells(answer, sigma2));
                let (name, given) = (&there.name, &sets[0].1.all[region].voxels);
                let (changed, far) = (is_changed(*by, given, &there.voxels), moved_cells(there));
                // Writing to a String cannot fail.
                let _ = writeln!(text, "{name}\t{far}\t{changed}\t{n}\t{coverage}{cells}");
            }
        }
        let dictionary = self.described(spec).columns(regions::described_moves());
        let entities = Entities::of("regions").with("contrast", label).with("desc", "shift");
        Text::table(entities, text, Some(Agreement::Host), &dictionary)
    }

    fn described(&self, spec: &GlmSpec) -> DataDictionary {
        let units = spec.scaling.units();
        let p = match self.is_t() {
            true => {
                "Two-sided, both tails of t, as the interval, whichever tail the maps count; below .05 where the interval is without 0. Uncorrected"
            }
            false => "Of F; uncorrected",
        };
        let said = [
            ("region", "The region", ""),
            (
                "voxels",
                "Of the region that are in its mean: those of the maps, fitted in every run",
                "",
            ),
            ("voxels_in_region", "All voxels of the region on the grid", ""),
            (
                "coverage",
                "Share of the region that they are, what lies beyond the field of view counted",
                "",
            ),
            (
                "effect",
                "Of the region's mean series, not smoothed, fitted by itself with the columns and noise model of its run; percent are of the region's mean",
                units.as_str(),
            ),
            ("standard_error", "Of that effect", units.as_str()),
            ("t", "Effect over its standard error", ""),
            ("dof", "Degrees of freedom of t", ""),
            ("F", "F of the contrast in the region's mean series", ""),
            (
                "dof1",
                "Degrees of freedom of the contrast: the rank of its rows; of a run that of the rows that weigh something in it",
                "",
            ),
            ("dof2", "Degrees of freedom of the residuals", ""),
            ("p", p, ""),
            (
                "lower_95",
                "Of the 95 % confidence interval of the effect, both sides",
                units.as_str(),
            ),
            ("upper_95", "The same", units.as_str()),
            (
                "standardised_effect",
                "Effect over the standard deviation of the mean series' residuals: within one subject over time, no Hedges g of a group",
                "",
            ),
            (
                "map_effect",
                "Mean of the map of the effect over the region, smoothed where the run was",
                units.as_str(),
            ),
            ("tsnr", "Mean over the region's voxels of mean / sd over time, nothing taken off", ""),
            ("fluid", "Share of the region's voxels where --csf is at least a half", ""),
        ];
        let of_runs = self.rows.map(|rows| ("run", rows, ""));
        let columns = of_runs.into_iter().chain(said);
        let name = &self.maps.name;
        DataDictionary::of(format!("{name} in the mean of each region"))
            .columns(columns.map(|(column, says, units)| (column, Entry::of(says).in_units(units))))
    }

    fn say(&self, spec: &GlmSpec, all: &[Region], inside: &[bool], watch: &dyn Watch) {
        for (at, region) in all.iter().enumerate().take(SAID).filter(|(at, _)| inside[*at]) {
            let Some(answer) = self.answer(self.maps, at) else { continue };
            let Answer { effect, stat, dof, p, limits: [lower, upper], .. } = answer;
            let (name, dof) = (&region.name, told(dof));
            let said = match self.is_t() {
                true => format!(
                    "{effect:.4} ({lower:.4} to {upper:.4}) {}, t {stat:.3}, dof {dof}, two-sided p {p:.2e}",
                    spec.scaling.said()
                ),
                false => format!("F {stat:.3}, dof {} and {dof}, p {p:.2e}", self.maps.rank),
            };
            watch.note(&format!("{} in {name}: {said}", self.maps.name));
        }
    }
}
