//! Real records: beats against AFNI, PhysIO and neurokit2; columns against injected noise of real pulse and breath.
#![allow(clippy::unwrap_used, reason = "tests")]

mod physio_common;

use std::path::Path;

use boldly::physio::{Terms, beats, detect, retroicor};
use boldly::recording::Acquisition;
use ndarray::{Array2, Axis, s};
use physio_common::{
    Agreement, agreement, columns, golden, gunzip, json, numbers, real, recording,
};

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
        (recording(path, 50.0, 0.0), real("ds210-physio/afni-reference/sub-02_card_peaks_00.1D"))
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
        let stages = real(&format!("physio-examples/BIDS/{folder}/reference_stages.json"));
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

/// A run of int16 volumes: shape, and `[volume][voxel]` in file order.
fn read_bold(path: &Path) -> ([usize; 4], Vec<f32>) {
    let bytes = gunzip(path);
    let i16_at = |at: usize| i16::from_le_bytes([bytes[at], bytes[at + 1]]);
    assert_eq!((i16_at(40), i16_at(70)), (4, 4), "4-D int16");
    let shape = [42, 44, 46, 48].map(|at| i16_at(at) as usize);
    let offset = f32::from_le_bytes([bytes[108], bytes[109], bytes[110], bytes[111]]) as usize;
    let n: usize = shape.iter().product();
    let data = bytes[offset..offset + 2 * n]
        .chunks_exact(2)
        .map(|b| f32::from(i16::from_le_bytes([b[0], b[1]])))
        .collect();
    (shape, data)
}

/// Task (any picture against rest, double gamma), constant and cosines of 128 s.
fn design(acquisition: &Acquisition, events: &Path) -> Array2<f64> {
    let (n, tr) = (acquisition.n_volumes, acquisition.tr);
    let text = std::fs::read_to_string(events).unwrap();
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let at = |name: &str| head.iter().position(|h| *h == name).unwrap();
    let (onset, duration) = (at("onset"), at("duration"));
    let mut fine = vec![0.0; (n as f64 * tr * 10.0) as usize];
    for line in lines {
        let cells: Vec<&str> = line.split('\t').collect();
        let (o, d): (f64, f64) = (cells[onset].parse().unwrap(), cells[duration].parse().unwrap());
        for i in (o * 10.0) as usize..((o + d) * 10.0).ceil() as usize {
            if let Some(v) = fine.get_mut(i) {
                *v = 1.0;
            }
        }
    }
    let hrf: Vec<f64> = (0..320)
        .map(|i| {
            let t = i as f64 / 10.0;
            t.powi(5) * (-t).exp() / 120.0 - t.powi(15) * (-t).exp() / 1.307_674_368e12 / 6.0
        })
        .collect();
    let cosines = (2.0 * n as f64 * tr / 128.0) as usize;
    let mut x = Array2::zeros((n, 2 + cosines));
    for k in 0..n {
        let now = (k as f64 * tr * 10.0) as usize;
        x[[k, 0]] = (0..=now.min(319)).map(|j| hrf[j] * fine[now - j]).sum();
        x[[k, 1]] = 1.0;
        for c in 1..=cosines {
            let angle = std::f64::consts::PI * c as f64 * (k as f64 + 0.5) / n as f64;
            x[[k, 1 + c]] = angle.cos();
        }
    }
    x
}

/// Pseudo-inverse rows of full-rank [X N] by normal equations (Cholesky of columns of unit length).
fn pseudo_inverse(x: &Array2<f64>) -> Array2<f64> {
    let p = x.ncols();
    let length: Vec<f64> = x.columns().into_iter().map(|c| c.dot(&c).sqrt()).collect();
    let mut unit = x.clone();
    for (mut c, l) in unit.columns_mut().into_iter().zip(&length) {
        c /= *l;
    }
    let mut a = unit.t().dot(&unit);
    let mut b = unit.t().to_owned();
    // Gauss-Jordan with the diagonal as pivot: the matrix is positive definite.
    for i in 0..p {
        let pivot = a[[i, i]];
        assert!(pivot > 1e-10, "column {i} depends on the others");
        a.row_mut(i).mapv_inplace(|v| v / pivot);
        b.row_mut(i).mapv_inplace(|v| v / pivot);
        let (ai, bi) = (a.row(i).to_owned(), b.row(i).to_owned());
        for j in (0..p).filter(|&j| j != i) {
            let f = a[[j, i]];
            a.row_mut(j).scaled_add(-f, &ai);
            b.row_mut(j).scaled_add(-f, &bi);
        }
    }
    for (mut row, l) in b.axis_iter_mut(Axis(0)).zip(&length) {
        row /= *l;
    }
    b
}

#[test]
fn more_than_nine_tenths_of_the_noise_injected_into_a_real_run_is_removed() {
    let rule = json(&golden("injection.json"));
    let (Some(record), Some(bold), Some(events)) = (
        recording(CUED, 50.0, 0.0),
        real("studyforrest-localizer/bold.nii.gz"),
        real("studyforrest-localizer/task-objectcategories_events.tsv"),
    ) else {
        return;
    };
    let acquisition = run_of(&rule);
    let (shape, data) = read_bold(&bold);
    let (plane_len, n_voxels, n) = (shape[0] * shape[1], shape[0] * shape[1] * shape[2], shape[3]);
    assert_eq!((n, shape[2]), (acquisition.n_volumes, 35));
    let common = design(&acquisition, &events);
    let waves = waveforms();
    let amplitude = |kind: &str, v: usize| {
        let number = |key: &str| rule[kind][key].as_f64().unwrap();
        let (i, j, k) =
            ((v % shape[0]) as f64, (v / shape[0] % shape[1]) as f64, (v / plane_len) as f64);
        let plane = ((i - number("i0")).powi(2) + (j - number("j0")).powi(2))
            / (2.0 * number("in_plane").powi(2));
        let along = (k - number("k0")).powi(2) / (2.0 * number("through_plane").powi(2));
        number("everywhere") + number("centre") * (-plane - along).exp()
    };
    let mean: Vec<f64> = (0..n_voxels)
        .map(|v| (0..n).map(|t| f64::from(data[t * n_voxels + v])).sum::<f64>() / n as f64)
        .collect();
    let highest = mean.iter().copied().fold(0.0, f64::max);
    // Every second voxel along i and j keeps the test short.
    let mask: Vec<usize> = (0..n_voxels)
        .filter(|&v| mean[v] > 0.2 * highest && v % 2 == 0 && v / shape[0] % 2 == 0)
        .collect();
    assert!(mask.len() > 3000, "{} voxels", mask.len());

    let mut shifted = acquisition.clone();
    shifted.slice_times.as_mut().unwrap().rotate_left(1);
    let models = [&acquisition, &shifted].map(|a| retroicor(&record, a, &Terms::HARVEY).unwrap());
    let clean_rows = pseudo_inverse(&common);
    let t_of = |y: &[f64], x: &Array2<f64>, rows: &Array2<f64>, variance_task: f64| {
        let beta = rows.dot(&ndarray::aview1(y));
        let rest: f64 = x.dot(&beta).iter().zip(y).map(|(f, v)| (v - f) * (v - f)).sum::<f64>();
        beta[0] / (rest / (n - x.ncols()) as f64 * variance_task).sqrt()
    };
    let (mut injected, mut left) = (0.0, [0.0; 2]);
    let mut stats: Vec<[f64; 4]> = Vec::new(); // clean, noisy, corrected, amplitude
    for plane in 0..shape[2] {
        let fits = models.each_ref().map(|m| {
            let nuisance = &m.groups.columns[m.groups.group_of_plane[plane]];
            let x = ndarray::concatenate![Axis(1), common, *nuisance];
            let rows = pseudo_inverse(&x);
            (x, rows)
        });
        for &v in mask.iter().filter(|&&v| v / plane_len == plane) {
            let (ac, ar) = (amplitude("cardiac", v), amplitude("resp", v));
            let y: Vec<f64> = (0..n).map(|t| f64::from(data[t * n_voxels + v])).collect();
            let mut noise: Vec<f64> = (0..n)
                .map(|t| mean[v] * (ac * waves[0][[t, plane]] + ar * waves[1][[t, plane]]))
                .collect();
            let noise_mean = noise.iter().sum::<f64>() / n as f64;
            noise.iter_mut().for_each(|x| *x -= noise_mean);
            injected += noise.iter().map(|x| x * x).sum::<f64>();
            let noisy: Vec<f64> = y.iter().zip(&noise).map(|(a, b)| a + b).collect();
            for (model, (x, rows)) in fits.iter().enumerate() {
                // Cleaned(noisy) - cleaned(clean) is what is left of the injected part.
                let from = common.ncols();
                let nuisance = x.slice(s![.., from..]);
                let g =
                    |y: &[f64]| nuisance.dot(&rows.slice(s![from.., ..]).dot(&ndarray::aview1(y)));
                let (a, b) = (g(&noisy), g(&y));
                let rest: Vec<f64> = (0..n).map(|t| (noisy[t] - a[t]) - (y[t] - b[t])).collect();
                let rest_mean = rest.iter().sum::<f64>() / n as f64;
                left[model] += rest.iter().map(|r| (r - rest_mean).powi(2)).sum::<f64>();
            }
            let task = |rows: &Array2<f64>| rows.row(0).dot(&rows.row(0));
            stats.push([
                t_of(&y, &common, &clean_rows, task(&clean_rows)),
                t_of(&noisy, &common, &clean_rows, task(&clean_rows)),
                t_of(&noisy, &fits[0].0, &fits[0].1, task(&fits[0].1)),
                ac,
            ]);
        }
    }
    let share = left.map(|l| 1.0 - l / injected);
    let top = |keep: &dyn Fn(&[f64; 4]) -> bool| {
        let mut chosen: Vec<&[f64; 4]> = stats.iter().filter(|s| keep(s)).collect();
        chosen.sort_by(|a, b| b[0].total_cmp(&a[0]));
        chosen.truncate(100);
        let n = chosen.len() as f64;
        [0, 1, 2].map(|i| chosen.iter().map(|s| s[i]).sum::<f64>() / n)
    };
    let (all, near) = (top(&|_| true), top(&|s| s[3] > 0.01));
    println!(
        "{} voxels: injected variance removed {:.4}, with the slice order shifted by one {:.4}",
        stats.len(),
        share[0],
        share[1]
    );
    println!(
        "task t, mean of the 100 most active voxels: clean {:.2}, injected {:.2}, corrected {:.2}",
        all[0], all[1], all[2]
    );
    println!(
        "task t, the same where cardiac noise exceeds 1 %: clean {:.2}, injected {:.2}, corrected {:.2}",
        near[0], near[1], near[2]
    );
    assert!(share[0] > 0.90, "removed {}", share[0]);
    assert!(1.0 - share[1] > 1.3 * (1.0 - share[0]), "shifted {} right {}", share[1], share[0]);
    assert!(near[2] > near[1] + 0.5 * (near[0] - near[1]), "t {near:?}");
}
