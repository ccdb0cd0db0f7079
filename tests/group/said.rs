//! What a group is told of its own accord.

use std::fs;

use crate::made::{group, map, study};

/// Six subjects with two maps each.
fn table() -> String {
    let row = |k: usize| {
        let (group, session) = (["a", "b"][k / 6], ["pre", "post"][k % 2]);
        format!("s{}\t{group}\t{session}\t{}\tm{k}.nii\n", k / 2, 1 + (k + k / 2) % 2)
    };
    let rows: String = (0..12).map(row).collect();
    format!("subject\tgroup\tsession\tperiod\teffect\n{rows}")
}

/// What is said with these words, and the warnings of the sidecar.
fn heard(words: &[&str]) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    study(folder.path(), &table());
    let said = group(folder.path(), words, "out");
    let sidecar = fs::read_to_string(folder.path().join("out/mask.json")).unwrap();
    let sidecar: serde_json::Value = serde_json::from_str(&sidecar).unwrap();
    (said, sidecar["boldly"]["warnings"].to_string())
}

#[test]
fn a_formula_without_subjects_takes_their_maps_for_independent_and_says_so() {
    let (said, kept) = heard(&["--model", "group * session"]);
    for text in [said, kept] {
        assert!(text.contains("no term is of subjects"), "{text}");
    }
    let (said, _) = heard(&["--model", "session + subject", "--contrast", "session"]);
    assert!(!said.contains("no term is of subjects"), "{said}");
}

#[test]
fn a_formula_says_what_it_takes_for_a_factor_and_what_for_a_number() {
    let (said, _) = heard(&["--model", "group + period"]);
    for part in [
        "group is a factor of 2 levels (a, b), the first the reference",
        "period is a covariate and enters as it is, not centred",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn the_contrasts_that_period_is_in_are_named() {
    let words = ["--model", "2x2-mixed", "--contrast", "interaction", "--contrast", "group"];
    let (said, _) = heard(&words);
    assert!(said.contains("the column period is in the model of interaction: its"), "{said}");
}

#[test]
fn what_a_reader_would_get_wrong_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let row = |k: usize| {
        let (group, age) = (["drug", "placebo"][k / 8], if k == 4 { 31 } else { 30 });
        format!("s{}\t{group}\t{}\t{age}\tm{k}.nii\n", k / 2, ["pre", "post"][k % 2])
    };
    let rows: String = (0..16).map(row).collect();
    study(dir, &format!("subject\tgroup\tsession\tage\teffect\n{rows}"));
    let told = group(dir, &["--model", "2x2-mixed", "--covariates", "age"], "out");
    for says in [
        // The sign of a contrast follows the order of the table: it is there in words.
        "interaction: -drug:pre + drug:post + placebo:pre - placebo:post",
        "age differs between the maps of 1 subjects (s2)",
        "p of t is that of the upper tail",
    ] {
        assert!(told.contains(says), "{says}: {told}");
    }
    let pooled = group(dir, &["--model", "paired", "--two-sided"], "paired");
    assert!(pooled.contains("the groups (drug, placebo) are not told apart"), "{pooled}");
    assert!(!pooled.contains("upper tail"), "{pooled}");
    // A covariate that is the same in all, a built-in contrast by another name.
    let words = ["--model", "2x2-mixed", "--covariates", "old", "--contrast", "change=session"];
    study(
        dir,
        &format!("subject\tgroup\tsession\told\teffect\n{rows}").replace("\t31\t", "\t30\t"),
    );
    let told = group(dir, &words, "flat");
    assert!(told.contains("old is the same in all subjects of change"), "{told}");
}

#[test]
fn an_option_that_changes_nothing_is_said_to() {
    let two = ["--model", "2x2-mixed"];
    let asked = |words: &[&'static str], more: &[&'static str]| [words, more].concat();
    let f = ["--f-contrast", "d=post - pre", "--two-sided"];
    let n = ["--permutations", "20"];
    for (words, option) in [
        (asked(&two, &["--inflate", "not"]), "--inflate"),
        (asked(&two, &["--centre", "group"]), "--centre"),
        (asked(&two, &f), "--two-sided"),
        (vec!["--model", "paired", "--variance", "welch"], "--variance welch"),
        (asked(&two, &[&n[..], &["--whole-blocks"]].concat()), "--whole-blocks"),
        (
            asked(&two, &[&n[..], &["--contrast", "group", "--fwe-across-contrasts"]].concat()),
            "--fwe-across-contrasts",
        ),
    ] {
        let (said, kept) = heard(&words);
        for text in [said, kept] {
            assert!(text.contains(&format!("without effect: {option}")), "{words:?}: {text}");
        }
    }
    let covaried = ["--covariates", "period", "--centre", "group", "--contrast", "group"];
    for words in [two.to_vec(), asked(&two, &["--two-sided"]), asked(&two, &covaried)] {
        let (said, _) = heard(&words);
        assert!(!said.contains("without effect"), "{words:?}: {said}");
    }
}

#[test]
fn levels_that_differ_in_case_alone_are_named() {
    let folder = tempfile::tempdir().unwrap();
    study(folder.path(), &table().replace("s4\tb", "s4\tB"));
    let paired = ["--model", "paired"];
    let said = group(folder.path(), &paired, "out");
    assert!(!said.contains("differ in case"), "no factor of the model: {said}");
    let said = group(folder.path(), &[&paired[..], &["--between", "group"]].concat(), "between");
    assert!(said.contains("group: 'b' and 'B' are two levels"), "{said}");
}

#[test]
fn a_dry_run_says_what_the_run_would_say() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir, &table().replace("s5\tb\tpost", "s9\tb\tpost").replace("s4\tb", "s4\tB"));
    let words = "group --maps maps.tsv --model paired --between group --inflate not --dry-run";
    let done = crate::binary::succeeded("dry run", crate::binary::boldly(dir, words));
    let shown = String::from_utf8(done.stdout).unwrap();
    for says in [
        "p of t is that of the upper tail",
        "warning: without effect: --inflate",
        "warning: group: 'b' and 'B' are two levels",
        "warning: 2 of 7 are not in post - pre: s5 (no map of",
    ] {
        assert!(shown.contains(says), "{says}: {shown}");
    }
    // --json: one line.
    let done =
        crate::binary::succeeded("json", crate::binary::boldly(dir, &format!("{words} --json")));
    let line = String::from_utf8(done.stdout).unwrap();
    assert_eq!(line.lines().count(), 1, "{line}");
    let json: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(json["described"], shown.as_str());
}

/// Eight maps with variances, of the first levels' degrees of freedom that the table and the sidecars say.
fn of_first_levels(dir: &std::path::Path, column: [&str; 8], words: &[&str]) -> String {
    let row = |k: usize| format!("s{k}\tm{k}.nii\tv/m{}.nii\t{}\n", k + 8, column[k]);
    let rows: String = (0..8).map(row).collect();
    study(dir, &format!("subject\teffect\tvariance\tdof\n{rows}"));
    for k in 8..16 {
        let squares: Vec<f32> =
            crate::made::values(k).iter().map(|value| 0.01 + value * value).collect();
        crate::made::image(&dir.join(format!("v/m{k}.nii")), &squares);
        let said =
            serde_json::json!({"Statistic": "variance of the effect", "DegreesOfFreedom": 90});
        fs::write(dir.join(format!("v/m{k}.json")), said.to_string()).unwrap();
    }
    group(dir, &[&["--model", "one-sample"], words].concat(), "out")
}

#[test]
fn first_levels_of_few_degrees_of_freedom_are_told_by_mixed_effects_and_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mixed = ["--variance", "mixed"];
    let of = |column, words: &[&str]| {
        let said = of_first_levels(folder.path(), column, words);
        (said, map(&folder.path().join("out"), "mean", "t"))
    };
    let (said, t) = of(["90"; 8], &mixed);
    assert!(!said.contains("degrees of freedom"), "{said}");
    let (said, few) = of(["8", "90", "n/a", "90", "31", "90", "90", "90.4"], &mixed);
    for says in [
        "column dof: 2 of 8 variances have other degrees of freedom by their sidecars (v/m8.nii: 8, its sidecar 90)",
        "2 of 8 variances have fewer than 32 degrees of freedom (least 8, v/m8.nii, a variance known to 50 %)",
    ] {
        assert!(said.contains(says), "{says}: {said}");
    }
    assert_eq!(t, few);
    let (said, _) = of(["8"; 8], &["--overwrite"]);
    assert!(said.contains("column variance and dof of the table: for --variance mixed"), "{said}");
    assert!(!said.contains("fewer than"), "{said}");
}

#[test]
fn a_sidecar_of_other_files_says_nothing_of_a_map_and_those_that_do_are_among_the_inputs() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let read = || -> String {
        let text = fs::read(dir.join("out/contrast-mean_stat-t_statmap.json")).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&text).unwrap();
        json["boldly"]["inputs"].to_string()
    };
    let mixed = ["--variance", "mixed"];
    of_first_levels(dir, ["n/a"; 8], &mixed);
    assert!(read().contains("v/m8.json") && read().contains("v/m15.json"), "{}", read());
    let other = |name: &str| {
        serde_json::json!({
            "Units": "furlongs", "Statistic": "variance of the effect", "DegreesOfFreedom": 3,
            "boldly": {"schema": 2, "outputs": [{"name": name}]}
        })
    };
    fs::write(dir.join("m0.json"), other("m0.nii.gz").to_string()).unwrap();
    fs::write(dir.join("v/m9.json"), other("m9.nii.gz").to_string()).unwrap();
    let words = ["--model", "one-sample", "--variance", "mixed", "--overwrite"];
    let said = group(dir, &words, "out");
    for (name, folder) in [("m0", ""), ("m9", "v/")] {
        let says =
            format!("{folder}{name}.json describes {name}.nii.gz, which boldly made, and not");
        assert!(said.contains(&says), "{says}: {said}");
        assert!(!read().contains(&format!("{folder}{name}.json")), "{}", read());
    }
    assert!(!said.contains("degrees of freedom (least 3"), "{said}");
    // what it says of its own map counts
    fs::write(dir.join("v/m9.json"), other("m9.nii").to_string()).unwrap();
    assert!(group(dir, &words, "out").contains("degrees of freedom (least 3"));
}

#[test]
fn a_hyphen_within_a_level_is_no_minus_in_a_files_name() {
    let folder = tempfile::tempdir().unwrap();
    let table = table().replace("\ta\t", "\tpain-high\t").replace("\tb\t", "\tpain-low\t");
    study(folder.path(), &table);
    for (words, name) in [
        (["--model", "2x2-mixed", "--contrast", "pain-high - pain-low"], "painHighMinusPainLow"),
        (["--model", "group * session", "--contrast", "group[T.pain-low]"], "groupTPainLow"),
    ] {
        group(folder.path(), &words, name);
        let map = format!("{name}/contrast-{name}_stat-t_statmap.nii.gz");
        assert!(folder.path().join(map).exists(), "{words:?}");
    }
}

#[test]
fn who_lacks_a_covariate_is_not_said_to_have_several_values_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let row = |k: usize| {
        format!("s{k}\t{}\tm{k}.nii\n", if k == 3 { "n/a".into() } else { k.to_string() })
    };
    study(folder.path(), &format!("subject\tage\teffect\n{}", (0..9).map(row).collect::<String>()));
    let said = group(folder.path(), &["--model", "regression", "--covariates", "age"], "out");
    assert!(said.contains("s3 (age is n/a)") && !said.contains("age differs"), "{said}");
}

#[test]
fn a_number_in_a_table_has_seven_digits_and_no_rows_of_zeros() {
    use boldly::table::number;
    let told = [0.1 + 0.2, -5.298_864_437_168_359, 1e-300, 9.999_999_9e-5, 0.0, 1_234_567_890.0];
    let words = ["0.3", "-5.298864", "1e-300", "0.0001", "0", "1234568000"];
    assert_eq!(told.map(number), words);
    assert_eq!([f64::NAN, f64::INFINITY].map(number), ["n/a", "n/a"]);
    assert_eq!(number(0.000_025_908_635), "2.590864e-5");
}

#[test]
fn columns_in_another_spelling_are_refused_where_they_are_read_unless_the_request_names_them() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let refused = |table: &str, words: &str, meant: &str| {
        study(dir, table);
        let line = format!("group --maps maps.tsv {words} --out no --device cpu");
        let output = crate::binary::boldly(dir, &line);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(65), "{said}");
        assert!(
            said.contains(&format!("would be ignored: what is read is called {meant}")),
            "{said}"
        );
    };
    let crossed = |k: usize| {
        let (drug, time) = (["a", "b"][k / 2 % 2], ["pre", "post"][k % 2]);
        format!("s{}\t{drug}\t{time}\t{}\tm{k}.nii\n", k / 4, 1 + (k / 2 + k / 4) % 2)
    };
    let rows: String = (0..16).map(crossed).collect();
    let crossed = format!("subject\tdrug\ttime\tPeriod\teffect\n{rows}");
    refused(&crossed, "--model 2x2-within --within drug,time", "period");
    let paths: String = (0..6).map(|k| format!("s{k}\tm{k}.nii\tm{k}.nii\n")).collect();
    let varied = format!("subject\teffect\tVariance\n{paths}");
    refused(&varied, "--model one-sample --variance mixed", "variance");
    // A note is no use of the column.
    study(dir, &table().replace("group", "Group"));
    let said = group(dir, &["--model", "paired", "--within", "session"], "out");
    assert!(said.contains("the groups (a, b) are not told apart by this model"), "{said}");
}

/// Residuals x_k (-1)^(i+j+k): neighbours correlate by -1 along each axis.
#[test]
fn why_smoothness_is_not_known_is_said_axis_by_axis() {
    use crate::made::{SHAPE, image};

    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let rows: String = (0..8).map(|k| format!("s{k}\tm{k}.nii\n")).collect();
    study(dir, &format!("subject\teffect\n{rows}"));
    let [ni, nj, nk] = SHAPE;
    for k in 0..8 {
        let x = [3.0, -2.0, 1.5, -1.0, 2.5, -0.5, 4.0, 0.75][k];
        let sign =
            |v: usize| if (v % ni + v / ni % nj + v / ni / nj).is_multiple_of(2) { x } else { -x };
        image(&dir.join(format!("m{k}.nii")), &(0..ni * nj * nk).map(sign).collect::<Vec<f32>>());
    }
    let plane: Vec<f32> = (0..ni * nj * nk).map(|v| f32::from(u8::from(v < ni * nj))).collect();
    image(&dir.join("plane.nii"), &plane);
    let rough = "residuals of neighbours do not correlate above 0, as those of white noise";
    let said = group(dir, &["--model", "one-sample", "--correct", "rft"], "whole");
    assert!(said.contains(&format!("(along i and j and k {rough})")), "{said}");
    let words = ["--model", "one-sample", "--correct", "rft", "--mask", "plane.nii"];
    let said = group(dir, &words, "flat");
    let flat = "along k no two voxels of the mask are neighbours";
    assert!(said.contains(&format!("(along i and j {rough}; {flat})")), "{said}");
}
