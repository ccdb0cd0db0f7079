//! Rearrangements in parts: joined they make the bytes of one run, and what cannot be joined is refused.

use std::fs;
use std::path::Path;

use boldly::io::tsv;

use crate::binary::{said, succeeded, with_words};
use crate::made::{group, map, study};
use crate::test_adapter;

const WORDS: [&str; 8] = [
    "--model",
    "one-sample",
    "--tfce",
    "--cluster-forming",
    "0.05",
    "--two-sided",
    "--table-p",
    "0.05",
];

fn subjects(dir: &Path, n: usize) {
    let rows: String = (0..n).map(|k| format!("s{k}\tm{k}.nii\n")).collect();
    study(dir, &format!("subject\teffect\n{rows}"));
}

fn words<'a>(more: &[&'a str]) -> Vec<&'a str> {
    WORDS.iter().copied().chain(more.iter().copied()).collect()
}

fn merge(dir: &Path, words: &[&str]) -> std::process::Output {
    with_words(dir, ["group", "merge"].iter().chain(words))
}

/// Images, pictures, tables and counts of a folder, by name: what does not tell of the process that made it.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_none_or(|e| e != "json" && e != "html"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read(&path).unwrap())
        })
        .collect();
    all.sort();
    all
}

#[track_caller]
fn alike(dir: &Path, one: &str, other: &str) {
    let [one, other] = [one, other].map(|name| files(&dir.join(name)));
    let names = |all: &[(String, Vec<u8>)]| all.iter().map(|f| f.0.clone()).collect::<Vec<_>>();
    assert_eq!(names(&one), names(&other));
    for ((name, a), (_, b)) in one.iter().zip(&other) {
        assert!(a == b, "{name} differs");
    }
    assert!(one.len() > 10, "{} files", one.len());
}

#[test]
fn parts_in_any_order_make_the_bytes_of_one_run_and_more_can_be_added() {
    for device in ["cpu", &test_adapter::name()] {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        subjects(dir, 18);
        let group = |n: &str, shard: &[&str], out: &str| {
            let asked = ["--device", device, "--permutations", n];
            group(dir, &words(&[&asked, shard].concat()), out);
        };
        let merge = |parts: &[&str], out: &str| {
            let words = [parts, &["--device", device, "--out", out]].concat();
            succeeded("merge", merge(dir, &words));
        };
        group("90", &[], "whole");
        for part in ["1/3", "2/3", "3/3"] {
            group("90", &["--shard", part], &format!("part{}", &part[..1]));
        }
        // The contrast alone, and no map: a part holds counts.
        assert_eq!(files(&dir.join("part2")).len(), 1);
        merge(&["part3", "part1", "part2"], "joined");
        alike(dir, "whole", "joined");
        group("120", &["--shard", "4/4"], "more");
        merge(&["more", "whole"], "grown");
        group("120", &[], "larger");
        alike(dir, "larger", "grown");
    }
}

#[test]
fn what_a_stopped_run_left_is_not_used_where_it_was_damaged_and_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    subjects(dir, 18);
    let asked = words(&["--permutations", "90"]);
    group(dir, &asked, "whole");
    let tally = files(&dir.join("whole")).into_iter().find(|(name, _)| name.contains("tally"));
    let tally = String::from_utf8(tally.unwrap().1).unwrap();
    let kept = format!(".boldly-tally-{}", &tally.lines().nth(1).unwrap()[..16]);
    for (out, left, says) in [
        ("finished", tally.as_str(), "going on from a run that was stopped, 90 rearrangements"),
        ("damaged", &tally[..tally.len() - 9], "cannot be used, its rearrangements are computed"),
    ] {
        fs::create_dir(dir.join(out)).unwrap();
        fs::write(dir.join(out).join(&kept), left).unwrap();
        let told = group(dir, &asked, out);
        assert!(told.contains(says), "{out}: {told}");
        assert!(!dir.join(out).join(&kept).exists(), "{out}");
        assert!(!told.contains("hidden file"), "{out}: {told}");
        alike(dir, "whole", out);
    }
    // What another analysis left is none of this one's: it stays, and is named.
    fs::create_dir(dir.join("other")).unwrap();
    let others = dir.join("other/.boldly-tally-0123456789abcdef");
    fs::write(&others, &tally).unwrap();
    let told = group(dir, &asked, "other");
    assert!(
        told.contains("other holds 1 hidden file of other analyses that were stopped"),
        "{told}"
    );
    assert!(others.exists());
}

#[test]
fn parts_that_lack_something_repeat_it_or_are_of_another_analysis_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    subjects(dir, 18);
    for part in ["1/3", "2/3", "3/3"] {
        let out = format!("part{}", &part[..1]);
        group(dir, &words(&["--permutations", "90", "--shard", part]), &out);
    }
    group(dir, &words(&["--permutations", "90", "--seed", "2", "--shard", "2/3"]), "seed");
    let refused = |parts: &[&str], says: &str| {
        let words: Vec<&str> = parts.iter().copied().chain(["--out", "joined"]).collect();
        let done = merge(dir, &words);
        let told = said(&done);
        assert!(!done.status.success() && told.contains(says), "{parts:?}: {told}");
        assert!(!dir.join("joined").exists(), "{parts:?} left something");
    };
    refused(&["part1", "part3"], "lack the rearrangements 30 to 59");
    refused(&["part1", "part1", "part2", "part3"], "both hold rearrangement 0");
    refused(&["part1", "seed", "part3"], "another seed");
    refused(&["part1", "nowhere"], "nowhere holds no file");
    // A map that changed.
    fs::copy(dir.join("m1.nii"), dir.join("m0.nii")).unwrap();
    refused(&["part1", "part2", "part3"], "has changed since");
    // Cut short.
    let tally = dir.join("part2/contrast-mean_tally.txt");
    let text = fs::read_to_string(&tally).unwrap();
    fs::write(&tally, &text[..text.len() / 2]).unwrap();
    subjects(dir, 18);
    refused(&["part1", "part2", "part3"], "cut short");
}

#[test]
fn all_sign_flips_of_a_few_subjects_are_counted_as_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let n = 7;
    subjects(dir, n);
    let told = group(dir, &["--model", "one-sample", "--permutations", "1000"], "out");
    assert!(told.contains("128 rearrangements, which are all"), "{told}");
    let maps: Vec<Vec<f64>> = (0..n as u64)
        .map(|k| crate::made::values(k).into_iter().map(f64::from).collect())
        .collect();
    let n_voxels = maps[0].len();
    let t = |flips: usize, voxel: usize| {
        let y: Vec<f64> = (0..n)
            .map(|s| if flips >> s & 1 == 1 { -maps[s][voxel] } else { maps[s][voxel] })
            .collect();
        let mean = y.iter().sum::<f64>() / n as f64;
        let ss: f64 = y.iter().map(|y| (y - mean).powi(2)).sum();
        mean / (ss / ((n - 1) * n) as f64).sqrt()
    };
    let (perm, max) = (
        map(&dir.join("out"), "mean_desc-perm", "p"),
        map(&dir.join("out"), "mean_desc-maxT", "p"),
    );
    let largest = |flips| (0..n_voxels).map(|v| t(flips, v)).fold(f64::MIN, f64::max);
    for voxel in 0..n_voxels {
        let observed = t(0, voxel) - 1e-9;
        let above = (0..128).filter(|&flips| t(flips, voxel) >= observed).count();
        let corrected = (0..128).filter(|&flips| largest(flips) >= observed).count();
        let off = |p: f64, count: usize| (p - count as f64 / 128.0).abs();
        assert!(off(perm[voxel], above) < 1e-6, "voxel {voxel}: {} for {above}", perm[voxel]);
        assert!(off(max[voxel], corrected) < 1e-6, "voxel {voxel}: {} for {corrected}", max[voxel]);
    }
}

#[test]
fn equal_variances_within_subjects_change_nothing_with_knapp_and_hartungs_factor() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let rows: String = (0..9).map(|k| format!("s{k}\tm{k}.nii\tv{k}.nii\n")).collect();
    study(dir, &format!("subject\teffect\tvariance\n{rows}"));
    for k in 0..9 {
        crate::made::image(&dir.join(format!("v{k}.nii")), &[0.01; crate::made::N]);
    }
    group(dir, &["--model", "one-sample"], "plain");
    group(dir, &["--model", "one-sample", "--variance", "mixed"], "mixed");
    let of = |out: &str, stat: &str| map(&dir.join(out), "mean", stat);
    crate::common::assert_close("t", &of("mixed", "t"), &of("plain", "t"), 1e-6, 1e-7);
    assert!(of("mixed", "tauSquare").iter().any(|&v| v > 0.0));
}

#[test]
fn regions_and_corrections_follow_from_the_maps() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    subjects(dir, 12);
    let half: Vec<f32> = (0..crate::made::N).map(|v| f32::from(u8::from(v < 6))).collect();
    crate::made::image(&dir.join("roi.nii"), &half);
    fs::write(dir.join("r.tsv"), "name\tshape\nlisted\tbox:2,1,0:5,4,1\n").unwrap();
    let words = ["--model", "one-sample", "--correct", "fdr,bonferroni", "--two-sided"];
    let regions = ["--roi", "roi.nii", "--roi", "box=box:2,1,0:5,4,1", "--roi", "r.tsv"];
    group(dir, &[&words[..], &regions].concat(), "out");
    let of = |desc: &str, stat: &str| map(&dir.join("out"), &format!("mean{desc}"), stat);
    let (p, n) = (of("", "p"), crate::made::N as f64);
    let bonferroni: Vec<f64> = p.iter().map(|p| (p * n).min(1.0)).collect();
    crate::common::assert_close("bonferroni", &of("_desc-bonferroni", "p"), &bonferroni, 1e-6, 0.0);
    let fdr = |&p0: &f64| {
        let at_least = p.iter().filter(|&&q| q >= p0);
        let adjusted = |&q: &f64| q * n / p.iter().filter(|&&r| r <= q).count() as f64;
        at_least.map(adjusted).fold(1.0, f64::min)
    };
    let want: Vec<f64> = p.iter().map(fdr).collect();
    crate::common::assert_close("fdr", &of("_desc-fdr", "p"), &want, 1e-6, 0.0);
    let table = fs::read_to_string(dir.join("out/contrast-mean_regions.tsv")).unwrap();
    let cells: Vec<&str> = table.lines().nth(1).unwrap().split('\t').collect();
    let mean = of("", "effect")[..6].iter().sum::<f64>() / 6.0;
    assert_eq!((cells[0], cells[1]), ("roi", "6"));
    assert!((cells[3].parse::<f64>().unwrap() - mean).abs() < 1e-6, "{table}");
    // Without --two-sided the table's p, which stands beside an interval, still counts both tails.
    let told = group(dir, &[&["--model", "one-sample"][..], &regions].concat(), "upper");
    assert!(
        told.contains("the table of regions, whose intervals have both sides, counts both"),
        "{told}"
    );
    let upper = fs::read_to_string(dir.join("upper/contrast-mean_regions.tsv")).unwrap();
    assert_eq!(upper, table);
    let described = fs::read_to_string(dir.join("upper/contrast-mean_regions.json")).unwrap();
    assert!(described.contains("two-sided, both tails of t"), "{described}");
    // A box around the same voxels, on the command line and in a table, is the same region.
    let others: Vec<Vec<&str>> = table.lines().skip(2).map(|l| l.split('\t').collect()).collect();
    assert_eq!(others.iter().map(|row| row[0]).collect::<Vec<_>>(), ["box", "listed"]);
    assert!(others.iter().all(|row| row[1..] == cells[1..]), "{table}");
    // What was tested: a value a map and region, whose mean over subjects is the effect.
    let values = tsv::read(&dir.join("out/region_values.tsv")).unwrap();
    assert_eq!(values.columns, ["participant_id", "region", "mean", "voxels", "coverage"]);
    assert_eq!(values.rows.len(), 12 * 3);
    let of_roi: Vec<&Vec<String>> = values.rows.iter().filter(|row| row[1] == "roi").collect();
    assert!(of_roi.iter().all(|row| row[3..] == ["6", "1"]), "{of_roi:?}");
    let who: std::collections::BTreeSet<&str> = of_roi.iter().map(|row| row[0].as_str()).collect();
    assert!(who.len() == 12 && who.iter().all(|id| id.starts_with("sub-")), "{who:?}");
    let sum: f64 = of_roi.iter().map(|row| row[2].parse::<f64>().unwrap()).sum();
    let effect: f64 = cells[3].parse().unwrap();
    assert!((sum / 12.0 - effect).abs() < 1e-6, "{sum} of {effect}");
    let line = "verify out";
    crate::binary::succeeded(line, crate::binary::boldly(dir, line));
}

#[test]
fn hedges_g_is_t_in_standard_deviations_and_its_limits_leave_a_fortieth_on_each_side() {
    use boldly::stats::noncentral::t_cdf;
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    subjects(dir, 12);
    group(dir, &["--model", "one-sample", "--effect-sizes"], "out");
    let of = |desc: &str, stat: &str| map(&dir.join("out"), &format!("mean{desc}"), stat);
    let t = of("", "t");
    let g = ["estimate", "lower", "upper"].map(|desc| of(&format!("_desc-{desc}"), "hedgesG"));
    // J of 11 degrees of freedom is Gamma(5.5) / (sqrt(5.5) Gamma(5)).
    let factor = 52.342_777_784_553_52 / (5.5_f64.sqrt() * 24.0) / 12.0_f64.sqrt();
    for (voxel, &t) in t.iter().enumerate() {
        assert!((g[0][voxel] - t * factor).abs() < 1e-6, "voxel {voxel}: {} of t {t}", g[0][voxel]);
        let below = |limit: f64| t_cdf(t, 11.0, limit / factor);
        assert!((below(g[1][voxel]) - 0.975).abs() < 1e-5, "voxel {voxel}, lower");
        assert!((below(g[2][voxel]) - 0.025).abs() < 1e-5, "voxel {voxel}, upper");
    }
}

#[test]
fn the_table_has_the_clusters_whose_p_it_gives() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    subjects(dir, 12);
    let words = ["--model", "one-sample", "--permutations", "60", "--cluster-forming", "0.1"];
    group(dir, &words, "out");
    let p = map(&dir.join("out"), "mean", "p");
    let table = fs::read_to_string(dir.join("out/contrast-mean_clusters.tsv")).unwrap();
    let names: Vec<&str> = table.lines().next().unwrap().split('\t').collect();
    let at = names.iter().position(|name| *name == "voxels").unwrap();
    let sizes =
        table.lines().skip(1).filter_map(|row| row.split('\t').nth(at)?.parse::<usize>().ok());
    let n: usize = sizes.sum();
    assert!(n > 0 && n == p.iter().filter(|p| **p < 0.1).count(), "{table}");
}

#[cfg(unix)]
#[test]
fn who_stops_it_is_told_what_is_kept_and_not_that_nothing_is() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    subjects(dir, 26);
    // more sign flips than any processor does in the seconds before it is stopped
    let words = words(&["--permutations", "3000000", "--device", "cpu", "--out", "stopped", "-v"]);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_boldly"));
    let command = command.args(["group", "--maps", "maps.tsv"]).args(&words).current_dir(dir);
    let (code, told) = crate::binary::stopped(command, "rearrange ");
    assert_eq!(code, Some(130), "{told}");
    assert!(told.contains("interrupted; no map was written; "), "{told}");
    assert!(told.contains(" rearrangements are kept in stopped, hidden"), "{told}");
    assert!(!told.contains("nothing was written"), "{told}");
}
