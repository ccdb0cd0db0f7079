//! The echoes of a run become one run before anything else is done with it: T2* and S0 from each voxel's means over all volumes, then the
//! weighted sum of the echoes, made block by block as it is read. No voxel is lost: where the first echo alone has signal, or none, the
//! first two are combined.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map as Fields, Value, json};

use crate::error::{Error, Result};
use crate::io::source::{BoldSource, Combined, Memory, OverTime};
use crate::maps::{Dof, Entities, Map, Quantity, Tolerance, rounding};
use crate::pipeline::automask;
use crate::pipeline::blocks::Ladder;
use crate::pipeline::inputs::{Echoes, Run, display};
use crate::pipeline::masks;
use crate::pipeline::signal::{self, DIM};
use crate::pipeline::spec::EchoOptions;
use crate::pipeline::watch::{Quiet, Watch};
use crate::stats::decay::{Decays, EchoMeans, Fit, Good, LONGEST_S, SHORTEST_S, decays, good};

/// What logarithms and exponentials of two machines may make of a map, relative to its values.
const ELSEWHERE: f64 = 1e-6;

/// What the echoes of a run came to.
#[derive(Debug, Clone)]
pub struct Combination {
    options: EchoOptions,
    times_s: Vec<f64>,
    decays: Decays,
    /// Where the maps have values.
    inside: Vec<bool>,
    /// Where of these the first echo is finite, varies and has signal: the exemplary voxel was looked for among them, and what is told is of them.
    kept: Vec<bool>,
    /// What that is called.
    within: &'static str,
    /// Voxels with signal that have so many good echoes, from 0.
    counts: Vec<usize>,
    /// Of each echo, voxels with signal where it is not finite in some volume and weighs nothing.
    unused: Vec<usize>,
    /// Of each echo, how many volumes hold nothing but 0.
    empty: Vec<usize>,
}

/// Make the echoes of each run one run; none of a run that has one echo. `mask`: where echoes are compared, else the automatic mask of
/// the first echo.
///
/// # Errors
/// Those of reading the runs and the mask; bad data for an echo that varies nowhere in it, or has no mean.
pub fn combine(
    runs: &mut [Run],
    mask: Option<&Path>,
    ladder: &Ladder,
    watch: &dyn Watch,
) -> Result<Vec<Option<Combination>>> {
    let several = runs.len() > 1;
    let one = |run: &mut Run| {
        let Some(mut echoes) = run.echoes.take() else { return Ok(None) };
        let combination = of_run(run, &mut echoes, (mask, ladder), watch)?;
        if several {
            run.bold.release(); // none stays in memory while the others are looked at
        }
        run.echoes = Some(echoes);
        Ok(Some(combination))
    };
    runs.iter_mut().map(one).collect()
}

fn of_run(
    run: &mut Run,
    echoes: &mut Echoes,
    (mask, ladder): (Option<&Path>, &Ladder),
    watch: &dyn Watch,
) -> Result<Combination> {
    let nothing = Box::new(Memory::zeros([0; 3], 0));
    let mut sources = vec![Some(std::mem::replace(&mut run.bold, nothing))];
    sources.extend(echoes.others.drain(..).map(Some));
    let sorted = echoes.order.iter().filter_map(|&echo| sources[echo].take()).collect();
    let mut combined = Combined::new(sorted)?;
    ladder.grant(&mut combined);
    let options = echoes.options.clone();
    let over_time = combined.over_time(options.fit == Fit::Tedana)?;
    let paths: Vec<&Path> = echoes.order.iter().map(|&echo| path_of(run, &options, echo)).collect();
    let (inside, within) = match mask {
        Some(path) => (masks::mask(path, &run.grid, &Quiet)?.inside, "the mask"),
        None => {
            let found = automask::from_mean(&display(paths[0]), &over_time[0].mean, &run.grid)?;
            (found.inside, "the automatic mask of the first echo")
        }
    };
    refuse_constant(&mut combined, (&paths, &over_time), (&inside, within))?;
    refuse_no_mean((&paths, &over_time), (&inside, within))?;
    echoes.empty = lost(&paths, &over_time);
    let empty = over_time.iter().map(|echo| echo.empty.len()).collect();
    let first = &over_time[0];
    let is_measured = |voxel: usize| first.varies[voxel] && !first.has_missing[voxel];
    let kept = signal::with_signal(&inside, &first.mean, is_measured);
    let kept: Vec<bool> = (0..kept.len()).map(|voxel| kept[voxel] && is_measured(voxel)).collect();
    let missing: Vec<Vec<bool>> = over_time.iter().map(|echo| echo.has_missing.clone()).collect();
    let (signal, log) = over_time.into_iter().map(|echo| (echo.mean, echo.log_mean)).unzip();
    let means = EchoMeans { signal, log };
    let good = good(&means.signal, &kept, options.good);
    let mut decays = decays(&echoes.times_s, &means, good, options.fit);
    let unused = |(missing, weights): (&Vec<bool>, &Vec<f32>)| {
        let voxels = missing.iter().zip(weights).zip(&kept);
        voxels.filter(|((missing, weight), kept)| **kept && **missing && **weight == 0.0).count()
    };
    let unused = missing.iter().zip(&decays.weights).map(unused).collect();
    combined.weigh(std::mem::take(&mut decays.weights))?;
    run.bold = Box::new(combined);
    let mut counts = vec![0; echoes.times_s.len() + 1];
    for (&good, _) in decays.good.iter().zip(&kept).filter(|(_, kept)| **kept) {
        counts[usize::from(good)] += 1;
    }
    let combination = Combination {
        options,
        times_s: echoes.times_s.clone(),
        decays,
        inside,
        kept,
        within,
        counts,
        unused,
        empty,
    };
    combination.say(run, &echoes.order, watch);
    Ok(combination)
}

/// The image of an echo, counted as the command names them.
fn path_of<'a>(run: &'a Run, options: &'a EchoOptions, echo: usize) -> &'a Path {
    echo.checked_sub(1).map_or(&run.path, |other| &options.others[other])
}

/// The echoes that hold nothing but 0 in some volumes, with these volumes.
fn lost(paths: &[&Path], over_time: &[OverTime]) -> Vec<(PathBuf, Vec<usize>)> {
    let each = paths.iter().zip(over_time).filter(|(_, echo)| !echo.empty.is_empty());
    each.map(|(path, echo)| (path.to_path_buf(), echo.empty.clone())).collect()
}

/// An echo that varies nowhere has no signal to combine, as a run of it alone has none to fit. What float32 rounds away is no constant.
fn refuse_constant(
    combined: &mut Combined,
    (paths, over_time): (&[&Path], &[OverTime]),
    (inside, within): (&[bool], &str),
) -> Result<()> {
    let varies =
        |echo: &OverTime| echo.varies.iter().zip(inside).any(|(varies, is)| *varies && *is);
    let constant = paths.iter().zip(over_time).find(|(_, echo)| !varies(echo));
    let Some((path, _)) = constant else { return Ok(()) };
    if combined.coarse()?.is_some() {
        return Ok(());
    }
    Err(Error::bad_data(
        display(path),
        format!("has no voxel of {within} that varies over time"),
        "have signal to combine with that of the run's other echoes",
        "look at the image; where it is lost give the other echoes without it",
    ))
}

/// The decay is that of the echoes' means: an echo without is refused as a run of it alone is, whatever the units of effects.
fn refuse_no_mean(
    (paths, over_time): (&[&Path], &[OverTime]),
    (inside, within): (&[bool], &str),
) -> Result<()> {
    for (path, echo) in paths.iter().zip(over_time) {
        let measured = |&voxel: &usize| inside[voxel] && echo.varies[voxel];
        let means: Vec<f64> =
            (0..inside.len()).filter(measured).map(|voxel| echo.mean[voxel]).collect();
        if let Some(found) = masks::no_percentage(&means, within) {
            return Err(Error::bad_data(
                display(path),
                found,
                "have signal to combine with that of the run's other echoes",
                "give the echo as it was before its mean was taken off, or check the mask; where it is lost give the other echoes without it",
            ));
        }
    }
    Ok(())
}

impl Combination {
    fn times(&self) -> String {
        self.times_s.iter().map(ms).collect::<Vec<_>>().join(", ")
    }

    /// Voxels of the mask where the first echo has too little signal to be told of.
    fn n_dim(&self) -> usize {
        self.inside.iter().zip(&self.kept).filter(|(inside, kept)| **inside && !**kept).count()
    }

    /// T2* in the middle of the voxels with signal, seconds.
    fn median_t2star_s(&self) -> f32 {
        let kept = self.decays.t2star_s.iter().zip(&self.kept);
        let mut values: Vec<f32> = kept.filter(|(_, kept)| **kept).map(|(t, _)| *t).collect();
        values.sort_by(f32::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(0.0)
    }

    /// `order`: of each time its echo, as the command names them, from 0.
    fn say(&self, run: &Run, order: &[usize], watch: &dyn Watch) {
        let name = display(&run.path);
        let (n, times) = (self.times_s.len(), self.times());
        let median_ms = 1e3 * self.median_t2star_s();
        let of = match self.n_dim() {
            0 => String::new(),
            n => format!(
                ", of the voxels whose first echo is finite, varies and has a mean of {} % of its median or more (without {n} of {})",
                100.0 * DIM,
                self.within
            ),
        };
        watch.note(&format!(
            "{name}: {n} echoes at {times} ms combined, weights TE exp(-TE/T2*); median T2* {median_ms:.1} ms{of}"
        ));
        if self.median_t2star_s() >= LONGEST_S as f32 {
            let mut by_image: Vec<(usize, String)> =
                order.iter().copied().zip(self.times_s.iter().map(ms)).collect();
            by_image.sort_unstable();
            let times: Vec<String> = by_image.into_iter().map(|(_, time)| time).collect();
            let times = times.join(", ");
            watch.warn(&format!(
                "the signal of {name} does not fall with the echo time in half of the voxels or more, as it must: are the echo times \
                 ({times} ms) in the order of the images?"
            ));
        }
        for (echo, &n) in self.unused.iter().enumerate().filter(|(_, n)| **n > 0) {
            watch.warn(&format!(
                "{n} mask voxels of {name} are not finite in some volume of echo {}, which has no good signal there: the echoes \
                 before it are combined without it",
                echo + 1
            ));
        }
        let few = self.counts[0] + self.counts[1];
        if few > 0 {
            let (voxels, have) = if few == 1 { ("voxel", "has") } else { ("voxels", "have") };
            watch.warn(&format!(
                "{few} mask {voxels} of {name} {have} signal in one echo at most ({} in none): T2* and the weights there are of the first two echoes",
                self.counts[0]
            ));
        }
    }

    /// What a sidecar says of it.
    #[must_use]
    pub fn resolved(&self) -> Value {
        json!({
            "times_s": self.times_s,
            "weights": "TE exp(-TE/T2*), summing to 1",
            "t2star_s_limits": [SHORTEST_S, LONGEST_S],
            "fit": self.options.fit,
            "good": self.options.good,
            "mask_voxels_by_good_echoes": self.counts,
            "mask_voxels_not_finite_and_unused_by_echo": self.unused,
            "volumes_of_zeros_by_echo": self.empty,
            "mask_voxels_without_signal_in_first_echo": self.n_dim(),
            "median_t2star_s": self.median_t2star_s(),
        })
    }

    /// What was done, in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        format!(
            "Echoes at {} ms were combined before anything else, with weights TE exp(-TE/T2*), T2* by {}.",
            self.times(),
            self.how()
        )
    }

    /// How T2* and S0 were found.
    fn how(&self) -> &'static str {
        match self.options.fit {
            Fit::Weighted => {
                "least squares of the logarithm of the echoes' means, weighed by their squares"
            }
            Fit::Nonlinear => "nonlinear least squares of the echoes' means",
            Fit::Tedana => "least squares of ln(|S| + 1) of all volumes, as tedana",
        }
    }

    /// What a good echo is.
    fn rule(&self) -> &'static str {
        match self.options.good {
            Good::Dropout => {
                "above a third of the signal of the voxel at the 33rd percentile of those with signal"
            }
            Good::Decay => "below the echo before",
            Good::None => "any",
        }
    }

    /// T2*, S0, good echoes and R² of the decay; `number`: of the run, where there are several.
    fn maps(&self, number: Option<usize>) -> Vec<Map> {
        let named = |suffix| match number {
            None => Entities::of(suffix),
            Some(number) => Entities::of(suffix).with("run", number.to_string()),
        };
        let decay = Quantity::DecayRSquare;
        let of_decay = named("statmap").with("desc", "decay").with("stat", decay.stat());
        let of_good = named("mask").with("desc", "adaptiveGoodSignal");
        let (how, rule) = (self.how(), self.rule());
        let times = format!("echoes at {} ms", self.times());
        let fitted = format!(
            "of {times}, by {how}, of the good echoes and at least of the first two; 0 where none of these is above 0"
        );
        let explained = format!(
            "Share of the variance of the means of all {times} that S0 exp(-TE/T2*) explains"
        );
        let good = format!("Up to which of the {times} there is signal: {rule}");
        let Decays { t2star_s, s0, r_square, good: n_good, .. } = &self.decays;
        let n_good: Vec<f32> = n_good.iter().map(|&good| f32::from(good)).collect();
        vec![
            self.map(named("T2starmap"), Quantity::T2star, t2star_s, &format!("T2* {fitted}")),
            self.map(named("S0map"), Quantity::S0, s0, &format!("Signal at TE 0 {fitted}")),
            self.map(of_good, Quantity::GoodEchoes, &n_good, &good),
            self.map(of_decay, decay, r_square, &explained),
        ]
    }

    /// A map of values `[voxel]` that are 0 outside the mask.
    fn map(&self, entities: Entities, quantity: Quantity, values: &[f32], said: &str) -> Map {
        let inside = values.iter().zip(&self.inside);
        let values: Vec<f32> = inside.map(|(&v, &inside)| if inside { v } else { 0.0 }).collect();
        let values = Arc::new(values);
        let want = Arc::clone(&values);
        let off = move |_, _, voxel: usize| {
            let want: f32 = want[voxel];
            rounding(f64::from(want)) + ELSEWHERE * f64::from(want).abs()
        };
        Map {
            entities,
            quantity,
            dof: Dof::Uniform(0.0),
            description: format!("{said}; 0 outside {}", self.within),
            asked: Fields::new(),
            tolerance: match quantity {
                Quantity::GoodEchoes => Tolerance::exact(),
                _ => Tolerance::of(off),
            },
            values: vec![values],
        }
    }
}

/// Fields of an echo's sidecar that do not hold of what several make.
pub const OF_AN_ECHO: [&str; 2] = ["EchoTime", "EchoNumber"];

/// Of seconds.
fn ms(time_s: &f64) -> String {
    format!("{}", (time_s * 1e6).round() / 1e3)
}

/// The maps of all runs, of these numbers.
#[must_use]
pub fn maps(combinations: &[Option<Combination>], numbers: &[usize]) -> Vec<Map> {
    let several = combinations.len() > 1;
    let of_run = |(one, &number): (&Option<Combination>, &usize)| {
        one.as_ref().map_or(Vec::new(), |one| one.maps(several.then_some(number)))
    };
    combinations.iter().zip(numbers).flat_map(of_run).collect()
}
