//! The traces over the scan in rows of about a minute: pulse above, breathing below, every beat and breath with its
//! status, flagged stretches, and when each volume began.
//!
//! A long trace is drawn by the smallest and the largest sample of each column of the drawing, in the order in which they
//! come, so that no peak vanishes however many samples a column holds.

use std::ops::Range;

use super::{Chapter, RIGHT, WIDTH};
use crate::physio::{Channel, Flagged, Reason, Status, triggers_s};
use crate::recording::Trace;
use crate::report::html::{counted, escaped, figure, moments, number};
use crate::report::svg::{Anchor, Path, Plot, Scale, Svg};

/// Seconds in a row, where the scan is longer.
const ROW_S: f64 = 60.0;
/// Rows at most; a longer scan has longer rows.
const MOST_ROWS: f64 = 60.0;
/// Seconds shown before and after the scan, where they were recorded.
const BEYOND_S: f64 = 5.0;
/// Columns of the drawing for each of its pixels: paper shows more than a screen.
const COLUMNS_PER_PX: f64 = 2.0;
/// Height of a trace.
const TRACE_PX: f64 = 58.0;
/// Between the traces, for marks above a peak.
const GAP_PX: f64 = 16.0;

/// What is drawn: the scan, and a little of the record on either side.
pub(super) fn window_s(chapter: &Chapter) -> Range<f64> {
    let run = chapter.run;
    let scan_s = run.acquisition.n_volumes as f64 * run.acquisition.tr;
    let traces = || [&run.recording.cardiac, &run.recording.respiratory].into_iter().flatten();
    let first = traces().map(|t| t.start_s).fold(0.0, f64::min);
    let last = traces().map(end_s).fold(scan_s, f64::max);
    first.max(-BEYOND_S)..last.min(scan_s + BEYOND_S)
}

pub(super) fn end_s(trace: &Trace) -> f64 {
    trace.start_s + trace.samples.len().saturating_sub(1) as f64 / trace.sampling_hz
}

/// One of the two traces of a row.
struct Lane<'a> {
    channel: Channel,
    trace: &'a Trace,
    /// The values at the lower and the upper edge.
    range: [f64; 2],
    /// Samples of the window beyond them.
    n_beyond: usize,
}

pub(super) fn section(chapter: &Chapter) -> String {
    let run = chapter.run;
    let window = window_s(chapter);
    let mut lanes = Vec::new();
    for (channel, trace) in [
        (Channel::Cardiac, &run.recording.cardiac),
        (Channel::Respiratory, &run.recording.respiratory),
    ] {
        if let Some(trace) = trace {
            let (range, n_beyond) = drawn_range(trace, &window);
            lanes.push(Lane { channel, trace, range, n_beyond });
        }
    }
    if lanes.is_empty() {
        return "<p>The recording holds neither a pulse nor a breathing trace; the beats come from a table.</p>\n"
            .to_owned();
    }
    let dummies = run.summary.alignment.as_ref().map_or(0, |a| a.dummies);
    let wanted = run.acquisition.n_volumes.saturating_add(dummies);
    let trigger = run.recording.trigger.as_ref();
    let triggers_s = trigger.map(|t| triggers_s(t, wanted)).unwrap_or_default();
    let mut drawings = legend(chapter, !triggers_s.is_empty());
    for (nth, row) in rows(&window).into_iter().enumerate() {
        drawings += &drawn_row(chapter, &lanes, &triggers_s, nth, row);
    }
    figure("Traces of pulse and breathing", &drawings, &caption(&lanes))
}

fn caption(lanes: &[Lane]) -> String {
    let mut text = "Time is in seconds from the start of the first volume, as in the peak table. The vertical unit is the \
                    recorder's own; one scale holds for all rows."
        .to_owned();
    for lane in lanes.iter().filter(|l| l.n_beyond > 0) {
        text += &format!(
            " {} of the {} lie beyond the scale and are drawn at its edge.",
            counted(lane.n_beyond, "sample"),
            name(lane.channel)
        );
    }
    text
}

fn name(channel: Channel) -> &'static str {
    match channel {
        Channel::Cardiac => "pulse",
        Channel::Respiratory => "breathing",
    }
}

/// Rows of equal length.
fn rows(window: &Range<f64>) -> Vec<Range<f64>> {
    let total = window.end - window.start;
    let n = (total / ROW_S - 0.35).ceil().clamp(1.0, MOST_ROWS);
    let row_s = if n > 1.0 { (total / n).max(ROW_S) } else { total };
    (0..n as usize)
        .map(|k| window.start + k as f64 * row_s..window.start + (k + 1) as f64 * row_s)
        .collect()
}

/// Samples whose times lie in a stretch.
fn samples_in(trace: &Trace, stretch: &Range<f64>) -> Range<usize> {
    let n = trace.samples.len();
    let index = |t: f64| ((t - trace.start_s) * trace.sampling_hz).clamp(0.0, n as f64);
    let from = index(stretch.start).ceil() as usize;
    from..(index(stretch.end).floor() as usize + 1).clamp(from, n.max(from))
}

/// The values that the height shows: all where no few of them stand far out, else the middle 99 % with room around; and
/// how many samples lie beyond.
fn drawn_range(trace: &Trace, window: &Range<f64>) -> ([f64; 2], usize) {
    let samples = trace.samples.get(samples_in(trace, window)).unwrap_or_default();
    let mut finite: Vec<f64> = samples.iter().copied().filter(|v| v.is_finite()).collect();
    if finite.is_empty() {
        return ([0.0, 1.0], 0);
    }
    let last = finite.len() - 1;
    let mut at = |share: f64| {
        let nth = (share * last as f64).round() as usize;
        *finite.select_nth_unstable_by(nth, f64::total_cmp).1
    };
    let (lowest, low, high, highest) = (at(0.0), at(0.005), at(0.995), at(1.0));
    let room = 0.5 * (high - low);
    let range = [lowest.max(low - room), highest.min(high + room)];
    let n_beyond = finite.iter().filter(|v| **v < range[0] || **v > range[1]).count();
    if range[1] > range[0] { (range, n_beyond) } else { ([lowest - 1.0, highest + 1.0], 0) }
}

fn drawn_row(
    chapter: &Chapter,
    lanes: &[Lane],
    triggers_s: &[f64],
    nth: usize,
    row: Range<f64>,
) -> String {
    let run = chapter.run;
    let plots: Vec<Plot> = (0..lanes.len())
        .map(|k| Plot {
            left: 74.0,
            top: 12.0 + k as f64 * (TRACE_PX + GAP_PX),
            width: WIDTH - 74.0 - RIGHT,
            height: TRACE_PX,
        })
        .collect();
    let below = plots[plots.len() - 1].bottom() + 4.0;
    let mut svg = Svg::new(WIDTH, below + 32.0);
    let mut said = Vec::new();
    for (lane, plot) in lanes.iter().zip(&plots) {
        let x = plot.across(row.start, row.end);
        let y = plot.up(lane.range[0], lane.range[1]);
        for flagged in run.summary.flagged.iter().filter(|f| f.channel == lane.channel) {
            shade(&mut svg, plot, &x, flagged);
        }
        let word = name(lane.channel);
        svg.text("label", [0.0, plot.top + 0.5 * plot.height + 4.0], Anchor::Start, word);
        svg.path(&format!("trace {word}"), &envelope(lane.trace, &row, &x, &y));
        marks(&mut svg, chapter, lane, &x, &y, &row);
        said.push(described(chapter, lane.channel, &row));
    }
    time_axis(&mut svg, chapter, triggers_s, &row, below);
    let title = format!(
        "Traces from {} to {} s",
        number(row.start, 1),
        number(row.end.min(window_s(chapter).end), 1)
    );
    svg.finish(&chapter.id(&format!("traces-{}", nth + 1)), &title, &said.join(" "))
}

/// What a reader who does not see the row should know.
fn described(chapter: &Chapter, channel: Channel, row: &Range<f64>) -> String {
    let of_status = |status: Status| -> Vec<f64> {
        let peaks = chapter.run.peaks.peaks.iter();
        peaks
            .filter(|p| p.channel == channel && p.status == status && row.contains(&p.onset_s))
            .map(|p| p.onset_s)
            .collect()
    };
    let noun = match channel {
        Channel::Cardiac => "beat",
        Channel::Respiratory => "breath",
    };
    let mut text = match (channel, of_status(Status::Ok).len()) {
        (Channel::Cardiac, n) => format!("Pulse: {}", counted(n, noun)),
        (_, 1) => "Breathing: 1 breath".to_owned(),
        (_, n) => format!("Breathing: {n} breaths"),
    };
    for (status, word) in [(Status::Added, "added"), (Status::Removed, "removed")] {
        let times = of_status(status);
        if !times.is_empty() {
            text += &format!("; {} {word} at {}", times.len(), moments(&times));
        }
    }
    let overlaps = |f: &&Flagged| f.channel == channel && f.from_s < row.end && f.to_s > row.start;
    for flagged in chapter.run.summary.flagged.iter().filter(overlaps) {
        text += &format!(
            "; {} from {} to {} s",
            reason(flagged.reason),
            number(flagged.from_s, 1),
            number(flagged.to_s, 1)
        );
    }
    text + "."
}

/// A reason in the words of the page.
pub(super) fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Interval => "an interval that stands out",
        other => other.name(),
    }
}

fn shade(svg: &mut Svg, plot: &Plot, x: &Scale, flagged: &Flagged) {
    if flagged.to_s < x.from || flagged.from_s > x.to {
        return;
    }
    let (left, right) = (x.within(flagged.from_s), x.within(flagged.to_s));
    let (mut band, class) = (
        Path::default(),
        match flagged.reason {
            Reason::Interval => "interval",
            _ => "unusable",
        },
    );
    band.bar(left, plot.top - 6.0, (right - left).max(1.0), plot.height + 10.0);
    svg.path(class, &band);
    if flagged.reason != Reason::Interval {
        svg.text("flag", [left + 2.0, plot.bottom() + 3.0], Anchor::Start, flagged.reason.name());
    }
}

/// The trace in a stretch: its samples, or where several share a column of the drawing the least and the greatest.
fn envelope(trace: &Trace, row: &Range<f64>, x: &Scale, y: &Scale) -> Path {
    let mut path = Path::default();
    let samples = samples_in(trace, row);
    let time_s = |i: usize| trace.start_s + i as f64 / trace.sampling_hz;
    let columns = COLUMNS_PER_PX * (x.at(row.end) - x.at(row.start));
    let per_column = trace.sampling_hz * (row.end - row.start) / columns;
    let mut point = |i: usize| {
        let value = trace.samples[i];
        path.to(x.at(time_s(i)), if value.is_finite() { y.within(value) } else { f64::NAN });
    };
    if per_column <= 2.0 {
        samples.for_each(point);
        return path;
    }
    let mut from = samples.start;
    while from < samples.end {
        // The columns are those of the whole drawing, whatever the sampling rate.
        let column = ((from - samples.start) as f64 / per_column).floor() + 1.0;
        let to = samples.start + (column * per_column).ceil() as usize;
        let to = to.clamp(from + 1, samples.end);
        let part = &trace.samples[from..to];
        if part.iter().all(|v| v.is_finite()) {
            let by = |a: &usize, b: &usize| trace.samples[*a].total_cmp(&trace.samples[*b]);
            let least = (from..to).min_by(by).unwrap_or(from);
            let greatest = (from..to).max_by(by).unwrap_or(from);
            point(least.min(greatest));
            point(least.max(greatest));
        } else {
            (from..to).for_each(&mut point);
        }
        from = to;
    }
    path
}

fn marks(svg: &mut Svg, chapter: &Chapter, lane: &Lane, x: &Scale, y: &Scale, row: &Range<f64>) {
    let (mut ok, mut added, mut removed) = (Path::default(), Path::default(), Path::default());
    let trace = lane.trace;
    let peaks = chapter.run.peaks.peaks.iter();
    for peak in peaks.filter(|p| p.channel == lane.channel && row.contains(&p.onset_s)) {
        let nearest = ((peak.onset_s - trace.start_s) * trace.sampling_hz).round();
        let inside = nearest >= 0.0 && nearest < trace.samples.len() as f64;
        let value = if inside { trace.samples[nearest as usize] } else { f64::NAN };
        let middle = 0.5 * (lane.range[0] + lane.range[1]);
        let at = [x.at(peak.onset_s), y.within(if value.is_finite() { value } else { middle })];
        match peak.status {
            Status::Ok => ok.dot(at[0], at[1]),
            Status::Added => triangle(&mut added, at),
            Status::Removed => cross(&mut removed, at),
        }
    }
    svg.path("peak", &ok);
    svg.path("added", &added);
    svg.path("removed", &removed);
}

fn triangle(path: &mut Path, [x, y]: [f64; 2]) {
    path.polygon(&[[x, y - 5.0], [x + 5.0, y + 4.0], [x - 5.0, y + 4.0]]);
}

fn cross(path: &mut Path, [x, y]: [f64; 2]) {
    path.line([x - 4.0, y - 4.0], [x + 4.0, y + 4.0]);
    path.line([x - 4.0, y + 4.0], [x + 4.0, y - 4.0]);
}

/// Time in seconds, a tick for each volume's start, and a dot for each trigger.
fn time_axis(svg: &mut Svg, chapter: &Chapter, triggers_s: &[f64], row: &Range<f64>, y: f64) {
    let acquisition = &chapter.run.acquisition;
    let plot = Plot { left: 74.0, top: y, width: WIDTH - 74.0 - RIGHT, height: 7.0 };
    let x = plot.across(row.start, row.end);
    let (mut volumes, mut dots) = (Path::default(), Path::default());
    let first = (row.start / acquisition.tr).ceil().max(0.0) as usize;
    let last = (row.end / acquisition.tr).floor().max(-1.0) + 1.0;
    for k in first..(last.max(0.0) as usize).min(acquisition.n_volumes) {
        let at = x.at(k as f64 * acquisition.tr);
        volumes.line([at, y], [at, y + 7.0]);
    }
    for &trigger_s in triggers_s.iter().filter(|t| row.contains(t)) {
        dots.dot(x.at(trigger_s), y + 3.5);
    }
    svg.text("tick", [0.0, y + 9.0], Anchor::Start, "volumes");
    svg.path("volumes", &volumes);
    svg.path("trigger", &dots);
    let ticks = x.ticks(12);
    svg.x_axis(&plot, &x, &ticks, "");
    svg.text("tick", [0.0, y + 23.0], Anchor::Start, "time, s");
}

/// What the marks mean.
fn legend(chapter: &Chapter, with_triggers: bool) -> String {
    let mut svg = Svg::new(WIDTH, 24.0);
    let mut left = 0.0;
    let mut entry = |svg: &mut Svg, draw: &dyn Fn(&mut Svg, [f64; 2]), text: &str| {
        draw(svg, [left + 8.0, 12.0]);
        svg.text("tick", [left + 20.0, 16.0], Anchor::Start, text);
        left += 38.0 + 6.3 * text.len() as f64;
    };
    type Draw = fn(&mut Path, [f64; 2]);
    let entries: [(&str, Draw, &str); 5] = [
        ("peak", |p, [x, y]| p.dot(x, y), "beat or breath"),
        ("added", triangle, "added"),
        ("removed", cross, "removed"),
        ("interval", |p, [x, y]| p.bar(x - 8.0, y - 8.0, 16.0, 16.0), "interval stands out"),
        (
            "unusable",
            |p, [x, y]| p.bar(x - 8.0, y - 8.0, 16.0, 16.0),
            "stretch that cannot be used",
        ),
    ];
    for (class, draw, text) in entries {
        entry(
            &mut svg,
            &|svg, at| {
                let mut path = Path::default();
                draw(&mut path, at);
                svg.path(class, &path);
            },
            text,
        );
    }
    let line = |svg: &mut Svg, [x, y]: [f64; 2]| {
        let mut path = Path::default();
        path.line([x, y - 4.0], [x, y + 4.0]);
        svg.path("volumes", &path);
    };
    entry(&mut svg, &line, "volume begins");
    if with_triggers {
        let dot = |svg: &mut Svg, [x, y]: [f64; 2]| {
            let mut path = Path::default();
            path.dot(x, y);
            svg.path("trigger", &path);
        };
        entry(&mut svg, &dot, "trigger");
    }
    let description = "Dots are beats and breaths seen in the trace, triangles those put in, crosses those taken out; \
                       bands are flagged stretches; ticks below are the starts of volumes.";
    svg.finish(&escaped(&chapter.id("legend")), "What the marks mean", description)
}
