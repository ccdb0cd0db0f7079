//! Subjects' maps, tables of them, and models that they cannot answer.

use super::*;

pub const MAP: [usize; 3] = [4, 3, 2];

/// Map `k`, without a 0.
pub fn map(dir: &Path, k: usize) {
    nifti(dir, &format!("m{k}.nii"), &MAP, 3.0, |v| value(97 * k + v) / 500.0 - 1.5);
}

pub fn maps(dir: &Path, table: &str) {
    (0..20).for_each(|k| map(dir, k));
    nifti(dir, "brain.nii", &MAP, 3.0, |_| 1.0);
    text(dir, "maps.tsv", table);
}

/// Two groups of five, one map a subject.
pub fn two_groups() -> String {
    let row = |k: usize| {
        let group = if k < 5 { "drug" } else { "placebo" };
        format!("s{k}\t{group}\t{}\tm{k}.nii\n", 20 + k * k % 7)
    };
    "subject\tgroup\tage\teffect\n".to_owned() + &(0..10).map(row).collect::<String>()
}

/// Two groups of five, two maps a subject.
pub fn two_sessions() -> String {
    let row = |k: usize| {
        let group = if k < 10 { "drug" } else { "placebo" };
        format!("s{}\t{group}\t{}\tm{k}.nii\n", k / 2, ["pre", "post"][k % 2])
    };
    "subject\tgroup\tsession\teffect\n".to_owned() + &(0..20).map(row).collect::<String>()
}

/// Four maps a subject; the treatment's first in each of them where `alike`.
pub fn crossover(alike: bool) -> String {
    let row = |k: usize| {
        let (subject, drug) = (k / 4, k / 2 % 2);
        let period = if alike || subject % 2 == 0 { 1 + drug } else { 2 - drug };
        let (drug, condition) = (["mln", "pla"][drug], ["pain", "base"][k % 2]);
        format!("s{subject}\t{drug}\t{condition}\t{period}\tm{k}.nii\n")
    };
    "subject\tdrug\tcondition\tperiod\teffect\n".to_owned() + &(0..20).map(row).collect::<String>()
}

/// Has an image's header say what its values are.
pub fn intent(dir: &Path, name: &str, code: i16) {
    let mut bytes = fs::read(dir.join(name)).expect("it was there");
    bytes[68..70].copy_from_slice(&code.to_le_bytes());
    fs::write(dir.join(name), bytes).expect("a writable folder");
}

pub fn groups(dir: &Path) {
    maps(dir, &two_groups());
}

pub fn sessions(dir: &Path) {
    maps(dir, &two_sessions());
}

/// The table of two groups with another text in place of one.
pub fn with(dir: &Path, from: &str, to: &str) {
    maps(dir, &two_groups().replace(from, to));
}

pub const TWO: &str = "group --maps maps.tsv --model two-sample --out out";
pub const MASKED: &str = "group --maps maps.tsv --model two-sample --mask brain.nii --out out";
pub const MIXED: &str = "group --maps maps.tsv --model 2x2-mixed --out out";
pub const ANCOVA: &str = "group --maps maps.tsv --model ancova --covariates age --out out";
pub const REGRESSION: &str = "group --maps maps.tsv --model regression --covariates age --out out";
pub const MATRIX: &str = "group --maps maps.tsv --model design.txt --out out";

pub fn cases() -> Vec<Case> {
    [images(), tables()].into_iter().flatten().collect()
}

fn images() -> Vec<Case> {
    vec![
        case(
            "a subject's map of another shape",
            |d| {
                groups(d);
                nifti(d, "m3.nii", &[4, 4, 2], 3.0, value);
            },
            TWO,
            65,
            &["m3.nii has 4x4x2 voxels", "3x2 like m0.nii", "resample"],
        ),
        case(
            "a subject's map of another affine",
            |d| {
                groups(d);
                nifti(d, "m3.nii", &MAP, 2.0, value);
            },
            TWO,
            65,
            &["m3.nii", "mm from m0.nii", "affines"],
        ),
        case(
            "a run as a subject's map",
            |d| {
                groups(d);
                copy(d, "bold.nii", "m3.nii");
            },
            TWO,
            65,
            &["m3.nii", "6x5x4x40", "3-D"],
        ),
        case(
            "a subject's map of NaN",
            |d| {
                groups(d);
                nifti(d, "m3.nii", &MAP, 3.0, |_| f32::NAN);
            },
            TWO,
            65,
            &["most: s3 24 (line 5)", "no voxel with 10 of its 10 maps", "--min-subjects"],
        ),
        case(
            "a subject's map of zeros",
            |d| {
                groups(d);
                nifti(d, "m3.nii", &MAP, 3.0, |_| 0.0);
            },
            TWO,
            65,
            &["24 zeros are taken for voxels outside", "--zeros-count", "no voxel with 10"],
        ),
        case(
            "maps that do not differ",
            |d| {
                groups(d);
                (0..10).for_each(|k| nifti(d, &format!("m{k}.nii"), &MAP, 3.0, |_| 2.0));
            },
            TWO,
            65,
            &["contrast 'drug - placebo' does not vary between subjects"],
        ),
        case(
            "a copy of another subject's map",
            |d| {
                groups(d);
                copy(d, "m4.nii", "m3.nii");
            },
            TWO,
            65,
            &["m4.nii holds the same values as m3.nii", "correct the table"],
        ),
        case(
            "a missing map",
            |d| {
                groups(d);
                remove(d, "m3.nii");
            },
            TWO,
            66,
            &["m3.nii does not exist"],
        ),
        case(
            "variances for effects",
            |d| {
                groups(d);
                text(d, "m3.json", "{\"Statistic\": \"variance of the effect\"}");
            },
            TWO,
            65,
            &["m3.nii holds variances, by its sidecar", "effects"],
        ),
        case(
            "t for effects",
            |d| {
                groups(d);
                text(d, "m3.json", "{\"Statistic\": \"t\"}");
            },
            TWO,
            65,
            &["m3.nii holds t statistics, by its sidecar", "stat-effect"],
        ),
        case(
            "t for effects by their name alone, as FitLins and nilearn write them",
            |d| {
                with(d, "m3.nii", "sub-3_stat-t_statmap.nii");
                fs::copy(d.join("m3.nii"), d.join("sub-3_stat-t_statmap.nii")).expect("copied");
            },
            TWO,
            65,
            &["sub-3_stat-t_statmap.nii holds t statistics, by its name", "stat-effect"],
        ),
        case(
            "SPM's t for effects",
            |d| {
                with(d, "m3.nii", "spmT_0001.nii");
                fs::copy(d.join("m3.nii"), d.join("spmT_0001.nii")).expect("copied");
            },
            TWO,
            65,
            &["spmT_0001.nii holds t statistics, by its name", "SPM's con"],
        ),
        case(
            "FSL's variances for effects",
            |d| {
                with(d, "m3.nii", "varcope1.nii");
                fs::copy(d.join("m3.nii"), d.join("varcope1.nii")).expect("copied");
            },
            TWO,
            65,
            &["varcope1.nii holds variances, by its name", "FSL's cope"],
        ),
        case(
            "p for effects",
            |d| {
                groups(d);
                intent(d, "m3.nii", 22);
            },
            TWO,
            65,
            &["m3.nii holds p values, by its header", "cope"],
        ),
        case(
            "mixed units",
            |d| {
                groups(d);
                text(d, "m3.json", "{\"Units\": \"percent\"}");
                text(d, "m7.json", "{\"Units\": \"arbitrary\"}");
            },
            TWO,
            65,
            &["m7.nii is in 'arbitrary', where m3.nii is in 'percent'", "--scaling"],
        ),
        case(
            "a group's mask of another shape",
            |d| {
                groups(d);
                copy(d, "mask.nii", "brain.nii");
            },
            MASKED,
            65,
            &["brain.nii has 6x5x4", "4x3x2 like m0.nii", "resample the mask to the maps"],
        ),
        case(
            "a group's mask of another affine",
            |d| {
                groups(d);
                nifti(d, "brain.nii", &MAP, 2.0, |_| 1.0);
            },
            MASKED,
            65,
            &["brain.nii", "mm from m0.nii"],
        ),
        case(
            "a group's empty mask",
            |d| {
                groups(d);
                nifti(d, "brain.nii", &MAP, 3.0, |_| 0.0);
            },
            MASKED,
            65,
            &["brain.nii is empty"],
        ),
    ]
}

fn tables() -> Vec<Case> {
    vec![
        case(
            "a table without subjects",
            |d| with(d, "subject", "who"),
            TWO,
            65,
            &["maps.tsv", "none named subject", "participant_id"],
        ),
        case(
            "a table without maps",
            |d| with(d, "effect", "path"),
            TWO,
            2,
            &["column 'effect'", "subject, group, age, path", "call the column"],
        ),
        case("commas", |d| with(d, "\t", ","), TWO, 65, &["maps.tsv", "commas", "tabs"]),
        case(
            "a table of one column",
            |d| maps(d, "subject\ns1\ns2\n"),
            "group --maps maps.tsv --model one-sample --out out",
            2,
            &["column 'effect'", "maps.tsv: subject"],
        ),
        case(
            "a table of nothing",
            |d| maps(d, "subject\teffect\n"),
            TWO,
            65,
            &["maps.tsv has no rows"],
        ),
        case(
            "a row without a map",
            |d| with(d, "m3.nii", "n/a"),
            TWO,
            65,
            &["maps.tsv, line 5, names no map in column 'effect'", "delete the row"],
        ),
        case(
            "a row without a subject",
            |d| with(d, "s3", ""),
            TWO,
            65,
            &["maps.tsv, line 5, names no subject"],
        ),
        case(
            "a subject twice",
            |d| with(d, "s3\t", "sub-s2\t"),
            TWO,
            65,
            &[
                "subject 's2' of maps.tsv has two maps, in line 4 and line 5",
                "differ in age",
                "--within",
            ],
        ),
        case(
            "a subject twice at one session",
            |d| maps(d, &two_sessions().replace("s1\tdrug\tpost", "s1\tdrug\tpre")),
            MIXED,
            65,
            &["two maps of the same session, in line 4 and line 5", "add a column"],
        ),
        case(
            "two runs of a subject",
            |d| {
                let two = two_sessions().replace("session", "run").replace("pre", "1");
                maps(d, &two.replace("post", "2"));
            },
            TWO,
            65,
            &["subject 's0'", "they are two runs", "boldly glm and boldly connect take both"],
        ),
        case(
            "a subject in two groups",
            |d| maps(d, &two_sessions().replace("s0\tdrug\tpost", "s0\tplacebo\tpost")),
            MIXED,
            65,
            &["subject 's0'", "'drug' in line 2", "'placebo' in line 3", "one group"],
        ),
        case(
            "a subject in no group",
            |d| with(d, "s3\tdrug", "s3\tn/a"),
            TWO,
            65,
            &["subject 's3' of maps.tsv has no value in column 'group'"],
        ),
        case(
            "subjects of whom none has both sessions",
            |d| {
                let row = |k: usize| format!("s{k}\t{}\tm{k}.nii\n", ["pre", "post"][k % 2]);
                let rows: String = (0..10).map(row).collect();
                maps(d, &format!("subject\tsession\teffect\n{rows}"));
            },
            "group --maps maps.tsv --model paired --within session --out out",
            65,
            &["contrast 'post - pre'", "no subject with all", "s0 (no map of post)"],
        ),
        case(
            "a map under two subjects",
            |d| with(d, "m4.nii", "m3.nii"),
            TWO,
            65,
            &["names m3.nii twice, in line 5 and line 6"],
        ),
        case(
            "a map under two subjects by two paths",
            |d| with(d, "m4.nii", "./m3.nii"),
            TWO,
            65,
            &["holds the same values as", "m3.nii"],
        ),
        case(
            "a folder in a table and no --of",
            |d| with(d, "m4.nii", "empty"),
            TWO,
            2,
            &["empty is a folder", "--of"],
        ),
        case(
            "a folder without maps",
            groups,
            "group --maps empty --of pain --model one-sample --out out",
            66,
            &["empty has no contrast-pain_stat-effect_statmap.nii.gz", "it has none"],
        ),
    ]
}
