//! Task and drift columns against SPM's stored designs and nilearn 0.14.1 (`tests/oracles/design.py`).
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use boldly::design::hrf::{self, MicroTime, Model, Response, Sampled};
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
        spec.hrf.micro_time = MicroTime { bins: 16, reference: 2 };
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
        spec.hrf.micro_time = MicroTime { bins: 16, reference: 8 };
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
        let delays: Vec<String> =
            numbers(&case["delays"]).iter().map(|delay| delay.to_string()).collect();
        spec.hrf = match model {
            "fir" => format!("fir:{}", delays.join(",")).parse().unwrap(),
            "none" => Model::Stimulus.into(),
            _ => model.replace("spm", "nilearn").parse().unwrap(),
        };
        spec.drift = match case["drift"].as_str().unwrap() {
            "polynomial" => Drift::Polynomial { order: case["order"].as_u64().unwrap() as usize },
            "none" => Drift::None,
            _ => Drift::Cosine { cutoff_s: case["cutoff_s"].as_f64().unwrap() },
        };
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
    let drift = drift::columns(Drift::Legendre { order: Some(3) }, n, 2.0).unwrap();
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
        spec.hrf = Response::from(model.clone());
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
fn the_order_of_legendre_drift_follows_afnis_rule_where_it_is_a() {
    // 1 + whole part of (seconds / 150), as 3dDeconvolve -polort A
    for (n, tr, order) in [(74, 2.0, 1), (75, 2.0, 2), (156, 2.0, 3), (1200, 0.72, 6)] {
        let drift = drift::columns(Drift::Legendre { order: None }, n, tr).unwrap();
        assert_eq!(drift.ncols(), order, "{n} volumes of {tr} s");
    }
    let drift = drift::columns(Drift::Legendre { order: None }, 156, 2.0).unwrap();
    let x = 2.0 * 10.0 / 155.0 - 1.0;
    let want = [x, 0.5 * (3.0 * x * x - 1.0), 0.5 * (5.0 * x * x * x - 3.0 * x)];
    assert_close("row 10", &drift.row(10).to_vec(), &want, 1e-14, 1e-15);
}

/// The one task column of events of condition a, by a response.
fn by(hrf: &str, events: &[(f64, f64)], own: Option<Sampled>) -> Vec<f64> {
    let mut spec = DesignSpec::new(frames(50, 0.7, 0.3), 0.7);
    spec.hrf = hrf.parse().unwrap();
    (spec.own, spec.drift) = (own, Drift::None);
    spec.events = events.iter().map(|&(onset, duration)| event("a", onset, duration)).collect();
    column(&build(&spec).unwrap(), "a")
}

#[test]
fn afnis_block_is_the_integral_of_its_gamma_density_scaled_as_asked() {
    // integral of t^4 e^-t = 24 - e^-t (t^4 + 4 t^3 + 12 t^2 + 24 t + 24)
    let up_to = |t: f64| {
        let powers = t.powi(4) + 4.0 * t.powi(3) + 12.0 * t * t + 24.0 * t + 24.0;
        if t <= 0.0 { 0.0 } else { (24.0 - (-t).exp() * powers) / (256.0 * (-4.0f64).exp()) }
    };
    let block = |t: f64, d: f64| up_to(t) - up_to(t - d);
    let events = [(-3.0, 1.0), (2.05, 1.0), (20.0, 1.0)];
    let times = frames(50, 0.7, 0.3);
    let sum = |d: f64, scale: f64| -> Vec<f64> {
        let at = |t: &f64| events.iter().map(|(onset, _)| scale * block(t - onset, d)).sum();
        times.iter().map(at).collect()
    };
    assert_close("as it is", &by("BLOCK(8)", &events, None), &sum(8.0, 1.0), 1e-12, 1e-13);
    // the peak of a block of d seconds is at d / (1 - e^(-d / 4))
    let peak = block(8.0 / (1.0 - (-2.0f64).exp()), 8.0);
    let scaled = by("block:8,1.5", &events, None);
    assert_close("peak 1.5", &scaled, &sum(8.0, 1.5 / peak), 1e-11, 1e-12);
    // each its own duration, a long one coming to 1
    let own = by("block", &events, None);
    assert_close("own", &own, &sum(1.0, 1.0 / up_to(1e3)), 1e-11, 1e-12);
    let long = by("block5", &[(0.0, 100.0)], None);
    assert!((long[49] - 1.0).abs() < 1e-5 && long[0] < 1e-3, "{} {}", long[49], long[0]);
    let mut none = DesignSpec::new(frames(50, 0.7, 0.0), 0.7);
    none.hrf = "block".parse().unwrap();
    none.events = vec![event("a", 2.0, 0.0)];
    let refused = build(&none).unwrap_err().to_string();
    assert!(refused.contains("a block of 0 s") && refused.contains("--hrf block:1,1"), "{refused}");
}

#[test]
fn afnis_gamma_and_spm_functions_are_those_of_its_help_at_every_moment() {
    let times = frames(50, 0.7, 0.3);
    let of = |h: &dyn Fn(f64) -> f64| -> Vec<f64> {
        let at = |t: &f64| if *t < 5.0 { 0.0 } else { h(t - 5.0) };
        times.iter().map(at).collect()
    };
    let gamma = of(&|t| (t / (8.6 * 0.547)).powf(8.6) * (8.6 - t / 0.547).exp());
    assert_close("GAM", &by("GAM", &[(5.0, 0.0)], None), &gamma, 1e-12, 1e-14);
    let spm = |t: f64| (-t).exp() * (0.008_333_333_3 * t.powi(5) - 1.274_527e-13 * t.powi(15));
    let within = |t: f64| if t < 25.0 { spm(t) } else { 0.0 };
    assert_close("SPMG1", &by("SPMG1", &[(5.0, 0.0)], None), &of(&within), 1e-12, 1e-14);
    let mut spec = DesignSpec::new(times.clone(), 0.7);
    spec.hrf = "spmg3".parse().unwrap();
    spec.events = vec![event("a", 5.0, 0.0)];
    let design = build(&spec).unwrap();
    assert_eq!(design.names[..3], ["a", "a_derivative", "a_dispersion"]);
    let slope = of(&|t| if t < 25.0 { (spm(t + 1e-5) - spm(t - 1e-5)) / 2e-5 } else { 0.0 });
    assert_close("slope", &column(&design, "a_derivative"), &slope, 1e-6, 1e-9);
    // gamma density of shape 6 / 1.01 and scale 1.01, Gamma(5.9405941) = 107.6855 by its own integral
    let shape = 6.0 / 1.01;
    let density = |t: f64| t.powf(shape - 1.0) * (-t / 1.01f64).exp();
    let area: f64 = (0..400_000).map(|k| density((f64::from(k) + 0.5) * 5e-4) * 5e-4).sum();
    let wider = |t: f64| density(t) / area - 1.274_527e-13 * (-t).exp() * t.powi(15);
    let dispersion = of(&|t| if t < 25.0 { (spm(t) - wider(t)) / 0.01 } else { 0.0 });
    assert_close("dispersion", &column(&design, "a_dispersion"), &dispersion, 1e-7, 1e-7);
    // with a duration the response to one event has peak 1: on a fine grid of times
    let mut fine = DesignSpec::new(frames(2000, 0.02, 0.0), 0.02);
    for hrf in ["spmg1:4", "spmg1:0", "gam:8.6,0.547,3"] {
        fine.hrf = hrf.parse().unwrap();
        (fine.drift, fine.events) = (Drift::None, vec![event("a", 1.0, 9.0)]);
        let most = column(&build(&fine).unwrap(), "a").into_iter().fold(0.0, f64::max);
        assert!((most - 1.0).abs() < 1e-4, "{hrf}: {most}");
    }
}

#[test]
fn a_response_of_ones_own_is_straight_between_its_samples_and_summed_over_an_event() {
    let rows = |text: &[&[f64]]| text.iter().map(|row| row.to_vec()).collect::<Vec<_>>();
    let own = Sampled::new("h.txt", &rows(&[&[0.0], &[2.0], &[1.0], &[0.0]]), Some(1.5)).unwrap();
    let pairs = rows(&[&[0.0, 0.0], &[1.5, 2.0], &[3.0, 1.0], &[4.5, 0.0]]);
    assert_eq!(own, Sampled::new("h.txt", &pairs, None).unwrap());
    assert!(own.doubts().is_empty(), "{:?}", own.doubts());
    for (few, part) in [
        (&[&[0.0][..], &[2.0], &[1.9]][..], "breaks off at 95 % of its peak, 3 s after the onset"),
        (&[&[1.0], &[0.0]], "has 2 samples, with straight lines between them"),
    ] {
        let doubts = Sampled::new("h.txt", &rows(few), Some(1.5)).unwrap().doubts();
        assert!(doubts.len() == 1 && doubts[0].contains(part), "{doubts:?}");
    }
    let impulse = by("own", &[(0.3, 0.0)], Some(own.clone()));
    assert_close("impulse", &impulse[..4], &[0.0, 1.4 / 1.5, 2.8 / 1.5, 1.6], 1e-13, 1e-14);
    // The area is 1.5 (0 + 2 + 1 + 0): a long event comes to it.
    let long = by("own", &[(0.3, 20.0)], Some(own));
    assert!((long[20] - 4.5).abs() < 1e-12, "{}", long[20]);
    for (bad, step, part) in [
        (rows(&[&[1.0]]), Some(1.0), "has 1 samples"),
        (rows(&[&[1.0], &[2.0]]), None, "no seconds a sample"),
        (rows(&[&[0.0, 1.0], &[1.0, 2.0]]), Some(1.0), "also seconds a sample"),
        (rows(&[&[0.0, 1.0], &[0.0, 2.0]]), None, "seconds that do not rise"),
        (rows(&[&[0.0], &[1.0, 2.0]]), Some(1.0), "2 numbers in its row 2"),
        (rows(&[&[0.0], &[0.0]]), Some(1.0), "0 throughout"),
    ] {
        let why = Sampled::new("h.txt", &bad, step).unwrap_err().to_string();
        assert!(why.contains(part) && why.contains("h.txt"), "{part}: {why}");
    }
}

#[test]
fn a_response_reads_back_from_its_text_and_others_are_refused() {
    for (text, kept) in [
        ("spm", "spm"),
        ("SPM + derivative + dispersion", "spm+derivative+dispersion"),
        ("spm:16,8", "spm:16,8"),
        ("nilearn+time", "spm-nilearn+derivative"),
        ("glover", "glover"),
        ("fir:0-3,7", "fir:0,1,2,3,7"),
        ("none", "none"),
        ("BLOCK(20,1)", "block:20,1"),
        ("BLOCK5(20)", "block5:20"),
        ("block", "block"),
        ("GAM", "gam:8.6,0.547"),
        ("gam:8.6,0.547,10", "gam:8.6,0.547,10"),
        ("SPMG", "spmg2"),
        ("spmg3:0", "spmg3:0"),
    ] {
        let response: Response = text.parse().unwrap();
        assert_eq!(response.to_string(), kept);
        assert_eq!(kept.parse::<Response>().unwrap(), response);
    }
    for text in [
        "",
        "spn",
        "spm:16",
        "spm:16,17",
        "spm:0,0",
        "spm+dispersion",
        "fir",
        "fir:",
        "fir:3-1",
        "fir:1,1",
        "fir:-1",
        "fir:1e9",
        "block:-3",
        "block:0",
        "block:1,2,3",
        "gam:1",
        "gam:0,1",
        "spmg4",
        "spmg1:x",
        "none:1",
        "glover:2",
        "block+derivative",
        "gam:nan,1",
    ] {
        assert!(text.parse::<Response>().is_err(), "{text}");
    }
}

#[test]
fn spms_derivatives_are_orthogonal_to_what_stands_before_them_within_their_condition() {
    let mut spec = DesignSpec::new(frames(60, 2.0, 0.0), 2.0);
    spec.hrf = "spm+derivative+dispersion".parse().unwrap();
    spec.events = vec![event("a", 11.0, 6.0), event("a", 50.0, 6.0), event("b", 30.0, 1.0)];
    let design = build(&spec).unwrap();
    let dot = |x: &str, y: &str| -> f64 {
        column(&design, x).iter().zip(column(&design, y)).map(|(x, y)| x * y).sum()
    };
    for (x, y) in [("a", "a_derivative"), ("a", "a_dispersion"), ("a_derivative", "a_dispersion")] {
        assert!(dot(x, y).abs() < 1e-12 * dot(x, x).max(dot(y, y)), "{x} {y}");
    }
    assert!(dot("a", "b_derivative").abs() > 1e-3, "conditions are not");
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
