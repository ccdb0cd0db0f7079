//! `boldly confounds` as a user meets it: means and components of the shipped run against nipype (golden:
//! tests/oracles/compcor.py), what is left out, the same bytes from any storage, and `glm` on the written table.
#![allow(clippy::unwrap_used, reason = "tests")]

mod binary;
mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use boldly::io::{self, Outputs};
use boldly::table::Table;
use common::{assert_close, numbers};

const FUNC: &str = "sub-01/func/sub-01_task-pain_bold.nii.gz";
const DSEG: &str = "derivatives/truth/sub-01/func/sub-01_task-pain_dseg.nii.gz";
const BRAIN: &str =
    "derivatives/boldly-simulate/sub-01/func/sub-01_task-pain_desc-brain_mask.nii.gz";
const MOTION: &str =
    "derivatives/boldly-simulate/sub-01/func/sub-01_task-pain_desc-confounds_timeseries.tsv";

fn bench(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("bench-data").join(name)
}

/// Run the binary in `dir`; BENCH/ is the shipped data.
fn boldly(dir: &Path, line: &str) -> Output {
    let bench = bench("").to_string_lossy().into_owned();
    binary::with_words(dir, line.split_whitespace().map(|word| word.replace("BENCH/", &bench)))
}

fn well(dir: &Path, line: &str) -> String {
    binary::said(&binary::succeeded(line, boldly(dir, line)))
}

/// A folder with the tissues of a label image as masks csf.nii and wm.nii.
fn tissues(dseg: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (_, header, labels) = io::read_map(dseg).unwrap();
    let mut outputs = Outputs::new();
    for (name, label) in [("csf.nii", 1.0), ("wm.nii", 3.0)] {
        let mask: Vec<f32> = labels.iter().map(|&l| f32::from(u8::from(l == label))).collect();
        let header = header.for_map(io::Intent::None);
        outputs.map(&folder.path().join(name), &header, &mask).unwrap();
    }
    outputs.commit().unwrap();
    folder
}

fn column(table: &Table, name: &str) -> Vec<f64> {
    let at = table.position(name).unwrap_or_else(|| panic!("no {name} in {:?}", table.columns));
    table.rows.iter().map(|row| row[at].parse().unwrap()).collect()
}

fn json(path: &Path) -> serde_json::Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn means_and_components_of_the_shipped_run_are_those_of_nipype() {
    let folder = tissues(&bench(DSEG));
    let dir = folder.path();
    let line = format!(
        "confounds BENCH/{FUNC} --csf csf.nii --white-matter wm.nii --mask BENCH/{BRAIN} --out out/ --device cpu --verify"
    );
    well(dir, &line);
    let at = dir.join("out/sub-01_task-pain_desc-confounds_timeseries.tsv");
    let (table, about) = (io::tsv::read(&at).unwrap(), json(&at.with_extension("json")));
    let golden: serde_json::Value =
        serde_json::from_str(include_str!("goldens/compcor_bench.json")).unwrap();
    for (name, want) in golden["means"].as_object().unwrap() {
        assert_close(name, &column(&table, name), &numbers(want), 1e-11, 0.0);
        assert_eq!(about[name]["Method"], "Mean");
    }
    for (region, prefix) in [("CSF", "c"), ("WM", "w"), ("combined", "a"), ("temporal", "t")] {
        let want = &golden["regions"][region];
        let starts = format!("{prefix}_comp_cor_");
        let kept = table.columns.iter().filter(|c| c.starts_with(&starts)).count();
        assert_eq!(kept as u64, want["retained_for_half"].as_u64().unwrap(), "{region}");
        let (values, shares) =
            (numbers(&want["singular_values"]), numbers(&want["variance_explained"]));
        for k in 0..kept.min(5) {
            let name = format!("{starts}{k:02}");
            // nipype reads the run as f64, boldly as f32; the golden has 12 digits.
            let wanted = numbers(&want["components"][k]);
            assert_close(&name, &column(&table, &name), &wanted, 0.0, 2e-6);
            let number = |field: &str| about[&name][field].as_f64().unwrap();
            assert_close(&name, &[number("SingularValue")], &[values[k]], 1e-7, 0.0);
            assert_close(&name, &[number("VarianceExplained")], &[shares[k]], 1e-7, 0.0);
            let cumulative: f64 = shares[..=k].iter().sum();
            assert_close(&name, &[number("CumulativeVarianceExplained")], &[cumulative], 1e-7, 0.0);
            assert_eq!(about[&name]["Mask"], region);
            assert_eq!(about[&name]["Retained"], true);
        }
    }
    assert_eq!(
        about["boldly"]["counts"]["voxels_most_variable"],
        golden["regions"]["temporal"]["voxels"]
    );
    assert_eq!(about["boldly"]["inputs"].as_array().unwrap().len(), 5); // run, sidecar, 3 masks
    assert_eq!(about["dropped_0"]["Retained"], false);
    // 150 volumes of 2 s: periods of 600, 300, 200 and 150 s
    assert_eq!(table.columns.iter().filter(|c| c.starts_with("cosine")).count(), 4);
}

/// A small simulated study in `data`, with masks.
fn study(volumes: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    well(
        folder.path(),
        &format!("simulate data --shape 16,18,12 --voxel-size 9,9,11 --volumes {volumes}"),
    );
    let with_masks = tissues(&folder.path().join("data").join(DSEG));
    for name in ["csf.nii", "wm.nii"] {
        fs::copy(with_masks.path().join(name), folder.path().join(name)).unwrap();
    }
    folder
}

fn of_study(rest: &str) -> String {
    format!("confounds data/{FUNC} --csf csf.nii --white-matter wm.nii --mask data/{BRAIN} {rest}")
}

#[test]
fn the_device_finds_the_same_components_and_storage_does_not_matter() {
    let folder = study(60);
    let dir = folder.path();
    let adapter = std::env::var("BOLDLY_TEST_ADAPTER").unwrap_or_else(|_| "llvmpipe".to_owned());
    let said = well(dir, &of_study(&format!("--dvars --out on.tsv --verify --device {adapter}")));
    assert!(said.contains("components kept"), "{said}");
    let device = &json(&dir.join("on.json"))["boldly"]["device"]["name"];
    assert!(device.as_str().unwrap().to_lowercase().contains(&adapter.to_lowercase()), "{device}");

    // A changed value is found.
    let text = fs::read_to_string(dir.join("on.tsv")).unwrap();
    let (before, last) = text.trim_end().rsplit_once('\n').unwrap();
    let (_, rest) = last.split_once('\t').unwrap();
    fs::write(dir.join("on.tsv"), format!("{before}\n1.5\t{rest}\n")).unwrap();
    assert_eq!(boldly(dir, "verify on.tsv").status.code(), Some(1));

    // Compressed and read in slabs, or not: the same bytes.
    let plain = Path::new("data/sub-01/func/plain_bold.nii");
    let gz = fs::read(dir.join("data").join(FUNC)).unwrap();
    let mut bytes = Vec::new();
    let mut decoder = flate2::read::MultiGzDecoder::new(&gz[..]);
    std::io::Read::read_to_end(&mut decoder, &mut bytes).unwrap();
    fs::write(dir.join(plain), bytes).unwrap();
    well(dir, &of_study("--out a.tsv --device cpu"));
    let line =
        of_study("--tr 2 --out b.tsv --device cpu").replace(FUNC, "sub-01/func/plain_bold.nii");
    well(dir, &line);
    assert_eq!(fs::read(dir.join("a.tsv")).unwrap(), fs::read(dir.join("b.tsv")).unwrap());
}

#[test]
fn components_have_unit_norm_and_no_drift_and_are_uncorrelated() {
    let folder = study(70);
    let dir = folder.path();
    well(dir, &of_study("--acompcor 4 --tcompcor 3 --out out --device cpu"));
    let table = io::tsv::read(&dir.join("out_desc-confounds_timeseries.tsv")).unwrap();
    let names: Vec<String> = ["c", "w", "a"]
        .iter()
        .flat_map(|p| (0..4).map(move |k| format!("{p}_comp_cor_{k:02}")))
        .chain((0..3).map(|k| format!("t_comp_cor_{k:02}")))
        .collect();
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    for name in &names {
        let here = column(&table, name);
        assert_close(name, &[dot(&here, &here)], &[1.0], 1e-12, 0.0);
        let largest = here.iter().fold(0.0_f64, |a, &v| if v.abs() > a.abs() { v } else { a });
        assert!(largest > 0.0, "{name}");
        let slow = table.columns.iter().filter(|c| c.starts_with("cosine"));
        let mut left: Vec<f64> = slow.map(|c| dot(&here, &column(&table, c))).collect();
        left.push(here.iter().sum());
        assert_close(name, &left, &vec![0.0; left.len()], 0.0, 1e-12);
        for other in names.iter().filter(|other| *other < name && other[..1] == name[..1]) {
            assert_close(name, &[dot(&here, &column(&table, other))], &[0.0], 0.0, 1e-10);
        }
    }
    let first = table.columns.iter().position(|c| c == "cosine00").unwrap();
    let want = ["csf", "white_matter", "global_signal"].map(str::to_owned);
    assert_eq!(table.columns[..first], [&want[..], &names[..]].concat());
}

#[test]
fn erosion_takes_layers_off_and_filter_scaling_and_components_can_be_left_out() {
    let folder = study(50);
    let dir = folder.path();
    let line = "--high-pass none --scaling none --acompcor 2 --tcompcor none --erode 0,1 --out out.tsv --device cpu";
    let said = well(dir, &of_study(line));
    let table = io::tsv::read(&dir.join("out.tsv")).unwrap();
    assert!(!table.columns.iter().any(|c| c.starts_with("cosine") || c.starts_with("t_comp")));
    let counts = json(&dir.join("out.json"))["boldly"]["counts"].clone();
    let (grid, _, mask) = io::read_map(&dir.join("wm.nii")).unwrap();
    let at = |v: usize, step: isize| mask[v.checked_add_signed(step).unwrap()] != 0.0;
    let [ni, nj, _] = grid.shape.map(|n| n as isize);
    let inside = |v: usize| {
        let c = grid.coordinates(v);
        (0..3).all(|axis| c[axis] > 0 && c[axis] + 1 < grid.shape[axis])
            && [0, 1, -1, ni, -ni, ni * nj, -ni * nj].iter().all(|&step| at(v, step))
    };
    let want = (0..mask.len()).filter(|&v| inside(v)).count();
    assert!(want > 0 && want < mask.iter().filter(|&&m| m != 0.0).count(), "{said}");
    assert_eq!(counts["white_matter"]["voxels_in_mask"], want);
}

#[test]
fn a_voxel_of_both_tissues_counts_once_in_the_combined_components() {
    let folder = study(40);
    let dir = folder.path();
    let (_, header, csf) = io::read_map(&dir.join("csf.nii")).unwrap();
    let (_, _, wm) = io::read_map(&dir.join("wm.nii")).unwrap();
    let write = |name: &str, inside: &dyn Fn(usize) -> bool| {
        let mask: Vec<f32> = (0..csf.len()).map(|v| f32::from(u8::from(inside(v)))).collect();
        let mut outputs = Outputs::new();
        outputs.map(&dir.join(name), &header.for_map(io::Intent::None), &mask).unwrap();
        outputs.commit().unwrap();
    };
    // Every third voxel of CSF is white matter too.
    write("more.nii", &|v| wm[v] != 0.0 || csf[v] != 0.0 && v % 3 == 0);
    write("union.nii", &|v| wm[v] != 0.0 || csf[v] != 0.0);
    let line = format!("confounds data/{FUNC} --acompcor 3 --device cpu");
    well(dir, &format!("{line} --csf csf.nii --white-matter more.nii --out both.tsv"));
    well(dir, &format!("{line} --csf union.nii --out union.tsv"));
    well(dir, &format!("{line} --white-matter more.nii --out more.tsv"));
    let read = |name: &str| io::tsv::read(&dir.join(name)).unwrap();
    let (both, union, more) = (read("both.tsv"), read("union.tsv"), read("more.tsv"));
    for k in 0..3 {
        let of = |table: &Table, prefix: &str| column(table, &format!("{prefix}_comp_cor_{k:02}"));
        assert_close("combined", &of(&both, "a"), &of(&union, "c"), 0.0, 1e-9);
        assert_close("white matter", &of(&both, "w"), &of(&more, "w"), 0.0, 1e-9);
    }
    assert!(both.position("c_comp_cor_02").is_some() && more.position("a_comp_cor_00").is_none());
}

#[test]
fn nan_and_constant_voxels_are_left_out_and_counted() {
    let folder = study(40);
    let dir = folder.path();
    let mut file = io::BoldFile::open(&dir.join("data").join(FUNC)).unwrap();
    let block = boldly::volume::Block::whole(file.grid.shape, file.n_volumes);
    let mut run = file.read(&block).unwrap();
    let (_, _, wm) = io::read_map(&dir.join("wm.nii")).unwrap();
    let voxels: Vec<usize> = (0..wm.len()).filter(|&v| wm[v] != 0.0).collect();
    let n = block.volume_len();
    for t in 0..40 {
        run.data[t * n + voxels[3]] = 800.0;
    }
    run.data[7 * n + voxels[5]] = f32::NAN;
    run.data[9 * n + voxels[8]] = f32::INFINITY;
    let write = |name: &str, run: &boldly::volume::HostBold| {
        let mut outputs = Outputs::new();
        let mut writer = outputs.bold(&dir.join(name), &file.header.for_bold(40)).unwrap();
        writer.write_block(run).unwrap();
        writer.finish().unwrap();
        outputs.commit().unwrap();
    };
    write("odd.nii", &run);
    let line = "confounds odd.nii --tr 2 --white-matter WM --acompcor 3 --out OUT --device cpu";
    let said = well(dir, &line.replace("WM", "wm.nii").replace("OUT", "odd.tsv"));
    assert!(said.contains("2 of the") && said.contains("are not finite"), "{said}");
    assert!(said.contains("1 of the") && said.contains("are constant"), "{said}");
    let counts = &json(&dir.join("odd.json"))["boldly"]["counts"]["white_matter"];
    assert_eq!((&counts["voxels_not_finite"], &counts["voxels_constant"]), (&2.into(), &1.into()));

    // The same components from a mask without the three, and the same mean from one without the two.
    let (_, header, mut mask) = io::read_map(&dir.join("wm.nii")).unwrap();
    let header = header.for_map(io::Intent::None);
    for (name, gone) in [("two.nii", &[5, 8][..]), ("three.nii", &[3][..])] {
        gone.iter().for_each(|&v| mask[voxels[v]] = 0.0);
        let mut outputs = Outputs::new();
        outputs.map(&dir.join(name), &header, &mask).unwrap();
        outputs.commit().unwrap();
        well(dir, &line.replace("WM", name).replace("OUT", &name.replace("nii", "tsv")));
    }
    let read = |name: &str| io::tsv::read(&dir.join(name)).unwrap();
    let (odd, two, three) = (read("odd.tsv"), read("two.tsv"), read("three.tsv"));
    assert_eq!(column(&odd, "white_matter"), column(&two, "white_matter"));
    assert_eq!(column(&odd, "w_comp_cor_02"), column(&three, "w_comp_cor_02"));
    assert!(three.rows.iter().flatten().all(|cell| cell.parse::<f64>().unwrap().is_finite()));
}

#[test]
fn glm_takes_the_written_table_alone_and_beside_another() {
    let folder = study(60);
    let dir = folder.path();
    well(dir, &of_study("--acompcor 3 --out made --device cpu"));
    let made = "made_desc-confounds_timeseries.tsv";
    let glm = |confounds: &str, out: &str| {
        format!(
            "glm data/{FUNC} --events data/sub-01/func/sub-01_task-pain_events.tsv {confounds} --mask data/{BRAIN} \
             --contrast pain --out {out} --device cpu"
        )
    };
    well(dir, &glm(&format!("--confounds {made} --columns csf,a_comp_cor_*"), "alone"));
    let design = io::tsv::read(&dir.join("alone/design.tsv")).unwrap();
    let written = io::tsv::read(&dir.join(made)).unwrap();
    assert_eq!(design.columns.iter().filter(|c| c.starts_with("a_comp_cor_")).count(), 3);
    for name in ["csf", "a_comp_cor_02"] {
        assert_close(name, &column(&design, name), &column(&written, name), 1e-12, 0.0);
    }

    // fMRIPrep's and boldly's tables side by side; csf stands in both.
    let both = format!("--confounds data/{MOTION} --confounds {made}");
    well(dir, &glm(&format!("{both} --columns trans_*,rot_*,a_comp_cor_* --verify"), "both"));
    let design = io::tsv::read(&dir.join("both/design.tsv")).unwrap();
    assert!(["rot_z", "a_comp_cor_00"].iter().all(|name| design.position(name).is_some()));
    let inputs = json(&dir.join("both/mask.json"))["boldly"]["inputs"].clone();
    let tables = inputs.as_array().unwrap().iter().filter(|i| i["role"] == "confounds").count();
    assert_eq!(tables, 2);
    let refused = boldly(dir, &glm(&format!("{both} --columns csf"), "never"));
    assert_eq!(refused.status.code(), Some(65));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("column `csf` stands in") && said.contains(made), "{said}");

    // Two runs with two tables each: run by run.
    well(
        dir,
        &of_study("--acompcor none --tcompcor 1 --variable 0.5 --out other.tsv --device cpu"),
    );
    let events = "data/sub-01/func/sub-01_task-pain_events.tsv";
    let twin = common::twin(&dir.join("data"), FUNC);
    let two_runs = |tables: &str| {
        format!(
            "glm data/{FUNC} data/{twin} --events {events} {events} --confounds {tables} \
             --columns trans_x,t_comp_cor_00 --mask data/{BRAIN} --contrast pain --out two --device cpu"
        )
    };
    well(dir, &two_runs(&format!("data/{MOTION} {made} data/{MOTION} other.tsv")));
    for (run, table) in [(1, made), (2, "other.tsv")] {
        let design = io::tsv::read(&dir.join(format!("two/run-{run}_design.tsv"))).unwrap();
        let want = column(&io::tsv::read(&dir.join(table)).unwrap(), "t_comp_cor_00");
        assert_close(table, &column(&design, "t_comp_cor_00"), &want, 1e-12, 0.0);
        assert!(design.position("trans_x").is_some());
    }
    let refused = boldly(dir, &two_runs(&format!("data/{MOTION} {made} data/{MOTION}")));
    assert_eq!(refused.status.code(), Some(2));

    // retroicor: fitted jointly.
    let physio = "data/sub-01/func/sub-01_task-pain_physio.tsv.gz";
    well(
        dir,
        &format!(
            "retroicor data/{FUNC} --physio {physio} --events {events} {both} --columns rot_x,w_comp_cor_00 --terms 2/2/0 --out clean.nii --device cpu"
        ),
    );
}
