//! What is good, what needs a look, and what to do then: each judgement states the number it rests on and its bound.

use super::Chapter;
use super::RunQc;
use super::columns::Alike;
use super::coverage::Coverage;
use crate::physio::{self, Align, BadStretches, Channel, Explains, Reason};
use crate::recording::Trace;
use crate::report::html::{Table, counted, escaped, number, percent};

/// Share of beats put in or standing out up to which a record is called good.
const FEW: f64 = 0.01;
/// Share of the scan that may be flagged, or lie beyond the record.
const SMALL: f64 = 0.01;
/// Breaths a minute of a person at rest, generously.
const BREATHING_PER_MINUTE: (f64, f64) = (6.0, 30.0);
/// Triggers farther than this from where the scan was put disagree with it, seconds.
const APART_S: f64 = 0.1;
/// Length of the mean phase vector up to which phases are called even.
const EVEN: f64 = 0.1;
/// |r| from which two columns say nearly the same.
const ALIKE: f64 = 0.8;
/// Share of a design column that physiology may explain.
const SHARED: f64 = 0.5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Good,
    Look,
    NotChecked,
    /// The recording must not be used.
    DoNotUse,
}

/// One judgement.
struct Finding {
    verdict: Verdict,
    about: &'static str,
    says: String,
    /// What to do; empty where nothing is.
    next: String,
}

impl Finding {
    /// Good where it `is_good`; then nothing is to be done.
    fn new(about: &'static str, is_good: bool, says: String, next: impl Into<String>) -> Finding {
        let (verdict, next) = match is_good {
            true => (Verdict::Good, String::new()),
            false => (Verdict::Look, next.into()),
        };
        Finding { verdict, about, says, next }
    }

    /// The same of a trace, which is said to look as it does where it is not good.
    fn of_trace(
        about: &'static str,
        is_good: bool,
        says: String,
        (run, trace): (&RunQc, &Option<Trace>),
        next: &str,
    ) -> Finding {
        let trace = trace.as_ref().filter(|_| !is_good);
        let signs = trace.and_then(|trace| physio::signs(trace, Some(run.acquisition.tr)));
        let looks = signs.map_or(String::new(), |signs| format!("The trace {signs}. "));
        Finding::new(about, is_good, says, looks + next)
    }
}

/// The summary of a run.
pub(super) fn section(chapter: &Chapter, alike: &Alike) -> String {
    let run = chapter.run;
    let mut findings = unusable(run);
    findings.push(names(run));
    findings.extend(length(run));
    findings.extend(beats(run));
    findings.extend(breaths(run));
    findings.extend(stretches(run));
    findings.extend(alignment(run));
    findings.extend(beyond(run));
    for (cycle, series, coverage) in
        [("heart", "cardiac_cos", &chapter.cardiac), ("breath", "resp_cos", &chapter.respiratory)]
    {
        findings.extend(coverage.iter().map(|c| gaps(run, cycle, series, c)));
    }
    findings.extend(chapter.cardiac.iter().map(evenness));
    findings.extend(columns(run, alike));
    let is_unusable = !run.summary.unusable.is_empty();
    if is_unusable {
        // What is right about a recording of something else is no good news.
        let good = findings.iter_mut().filter(|f| f.verdict == Verdict::Good);
        good.for_each(|f| f.verdict = Verdict::NotChecked);
    }
    let n_look = findings.iter().filter(|f| f.verdict == Verdict::Look).count();
    let n_unchecked = findings.iter().filter(|f| f.verdict == Verdict::NotChecked).count();
    let opening = match is_unusable {
        true => "Do not use this recording.".to_owned(),
        false => opening(run, n_look, n_unchecked),
    };
    // What is good in a recording that is not the run's is no good news.
    let is_another = run.chance.as_ref().is_some_and(|c| c.explains == Explains::NoMoreThanChance);
    let good = if is_another { "plain" } else { "good" };
    // What needs a look comes first.
    findings.sort_by_key(|f| match f.verdict {
        Verdict::DoNotUse => 0,
        Verdict::Look => 1,
        Verdict::Good | Verdict::NotChecked => 2,
    });
    let heads = ["about", "verdict", "finding"];
    let mut table = Table::new("verdicts", "What was found", &heads);
    for f in &findings {
        let badge = match f.verdict {
            Verdict::Good => {
                format!("<span class=\"{good}\"><span aria-hidden=\"true\">✓ </span>good</span>")
            }
            Verdict::Look => {
                "<span class=\"look\"><span aria-hidden=\"true\">▲ </span>look</span>".to_owned()
            }
            Verdict::NotChecked => "not checked".to_owned(),
            Verdict::DoNotUse => {
                "<span class=\"look\"><span aria-hidden=\"true\">✕ </span>do not use</span>"
                    .to_owned()
            }
        };
        let next = match f.next.as_str() {
            "" => String::new(),
            next => format!("<p class=\"next\"><strong>Next:</strong> {}</p>", escaped(next)),
        };
        table.row_of_html(f.about, &[badge, escaped(&f.says) + &next]);
    }
    format!("<p class=\"opening\">{opening}</p>\n{}", table.finish())
}

/// Traces that must not be used.
fn unusable(run: &RunQc) -> Vec<Finding> {
    let finding = |u: &crate::physio::Unusable| Finding {
        verdict: Verdict::DoNotUse,
        about: match u.channel {
            Channel::Cardiac => "pulse",
            Channel::Respiratory => "breathing",
        },
        says: format!("the trace {}", u.why),
        next: match u.channel {
            Channel::Cardiac => "Leave the heart out: --terms 0/4/0. ",
            Channel::Respiratory => "Leave breathing out: --terms 3/0/0. ",
        }
        .to_owned()
            + "What stands below rests on this trace.",
    };
    run.summary.unusable.iter().map(finding).collect()
}

/// How many points need a look. What is said of a recording alone says nothing of whether it is the run's.
fn opening(run: &RunQc, n_look: usize, n_unchecked: usize) -> String {
    let look = match n_look {
        0 if n_unchecked > 0 => "nothing that was checked stands out".to_owned(),
        0 => "nothing stands out".to_owned(),
        1 => "one point needs a look".to_owned(),
        n => format!("{n} points need a look"),
    };
    let alone = match &run.chance {
        Some(c) if c.explains == Explains::MoreThanChance => "In recording and columns",
        _ => "In the recording alone",
    };
    let unchecked = match n_unchecked {
        0 => String::new(),
        n => format!(
            ", {} not checked",
            if n == 1 { "one is".to_owned() } else { format!("{n} are") }
        ),
    };
    format!("{alone} {look}{unchecked}.")
}

/// Whether recording and image have the names of one run.
fn names(run: &RunQc) -> Finding {
    let about = "names of recording and image";
    match &run.apart {
        None => Finding {
            verdict: Verdict::NotChecked,
            about,
            says: "they have no sub-, ses-, task- or run- in common".to_owned(),
            next: "Make sure that the recording is this run's.".to_owned(),
        },
        Some(apart) => Finding::new(
            about,
            apart.is_empty(),
            match apart.as_slice() {
                [] => "their sub-, ses-, task- and run- agree where both have them".to_owned(),
                apart => format!("the recording has {}", apart.join(", ")),
            },
            "By its name it is of another run: give the right one, or rename it.",
        ),
    }
}

/// Whether the recording lasts about as long as the run.
fn length(run: &RunQc) -> Option<Finding> {
    let length_s = run.recording.length_s();
    let scan_s = run.acquisition.n_volumes as f64 * run.acquisition.tr;
    let is_placed = run.summary.alignment.as_ref().is_some_and(|a| a.first_trigger_s.is_some());
    let says = format!(
        "{} s for a run of {} s (good up to 1.8 times as long, or where triggers place the run)",
        number(length_s, 0),
        number(scan_s, 0)
    );
    let is_good = is_placed || !run.recording.outlasts(scan_s);
    let next =
        "It may be another run's, or begin long before this one: check the file and its StartTime.";
    (length_s > 0.0).then(|| Finding::new("length of the recording", is_good, says, next))
}

/// How to correct peaks by hand.
fn by_hand(run: &RunQc) -> String {
    match &run.peak_file {
        Some(file) => format!(
            "Look at the marked places in the traces. In {file} set what is no beat or breath to removed, add rows for what was \
             missed, and run again with --peaks {file}."
        ),
        None => "Look at the marked places in the traces. boldly physio writes the peaks as a table; correct it by hand and \
                 run again with --peaks."
            .to_owned(),
    }
}

fn beats(run: &RunQc) -> Option<Finding> {
    let s = &run.summary;
    let (n, filled, outliers) = (s.n_beats?, s.n_beats_filled?, s.n_rr_outliers?);
    let share = (filled + outliers) as f64 / n.max(1) as f64;
    let rate = s.heart_rate_bpm.map_or(String::new(), |r| format!(", {} a minute", number(r, 1)));
    let says = format!(
        "{}{rate}; {filled} put in, {} out (together {} of the beats, good up to {})",
        counted(n, "beat"),
        if outliers == 1 {
            "1 RR interval stands".to_owned()
        } else {
            format!("{outliers} RR intervals stand")
        },
        percent(share),
        percent(FEW)
    );
    let is_good = n > 0 && share <= FEW;
    Some(Finding::of_trace("beats", is_good, says, (run, &run.recording.cardiac), &by_hand(run)))
}

fn breaths(run: &RunQc) -> Option<Finding> {
    let (n, rate) = (run.summary.n_breaths?, run.summary.breathing_rate_per_minute?);
    let (least, most) = BREATHING_PER_MINUTE;
    let noun = if n == 1 { "breath" } else { "breaths" };
    let says = format!("{n} {noun}, {} a minute (good from {least} to {most})", number(rate, 1));
    let next = "Look at the breathing trace: a belt that slipped or was clipped shows as a flat line. The respiratory phase \
                follows the trace, so a table of peaks does not mend it; --terms 3/0/0 leaves breathing out.";
    let is_good = (least..=most).contains(&rate);
    Some(Finding::of_trace("breaths", is_good, says, (run, &run.recording.respiratory), next))
}

fn stretches(run: &RunQc) -> Option<Finding> {
    if run.recording.cardiac.is_none() && run.recording.respiratory.is_none() {
        return None;
    }
    let scan_s = run.acquisition.n_volumes as f64 * run.acquisition.tr;
    let mut said = Vec::new();
    let mut worst = 0.0_f64;
    for (channel, name) in [(Channel::Cardiac, "pulse"), (Channel::Respiratory, "breathing")] {
        // In order of time; what two of them share counts once.
        let (mut seconds, mut until_s) = (0.0, 0.0_f64);
        for f in run.summary.flagged.iter().filter(|f| f.channel == channel) {
            if f.reason != Reason::Interval {
                seconds += (f.to_s.min(scan_s) - f.from_s.max(until_s)).max(0.0);
                until_s = until_s.max(f.to_s);
            }
        }
        if seconds > 0.0 {
            said.push(format!(
                "{} s of {name} ({})",
                number(seconds, 1),
                percent(seconds / scan_s)
            ));
        }
        worst = worst.max(seconds / scan_s);
    }
    if said.is_empty() {
        let says = "no flat, clipped, noisy or missing stretch within the scan".to_owned();
        return Some(Finding::new("unusable stretches", true, says, ""));
    }
    let what = match run.summary.treatment.bad_stretches {
        BadStretches::Interpolate => "phases are carried through".to_owned(),
        BadStretches::Censor => {
            format!(
                "columns are 0 there, in {}",
                counted(run.summary.censored_volumes.len(), "volume")
            )
        }
    };
    let says =
        format!("{} cannot be used; {what} (good up to {})", said.join(" and "), percent(SMALL));
    let next = "Look at the grey stretches in the traces. --bad-stretches censor leaves them out of the columns, interpolate \
                carries the phases through; more than a few per cent may be reason to leave the run out.";
    Some(Finding::new("unusable stretches", worst <= SMALL, says, next))
}

fn alignment(run: &RunQc) -> Option<Finding> {
    let a = run.summary.alignment.as_ref()?;
    let about = "alignment";
    let Some(n) = a.n_triggers else {
        return Some(Finding {
            verdict: Verdict::NotChecked,
            about,
            says: "no trigger column, so nothing checks when the scan began".to_owned(),
            next: "Make sure that StartTime, or the scanner's log, is right: half a second is half a beat.".to_owned(),
        });
    };
    let (Some(first_s), Some(ppm)) = (a.first_trigger_s, a.clock_drift_ppm) else {
        let wanted = run.acquisition.n_volumes + a.dummies;
        let says = format!(
            "{} for {}, so they check nothing",
            counted(n, "trigger"),
            counted(wanted, "volume")
        );
        let next = "If volumes were dropped from the image's start, say --dummies N; else check that the record is this run's.";
        return Some(Finding::new(about, false, says, next));
    };
    let says = format!(
        "{} put the start of the first volume at {} s (good within {APART_S} s); clock drift {} ppm",
        counted(n, "trigger"),
        number(first_s, 3),
        number(ppm, 1)
    );
    let scan_s = run.acquisition.n_volumes as f64 * run.acquisition.tr;
    let drifts = !a.drift_corrected && ppm.abs() * 1e-6 * scan_s > APART_S;
    let is_good = (a.by == Align::Trigger || first_s.abs() <= APART_S) && !drifts;
    Some(Finding::new(
        about,
        is_good,
        says,
        "Run again with --align trigger, or correct StartTime and SamplingFrequency.",
    ))
}

fn beyond(run: &RunQc) -> Option<Finding> {
    let s = &run.summary;
    let (heart, breath) = (s.cardiac_extrapolated_share, s.respiratory_extrapolated_share);
    let most = heart.into_iter().chain(breath).reduce(f64::max)?;
    let heart = heart.map(|h| (h, "before the first or after the last beat"));
    let breath = breath.map(|b| (b, "outside the breathing record"));
    let lie = heart.into_iter().chain(breath).enumerate().map(|(n, (share, place))| {
        let of = if n == 0 { " of the slices lie" } else { "" };
        format!("{}{of} {place}", percent(share))
    });
    let lie = lie.collect::<Vec<_>>().join(", ");
    let says = format!("{lie} (good up to {})", percent(SMALL));
    let next = "Their phase is a guess from the nearest rhythm. If the record is cut, drop those volumes; if it is not, the \
                alignment is wrong.";
    Some(Finding::new("cover of the scan", most <= SMALL, says, next))
}

/// The highest order of a series among the columns.
fn highest_order(run: &RunQc, series: &str) -> usize {
    let orders =
        run.summary.columns.iter().filter_map(|name| name.strip_prefix(series)?.parse().ok());
    orders.max().unwrap_or(1)
}

fn gaps(run: &RunQc, cycle: &'static str, series: &str, coverage: &Coverage) -> Finding {
    let order = highest_order(run, series).max(1);
    let most = 0.5 / order as f64;
    let (gap, slice) = coverage.widest_gap;
    let says = format!(
        "the widest gap between samples of one slice is {} of the cycle, in slice {slice} (good below {}, half a wave of order {order})",
        percent(gap),
        percent(most)
    );
    let next = "Part of the cycle was never seen in that slice: fit a lower order there (--terms), and do not read its shape.";
    let about =
        if cycle == "heart" { "cardiac phase coverage" } else { "respiratory phase coverage" };
    Finding::new(about, gap < most, says, next)
}

fn evenness(coverage: &Coverage) -> Finding {
    let says = format!(
        "mean phase vector of length {} (good up to {EVEN}; 0 is even)",
        number(coverage.unevenness, 3)
    );
    let next = "The heart kept step with the scanner, or beats were found at the scanner's rhythm: look whether the pulse trace \
                shows the gradients.";
    Finding::new("evenness of the cardiac phase", coverage.unevenness <= EVEN, says, next)
}

fn columns(run: &RunQc, alike: &Alike) -> Vec<Finding> {
    let mut findings = Vec::new();
    let names = &run.summary.columns;
    if let Some((r, a, b)) = alike.closest {
        let says = format!(
            "the closest two, {} and {}, correlate with r = {} (good below {ALIKE})",
            names[a],
            names[b],
            number(r, 2)
        );
        let next = "Two columns say nearly the same; fewer orders (--terms) would spend fewer degrees of freedom.";
        findings.push(Finding::new("columns among themselves", r.abs() < ALIKE, says, next));
    }
    // Confounds may well hold heart and breath: that is what they are for.
    let task = alike.design.iter().filter(|(name, ..)| !run.confounds.contains(name));
    let most = task.max_by(|a, b| a.1.total_cmp(&b.1));
    if let Some((name, share, ..)) = most {
        let says = format!(
            "physiology explains at most {} of a task column, {name} (good below {})",
            percent(*share),
            percent(SHARED)
        );
        let is_ready = run.design.as_ref().is_some_and(|design| design.n_task == 0);
        let next = match is_ready {
            true => {
                "The design was ready, and its names do not say whether this column is of the task. If it is, heart or breath \
                 followed it: the joint fit is valid, but that effect loses precision; report it. If it is a confound, all is well."
            }
            false => {
                "Heart or breath followed the task. The joint fit is valid, but that effect loses precision; report it."
            }
        };
        findings.push(Finding::new("columns and the task", *share < SHARED, says, next));
    }
    findings
}
