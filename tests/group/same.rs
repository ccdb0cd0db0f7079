//! What must not change a group's maps.

use std::fs;
use std::path::Path;

use crate::binary::{boldly, run, said, with_words};
use crate::common::assert_close;
use crate::made::{group, map, study};

/// Two groups, two sessions, with a covariate.
fn mixed() -> Vec<String> {
    let row = |k: usize| {
        let (subject, group) = (k / 2, if k / 2 < 4 { "drug" } else { "placebo" });
        let session = ["pre", "post"][k % 2];
        format!("s{subject}\t{group}\t{session}\t{}\tm{k}.nii", (subject * 7) % 5 + 20)
    };
    (0..18).map(row).collect()
}

fn write(dir: &Path, rows: &[String]) {
    study(dir, &format!("subject\tgroup\tsession\tage\teffect\n{}\n", rows.join("\n")));
}

const WORDS: [&str; 6] = [
    "--model",
    "2x2-mixed",
    "--covariates",
    "age",
    "--contrast",
    "i=drug:post - drug:pre - placebo:post + placebo:pre",
];

#[test]
fn the_order_of_the_rows_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let mut rows = mixed();
    write(dir, &rows);
    group(dir, &WORDS, "out");
    // Every row elsewhere, the other group and session first.
    rows.reverse();
    rows.rotate_left(5);
    rows.swap(2, 11);
    write(dir, &rows);
    group(dir, &WORDS, "shuffled");
    for stat in ["t", "effect", "variance", "p"] {
        let [a, b] = ["out", "shuffled"].map(|out| map(&dir.join(out), "i", stat));
        assert_close(stat, &b, &a, 3e-7, 0.0);
    }
}

#[test]
fn a_contrast_twice_as_large_has_twice_the_effect_and_the_same_t() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    write(dir, &mixed());
    let double = "d=2*(drug:post - drug:pre) - 2*placebo:post + 2*placebo:pre";
    let words: Vec<&str> = WORDS.iter().copied().chain(["--contrast", double]).collect();
    group(dir, &words, "out");
    let of = |contrast, stat| map(&dir.join("out"), contrast, stat);
    assert_close("t", &of("d", "t"), &of("i", "t"), 2e-7, 0.0);
    let twice: Vec<f64> = of("i", "effect").iter().map(|v| 2.0 * v).collect();
    assert_close("effect", &of("d", "effect"), &twice, 2e-7, 0.0);
}

#[test]
fn a_level_by_itself_stands_for_the_mean_of_its_cells() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    write(dir, &mixed());
    let asked = ["m=post - pre", "g=2*(drug - placebo)", "session", "group"];
    let words = asked.iter().flat_map(|&contrast| ["--contrast", contrast]);
    group(dir, &["--model", "2x2-mixed"].into_iter().chain(words).collect::<Vec<_>>(), "out");
    let of = |contrast, stat| map(&dir.join("out"), contrast, stat);
    assert_eq!(of("m", "t"), of("session", "t"));
    assert_eq!(of("m", "effect"), of("session", "effect"));
    let half: Vec<f64> = of("g", "effect").iter().map(|e| e / 2.0).collect();
    assert_close("group", &half, &of("group", "effect"), 1e-6, 1e-7);
    // A level of both factors is no name for either.
    let rows = mixed().into_iter().map(|row| row.replace("placebo", "pre"));
    write(dir, &rows.collect::<Vec<_>>());
    let words =
        ["group", "--maps", "maps.tsv", "--model", "2x2-mixed", "-c", "post - pre", "--out", "o"];
    let why = said(&with_words(dir, words.iter()));
    assert!(why.contains("names `pre`, which is no column"), "{why}");
}

#[test]
fn a_row_that_no_contrast_needs_may_lack_its_map() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    write(dir, &mixed());
    let words = ["--model", "2x2-mixed", "--contrast", "a=drug:post - placebo:post"];
    group(dir, &words, "out");
    (0..18).step_by(2).for_each(|k| fs::remove_file(dir.join(format!("m{k}.nii"))).unwrap());
    group(dir, &words, "again");
    let [a, b] = ["out", "again"].map(|out| map(&dir.join(out), "a", "t"));
    assert_eq!(a, b);
}

#[test]
fn verify_reruns_a_group() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    write(dir, &mixed());
    group(dir, &WORDS, "out");
    run(dir, "verify out");
}

/// Two groups of one map a subject, with age.
fn between() -> String {
    let row = |k: usize| {
        let group = if k < 4 { "drug" } else { "placebo" };
        format!("s{k}\t{group}\t{}\tm{k}.nii\n", 20 + k * k % 9)
    };
    "subject\tgroup\tage\teffect\n".to_owned() + &(0..9).map(row).collect::<String>()
}

#[test]
fn verify_reruns_a_formula_and_a_matrix_and_misses_one_that_changed() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir, &between());
    let matrix: String = (0..9).map(|k| format!("1 {k}\n")).collect();
    fs::write(dir.join("design.txt"), &matrix).unwrap();
    group(dir, &["--model", "effect ~ group * age"], "formula");
    group(dir, &["--model", "design.txt"], "matrix");
    run(dir, "verify formula matrix");
    fs::write(dir.join("design.txt"), matrix.replace("1 3", "1 4")).unwrap();
    let output = boldly(dir, "verify matrix");
    assert!(!output.status.success() && said(&output).contains("design.txt"), "{}", said(&output));
}

#[test]
fn a_formula_is_rearranged_as_the_model_in_words_that_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir, &between());
    let permute = ["--permutations", "200", "--seed", "3"];
    let words = ["--model", "ancova", "--covariates", "age", "--contrast", "x=drug - placebo"];
    group(dir, &[&words[..], &permute].concat(), "words");
    let formula = ["--model", "group + age", "--contrast", "x=-1*group[T.placebo]"];
    group(dir, &[&formula[..], &permute].concat(), "formula");
    for stat in ["t", "p"] {
        let [a, b] = ["words", "formula"].map(|out| map(&dir.join(out), "x", stat));
        assert_close(stat, &b, &a, 1e-6, 0.0);
    }
    let of = |out: &str| {
        let path = dir.join(out).join("contrast-x_desc-perm_stat-p_statmap.nii.gz");
        boldly::io::read_map(&path).unwrap().2
    };
    assert_eq!(of("words"), of("formula"));
}
