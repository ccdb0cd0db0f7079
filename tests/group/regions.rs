//! Regions of `boldly group`: what they are called, where they lie, and where they are moved to.

use std::fs;

use boldly::io::tsv;

use crate::binary::{said, with_words};
use crate::made::{group, image, study, values};

#[test]
fn values_of_regions_say_which_map_they_are_of() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let half: Vec<f32> = (0..crate::made::N).map(|v| f32::from(u8::from(v < 6))).collect();
    image(&dir.join("roi.nii"), &half);
    // Visits by the table's words; of maps whose paths say them, by these; and the factors of the model.
    for (name, path, session, task) in [
        ("words", "m#.nii", ["ses-before", "ses-after"], None),
        ("paths", "sub-$/ses-@/sub-$_ses-@_task-pain_map#.nii", ["ses-1", "ses-2"], Some("pain")),
    ] {
        let mut table = "subject\tgroup\tsession\teffect\n".to_owned();
        for subject in 0..8_u64 {
            let group = if subject < 4 { "drug" } else { "placebo" };
            for (at, visit) in [(0, "before"), (1, "after")] {
                let k = 2 * subject + at;
                let own = path.replace('#', &k.to_string()).replace('$', &subject.to_string());
                let own = format!("{name}/{}", own.replace('@', &(at + 1).to_string()));
                image(&dir.join(&own), &values(k));
                table += &format!("{subject}\t{group}\t{visit}\t{own}\n");
            }
        }
        fs::write(dir.join("maps.tsv"), table).unwrap();
        group(dir, &["--model", "2x2-mixed", "--roi", "roi=roi.nii", "--no-pictures"], "out");
        let found = tsv::read(&dir.join("out/region_values.tsv")).unwrap();
        let mut want = vec!["participant_id", "session_id"];
        want.extend(task.map(|_| "task"));
        want.extend(["group", "region", "mean", "voxels", "coverage"]);
        assert_eq!(found.columns, want);
        let row = &found.rows[3];
        let group_at = found.position("group").unwrap();
        assert_eq!(row[..2], ["sub-1", session[1]], "{name}");
        fs::remove_dir_all(dir.join("out")).unwrap();
        assert_eq!((row[group_at].as_str(), row[group_at + 1].as_str()), ("drug", "roi"));
        let mean = values(3)[..6].iter().map(|v| f64::from(*v)).sum::<f64>() / 6.0;
        assert!((row[group_at + 2].parse::<f64>().unwrap() - mean).abs() < 1e-12, "{row:?}");
    }
}

#[test]
fn coordinates_of_a_template_are_refused_in_maps_of_own_spaces_and_an_atlas_as_one_volume_is_told()
{
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let named = |space: &str| {
        let row = |k: usize| {
            let name = format!("sub-{k}{space}_effect.nii");
            image(&dir.join(&name), &values(k as u64));
            format!("sub-{k}\t{name}\n")
        };
        let rows: String = (0..6).map(row).collect();
        fs::write(dir.join("maps.tsv"), format!("subject\teffect\n{rows}")).unwrap();
    };
    let labels: Vec<f32> = (0..12).map(|v| [0.0, 1.0, 2.0][v % 3]).collect();
    image(&dir.join("atlas.nii"), &labels);
    let ran = |more: &[&str]| {
        let fixed = ["group", "--maps", "maps.tsv", "--out", "out", "--model", "one-sample"];
        let output = with_words(dir, fixed.iter().chain(&["--overwrite"]).chain(more));
        (output.status.code(), said(&output))
    };
    named("_space-T1w");
    let own = "sub-0_space-T1w_effect.nii is in its subject's own space (its name says space-T1w)";
    for option in ["--svc", "--roi"] {
        let (code, said) = ran(&[option, "pag=sphere:2,2,2:2"]);
        assert!(code == Some(2) && said.contains(own), "{said}");
        assert!(said.contains("millimetres of pag are another place"), "{said}");
        for whose in ["native", "template"] {
            let (code, said) = ran(&[option, "pag=sphere:2,2,2:2", "--coordinates", whose]);
            assert!(code == Some(0) && !said.contains("space"), "{said}");
        }
    }
    // Few voxels are told, of what is averaged and of what is searched.
    let (_, few) = ran(&["--roi", "few=sphere:2,2,2:2", "--coordinates", "template"]);
    assert!(few.contains("fewer than 8 voxels: few (") && few.contains("the mean of so"), "{few}");
    let (_, few) = ran(&["--svc", "few=sphere:2,2,2:2", "--coordinates", "template"]);
    assert!(few.contains("fewer than 8 voxels: few (") && few.contains("search volume"), "{few}");
    let (code, said) = ran(&["--svc", "both=atlas.nii"]);
    assert!(!said.contains("fewer than 8"), "{said}");
    assert!(code == Some(0) && !said.contains(own), "{said}");
    assert!(said.contains("atlas.nii has 2 labels, all of which together are both"), "{said}");
    named("_space-MNI152NLin2009cAsym");
    let (code, said) = ran(&["--svc", "pag=sphere:2,2,2:2"]);
    assert!(code == Some(0) && !said.contains(own) && !said.contains("labels, all"), "{said}");
    named("");
    let (code, said) = ran(&["--svc", "pag=sphere:2,2,2:2"]);
    let note =
        "nothing says which space the maps are in; pag are taken to be in mm of their affine";
    assert!(code == Some(0) && said.contains(note), "{said}");
}

#[test]
fn maps_are_of_the_space_of_the_runs_that_they_were_made_of() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let line = "group --maps mr --of pain --model one-sample --roi pag=sphere:2,2,2:2 --no-pictures --out out --overwrite";
    let ran = |space: &str, fields: &str| {
        for k in 0..6 {
            let place = dir.join(format!("mr/sub-{k}"));
            image(&place.join("contrast-pain_stat-effect_statmap.nii"), &values(k));
            let run = format!("../../raw/sub-{k}_task-pain{space}_bold.nii.gz");
            let sidecar = format!(
                r#"{{{fields}"boldly": {{"schema": 2, "inputs": [{{"role": "bold", "path": "{run}"}}, {{"role": "sidecar", "path": "../../raw.json"}}]}}}}"#
            );
            fs::write(place.join("contrast-pain_stat-effect_statmap.json"), sidecar).unwrap();
        }
        let output = crate::binary::boldly(dir, line);
        (output.status.code(), said(&output))
    };
    let (code, said) = ran("_space-T1w", "");
    let why = "(it was made of sub-0_task-pain_space-T1w_bold.nii.gz: its name says space-T1w)";
    assert!(code == Some(2) && said.contains(why), "{said}");
    let (code, said) = ran("", r#""SpatialReference": "bids::sub-0/anat/sub-0_T1w.nii.gz", "#);
    assert!(code == Some(2) && said.contains("SpatialReference bids::sub-0"), "{said}");
    // in the sidecar of the run, where that is still there
    fs::write(dir.join("raw.json"), r#"{"SpatialReference": "T1w"}"#).unwrap();
    let (code, said) = ran("", "");
    assert!(code == Some(2) && said.contains("SpatialReference T1w"), "{said}");
    fs::remove_file(dir.join("raw.json")).unwrap();
    let (code, said) = ran("", "");
    let doubt = "warning: nothing says which space the maps are in; pag are taken to be in mm of their affine, which is the scanner's";
    assert!(code == Some(0) && said.contains(doubt) && said.contains("6 of 6 maps"), "{said}");
    let (code, said) = ran("_space-MNI152NLin2009cAsym", "");
    assert!(code == Some(0) && !said.contains("which space"), "{said}");
}

#[test]
fn a_region_that_is_moved_has_the_answer_of_one_that_was_given_there() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let row = |k: usize| format!("s{k}\tm{k}.nii\n");
    study(dir, &format!("subject\teffect\n{}", (0..9).map(row).collect::<String>()));
    let shape = |x: f64| format!("part=box:{x},1,1:1,4,4");
    let read = |out: &str, name: &str| {
        tsv::read(&dir.join(out).join(format!("contrast-mean{name}.tsv"))).unwrap()
    };
    let table = |regions: &[&str], out: &str, name: &str| {
        group(dir, &[&["--model", "one-sample", "--no-pictures"], regions].concat(), out);
        read(out, &format!("{name}_regions"))
    };
    let mask: Vec<f32> = (0..12).map(|v| f32::from(u8::from(v % 3 == 1))).collect();
    image(&dir.join("middle.nii"), &mask);
    let given = [&shape(2.0)[..], "middle.nii"];
    let words = ["--roi", given[0], "--roi", given[1], "--shift", "2"];
    let moved = table(&words, "out", "_desc-shift");
    let keys = ["region", "shift_x", "shift_y", "shift_z", "changed", "voxels", "voxels_in_region"];
    assert_eq!(moved.columns[..7], keys);
    assert_eq!(moved.rows.len(), 2 * 7);
    let plain = read("out", "_regions");
    assert_eq!(moved.rows[0][..5], ["part", "0", "0", "0", "n/a"]);
    assert_eq!(moved.rows[0][5..], plain.rows[0][1..]);
    // The middle of three planes and its neighbours, which a shape and a mask have alike.
    for (at, x) in [(1, 0.0), (2, 4.0)] {
        let there = table(&["--roi", &shape(x)], &format!("at{at}"), "");
        for region in [0, 7] {
            let row = &moved.rows[region + at];
            assert_eq!(row[1..5], [["-2", "2"][at - 1], "0", "0", "yes"]);
            assert_eq!(row[5..], there.rows[0][1..], "{x}");
        }
    }
    // Search volumes alike, p by rearrangement too.
    let fixed = ["--model", "one-sample", "--no-pictures", "--permutations", "60", "--seed", "1"];
    let searched = |volumes: &[&str], out: &str| group(dir, &[&fixed[..], volumes].concat(), out);
    searched(&["--svc", given[0], "--svc", "middle.nii", "--shift", "2"], "searched");
    let (moved, plain) = (read("searched", "_desc-shift_svc"), read("searched", "_svc"));
    assert_eq!(moved.columns[..5], [&["volume"], &keys[1..5]].concat());
    assert_eq!(moved.rows.len(), 2 * 7);
    assert_eq!(moved.rows[0][5..], plain.rows[0][1..]);
    for (at, x) in [(1, 0.0), (2, 4.0)] {
        searched(&["--svc", &shape(x)], &format!("searched{at}"));
        let there = read(&format!("searched{at}"), "_svc");
        assert!(there.columns.contains(&"p_maxT".to_owned()));
        for volume in [0, 7] {
            assert_eq!(
                moved.rows[volume + at][4..],
                [&["yes".to_owned()], &there.rows[0][1..]].concat()
            );
        }
    }
    for line in ["verify out", "verify searched"] {
        crate::binary::succeeded(line, crate::binary::boldly(dir, line));
    }
    // What is not moved, and what has nothing to move.
    let fixed = ["group", "--maps", "maps.tsv", "--model", "one-sample", "--out", "no"];
    for (words, why) in [
        (&["--roi", given[0], "--shift", "0.1"][..], "leaves every region as it is"),
        (&["--shift", "2"], "comes without regions"),
        (&["--coordinates", "native"], "comes without regions"),
    ] {
        let output = with_words(dir, fixed.iter().chain(words));
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(said(&output).contains(why), "{}", said(&output));
        assert!(!dir.join("no").exists());
    }
}

/// Spheres, tubes, boxes, masks, tables of them and labelled images with names are regions and search volumes alike.
#[test]
fn every_kind_of_region_is_tested_and_searched_alike() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let row = |k: usize| format!("s{k}\tm{k}.nii\n");
    study(dir, &format!("subject\teffect\n{}", (0..9).map(row).collect::<String>()));
    let low = |v: usize| v < 6;
    let of = |value: &dyn Fn(usize) -> f32| (0..12).map(value).collect::<Vec<f32>>();
    image(&dir.join("low.nii"), &of(&|v| f32::from(u8::from(low(v)))));
    image(&dir.join("atlas.nii"), &of(&|v| [2.0, 1.0][usize::from(low(v))]));
    fs::write(dir.join("names.tsv"), "index\tname\n1\tthe low\n2\tthe high\n").unwrap();
    fs::write(dir.join("list.tsv"), "name\tshape\nlisted\tbox:2,1,0:5,4,1\n").unwrap();
    let kinds = [
        ("s=sphere:2,0,0:2.1", &[("s", "5")][..]),
        ("t=tube:0,0,0:4,0,0:1,2.1", &[("t", "6")]),
        ("b=box:2,1,0:5,4,1", &[("b", "6")]),
        ("m=low.nii", &[("m", "6")]),
        ("list.tsv", &[("listed", "6")]),
        ("atlas.nii", &[("the low", "6"), ("the high", "6")]),
    ];
    let want: Vec<(&str, &str)> = kinds.iter().flat_map(|(_, rows)| rows.iter().copied()).collect();
    let words = |option: &'static str| kinds.iter().flat_map(move |(kind, _)| [option, *kind]);
    let fixed =
        ["--model", "one-sample", "--permutations", "30", "--no-pictures", "--labels", "names.tsv"];
    let all: Vec<&str> = fixed.into_iter().chain(words("--svc")).chain(words("--roi")).collect();
    group(dir, &all, "out");
    let read = |name: &str| tsv::read(&dir.join("out").join(name)).unwrap();
    let rows_of = |table: &boldly::table::Table| -> Vec<(String, String)> {
        table.rows.iter().map(|row| (row[0].clone(), row[1].clone())).collect()
    };
    let want: Vec<(String, String)> =
        want.iter().map(|(name, n)| ((*name).to_owned(), (*n).to_owned())).collect();
    let (searched, tested) = (read("contrast-mean_svc.tsv"), read("contrast-mean_regions.tsv"));
    assert_eq!(rows_of(&searched), want);
    assert_eq!(rows_of(&tested), want);
    // The same voxels by any spelling; of a box random fields know the shape.
    for table in [&searched, &tested] {
        let row = |name: &str| &table.rows.iter().find(|row| row[0] == name).unwrap()[1..];
        assert_eq!(row("m"), row("the low"));
        assert_eq!(row("b"), row("listed"));
    }
    for label in ["s", "t", "b", "m", "listed", "theLow", "theHigh"] {
        let map = format!("out/contrast-mean_label-{label}_desc-svc_stat-p_statmap.nii.gz");
        assert!(dir.join(&map).is_file(), "{map}");
    }
    let json = fs::read_to_string(dir.join("out/contrast-mean_svc.json")).unwrap();
    assert!(json.contains("names.tsv") && json.contains("not for the number of volumes"), "{json}");
    crate::binary::succeeded("verify out", crate::binary::boldly(dir, "verify out"));
}

#[test]
fn a_label_that_is_not_tested_has_a_row_of_nothing_and_names_that_become_one_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let row = |k: usize| format!("s{k}\tm{k}.nii\n");
    study(dir, &format!("subject\teffect\n{}", (0..9).map(row).collect::<String>()));
    let of = |value: &dyn Fn(usize) -> f32| (0..12).map(value).collect::<Vec<f32>>();
    image(&dir.join("low.nii"), &of(&|v| f32::from(u8::from(v < 6))));
    image(&dir.join("atlas.nii"), &of(&|v| [2.0, 1.0][usize::from(v < 6)]));
    fs::write(dir.join("atlas.tsv"), "index\tname\n1\tlow\n2\thigh\n").unwrap();
    let words = ["--model", "one-sample", "--mask", "low.nii", "--no-pictures"];
    for (more, n_cells) in [(&[][..], 9), (&["--permutations", "30"], 10)] {
        let words = [&words[..], &["--svc", "atlas.nii", "--overwrite"], more].concat();
        let told = group(dir, &words, "out");
        assert!(
            told.contains("none of the 6 voxels of high is analysed; its row is n/a"),
            "{told}"
        );
        let table = tsv::read(&dir.join("out/contrast-mean_svc.tsv")).unwrap();
        assert_eq!(table.rows[1][..2], ["high", "0"]);
        assert_eq!(table.rows[1].len(), n_cells + 1);
        assert!(table.rows[1][3..].iter().all(|cell| cell == "n/a"), "{:?}", table.rows[1]);
        assert_ne!(table.rows[0][7], "n/a");
        assert!(!dir.join("out/contrast-mean_label-high_desc-svc_stat-p_statmap.nii.gz").exists());
    }
    let sidecar = fs::read_to_string(dir.join("out/contrast-mean_svc.json")).unwrap();
    assert!(sidecar.contains("atlas.tsv"), "the table that was found is an input");
    let fixed = ["group", "--maps", "maps.tsv", "--model", "one-sample", "--out", "no"];
    for (words, why) in [
        (
            &["--svc", "a b=box:2,1,0:5,4,1", "--svc", "a-b=low.nii", "--svc", "aB=low.nii"][..],
            "search volumes `a b` and `aB` would both be written as label-aB",
        ),
        (&["--svc", "a=low.nii", "--svc", "a=low.nii"], "region 'a' is given twice"),
        (&["--atlas", "atlas.nii", "--labels", "atlas.tsv"], "--labels comes without regions"),
    ] {
        let output = with_words(dir, fixed.iter().chain(words));
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains(why), "{}", said(&output));
    }
}
