//! What regions and networks are called, by the table of an atlas's labels too, and what is written where there is no seed.

use std::fs;
use std::path::Path;

use crate::binary::{boldly, run, said, succeeded, with_words};
use crate::dataset::{nifti, text};
use crate::made::{self, SHAPE, Table, map, study};

const LINE: &str = "connect bold.nii --confounds bold.tsv --columns trans_* --mask mask.nii --no-pictures --device cpu --out out --overwrite";

/// Four labels, a slab each.
fn atlas(dir: &Path) {
    nifti(dir, "atlas.nii", &SHAPE[..3], 3.0, |at| (at % 5) as f32);
}

#[track_caller]
fn refused(dir: &Path, words: &[&str], parts: &[&str]) {
    let output = with_words(dir, LINE.split(' ').chain(words.iter().copied()));
    let told = said(&output);
    assert_eq!(output.status.code(), Some(2), "{told}");
    for part in parts {
        assert!(told.contains(part), "{part:?} is not in:\n{told}");
    }
}

#[test]
fn labels_without_a_name_are_called_by_their_number_and_their_table_may_say_networks() {
    let folder = study();
    let dir = folder.path();
    atlas(dir);
    let rows = "1\tpag\tpain\n2\tn/a\tpain\n3\t\tn/a\n4\tins\tpain\n";
    text(dir, "labels.tsv", &format!("index\tname\tnetwork\n{rows}"));
    let line = format!("{LINE} --regions atlas.nii --labels labels.tsv");
    let told = said(&succeeded(&line, boldly(dir, &line)));
    let want = "2 of the 4 labels of atlas.nii have no name in its table (no row, or one whose name is blank or n/a)";
    assert!(told.contains(want), "{told}");
    let edges = Table::read(&dir.join("out/edges.tsv"));
    assert_eq!(edges.words("region_a")[..3], ["pag"; 3]);
    assert_eq!(edges.words("region_b")[..3], ["label_2", "label_3", "ins"]);
    let networks = Table::read(&dir.join("out/networks.tsv"));
    assert_eq!(networks.rows.len(), 1);
    assert_eq!((networks.rows[0][0].as_str(), networks.column("pairs")[0]), ("pain", 1.0));
    text(dir, "labels.tsv", &format!("index\tname\tnetwork\n{rows}1\tpag\tother\n"));
    let output = boldly(dir, &line);
    let told = said(&output);
    assert_eq!(output.status.code(), Some(65), "{told}");
    assert!(told.contains("has 1 in network 'other', line 2 in 'pain'"), "{told}");
}

#[test]
fn an_image_of_one_label_is_called_by_its_table_and_a_mask_by_its_file() {
    let folder = study();
    let dir = folder.path();
    let one = |name: &str, label: f32| {
        nifti(dir, name, &SHAPE[..3], 3.0, |at| if at % 5 == 2 { label } else { 0.0 });
    };
    one("three.nii", 3.0);
    one("roi.nii", 1.0);
    text(dir, "labels.tsv", "index\tname\tnetwork\n1\tA\tn1\n3\tC\tn2\n");
    let line = format!("{LINE} --seed s=sphere:9,6,6:3.5 --labels labels.tsv --regions");
    let seen = |image: &str| {
        let line = format!("{line} {image}");
        let told = said(&succeeded(&line, boldly(dir, &line)));
        (told, Table::read(&dir.join("out/edges.tsv")).words("region_b")[0].to_owned())
    };
    let (told, region) = seen("three.nii");
    assert_eq!(region, "C", "{told}");
    assert!(!told.contains("says nothing of it"), "{told}");
    assert_eq!(Table::read(&dir.join("out/networks.tsv")).rows[0][0], "n2");
    let (told, region) = seen("roi.nii");
    assert_eq!(region, "roi");
    let want = "roi.nii is taken for a mask and called as its file; where its 1 is the 1 of labels.tsv, give it as A=roi.nii";
    assert!(told.contains(want), "{told}");
    one("five.nii", 5.0);
    let (told, region) = seen("five.nii");
    assert_eq!(region, "five");
    assert!(told.contains("labels.tsv says nothing of it"), "{told}");
    // A table of the image's own name is about this image.
    text(dir, "roi.tsv", "index\tname\n1\tpag\n");
    let line = format!("{LINE} --seed s=sphere:9,6,6:3.5 --regions roi.nii");
    succeeded(&line, boldly(dir, &line));
    assert_eq!(Table::read(&dir.join("out/edges.tsv")).words("region_b")[0], "pag");
}

#[test]
fn voxels_of_an_atlas_that_are_no_number_are_outside_as_is_said() {
    let folder = study();
    let dir = folder.path();
    let label = |at: usize| if at.is_multiple_of(7) { f32::NAN } else { (at % 3) as f32 };
    nifti(dir, "atlas.nii", &SHAPE[..3], 3.0, label);
    let line = format!("{LINE} --regions atlas.nii");
    let told = said(&succeeded(&line, boldly(dir, &line)));
    let n = (0..SHAPE[..3].iter().product()).filter(|at| at % 7 == 0).count();
    let want =
        format!("atlas.nii holds {n} values that are no number (NaN); such voxels are outside");
    assert_eq!(told.matches(&want).count(), 1, "{told}");
    let edges = Table::read(&dir.join("out/edges.tsv"));
    assert_eq!((edges.rows.len(), edges.words("region_a")[0]), (1, "label_1"));
}

#[test]
fn networks_of_one_name_are_refused_wherever_they_are_said() {
    let folder = study();
    let dir = folder.path();
    let table = |second: &str| {
        let row = |name: &str, x: u8, network: &str| format!("{name}\t{x}\t6\t6\t4\t{network}\n");
        let rows = [row("pcc", 3, "DMN net"), row("mpfc", 9, second), row("big", 15, "n/a")];
        text(dir, "r.tsv", &format!("name\tx\ty\tz\tradius_mm\tnetwork\n{}", rows.concat()));
    };
    table("DMN net");
    refused(
        dir,
        &["--regions", "r.tsv", "--network", "DMN_net=pcc,big"],
        &["--network DMN_net is called as a network of the table of regions (pcc, mpfc)"],
    );
    table("DMN_net");
    refused(
        dir,
        &["--regions", "r.tsv"],
        &["networks 'DMN net' and 'DMN_net' of the table of regions are both called DMN_net"],
    );
    // The column in another spelling is not left out without a word.
    for name in ["Network", "net-work"] {
        let rows = format!("name\tx\ty\tz\tradius_mm\t{name}\npcc\t3\t6\t6\t4\tDMN\n");
        text(dir, "r.tsv", &rows);
        let column = format!("column '{name}' of");
        let says = [&column, "r.tsv would be ignored", "must be called network"];
        let told = said(&with_words(dir, LINE.split(' ').chain(["--regions", "r.tsv"])));
        says.iter().for_each(|part| assert!(told.contains(part), "{part}: {told}"));
    }
    // In case alone, in a table, on the command line, and of both.
    let case = "networks 'DMN' and 'dmn' differ in case alone";
    let row = |name: &str, x: u8, network: &str| format!("{name}\t{x}\t6\t6\t4\t{network}\n");
    let rows = [row("pcc", 3, "DMN"), row("mpfc", 9, "dmn"), row("PCC", 15, "n/a")];
    text(dir, "r.tsv", &format!("name\tx\ty\tz\tradius_mm\tnetwork\n{}", rows.concat()));
    refused(dir, &["--regions", "r.tsv"], &[case, "correct the column network"]);
    text(
        dir,
        "r.tsv",
        &format!(
            "name\tx\ty\tz\tradius_mm\n{}",
            rows.concat().replace("\tDMN", "").replace("\tdmn", "").replace("\tn/a", "")
        ),
    );
    let both = ["--regions", "r.tsv", "--network", "DMN=pcc,mpfc", "--network", "dmn=mpfc,PCC"];
    refused(dir, &both, &[case, "give --network once"]);
    let output = with_words(dir, LINE.split(' ').chain(["--regions", "r.tsv"]));
    let told = said(&output);
    let two = "regions whose names differ in case alone or are one number are two each:";
    assert!(told.contains(&format!("{two} pcc and PCC")), "{told}");
    // Numerals of one number, too; what tables would take for a missing value is refused.
    let named = |first: &str, second: &str| {
        let rows = format!("{first}\t3\t6\t6\t4\n{second}\t15\t6\t6\t4\n");
        text(dir, "r.tsv", &format!("name\tx\ty\tz\tradius_mm\n{rows}"));
    };
    named("01", "1");
    let told = said(&with_words(dir, LINE.split(' ').chain(["--regions", "r.tsv"])));
    assert!(told.contains(&format!("{two} 01 and 1")), "{told}");
    named("NaN", "pcc");
    refused(dir, &["--regions", "r.tsv"], &["region 'NaN' is called as a missing value"]);
}

#[test]
fn names_with_commas_are_said_as_they_are_and_those_no_file_can_have_are_told_of() {
    let folder = study();
    let dir = folder.path();
    atlas(dir);
    let names = "1\tInferior Frontal Gyrus, pars triangularis\n2\tInferior Frontal Gyrus, pars opercularis\n3\tInsula\n4\tPole\n";
    text(dir, "labels.tsv", &format!("index\tname\n{names}"));
    let with = |network: &'static str| {
        ["--regions", "atlas.nii", "--labels", "labels.tsv", "--network", network]
    };
    let network = with(
        "n=Inferior Frontal Gyrus, pars triangularis,Insula,Inferior Frontal Gyrus,pars opercularis",
    );
    succeeded("", with_words(dir, LINE.split(' ').chain(network)));
    let networks = Table::read(&dir.join("out/networks.tsv"));
    assert_eq!(networks.column("pairs"), [3.0]);
    refused(dir, &with("n=Zzz"), &["'Zzz', which is no region", "'Inferior*'"]);
    let given = "'島' has no letter of a to z and no digit";
    refused(dir, &["--seed", "島=sphere:9,6,6:4"], &[given]);
    text(dir, "labels.tsv", "index\tname\n1\t島\n");
    refused(
        dir,
        &["--seed", "atlas.nii", "--labels", "labels.tsv"],
        &["the name '島', of the seeds, has no letter of a to z", "names of files, seed-NAME"],
    );
}

#[test]
fn runs_without_a_seed_have_their_masks_and_slopes_their_plain_mean() {
    let folder = study();
    let dir = folder.path();
    made::run(dir, "again", 6);
    let both = "connect bold.nii again.nii --confounds bold.tsv again.tsv --columns trans_* --mask mask.nii --device cpu";
    let regions = "--regions a=sphere:15,6,6:4 --regions b=sphere:3,6,6:4";
    run(dir, &format!("{both} {regions} --estimator beta --out out -q"));
    let out = dir.join("out");
    for name in ["mask", "run-1_mask", "run-2_mask"] {
        assert!(map(&out, name).iter().all(|&v| v == 1.0), "{name}");
    }
    let slope =
        |name: &str| Table::read(&out.join(format!("{name}stat-beta_relmat.tsv"))).column("b")[0];
    assert!((slope("") - (slope("run-1_") + slope("run-2_")) / 2.0).abs() < 2e-9);
    for name in ["stat-beta_relmat.json", "stat-beta_relmat.svg"] {
        let said = fs::read_to_string(out.join(name)).unwrap();
        assert!(said.contains("the mean over 2 runs"), "{said}");
        assert!(!said.contains("Fisher"), "{said}");
    }
    run(dir, "verify out");
}
