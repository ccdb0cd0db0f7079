//! What is likely not meant: refused where it would change nothing, told in so many words where somebody may have meant it.

use super::group::{MASKED, maps, two_groups};
use super::stored::dataset;
use super::*;

/// What a command said; it must end so.
#[track_caller]
fn told(dir: &Path, line: &str, code: i32) -> String {
    let output = boldly(dir, line);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{line}: {said}");
    said
}

#[track_caller]
fn has(said: &str, parts: &[&str]) {
    parts.iter().for_each(|part| assert!(said.contains(part), "no '{part}' in {said}"));
}

#[test]
fn options_that_would_change_nothing_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (line, alone, needed) in [
        ("glm b.nii --events e.tsv --contrast a --kernel exact --out o", "--kernel", "--fwhm"),
        (
            "glm b.nii --events e.tsv --contrast a --smooth-within m.nii --out o",
            "--smooth-within",
            "--fwhm",
        ),
        (
            "glm b.nii --events e.tsv --contrast a --na drop --out o",
            "--na",
            "--columns or --strategy",
        ),
        ("connect b.nii --seed s=sphere:0,0,0:5 --kernel exact --out o", "--kernel", "--fwhm"),
        ("calibrate --shape 8,8,8,80 --events e.tsv", "--events", "--bold"),
        ("calibrate --shape 8,8,8,80 --permutations 20", "--permutations", "--group"),
        ("calibrate --shape 8,8,8,80 --pairs 20", "--pairs", "--connect"),
        ("retroicor b.nii --physio p.tsv.gz --hrf glover --out c.nii", "--hrf", "--events"),
        (
            "confounds b.nii --mask m.nii --erode 2 --out c.tsv",
            "--erode",
            "--csf or --white-matter",
        ),
        (
            "confounds b.nii --mask m.nii --csf c.nii --variable 0.1 --out c.tsv",
            "--variable",
            "--tcompcor",
        ),
        (
            "glm b.nii --events e.tsv --contrast a --terms 3/4/1x1+rvt --out o",
            "--terms",
            "--physio",
        ),
        ("connect b.nii --seed s=sphere:0,0,0:5 --terms afni --out o", "--terms", "--physio"),
        ("connect b.nii --regions a.nii --fwhm 6 --out o", "--fwhm", "--seed"),
        ("connect b.nii --regions a.nii --noise arma11 --out o", "--noise", "--seed"),
        ("connect b.nii --regions a.nii --rho-fwhm 2 --out o", "--rho-fwhm", "--seed"),
        (
            "trial study --control p --outcome q:nrs --exploratory --out o",
            "--exploratory",
            "--correlate",
        ),
    ] {
        let said = told(folder.path(), line, 2);
        has(&said, &[&format!("{alone} comes without {needed}, which it is about")]);
    }
}

#[test]
fn confounds_that_are_dropped_or_filled_for_their_na_are_told_and_kept_in_the_sidecar() {
    let folder = dataset();
    let dir = folder.path();
    let rows: String = (1..SHAPE[3]).map(|n| format!("{n}\tn/a\t{}\t{n}\n", n % 7)).collect();
    text(dir, "confounds.tsv", &format!("trans_x\ttrans_y\ttrans_z\t\nn/a\t3\t2\t0\n{rows}"));
    let line = GLM.replace("trans_*", "*");
    let dropped = "confounds.tsv: 2 of 3 confounds hold n/a and are left out of the model (--na drop): trans_x, trans_y";
    let said = told(dir, &format!("{line} --na drop"), 0);
    has(&said, &[dropped, "1 columns without a name are no confounds", "confounds (1): trans_z"]);
    let sidecar = fs::read_to_string(dir.join("out/contrast-painControl_stat-t_statmap.json"));
    assert!(sidecar.expect("a sidecar").contains(dropped));
    let said = told(dir, &format!("{line} --na mean --overwrite"), 0);
    has(
        &said,
        &["n/a in 2 confounds became a number (--na), in so many rows: trans_x (1), trans_y (39)"],
    );
    let none = line.replace("--columns *", "--columns trans_x,trans_y");
    let said = told(dir, &format!("{none} --na drop --overwrite"), 0);
    has(&said, &["2 of 2 confounds hold n/a", "confounds: none is left"]);
    assert!(!said.contains("has none of those asked for"), "{said}");
}

#[test]
fn conditions_that_differ_in_case_alone_are_doubted() {
    let folder = dataset();
    let dir = folder.path();
    let events = fs::read_to_string(dir.join("events.tsv")).expect("events");
    text(dir, "events.tsv", &events.replace("55\t15\tpain", "55\t15\tPain"));
    let said = told(dir, GLM, 0);
    has(
        &said,
        &[
            "events.tsv: `Pain` and `pain` are two conditions, which differ in case alone; are they one?",
        ],
    );
}

#[test]
fn events_of_another_task_than_that_of_the_runs_sidecar_are_doubted() {
    let folder = dataset();
    let dir = folder.path();
    copy(dir, "events.tsv", "task-rest_events.tsv");
    let line = "glm bold.nii --events task-rest_events.tsv --mask mask.nii --contrast pain --out out --overwrite --device cpu";
    for (task, is_other) in [("Resting State", false), ("REST", false), ("pressure pain", true)] {
        let json = format!("{{\"RepetitionTime\": 2.0, \"TaskName\": \"{task}\"}}");
        text(dir, "bold.json", &json);
        let said = told(dir, line, 0);
        let words = "task-rest_events.tsv is by its name of task-rest, and bold.nii by TaskName in bold.json of 'pressure pain'";
        assert_eq!(said.contains(words), is_other, "{task}: {said}");
        assert_eq!(said.contains("by TaskName"), is_other, "{task}: {said}");
    }
}

#[test]
fn two_images_of_one_run_are_doubted() {
    let folder = dataset();
    let dir = folder.path();
    second_run(dir);
    let names = ["sub-1_task-a_run-1_desc-preproc_bold", "sub-1_task-a_run-1_desc-smooth_bold"];
    for (from, to) in ["bold", "second_bold"].into_iter().zip(names) {
        copy(dir, &format!("{from}.nii"), &format!("{to}.nii"));
        copy(dir, &format!("{from}.json"), &format!("{to}.json"));
    }
    let line = |second: &str| {
        format!(
            "glm {}.nii {second}.nii --events events.tsv events.tsv --mask mask.nii --contrast pain --out out --overwrite --device cpu",
            names[0]
        )
    };
    let said = told(dir, &line(names[1]), 0);
    has(&said, &["are by their names of one run (sub-1_task-a_run-1)", "name each run once"]);
    for end in ["nii", "json"] {
        copy(dir, &format!("{}.{end}", names[1]), &format!("sub-1_task-a_run-2_bold.{end}"));
    }
    let said = told(dir, &line("sub-1_task-a_run-2_bold"), 0);
    assert!(!said.contains("by their names of one run"), "{said}");
}

#[test]
fn voxels_of_no_size_that_a_scanner_gives_are_doubted() {
    let folder = dataset();
    let dir = folder.path();
    nifti(dir, "bold.nii", &SHAPE, 0.003, value);
    let line = GLM.replace("--mask mask.nii ", "");
    has(
        &told(dir, &line, 0),
        &["its voxels are 0.003", "is the spatial unit of its header right?"],
    );
    nifti(dir, "bold.nii", &SHAPE, 3.0, value);
    assert!(!told(dir, &format!("{line} --overwrite"), 0).contains("spatial unit"));
    has(
        &told(dir, &format!("{line} --fwhm 1e-308 --overwrite"), 2),
        &["--fwhm is", "nothing can be computed"],
    );
}

#[test]
fn a_subjects_map_of_another_scale_is_doubted() {
    let folder = dataset();
    let dir = folder.path();
    maps(dir, &two_groups());
    assert!(!told(dir, MASKED, 0).contains("of another size"));
    nifti(dir, "m3.nii", &group::MAP, 3.0, |v| 100.0 * (value(97 * 3 + v) / 500.0 - 1.5));
    let said = told(dir, &format!("{MASKED} --overwrite"), 0);
    has(&said, &["1 of 10 maps are of another size than the others", "m3.nii", "--scaling"]);
}

#[test]
fn a_run_is_no_column_of_its_own() {
    let folder = dataset();
    let said = told(folder.path(), &format!("{GLM} --voxelwise ./bold.nii"), 2);
    has(&said, &["is the run itself, of which it explains all"]);
    assert!(!folder.path().join("out").exists());
    let said = told(folder.path(), &format!("{GLM} --voxelwise mask.nii"), 65);
    has(&said, &["mask.nii is a 3-D image", "a value that does not change over time"]);
}

#[test]
fn a_design_in_which_nothing_is_constant_is_told() {
    let folder = dataset();
    let dir = folder.path();
    let told_of = "no column of the design of bold.nii, nor a sum of them, is constant";
    let wave = |n: usize| (n as f64 * 0.7).sin();
    design(dir, "a\tb", |n| format!("{}\t{}", wave(n), wave(2 * n)));
    has(&told(dir, DESIGN, 0), &[told_of, "add a column `constant` of ones to --design"]);
    for header in ["a\tconstant", "a\ton\toff"] {
        design(dir, header, |n| match header {
            "a\tconstant" => format!("{}\t1", wave(n)),
            _ => format!("{}\t{}\t{}", wave(n), n % 2, 1 - n % 2),
        });
        let said = told(dir, &format!("{DESIGN} --overwrite"), 0);
        assert!(!said.contains("is constant"), "{said}");
    }
    // as columns of blocks have a mean, what they leave of the run's is no sign of a filter, and no noise
    let [i, j, k, _] = SHAPE;
    nifti(dir, "long.nii", &[i, j, k, 120], 3.0, value);
    let block = |n: usize, length: usize| n / length % 2;
    let rows = (0..120).map(|n| format!("{}\t{}\n", block(n, 8), block(n, 13)));
    text(dir, "blocks.tsv", &format!("a\tb\n{}", rows.collect::<String>()));
    let line = "glm long.nii --tr 2 --design blocks.tsv --mask mask.nii --contrast a --out blocks --device cpu --overwrite";
    for noise in ["ols", "ar1"] {
        let said = told(dir, &format!("{line} --noise {noise}"), 0);
        has(&said, &["no column of the design of long.nii, nor a sum of them, is constant"]);
        has(&said, &["columns whose own mean is not 0 then stand for the run's mean", "too large"]);
        for wrong in ["was filtered in time before", "times too often", "costs little"] {
            assert!(!said.contains(wrong), "{wrong:?} in {said}");
        }
    }
    // columns without a mean leave all of the run's
    text(dir, "even.tsv", &format!("a\n{}", "1\n-1\n".repeat(60)));
    let even = line.replace("blocks.tsv", "even.tsv");
    for noise in ["ols", "ar1"] {
        let said = told(dir, &format!("{even} --noise {noise}"), 0);
        has(&said, &["the run's mean is then noise, rho is near its end, t is far too small"]);
    }
    // a run whose mean was taken off has none that could be noise: its rho is that of its noise
    let n_voxels = i * j * k;
    let mut run = vec![0.0; 120 * n_voxels];
    for voxel in 0..n_voxels {
        let mut before = 0.0;
        let series: Vec<f32> = (0..120)
            .map(|t| {
                before =
                    0.7 * before + value(n_voxels * t + voxel) - value(n_voxels * t + voxel + 7);
                before
            })
            .collect();
        let mean = series.iter().sum::<f32>() / 120.0;
        series.iter().enumerate().for_each(|(t, v)| run[n_voxels * t + voxel] = v - mean);
    }
    nifti(dir, "long.nii", &[i, j, k, 120], 3.0, |at| run[at]);
    let said = told(dir, &format!("{line} --noise ols --scaling none"), 0);
    let costs = "takes the residuals of long.nii as independent, and their mean rho is";
    has(&said, &["the residuals hold no mean", costs, "times too often"]);
    assert!(!said.contains("is then noise") && !said.contains("says nothing"), "{said}");
}

#[test]
fn volumes_before_the_steady_state_are_told_unless_something_says_which() {
    let folder = dataset();
    let dir = folder.path();
    let line = "glm bold.nii --events events.tsv --mask mask.nii --contrast pain --out out --device cpu --overwrite";
    let brighter = "the first 2 volumes of bold.nii are brighter than those that follow";
    assert!(!told(dir, line, 0).contains("brighter"));
    nifti(dir, "bold.nii", &SHAPE, 3.0, |n| value(n) * [1.3, 1.1, 1.0][(n / 120).min(2)]);
    has(&told(dir, line, 0), &[brighter, "--censor non-steady leaves them out"]);
    has(&told(dir, &line.replace("--mask mask.nii", ""), 0), &[brighter]);
    let said = told(dir, &format!("{line} --censor non-steady"), 0);
    assert!(!said.contains("brighter") && said.contains("2 volumes of 40 left out"), "{said}");
    let connect = "connect bold.nii --seed s=sphere:6,6,6:5 --coordinates native --mask mask.nii --out edges --device cpu";
    has(&told(dir, connect, 0), &[brighter]);
}

#[test]
fn measures_that_tables_lack_are_told_and_never_taken_as_none() {
    let folder = dataset();
    let dir = folder.path();
    let line = "glm bold.nii --events events.tsv --mask mask.nii --confounds c.tsv --contrast pain --out out --device cpu --overwrite";
    let table = |name: &str, cell: &dyn Fn(usize) -> String| {
        let cells: String = (0..40).map(|n| format!("{}\t{}\n", cell(n), n % 3)).collect();
        text(dir, "c.tsv", &format!("{name}\tcsf\n{cells}"));
    };
    for (name, rule, other) in [
        ("framewise_displacement", "fd:0.5", "trans_x to rot_z"),
        ("std_dvars", "dvars:1.5", "are computed from the run"),
    ] {
        let with = |rule: &str| format!("{line} --columns csf --censor {rule}");
        let na = |at: &'static [usize]| {
            move |n: usize| {
                if at.contains(&n) {
                    "n/a"
                } else if n == 20 {
                    "9"
                } else {
                    "0.1"
                }
                .to_owned()
            }
        };
        let unknown = "(from 0), as ";
        table(name, &na(&[0]));
        let said = told(dir, &with(rule), 0);
        assert!(!said.contains(unknown) && said.contains("volume 20: "), "{said}");
        table(name, &na(&[0, 7, 20, 21]));
        let said = told(dir, &with(rule), 0);
        let volumes = format!(
            "c.tsv does not tell whether {rule} leaves out volumes 7, 20-21 (from 0), as {name} is n/a there"
        );
        has(&said, &[&volumes, &format!("bold.nii: {rule} leaves out no volume")]);
        table(name, &na(&[7]));
        has(&told(dir, &with(rule), 0), &["leaves out volume 7 (from 0)", "volume 20: "]);
        table(name, &|_| "n/a".to_owned());
        let none = format!("column {name} of c.tsv holds no value");
        has(&told(dir, &with(rule), 65), &[&none, rule, other]);
        table(name, &|n| if n == 20 { "-9" } else { "0.1" }.to_owned());
        has(&told(dir, &with(rule), 65), &[&format!("c.tsv line 22 column {name} is `-9`")]);
        // without the rule nobody asks
        told(dir, &with("none"), 0);
    }
    let both = |n: usize| if n == 0 { "n/a\tn/a" } else { "0.1\t1" }.to_owned();
    table("framewise_displacement\tstd_dvars", &both);
    let said = told(dir, &format!("{line} --columns csf --censor fd:0.5,dvars:1.5"), 0);
    has(&said, &["fd:0.5 leaves out no volume", "dvars:1.5 leaves out no volume"]);
    table("framewise_displacement\tstd_dvars", &|_| "n/a\tn/a".to_owned());
    let said = told(dir, &format!("{line} --columns csf --strategy scrubbing"), 65);
    has(&said, &["column framewise_displacement of c.tsv holds no value"]);
    // a head that moves by 2 mm where a row of its motion is n/a
    let motion = |n: usize| {
        let x = if n < 20 { 0 } else { 2 };
        if n == 20 { format!("n/a{}", "\t0".repeat(5)) } else { format!("{x}{}", "\t0".repeat(5)) }
    };
    table("trans_x\ttrans_y\ttrans_z\trot_x\trot_y\trot_z", &motion);
    let said = told(dir, &format!("{line} --columns csf --censor fd:0.5"), 0);
    has(&said, &["leaves out volumes 20-21 (from 0), as motion is n/a there or just before"]);
    table("trans_x\ttrans_y\ttrans_z\trot_x\trot_y\trot_z", &|_| format!("n/a{}", "\t0".repeat(5)));
    let said = told(dir, &format!("{line} --columns csf --censor fd:0.5"), 65);
    has(&said, &["column trans_x of c.tsv holds no value"]);
}

#[test]
fn a_response_that_breaks_off_is_told_once() {
    let folder = dataset();
    let dir = folder.path();
    text(dir, "h.txt", "0\n2\n1.9\n");
    let line = "glm bold.nii --events events.tsv --mask mask.nii --contrast pain --hrf file:h.txt@1 --out out --device cpu";
    let said = told(dir, line, 0);
    assert_eq!(
        said.matches("the response in h.txt breaks off at 95 % of its peak").count(),
        1,
        "{said}"
    );
}

#[test]
fn echoes_beside_those_that_are_given_and_runs_that_were_smoothed_unalike_are_told() {
    let folder = dataset();
    let dir = folder.path();
    second_run(dir);
    for (from, to) in [("bold", "sub-01_echo-1_bold"), ("second_bold", "sub-01_echo-2_bold")] {
        copy(dir, &format!("{from}.nii"), &format!("{to}.nii"));
        copy(dir, "bold.json", &format!("{to}.json"));
    }
    let line =
        "--events events.tsv --mask mask.nii --contrast pain --out out --device cpu --overwrite";
    let beside = "sub-01_echo-1_bold.nii is one echo of a run, and is fitted as it is: beside it lie sub-01_echo-2_bold.nii, which glm and connect combine with it where they are given, too";
    has(&told(dir, &format!("glm sub-01_echo-1_bold.nii {line}"), 0), &[beside]);
    assert!(!told(dir, &format!("glm bold.nii {line}"), 0).contains("echo"));
    told(dir, "smooth second_bold.nii --fwhm 6 --out smoothed.nii --device cpu", 0);
    let both = line.replace("events.tsv --mask", "events.tsv events.tsv --mask");
    let said = told(dir, &format!("glm bold.nii smoothed.nii {both}"), 0);
    has(
        &said,
        &["bold.nii was not smoothed before, and smoothed.nii was smoothed before, by 6.00 mm"],
    );
    assert!(!told(dir, &format!("glm bold.nii second_bold.nii {both}"), 0).contains("smoothed"));
}

#[test]
fn a_column_of_ones_is_no_condition_whatever_its_name() {
    let folder = dataset();
    let dir = folder.path();
    let row = |t: usize| format!("{}\t{}\t1", t / 4 % 2, t / 5 % 3);
    design(dir, "a\tb\tintercept", row);
    let line = "glm bold.nii --design design.tsv --mask mask.nii --contrast all=mean(*) --contrast ab=a+b --out out --device cpu --overwrite";
    has(&told(dir, line, 0), &["`*` in contrast `mean(*)` is a + b\n"]);
    // By its name it is asked for like any other.
    told(dir, &line.replace("mean(*)", "intercept"), 0);
}

#[test]
fn a_time_of_acquisition_that_is_none_is_told() {
    let folder = dataset();
    let dir = folder.path();
    super::echoes::echoes(dir, 40, 3.0, super::echoes::GOOD);
    let time = |time: &str| {
        let json = format!(
            "{{\"RepetitionTime\": 2.0, \"EchoTime\": 0.028, \"AcquisitionTime\": {time}}}"
        );
        text(dir, "x_echo-2_bold.json", &json);
        told(dir, &format!("{} --overwrite", super::echoes::ECHOES), 0)
    };
    for wrong in ["\"zz\"", "\"25:00:00\"", "1428"] {
        let part = format!("x_echo-2_bold.json is {wrong}, and not used: it must be a time of day");
        has(&time(wrong), &["warning: AcquisitionTime in ", &part]);
    }
    for right in ["\"14:28:17.165\"", "\"\"", "null"] {
        assert!(!time(right).contains("warning: AcquisitionTime"), "{right}");
    }
}
