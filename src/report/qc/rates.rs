//! Intervals and rates over the scan: RR intervals, heart rate, breathing rate, RVT; and their distributions.

use std::ops::Range;

use super::{Chapter, HALF_WIDTH, RIGHT, WIDTH};
use super::{SERIES_STEP_S, Series};
use crate::physio::{Channel, Reason, Status, heart_rate};
use crate::report::html::{Table, figure, number};
use crate::report::svg::{Path, Plot, Svg};

/// One quantity over time.
pub(super) struct Quantity {
    /// Part of the drawing's id.
    key: &'static str,
    /// With its unit, as the axis and the table have it.
    name: &'static str,
    decimals: usize,
    series: Series,
    /// Which values stand out.
    marked: Vec<bool>,
    /// Values are single events joined by a line, not a curve.
    events: bool,
}

/// What is shown over time, in order.
pub(super) fn quantities(chapter: &Chapter) -> Vec<Quantity> {
    let mut all = Vec::new();
    let window = super::traces::window_s(chapter);
    let beats_s = counting(chapter, Channel::Cardiac);
    if beats_s.len() > 1 {
        let marked = stands_out(chapter, Channel::Cardiac, &beats_s);
        let series = intervals(&beats_s);
        all.push(Quantity {
            key: "rr",
            name: "RR interval, s",
            decimals: 3,
            series,
            marked,
            events: true,
        });
        let times_s = steps(&window);
        let values = heart_rate(&beats_s, &times_s);
        let series = Series { times_s, values };
        all.push(curve("heart-rate", "heart rate, beats a minute", 1, series));
    }
    let breaths_s = counting(chapter, Channel::Respiratory);
    if breaths_s.len() > 1 {
        let Series { times_s, values } = intervals(&breaths_s);
        let values = values.iter().map(|s| 60.0 / s).collect();
        let marked = stands_out(chapter, Channel::Respiratory, &breaths_s);
        all.push(Quantity {
            key: "breathing-rate",
            name: "breathing rate, breaths a minute",
            decimals: 1,
            series: Series { times_s, values },
            marked,
            events: true,
        });
    }
    if let Some(rvt) = &chapter.run.rvt {
        let name = "respiration volume per time (RVT), recorder's units a second";
        all.push(curve("rvt", name, 1, rvt.clone()));
    }
    all.iter_mut().for_each(|q| q.keep(&window));
    all.retain(|q| q.series.values.iter().any(|v| v.is_finite()));
    all
}

fn curve(key: &'static str, name: &'static str, decimals: usize, series: Series) -> Quantity {
    Quantity {
        key,
        name,
        decimals,
        marked: vec![false; series.values.len()],
        series,
        events: false,
    }
}

/// Times of the peaks that count.
fn counting(chapter: &Chapter, channel: Channel) -> Vec<f64> {
    let peaks = chapter.run.peaks.peaks.iter();
    let peaks = peaks.filter(|p| p.channel == channel && p.status != Status::Removed);
    let mut times: Vec<f64> = peaks.map(|p| p.onset_s).collect();
    times.sort_by(f64::total_cmp);
    times
}

/// Each interval at its middle.
fn intervals(times_s: &[f64]) -> Series {
    Series {
        times_s: times_s.windows(2).map(|w| 0.5 * (w[0] + w[1])).collect(),
        values: times_s.windows(2).map(|w| w[1] - w[0]).collect(),
    }
}

/// Which intervals are flagged for their length.
fn stands_out(chapter: &Chapter, channel: Channel, times_s: &[f64]) -> Vec<bool> {
    let flagged = &chapter.run.summary.flagged;
    let of_length: Vec<_> =
        flagged.iter().filter(|f| f.channel == channel && f.reason == Reason::Interval).collect();
    let out = |w: &[f64]| {
        let middle_s = 0.5 * (w[0] + w[1]);
        of_length.iter().any(|f| (f.from_s..=f.to_s).contains(&middle_s))
    };
    times_s.windows(2).map(out).collect()
}

fn steps(window: &Range<f64>) -> Vec<f64> {
    let n = ((window.end - window.start) / SERIES_STEP_S) as usize;
    (0..=n).map(|k| window.start + k as f64 * SERIES_STEP_S).collect()
}

impl Quantity {
    fn keep(&mut self, window: &Range<f64>) {
        let kept = |i: &usize| window.contains(&self.series.times_s[*i]);
        let kept: Vec<usize> = (0..self.series.times_s.len()).filter(kept).collect();
        self.series.values = kept.iter().map(|&i| self.series.values[i]).collect();
        self.marked = kept.iter().map(|&i| self.marked[i]).collect();
        self.series.times_s = kept.iter().map(|&i| self.series.times_s[i]).collect();
    }

    /// The finite values in order of size.
    fn sorted(&self) -> Vec<f64> {
        let mut sorted: Vec<f64> =
            self.series.values.iter().copied().filter(|v| v.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

fn at_share(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((share * last as f64).round() as usize).copied().unwrap_or(f64::NAN)
}

pub(super) fn section(chapter: &Chapter, quantities: &[Quantity]) -> String {
    if quantities.is_empty() {
        return "<p>There are not enough beats or breaths for an interval.</p>\n".to_owned();
    }
    let drawings: String = quantities.iter().map(|q| panel(chapter, q)).collect();
    let caption = "Over the scan. A diamond marks an interval that stands out from those around it. Heart rate: mean within \
                   6 s. RVT: depth of a breath over its length (Birn et al. 2006).";
    let heads = ["quantity", "values", "median", "5 % to 95 %", "smallest to largest"];
    let mut table = Table::new("numbers", "Intervals and rates over the scan", &heads);
    for quantity in quantities {
        let sorted = quantity.sorted();
        let shown = |share: f64| number(at_share(&sorted, share), quantity.decimals);
        table.row(
            quantity.name,
            &[
                sorted.len().to_string(),
                shown(0.5),
                format!("{} to {}", shown(0.05), shown(0.95)),
                format!("{} to {}", shown(0.0), shown(1.0)),
            ],
        );
    }
    figure("Intervals and rates over the scan", &drawings, caption) + &table.finish()
}

fn panel(chapter: &Chapter, quantity: &Quantity) -> String {
    let plot = Plot { left: 46.0, top: 24.0, width: WIDTH - 46.0 - RIGHT, height: 92.0 };
    let mut svg = Svg::new(WIDTH, plot.bottom() + 38.0);
    let window = super::traces::window_s(chapter);
    let sorted = quantity.sorted();
    let (low, high) = (at_share(&sorted, 0.0), at_share(&sorted, 1.0));
    let room = if high > low { 0.06 * (high - low) } else { 0.1 * high.abs().max(1e-3) };
    let (x, y) = (plot.across(window.start, window.end), plot.up(low - room, high + room));
    svg.y_axis(&plot, &y, &y.ticks(4), quantity.name);
    svg.x_axis(&plot, &x, &x.ticks(12), "time, s");
    let (mut line, mut dots, mut out) = (Path::default(), Path::default(), Path::default());
    let points = quantity.series.times_s.iter().zip(&quantity.series.values);
    for ((&time_s, &value), &marked) in points.zip(&quantity.marked) {
        let at = [x.at(time_s), y.at(value)];
        line.to(at[0], at[1]);
        if marked {
            let [x, y] = at;
            out.polygon(&[[x, y - 5.0], [x + 5.0, y], [x, y + 5.0], [x - 5.0, y]]);
        } else if quantity.events {
            dots.dot(at[0], at[1]);
        }
    }
    svg.path("series", &line);
    svg.path("point", &dots);
    svg.path("added", &out);
    let shown = |share: f64| number(at_share(&sorted, share), quantity.decimals);
    let description = format!(
        "From {} to {} s: median {}, between {} and {}; {} marked.",
        number(window.start, 0),
        number(window.end, 0),
        shown(0.5),
        shown(0.0),
        shown(1.0),
        quantity.marked.iter().filter(|m| **m).count()
    );
    let title = format!("Over time: {}", quantity.name);
    svg.finish(&chapter.id(quantity.key), &title, &description)
}

/// Intervals and phases as histograms.
pub(super) fn distributions(chapter: &Chapter) -> String {
    let window = super::traces::window_s(chapter);
    let within = |channel| -> Vec<f64> {
        let times: Vec<f64> = counting(chapter, channel);
        let series = intervals(&times);
        let pairs = series.times_s.iter().zip(series.values);
        pairs.filter(|(t, _)| window.contains(t)).map(|(_, v)| v).collect()
    };
    let degrees = |phase: &Option<ndarray::Array2<f64>>| -> Vec<f64> {
        phase.iter().flatten().map(|v| v.to_degrees().rem_euclid(360.0)).collect()
    };
    let phases = &chapter.run.phases;
    let mut drawings = String::new();
    for (key, name, values, range) in [
        ("rr-histogram", "RR interval, s", within(Channel::Cardiac), None),
        ("breath-histogram", "interval of breaths, s", within(Channel::Respiratory), None),
        (
            "heart-phase",
            "phase of the heart, degrees",
            degrees(&phases.cardiac_phase),
            Some([0.0, 360.0]),
        ),
        (
            "breath-phase",
            "phase of the breath, degrees",
            degrees(&phases.resp_phase),
            Some([0.0, 360.0]),
        ),
    ] {
        if !values.is_empty() {
            drawings += &histogram(chapter, key, name, &values, range);
        }
    }
    if drawings.is_empty() {
        return "<p>There is nothing to count.</p>\n".to_owned();
    }
    let caption = "Phases are those of all slices and volumes; dashed: were they even. Scanner and heart should keep no step, \
                   so the cardiac phase should be flat.";
    let pairs = format!("<div class=\"pair\">\n{drawings}</div>\n");
    figure("Histograms of intervals and phases", &pairs, caption)
}

/// `range`: of a phase, whose even share is drawn; else that of the values.
fn histogram(
    chapter: &Chapter,
    key: &str,
    name: &str,
    values: &[f64],
    range: Option<[f64; 2]>,
) -> String {
    const N_BINS: usize = 24;
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    let [low, high] = range.unwrap_or_else(|| {
        let (l, h) = finite().fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
        if h > l { [l, h] } else { [l - 0.5, l + 0.5] }
    });
    let mut counts = [0_usize; N_BINS];
    for value in finite() {
        let bin = (value - low) / (high - low) * N_BINS as f64;
        counts[(bin.max(0.0) as usize).min(N_BINS - 1)] += 1;
    }
    let n: usize = counts.iter().sum();
    let most = counts.iter().copied().max().unwrap_or(0);
    let plot = Plot { left: 50.0, top: 24.0, width: HALF_WIDTH - 50.0 - RIGHT, height: 120.0 };
    let mut svg = Svg::new(HALF_WIDTH, plot.bottom() + 38.0);
    let (x, y) = (plot.across(low, high), plot.up(0.0, 1.08 * most.max(1) as f64));
    let mut bars = Path::default();
    let width = plot.width / N_BINS as f64;
    for (bin, &count) in counts.iter().enumerate().filter(|c| *c.1 > 0) {
        let top = y.at(count as f64);
        bars.bar(plot.left + bin as f64 * width + 0.5, top, width - 1.0, plot.bottom() - top);
    }
    let mut counted = y.ticks(4);
    counted.values.retain(|v| v.fract() == 0.0);
    counted.decimals = 0;
    let unit = if range.is_some() { "samples" } else { "intervals" };
    svg.y_axis(&plot, &y, &counted, unit);
    svg.path("bars", &bars);
    let mut ticks = x.ticks(6);
    if range.is_some() {
        ticks.values = vec![0.0, 90.0, 180.0, 270.0, 360.0];
        ticks.decimals = 0;
        let even = y.at(n as f64 / N_BINS as f64);
        let mut line = Path::default();
        line.line([plot.left, even], [plot.right(), even]);
        svg.path("even", &line);
    }
    svg.x_axis(&plot, &x, &ticks, name);
    let fewest = counts.iter().copied().min().unwrap_or(0);
    let description = match range {
        Some(_) => format!(
            "{n} samples in {N_BINS} parts of the cycle: {fewest} to {most} in a part, {} were they even.",
            number(n as f64 / N_BINS as f64, 1)
        ),
        None => {
            let mut sorted: Vec<f64> = finite().collect();
            sorted.sort_by(f64::total_cmp);
            format!(
                "{n} intervals from {} to {} s, median {} s.",
                number(low, 2),
                number(high, 2),
                number(at_share(&sorted, 0.5), 2)
            )
        }
    };
    svg.finish(&chapter.id(key), &format!("Histogram: {name}"), &description)
}
