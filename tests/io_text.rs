//! Tables, sidecars, slice times and recordings.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may stop")]

use std::fs;
use std::path::{Path, PathBuf};

use boldly::io::{
    BoldFile, Header, Outputs, acquisition, acquisition_but_slices, contradictions, gzip, physio,
    sidecar, slice_times, tsv,
};
use boldly::volume::Grid;

mod common;

use common::shared;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.at(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// A run of 4 slices and 3 volumes.
    fn bold(&self, name: &str, tr: f64) -> BoldFile {
        let affine = [
            [2.0, 0.0, 0.0, 0.0],
            [0.0, 2.0, 0.0, 0.0],
            [0.0, 0.0, 2.0, 0.0],
            [0.0, 0.0, 0.0, 1.0],
        ];
        let grid = Grid { shape: [3, 2, 4], affine, voxel_size_mm: [2.0; 3], is_placed: true };
        let mut outputs = Outputs::new();
        let header = Header::new(&grid, Some(tr)).for_bold(3);
        outputs.map(&self.at(name), &header, &[1.0; 72]).unwrap();
        outputs.commit().unwrap();
        BoldFile::open(&self.at(name)).unwrap()
    }
}

fn assert_refused<T: std::fmt::Debug>(result: boldly::Result<T>, code: u8, words: &[&str]) {
    let error = result.unwrap_err();
    let message = error.to_string();
    assert_eq!(error.exit_code(), code, "{message}");
    for word in words {
        assert!(message.contains(word), "'{word}' is not in: {message}");
    }
}

#[test]
fn a_table_is_read_cell_by_cell_and_written_back() {
    let f = Folder::new();
    let text =
        "\u{feff}onset\tduration\ttrial_type\r\n0\t15\tpain\r\n30.5\tn/a\t\"a \"\"b\"\"\tc\"\r\n\n";
    for bytes in [text.as_bytes().to_vec(), gzip(text.as_bytes())] {
        let table = tsv::read(&f.file("events.tsv", bytes)).unwrap();
        assert_eq!(table.name, "events.tsv");
        assert_eq!(table.columns, ["onset", "duration", "trial_type"]);
        assert_eq!(table.rows, [["0", "15", "pain"], ["30.5", "n/a", "a \"b\"\tc"]]);
        let again = tsv::read(&f.file("again.tsv", tsv::write_string(&table))).unwrap();
        assert_eq!((again.columns, again.rows), (table.columns, table.rows));
    }
    let names = ["a".to_string(), "b".to_string()];
    let table = tsv::read_headerless(&f.file("x.tsv.gz", gzip(b"1\t2\n3\t4\n")), &names).unwrap();
    assert_eq!(table.rows, [["1", "2"], ["3", "4"]]);
}

#[test]
fn tables_that_are_none_are_refused_with_the_line() {
    let f = Folder::new();
    let case = |content: &[u8], words: &[&str]| {
        assert_refused(tsv::read(&f.file("events.tsv", content)), 65, words);
    };
    case(b"onset,duration,trial_type\n0,15,pain\n", &["events.tsv", "commas", "tabs"]);
    case(b"onset;duration\n0;15\n", &["semicolons", "tabs"]);
    case(b"onset\tduration\n0\t15\n30\n", &["line 3", "has 1 cell", "have 2"]);
    case(b"onset\tduration\n\n0\t15\n", &["line 2", "is blank", "delete the line"]);
    case(b"onset\tduration\n0\t15\t7\n", &["line 2", "has 3 cells"]);
    case(b"onset\tonset\n0\t15\n", &["two columns named 'onset'"]);
    case(b"", &["is empty"]);
    case(b"onset\tduration\n\xff\xfe\t1\n", &["line 2", "UTF-8"]);
    // A line of numbers is no header, whichever program left it out.
    case(b"0.1\t-0.2\t1e-3\n0.2\t0.1\t0\n", &["has no header line", "0.1 -0.2 1e-3", "rp_*.txt"]);
    case(b"  0.1  -0.2  0.3\n  0.2  0.1  0.0\n", &["has no header line", "0.1 -0.2 0.3"]);
    case(b"0.5\n0.25\n", &["has no header line", "'0.5'"]);
    case(b"n/a\t0.1\n1\t2\n", &["has no header line"]);
    case(b"# 3dvolreg -prefix x\n0 1 2\n", &["has no header line", "# 3dvolreg"]);
    case(b"/NumWaves\t2\n/NumPoints\t3\n", &["has no header line", "/NumWaves"]);
    case(b"trans_x trans_y\n0.1 0.2\n", &["separates its columns by spaces"]);
    assert_eq!(tsv::read(&f.file("1a.tsv", "1\ta\n0\t1\n")).unwrap().columns, ["1", "a"]);
    assert_eq!(tsv::read(&f.file("one.tsv", "a b\n0.1\n")).unwrap().columns, ["a b"]);
    let packed = gzip(b"onset\tduration\n0\t15\n");
    case(&packed[..packed.len() - 4], &["gzip file that ends too early"]);
    assert_refused(tsv::read(&f.at("none.tsv")), 66, &["none.tsv", "does not exist"]);
}

#[test]
fn sidecars_are_inherited_down_to_the_run_and_the_nearest_wins() {
    let f = Folder::new();
    f.file("dataset_description.json", "{}");
    f.file("task-rest_bold.json", r#"{"RepetitionTime": 3, "TaskName": "rest", "StartTime": 0.5}"#);
    f.file("task-other_bold.json", r#"{"RepetitionTime": 9}"#);
    f.file("task-rest_events.json", r#"{"RepetitionTime": 8}"#);
    f.file("sub-01/sub-01_task-rest_bold.json", r#"{"SliceTiming": [0, 0.5, 1, 1.5]}"#);
    f.file("sub-01/func/sub-01_task-rest_run-1_bold.json", r#"{"RepetitionTime": 2.0}"#);
    f.file("sub-01/func/sub-01_task-rest_run-2_bold.json", r#"{"RepetitionTime": 7}"#);
    let run = f.at("sub-01/func/sub-01_task-rest_run-1_bold.nii.gz");
    let found = sidecar::find(&run, None).unwrap();
    assert_eq!(found.files.len(), 3, "{:?}", found.files);
    let tr = found.repetition_time.as_ref().unwrap();
    assert_eq!((tr.value, tr.file.ends_with("sub-01_task-rest_run-1_bold.json")), (2.0, true));
    assert_eq!(found.slice_timing().unwrap().unwrap().value, [0.0, 0.5, 1.0, 1.5]);
    assert_eq!(found.start_time.unwrap().value, 0.5);
    assert_eq!(found.task_name.unwrap().value, "rest");
    // Named, it stands alone.
    let other = f.at("task-other_bold.json");
    let found = sidecar::find(&run, Some(&other)).unwrap();
    assert!(!found.has_slice_timing());
    assert_eq!((found.files, found.repetition_time.unwrap().value), (vec![other], 9.0));
    // Without a dataset above, only the folder counts.
    fs::remove_file(f.at("dataset_description.json")).unwrap();
    let found = sidecar::find(&run, None).unwrap();
    assert_eq!(found.files.len(), 1);
    // A name that is not BIDS has the sidecar of its stem.
    f.file("odd/my_run.json", r#"{"RepetitionTime": 4}"#);
    f.file("odd/run.json", r#"{"RepetitionTime": 5}"#);
    let found = sidecar::find(&f.at("odd/my_run.nii"), None).unwrap();
    assert_eq!(found.repetition_time.unwrap().value, 4.0);
}

#[test]
fn sidecars_with_wrong_content_name_the_file_and_the_field() {
    let f = Folder::new();
    let run = f.at("bold.nii");
    for (content, words) in [
        ("{", vec!["bold.json", "not JSON", "line 1"]),
        ("[1]", vec!["no JSON object"]),
        (r#"{"RepetitionTime": "two"}"#, vec!["RepetitionTime", "two"]),
        (r#"{"VolumeTiming": 3}"#, vec!["VolumeTiming", "list"]),
    ] {
        f.file("bold.json", content);
        assert_refused(sidecar::find(&run, None), 65, &words);
    }
    // Slice times stop those only who need them.
    let read = |content: &str| {
        f.file("bold.json", content);
        sidecar::find(&run, None).unwrap()
    };
    let words = ["SliceTiming", "list"];
    assert_refused(read(r#"{"SliceTiming": 3}"#).slice_timing(), 65, &words);
    assert_refused(read(r#"{"SliceTiming": [0, null]}"#).slice_timing(), 65, &["SliceTiming[1]"]);
    let direction = read(r#"{"SliceEncodingDirection": "z"}"#).slice_encoding_direction();
    assert_refused(direction, 65, &["SliceEncodingDirection", "k-"]);
    assert_refused(sidecar::find(&run, Some(&f.at("none.json"))), 66, &["none.json"]);
}

#[test]
fn two_sidecars_of_one_folder_that_contradict_each_other_are_both_named() {
    let f = Folder::new();
    let run = f.at("sub-01_task-x_run-1_bold.nii");
    f.file("sub-01_task-x_bold.json", r#"{"RepetitionTime": 2, "SliceTiming": [0, 1]}"#);
    f.file("sub-01_run-1_bold.json", r#"{"RepetitionTime": 2.0, "SliceTiming": [0, 1.0]}"#);
    assert_eq!(sidecar::find(&run, None).unwrap().doubts, [""; 0], "they agree");
    f.file("sub-01_run-1_bold.json", r#"{"RepetitionTime": 3}"#);
    let found = sidecar::find(&run, None).unwrap();
    let said = found.doubts.join("\n");
    for part in ["RepetitionTime", "sub-01_task-x_bold.json", "sub-01_run-1_bold.json", "is used"] {
        assert!(said.contains(part), "`{part}` is not in: {said}");
    }
    let used = found.repetition_time.unwrap();
    assert!(said.contains(&format!("that of {} is used", used.file.display())), "{said}");
    // What is used elsewhere of them, too.
    for (field, one, other) in
        [("EchoTime", "0.03", "0.045"), ("RawSources", "[\"bids::a.nii\"]", "[\"bids::b.nii\"]")]
    {
        f.file("sub-01_task-x_bold.json", format!("{{\"{field}\": {one}}}"));
        f.file("sub-01_run-1_bold.json", format!("{{\"{field}\": {other}}}"));
        let said = sidecar::find(&run, None).unwrap().doubts.join("\n");
        assert!(said.contains(&format!("{field} in")) && said.contains("differ"), "{said}");
    }
    // In folders of their own the nearer one overrules, as BIDS has it.
    f.file("sub-01_task-x_bold.json", r#"{"RepetitionTime": 2}"#);
    f.file("dataset_description.json", "{}");
    f.file("func/sub-01_task-x_run-1_bold.json", r#"{"RepetitionTime": 4}"#);
    fs::remove_file(f.at("sub-01_run-1_bold.json")).unwrap();
    let found = sidecar::find(&f.at("func/sub-01_task-x_run-1_bold.nii"), None).unwrap();
    assert_eq!((found.doubts.len(), found.repetition_time.unwrap().value), (0, 4.0));
}

#[test]
fn a_json_above_that_is_not_read_for_want_of_a_dataset_description_is_named() {
    let f = Folder::new();
    f.file("task-x_bold.json", r#"{"RepetitionTime": 2}"#);
    f.file("task-y_bold.json", r#"{"RepetitionTime": 3}"#);
    f.file("sub-01/ses-1/func/sub-01_ses-1_task-x_bold.json", r#"{"TaskName": "x"}"#);
    let run = f.at("sub-01/ses-1/func/sub-01_ses-1_task-x_bold.nii");
    let doubts = || sidecar::find(&run, None).unwrap().doubts;
    let said = doubts().join("\n");
    assert!(said.contains("task-x_bold.json would speak of") && !said.contains("task-y"), "{said}");
    assert!(said.contains("has no dataset_description.json; add one there"), "{said}");
    let named = sidecar::find(&run, Some(&f.at("task-x_bold.json"))).unwrap();
    assert_eq!(named.doubts, [""; 0], "the user has chosen");
    fs::remove_file(f.at("task-x_bold.json")).unwrap();
    assert_eq!(doubts(), [""; 0], "nothing is missed");
    f.file("task-x_bold.json", r#"{"RepetitionTime": 2}"#);
    f.file("dataset_description.json", "{}");
    assert_eq!(doubts(), [""; 0], "it is read");
    // a folder that is no subject's, as anybody has it
    f.file("else/task-x_bold.json", r#"{"RepetitionTime": 2}"#);
    fs::remove_file(f.at("dataset_description.json")).unwrap();
    assert_eq!(
        sidecar::find(&f.at("else/deep/task-x_bold.nii"), None).map(|s| s.doubts).ok(),
        None
    );
}

#[test]
fn a_sidecar_that_boldly_wrote_for_another_file_says_nothing_of_this_one() {
    let f = Folder::new();
    let bold = f.bold("X_bold.nii", 1.0);
    let of = |name: &str, checksum: &str| {
        let json = format!(
            r#"{{"RepetitionTime": 2, "boldly": {{"outputs": [{{"name": "{name}", "kind": "bold", "entities": "bold", "blake3": "{checksum}"}}]}}}}"#
        );
        f.file("X_bold.json", json);
        sidecar::find(&bold.path, None).unwrap()
    };
    let other = of("X_bold.nii.gz", "ab");
    assert!(other.repetition_time.is_none() && other.files.is_empty(), "{other:?}");
    assert!(other.doubts[0].contains("describes X_bold.nii.gz"), "{:?}", other.doubts);
    assert_eq!(of("X_bold.nii", "ab").repetition_time.unwrap().value, 2.0, "its own name");
    let own = boldly::io::hash::file(&bold.path).unwrap();
    let renamed = of("before_bold.nii", own.hex());
    assert_eq!(renamed.repetition_time.unwrap().value, 2.0, "its own bytes");
    // named by the user it counts as any other
    let named = sidecar::find(&bold.path, Some(&f.at("X_bold.json"))).unwrap();
    assert_eq!(named.repetition_time.unwrap().value, 2.0);
}

#[test]
fn options_overrule_sidecars_and_sidecars_the_header() {
    let f = Folder::new();
    let bold = f.bold("bold.nii", 2.5);
    let none = sidecar::find(&bold.path, None).unwrap();
    let got = acquisition(&bold, &none, None, None).unwrap();
    assert_eq!((got.tr, got.n_volumes, got.start_time, got.slice_times), (2.5, 3, 0.0, None));
    f.file(
        "bold.json",
        r#"{"RepetitionTime": 2, "SliceTiming": [0, 0.5, 1, 1.5], "StartTime": 0.75}"#,
    );
    let side = sidecar::find(&bold.path, None).unwrap();
    let got = acquisition(&bold, &side, None, None).unwrap();
    assert_eq!((got.tr, got.start_time), (2.0, 0.75));
    assert_eq!(got.slice_times.as_deref(), Some(&[0.0, 0.5, 1.0, 1.5][..]));
    let said = contradictions(&bold, &side, None);
    assert!(said.len() == 1 && said[0].contains("2.5 s"), "{said:?}");
    let got = acquisition(&bold, &side, Some(3.0), Some(&[0.0, 2.0, 0.0, 2.0])).unwrap();
    assert_eq!((got.tr, got.slice_times.as_deref()), (3.0, Some(&[0.0, 2.0, 0.0, 2.0][..])));
    assert_eq!(contradictions(&bold, &side, Some(3.0)).len(), 2);
}

#[test]
fn a_reversed_direction_reverses_slice_times_and_a_correction_voids_them() {
    let f = Folder::new();
    let bold = f.bold("bold.nii", 2.0);
    let times = |fields: &str| {
        f.file("bold.json", format!(r#"{{"SliceTiming": [0, 0.5, 1, 1.5]{fields}}}"#));
        let side = sidecar::find(&bold.path, None).unwrap();
        acquisition(&bold, &side, None, None).map(|a| a.slice_times)
    };
    let reversed = times(r#", "SliceEncodingDirection": "k-""#).unwrap();
    assert_eq!(reversed.as_deref(), Some(&[1.5, 1.0, 0.5, 0.0][..]));
    let forward = times(r#", "SliceEncodingDirection": "k""#).unwrap();
    assert_eq!(forward.as_deref(), Some(&[0.0, 0.5, 1.0, 1.5][..]));
    assert_eq!(times(r#", "SliceTimingCorrected": true"#).unwrap(), None);
    assert_refused(times(r#", "SliceEncodingDirection": "j-""#), 65, &["is j", "--slice-times"]);
}

#[test]
fn timing_that_cannot_be_is_refused() {
    let f = Folder::new();
    let bold = f.bold("bold.nii", 2.0);
    let case = |json: &str, words: &[&str]| {
        f.file("bold.json", json);
        let side = sidecar::find(&bold.path, None).unwrap();
        assert_refused(acquisition(&bold, &side, None, None), 65, words);
    };
    case(
        r#"{"SliceTiming": [0, 500, 1000, 1500]}"#,
        &["SliceTiming[1]", "500", "tr = 2 s", "not ms"],
    );
    case(r#"{"SliceTiming": [0, 1, 2]}"#, &["has 3 times", "4 slices", "bold.nii"]);
    case(r#"{"SliceTiming": [0, -0.5, 1, 1.5]}"#, &["SliceTiming[1]", "-0.5"]);
    case(r#"{"SliceTiming": [0, 0.5, 1, 2.0]}"#, &["SliceTiming[3]", "outside"]);
    case(r#"{"RepetitionTime": 2000}"#, &["RepetitionTime", "2000", "not ms"]);
    case(r#"{"RepetitionTime": 0}"#, &["RepetitionTime", "is 0"]);
    case(r#"{"VolumeTiming": [0, 2, 5]}"#, &["VolumeTiming", "uneven"]);
    case(r#"{"VolumeTiming": [0, 2]}"#, &["has 2 times", "3 volumes"]);
    f.file("bold.json", r#"{"VolumeTiming": [1, 3.5, 6]}"#);
    let side = sidecar::find(&bold.path, None).unwrap();
    let got = acquisition(&bold, &side, None, None).unwrap();
    assert_eq!((got.tr, got.start_time), (2.5, 1.0));
    f.file("bold.json", "{}");
    let side = sidecar::find(&bold.path, None).unwrap();
    assert_refused(acquisition(&bold, &side, Some(-1.0), None), 2, &["--tr", "-1"]);
    assert_refused(
        acquisition(&bold, &side, None, Some(&[0.0; 5])),
        65,
        &["--slice-times", "5 times"],
    );
    let without = f.bold("none.nii", 0.0);
    assert_refused(acquisition(&without, &side, None, None), 66, &["none.nii", "--tr"]);
}

#[test]
fn volume_times_that_contradict_the_repetition_time_are_said() {
    let f = Folder::new();
    let bold = f.bold("bold.nii", 2.0);
    let said = |json: &str, tr: Option<f64>| {
        f.file("bold.json", json);
        contradictions(&bold, &sidecar::find(&bold.path, None).unwrap(), tr).join("\n")
    };
    let text = said(r#"{"RepetitionTime": 2, "VolumeTiming": [0, 3, 6]}"#, None);
    for part in ["VolumeTiming", "a step of 3 s", "repetition time 2 s", "--tr"] {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    assert!(said(r#"{"RepetitionTime": 2, "VolumeTiming": [0, 2, 9]}"#, None).contains("of 7 s"));
    let text = said(r#"{"RepetitionTime": 2, "VolumeTiming": [0, 2]}"#, None);
    assert!(text.contains("has 2 times for 3 volumes"), "{text}");
    assert_eq!(said(r#"{"RepetitionTime": 2, "VolumeTiming": [0, 2, 4]}"#, None), "");
    let text = said(r#"{"VolumeTiming": [0, 3, 6]}"#, None);
    assert!(text.contains("time 3 s (VolumeTiming in") && text.contains("says 2 s"), "{text}");
    assert_eq!(
        said(r#"{"VolumeTiming": [0, 3, 6]}"#, Some(2.0)).matches("a step of 3 s").count(),
        1
    );
}

#[test]
fn slice_times_that_cannot_be_leave_the_volumes_their_times() {
    let f = Folder::new();
    let bold = f.bold("bold.nii", 1.0);
    for slices in ["[0, 0.5, 1]", "[0, 500, 1000, 1500]", "\"n/a\"", "[0, \"0.5\", 1, 1.5]"] {
        f.file("bold.json", format!(r#"{{"RepetitionTime": 2, "SliceTiming": {slices}}}"#));
        let side = sidecar::find(&bold.path, None).unwrap();
        let (got, unusable) = acquisition_but_slices(&bold, &side, None).unwrap();
        assert_eq!((got.tr, got.slice_times), (2.0, None), "{slices}");
        assert!(unusable.unwrap().to_string().contains("SliceTiming"), "{slices}");
        assert_refused(acquisition(&bold, &side, None, None), 65, &["SliceTiming"]);
    }
}

#[test]
fn slice_times_are_read_from_lines_words_and_comments() {
    let f = Folder::new();
    let times = slice_times::read(&f.file("t.txt", "# seconds\n0\n0.5 1.0\n1.5e0\n")).unwrap();
    assert_eq!(times, [0.0, 0.5, 1.0, 1.5]);
    assert_refused(slice_times::read(&f.file("t.txt", "0\nfast\n")), 65, &["line 2", "fast"]);
    assert_refused(slice_times::read(&f.file("t.txt", "# none\n")), 65, &["no numbers"]);
    assert_refused(slice_times::read(&f.at("none.txt")), 66, &["none.txt"]);
}

const LAYOUT: &str = r#"{"SamplingFrequency": 50, "StartTime": -2.5, "Columns": ["cardiac", "respiratory", "trigger"]}"#;

#[test]
fn a_recording_gets_its_columns_rate_and_start_from_the_inherited_sidecar() {
    let f = Folder::new();
    f.file("dataset_description.json", "{}");
    f.file("task-rest_physio.json", LAYOUT);
    let path = f.file(
        "sub-01/func/sub-01_task-rest_physio.tsv.gz",
        gzip(b"-202\t1.5\t0\r\nn/a\t2.5\t1\r\n-198\t-1e3\t0\r\n"),
    );
    let got = physio::read(&path).unwrap();
    assert_eq!(got.name, "sub-01_task-rest_physio.tsv.gz");
    let cardiac = got.cardiac.unwrap();
    assert_eq!((cardiac.sampling_hz, cardiac.start_s), (50.0, -2.5));
    assert_eq!((cardiac.samples[0], cardiac.samples[2]), (-202.0, -198.0));
    assert!(cardiac.samples[1].is_nan());
    assert_eq!(got.respiratory.unwrap().samples, [1.5, 2.5, -1000.0]);
    assert_eq!(got.trigger.unwrap().samples, [0.0, 1.0, 0.0]);
}

#[test]
fn recordings_in_several_files_are_joined_but_not_the_same_signal_twice() {
    let f = Folder::new();
    let name = |what: &str, end: &str| format!("task-rest_recording-{what}_physio.{end}");
    let layout = |hz: u32, column: &str| {
        format!(
            r#"{{"SamplingFrequency": {hz}, "StartTime": 0, "Columns": ["{column}", "trigger"]}}"#
        )
    };
    f.file(&name("cardiac", "json"), layout(100, "cardiac"));
    f.file(&name("respiratory", "json"), layout(25, "respiratory"));
    let cardiac = f.file(&name("cardiac", "tsv.gz"), gzip(b"1\t0\n2\t0\n"));
    let breathing = f.file(&name("respiratory", "tsv.gz"), gzip(b"3\t1\n"));
    let all = physio::read_all(&[cardiac.clone(), breathing]).unwrap();
    assert_eq!(all.cardiac.unwrap().sampling_hz, 100.0);
    assert_eq!(all.respiratory.unwrap().sampling_hz, 25.0);
    assert_eq!(all.trigger.unwrap().samples, [0.0, 0.0], "the first counts");
    assert_refused(physio::read_all(&[cardiac.clone(), cardiac]), 65, &["second cardiac"]);
}

#[test]
fn recordings_that_lack_something_say_what() {
    let f = Folder::new();
    let path = f.file("task-rest_physio.tsv.gz", gzip(b"1\t2\t0\n"));
    assert_refused(physio::read(&path), 66, &["no JSON sidecar", "task-rest_physio.json"]);
    let side = |content: &str| f.file("task-rest_physio.json", content);
    side(r#"{"StartTime": 0, "Columns": ["cardiac", "a", "b"]}"#);
    assert_refused(physio::read(&path), 66, &["no SamplingFrequency"]);
    side(r#"{"SamplingFrequency": 50, "Columns": ["cardiac", "a", "b"]}"#);
    assert_refused(physio::read(&path), 66, &["no StartTime"]);
    side(r#"{"SamplingFrequency": 50, "StartTime": 0}"#);
    assert_refused(physio::read(&path), 66, &["no Columns"]);
    side(r#"{"SamplingFrequency": -50, "StartTime": 0, "Columns": ["cardiac", "a", "b"]}"#);
    assert_refused(physio::read(&path), 65, &["SamplingFrequency", "-50"]);
    side(r#"{"SamplingFrequency": 50, "StartTime": 0, "Columns": "cardiac"}"#);
    assert_refused(physio::read(&path), 65, &["Columns", "list of names"]);
    side(r#"{"SamplingFrequency": 50, "StartTime": 0, "Columns": ["x", "y", "z"]}"#);
    assert_refused(physio::read(&path), 65, &["x, y, z", "cardiac"]);
    side(LAYOUT);
    assert!(physio::read(&path).is_ok());
    let case = |bytes: &[u8], words: &[&str]| {
        let path = f.file("task-rest_physio.tsv.gz", bytes);
        assert_refused(physio::read(&path), 65, words);
    };
    case(&gzip(b"cardiac\trespiratory\ttrigger\n1\t2\t0\n"), &["line 1", "no header line"]);
    case(&gzip(b"1\t2\t0\n1\t2\n"), &["line 2", "has 2 cells"]);
    case(&gzip(b"1,5\t2\t0\n2,5\t2\t0\n"), &["line 1", "1,5"]);
    case(&gzip(b""), &["no samples"]);
    let packed = gzip(b"1\t2\t0\n");
    case(&packed[..packed.len() - 9], &["gzip file that ends too early"]);
    assert_refused(physio::read(&f.at("none_physio.tsv.gz")), 66, &["does not exist"]);
}

#[test]
fn a_real_recording_and_a_real_run_are_read() {
    let recording = "ds210-physio/sub-02/func/sub-02_task-cuedSGT_run-01_physio.tsv.gz";
    let (Some(path), Some(data)) = (shared(recording), shared("studyforrest-localizer")) else {
        return;
    };
    let recording = physio::read(&path).unwrap();
    let cardiac = recording.cardiac.unwrap();
    assert_eq!((cardiac.sampling_hz, cardiac.start_s), (50.0, 0.0));
    assert_eq!(cardiac.samples.len(), recording.respiratory.unwrap().samples.len());
    assert!(cardiac.samples.len() as f64 / 50.0 > 500.0);
    let run = data.join("bold.nii.gz");
    let mut bold = BoldFile::open(&run).unwrap();
    assert_eq!((bold.grid.shape, bold.n_volumes), ([80, 80, 35], 156));
    let sidecar_file = data.join("task-objectcategories_bold.json");
    let side = sidecar::find(&run, Some(&sidecar_file)).unwrap();
    let timing = acquisition(&bold, &side, None, None).unwrap();
    assert_eq!(timing.tr, 2.000_000_61, "as the sidecar has it");
    let block = boldly::volume::Block::whole(bold.grid.shape, bold.n_volumes);
    assert!(bold.read(&block).unwrap().data.iter().all(|v| v.is_finite()));
    let events = tsv::read(&data.join("task-objectcategories_events.tsv"));
    assert!(events.unwrap().position("onset").is_some());
}

#[test]
fn names_of_derivatives_and_of_echoes_are_found_in_the_names_of_runs() {
    use boldly::io::bids::{EchoName, Name, without_echo};
    for (name, prefix) in [
        ("a/sub-01_echo-2_space-T1w_desc-preproc_bold.nii.gz", "sub-01_echo-2_space-T1w"),
        ("sub-01_bold.nii", "sub-01"),
        ("bold.nii", "bold"),
        ("my run_3.nii.gz", "my run_3"),
        ("desc-preproc_bold.nii", "bold"),
    ] {
        assert_eq!(Name::of(Path::new(name)).prefix(), prefix, "{name}");
    }
    let echo =
        |name: &str, how| without_echo(Path::new(name), how).map(|p| p.display().to_string());
    let entity = echo("f/sub-1_echo-12_bold.nii.gz", EchoName::Entity);
    assert_eq!(entity.as_deref(), Some("f/sub-1_bold.nii.gz"));
    for (name, of_run) in [
        ("scan_e2.nii.gz", Some("scan.nii.gz")),
        ("scan_echo3_x.nii", Some("scan_x.nii")),
        ("echo.nii", None),
        ("ear_e2a_e.nii", None),
    ] {
        assert_eq!(echo(name, EchoName::Any).as_deref(), of_run, "{name}");
        assert_eq!(echo(name, EchoName::Entity), None, "{name}");
    }
}
