//! Real records: beats against AFNI, PhysIO and neurokit2; columns against injected noise of real pulse and breath.
#![allow(clippy::unwrap_used, reason = "tests")]

mod physio_common;

use boldly::physio::{Terms, beats, detect, retroicor};
use boldly::recording::Acquisition;
use ndarray::Array2;
use physio_common::{Agreement, agreement, columns, golden, json, numbers, recording, shared};

const CUED: &str = "ds210-physio/sub-02/func/sub-02_task-cuedSGT_run-01_physio.tsv.gz";

#[track_caller]
fn assert_agreement(name: &str, a: &Agreement, at_most_off: f64, within: f64) {
    println!("{name}: {a:?}");
    let off = (a.n_missed + a.n_extra) as f64 / (a.n_matched + a.n_missed) as f64;
    assert!(off <= at_most_off, "{name}: {off} false or missed, at most {at_most_off}: {a:?}");
    assert!(a.within_20_ms_of_offset >= within, "{name}: within 20 ms {a:?}");
}

#[test]
fn beats_of_ds210_agree_with_neurokit2() {
    let stored = json(&golden("physio_neurokit.json"));
    let mut n = 0;
    for (name, want) in stored["records"].as_object().unwrap() {
        let path = format!("ds210-physio/{}/func/{name}_physio.tsv.gz", &name[..6]);
        let Some(record) = recording(&path, 50.0, 0.0) else { continue };
        let found = detect(record.cardiac.as_ref().unwrap(), name).unwrap();
        println!("{name}: filled {} outliers {}", found.n_filled, found.n_rr_outliers);
        let a = agreement(&found.times_s, &numbers(want), 0.3);
        assert_agreement(name, &a, 0.01, 0.95);
        n += 1;
    }
    println!("{n} records compared");
}

#[test]
fn beats_of_ds210_agree_with_afni() {
    let path = "ds210-physio/sub-02/func/sub-02_task-rest_run-01_physio.tsv.gz";
    let (Some(record), Some(peaks)) =
        (recording(path, 50.0, 0.0), shared("ds210-physio/afni-reference/sub-02_card_peaks_00.1D"))
    else {
        return;
    };
    let want: Vec<f64> = std::fs::read_to_string(peaks)
        .unwrap()
        .split_whitespace()
        .map(|v| v.parse::<f64>().unwrap() / 50.0)
        .collect();
    let got = beats(record.cardiac.as_ref().unwrap()).unwrap();
    assert_agreement("AFNI", &agreement(&got, &want, 0.3), 0.01, 0.99);
}

#[test]
fn beats_of_the_physio_examples_agree_with_those_physio_stored() {
    // The pulse of PPU3T is broad: neurokit2 and PhysIO agree within 20 ms on 97 % of these beats.
    for (folder, file, off, within) in [
        ("PPU3T", "sub-s999_task-random_run-99_physio.tsv.gz", 0.01, 0.93),
        ("CPULSE3T", "sub-s998_task-random_run-99_physio.tsv.gz", 0.01, 1.0),
    ] {
        let path = format!("physio-examples/BIDS/{folder}/{file}");
        let stages = shared(&format!("physio-examples/BIDS/{folder}/reference_stages.json"));
        let (Some(record), Some(stages)) = (recording(&path, 50.0, 0.0), stages) else { continue };
        let found = detect(record.cardiac.as_ref().unwrap(), folder).unwrap();
        println!(
            "{folder}: {} beats, filled {} outliers {}",
            found.times_s.len(),
            found.n_filled,
            found.n_rr_outliers
        );
        let want = numbers(&json(&stages)["cpulse"]);
        assert_agreement(folder, &agreement(&found.times_s, &want, 0.3), off, within);
    }
}

/// The studyforrest run as the injection golden has it.
fn run_of(golden: &serde_json::Value) -> Acquisition {
    Acquisition {
        tr: golden["tr"].as_f64().unwrap(),
        n_volumes: golden["n_volumes"].as_u64().unwrap() as usize,
        slice_times: Some(numbers(&golden["slice_times"])),
        start_time: 0.0,
    }
}

/// Orthonormal basis of the columns (modified Gram-Schmidt, twice), nearly dependent ones left out.
fn basis(x: &Array2<f64>) -> Array2<f64> {
    let mut q = Array2::<f64>::zeros((x.nrows(), 0));
    for column in x.columns() {
        let mut v = column.to_owned();
        let length = v.dot(&v).sqrt();
        for _ in 0..2 {
            for u in q.columns() {
                let along = u.dot(&v);
                v.scaled_add(-along, &u);
            }
        }
        let rest = v.dot(&v).sqrt();
        if rest > 1e-9 * length {
            v /= rest;
            q.push_column(v.view()).unwrap();
        }
    }
    q
}

/// Injected waveforms `[kind]` of `[volume][plane]`.
fn waveforms() -> [Array2<f64>; 2] {
    let table = columns(&golden("injection.tsv.gz"));
    let planes = table.len() / 2;
    [0, planes]
        .map(|from| Array2::from_shape_fn((table[0].len(), planes), |(t, k)| table[from + k][t]))
}

fn r2(design: impl Fn(usize) -> Array2<f64>, waves: &[&Array2<f64>]) -> f64 {
    let (mut left, mut total) = (0.0, 0.0);
    for plane in 0..waves[0].ncols() {
        let q = basis(&design(plane));
        for wave in waves {
            let mut y = wave.column(plane).to_owned();
            y -= y.sum() / y.len() as f64;
            total += y.dot(&y);
            for u in q.columns() {
                let along = u.dot(&y);
                y.scaled_add(-along, &u);
            }
            left += y.dot(&y);
        }
    }
    1.0 - left / total
}

#[test]
fn our_columns_explain_injected_waveforms_of_a_real_pulse_and_breath_and_a_shifted_slice_order_does_not()
 {
    let Some(record) = recording(CUED, 50.0, 0.0) else { return };
    let mut acquisition = run_of(&json(&golden("injection.json")));
    let model = retroicor(&record, &acquisition, &Terms::HARVEY).unwrap();
    println!("{}", serde_json::to_string_pretty(&model.summary).unwrap());
    let waves = waveforms();
    let both: Vec<&Array2<f64>> = waves.iter().collect();
    let columns = |m: &boldly::physio::Retroicor, plane: usize| {
        m.groups.columns[m.groups.group_of_plane[plane]].clone()
    };
    let (cardiac, resp) =
        (r2(|k| columns(&model, k), &both[..1]), r2(|k| columns(&model, k), &both[1..]));
    let right = r2(|k| columns(&model, k), &both);
    // Planes whose neighbour was acquired 57 ms later; the interleaved order moves a slice by half a TR.
    let n = acquisition.slice_times.as_ref().unwrap().len();
    acquisition.slice_times.as_mut().unwrap().rotate_left(1);
    let by_one = retroicor(&record, &acquisition, &Terms::HARVEY).unwrap();
    let shifted = r2(|k| columns(&by_one, k), &both);
    let volume_wise = r2(|_| columns(&model, n / 2), &both);
    println!(
        "R2: cardiac {cardiac:.4}, respiratory {resp:.4}, both {right:.4}; slice order shifted by one {shifted:.4}; one phase a volume {volume_wise:.4}"
    );
    assert!(right > 0.90, "{right}");
    // What is left of the noise more than doubles.
    assert!(1.0 - shifted > 2.0 * (1.0 - right), "shifted {shifted}, right {right}");
}
