//! Flagged stretches: interpolated or censored by choice, and breaths corrected by hand make RVT.
#![allow(clippy::unwrap_used, reason = "tests")]

mod physio_common;

use boldly::physio::{
    BadStretches, Channel, Peak, Peaks, Reason, Retroicor, Status, Terms, Treatment, breaths,
    retroicor_from, rvt,
};
use boldly::recording::Recording;
use physio_common::{breathing, dicrotic, pulse, resting, six_planes};

/// Pulse lost from 40 to 47 s, breathing from 80 to 90 s.
fn record() -> Recording {
    let mut cardiac = pulse(100.0, 140.0, -5.0, resting, dicrotic).0;
    let mut respiratory = breathing(25.0, 140.0, -5.0);
    cardiac.samples[4500..5200].fill(0.2);
    respiratory.samples[85 * 25..95 * 25].fill(f64::NAN);
    Recording {
        name: "sub-01_physio.tsv.gz".into(),
        cardiac: Some(cardiac),
        respiratory: Some(respiratory),
        trigger: None,
    }
}

fn columns_of(record: &Recording, peaks: &Peaks, terms: &str, bad: BadStretches) -> Retroicor {
    let treatment = Treatment { bad_stretches: bad, ..Treatment::default() };
    retroicor_from(record, peaks, &six_planes(), &terms.parse::<Terms>().unwrap(), &treatment)
        .unwrap()
}

#[test]
fn censored_slices_have_columns_of_zero_where_their_own_trace_is_flagged_and_are_listed() {
    let record = record();
    let peaks = Peaks::default();
    let kept = columns_of(&record, &peaks, "1/1/1x1+rv", BadStretches::Interpolate);
    let censored = columns_of(&record, &peaks, "1/1/1x1+rv", BadStretches::Censor);
    let flagged = &censored.summary.flagged;
    assert_eq!(&kept.summary.flagged, flagged);
    assert!(kept.summary.censored_volumes.is_empty());
    let has = |channel, reason, from_s: f64, to_s: f64| {
        flagged.iter().any(|f| {
            (f.channel, f.reason) == (channel, reason)
                && (f.from_s - from_s).abs() < 0.05
                && (f.to_s - to_s).abs() < 0.05
        })
    };
    assert!(has(Channel::Cardiac, Reason::Flat, 40.0, 47.0), "{flagged:?}");
    assert!(has(Channel::Respiratory, Reason::Missing, 80.0, 90.0), "{flagged:?}");
    let within = |channel: Channel, t: f64| {
        flagged.iter().any(|f| f.channel == channel && f.from_s <= t && t <= f.to_s)
    };
    let mut listed = Vec::new();
    for (group, slice_time) in [0.0, 0.6, 1.2].into_iter().enumerate() {
        let (x, y) = (&censored.groups.columns[group], &kept.groups.columns[group]);
        for v in 0..60 {
            let t = v as f64 * 2.0 + slice_time;
            let lost = [within(Channel::Cardiac, t), within(Channel::Respiratory, t)];
            if lost[0] || lost[1] {
                listed.push(v);
            }
            // cardiac, respiratory, interaction; the slow column stays
            for (k, is_zero) in [lost[0], lost[0], lost[1], lost[1]].into_iter().enumerate() {
                assert_eq!(x[[v, k]] == 0.0, is_zero, "slice time {slice_time}, {t} s, column {k}");
            }
            (4..8).for_each(|k| assert_eq!(x[[v, k]] == 0.0, lost[0] || lost[1]));
            assert_eq!(x[[v, 8]], y[[v, 8]]);
        }
        for k in 0..9 {
            assert!(
                x.column(k).sum().abs() < 1e-12,
                "column {k} has the mean {}",
                x.column(k).sum()
            );
        }
        // Outside, the same column but for its mean.
        let shift = x[[0, 0]] - y[[0, 0]];
        assert!((x[[5, 0]] - y[[5, 0]] - shift).abs() < 1e-12);
    }
    listed.sort_unstable();
    listed.dedup();
    assert_eq!(censored.summary.censored_volumes, listed);
    assert!((8..20).contains(&listed.len()), "{listed:?}");
}

#[test]
fn a_trace_that_no_column_needs_censors_nothing_and_one_flagged_throughout_is_refused() {
    let record = record();
    let alone = columns_of(&record, &Peaks::default(), "0/2/0", BadStretches::Censor);
    assert!(alone.summary.flagged.iter().all(|f| f.channel == Channel::Respiratory));
    assert!(alone.summary.censored_volumes.iter().all(|v| (40..=45).contains(v)));
    let mut lost = record;
    let samples = &mut lost.cardiac.as_mut().unwrap().samples;
    let n = samples.len();
    samples[1500..n - 3000].fill(0.2);
    let fsl: Terms = "4/4/2x2".parse().unwrap();
    let censor = Treatment { bad_stretches: BadStretches::Censor, ..Treatment::default() };
    let refused = retroicor_from(&lost, &Peaks::default(), &six_planes(), &fsl, &censor);
    let message = refused.unwrap_err().to_string();
    assert!(
        message.contains("outside flagged stretches") && message.contains("32 columns"),
        "{message}"
    );
}

#[test]
fn slow_measures_are_joined_over_a_lost_stretch() {
    let mut record = record();
    let terms = "0/0/0+rv+rvt+rvt-hilbert";
    let joined = columns_of(&record, &Peaks::default(), terms, BadStretches::Interpolate);
    record.respiratory = Some(breathing(25.0, 140.0, -5.0));
    let whole = columns_of(&record, &Peaks::default(), terms, BadStretches::Interpolate);
    for k in 0..3 {
        let (a, b) = (joined.groups.columns[0].column(k), whole.groups.columns[0].column(k));
        let off = (&a - &b).mapv(|v| v * v).sum().sqrt() / b.mapv(|v| v * v).sum().sqrt();
        println!("column {k}: {off:.3} of its length off");
        // With the straight line in the trace itself the measure would fall to nothing for ten seconds.
        assert!(off < 0.5, "column {k}: {off}");
    }
}

#[test]
fn rvt_follows_the_breaths_of_the_table() {
    let mut record = record();
    record.respiratory = Some(breathing(25.0, 140.0, -5.0));
    let trace = record.respiratory.as_ref().unwrap();
    let found = breaths(trace).unwrap();
    let table = |peaks_s: &[f64]| Peaks {
        name: "peaks.tsv".into(),
        peaks: peaks_s
            .iter()
            .map(|&onset_s| Peak { onset_s, channel: Channel::Respiratory, status: Status::Ok })
            .collect(),
    };
    let column = |peaks: &Peaks| {
        let model = columns_of(&record, peaks, "0/0/0+rvt", BadStretches::Interpolate);
        model.groups.columns[0].column(0).to_vec()
    };
    let detected = column(&Peaks::default());
    assert_eq!(
        column(&table(&found.peaks_s)),
        detected,
        "a table that nobody edited changes nothing"
    );
    let largest = detected.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    // Ten breaths removed in the middle: RVT falls there.
    let gap: Vec<f64> =
        found.peaks_s.iter().copied().filter(|t| !(50.0..90.0).contains(t)).collect();
    let model = columns_of(&record, &table(&gap), "0/0/0+rvt", BadStretches::Interpolate);
    let emptied = model.groups.columns[0].column(0);
    assert!(emptied.iter().zip(&detected).any(|(a, b)| (a - b).abs() > 0.5 * largest));
    assert_eq!(model.summary.n_breaths, Some(gap.len()));
    let times_s = [70.0];
    let before = rvt(trace, &found, &times_s, "breath").unwrap()[0];
    let mut edited = found.clone();
    edited.peaks_s = gap;
    assert!(rvt(trace, &edited, &times_s, "breath").unwrap()[0] < 0.3 * before);
}

#[test]
fn the_drift_of_a_belt_is_taken_out_by_a_band_and_what_is_flagged_stays_flagged() {
    let mut record = record();
    let clean = breathing(25.0, 140.0, -5.0);
    record.respiratory = Some(clean.clone());
    let columns = |record: &Recording, breath_band_hz: Option<(f64, f64)>| {
        let treatment = Treatment { breath_band_hz, ..Treatment::default() };
        let terms: Terms = "0/1/0".parse().unwrap();
        retroicor_from(record, &Peaks::default(), &six_planes(), &terms, &treatment).unwrap()
    };
    let want = columns(&record, None);
    let drifting = &mut record.respiratory.as_mut().unwrap().samples;
    for (i, v) in drifting.iter_mut().enumerate() {
        *v += 8.0 * (i as f64 / 25.0 / 140.0 - 0.5);
    }
    drifting[85 * 25..95 * 25].fill(f64::NAN);
    let (all, band) = (columns(&record, None), columns(&record, Some((0.05, 2.0))));
    assert_eq!(all.summary.flagged, band.summary.flagged);
    assert!(band.summary.flagged.iter().any(|f| f.reason == Reason::Missing));
    assert_eq!(band.summary.treatment.breath_band_hz, Some((0.05, 2.0)));
    let r = |model: &Retroicor| {
        // cosine, in volumes away from the gap
        let pick =
            |m: &Retroicor| -> Vec<f64> { (0..35).map(|v| m.groups.columns[0][[v, 0]]).collect() };
        let (a, b) = (pick(model), pick(&want));
        let n = a.len() as f64;
        let (ma, mb) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
        let dot = |x: &[f64], mx: f64, y: &[f64], my: f64| {
            x.iter().zip(y).map(|(u, v)| (u - mx) * (v - my)).sum::<f64>()
        };
        dot(&a, ma, &b, mb) / (dot(&a, ma, &a, ma) * dot(&b, mb, &b, mb)).sqrt()
    };
    println!(
        "r with the columns of the trace without drift: {:.3} as it is, {:.3} in the band",
        r(&all),
        r(&band)
    );
    assert!(r(&all) < 0.8 && r(&band) > 0.95, "{} {}", r(&all), r(&band));
}

#[test]
fn beats_given_by_hand_need_no_readable_trace_and_keep_its_flags_where_it_is() {
    let mut record = record();
    let beats_s = pulse(100.0, 140.0, -5.0, resting, dicrotic).1;
    let peaks = Peaks {
        name: "peaks.tsv".into(),
        peaks: beats_s
            .iter()
            .map(|&onset_s| Peak { onset_s, channel: Channel::Cardiac, status: Status::Ok })
            .collect(),
    };
    let model = columns_of(&record, &peaks, "2/0/0", BadStretches::Censor);
    assert!(model.summary.flagged.iter().any(|f| f.reason == Reason::Flat));
    assert!((20..=23).all(|v| model.summary.censored_volumes.contains(&v)));
    record.cardiac.as_mut().unwrap().samples.fill(0.0);
    let model = columns_of(&record, &peaks, "2/0/0", BadStretches::Censor);
    assert!(model.summary.flagged.iter().all(|f| f.reason == Reason::Interval));
}
