//! Pages of made-up records, through the library.

use boldly::physio::{
    Align, Alignment, Channel, Peak, Peaks, PhysioSummary, Status, Terms, Treatment, retroicor_from,
};
use boldly::pipeline::inputs::Physiology;
use boldly::pipeline::qc;
use boldly::recording::{Acquisition, Recording, Trace};
use boldly::report::qc::{Qc, RunQc};

/// A pulse of 1.1 Hz and a breath of 0.27 Hz, sampled from 8 s before a scan of TR 2 s and 6 slices to 8 s after it.
pub fn recording(seconds: f64, hz: f64) -> Recording {
    let n = ((seconds + 16.0) * hz) as usize;
    let trace = |wave: &dyn Fn(f64) -> f64| Trace {
        samples: (0..n).map(|i| wave(i as f64 / hz - 8.0)).collect(),
        sampling_hz: hz,
        start_s: -8.0,
    };
    let turn = std::f64::consts::TAU;
    Recording {
        name: "made-up_physio.tsv.gz".into(),
        cardiac: Some(trace(&|t| (4.0 * ((turn * 1.1 * t + (0.2 * t).sin()).cos() - 1.0)).exp())),
        respiratory: Some(trace(&|t| (turn * 0.27 * t + (0.05 * t).sin()).cos())),
        trigger: None,
    }
}

pub fn acquisition(seconds: f64) -> Acquisition {
    Acquisition {
        tr: 2.0,
        n_volumes: (seconds / 2.0) as usize,
        slice_times: Some((0..6).map(|k| f64::from(k) / 3.0).collect()),
        start_time: 0.0,
    }
}

/// A run as `boldly physio` hands it to the page.
pub fn run(recording: Recording, acquisition: &Acquisition, terms: &str, known: &Peaks) -> RunQc {
    let terms: Terms = terms.parse().unwrap();
    let retroicor =
        retroicor_from(&recording, known, acquisition, &terms, &Treatment::default()).unwrap();
    let columns = retroicor.groups.columns[0].clone();
    let (known, shown) = (known.clone(), acquisition.clone());
    qc::of_run(&Physiology {
        recording,
        retroicor,
        known,
        shown,
        moment_s: 0.0,
        columns,
        apart: None,
    })
    .unwrap()
}

pub fn of(runs: Vec<RunQc>) -> Qc {
    Qc {
        title: "made up".into(),
        version: "0".into(),
        command_line: vec!["boldly".into(), "physio".into()],
        inputs: Vec::new(),
        outputs: Vec::new(),
        warnings: Vec::new(),
        runs,
        maps: None,
    }
}

pub fn standard() -> RunQc {
    run(recording(240.0, 100.0), &acquisition(240.0), "harvey", &Peaks::default())
}

/// A run in which nothing was found.
pub fn empty(recording: Recording, peaks: Vec<Peak>) -> RunQc {
    let acquisition = acquisition(20.0);
    RunQc {
        name: recording.name.clone(),
        summary: PhysioSummary {
            recording: recording.name.clone(),
            columns: Vec::new(),
            n_beats: Some(0),
            n_beats_filled: Some(0),
            heart_rate_bpm: Some(0.0),
            n_rr_outliers: Some(0),
            n_breaths: Some(1),
            breathing_rate_per_minute: Some(3.0),
            alignment: Some(Alignment {
                by: Align::StartTime,
                dummies: 0,
                offset_s: 0.0,
                n_triggers: Some(3),
                first_trigger_s: None,
                clock_drift_ppm: None,
                trigger_jitter_s: None,
                drift_corrected: false,
            }),
            ..standard().summary
        },
        recording,
        peaks: Peaks { name: String::new(), peaks },
        peak_file: None,
        phases: boldly::physio::Phases { cardiac_phase: None, resp_phase: None },
        rvt: None,
        columns: ndarray::Array2::zeros((acquisition.n_volumes, 0)),
        described: Vec::new(),
        design: None,
        confounds: Vec::new(),
        left_out: Vec::new(),
        apart: None,
        chance: None,
        acquisition,
    }
}

pub fn peak(onset_s: f64, channel: Channel, status: Status) -> Peak {
    Peak { onset_s, channel, status }
}
