//! What was recorded, how it was placed on the scan's time, and what was found: facts and a picture of who was on when.

use super::traces::end_s;
use super::{Chapter, RIGHT, WIDTH};
use crate::physio::{Align, Alignment};
use crate::recording::Trace;
use crate::report::html::{Table, counted, figure, number, percent};
use crate::report::svg::{Anchor, Path, Plot, Svg};

pub(super) fn section(chapter: &Chapter) -> String {
    facts(chapter) + &timeline(chapter)
}

/// Facts, each with an id so that a program can find it.
struct Facts<'a> {
    chapter: &'a Chapter<'a>,
    table: Table,
}

impl Facts<'_> {
    fn add(&mut self, key: &str, head: &str, value: String) {
        let id = self.chapter.id(key);
        let value = crate::report::html::escaped(&value);
        self.table.row_of_html(head, &[format!("<span id=\"{id}\">{value}</span>")]);
    }

    fn add_some(&mut self, key: &str, head: &str, value: Option<String>) {
        if let Some(value) = value {
            self.add(key, head, value);
        }
    }
}

fn facts(chapter: &Chapter) -> String {
    let run = chapter.run;
    let (summary, acquisition) = (&run.summary, &run.acquisition);
    let mut facts =
        Facts { chapter, table: Table::new("facts", "The recording", &["what", "value"]) };
    facts.add("recording", "recording", summary.recording.clone());
    facts.add(
        "scan",
        "scan",
        format!("{} of {} s", counted(acquisition.n_volumes, "volume"), acquisition.tr),
    );
    facts.add("slice-times", "slice times", slice_times(chapter));
    facts.add(
        "terms",
        "terms",
        format!("{}: {}", summary.terms, counted(summary.columns.len(), "column")),
    );
    let hz = |hz: f64| format!("{} Hz", plain(hz));
    facts.add_some("cardiac-hz", "pulse, sampling rate", summary.cardiac_sampling_hz.map(hz));
    facts.add_some("n-beats", "beats in the record", summary.n_beats.map(|n| n.to_string()));
    facts.add_some(
        "heart-rate-mean",
        "heart rate, beats a minute",
        summary.heart_rate_bpm.map(|v| number(v, 1)),
    );
    facts.add_some("n-filled", "beats put in", summary.n_beats_filled.map(|n| n.to_string()));
    facts.add_some(
        "n-outliers",
        "RR intervals that stand out",
        summary.n_rr_outliers.map(|n| n.to_string()),
    );
    facts.add_some(
        "cardiac-beyond",
        "slices before the first or after the last beat",
        summary.cardiac_extrapolated_share.map(percent),
    );
    facts.add_some("resp-hz", "breathing, sampling rate", summary.respiratory_sampling_hz.map(hz));
    facts.add_some(
        "breath-band",
        "breathing, band kept before its phase",
        summary
            .treatment
            .breath_band_hz
            .map(|(low, high)| format!("{} to {} Hz", plain(low), plain(high))),
    );
    facts.add_some("n-breaths", "breaths in the record", summary.n_breaths.map(|n| n.to_string()));
    facts.add_some(
        "breathing-rate-mean",
        "breathing rate, breaths a minute",
        summary.breathing_rate_per_minute.map(|v| number(v, 1)),
    );
    facts.add_some(
        "resp-beyond",
        "slices outside the breathing record",
        summary.respiratory_extrapolated_share.map(percent),
    );
    facts.add_some("peak-table", "peak table read", summary.peak_table.clone());
    for slow in &summary.slow {
        facts.add(
            &format!("slow-{}", slow.measure),
            &format!("{}, standard deviation over mean", slow.measure),
            number(slow.variation, 3),
        );
    }
    if let Some(alignment) = &summary.alignment {
        add_alignment(&mut facts, alignment);
    }
    facts.table.finish()
}

/// A number in its shortest form with a true minus sign.
fn plain(value: f64) -> String {
    if value.is_finite() { value.to_string().replacen('-', "−", 1) } else { number(value, 0) }
}

fn slice_times(chapter: &Chapter) -> String {
    let run = chapter.run;
    match &run.acquisition.slice_times {
        Some(times) => {
            let last = times.iter().copied().fold(0.0, f64::max);
            format!(
                "{}, {} between 0 and {} s",
                counted(times.len(), "slice"),
                counted(run.summary.n_groups, "moment"),
                number(last, 3)
            )
        }
        None => "not known or corrected for; columns at the frame times".to_owned(),
    }
}

fn add_alignment(facts: &mut Facts, alignment: &Alignment) {
    let by = match alignment.by {
        Align::StartTime => "by StartTime",
        Align::Trigger => "by the triggers",
        Align::Start => "the record begins with the scan",
        Align::End => "the record ends with the scan",
    };
    facts.add("aligned", "alignment", by.to_owned());
    let ms = |s: f64| format!("{} ms", number(1000.0 * s, 1));
    facts.add("offset", "record moved by", format!("{} s", number(alignment.offset_s, 4)));
    if alignment.dummies > 0 {
        facts.add("dummies", "volumes dropped from the start", alignment.dummies.to_string());
    }
    let n_triggers = alignment.n_triggers.map_or("no trigger column".to_owned(), |n| n.to_string());
    facts.add("n-triggers", "triggers", n_triggers);
    facts.add_some(
        "first-trigger",
        "first volume by the triggers",
        alignment.first_trigger_s.map(|s| format!("{} s", number(s, 4))),
    );
    let taken = if alignment.drift_corrected { ", taken out" } else { "" };
    facts.add_some(
        "drift",
        "clock drift",
        alignment.clock_drift_ppm.map(|ppm| format!("{} ppm{taken}", number(ppm, 1))),
    );
    facts.add_some("jitter", "trigger jitter, largest", alignment.trigger_jitter_s.map(ms));
}

/// Bars: the scan, and beside it what each trace covers.
fn timeline(chapter: &Chapter) -> String {
    let run = chapter.run;
    let scan_s = run.acquisition.n_volumes as f64 * run.acquisition.tr;
    let mut bars: Vec<(&str, &str, f64, f64)> = vec![("scan", "scan-bar", 0.0, scan_s)];
    let recording = &run.recording;
    for (name, trace) in [
        ("pulse", &recording.cardiac),
        ("breathing", &recording.respiratory),
        ("trigger", &recording.trigger),
    ] {
        let covered = |t: &Trace| (name, "record-bar", t.start_s, end_s(t));
        bars.extend(trace.iter().map(covered));
    }
    let (from, to) =
        bars.iter().fold((0.0_f64, scan_s), |(a, b), bar| (a.min(bar.2), b.max(bar.3)));
    let plot = Plot {
        left: 74.0,
        top: 6.0,
        width: WIDTH - 74.0 - RIGHT,
        height: 17.0 * bars.len() as f64,
    };
    let mut svg = Svg::new(WIDTH, plot.bottom() + 38.0);
    let x = plot.across(from, to);
    let mut said = Vec::new();
    for (nth, (name, class, begin, end)) in bars.iter().enumerate() {
        let top = plot.top + 17.0 * nth as f64;
        let mut bar = Path::default();
        bar.bar(x.at(*begin), top + 2.0, (x.at(*end) - x.at(*begin)).max(1.0), 12.0);
        svg.path(class, &bar);
        svg.text("tick", [0.0, top + 12.0], Anchor::Start, name);
        said.push(format!("{name} from {} to {} s", number(*begin, 2), number(*end, 2)));
    }
    let mut edges = Path::default();
    for edge in [0.0, scan_s] {
        edges.line([x.at(edge), plot.top], [x.at(edge), plot.bottom()]);
    }
    svg.path("edge", &edges);
    svg.x_axis(&plot, &x, &x.ticks(10), "time from the start of the first volume, s");
    let drawing = svg.finish(&chapter.id("timeline"), "Scan and record", &(said.join("; ") + "."));
    figure("Scan and record", &drawing, "What was recorded while the scanner ran.")
}
