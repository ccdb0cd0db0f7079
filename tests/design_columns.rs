//! Task and drift columns against SPM's stored designs and nilearn 0.14.1 (`tests/oracles/design.py`).
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use boldly::design::hrf::{self, Derivatives, MicroTime, Model};
use boldly::design::{Design, DesignSpec, Drift, Event, build, drift, from_table};
use common::{assert_close, compare, numbers, shared};
use serde_json::Value;

fn golden(text: &str) -> Value {
    serde_json::from_str(text).expect("valid JSON")
}

fn event(trial_type: &str, onset: f64, duration: f64) -> Event {
    Event { onset, duration, trial_type: trial_type.into(), amplitude: 1.0, line: 2 }
}

fn frames(n: usize, tr: f64, start: f64) -> Vec<f64> {
    (0..n).map(|k| start + k as f64 * tr).collect()
}

fn column(design: &Design, name: &str) -> Vec<f64> {
    let at = design.names.iter().position(|n| n == name).unwrap();
    design.matrix.column(at).to_vec()
}

#[test]
fn spm_designs_of_impulses_and_blocks_are_reproduced_with_t0_two() {
    let golden = golden(include_str!("goldens/design_spm.json"));
    let conditions = golden["conditions"].as_array().unwrap();
    for (key, duration) in [("impulses", 0.0), ("blocks_10_s", 10.0)] {
        let mut spec = DesignSpec::new(frames(100, 1.0, 0.0), 1.0);
        spec.micro_time = MicroTime { bins: 16, reference: 2 };
        for (condition, onsets) in conditions.iter().zip(golden["onsets"].as_array().unwrap()) {
            let name = condition.as_str().unwrap();
            spec.events.extend(numbers(onsets).iter().map(|o| event(name, *o, duration)));
        }
        let design = build(&spec).unwrap();
        for (c, condition) in conditions.iter().enumerate() {
            let want: Vec<f64> = golden[key]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row[c].as_f64().unwrap())
                .collect();
            let got = column(&design, condition.as_str().unwrap());
            // Sums in another order: units in the last place of the peak.
            let peak = want.iter().fold(0.0f64, |a, b| a.max(b.abs()));
            assert_close(&format!("{key} {condition}"), &got, &want, 0.0, 5e-15 * peak.max(1.0));
        }
        spec.micro_time = MicroTime { bins: 16, reference: 8 };
        let later = column(&build(&spec).unwrap(), "c0");
        let want: Vec<f64> =
            golden[key].as_array().unwrap().iter().map(|row| row[0].as_f64().unwrap()).collect();
        assert!(compare("T0 8", &later, &want, 0.0, 0.02).failure.is_some(), "T0 matters");
    }
}

#[test]
fn spm_basis_functions_are_those_of_spm() {
    let golden = golden(include_str!("goldens/design_spm.json"));
    let every = golden["basis_every"].as_u64().unwrap() as usize;
    let basis = hrf::spm_basis(golden["basis_dt"].as_f64().unwrap());
    for (k, tolerance) in [(0, 1e-16), (1, 1e-16), (2, 1e-14)] {
        let got: Vec<f64> = basis[k].iter().step_by(every).copied().collect();
        assert_close(&format!("basis {k}"), &got, &numbers(&golden["basis"][k]), 0.0, tolerance);
    }
}

#[test]
fn nilearn_designs_are_reproduced_column_by_column() {
    let golden = golden(include_str!("goldens/design_nilearn.json"));
    for case in golden["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let tr = case["tr"].as_f64().unwrap();
        let times =
            frames(case["n"].as_u64().unwrap() as usize, tr, case["start"].as_f64().unwrap());
        let mut spec = DesignSpec::new(times, tr);
        let model = case["model"].as_str().unwrap();
        spec.hrf = if model.starts_with("spm") { Model::SpmNilearn } else { Model::Glover };
        if model.contains("dispersion") {
            spec.derivatives = Derivatives::TimeDispersion;
        }
        let polynomial = case["drift"] == "polynomial";
        spec.drift = Drift::Cosine { cutoff_s: case["cutoff_s"].as_f64().unwrap() };
        if polynomial {
            spec.drift = Drift::Polynomial { order: case["order"].as_u64().unwrap() as usize };
        }
        let events = &case["events"];
        for (i, onset) in numbers(&events["onset"]).into_iter().enumerate() {
            let condition = events["trial_type"][i].as_str().unwrap();
            let duration = events["duration"][i].as_f64().unwrap();
            let amplitude = events["modulation"][i].as_f64().unwrap_or(1.0);
            spec.events.push(Event { amplitude, ..event(condition, onset, duration) });
        }
        let design = build(&spec).unwrap();
        let names: Vec<&str> =
            case["names"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect();
        assert_eq!(design.names, names, "{name}");
        for (c, column_name) in names.iter().enumerate() {
            if polynomial && column_name.starts_with("drift") {
                continue; // Same span, other columns: the next test.
            }
            let got = column(&design, column_name);
            let want = numbers(&case["columns"][c]);
            assert_close(&format!("{name}: {column_name}"), &got, &want, 1e-10, 1e-11);
        }
    }
}

#[test]
fn legendre_drift_spans_what_nilearns_polynomials_span() {
    let golden = golden(include_str!("goldens/design_nilearn.json"));
    let case =
        golden["cases"].as_array().unwrap().iter().find(|c| c["name"] == "polynomial").unwrap();
    let n = case["n"].as_u64().unwrap() as usize;
    let drift = drift::columns(Drift::Polynomial { order: 3 }, n, 2.0).unwrap();
    assert_eq!((drift[[0, 0]], drift[[n - 1, 0]], drift[[0, 1]]), (-1.0, 1.0, 1.0));
    // nilearn's columns are orthogonal, so each Legendre column is the sum of its projections.
    let basis: Vec<Vec<f64>> =
        case["columns"].as_array().unwrap().iter().rev().take(4).map(numbers).collect();
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(x, y)| x * y).sum() };
    for k in 0..3 {
        let column = drift.column(k).to_vec();
        let mut projected = vec![0.0; n];
        for b in &basis {
            let weight = dot(b, &column) / dot(b, b);
            projected.iter_mut().zip(b).for_each(|(p, v)| *p += weight * v);
        }
        assert_close(&format!("P_{}", k + 1), &projected, &column, 0.0, 1e-10);
    }
}

#[test]
fn cosine_drift_is_orthonormal_and_counted_by_the_cutoff() {
    for (n, tr, cutoff_s, count) in [(156, 2.0, 128.0, 4), (200, 0.8, 100.0, 3), (50, 2.0, 1e9, 0)]
    {
        let drift = drift::columns(Drift::Cosine { cutoff_s }, n, tr).unwrap();
        assert_eq!(drift.ncols(), count, "{n} volumes of {tr} s at {cutoff_s} s");
        let gram = drift.t().dot(&drift);
        for ((i, j), value) in gram.indexed_iter() {
            assert!((value - f64::from(u8::from(i == j))).abs() < 1e-14, "[{i}, {j}] = {value}");
        }
        assert!(drift.sum().abs() < 1e-12, "orthogonal to the constant");
    }
}

#[test]
fn a_design_moves_with_its_frame_times_and_scales_with_amplitude() {
    let mut spec = DesignSpec::new(frames(60, 2.0, 0.0), 2.0);
    spec.events = vec![event("a", 10.0, 6.0), event("a", 50.0, 6.0)];
    for model in [Model::Spm, Model::SpmNilearn, Model::Glover] {
        spec.hrf = model;
        let plain = column(&build(&spec).unwrap(), "a");
        let mut moved = spec.clone();
        moved.frame_times = frames(60, 2.0, 3.0);
        moved.events.iter_mut().for_each(|e| e.onset += 3.0);
        // nilearn's grid does not keep its step when the run begins late.
        let tolerance = if model == Model::Spm { 1e-14 } else { 0.05 };
        let got = column(&build(&moved).unwrap(), "a");
        assert_close(&format!("{model:?} moved"), &got, &plain, 0.0, tolerance);
        let mut taller = spec.clone();
        taller.events.iter_mut().for_each(|e| e.amplitude = -3.0);
        let want: Vec<f64> = plain.iter().map(|v| -3.0 * v).collect();
        assert_close("taller", &column(&build(&taller).unwrap(), "a"), &want, 1e-12, 1e-13);
    }
}

#[test]
fn an_event_long_before_the_run_counts_as_far_as_its_response_lasts() {
    let mut spec = DesignSpec::new(frames(60, 2.0, 0.0), 2.0);
    // On since forever: the response has settled at 1 and falls after the end.
    spec.events =
        vec![event("a", -1e300, 1e300), event("b", -500.0, 520.0), event("c", -90.0, 1.0)];
    let design = build(&spec).unwrap();
    let (b, c) = (column(&design, "b"), column(&design, "c"));
    assert!((b[0] - 1.0).abs() < 1e-12 && b[30].abs() < 1e-9, "{} {}", b[0], b[30]);
    assert!(c.iter().all(|v| *v == 0.0));
    assert!(column(&design, "a").iter().all(|v| v.is_finite()));
}

#[test]
fn a_design_reads_back_from_its_table_bit_for_bit() {
    let mut spec = DesignSpec::new(frames(97, 0.735, 0.3675), 0.735);
    spec.events = vec![event("pain", 3.3, 4.0), event("control", 21.0, 4.0)];
    let design = build(&spec).unwrap();
    assert_eq!(design.names[..2], ["control", "pain"]);
    assert_eq!(design.names.last().unwrap(), "constant");
    let table = design.to_table("design.tsv");
    assert_eq!(table.rows[0].last().unwrap(), "1");
    let back = from_table(&table, 97).unwrap();
    assert_eq!(back.names, design.names);
    for (got, want) in back.matrix.iter().zip(&design.matrix) {
        assert_eq!(got.to_bits(), (want + 0.0).to_bits());
    }
}

#[test]
fn the_localizer_of_studyforrest_gives_six_conditions_and_four_drifts() {
    let Some(path) = shared("studyforrest-localizer/task-objectcategories_events.tsv") else {
        return;
    };
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines().map(|l| l.split('\t').map(str::to_string).collect::<Vec<_>>());
    let columns = lines.next().unwrap();
    let table = boldly::table::Table { name: "events.tsv".into(), columns, rows: lines.collect() };
    let mut spec = DesignSpec::new(frames(156, 2.0, 0.0), 2.0);
    spec.events = boldly::design::events::from_table(&table, None).unwrap().events;
    let design = build(&spec).unwrap();
    assert_eq!(design.matrix.dim(), (156, 11), "{:?}", design.names);
    assert!(design.names.contains(&"face".to_string()));
}
