//! Extremes of every option that takes a number, found in the command line's own definition, and of every number of a command in
//! a sidecar: none panics, hangs or takes the machine's memory. Slow for a test, because it tries them all.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::any::TypeId;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use binary::{boldly, succeeded};
use boldly::simulate::write::paths;
use rayon::prelude::*;
use serde_json::{Value, json};

mod binary;

const NUMBERS: [&str; 12] = [
    "0",
    "-1",
    "0.5",
    "1",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "1e308",
    "-1e308",
    "1e-308",
    "nan",
    "inf",
];

/// How options spell numbers, N for each. Those that an option does not take are passed over.
const FORMS: [&str; 34] = [
    "--min-subjects N",
    "N",
    "NG",
    "N,N",
    "0,N",
    "N,N,N",
    "4,4,N",
    "N,N,N,N",
    "4,4,4,N",
    "N/0/0",
    "0/N/0",
    "2/2/NxN",
    "harvey+rvt(N)",
    "cosine:N",
    "polynomial:N",
    "legendre:N",
    "spm:16,N",
    "fir:0,N",
    "block:N,1",
    "gam:N,1,N",
    "spmg1:N",
    "pain:onset^N",
    "grand-mean:N",
    "fd:N",
    "afni-1d:hz=N:columns=cardiac",
    "auto:start=N",
    "auto:skip=N",
    "columns:hz=N:columns=cardiac,respiratory,trigger:start=N",
    "0.01,N",
    "a=sphere:0,0,0:N",
    "a=N",
    "1/N",
    "better=q:pain<=-N%",
    "better=q:pain<=N",
];

/// Forms of options that take any text: no other is a number to them.
const OPEN: [(&str, &[&str]); 7] = [
    ("--durations", &["N"]),
    ("--modulate", &["pain:onset^N"]),
    ("--roi", &["a=sphere:0,0,0:N", "a=N"]),
    ("--seed", &["a=sphere:0,0,0:N", "a=N", "N"]),
    ("--regions", &["a=sphere:0,0,0:N", "a=N"]),
    ("--svc", &["a=sphere:0,0,0:N", "a=N"]),
    ("--network", &["a=N", "a=N,N"]),
];

/// Good command lines of each command, OUT for what it writes.
fn lines() -> Vec<String> {
    [
        "glm BOLD --events EVENTS --physio PHYSIO --terms 1/0/0 --confounds CONFOUNDS --columns rot_x --mask MASK \
         --anaticor MASK --fwhm 20 --contrast pain --out OUT --device cpu -q",
        "retroicor BOLD --events EVENTS --physio PHYSIO --terms 1/1/0 --out OUT.nii --device cpu -q",
        "smooth BOLD --fwhm 20 --out OUT.nii --device cpu -q",
        "confounds BOLD --csf MASK --mask MASK --acompcor 2 --out OUT.tsv --device cpu -q",
        "connect BOLD --physio PHYSIO --terms 1/0/0 --confounds CONFOUNDS --columns rot_x --mask MASK --anaticor MASK --seed b=sphere:0,0,0:40 --coordinates native --fwhm 20 --min-dof 1 --no-pictures --out OUT --device cpu -q",
        "physio --physio PHYSIO --bold BOLD --terms 1/1/0 --out OUT -q",
        "physio --physio PHYSIO --tr 2 --volumes 40 --terms 1/1/0 --out OUT -q",
        "simulate OUT --shape 5,5,4 --voxel-size 16,16,16 --volumes 40 -q",
        "verify clean.nii -q",
        "bench --shape 6,6,4,40 --repeats 1 --no-files --device cpu",
        "calibrate --shape 4,4,3,60 --repeats 1 --device cpu",
        "calibrate --bold BOLD --events EVENTS --physio PHYSIO --terms 1/0/0 --mask MASK --fwhm 20 --repeats 1 --device cpu -q",
        "calibrate --group --repeats 1 --permutations 20",
        "calibrate --connect --pairs 20",
        "devices --device cpu",
        "trial trial --control b --baseline ses-0 --endpoint ses-1 --outcome q:pain --pressure p --permutations 20 --out OUT -q",
        "bids study OUT run --task pain --contrast pain --strategy 6p --space none --desc-label none --anaticor MASK --fwhm 20 --physio --terms 1/0/0 --device cpu -q",
        "group --maps maps.tsv --model one-sample --permutations 20 --out OUT --device cpu -q",
    ]
    .map(|line| {
        let study = [
            ("BOLD", paths::BOLD),
            ("EVENTS", paths::EVENTS),
            ("PHYSIO", paths::PHYSIO),
            ("CONFOUNDS", paths::CONFOUNDS),
            ("MASK", paths::MASK),
        ];
        let with = |line: String, (name, path): (&str, &str)| {
            line.replace(&format!(" {name} "), &format!(" study/{path} "))
        };
        study.into_iter().fold(line.replace(' ', "  "), with)
    })
    .to_vec()
}

fn study() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let line = "simulate study --shape 6,6,4 --voxel-size 15,15,20 --volumes 40 --seed 5 -q";
    succeeded(line, boldly(folder.path(), line));
    let clean = lines()[1].replace("OUT", "clean");
    succeeded(&clean, boldly(folder.path(), &clean));
    let row = |k: u8| {
        fs::write(folder.path().join(format!("m{k}.nii")), map(k)).unwrap();
        format!("s{k}\tm{k}.nii\n")
    };
    let table = "subject\teffect\n".to_owned() + &(0..6).map(row).collect::<String>();
    fs::write(folder.path().join("maps.tsv"), table).unwrap();
    trial(&folder.path().join("trial"));
    folder
}

/// A trial of twelve, whose ratings are those of three pressures at each of two visits.
fn trial(study: &Path) {
    fs::create_dir_all(study.join("phenotype")).unwrap();
    let arm = |k: usize| format!("sub-{k}\t{}\n", ["a", "b"][k % 2]);
    let people: String = (0..12).map(arm).collect();
    fs::write(study.join("participants.tsv"), format!("participant_id\tarm\n{people}")).unwrap();
    let visit = |k: usize| {
        let rating = |p: usize| 10 * p + (k * 7 + p * 3) % 11;
        let (who, ses) = (k / 2, k % 2);
        (1..4)
            .map(|p| format!("sub-{who}\tses-{ses}\t{}\t{}\n", 100 * p, rating(p)))
            .collect::<String>()
    };
    let ratings: String = (0..24).map(visit).collect();
    let header = "participant_id\tsession_id\tpressure_kpa\trating\n";
    fs::write(study.join("phenotype/p.tsv"), format!("{header}{ratings}")).unwrap();
    let pain = |k: usize| format!("sub-{}\tses-{}\t{}\n", k / 2, k % 2, 1 + (k * 5) % 9);
    let pains: String = (0..24).map(pain).collect();
    let header = "participant_id\tsession_id\tpain\n";
    fs::write(study.join("phenotype/q.tsv"), format!("{header}{pains}")).unwrap();
}

/// A float32 map of 3 x 2 x 2 voxels of 2 mm, another for each `k`.
fn map(k: u8) -> Vec<u8> {
    let mut bytes = vec![0_u8; 352];
    let mut put = |at: usize, part: &[u8]| bytes[at..at + part.len()].copy_from_slice(part);
    put(0, &348_i32.to_le_bytes());
    let shape: [i16; 8] = [3, 3, 2, 2, 1, 1, 1, 1];
    (0..8).for_each(|axis| put(40 + 2 * axis, &shape[axis].to_le_bytes()));
    put(70, &16_i16.to_le_bytes());
    put(72, &32_i16.to_le_bytes());
    (0..4).for_each(|axis| put(76 + 4 * axis, &[1.0_f32, 2.0, 2.0, 2.0][axis].to_le_bytes()));
    put(108, &352_f32.to_le_bytes());
    put(254, &1_i16.to_le_bytes());
    (0..3).for_each(|row| put(280 + 20 * row, &2_f32.to_le_bytes()));
    put(344, b"n+1\0");
    let value = |v: u8| f32::from(u16::from(k) * 37 % 11) - 4.5 + f32::from(v * (k + 3) % 7);
    bytes.extend((0..12).flat_map(|v| value(v).to_le_bytes()));
    bytes
}

/// Runs it with 4 GB of address space and a minute; what is wrong with how it ended.
fn ended_badly(dir: &Path, words: &[String], codes: &[i32]) -> Option<String> {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let said = dir.join(format!("said-{}", COUNT.fetch_add(1, Ordering::Relaxed)));
    let mut child = Command::new("sh")
        .args(["-c", "ulimit -v 4000000; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_boldly")])
        .args(words)
        .current_dir(dir)
        .env("RAYON_NUM_THREADS", "2")
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::null())
        .stderr(fs::File::create(&said).unwrap())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if began.elapsed() > Duration::from_secs(60) => {
                child.kill().unwrap();
                break child.wait().unwrap();
            }
            None => std::thread::sleep(Duration::from_millis(3)),
        }
    };
    let text = fs::read_to_string(&said).unwrap();
    fs::remove_file(&said).unwrap();
    let is_fine = status.code().is_some_and(|code| codes.contains(&code));
    (!is_fine).then(|| format!("{}\n  {status}: {text}", words.join(" ")))
}

/// A command line's words with an option, which it may have already.
fn with_option(line: &str, option: &str, value: &str, out: &str) -> Vec<String> {
    let mut words: Vec<String> = line.split_whitespace().map(|w| w.replace("OUT", out)).collect();
    if let Some(at) = words.iter().position(|word| word == option) {
        words.drain(at..at + 2);
    }
    words.insert(1, format!("{option}={value}"));
    words
}

/// Whether a command line is well formed with this value.
fn is_taken(command: &clap::Command, line: &str, option: &str, value: &str) -> bool {
    let words = with_option(line, option, value, "out").split_off(1);
    command.clone().no_binary_name(true).try_get_matches_from(words).is_ok()
}

#[test]
fn extremes_of_every_option_that_takes_a_number_end_tidily() {
    let folder = study();
    let dir = folder.path();
    let definition = boldly::cli::definition();
    let lines = lines();
    let mut tried = Vec::new();
    for command in definition.get_subcommands() {
        let name = command.get_name();
        if name == "demo" {
            continue; // a whole analysis; its options are those of glm
        }
        for option in command.get_arguments().filter(|a| a.get_action().takes_values()) {
            let kind = option.get_value_parser().type_id();
            let is_text = kind == TypeId::of::<String>()
                || kind == TypeId::of::<std::path::PathBuf>()
                || kind == TypeId::of::<boldly::design::group::Model>()
                || kind == TypeId::of::<boldly::design::Strategy>()
                || kind == TypeId::of::<boldly::trial::Column>()
                || kind == TypeId::of::<boldly::trial::Relation>();
            let value_name = option.get_value_names().map(|n| n[0].to_string()).unwrap_or_default();
            let is_word = value_name.contains('|') && value_name == value_name.to_lowercase();
            if is_text || is_word || !option.get_possible_values().is_empty() {
                continue;
            }
            let long = format!("--{}", option.get_long().unwrap());
            let before = tried.len();
            let forms = OPEN.iter().find(|(open, _)| *open == long).map_or(&FORMS[..], |o| o.1);
            let values: Vec<String> =
                forms.iter().flat_map(|f| NUMBERS.map(|n| f.replace('N', n))).collect();
            let of_command = || lines.iter().filter(|line| line.split(' ').next() == Some(name));
            let taken: Vec<&String> = values
                .par_iter()
                .filter(|value| of_command().any(|line| is_taken(command, line, &long, value)))
                .collect();
            for (line, value) in of_command().flat_map(|line| taken.iter().map(move |v| (line, v)))
            {
                tried.push(with_option(line, &long, value, &format!("out-{}", tried.len())));
            }
            assert!(
                tried.len() > before,
                "{name} {long}: none of FORMS is a value of it; add its form"
            );
        }
    }
    assert!(tried.len() > 200, "{}", tried.len());
    let bad: Vec<String> = tried
        .par_iter()
        .filter_map(|words| ended_badly(dir, words, &[0, 1, 2, 65, 66, 74]))
        .collect();
    assert!(bad.is_empty(), "{} of {}:\n{}", bad.len(), tried.len(), bad.join("\n"));
}

/// A JSON value with one number or list below it changed, for each of them and each change.
fn changed(value: &Value) -> Vec<Value> {
    match value {
        Value::Number(_) => {
            vec![
                json!(0),
                json!(-1),
                json!(1e308),
                json!(1e-308),
                json!(u64::MAX),
                json!(1u64 << 32),
            ]
        }
        Value::Array(all) => {
            let below = all.iter().enumerate().flat_map(|(at, one)| {
                changed(one).into_iter().map(move |new| {
                    let mut whole = all.clone();
                    whole[at] = new;
                    Value::Array(whole)
                })
            });
            let twice = Value::Array(all.iter().chain(all).cloned().collect());
            below.chain([json!([]), twice]).collect()
        }
        Value::Object(all) => {
            let with = |(key, one): (&String, &Value)| {
                let key = key.clone();
                changed(one).into_iter().map(move |new| {
                    let mut whole = all.clone();
                    whole.insert(key.clone(), new);
                    Value::Object(whole)
                })
            };
            all.iter().flat_map(with).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn extremes_of_every_number_and_list_of_a_sidecars_command_end_tidily() {
    let folder = study();
    let dir = folder.path();
    for (n, line) in lines().iter().take(7).enumerate() {
        let line = line.replace("OUT", &format!("made-{n}"));
        succeeded(&line, boldly(dir, &line));
    }
    let images = [
        ("made-0/contrast-pain_stat-t_statmap", ".nii.gz"),
        ("made-1", ".nii"),
        ("made-2", ".nii"),
        ("made-3", ".tsv"),
        ("made-4/seed-b_stat-t_statmap", ".nii.gz"),
        ("made-5_desc-retroicor_timeseries", ".tsv"),
        ("made-6_desc-retroicor_timeseries", ".tsv"),
    ];
    let bad_of = |(stem, ending): &(&str, &str)| -> Vec<String> {
        let sidecar = dir.join(format!("{stem}.json"));
        let words = ["verify".to_owned(), format!("{stem}{ending}"), "-q".to_owned()];
        assert_eq!(ended_badly(dir, &words, &[0]), None, "as it was written");
        let whole: Value = serde_json::from_slice(&fs::read(&sidecar).unwrap()).unwrap();
        let try_one = |command: Value| {
            let mut other = whole.clone();
            other["boldly"]["command"] = command.clone();
            fs::write(&sidecar, other.to_string()).unwrap();
            let bad = ended_badly(dir, &words, &[1, 2, 65, 66]);
            bad.map(|bad| format!("{bad}\n  {command}"))
        };
        changed(&whole["boldly"]["command"]).into_iter().filter_map(try_one).collect()
    };
    let bad: Vec<String> = images.par_iter().flat_map(bad_of).collect();
    assert!(bad.is_empty(), "{}:\n{}", bad.len(), bad.join("\n"));
}
