//! Orders chosen from the run: the criteria equal statsmodels', known orders are found again, noise gets none, and the commands
//! keep what was chosen so that verify reruns it.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use binary::said;
use boldly::design::Design;
use boldly::gpu::Device;
use boldly::io::source::Memory;
use boldly::physio::{Terms, retroicor};
use boldly::pipeline::blocks::Ladder;
use boldly::pipeline::order::{Columns, Gathered, Largest, decide};
use boldly::pipeline::spec::{Criterion, OrderChoice};
use boldly::pipeline::watch::Quiet;
use boldly::recording::{Acquisition, Recording};
use boldly::volume::{Block, HostBold, SliceGroups};
use ndarray::Array2;
use serde_json::Value;

mod binary;
#[path = "physio_common/mod.rs"]
mod physio_common;
mod test_adapter;

use physio_common::{Random, breathing, dicrotic, golden, json, pulse, resting};

/// A run in memory with its columns.
struct Made {
    design: Design,
    slices: SliceGroups,
    memory: Memory,
}

impl Made {
    fn gather(&self, at_most: &Terms, by: Criterion, device: Device) -> Gathered {
        let columns = Columns { design: &self.design, slices: &self.slices, dof_spent: 0.0 };
        let block = &self.memory.run.block;
        let largest = Largest::new(&columns, block.run_shape[2], at_most, by).unwrap();
        let inside = vec![true; block.volume_len()];
        let mut ladder = Ladder::around(device);
        largest.gather(&mut ladder, &mut self.memory.clone(), &inside, &Quiet).unwrap()
    }

    fn choose(&self, at_most: &str, by: Criterion) -> (OrderChoice, Terms) {
        let at_most: Terms = at_most.parse().unwrap();
        decide(&at_most, by, &self.gather(&at_most, by, Device::cpu())).unwrap()
    }
}

fn matrix(rows: &Value) -> Array2<f64> {
    let rows: Vec<Vec<f64>> = rows.as_array().unwrap().iter().map(physio_common::numbers).collect();
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(r, c)| rows[r][c])
}

/// The run of tests/oracles/order.py: two planes, each with columns of its own.
fn of_the_oracle(golden: &Value) -> Made {
    let n_voxels = golden["voxels_a_plane"].as_u64().unwrap() as usize;
    let bold = matrix(&golden["bold"]);
    let block = Block::whole([n_voxels, 1, 2], bold.nrows());
    let data = bold.iter().map(|&v| v as f32).collect();
    let names = |n: usize| (0..n).map(|c| format!("x{c}")).collect::<Vec<_>>();
    let at_most: Terms = "2/2/1x1".parse().unwrap();
    let columns = golden["slice_columns"].as_array().unwrap().iter().map(matrix).collect();
    Made {
        design: Design { names: names(3), matrix: matrix(&golden["design"]), n_task: 0 },
        slices: SliceGroups { group_of_plane: vec![0, 1], names: at_most.names(), columns },
        memory: Memory { run: HostBold::new(block, data) },
    }
}

#[test]
fn bic_of_every_nested_model_and_shares_of_every_order_equal_statsmodels() {
    let golden = json(&golden("order.json"));
    let made = of_the_oracle(&golden);
    let (choice, _) = made.choose("2/2/1x1", Criterion::Bic);
    let want = golden["bic"].as_object().unwrap();
    assert_eq!((choice.models.len(), want.len(), choice.n_voxels), (13, 13, 40));
    for model in &choice.models {
        let want = want[&model.terms].as_f64().unwrap();
        let off = (model.bic / want - 1.0).abs();
        assert!(off <= 1e-9, "{}: {} wanted {want}, off by {off:e}", model.terms, model.bic);
    }
    assert_eq!(choice.chosen, "1/0/0");
    let (choice, _) = made.choose("2/2/1x1", Criterion::FTest);
    let want = golden["tests"].as_array().unwrap();
    assert_eq!((choice.tests.len(), want.len()), (5, 5));
    for (test, want) in choice.tests.iter().zip(want) {
        assert_eq!(
            (&test.series[..], test.order as u64),
            (want["series"].as_str().unwrap(), want["order"].as_u64().unwrap())
        );
        let want = |name: &str| want[name].as_f64().unwrap();
        assert!((test.share - want("share")).abs() < 1e-12, "{test:?}, {}", want("share"));
        let threshold = want("threshold");
        assert!((test.threshold - threshold).abs() < 1e-12, "{test:?}, {threshold}");
    }
}

#[test]
fn the_test_adapter_compares_the_same_models_as_the_f64_path() {
    let golden = json(&golden("order.json"));
    let made = of_the_oracle(&golden);
    let at_most: Terms = "2/2/1x1".parse().unwrap();
    let on = |device| made.gather(&at_most, Criterion::Bic, device);
    let (got, want) = (on(test_adapter::open(None)), on(Device::cpu()));
    assert_eq!((got.n_voxels, got.sums.len()), (want.n_voxels, 13));
    for (got, want) in got.sums.iter().zip(&want.sums) {
        // F to 1e-4 of itself at most moves n ln RSS by n 1e-4 a voxel.
        assert!((got - want).abs() < 60.0 * 1e-4 * 40.0, "{got} wanted {want}");
    }
    assert_eq!(
        decide(&at_most, Criterion::Bic, &got).unwrap().1,
        decide(&at_most, Criterion::Bic, &want).unwrap().1
    );
}

const N_VOLUMES: usize = 160;
const TR: f64 = 1.5;

/// Noise with physiology of `truth` at every other voxel, each column with an amplitude of about `gain` times the
/// noise; `rho` the noise's AR(1) coefficient.
fn simulated(truth: Option<&str>, at_most: &str, gain: f64, rho: f64, seed: u64) -> Made {
    let seconds = N_VOLUMES as f64 * TR + 20.0;
    let recording = Recording {
        name: "made up".to_owned(),
        cardiac: Some(pulse(50.0, seconds, -10.0, resting, dicrotic).0),
        respiratory: Some(breathing(50.0, seconds, -10.0)),
        trigger: None,
    };
    let run = Acquisition {
        tr: TR,
        n_volumes: N_VOLUMES,
        slice_times: Some(vec![0.0, 0.75, 0.25, 1.0, 0.5, 1.25]),
        start_time: 0.0,
    };
    let made = |terms: &str| retroicor(&recording, &run, &terms.parse().unwrap()).unwrap().groups;
    let slices = made(at_most);
    let signal = truth.map(made);
    let mut random = Random(seed);
    let shape = [9, 8, 6];
    let block = Block::whole(shape, N_VOLUMES);
    let n_voxels = block.volume_len();
    let mut data = vec![0.0_f32; block.len()];
    for voxel in 0..n_voxels {
        let group = slices.group_of_plane[voxel / block.plane_len()];
        let weights: Vec<f64> = match &signal {
            Some(signal) if voxel % 2 == 0 => {
                signal.names.iter().map(|_| gain * random.gaussian()).collect()
            }
            _ => Vec::new(),
        };
        let mut noise = 0.0;
        for volume in 0..N_VOLUMES {
            noise = rho * noise + (1.0 - rho * rho).sqrt() * random.gaussian();
            let row = signal.as_ref().map(|s| s.columns[group].row(volume).to_owned());
            let physiology: f64 = row.iter().flatten().zip(&weights).map(|(x, w)| x * w).sum();
            let task = (volume as f64 * 0.2).sin().max(0.0);
            data[volume * n_voxels + voxel] = (1000.0 + 5.0 * task + physiology + noise) as f32;
        }
    }
    let design = Array2::from_shape_fn((N_VOLUMES, 3), |(v, c)| match c {
        0 => (v as f64 * 0.2).sin().max(0.0),
        1 => v as f64 / N_VOLUMES as f64,
        _ => 1.0,
    });
    let names = ["task", "drift_1", "constant"].map(str::to_owned).to_vec();
    Made {
        design: Design { names, matrix: design, n_task: 0 },
        slices,
        memory: Memory { run: HostBold::new(block, data) },
    }
}

#[test]
fn known_orders_are_found_again_exactly_by_bic_and_never_missed_by_the_f_test() {
    let mut n_extra = 0;
    for (n, truth) in ["2/1/0", "3/4/1x1", "0/2/0", "1/0/0", "2/3/1x1"].into_iter().enumerate() {
        let made = simulated(Some(truth), "4/5/1x1", 0.8, 0.0, 100 + n as u64);
        let (choice, terms) = made.choose("4/5/1x1", Criterion::Bic);
        assert_eq!((choice.chosen.as_str(), terms), (truth, truth.parse().unwrap()), "{choice:#?}");
        let (choice, terms) = made.choose("4/5/1x1", Criterion::FTest);
        let truth: Terms = truth.parse().unwrap();
        let orders = |t: &Terms| [t.cardiac, t.respiratory, t.interaction.0];
        for (got, want) in orders(&terms).into_iter().zip(orders(&truth)) {
            assert!(got >= want, "{truth}: {choice:#?}");
            n_extra += got - want;
        }
    }
    // The order after the last true one is kept once in twenty: 0.6 of these 12 tests.
    println!("f-test: {n_extra} orders too many in five runs");
    assert!(n_extra <= 3, "{n_extra} orders too many");
}

#[test]
fn noise_gets_no_order() {
    let made = simulated(None, "3/4/1x1", 0.0, 0.0, 7);
    for by in [Criterion::Bic, Criterion::FTest] {
        let (choice, terms) = made.choose("3/4/1x1", by);
        assert_eq!(choice.chosen, "0/0/0", "{by:?}: {choice:#?}");
        assert_eq!(terms.n_columns(), 0);
    }
    // Slow terms are no matter of choice.
    let (choice, terms) =
        simulated(None, "2/2/0+rv", 0.0, 0.0, 7).choose("2/2/0+rv", Criterion::Bic);
    assert_eq!((choice.chosen.as_str(), terms.n_columns()), ("0/0/0+rv", 1));
}

#[test]
fn noise_gets_an_order_by_chance_about_once_in_twenty_series() {
    // Two series of one run in twenty each: 2 of 20 runs expected, more than 6 in one of 400 such tests.
    for rho in [0.0, 0.3] {
        let mut kept = [0; 2];
        for seed in 0..20 {
            let made = simulated(None, "2/2/0", 0.0, rho, 1000 + seed);
            for (kept, by) in kept.iter_mut().zip([Criterion::Bic, Criterion::FTest]) {
                *kept += usize::from(made.choose("2/2/0", by).0.chosen != "0/0/0");
            }
        }
        println!(
            "AR(1) {rho}: an order kept in {} (bic), {} (f-test) of 20 runs",
            kept[0], kept[1]
        );
        assert!(kept[0] == 0 && kept[1] <= 6, "AR(1) {rho}: {kept:?} of 20 runs");
    }
}

#[test]
fn interactions_need_the_orders_they_stand_on_and_columns_that_depend_on_others_are_refused() {
    let made = simulated(Some("0/2/0"), "2/2/2x1", 1.0, 0.0, 3);
    let (choice, _) = made.choose("2/2/2x1", Criterion::Bic);
    let models: Vec<&str> = choice.models.iter().map(|m| m.terms.as_str()).collect();
    assert!(models.contains(&"2/1/2x1") && models.contains(&"1/2/1x1"), "{models:?}");
    assert!(!models.contains(&"1/2/2x1") && !models.contains(&"0/2/1x1"), "{models:?}");
    let at_most: Terms = "2/2/2x1".parse().unwrap();
    let twice = made.slices.columns[0].column(0).to_owned();
    let mut doubled = made;
    doubled.design.matrix.column_mut(1).assign(&twice);
    let columns = Columns { design: &doubled.design, slices: &doubled.slices, dof_spent: 0.0 };
    let refused = Largest::new(&columns, 6, &at_most, Criterion::Bic);
    let message = refused.err().unwrap().to_string();
    assert!(message.contains("--choose-order") && message.contains("depend on"), "{message}");
}

const RECORD: &str = "data/sub-01/func/sub-01_task-pain_physio.tsv.gz";
const BOLD: &str = "data/sub-01/func/sub-01_task-pain_bold.nii.gz";
const EVENTS: &str = "data/sub-01/func/sub-01_task-pain_events.tsv";

fn boldly(dir: &Path, line: &str) -> Output {
    let line = line.replace("RECORD", RECORD).replace("BOLD", BOLD).replace("EVENTS", EVENTS);
    binary::boldly(dir, &line)
}

/// A small simulated study in `data`: 80 volumes, 6 slices.
fn study() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let made = boldly(
        folder.path(),
        "simulate data --shape 6,6,6 --voxel-size 24,28,24 --volumes 80 --multiband 1",
    );
    assert!(made.status.success(), "{}", said(&made));
    folder
}

#[test]
fn the_commands_print_the_table_keep_the_choice_and_verify_reruns_it() {
    let folder = study();
    let dir = folder.path();
    for (line, sidecar) in [
        (
            "retroicor BOLD --physio RECORD --events EVENTS --choose-order bic --out c.nii.gz",
            "c.json",
        ),
        (
            "glm BOLD --physio RECORD --events EVENTS --choose-order f-test --terms 2/2/1x1 --contrast pain --out g",
            "g/mask.json",
        ),
        (
            "connect BOLD --physio RECORD --choose-order bic --terms 2/2/1x1 --coordinates native --seed s=sphere:0,0,0:60 --out r",
            "r/mask.json",
        ),
    ] {
        let output = boldly(dir, &format!("{line} --device cpu --verify"));
        assert!(output.status.success(), "{line}: {}", said(&output));
        let json: Value =
            serde_json::from_str(&fs::read_to_string(dir.join(sidecar)).unwrap()).unwrap();
        let design = &json["boldly"]["command"]["design"];
        let chosen = design["order"]["chosen"].as_str().unwrap();
        assert_eq!(design["terms"], chosen, "{design}");
        assert_ne!(chosen, design["order"]["at_most"].as_str().unwrap(), "{design}");
        assert_eq!(json["boldly"]["physio"][0]["terms"], chosen);
        let table = design["order"]["models"].as_array().or(design["order"]["tests"].as_array());
        assert!(table.unwrap().len() >= 5, "{design}");
        let told = said(&output);
        assert!(told.contains(&format!(": {chosen} of ")), "{told}");
        assert!(told.contains("mean BIC") || told.contains("must exceed"), "{told}");
    }
}

#[test]
fn the_f_test_of_more_columns_than_half_the_volumes_points_to_bic() {
    let at_most: Terms = "10/10/4x4".parse().unwrap();
    let made = simulated(None, "10/10/4x4", 0.0, 0.0, 5);
    let columns = Columns { design: &made.design, slices: &made.slices, dof_spent: 0.0 };
    assert!(Largest::new(&columns, 6, &at_most, Criterion::Bic).is_ok());
    let refused = Largest::new(&columns, 6, &at_most, Criterion::FTest);
    let message = refused.err().unwrap().to_string();
    assert!(message.contains("twice") && message.contains("--choose-order bic"), "{message}");
}

#[test]
fn several_runs_choose_together() {
    let folder = study();
    let choice = |line: &str, out: &str| -> Value {
        let line =
            format!("glm {line} --choose-order bic --contrast pain --out {out} --device cpu");
        let output = boldly(folder.path(), &line);
        assert!(output.status.success(), "{}", said(&output));
        let text = fs::read_to_string(folder.path().join(out).join("mask.json")).unwrap();
        let json: Value = serde_json::from_str(&text).unwrap();
        json["boldly"]["command"]["design"]["order"].clone()
    };
    let one = choice("BOLD --physio RECORD --events EVENTS", "one");
    let twin = BOLD.replace("_bold.nii.gz", "_run-2_bold.nii");
    let packed = fs::File::open(folder.path().join(BOLD)).unwrap();
    let mut bytes = Vec::new();
    std::io::copy(&mut flate2::read::GzDecoder::new(packed), &mut bytes).unwrap();
    bytes[352] ^= 1; // no copy, by a bit outside the head
    fs::write(folder.path().join(&twin), bytes).unwrap();
    // a recording of its own, a tenth of a millisecond apart
    let own = RECORD.replace("_physio", "_run-2_physio");
    let [record, other] = [RECORD, &own].map(|name| folder.path().join(name));
    fs::copy(&record, &other).unwrap();
    let json = |path: &Path| PathBuf::from(path.to_string_lossy().replace(".tsv.gz", ".json"));
    let text = fs::read_to_string(json(&record)).unwrap();
    let mut fields: Value = serde_json::from_str(&text).unwrap();
    fields["StartTime"] = (fields["StartTime"].as_f64().unwrap() + 1e-4).into();
    fs::write(json(&other), fields.to_string()).unwrap();
    let two = choice(&format!("BOLD {twin} --physio RECORD {own} --events EVENTS EVENTS"), "two");
    assert_eq!(two["n_voxels"].as_u64().unwrap(), 2 * one["n_voxels"].as_u64().unwrap());
    assert_eq!(two["chosen"], one["chosen"]);
}

#[test]
fn a_run_without_physiology_is_not_corrected_and_modelled_without() {
    let folder = study();
    let dir = folder.path();
    let (header, grid) = {
        let bold = boldly::io::BoldFile::open(&dir.join(BOLD)).unwrap();
        (bold.header.for_bold(bold.n_volumes), bold.grid.clone())
    };
    let mut random = Random(4);
    let block = Block::whole(grid.shape, 80);
    let data = (0..block.len()).map(|_| 1000.0 + random.gaussian() as f32).collect();
    let mut outputs = boldly::io::Outputs::new();
    let mut writer = outputs.bold(&dir.join(BOLD), &header).unwrap();
    writer.write_block(&HostBold::new(block, data)).unwrap();
    writer.finish().unwrap();
    outputs.commit().unwrap();

    let refused = boldly(
        dir,
        "retroicor BOLD --physio RECORD --events EVENTS --choose-order bic --out c.nii.gz --device cpu",
    );
    assert_eq!(refused.status.code(), Some(65), "{}", said(&refused));
    let told = said(&refused);
    assert!(told.contains("nothing to subtract") && told.contains("3/4/1x1"), "{told}");
    assert!(!dir.join("c.nii.gz").exists() && !dir.join("c.json").exists());

    let output = boldly(
        dir,
        "glm BOLD --physio RECORD --events EVENTS --choose-order bic --contrast pain --out g --device cpu --verify",
    );
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("the model goes without"), "{}", said(&output));
    let json: Value =
        serde_json::from_str(&fs::read_to_string(dir.join("g/mask.json")).unwrap()).unwrap();
    assert_eq!(json["boldly"]["command"]["design"]["order"]["chosen"], "0/0/0");
    assert_eq!(json["boldly"]["physio"].as_array().unwrap().len(), 0);
    let alone = boldly(dir, "glm BOLD --events EVENTS --choose-order bic --contrast pain --out h");
    assert_eq!(alone.status.code(), Some(2), "{}", said(&alone));
}
