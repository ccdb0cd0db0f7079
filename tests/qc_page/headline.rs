//! What heads the page, and the design on it.

use boldly::physio::{Alone, BeyondChance, Explains};

use super::*;

#[test]
fn the_headline_says_what_is_known_of_recording_and_run_and_nothing_unchecked_is_green() {
    let chance = |explains, rank: usize, breath: usize| BeyondChance {
        explains,
        after_correction: false,
        n_voxels: 4000,
        tested: vec!["cardiac".into(), "respiratory".into()],
        left_out: Vec::new(),
        share: 0.05,
        stretched_shares: vec![0.001; 39],
        rank,
        alone: vec![Alone { name: "respiratory".into(), share: 0.0, rank: breath }],
    };
    use Explains::{CannotTell, MoreThanChance, NoMoreThanChance};
    for (chance, class, words) in [
        (None, "open", "Not checked: whether this recording explains the run."),
        (Some(chance(MoreThanChance, 1, 1)), "yes", "explains this run more than chance."),
        (Some(chance(MoreThanChance, 1, 9)), "open", "one of its channels by itself does not"),
        (Some(chance(NoMoreThanChance, 8, 8)), "no", "Do not use as it is"),
        (Some(chance(CannotTell, 1, 1)), "open", "Cannot tell"),
    ] {
        let mut run = made_up::standard();
        run.chance = chance.clone();
        run.apart = Some(vec!["sub-06 for sub-02".into()]);
        let all = checked(&page(&made_up::of(vec![run])).unwrap());
        let headline: Vec<&Element> = all.iter().filter(|e| e.class("headline")).collect();
        assert_eq!(headline.len(), 1);
        assert!(headline[0].class(class) && headline[0].text.contains(words), "{headline:?}");
        let n_green = all.iter().filter(|e| e.class("good")).count();
        assert_eq!(n_green == 0, class == "no", "{n_green} in {class}");
        let summary = text(&all, "run-1-summary");
        assert!(summary.contains("the recording has sub-06 for sub-02"), "{summary}");
        let alone = summary.contains("In the recording alone");
        assert_eq!(alone, class != "yes" && !words.contains("channels"), "{summary}");
    }
}

#[test]
fn a_trace_of_something_else_heads_the_page_whatever_else_is_good() {
    let mut run = made_up::standard();
    let why = "beats once a volume".to_owned();
    run.summary.unusable = vec![boldly::physio::Unusable { channel: Channel::Cardiac, why }];
    let all = checked(&page(&made_up::of(vec![run])).unwrap());
    let headline = all.iter().find(|e| e.class("headline")).unwrap();
    assert!(headline.class("no") && headline.text.contains("Do not use"), "{headline:?}");
    let because = all.iter().find(|e| e.class("because")).unwrap();
    assert!(because.text.contains("trace beats once a volume"), "{because:?}");
}

#[test]
fn of_a_ready_design_it_is_not_said_that_a_column_that_physiology_explains_is_of_the_task() {
    for (n_task, words) in [(1, "Heart or breath followed the task."), (0, "The design was ready")]
    {
        let mut run = made_up::standard();
        let constant = ndarray::Array1::ones(run.columns.nrows());
        let matrix = ndarray::stack![ndarray::Axis(1), run.columns.column(0), constant];
        let names = ["word", "constant"].map(str::to_owned).to_vec();
        run.design = Some(boldly::design::Design { names, matrix, n_task });
        run.confounds = vec!["constant".to_owned()];
        let all = checked(&page(&made_up::of(vec![run])).unwrap());
        let summary = text(&all, "run-1-summary");
        assert!(summary.contains(words), "{summary}");
        assert_eq!(summary.contains("followed the task."), n_task == 1, "{summary}");
    }
}

#[test]
fn the_design_is_drawn_and_says_what_each_column_loses_to_the_others() {
    let mut run = made_up::standard();
    let n = run.columns.nrows();
    // the half of the first column's variance, and as much of something else
    let own = run.columns.column(0).to_owned();
    let size = own.dot(&own).sqrt();
    let mut other = ndarray::Array1::from_iter((0..n).map(|t| (0.7 * t as f64).sin()));
    for column in run.columns.columns() {
        let along = other.dot(&column) / column.dot(&column);
        other.scaled_add(-along, &column);
    }
    other -= other.sum() / n as f64;
    let task = own / size + &other / other.dot(&other).sqrt();
    let matrix = ndarray::stack![ndarray::Axis(1), task, ndarray::Array1::ones(n)];
    let names = ["pain", "constant"].map(str::to_owned).to_vec();
    run.design = Some(boldly::design::Design { names, matrix, n_task: 0 });
    let all = checked(&page(&made_up::of(vec![run])).unwrap());
    let said = text(&all, "run-1-design-drawn-desc");
    assert!(said.starts_with("The design: 120 volumes"), "{said}");
    let drawn = text(&all, "run-1-design-drawn");
    assert!(["pain", "constant", "volume"].iter().all(|name| drawn.contains(name)), "{drawn}");
    assert!(all.iter().any(|e| e.name == "details") && all.iter().any(|e| e.name == "summary"));
    let columns = text(&all, "run-1-columns");
    let vif: f64 = columns
        .split("closest columnr")
        .nth(1)
        .and_then(|rest| {
            let rest = rest.trim_start().strip_prefix("pain")?;
            rest.get(..4)?.parse().ok()
        })
        .unwrap();
    // 1 / (1 - 1/2), but for what the other columns share with it
    assert!((1.95..2.3).contains(&vif), "{vif}: {columns}");
}

#[test]
fn a_clock_that_runs_away_from_the_triggers_needs_a_look_unless_it_was_taken_out() {
    for (ppm, corrected, looks) in
        [(-9901.0, false, true), (12.0, false, false), (-9901.0, true, false)]
    {
        let mut run = made_up::standard();
        run.summary.alignment =
            made_up::empty(made_up::recording(20.0, 50.0), vec![]).summary.alignment;
        let alignment = run.summary.alignment.as_mut().unwrap();
        (alignment.n_triggers, alignment.first_trigger_s) = (Some(120), Some(0.0));
        (alignment.clock_drift_ppm, alignment.drift_corrected) = (Some(ppm), corrected);
        let all = checked(&page(&made_up::of(vec![run])).unwrap());
        let summary = text(&all, "run-1-summary");
        assert_eq!(
            summary.contains("correct StartTime and SamplingFrequency"),
            looks,
            "{ppm}: {summary}"
        );
    }
}
