//! Several echoes made one: T2*, S0, good echoes and the combination against tedana's t2smap (golden: tests/oracles/echoes.py) and against truth
//! with dropout, and `glm` of echoes against `glm` of the run that they make.
#![allow(clippy::unwrap_used, reason = "tests")]

mod binary;
mod common;

use std::fs;
use std::path::Path;

use binary::study;
use boldly::io::source::{BoldSource, Combined, Memory};
use boldly::io::{BoldFile, Outputs, read_map};
use boldly::simulate::write::paths;
use boldly::stats::decay::{Decays, EchoMeans, Fit, Good, decays, good};
use boldly::volume::{Block, HostBold};
use common::{Random, assert_close, numbers, wide};
use serde_json::Value;

/// Means, good echoes and decays of sources, which combine by them.
fn combine(
    echoes: Vec<Box<dyn BoldSource>>,
    times_s: &[f64],
    inside: &[bool],
    (rule, fit): (Good, Fit),
) -> (Decays, Combined) {
    let mut combined = Combined::new(echoes).unwrap();
    let over_time = combined.over_time(true).unwrap();
    let (signal, log) = over_time.into_iter().map(|echo| (echo.mean, echo.log_mean)).unzip();
    let means = EchoMeans { signal, log };
    let good = good(&means.signal, inside, rule);
    let found = decays(times_s, &means, good, fit);
    combined.weigh(found.weights.clone()).unwrap();
    (found, combined)
}

/// The golden's run, made as its script makes it.
mod tedana {
    pub const SHAPE: [usize; 3] = [6, 5, 4];
    pub const N_VOLUMES: usize = 12;
    pub const TIMES_S: [f64; 4] = [0.013, 0.028, 0.043, 0.058];
    const N_VOXELS: usize = 120;

    fn hashed(n: usize) -> f64 {
        let n = (n as u32).wrapping_mul(2_654_435_761).rotate_left(13).wrapping_mul(0x9E37_79B1);
        f64::from(n >> 16) / 65536.0
    }

    pub fn value(echo: usize, volume: usize, voxel: usize) -> f64 {
        let noise = hashed((echo * N_VOLUMES + volume) * N_VOXELS + voxel);
        let noise_from = match voxel {
            6 | 80 => 1,
            19 => 2,
            33 => 3,
            40 => 0,
            _ => 4,
        };
        match (voxel, echo) {
            (50, _) => 0.0,
            (70, 1) => 1.0 + 7.0 * noise,
            (60, _) => 500.0 + 20.0 * echo as f64 + 5.0 * noise,
            _ if echo >= noise_from => 1.0 + 7.0 * noise,
            _ => {
                let s0 = 600.0 + 800.0 * hashed(7000 + voxel);
                let t2star_s = 0.012 + 0.058 * hashed(9000 + voxel);
                s0 * (-TIMES_S[echo] / t2star_s).exp() + 10.0 * noise
            }
        }
    }
}

#[test]
fn t2star_s0_good_echoes_and_the_combination_are_tedanas() {
    use tedana::{N_VOLUMES, SHAPE, TIMES_S, value};
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/echoes.json");
    let golden: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let whole = Block::whole(SHAPE, N_VOLUMES);
    let n = whole.volume_len();
    let echo = |echo: usize| -> Box<dyn BoldSource> {
        let data = (0..whole.len()).map(|at| value(echo, at / n, at % n) as f32).collect();
        Box::new(Memory { run: HostBold::new(whole.clone(), data) })
    };
    let inside: Vec<bool> = (0..n).map(|voxel| voxel % SHAPE[0] != SHAPE[0] - 1).collect();
    let rules = [("dropout", Good::Dropout), ("decay", Good::Decay), ("none", Good::None)];
    for (name, rule) in rules {
        let want = &golden[name];
        let echoes = (0..TIMES_S.len()).map(echo).collect();
        let (found, mut combined) = combine(echoes, &TIMES_S, &inside, (rule, Fit::Tedana));
        // Where tedana has no good echo it has 0; boldly keeps the voxel.
        let good = numbers(&want["good"]);
        let kept: Vec<usize> = (0..n).filter(|&voxel| good[voxel] > 0.0).collect();
        assert!(kept.len() > 95, "{name}: {} voxels", kept.len());
        let of = |values: &[f64]| kept.iter().map(|&voxel| values[voxel]).collect::<Vec<f64>>();
        let own: Vec<f64> = (0..n).map(|voxel| f64::from(found.good[voxel])).collect();
        assert_eq!(of(&own), of(&good), "{name}");
        for (what, got) in [("t2star_s", &found.t2star_s), ("s0", &found.s0)] {
            assert_close(what, &of(&wide(got)), &of(&numbers(&want[what])), 1e-5, 0.0);
        }
        let got = wide(&combined.read(&whole).unwrap().data);
        let of_golden = numbers(&want["combined"]);
        for (at, volume) in golden["volumes"].as_array().unwrap().iter().enumerate() {
            let volume = volume.as_u64().unwrap() as usize;
            let (got, want) = (&got[volume * n..][..n], &of_golden[at * n..][..n]);
            assert_close(name, &of(got), &of(want), 1e-5, 0.0);
        }
    }
}

const TIMES_S: [f64; 3] = [0.013, 0.028, 0.043];

/// Echoes of magnitudes with noise of sd 8 in real and imaginary part; every fifth voxel has lost its signal from the third echo on, and
/// every seventh from the second on; the exemplary voxel is none of these.
fn magnitudes(n: usize, n_volumes: usize) -> (Vec<Box<dyn BoldSource>>, Vec<f64>) {
    let mut random = Random(52);
    let t2star_s: Vec<f64> = (0..n).map(|_| 0.012 + 0.05 * random.uniform()).collect();
    let s0: Vec<f64> = (0..n).map(|_| 800.0 + 400.0 * random.uniform()).collect();
    let mut normal = move || (0..12).map(|_| random.uniform()).sum::<f64>() - 6.0;
    let whole = Block::whole([n, 1, 1], n_volumes);
    let mut echo = |echo: usize| -> Box<dyn BoldSource> {
        let value = |at: usize| {
            let voxel = at % n;
            let lost =
                (voxel.is_multiple_of(5) && echo >= 2) || (voxel.is_multiple_of(7) && echo >= 1);
            let decayed = s0[voxel] * (-TIMES_S[echo] / t2star_s[voxel]).exp();
            let signal = if lost { 0.0 } else { decayed };
            (signal + 8.0 * normal()).hypot(8.0 * normal()) as f32
        };
        let data = (0..whole.len()).map(value).collect();
        Box::new(Memory { run: HostBold::new(whole.clone(), data) })
    };
    ((0..3).map(&mut echo).collect(), t2star_s)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[test]
fn t2star_is_the_truth_also_where_late_echoes_are_lost_and_no_voxel_is() {
    let n = 700;
    let off = |rule: Good, fit: Fit| {
        let (echoes, truth) = magnitudes(n, 60);
        let (found, mut combined) = combine(echoes, &TIMES_S, &vec![true; n], (rule, fit));
        let relative = |voxel: usize| (f64::from(found.t2star_s[voxel]) / truth[voxel] - 1.0).abs();
        let of =
            |is: &dyn Fn(usize) -> bool| median((0..n).filter(|&v| is(v)).map(relative).collect());
        let run = combined.read(&Block::whole([n, 1, 1], 60)).unwrap();
        assert!(run.data.iter().all(|&v| v.is_finite() && v > 0.0), "a voxel is lost");
        let alone: Vec<usize> = (0..n).filter(|voxel| voxel % 7 == 0).collect();
        for voxel in alone {
            let weights: Vec<f32> = found.weights.iter().map(|w| w[voxel]).collect();
            let sum: f32 = weights.iter().sum();
            assert!((sum - 1.0).abs() < 1e-6, "voxel {voxel}: {weights:?}");
            if rule == Good::Dropout {
                assert_eq!((found.good[voxel], weights[2]), (1, 0.0), "voxel {voxel}");
            }
        }
        (of(&|v| v % 5 != 0 && v % 7 != 0), of(&|v| v % 5 == 0 && v % 7 != 0))
    };
    for fit in [Fit::Weighted, Fit::Nonlinear] {
        let (whole, lost) = off(Good::Dropout, fit);
        assert!(whole < 0.01, "{fit:?}: {whole} where all echoes are good");
        assert!(lost < 0.01, "{fit:?}: {lost} where the third is noise");
    }
    // what the mask is for, and what the weights are for
    let (_, without) = off(Good::None, Fit::Tedana);
    assert!(without > 0.1, "{without} with the lost echoes in the fit");
    let (weighted, _) = off(Good::None, Fit::Weighted);
    let (equal, _) = off(Good::None, Fit::Tedana);
    assert!(weighted < equal, "{weighted} weighed, {equal} with equal weights");
}

#[test]
fn the_combination_has_the_contrast_to_noise_that_is_best() {
    let n = 700;
    let (echoes, truth) = magnitudes(n, 60);
    let how = (Good::None, Fit::default());
    let (found, _) = combine(echoes, &TIMES_S, &vec![true; n], how);
    for voxel in (0..n).filter(|v| v % 5 != 0 && v % 7 != 0) {
        // A change of 1 / T2* changes an echo by TE S; noise is the same in all.
        let contrast = TIMES_S.map(|te| te * (-te / truth[voxel]).exp());
        let best = contrast.iter().map(|c| c * c).sum::<f64>().sqrt();
        let weights: Vec<f64> = found.weights.iter().map(|w| f64::from(w[voxel])).collect();
        let signal: f64 = weights.iter().zip(contrast).map(|(w, c)| w * c).sum();
        let noise = weights.iter().map(|w| w * w).sum::<f64>().sqrt();
        assert!(signal / noise > 0.995 * best, "voxel {voxel}: {} of {best}", signal / noise);
    }
}

/// Three echoes of a study's run beside it, their sidecars, and the run that they make with the weights of `echoes`.
fn echoes_of_study(dir: &Path) {
    let mut file = BoldFile::open(&dir.join("study").join(paths::BOLD)).unwrap();
    let (shape, n_volumes) = (file.grid.shape, file.n_volumes);
    let bold = file.read(&Block::whole(shape, n_volumes)).unwrap();
    let n: usize = shape.iter().product();
    let header = file.header.for_bold(n_volumes);
    for (echo, te) in TIMES_S.iter().enumerate() {
        let mut random = Random(31 + echo as u64);
        let value = |(at, &value): (usize, &f32)| {
            let t2star_s = 0.02 + 0.03 * (at % n % 11) as f64 / 11.0;
            let decay = (-te / t2star_s).exp();
            (f64::from(value) * decay * (1.0 + 0.002 * random.uniform())) as f32
        };
        let data: Vec<f32> = bold.data.iter().enumerate().map(value).collect();
        let name = format!("sub-01_echo-{}_bold", echo + 1);
        let mut outputs = Outputs::new();
        outputs.map(&dir.join(format!("{name}.nii.gz")), &header, &data).unwrap();
        outputs.commit().unwrap();
        fs::write(dir.join(format!("{name}.json")), format!("{{\"EchoTime\": {te}}}")).unwrap();
    }
}

fn glm(dir: &Path, images: &str, more: &str) -> String {
    let events = paths::EVENTS;
    let line = format!("glm {images} --events study/{events} --device cpu --contrast pain {more}");
    binary::said(&binary::succeeded(&line, binary::boldly(dir, &line)))
}

fn map(path: &Path) -> Vec<f64> {
    wide(&read_map(path).unwrap().2)
}

const ECHOES: &str =
    "sub-01_echo-2_bold.nii.gz sub-01_echo-1_bold.nii.gz sub-01_echo-3_bold.nii.gz";

#[test]
fn glm_of_echoes_is_glm_of_the_run_that_they_make_whatever_their_order_and_is_verified() {
    let folder = study();
    let dir = folder.path();
    echoes_of_study(dir);
    let said = glm(dir, ECHOES, "--out of-echoes");
    assert!(said.contains("3 echoes at 13, 28, 43 ms combined"), "{said}");

    // the same by hand
    let open = |echo: usize| -> Box<dyn BoldSource> {
        Box::new(BoldFile::open(&dir.join(format!("sub-01_echo-{echo}_bold.nii.gz"))).unwrap())
    };
    let (grid, _, good) =
        read_map(&dir.join("of-echoes/desc-adaptiveGoodSignal_mask.nii.gz")).unwrap();
    let inside: Vec<bool> = good.iter().map(|&good| good > 0.0).collect();
    let how = (Good::None, Fit::Weighted);
    let (found, mut combined) = combine((1..=3).map(open).collect(), &TIMES_S, &inside, how);
    let whole = Block::whole(grid.shape, combined.n_volumes());
    let header = BoldFile::open(&dir.join("sub-01_echo-1_bold.nii.gz")).unwrap().header;
    let mut outputs = Outputs::new();
    let run = combined.read(&whole).unwrap();
    outputs
        .map(&dir.join("one_bold.nii.gz"), &header.for_bold(whole.volumes.len()), &run.data)
        .unwrap();
    outputs.commit().unwrap();
    glm(dir, "one_bold.nii.gz", "--out of-one");
    glm(dir, ECHOES, "--echo-mask none --out of-all");
    for stat in ["effect", "t"] {
        let of =
            |out: &str| map(&dir.join(format!("{out}/contrast-pain_stat-{stat}_statmap.nii.gz")));
        assert_close(stat, &of("of-all"), &of("of-one"), 1e-4, 1e-6);
    }
    let t2star = map(&dir.join("of-all/T2starmap.nii.gz"));
    let voxels: Vec<usize> = (0..t2star.len()).filter(|&v| t2star[v] != 0.0).collect();
    let of = |values: &[f64]| voxels.iter().map(|&v| values[v]).collect::<Vec<f64>>();
    assert_close("T2*", &of(&t2star), &of(&wide(&found.t2star_s)), 1e-6, 0.0);
    // and the truth that they were made with
    let truth: Vec<f64> = (0..t2star.len()).map(|v| 0.02 + 0.03 * (v % 11) as f64 / 11.0).collect();
    assert_close("T2* is the truth", &of(&t2star), &of(&truth), 0.01, 0.0);

    let sidecar = fs::read_to_string(dir.join("of-all/T2starmap.json")).unwrap();
    let sidecar: Value = serde_json::from_str(&sidecar).unwrap();
    assert_eq!(sidecar["Units"], "s");
    let resolved = &sidecar["boldly"]["resolved"]["runs"][0]["echoes"];
    assert_eq!(resolved["times_s"], serde_json::json!(TIMES_S));
    assert_eq!((&resolved["fit"], &resolved["good"]), (&"weighted".into(), &"none".into()));
    for name in ["S0map.nii.gz", "desc-decay_stat-rSquare_statmap.nii.gz"] {
        assert!(dir.join("of-all").join(name).exists(), "{name}");
    }
    for out in ["of-echoes", "of-all"] {
        let line = format!("verify {out}");
        binary::succeeded(&line, binary::boldly(dir, &line));
    }
}

#[test]
fn what_is_not_finite_in_an_echo_that_weighs_nothing_is_counted_and_the_voxel_kept() {
    let folder = study();
    let dir = folder.path();
    echoes_of_study(dir);
    let mask = map(&dir.join("study").join(paths::MASK));
    let inside: Vec<usize> = (0..mask.len()).filter(|&v| mask[v] > 0.0).collect();
    let path = dir.join("sub-01_echo-3_bold.nii.gz");
    let mut file = BoldFile::open(&path).unwrap();
    let (shape, n_volumes) = (file.grid.shape, file.n_volumes);
    let mut bold = file.read(&Block::whole(shape, n_volumes)).unwrap();
    let header = file.header.for_bold(n_volumes);
    drop(file);
    for (lost, &voxel) in inside.iter().step_by(9).take(3).enumerate() {
        (0..n_volumes).for_each(|t| bold.data[t * mask.len() + voxel] = 1.0);
        bold.data[5 * mask.len() + voxel] = if lost < 2 { f32::NAN } else { 1.0 };
    }
    fs::remove_file(&path).unwrap();
    let mut outputs = Outputs::new();
    outputs.map(&path, &header, &bold.data).unwrap();
    outputs.commit().unwrap();
    let more = format!("--mask study/{} --scaling none", paths::MASK);
    let said = glm(dir, ECHOES, &format!("{more} --echo-mask dropout --out kept"));
    let count =
        "2 mask voxels of sub-01_echo-2_bold.nii.gz are not finite in some volume of echo 3";
    assert!(said.contains(count), "{said}");
    let fitted = map(&dir.join("kept/mask.nii.gz"));
    assert_eq!(fitted.iter().filter(|v| **v > 0.0).count(), inside.len());
    let said = glm(dir, ECHOES, &format!("{more} --echo-mask none --out lost"));
    assert!(said.contains("2 mask voxels are not finite in some volume"), "{said}");
}

#[test]
fn echo_times_by_hand_are_those_of_the_images_in_their_order_and_two_runs_have_maps_each() {
    let folder = study();
    let dir = folder.path();
    echoes_of_study(dir);
    for echo in 1..=3 {
        let own = format!("sub-01_echo-{echo}_bold");
        for (run, scale) in [(1, 1.0_f32), (2, 1.5)] {
            let mut file = BoldFile::open(&dir.join(format!("{own}.nii.gz"))).unwrap();
            let mut bold = file.read(&Block::whole(file.grid.shape, file.n_volumes)).unwrap();
            bold.data.iter_mut().for_each(|v| *v *= scale);
            let mut outputs = Outputs::new();
            let to = dir.join(format!("run{run}_e{echo}.nii.gz"));
            outputs.map(&to, &file.header.for_bold(file.n_volumes), &bold.data).unwrap();
            outputs.commit().unwrap();
        }
        fs::remove_file(dir.join(format!("{own}.json"))).unwrap();
    }
    let two =
        "run1_e3.nii.gz run1_e1.nii.gz run1_e2.nii.gz run2_e3.nii.gz run2_e1.nii.gz run2_e2.nii.gz";
    let events = format!("study/{}", paths::EVENTS);
    glm(
        dir,
        two,
        &format!("--events {events} --echo-times 43,13,28 --echo-fit nonlinear --out two"),
    );
    let turned = glm(
        dir,
        "run1_e1.nii.gz run1_e2.nii.gz run1_e3.nii.gz",
        "--echo-times 43,28,13 --out turned",
    );
    assert!(turned.contains("does not fall with the echo time"), "{turned}");
    let at = |run: usize, name: &str| map(&dir.join(format!("two/run-{run}_{name}.nii.gz")));
    let t2star = at(1, "T2starmap");
    let truth = |v: usize| 0.02 + 0.03 * (v % 11) as f64 / 11.0;
    let voxels: Vec<usize> = (0..t2star.len()).filter(|&v| t2star[v] != 0.0).collect();
    let got: Vec<f64> = voxels.iter().map(|&v| t2star[v]).collect();
    let want: Vec<f64> = voxels.iter().map(|&v| truth(v)).collect();
    assert_close("T2*", &got, &want, 0.01, 0.0);
    let brighter: Vec<f64> = at(1, "S0map").iter().map(|s0| 1.5 * s0).collect();
    assert_close("S0", &at(2, "S0map"), &brighter, 1e-5, 1e-6);
}

/// The echoes' sidecars with all that the study's run says.
fn with_times(dir: &Path) {
    let study = fs::read_to_string(dir.join("study/task-pain_bold.json")).unwrap();
    for (echo, te) in TIMES_S.iter().enumerate() {
        let mut sidecar: Value = serde_json::from_str(&study).unwrap();
        sidecar["EchoTime"] = serde_json::json!(te);
        let name = format!("sub-01_echo-{}_bold.json", echo + 1);
        fs::write(dir.join(name), sidecar.to_string()).unwrap();
    }
}

fn retroicor(dir: &Path, images: &str, more: &str) -> String {
    let (events, physio) = (paths::EVENTS, paths::PHYSIO);
    let with = format!("--events study/{events} --physio study/{physio} --device cpu");
    let line = format!("retroicor {images} {with} {more}");
    binary::said(&binary::succeeded(&line, binary::boldly(dir, &line)))
}

fn series(path: &Path) -> Vec<f64> {
    let mut file = BoldFile::open(path).unwrap();
    wide(&file.read(&Block::whole(file.grid.shape, file.n_volumes)).unwrap().data)
}

#[test]
fn retroicor_of_echoes_that_are_to_be_one_is_that_of_the_run_that_they_make_and_is_verified() {
    let folder = study();
    let dir = folder.path();
    echoes_of_study(dir);
    with_times(dir);
    let open = |echo: usize| -> Box<dyn BoldSource> {
        Box::new(BoldFile::open(&dir.join(format!("sub-01_echo-{echo}_bold.nii.gz"))).unwrap())
    };
    let how = (Good::None, Fit::Weighted);
    let n = 9 * 10 * 8;
    let (_, mut combined) = combine((1..=3).map(open).collect(), &TIMES_S, &vec![true; n], how);
    let whole = Block::whole(combined.shape(), combined.n_volumes());
    let run = combined.read(&whole).unwrap();
    let header = BoldFile::open(&dir.join("sub-01_echo-1_bold.nii.gz")).unwrap().header;
    let mut outputs = Outputs::new();
    let header = header.for_bold(whole.volumes.len());
    outputs.map(&dir.join("one_bold.nii.gz"), &header, &run.data).unwrap();
    outputs.commit().unwrap();
    fs::copy(dir.join("study/task-pain_bold.json"), dir.join("one_bold.json")).unwrap();

    let said = retroicor(dir, ECHOES, "--echo-mask none --out c_bold.nii.gz --verify");
    assert!(said.contains("3 echoes at 13, 28, 43 ms combined"), "{said}");
    retroicor(dir, "one_bold.nii.gz", "--out of-one_bold.nii.gz");
    let (got, want) = (series(&dir.join("c_bold.nii.gz")), series(&dir.join("of-one_bold.nii.gz")));
    assert_close("corrected", &got, &want, 2e-6, 1e-3);
    let before = wide(&run.data);
    assert!(got.iter().zip(&before).any(|(a, b)| (a - b).abs() > 1.0), "something was taken out");
    let t2star = map(&dir.join("c_T2starmap.nii.gz"));
    let truth = |v: usize| 0.02 + 0.03 * (v % 11) as f64 / 11.0;
    for (v, t2star) in t2star.iter().enumerate().filter(|(_, t)| **t != 0.0) {
        assert!((t2star / truth(v) - 1.0).abs() < 0.01, "voxel {v}: {t2star}");
    }
    assert!(t2star.iter().filter(|t| **t != 0.0).count() > 50, "T2* has values");
    let described = |stem: &str| {
        let text = fs::read_to_string(dir.join(format!("{stem}.json"))).unwrap();
        let sidecar: Value = serde_json::from_str(&text).unwrap();
        sidecar["Description"].as_str().unwrap().to_owned()
    };
    for name in
        ["T2starmap", "S0map", "desc-adaptiveGoodSignal_mask", "desc-decay_stat-rSquare_statmap"]
    {
        let stem = format!("c_{name}");
        assert!(dir.join(format!("{stem}.nii.gz")).exists(), "{name}");
        let said = described(&stem);
        assert!(said.ends_with("; 0 outside the automatic mask of the first echo"), "{said}");
    }
    let sidecar: Value =
        serde_json::from_str(&fs::read_to_string(dir.join("c_bold.json")).unwrap()).unwrap();
    assert!(sidecar.get("EchoTime").is_none(), "of no single echo");
    let own = &sidecar["boldly"];
    assert_eq!(own["stages"], serde_json::json!(["read", "combine echoes", "retroicor"]));
    assert_eq!(own["resolved"]["echoes"]["good"], "none");
    assert_eq!(own["inputs"].as_array().unwrap().iter().filter(|i| i["role"] == "bold").count(), 3);
    // what was spent goes on
    let said = glm(dir, "c_bold.nii.gz", "--out of-corrected");
    assert!(said.contains("columns that were taken out (c_regressors.tsv)"), "{said}");

    // into folders, with maps, under the run's name; a mask says where echoes are compared
    fs::create_dir(dir.join("all")).unwrap();
    let more = "--echoes --mask of-corrected/mask.nii.gz --out all";
    retroicor(dir, ECHOES, more);
    let said = described("all/sub-01_T2starmap");
    assert!(said.ends_with("; 0 outside the mask"), "{said}");
    for entry in fs::read_dir(dir.join("all")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name.matches("desc-").count() < 2, "{name}: BIDS has one description in a name");
    }
    assert!(dir.join("all/sub-01_desc-adaptiveGoodSignal_mask.nii.gz").exists());
    let line = "all/sub-01_T2starmap.nii.gz";
    let inside = map(&dir.join("of-corrected/mask.nii.gz"));
    let is_inside = |(t, inside): (&f64, &f64)| (*t != 0.0) == (*inside != 0.0);
    assert!(map(&dir.join(line)).iter().zip(&inside).all(is_inside), "{line}");
    let more = "--echoes --maps maps --out all2_bold.nii.gz --verify";
    retroicor(dir, ECHOES, more);
    for name in ["sub-01_T2starmap", "sub-01_desc-physio_stat-F_statmap"] {
        assert!(dir.join(format!("maps/{name}.nii.gz")).exists(), "{name}");
    }
    // each by itself where nothing is asked
    retroicor(dir, ECHOES, "--out each");
    assert!(dir.join("each/sub-01_echo-2_desc-retroicor_bold.nii.gz").exists());
    assert!(!dir.join("each/sub-01_echo-2_T2starmap.nii.gz").exists());
}
