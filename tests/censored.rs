//! Volumes that are left out of a fit, as a user meets it: deletion against columns of a single 1, what is said and refused.
#![allow(clippy::unwrap_used, reason = "tests")]

mod binary;
mod common;

use std::fs;
use std::path::Path;

use boldly::io::read_map;
use boldly::simulate::write::paths;
use common::{assert_close, wide};
use serde_json::{Value, json};

/// A study small enough for a test.
fn study() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let shape = "--shape 14,16,10 --voxel-size 10,10,10 --volumes 60 --seed 4";
    well(folder.path(), &format!("simulate study {shape} --quiet"));
    folder
}

fn boldly(dir: &Path, line: &str) -> std::process::Output {
    binary::with_words(dir, line.split_whitespace().map(str::to_owned))
}

fn well(dir: &Path, line: &str) -> String {
    binary::said(&binary::succeeded(line, boldly(dir, line)))
}

fn refused(dir: &Path, line: &str) -> String {
    let output = boldly(dir, line);
    assert!(!output.status.success(), "boldly {line}");
    binary::said(&output)
}

/// `glm` of the study: `rest` says the columns and what is left out.
fn glm(rest: &str, out: &str) -> String {
    format!(
        "glm study/{} --mask study/{} --device cpu --noise ols --scaling none --contrast pain {rest} --out {out}",
        paths::BOLD,
        paths::MASK
    )
}

fn of_events(rest: &str, out: &str) -> String {
    glm(
        &format!(
            "--events study/{} --task-times start --confounds study/{} --columns trans_*,rot_* {rest}",
            paths::EVENTS,
            paths::CONFOUNDS
        ),
        out,
    )
}

fn sidecar(dir: &Path, out: &str) -> Value {
    let text = fs::read_to_string(dir.join(out).join("contrast-pain_stat-t_statmap.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn map(dir: &Path, out: &str, stat: &str) -> Vec<f64> {
    let path = dir.join(out).join(format!("contrast-pain_stat-{stat}_statmap.nii.gz"));
    wide(&read_map(&path).unwrap().2)
}

fn rows(dir: &Path, out: &str) -> Vec<String> {
    let text = fs::read_to_string(dir.join(out).join("design.tsv")).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn leaving_volumes_out_is_a_column_of_a_single_1_for_each_and_cuts_the_whole_runs_design() {
    let folder = study();
    let dir = folder.path();
    let left = [0, 7, 8, 30, 59];
    fs::write(dir.join("out.txt"), left.map(|v| v.to_string()).join("\n")).unwrap();
    well(dir, &of_events("", "all"));
    let said = well(dir, &of_events("--censor-volumes out.txt", "cut"));
    assert!(said.contains("5 volumes of 60 left out of the fit, 55 kept"), "{said}");
    assert!(said.contains("volume 30: listed"), "{said}");

    // the design is that of the whole run without their rows
    let (all, cut) = (rows(dir, "all"), rows(dir, "cut"));
    let kept = |(line, _): &(usize, &String)| *line == 0 || !left.contains(&(line - 1));
    let want: Vec<&String> = all.iter().enumerate().filter(kept).map(|(_, row)| row).collect();
    assert_eq!(cut.iter().collect::<Vec<_>>(), want);

    // the same by columns
    let spikes = |(line, row): (usize, &String)| {
        let spike = |v: &usize| match line {
            0 => format!("spike_{v}"),
            _ => u8::from(line - 1 == *v).to_string(),
        };
        format!("{row}\t{}", left.iter().map(spike).collect::<Vec<_>>().join("\t"))
    };
    let design: Vec<String> = all.iter().enumerate().map(spikes).collect();
    fs::write(dir.join("spikes.tsv"), design.join("\n")).unwrap();
    well(dir, &glm("--design spikes.tsv", "spiked"));
    for (stat, atol) in [("t", 1e-4), ("effect", 1e-3), ("p", 1e-5)] {
        assert_close(stat, &map(dir, "cut", stat), &map(dir, "spiked", stat), 1e-5, atol);
    }
    let dof = |out: &str| sidecar(dir, out)["boldly"]["dof"].as_f64().unwrap();
    assert_eq!((dof("cut"), dof("all") - 5.0), (dof("spiked"), dof("spiked")));

    let run = &sidecar(dir, "cut")["boldly"]["resolved"]["runs"][0];
    assert_eq!((&run["volumes"], &run["volumes_fitted"]), (&json!(60), &json!(55)));
    assert_eq!(run["censored"][1], json!({ "volume": 7, "reasons": ["listed"] }));
    well(dir, "verify cut");
}

#[test]
fn motion_leaves_out_what_the_table_computes_and_a_short_rest_is_refused_with_its_numbers() {
    let folder = study();
    let dir = folder.path();
    let mut rp: Vec<String> = (0..60).map(|_| "0 0 0 0 0 0".to_owned()).collect();
    (20..60).for_each(|t| rp[t] = "1 0 0 0 0 0".to_owned()); // one step of 1 mm
    fs::write(dir.join("rp_run.txt"), rp.join("\n")).unwrap();
    let by = |censor: &str, out: &str| {
        glm(
            &format!("--events study/{} --confounds rp_run.txt --censor {censor}", paths::EVENTS),
            out,
        )
    };
    let said = well(dir, &by("fd:0.5,before:1,after:2", "moved"));
    assert!(said.contains("SPM's order"), "{said}");
    for line in ["volume 19: 1 before volume 20", "volume 20: framewise displacement 1.000 mm"] {
        assert!(said.contains(line), "{said}");
    }
    assert_eq!(rows(dir, "moved").len(), 1 + 56);
    let said = refused(dir, &by("fd:0.5,after:50 --strategy 24p", "little"));
    assert!(said.contains("keeps 20 of its 60 volumes for 28 columns"), "{said}");
    let said = refused(dir, &by("fd:0.5,before:30,after:50", "none"));
    assert!(said.contains("keeps 0 of its 60 volumes"), "{said}");
    let line = glm(&format!("--events study/{} --censor fd:0.5", paths::EVENTS), "no-motion");
    assert!(refused(dir, &line).contains("has no motion"));
    fs::write(dir.join("far.txt"), "60\n").unwrap();
    let said = refused(dir, &of_events("--censor-volumes far.txt", "far"));
    assert!(said.contains("lists volume 60 of a run whose volumes are 0 to 59"), "{said}");
}

#[test]
fn a_0_or_1_for_each_volume_of_another_run_is_refused_and_of_many_volumes_only_the_first_are_listed()
 {
    let folder = study();
    let dir = folder.path();
    let censored = |name: &str, text: &str| {
        fs::write(dir.join(name), text).unwrap();
        of_events(&format!("--censor-volumes {name}"), name.trim_end_matches(".txt"))
    };
    let of_other: String = (0..80).map(|t| if t == 5 { "0\n" } else { "1\n" }).collect();
    let said = refused(dir, &censored("other.txt", &of_other));
    for part in ["other.txt", "80 lines of 0 and 1", "the run 60 volumes", "of another length"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let said = refused(dir, &censored("row.txt", "0 1 1"));
    assert!(said.contains("3 values, each 0 or 1, and the run 60 volumes"), "{said}");
    let said = well(dir, &censored("two.txt", "0\n1\n"));
    assert!(
        said.contains("2 volumes of 60 left out") && said.contains("volume 1: listed"),
        "{said}"
    );
    assert!(!said.contains("more: "), "{said}");
    let numbers = |n: usize| (0..n).map(|t| format!("{}\n", 2 * t)).collect::<String>();
    let said = well(dir, &censored("twelve.txt", &numbers(12)));
    assert!(said.matches(": listed").count() == 12 && !said.contains("more: "), "{said}");
    let said = well(dir, &censored("many.txt", &numbers(20)));
    assert_eq!(said.matches(": listed").count(), 12, "{said}");
    assert!(said.contains("  and 8 more: 24, 26, 28, 30, 32, 34, 36, 38"), "{said}");
    let censored = &sidecar(dir, "many")["boldly"]["resolved"]["runs"][0]["censored"];
    assert_eq!(censored.as_array().unwrap().len(), 20);
    assert!(!said.contains("are hardly known"), "{said}");
    let line = censored_to_few(dir);
    let said = refused(dir, &line);
    let few = "keeps 16 of its 60 volumes, which leaves ";
    assert!(said.contains(few) && said.contains("it must leave 10 or more (--min-dof)"), "{said}");
    // Columns of each voxel's own count, too.
    let dof: f64 = said.split(few).nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    well(dir, &format!("{line} --min-dof {dof} --overwrite"));
    fs::copy(dir.join("study").join(paths::BOLD), dir.join("own.nii.gz")).unwrap();
    let with_own = format!("{line} --min-dof {dof} --voxelwise own.nii.gz --overwrite");
    assert!(refused(dir, &with_own).contains(&format!("{few}{}", dof - 1.0)));
    let said = well(dir, &format!("{line} --min-dof 2 --overwrite"));
    assert!(said.contains(few) && said.contains("its variances are little known"), "{said}");
}

/// A line that leaves 16 of 60 volumes.
fn censored_to_few(dir: &Path) -> String {
    let but_16: String = (16..60).map(|t| format!("{t}\n")).collect();
    fs::write(dir.join("few.txt"), but_16).unwrap();
    of_events("--censor-volumes few.txt", "few")
}

#[test]
fn what_left_volumes_out_or_was_to_is_said_by_its_own_name() {
    let folder = study();
    let dir = folder.path();
    let all: String = (0..60).map(|t| format!("{t}\n")).collect();
    fs::write(dir.join("all.txt"), &all).unwrap();
    let said = refused(dir, &of_events("--censor-volumes all.txt", "none"));
    assert!(said.contains("keeps 0 of its 60 volumes under --censor-volumes"), "{said}");
    let said = refused(dir, &of_events("--censor-volumes all.txt --censor dvars:9", "none"));
    assert!(said.contains("under --censor dvars:9 and --censor-volumes"), "{said}");
    fs::write(dir.join("empty.txt"), "# none\n\n").unwrap();
    let said = well(dir, &of_events("--censor-volumes empty.txt", "whole"));
    assert!(said.contains("warning: empty.txt names no volume"), "{said}");
    let said = refused(dir, &of_events("--censor non-steady:columns", "none"));
    let found = "--censor non-steady:columns finds no column non_steady_state* in";
    assert!(said.contains(found) && said.contains("looks at the run itself"), "{said}");
    // A strategy takes such columns where there are any.
    let more = format!("--events study/{} --confounds study/{}", paths::EVENTS, paths::CONFOUNDS);
    well(dir, &glm(&format!("{more} --strategy 6p"), "strategy"));
    let outliers = glm(&format!("{more} --columns motion_outlier*"), "outliers");
    let said = well(dir, &outliers);
    assert!(said.contains("has none of those asked for") && !said.contains("(0)"), "{said}");
}

#[test]
fn a_correction_learns_nothing_from_what_is_left_out_and_corrects_it_all_the_same() {
    let folder = study();
    let dir = folder.path();
    fs::write(dir.join("out.txt"), "5 6 40").unwrap();
    let line = |rest: &str, out: &str| {
        format!(
            "retroicor study/{} --physio study/{} --events study/{} --terms 1/1/0 --device cpu {rest} --out {out}",
            paths::BOLD,
            paths::PHYSIO,
            paths::EVENTS
        )
    };
    let said = well(dir, &line("--censor-volumes out.txt --maps maps", "cut.nii"));
    assert!(said.contains("3 volumes of 60 left out of the fit"), "{said}");
    let text = fs::read_to_string(dir.join("cut.json")).unwrap();
    let made: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(made["boldly"]["resolved"]["runs"], Value::Null);
    assert_eq!(made["boldly"]["resolved"]["censored"][2]["volume"], json!(40), "{text}");
    well(dir, "verify cut.nii maps");
    let page = fs::read_to_string(dir.join("cut_qc.html")).unwrap();
    assert!(page.contains("Volumes that are left out of the fit"));

    // whatever the volumes hold that are left out, the others come out the same
    let left = [5, 6, 40];
    well(dir, &format!("smooth study/{} --fwhm 0 --out whole.nii --device cpu", paths::BOLD));
    louder(&dir.join("whole.nii"), &dir.join("loud.nii"), &left.map(|t| (t, 3.0)));
    let kept = |image: &str| -> Vec<f64> {
        let of = line("--sidecar study/task-pain_bold.json --censor-volumes out.txt", "out.nii");
        let study = format!("study/{} ", paths::BOLD);
        well(
            dir,
            &of.replace(&study, &format!("{image} ")).replace("out.nii", &format!("out_{image}")),
        );
        let mut file = boldly::io::BoldFile::open(&dir.join(format!("out_{image}"))).unwrap();
        let block = boldly::volume::Block::whole(file.grid.shape, file.n_volumes);
        let data = file.read(&block).unwrap().data;
        let volumes = data.chunks_exact(block.volume_len()).enumerate();
        volumes.filter(|(t, _)| !left.contains(t)).flat_map(|(_, v)| wide(v)).collect()
    };
    assert_close("kept volumes", &kept("loud.nii"), &kept("whole.nii"), 1e-6, 1e-3);
}

/// A plain float32 NIfTI-1 without some of its volumes.
fn cut(from: &Path, to: &Path, left: &[usize]) {
    let bytes = fs::read(from).unwrap();
    let extent =
        |axis: usize| usize::from(u16::from_le_bytes([bytes[40 + 2 * axis], bytes[41 + 2 * axis]]));
    let (volume, n) = (4 * extent(1) * extent(2) * extent(3), extent(4));
    let mut out = bytes[..352].to_vec();
    out[48..50].copy_from_slice(&((n - left.len()) as u16).to_le_bytes());
    for t in (0..n).filter(|t| !left.contains(t)) {
        out.extend_from_slice(&bytes[352 + t * volume..][..volume]);
    }
    fs::write(to, out).unwrap();
}

fn table(path: &Path) -> Vec<Vec<f64>> {
    let text = fs::read_to_string(path).unwrap();
    let row = |line: &str| line.split('\t').map(|cell| cell.parse().unwrap()).collect();
    text.lines().skip(1).map(row).collect()
}

#[test]
fn components_are_those_of_the_kept_volumes_and_0_in_the_others() {
    let folder = study();
    let dir = folder.path();
    let left = [3, 20, 21, 44];
    fs::write(dir.join("out.txt"), "3 20 21 44").unwrap();
    well(dir, &format!("smooth study/{} --fwhm 0 --out whole.nii --device cpu", paths::BOLD));
    cut(&dir.join("whole.nii"), &dir.join("cut.nii"), &left);
    let line = |image: &str, more: &str, out: &str| {
        format!(
            "confounds {image} --csf study/{} --mask study/{} --acompcor 2 --tcompcor 1 --high-pass none --variable 0.1 --tr 2 \
             --device cpu {more} --out {out}.tsv",
            paths::MASK,
            paths::MASK
        )
    };
    well(dir, &line("whole.nii", "--censor-volumes out.txt --dvars --verify", "censored"));
    well(dir, &line("cut.nii", "", "deleted"));
    let (censored, deleted) = (table(&dir.join("censored.tsv")), table(&dir.join("deleted.tsv")));
    // csf, global_signal, then two components of CSF and one of the most variable
    let components = |row: &Vec<f64>| row[2..5].to_vec();
    let mut rest = Vec::new();
    for (volume, row) in censored.iter().enumerate() {
        if left.contains(&volume) {
            assert!(components(row).iter().all(|v| v.abs() < 1e-9), "{volume}: {row:?}");
            assert!(row[0] > 1.0, "means are not touched");
        } else {
            rest.push(components(row));
        }
    }
    let want: Vec<f64> = deleted.iter().flat_map(components).collect();
    assert_close("components", &rest.concat(), &want, 0.0, 1e-6);
    let header = fs::read_to_string(dir.join("censored.tsv")).unwrap();
    assert!(header.lines().next().unwrap().ends_with("dvars\tstd_dvars"), "{header}");
}

/// A plain float32 NIfTI-1 with all values of some volumes times a factor.
fn louder(from: &Path, to: &Path, volumes: &[(usize, f32)]) {
    let mut bytes = fs::read(from).unwrap();
    let extent =
        |axis: usize| usize::from(u16::from_le_bytes([bytes[40 + 2 * axis], bytes[41 + 2 * axis]]));
    let volume = 4 * extent(1) * extent(2) * extent(3);
    for &(t, factor) in volumes {
        for value in bytes[352 + t * volume..][..volume].chunks_exact_mut(4) {
            let louder = factor * f32::from_le_bytes([value[0], value[1], value[2], value[3]]);
            value.copy_from_slice(&louder.to_le_bytes());
        }
    }
    fs::write(to, bytes).unwrap();
}

#[test]
fn dvars_and_the_steady_state_are_found_in_the_run_where_no_table_has_them() {
    let folder = study();
    let dir = folder.path();
    well(dir, &format!("smooth study/{} --fwhm 0 --out whole.nii --device cpu", paths::BOLD));
    let loud = [(0, 1.5), (1, 1.2), (30, 1.1)];
    louder(&dir.join("whole.nii"), &dir.join("loud.nii"), &loud);
    let line = |more: &str, out: &str| {
        format!(
            "glm loud.nii --tr 2 --events study/{} --task-times start --mask study/{} --noise ols --device cpu --contrast pain {more} --out {out}",
            paths::EVENTS,
            paths::MASK
        )
    };
    let said = well(dir, &line("--censor dvars:2,non-steady --verify", "both"));
    for found in [
        "2 volumes before the steady state",
        "volume 0: before the steady state",
        "volume 1: before the steady state, standardised DVARS",
        "volume 30: standardised DVARS",
        "volume 31: standardised DVARS",
    ] {
        assert!(said.contains(found), "{found}: {said}");
    }
    // the fit does not know them: it is that of the run without them
    let left: Vec<usize> = sidecar(dir, "both")["boldly"]["resolved"]["runs"][0]["censored"]
        .as_array()
        .unwrap()
        .iter()
        .map(|left| left["volume"].as_u64().unwrap() as usize)
        .collect();
    let list: Vec<String> = left.iter().map(usize::to_string).collect();
    fs::write(dir.join("out.txt"), list.join(" ")).unwrap();
    let quiet = line("--censor-volumes out.txt", "quiet").replace("loud.nii", "whole.nii");
    well(dir, &quiet);
    assert_eq!(map(dir, "both", "t"), map(dir, "quiet", "t"));
}

#[test]
fn two_steps_that_leave_out_the_same_volumes_give_the_statistics_of_one() {
    let folder = study();
    let dir = folder.path();
    fs::write(dir.join("out.txt"), "5 6 40").unwrap();
    let physio = format!("--physio study/{} --terms 1/1/0", paths::PHYSIO);
    let one = of_events(&format!("{physio} --censor-volumes out.txt --verify"), "one");
    well(dir, &one);
    let correct = format!(
        "retroicor study/{} {physio} --events study/{} --censor-volumes out.txt --device cpu --out clean.nii",
        paths::BOLD,
        paths::EVENTS
    );
    well(dir, &correct);
    let two = of_events("--censor-volumes out.txt", "two")
        .replace(&format!("study/{}", paths::BOLD), "clean.nii");
    well(dir, &two);
    assert_close("t", &map(dir, "two", "t"), &map(dir, "one", "t"), 1e-4, 1e-4);
    let dof = |out: &str| sidecar(dir, out)["boldly"]["dof"].as_f64().unwrap();
    assert_eq!(dof("one"), dof("two"));
    // the rows of a slice's columns are of the volumes that are kept, by their numbers in the image
    let text = fs::read_to_string(dir.join("one/design_slice-groups.tsv")).unwrap();
    let at = text.lines().next().unwrap().split('\t').position(|name| name == "volume").unwrap();
    let volumes: Vec<&str> =
        text.lines().skip(1).take(57).map(|row| row.split('\t').nth(at).unwrap()).collect();
    assert_eq!((volumes[4], volumes[5], volumes[56]), ("4", "7", "59"));
}

#[test]
fn a_condition_that_is_left_out_as_a_whole_is_refused_by_its_name() {
    let folder = study();
    let dir = folder.path();
    let text = "onset\tduration\ttrial_type\n10\t4\tpain\n60\t10\tcontrol\n";
    fs::write(dir.join("events.tsv"), text).unwrap();
    let volumes: Vec<String> = (4..30).map(|v: usize| v.to_string()).collect();
    fs::write(dir.join("out.txt"), volumes.join(" ")).unwrap();
    let line = glm("--events events.tsv --censor-volumes out.txt", "out");
    let said = refused(dir, &line);
    assert!(said.contains("censoring took all of `pain` from study/"), "{said}");
}

/// First-order noise of one rho in place of the study's run.
fn null_run(dir: &Path, rho: f64) {
    let path = dir.join("study").join(paths::BOLD);
    let mut file = boldly::io::BoldFile::open(&path).unwrap();
    let (shape, n_volumes) = (file.grid.shape, file.n_volumes);
    let whole = boldly::volume::Block::whole(shape, n_volumes);
    let mut bold = boldly::io::source::BoldSource::read(&mut file, &whole).unwrap();
    let n: usize = shape.iter().product();
    for voxel in 0..n {
        let series = boldly::simulate::null::series(voxel, n_volumes, rho, 7);
        (0..n_volumes).for_each(|t| bold.data[t * n + voxel] = series[t]);
    }
    let mut outputs = boldly::io::Outputs::new();
    outputs.map(&dir.join("rest_bold.nii"), &file.header.for_bold(n_volumes), &bold.data).unwrap();
    // masks of voxels that lie together
    for (name, columns, planes) in [("mask.nii", 14, 8), ("few.nii", 2, 1)] {
        let inside = |v: usize| f32::from(u8::from(v % 14 < columns && v / 224 < planes));
        let mask: Vec<f32> = (0..n).map(inside).collect();
        outputs.map(&dir.join(name), &file.header.for_bold(1), &mask).unwrap();
    }
    outputs.commit().unwrap();
}

#[test]
fn a_run_of_ones_own_is_null_data_whose_share_is_the_threshold_under_the_model_that_fits_it() {
    let folder = study();
    let dir = folder.path();
    null_run(dir, 0.5);
    fs::write(dir.join("out.txt"), "3\n4\n30\n").unwrap();
    let calibrate = |more: &str| -> Value {
        let events = paths::EVENTS;
        let line = format!(
            "calibrate --bold rest_bold.nii --events study/{events} --tr 2 --device cpu --json {more}"
        );
        let output = binary::succeeded(&line, boldly(dir, &line));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["found"].clone()
    };
    let rates = |found: &Value| -> Vec<(String, f64, f64)> {
        let of = |rate: &Value| {
            let name = rate["noise"].as_str().unwrap().to_owned();
            (name, rate["found"][0].as_f64().unwrap(), rate["error"][0].as_f64().unwrap())
        };
        found["rates"].as_array().unwrap().iter().map(of).collect()
    };
    let found = calibrate("--mask mask.nii --repeats 3");
    assert_eq!(found["contrast"], "control", "the first condition");
    let names: Vec<String> = rates(&found).into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, ["ols", "nilearn-ar1", "ar1", "arma11"]);
    for (name, share, error) in rates(&found) {
        assert!(error > 1e-4, "{name}: every design is another, {error}");
        let range = match &name[..] {
            "ols" => 0.15..0.3,
            "nilearn-ar1" => 0.07..0.14,
            "ar1" => 0.045..0.066,
            _ => 0.045..0.09,
        };
        assert!(range.contains(&share), "{name}: {share} ± {error}");
    }
    let again = calibrate("--mask few.nii --repeats 2");
    assert_eq!(
        again["rates"],
        calibrate("--mask few.nii --repeats 2 --seed 1 --null shift")["rates"]
    );
    for other in ["--seed 9", "--null times", "--null sign"] {
        assert_ne!(
            again["rates"],
            calibrate(&format!("--mask few.nii --repeats 2 {other}"))["rates"],
            "{other}"
        );
    }
    // what glm leaves out is left out here, and nilearn has no rule for it
    let censored =
        calibrate("--mask few.nii --repeats 2 --censor-volumes out.txt --contrast pain-control");
    assert_eq!((&censored["volumes"], &censored["contrast"]), (&json!(57), &json!("pain-control")));
    assert_eq!(rates(&censored).len(), 3);
    let line = format!(
        "calibrate --bold rest_bold.nii --events study/{} --mask few.nii --tr 2 --repeats 1 --device cpu",
        paths::EVENTS
    );
    let printed = binary::succeeded(&line, boldly(dir, &line)).stdout;
    let printed = String::from_utf8_lossy(&printed);
    assert!(printed.contains("events shifted round the run") && printed.contains("run of rest"));
    assert_eq!(printed.matches('±').count(), 1, "no error of a single design: {printed}");
    assert!(printed.contains(", 1 design with the events"), "{printed}");
    assert!(!printed.contains("nilearn-ar1 is left out"), "{printed}");
    let line = format!("{line} --censor-volumes out.txt");
    let printed = binary::succeeded(&line, boldly(dir, &line)).stdout;
    let printed = String::from_utf8_lossy(&printed);
    assert!(printed.contains("nilearn-ar1 is left out: the run has censored"), "{printed}");
}
