//! Contrasts that name sessions.

use super::*;

#[test]
fn a_session_is_the_mean_of_those_of_its_runs_that_have_a_condition_where_the_others_are_skipped() {
    let folder = study();
    let dir = folder.path();
    let runs = [(1, 1, "pain"), (1, 2, "warm"), (2, 1, "pain"), (2, 2, "pain")];
    let name = |(ses, run, _): &(i32, i32, &str)| format!("sub-01_ses-{ses}_task-pain_run-{run}");
    for (at, of_run) in runs.iter().enumerate() {
        let (from, to, fwhm) = (paths::BOLD, name(of_run), 4 + 4 * at);
        run(
            dir,
            &format!("smooth study/{from} --fwhm {fwhm} --out {to}_bold.nii.gz --device cpu -q"),
        );
        let text = format!("onset\tduration\ttrial_type\n4\t15\t{}\n40\t15\tcontrol\n", of_run.2);
        std::fs::write(dir.join(format!("{to}_events.tsv")), text).unwrap();
    }
    let files = |what: &str| -> String {
        runs.iter().map(|of_run| format!("{}_{what} ", name(of_run))).collect()
    };
    let line = format!(
        "glm {} --events {} --mask study/{} --task-times start --noise ols --scaling none --device cpu",
        files("bold.nii.gz"),
        files("events.tsv"),
        paths::MASK
    );
    let sessions = "--contrast d=pain@ses-1-pain@ses-2";
    let refused = boldly(dir, &format!("{line} {sessions} --out none"));
    assert_eq!(refused.status.code(), Some(65));
    for part in [
        "is estimable in 1 of 2 runs of ses-1",
        "run-2_bold.nii.gz has no `pain`",
        "--skip-missing",
    ] {
        assert!(said(&refused).contains(part), "{part}: {}", said(&refused));
    }
    let plain = boldly(dir, &format!("{line} --contrast warm --out none"));
    let part = "name runs, as in pain@ses-1_run-2;";
    assert!(said(&plain).contains(part), "{part}: {}", said(&plain));
    let by_name = "--contrast n=pain@ses-1_run-1-mean(pain@ses-2_run-1,pain@ses-2_run-2)";
    let both = format!("{line} --skip-missing {sessions} {by_name} --out both");
    let told = said(&succeeded(&both, boldly(dir, &both)));
    let why = "the names of some runs have one run- number: in names of outputs run-1, run-2, ... are the runs' places: run-1 sub-01_ses-1";
    assert!(told.contains(why), "{told}");
    let warning = "what names ses-1 in contrast 'd' is that of 1 of 2 runs of ses-1";
    assert_eq!(told.matches(warning).count(), 1, "{told}");
    for stat in ["effect", "variance", "t"] {
        let [d, n] = ["d", "n"].map(|contrast| map(dir, "both", contrast, stat));
        assert!(d.iter().any(|v| *v != 0.0));
        common::assert_close(stat, &d, &n, 1e-6, 0.0);
    }
    let sidecar = std::fs::read_to_string(dir.join("both/contrast-d_stat-t_statmap.json")).unwrap();
    let sidecar: serde_json::Value = serde_json::from_str(&sidecar).unwrap();
    let counted: Vec<String> = [0, 2, 3].map(|at| name(&runs[at])).to_vec();
    let resolved = json!({ "name": "d", "n_runs": 3, "runs": counted });
    assert_eq!(sidecar["boldly"]["resolved"]["contrasts"][0], resolved, "{sidecar}");
    assert_eq!(
        sidecar["ContrastWeights"],
        json!([{"pain": 1.0}, null, {"pain": -0.5}, {"pain": -0.5}])
    );
    let none = format!("{line} --skip-missing --contrast warm@ses-1-warm@ses-2 --out none");
    let refused = boldly(dir, &none);
    assert_eq!(refused.status.code(), Some(65));
    let part = "is not estimable in any of ses-2";
    assert!(said(&refused).contains(part), "{part}: {}", said(&refused));
    let part = "as a@ses-1_run-1 - b@ses-2_run-2";
    assert!(said(&refused).contains(part), "{part}: {}", said(&refused));
}

#[test]
fn a_run_entity_that_one_of_two_files_has_is_no_place() {
    let folder = study();
    let dir = folder.path();
    let fifth = "sub-01_ses-2_task-pain_run-5_bold.nii.gz";
    let (bold, events, mask) = (paths::BOLD, paths::EVENTS, paths::MASK);
    run(dir, &format!("smooth study/{bold} --fwhm 9 --out {fifth} --device cpu -q"));
    let line = format!(
        "glm study/{bold} {fifth} --events study/{events} study/{events} --mask study/{mask} --device cpu"
    );
    for contrast in ["pain@run-5-pain@run-1", "pain@run-5-pain@ses-2"] {
        let refused = boldly(dir, &format!("{line} --contrast {contrast} --out none"));
        let part = "names run-5, which is the name of one file, and no place: runs go by their places here";
        assert_eq!(refused.status.code(), Some(2));
        assert!(said(&refused).contains(part), "{}", said(&refused));
    }
    let fit = format!("{line} --contrast pain --out places");
    let told = said(&succeeded(&fit, boldly(dir, &fit)));
    let why = format!("the name of study/{bold} has no number of a run: in names of outputs run-1");
    assert!(told.contains(&why), "no {why:?} in {told}");
}

#[test]
fn tables_of_each_run_bear_the_number_in_its_name_in_whatever_order_they_are_given() {
    let folder = study();
    let dir = folder.path();
    let (bold, events, mask) = (paths::BOLD, paths::EVENTS, paths::MASK);
    let names = ["sub-01_task-pain_run-3_bold.nii.gz", "sub-01_task-pain_run-2_bold.nii.gz"];
    for (name, fwhm) in names.iter().zip([8, 9]) {
        run(dir, &format!("smooth study/{bold} --fwhm {fwhm} --out {name} --device cpu -q"));
    }
    let of_run_2 = "onset\tduration\ttrial_type\n10\t6\tpain\n";
    std::fs::write(dir.join("own.tsv"), of_run_2).unwrap();
    let options = format!(
        "--mask study/{mask} --task-times start --noise ols --device cpu -q --contrast pain"
    );
    let [third, second] = names;
    run(dir, &format!("glm {second} --events own.tsv {options} --out alone"));
    run(dir, &format!("glm {third} {second} --events study/{events} own.tsv {options} --out both"));
    let table = |path: &str| std::fs::read_to_string(dir.join(path)).unwrap();
    assert_eq!(table("both/run-2_design.tsv"), table("alone/design.tsv"));
    assert_ne!(table("both/run-3_design.tsv"), table("alone/design.tsv"));
    assert!(!dir.join("both/run-1_design.tsv").exists());
    run(dir, "verify both -q");
}
