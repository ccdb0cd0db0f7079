//! Files of a study that are not read for their names, and columns that can be no outcome: what is said can be followed.

use std::fs;

use super::command::{NRS, boldly, study as folder_of_study};

/// What a line that must fail says.
#[track_caller]
fn refused(dir: &std::path::Path, line: &str) -> String {
    let output = boldly(dir, line);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{line}\n{said}");
    said
}

#[test]
fn tables_and_folders_that_are_not_read_for_their_names_are_named() {
    for (from, to, named) in [
        ("phenotype", "Phenotype", "the folder Phenotype/"),
        ("phenotype", "pheno", "the folder pheno/"),
        ("phenotype", "phenotypes", "the folder phenotypes/"),
        (
            "phenotype/questionnaires.tsv",
            "phenotype/Questionnaires.TSV",
            "phenotype/Questionnaires.TSV",
        ),
        (
            "phenotype/questionnaires.tsv",
            "phenotype/questionnaires.csv",
            "phenotype/questionnaires.csv",
        ),
    ] {
        let folder = folder_of_study();
        let study = folder.path().join("study");
        fs::rename(study.join(from), study.join(to)).unwrap();
        for line in [NRS.to_owned(), NRS.replace("nrs", "questionnaires:nrs")] {
            let said = refused(folder.path(), &format!("{line} --dry-run"));
            assert!(said.contains("these are not read") && said.contains(named), "{named}: {said}");
        }
    }
    // Of a study whose names are right a column is a slip of the pen.
    let folder = folder_of_study();
    let said = refused(folder.path(), &format!("{} --dry-run", NRS.replace("nrs", "zzz")));
    assert!(!said.contains("not read"), "{said}");
    let study = folder.path().join("study");
    fs::rename(study.join("participants.tsv"), study.join("Participants.tsv")).unwrap();
    let said = refused(folder.path(), &format!("{NRS} --dry-run"));
    assert!(said.contains("rename Participants.tsv"), "{said}");
}

#[test]
fn sessions_of_the_study_in_another_case_are_refused_as_those_of_participants_are() {
    let folder = folder_of_study();
    fs::write(folder.path().join("study/Sessions.tsv"), "participant_id\tsession_id\n").unwrap();
    let said = refused(folder.path(), &format!("{NRS} --dry-run"));
    assert!(said.contains("Sessions.tsv") && said.contains("be called sessions.tsv"), "{said}");
}

/// `--covariate last_day`, which was advised, is refused.
#[test]
fn what_became_of_participants_and_the_arm_are_not_advised_as_covariates() {
    let folder = folder_of_study();
    for (column, part) in [
        ("last_day", "what became of participants"),
        ("completed", "what became of participants"),
        ("arm", "it is the arm"),
        ("site", "--covariate site"),
    ] {
        for line in [NRS.replace("nrs", column), format!("{NRS} --correlate {column}~nrs")] {
            let said = refused(folder.path(), &format!("{line} --dry-run"));
            assert!(said.contains(part), "{column}: {said}");
            assert_eq!(said.contains("--covariate"), column == "site", "{said}");
        }
    }
}
