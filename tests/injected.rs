//! A real 3 T run (studyforrest localizer) with noise of a real pulse and breath (ds210 sub-02) injected at its slice
//! times by an independent generator (tests/oracles/inject.py), through the commands as a user would run them.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::Command;

use boldly::io::{BoldFile, Outputs, read_map};
use boldly::report::picture::{Panel, cuts_through};
use boldly::volume::{Block, Grid, HostBold};
use ndarray::Array2;
use serde_json::Value;

mod physio_common;

use physio_common::{columns, golden, json, numbers, shared};

const PHYSIO: &str = "ds210-physio/sub-02/func/sub-02_task-cuedSGT_run-01_physio.tsv.gz";

/// Recordings of another run and of another person.
const STRANGERS: [&str; 2] = [
    "ds210-physio/sub-02/func/sub-02_task-rest_run-01_physio.tsv.gz",
    "ds210-physio/sub-06/func/sub-06_task-rest_run-01_physio.tsv.gz",
];

/// Noise per unit of a voxel's mean at a voxel and its waveforms `[volume][plane]`.
struct Injection {
    rule: Value,
    waves: [Array2<f64>; 2],
}

impl Injection {
    fn read() -> Injection {
        let table = columns(&golden("injection.tsv.gz"));
        let planes = table.len() / 2;
        let waves = [0, planes].map(|from| {
            Array2::from_shape_fn((table[0].len(), planes), |(t, k)| table[from + k][t])
        });
        Injection { rule: json(&golden("injection.json")), waves }
    }

    fn amplitude(&self, kind: &str, [i, j, k]: [usize; 3]) -> f64 {
        let number = |key: &str| self.rule[kind][key].as_f64().unwrap();
        let plane = ((i as f64 - number("i0")).powi(2) + (j as f64 - number("j0")).powi(2))
            / (2.0 * number("in_plane").powi(2));
        let along = (k as f64 - number("k0")).powi(2) / (2.0 * number("through_plane").powi(2));
        number("everywhere") + number("centre") * (-plane - along).exp()
    }

    /// Over time, per unit of the mean, about 0.
    fn noise(&self, at: [usize; 3]) -> Vec<f64> {
        let (cardiac, resp) = (self.amplitude("cardiac", at), self.amplitude("resp", at));
        let n = self.waves[0].nrows();
        let raw: Vec<f64> = (0..n)
            .map(|t| cardiac * self.waves[0][[t, at[2]]] + resp * self.waves[1][[t, at[2]]])
            .collect();
        let mean = raw.iter().sum::<f64>() / n as f64;
        raw.into_iter().map(|x| x - mean).collect()
    }
}

struct Run<'a> {
    dir: &'a Path,
    data: &'a Path,
}

impl Run<'_> {
    fn boldly(&self, line: &str) {
        let output = Command::new(env!("CARGO_BIN_EXE_boldly"))
            .args(line.split_whitespace())
            .args(["--device", "cpu", "--quiet"])
            .current_dir(self.dir)
            .output()
            .unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "boldly {line}\n{message}");
    }

    fn path(&self, relative: &str) -> String {
        self.data.join(relative).to_string_lossy().into_owned()
    }

    /// The corrected run.
    fn clean(&self, bold: &str, sidecar: &str, out: &str) -> HostBold {
        let physio = self.path(PHYSIO);
        self.boldly(&format!(
            "retroicor {bold} --physio {physio} --events events.tsv --sidecar {sidecar} --out {out}"
        ));
        read(&self.dir.join(out))
    }

    /// Share of voxels where a set is found at p < .001, by the proof of a correction.
    fn found(&self, bold: &str, set: &str, voxels: &[usize]) -> f64 {
        let (physio, folder) = (self.path(PHYSIO), format!("proof_{bold}"));
        if !self.dir.join(&folder).exists() {
            self.boldly(&format!(
                "retroicor {bold} --physio {physio} --events events.tsv --sidecar right.json --out {folder}.nii --maps {folder} \
                 --mask mask.nii.gz"
            ));
        }
        let stem = bold.trim_end_matches(".nii");
        let path = self.dir.join(folder).join(format!("{stem}_desc-{set}_stat-p_statmap.nii.gz"));
        let p = read_map(&path).unwrap().2;
        voxels.iter().filter(|&&v| p[v] < 1e-3).count() as f64 / voxels.len() as f64
    }

    /// t of any picture against rest.
    fn t(&self, bold: &str, physio: &str, out: &str) -> Vec<f32> {
        self.boldly(&format!(
            "glm {bold} --events events.tsv --sidecar right.json --mask mask.nii.gz {physio} --scaling none --contrast picture \
             --out {out}"
        ));
        read_map(&self.dir.join(out).join("contrast-picture_stat-t_statmap.nii.gz")).unwrap().2
    }
}

fn read(path: &Path) -> HostBold {
    let mut file = BoldFile::open(path).unwrap();
    let whole = Block::whole(file.grid.shape, file.n_volumes);
    file.read(&whole).unwrap()
}

/// The sidecar of the run with these slice times.
fn sidecar(tr: f64, slice_times: &[f64]) -> String {
    serde_json::json!({ "RepetitionTime": tr, "SliceTiming": slice_times }).to_string()
}

/// The run, the run with noise, a mask, both slice orders, one kind of event: in a folder, as commands take them.
struct Made {
    grid: Grid,
    n_voxels: usize,
    raw: HostBold,
    noisy: HostBold,
    /// Of the run as it was, `[voxel]`.
    mean: Vec<f64>,
    mask: Vec<usize>,
}

impl Made {
    /// With noise in every n-th voxel along i and j.
    fn new(dir: &Path, [bold, events]: [&Path; 2], injection: &Injection, every: usize) -> Made {
        let mut file = BoldFile::open(bold).unwrap();
        let (grid, n) = (file.grid.clone(), file.n_volumes);
        let raw = file.read(&Block::whole(grid.shape, n)).unwrap();
        let n_voxels = grid.n_voxels();
        let mean: Vec<f64> = (0..n_voxels)
            .map(|v| (0..n).map(|t| f64::from(raw.data[t * n_voxels + v])).sum::<f64>() / n as f64)
            .collect();
        let highest = mean.iter().copied().fold(0.0, f64::max);
        let chosen = |v: &usize| {
            let [i, j, _] = grid.coordinates(*v);
            mean[*v] > 0.2 * highest && i % every == 0 && j % every == 0
        };
        let mask: Vec<usize> = (0..n_voxels).filter(chosen).collect();
        let mut noisy = raw.clone();
        for &v in &mask {
            for (t, noise) in injection.noise(grid.coordinates(v)).into_iter().enumerate() {
                noisy.data[t * n_voxels + v] += (mean[v] * noise) as f32;
            }
        }
        let inside: Vec<f32> = (0..n_voxels).map(|v| f32::from(u8::from(chosen(&v)))).collect();
        let mut right = numbers(&injection.rule["slice_times"]);
        let tr = injection.rule["tr"].as_f64().unwrap();
        let table = boldly::io::tsv::read(events).unwrap();
        let rows = table.rows.iter().map(|r| format!("{}\t{}\tpicture\n", r[0], r[1]));
        let mut outputs = Outputs::new();
        let header = file.header.for_bold(n);
        outputs.map(&dir.join("raw.nii"), &header, &raw.data).unwrap();
        outputs.map(&dir.join("noisy.nii"), &header, &noisy.data).unwrap();
        let mask_header = file.header.for_map(boldly::io::Intent::None);
        outputs.map(&dir.join("mask.nii.gz"), &mask_header, &inside).unwrap();
        outputs.text(&dir.join("right.json"), &sidecar(tr, &right)).unwrap();
        right.rotate_left(1);
        outputs.text(&dir.join("shifted.json"), &sidecar(tr, &right)).unwrap();
        let events: String =
            std::iter::once("onset\tduration\ttrial_type\n".to_owned()).chain(rows).collect();
        outputs.text(&dir.join("events.tsv"), &events).unwrap();
        outputs.commit().unwrap();
        Made { grid, n_voxels, raw, noisy, mean, mask }
    }
}

/// The 100 most active voxels of the run as it was where cardiac noise exceeds 1 % of the mean.
fn most_active(made: &Made, injection: &Injection, clean: &[f32]) -> Vec<usize> {
    let mut active = made.mask.clone();
    active.retain(|&v| injection.amplitude("cardiac", made.grid.coordinates(v)) > 0.01);
    active.sort_by(|&a, &b| clean[b].total_cmp(&clean[a]));
    active.truncate(100);
    active
}

fn mean_of(t: &[f32], voxels: &[usize]) -> f64 {
    voxels.iter().map(|&v| f64::from(t[v])).sum::<f64>() / voxels.len() as f64
}

#[test]
fn more_than_nine_tenths_of_the_noise_injected_into_a_real_run_is_removed() {
    let (Some(bold), Some(events), Some(physio)) = (
        shared("studyforrest-localizer/bold.nii.gz"),
        shared("studyforrest-localizer/task-objectcategories_events.tsv"),
        shared(PHYSIO),
    ) else {
        return;
    };
    let data: PathBuf = physio.ancestors().nth(4).unwrap().to_owned();
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path();
    let injection = Injection::read();

    let made = Made::new(dir, [&bold, &events], &injection, 2);
    let Made { raw, noisy, mask, n_voxels, .. } = &made;
    let (n, n_voxels) = (raw.block.volumes.len(), *n_voxels);
    assert!(mask.len() > 3000, "{} voxels", mask.len());
    let run = Run { dir, data: &data };
    let [share, shifted] = ["right.json", "shifted.json"].map(|sidecar| {
        // corrected(noisy) - corrected(raw) is what is left of the noise
        let cleaned_noisy = run.clean("noisy.nii", sidecar, "clean_noisy.nii");
        let cleaned_raw = run.clean("raw.nii", sidecar, "clean_raw.nii");
        let (mut injected, mut left) = (0.0, 0.0);
        for &v in mask {
            let at = |bold: &HostBold, t: usize| f64::from(bold.data[t * n_voxels + v]);
            injected += (0..n).map(|t| (at(noisy, t) - at(raw, t)).powi(2)).sum::<f64>();
            left +=
                (0..n).map(|t| (at(&cleaned_noisy, t) - at(&cleaned_raw, t)).powi(2)).sum::<f64>();
        }
        1.0 - left / injected
    });
    // The recording explains the run whose noise is its own, and no other; a stranger's explains neither.
    let verdict = |sidecar: &str| {
        let found = json(&dir.join(sidecar))["boldly"]["beyond_chance"][0].clone();
        println!("{sidecar}: {} of the voxels, rank {}", found["share"], found["rank"]);
        found["explains"].as_str().unwrap().to_owned()
    };
    assert_eq!(verdict("clean_noisy.json"), "more-than-chance");
    assert_eq!(verdict("clean_raw.json"), "no-more-than-chance");
    for stranger in STRANGERS {
        let physio = run.path(stranger);
        for bold in ["noisy.nii", "raw.nii"] {
            run.boldly(&format!(
                "retroicor {bold} --physio {physio} --events events.tsv --sidecar right.json --out stranger.nii"
            ));
            assert_eq!(verdict("stranger.json"), "no-more-than-chance", "{stranger} for {bold}");
        }
    }
    let with = format!("--physio {}", run.path(PHYSIO));
    let (clean, injected, corrected) = (
        run.t("raw.nii", "", "t_clean"),
        run.t("noisy.nii", "", "t_injected"),
        run.t("noisy.nii", &with, "t_corrected"),
    );
    // where cardiac noise exceeds 1 %
    let mut active: Vec<usize> = mask.clone();
    active.retain(|&v| injection.amplitude("cardiac", made.grid.coordinates(v)) > 0.01);
    // of breathing less was put there
    for (set, least) in [("cardiac", 0.9), ("respiratory", 0.8), ("interaction", 0.0)] {
        let with = run.found("noisy.nii", set, &active);
        // the run's own pulse and breath were others
        let without = run.found("raw.nii", set, &active);
        println!(
            "{set} at p < .001 in {with:.3} of {} voxels, {without:.3} without noise",
            active.len()
        );
        assert!(without < 0.05, "{set}: {without}");
        assert!(with >= least && (set != "interaction" || with < 0.05), "{set}: {with}");
    }
    let active = most_active(&made, &injection, &clean);
    let [clean, injected, corrected] = [&clean, &injected, &corrected].map(|t| mean_of(t, &active));
    println!(
        "{} voxels: injected variance removed {share:.4}, with the slice order shifted by one {shifted:.4}; \
         task t where cardiac noise exceeds 1 %: clean {clean:.2}, injected {injected:.2}, corrected {corrected:.2}",
        mask.len()
    );
    // Orders that the run itself chooses; of the run without the noise the recording is a stranger's.
    let chosen = |bold: &str, by: &str| {
        let out = format!("{by}_{bold}");
        run.t(bold, &format!("{with} --choose-order {by} --terms 5/5/2x2"), &out);
        let sidecar = json(&dir.join(out).join("mask.json"));
        sidecar["boldly"]["command"]["design"]["order"]["chosen"].as_str().unwrap().to_owned()
    };
    let [bic, f_test] = ["bic", "f-test"].map(|by| chosen("noisy.nii", by));
    let without = chosen("raw.nii", "bic");
    println!("orders chosen: bic {bic}, f-test {f_test}; without the noise bic {without}");
    assert_eq!((bic.as_str(), without.as_str()), ("2/1/0", "0/0/0"));
    assert!(f_test.starts_with(['3', '4', '5']) && f_test.ends_with("/0"), "{f_test}");
    assert!(share > 0.90, "removed {share}");
    assert!(1.0 - shifted > 1.3 * (1.0 - share), "shifted {shifted}, right {share}");
    assert!(corrected > injected + 0.5 * (clean - injected), "{clean} {injected} {corrected}");
}

#[test]
#[ignore = "draws the README's picture: BOLDLY_PICTURE=docs/injected.png cargo test --test injected -- --ignored"]
fn the_picture_of_the_injected_run_is_drawn() {
    let file = |name: &str| shared(name).expect("the data of the picture");
    let (bold, physio) = (file("studyforrest-localizer/bold.nii.gz"), file(PHYSIO));
    let events = file("studyforrest-localizer/task-objectcategories_events.tsv");
    let to = std::env::var_os("BOLDLY_PICTURE").expect("where to draw it");
    let scratch = tempfile::tempdir().unwrap();
    let (injection, dir) = (Injection::read(), scratch.path());
    let made = Made::new(dir, [&bold, &events], &injection, 1);
    let data = physio.ancestors().nth(4).unwrap();
    let run = Run { dir, data };
    let with = format!("--physio {}", run.path(PHYSIO));
    let maps = [
        run.t("raw.nii", "", "t_clean"),
        run.t("noisy.nii", "", "t_injected"),
        run.t("noisy.nii", &with, "t_corrected"),
    ];
    let active = most_active(&made, &injection, &maps[0]);
    let mut region = vec![false; made.n_voxels];
    active.iter().for_each(|&v| region[v] = true);
    let notes =
        maps.each_ref().map(|t| format!("mean t {:.1} in the outline", mean_of(t, &active)));
    let titles = ["the run as it was", "with injected noise", "RETROICOR"];
    let background: Vec<f32> = made.mean.iter().map(|&v| v as f32).collect();
    let panels: Vec<Panel<'_>> = (0..3)
        .map(|at| Panel {
            title: titles[at],
            note: &notes[at],
            background: &background,
            overlay: &maps[at],
            outline: Some(&region),
            threshold: 3.1,
            floor: 3.1,
            max: 12.0,
        })
        .collect();
    let [across_i, _, across_k] = cuts_through(&made.grid, &region);
    let cuts = [across_k, across_i];
    let png = boldly::report::picture::panels(&panels, &made.grid, &cuts).unwrap();
    std::fs::write(to, png).unwrap();
    println!("{notes:?}");
}
