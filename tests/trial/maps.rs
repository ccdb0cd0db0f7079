//! `boldly trial --brain MAPS`: a folder of maps is a table of regions.

use std::fs;
use std::path::Path;

use boldly::io::tsv;

use super::command::{boldly, run};
use super::image::image;

pub const EFFECT: &str = "contrast-pain_stat-effect_statmap.nii";
pub const SHAPE: [usize; 3] = [4, 3, 2];

/// Of a subject and visit: each voxel a value of its own.
pub fn values(subject: usize, visit: usize) -> Vec<f32> {
    let one = |voxel: usize| {
        let noise = ((subject * 29 + visit * 53 + voxel * 17) % 101) as f32 / 40.0 - 1.2;
        noise
            + 0.01 * voxel as f32
            + if subject.is_multiple_of(2) { 0.3 * visit as f32 } else { 0.0 }
    };
    (0..24).map(one).collect()
}

/// Five and five, two visits; maps as `boldly glm` leaves them, and the means of two masks of them as a table.
pub fn study(dir: &Path) {
    fs::create_dir_all(dir.join("study")).unwrap();
    let mut people = "participant_id\tarm\n".to_owned();
    let mut table = "participant_id\tsession_id\tfront\tback\n".to_owned();
    for subject in 0..10 {
        let arm = if subject % 2 == 0 { "drug" } else { "placebo" };
        people += &format!("sub-{subject}\t{arm}\n");
        for (visit, session) in ["pre", "post"].into_iter().enumerate() {
            let all = values(subject, visit);
            let place = format!("glm/sub-{subject}/ses-{session}");
            image(&dir.join(&place).join(EFFECT), SHAPE, &all);
            let seed: Vec<f32> = all.iter().map(|v| 0.5 * v).collect();
            image(&dir.join(place).join("seed-pcc_stat-fisherz_statmap.nii"), SHAPE, &seed);
            let mean =
                |from: usize| all[from..from + 4].iter().map(|v| f64::from(*v)).sum::<f64>() / 4.0;
            table += &format!("sub-{subject}\tses-{session}\t{}\t{}\n", mean(0), mean(20));
        }
    }
    fs::write(dir.join("study/participants.tsv"), people).unwrap();
    fs::write(dir.join("study/brain.tsv"), table).unwrap();
    let mask =
        |from: usize| (0..24).map(|v| f32::from(u8::from(v >= from && v < from + 4))).collect();
    let [front, back]: [Vec<f32>; 2] = [mask(0), mask(20)];
    image(&dir.join("front.nii"), SHAPE, &front);
    image(&dir.join("back.nii"), SHAPE, &back);
}

pub const LINE: &str = "trial study --control placebo --baseline ses-pre --endpoint ses-post";
const MAPS: &str = "--brain glm --of pain --region front=front.nii --region back=back.nii";

/// The cells of some columns.
fn cells(path: &Path, columns: &[&str]) -> Vec<f64> {
    let table = tsv::read(path).unwrap();
    let at: Vec<usize> = columns.iter().map(|c| table.position(c).unwrap()).collect();
    let rows = table.rows.iter();
    rows.flat_map(|row| at.iter().map(|&at| row[at].parse().unwrap()).collect::<Vec<f64>>())
        .collect()
}

#[test]
fn a_folder_of_maps_gives_what_the_table_of_its_means_gives() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    let (_, said) = run(dir, &format!("{LINE} {MAPS} --out maps"));
    assert!(said.contains("front: mean over 100 to 100 % of it in 20 maps"), "{said}");
    run(dir, &format!("{LINE} --brain study/brain.tsv --out table"));
    for (table, columns) in [
        ("brain", &["interaction", "interaction_se", "visit", "arm_t"][..]),
        ("ancova", &["difference", "p", "hedges_g"]),
    ] {
        let [a, b] =
            ["maps", "table"].map(|out| cells(&dir.join(format!("{out}/{table}.tsv")), columns));
        assert_eq!(a.len(), 2 * columns.len());
        assert!(
            a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-9 * b.abs().max(1.0)),
            "{a:?} {b:?}"
        );
    }
    let rows = tsv::read(&dir.join("maps/region_values.tsv")).unwrap().rows;
    assert_eq!(rows.len(), 2 * 20);
    assert_eq!(rows[0][..3], ["sub-0", "ses-post", "front"]);
    assert_eq!(rows[0][4..], ["4", "1"]);
    let (said, _) = run(dir, "verify maps");
    assert!(said.contains("repeated"), "{said}");
    let changed = dir.join("glm/sub-3/ses-pre").join(EFFECT);
    image(&changed, SHAPE, &values(30, 1));
    assert_ne!(boldly(dir, "verify maps").status.code(), Some(0));
}

#[test]
fn how_a_region_of_maps_was_chosen_stands_in_maps_json_beside_participants() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    let line = format!("{LINE} {MAPS} --correlate maps:front~brain:back --out out --overwrite");
    let (_, said) = run(dir, &line);
    let advice =
        "how front was chosen is not said (SelectedBy in maps.json beside participants.tsv)";
    assert!(said.contains(advice), "{said}");
    let json = |text: &str| fs::write(dir.join("study/maps.json"), text).unwrap();
    json(r#"{"front": {"SelectedBy": "correlation with back"}}"#);
    let refused = boldly(dir, &line);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(
        said.contains("region 'front' of the relation") && said.contains("maps.json"),
        "{said}"
    );
    run(dir, &format!("{line} --exploratory"));
    json(r#"{"front": {"SelectedBy": "atlas"}, "bck": {"SelectedBy": "atlas"}}"#);
    let (_, said) = run(dir, &line);
    assert!(!said.contains(advice) && said.contains("describes 'bck'"), "{said}");
    let (said, _) = run(dir, "verify out");
    assert!(said.contains("repeated"), "{said}");
    json(r#"{"front": {"SelectedBy": "an atlas"}}"#);
    assert_ne!(boldly(dir, "verify out").status.code(), Some(0));
}

#[test]
fn maps_of_several_runs_of_a_visit_are_their_mean_and_no_table_near_them_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    fs::write(dir.join("participants.tsv"), "participant_id\tarm\tage\nsub-3\tx\t40\n").unwrap();
    let visit = dir.join("glm/sub-3/ses-pre");
    fs::create_dir_all(visit.join("run-1")).unwrap();
    fs::rename(visit.join(EFFECT), visit.join("run-1").join(EFFECT)).unwrap();
    image(&visit.join("run-2").join(EFFECT), SHAPE, &values(30, 0));
    let (_, said) = run(dir, &format!("{LINE} {MAPS} --out out"));
    let told = "regions of 1 visit are the mean over the maps of several runs, each counting alike";
    assert!(said.contains(told) && said.contains("sub-3 (ses-pre, 2 runs)"), "{said}");
    let unequal = "regions rest on another number of maps at one visit than at the other in 1";
    assert!(said.contains(unequal), "{said}");
    assert!(!said.contains("participants.tsv: columns"), "{said}");
    let table = tsv::read(&dir.join("out/region_values.tsv")).unwrap();
    assert_eq!(table.rows.len(), 2 * 20);
    let row = table.rows.iter().find(|row| row[..3] == ["sub-3", "ses-pre", "front"]).unwrap();
    let mean = |of: &[f32]| of[..4].iter().map(|v| f64::from(*v)).sum::<f64>() / 4.0;
    let want = 0.5 * (mean(&values(3, 0)) + mean(&values(30, 0)));
    assert!((row[3].parse::<f64>().unwrap() - want).abs() < 1e-9, "{row:?} {want}");
    // A run that is a word, as in tables, of a visit with one map, too.
    for word in ["sub-3/ses-pre/run-a", "sub-4/ses-post/run-again"] {
        let other = dir.join("glm").join(word);
        image(&other.join(EFFECT), SHAPE, &values(31, 0));
        let only = dir.join("glm/sub-4/ses-post").join(EFFECT);
        let kept = dir.join("kept.nii");
        fs::rename(&only, &kept).unwrap();
        let output = boldly(dir, &format!("{LINE} {MAPS} --out no"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(65), "{said}");
        let run = word.rsplit('/').next().unwrap();
        let told = format!("is of {run} by its path; it must be of a whole number");
        assert!(said.contains(&told), "{told}: {said}");
        fs::remove_dir_all(other).unwrap();
        fs::rename(&kept, &only).unwrap();
    }
    // Two of one run, and a run of another task.
    for other in ["run-2/again", "run-3/task-heat"] {
        let other = visit.join(other).join(EFFECT);
        image(&other, SHAPE, &values(31, 0));
        let output = boldly(dir, &format!("{LINE} {MAPS} --out no"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(65), "{said}");
        assert!(said.contains("is of ses-pre as") && said.contains("run of its own"), "{said}");
        fs::remove_file(other).unwrap();
    }
}

#[test]
fn the_values_that_group_writes_are_a_table_of_regions() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    let group = "group --maps glm --of pain --model paired --no-pictures";
    run(dir, &format!("{group} --roi front=front.nii --roi back=back.nii --out group"));
    run(dir, &format!("{LINE} --brain group/region_values.tsv --out values"));
    run(dir, &format!("{LINE} --brain study/brain.tsv --out table"));
    for (table, columns) in [
        ("brain", &["interaction", "interaction_se", "visit", "arm_t"][..]),
        ("ancova", &["difference", "p", "hedges_g"]),
    ] {
        let [a, b] =
            ["values", "table"].map(|out| cells(&dir.join(format!("{out}/{table}.tsv")), columns));
        assert_eq!(a.len(), 2 * columns.len(), "both regions, and neither voxels nor coverage");
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-9 * b.abs().max(1.0)));
    }
    run(dir, "verify values group");
    // One region, a relation with it, and a name that is none.
    let one = format!("{LINE} --brain group/region_values.tsv --region front");
    run(dir, &format!("{one} --correlate region_values:front~brain:back --out one"));
    assert_eq!(tsv::read(&dir.join("one/brain.tsv")).unwrap().rows.len(), 1);
    let output = boldly(dir, &format!("{one}al --out no"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("did you mean 'front'?"), "{said}");
    // Tests of the group are still no values.
    let tests = fs::read_dir(dir.join("group")).unwrap().map(|entry| entry.unwrap().path());
    let tests = tests.into_iter().find(|path| path.to_string_lossy().ends_with("_regions.tsv"));
    let tests = tests.unwrap().strip_prefix(dir).unwrap().display().to_string();
    let output = boldly(dir, &format!("{LINE} --brain {tests} --out no"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("whose name ends in region_values.tsv"), "{said}");
}

#[test]
fn seeds_of_connect_are_maps_too_and_relations_know_the_regions() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    let seeds = MAPS.replace("--of pain", "--of seed-pcc");
    run(dir, &format!("{LINE} {seeds} --correlate maps:front~brain:back --out seeds"));
    run(dir, &format!("{LINE} {MAPS} --out maps"));
    let [seeds, maps] =
        ["seeds", "maps"].map(|out| cells(&dir.join(out).join("brain.tsv"), &["interaction"]));
    assert!(seeds.iter().zip(&maps).all(|(s, m)| (s - 0.5 * m).abs() < 1e-7), "{seeds:?} {maps:?}");
    let table = tsv::read(&dir.join("seeds/correlations.tsv")).unwrap();
    assert_eq!(table.rows[0][0], "maps:front~brain:back");
    // The plan that was written takes the same maps again, and says so without them.
    run(dir, &format!("trial study --plan maps/plan.json {MAPS} --out again"));
    let read = |out: &str| fs::read_to_string(dir.join(out).join("ancova.tsv")).unwrap();
    assert_eq!(read("maps"), read("again"));
    let output = boldly(dir, "trial study --plan maps/plan.json --out alone");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("takes means of maps, which it does not hold"), "{said}");
}

#[test]
fn a_region_that_maps_lack_is_counted_and_below_half_of_it_is_no_value() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    for (subject, lost) in [(2, 1), (4, 3)] {
        let mut own = values(subject, 0);
        own[..lost].iter_mut().for_each(|value| *value = 0.0);
        image(&dir.join(format!("glm/sub-{subject}/ses-pre")).join(EFFECT), SHAPE, &own);
    }
    let (_, said) = run(dir, &format!("{LINE} {MAPS} --out out"));
    assert!(said.contains("front: mean over 25 to 100 % of it in 20 maps"), "{said}");
    assert!(
        said.contains("front is n/a in 1 map that has less than half of it: sub-4 (ses-pre, 25 %)"),
        "{said}"
    );
    let table = tsv::read(&dir.join("out/region_values.tsv")).unwrap();
    let of = |who: &str| {
        let is = |row: &&Vec<String>| row[..3] == [who, "ses-pre", "front"];
        table.rows.iter().find(is).unwrap()[3..].to_vec()
    };
    assert_eq!(of("sub-4"), ["n/a", "1", "0.25"]);
    let want = values(2, 0)[1..4].iter().map(|v| f64::from(*v)).sum::<f64>() / 3.0;
    assert!((of("sub-2")[0].parse::<f64>().unwrap() - want).abs() < 1e-12);
    assert_eq!(of("sub-2")[1..], ["3", "0.75"]);
    // What of a shape lies beyond the maps counts as not there: here half of a box about the first voxel's middle.
    let line = format!("{LINE} --brain glm --of pain --region edge=box:0,0,0:4,2,2 --out edge");
    run(dir, &line);
    let table = tsv::read(&dir.join("edge/region_values.tsv")).unwrap();
    let at = table.position("coverage").unwrap();
    assert!(table.rows.iter().all(|row| row[at].parse::<f64>().unwrap() < 0.9), "{:?}", table.rows);
}

#[test]
fn maps_that_cannot_be_taken_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    let refused = |line: &str, code: i32, says: &[&str]| {
        let output = boldly(dir, &format!("{LINE} {line} --out out"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{line}: {said}");
        says.iter().for_each(|part| assert!(said.contains(part), "{part}: {said}"));
    };
    refused("--brain glm --region front=front.nii", 2, &["--of", "pain, seed-pcc"]);
    refused("--brain glm --of pain", 2, &["no region is named", "--region NAME=SPEC"]);
    refused("--brain glm --of heat --region front=front.nii", 66, &["contrast-heat_stat-effect"]);
    refused("--brain glm --of pain --region front", 66, &["front"]);
    refused("--brain study/brain.tsv --of pain", 2, &["--of pain", "no folder of maps"]);
    refused("--brain glm --of pain --region a=sphere:90,0,0:2", 65, &["outside the field of view"]);
    // A table of the study that is called as that of the maps.
    fs::write(dir.join("study/maps.tsv"), "participant_id\nsub-1\n").unwrap();
    refused(MAPS, 2, &["table 'maps'", "study/maps.tsv or the regions of --brain"]);
    fs::remove_file(dir.join("study/maps.tsv")).unwrap();
    // Two maps of one visit, a map of nobody in the study, a visit that no path says.
    let again = dir.join("glm/sub-1/ses-pre/run-2").join(EFFECT);
    image(&again, SHAPE, &values(40, 0));
    refused(MAPS, 65, &["sub-1", "is of ses-pre as", "run-2"]);
    fs::remove_file(again).unwrap();
    image(&dir.join("glm/sub-77/ses-pre").join(EFFECT), SHAPE, &values(41, 0));
    refused(MAPS, 65, &["sub-77", "whom participants.tsv does not list"]);
    fs::remove_dir_all(dir.join("glm/sub-77")).unwrap();
    image(&dir.join("glm/sub-2/extra").join(EFFECT), SHAPE, &values(42, 0));
    refused(MAPS, 65, &["extra", "has no ses- in its path"]);
    fs::remove_dir_all(dir.join("glm/sub-2/extra")).unwrap();
    // Another grid, as group refuses it.
    image(&dir.join("glm/sub-9/ses-post").join(EFFECT), [3, 3, 2], &values(9, 1)[..18]);
    refused(MAPS, 65, &["sub-9", "resample all maps to one grid"]);
}

/// Maps of the seed whose sidecars say that it is the mask of the front.
fn with_seed(dir: &Path) {
    study(dir);
    for subject in 0..10 {
        for session in ["pre", "post"] {
            let place = dir.join(format!("glm/sub-{subject}/ses-{session}"));
            let sidecar = r#"{"Seed": "pcc", "boldly": {"schema": 2, "command": {"name": "connect",
                "seeds": {"given": [{"name": "pcc", "shape": {"mask": "../../../front.nii"}}]}}}}"#;
            fs::write(place.join("seed-pcc_stat-fisherz_statmap.json"), sidecar).unwrap();
        }
    }
}

const HELD: &str = "4 of the 4 voxels of front are of pcc, the seed of the maps";

/// A warning that is shown once is lost.
#[test]
fn page_results_and_dry_run_have_all_that_is_told_of_maps_and_regions() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    with_seed(dir);
    let maps = "--brain glm --of seed-pcc --region front=front.nii --region back=back.nii";
    let output = boldly(dir, &format!("{LINE} {maps} --out out"));
    let heard = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{heard}");
    let dry = boldly(dir, &format!("{LINE} {maps} --dry-run"));
    let dry = String::from_utf8_lossy(&dry.stderr).into_owned();
    let results = fs::read_to_string(dir.join("out/results.json")).unwrap();
    let page = fs::read_to_string(dir.join("out/report.html")).unwrap();
    let told: Vec<&str> = heard.lines().filter_map(|line| line.strip_prefix("warning: ")).collect();
    for part in [HELD, "fewer than 8 voxels: front (4)"] {
        assert!(told.iter().any(|line| line.contains(part)), "{part}: {heard}");
    }
    for line in told {
        assert_eq!(heard.matches(line).count(), 1, "{line}");
        assert!(dry.contains(line), "{line} is not in {dry}");
        let line = line.rsplit_once(": sub-").map_or(line, |(line, _)| line);
        assert!(results.contains(line), "{line} is not in results.json");
        assert!(page.contains(&line.replace('<', "&lt;")), "{line} is not on the page");
    }
    run(dir, "verify out");
}

#[test]
fn the_seed_of_maps_is_told_of_the_table_that_group_made_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    with_seed(dir);
    let regions = "--roi front=front.nii --roi back=back.nii";
    run(
        dir,
        &format!("group --maps glm --of seed-pcc --model paired {regions} --no-pictures --out g"),
    );
    let dictionary = fs::read_to_string(dir.join("g/region_values.json")).unwrap();
    let dictionary: serde_json::Value = serde_json::from_str(&dictionary).unwrap();
    assert_eq!(dictionary["front"]["HoldsSeed"], "4 of the 4 voxels of front are of pcc");
    assert!(dictionary["back"].is_null());
    let table = tsv::read(&dir.join("g/region_values.tsv")).unwrap();
    for column in &table.columns {
        assert!(dictionary[column]["Description"].is_string(), "{column}");
    }
    let output = boldly(dir, &format!("{LINE} --brain g/region_values.tsv --out out"));
    let heard = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && heard.contains(HELD), "{heard}");
    assert!(!heard.contains("HoldsSeed"), "{heard}");
    for file in ["out/results.json", "out/report.html"] {
        assert!(fs::read_to_string(dir.join(file)).unwrap().contains(HELD), "{file}");
    }
}
