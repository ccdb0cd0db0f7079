//! Runs of which too little is left to correct them by.

use super::*;

#[test]
fn a_correction_refuses_a_run_of_which_too_little_is_left() {
    let folder = study();
    let dir = folder.path();
    let but_17: String = (17..60).map(|t| format!("{t}\n")).collect();
    fs::write(dir.join("few.txt"), but_17).unwrap();
    fs::write(dir.join("one.tsv"), "onset\tduration\ttrial_type\n6\t10\tpain\n").unwrap();
    let line = "retroicor run-1_bold.nii.gz --physio run-1_physio.tsv.gz --events one.tsv --terms 1/1/0 --censor-volumes few.txt --out few.nii \
                --device cpu";
    // 17 volumes less pain, a drift, the constant, and 2 columns each of pulse and breathing
    let few = "keeps 17 of its 60 volumes, which leaves 10 degrees of freedom";
    well(dir, line);
    fs::remove_file(dir.join("few.nii")).unwrap();
    refused(
        dir,
        &format!("{line} --min-dof 11"),
        65,
        &[few, "it must leave 11 or more (--min-dof)"],
    );
    fs::write(dir.join("few.txt"), fs::read_to_string(dir.join("few.txt")).unwrap() + "16\n")
        .unwrap();
    let few = "keeps 16 of its 60 volumes, which leaves 9 degrees of freedom";
    refused(dir, line, 65, &[few, "it must leave 10 or more (--min-dof)"]);
    assert!(!dir.join("few.nii").exists());
    well(dir, &format!("{line} --min-dof 9"));
    let whole =
        line.replace("--censor-volumes few.txt", "--min-dof 59").replace("few.nii", "w.nii");
    refused(dir, &whole, 65, &["leave 59 or more (--min-dof)"]);
}
