//! Runs stored as int16.

use boldly::io::sample::SampleType;

use super::*;

/// The float32 run and the int16 one of a command, and what its sidecar says that rounding cost.
fn both(dir: &Path, line: &str, ending: &str) -> (HostBold, HostBold, Value) {
    well(dir, &format!("{line} --out f_bold.nii -q"));
    let to = format!("i_bold{ending}");
    let said = well(dir, &format!("{line} --out {to} --out-type int16 --verify"));
    assert!(said.contains("stored as int16 in steps of"), "{said}");
    let cost = own(&dir.join("i_bold.json"))["counts"]["int16"].clone();
    let file = BoldFile::open(&dir.join(&to)).unwrap();
    assert_eq!(file.header.sample, SampleType::I16);
    let slope = file.header.scaling.unwrap().slope;
    assert!((cost["step"].as_f64().unwrap() / slope - 1.0).abs() < 1e-12, "{cost}");
    (read(&dir.join("f_bold.nii")), read(&dir.join(to)), cost)
}

#[test]
fn a_run_stored_as_int16_is_off_by_half_a_step_at_most_and_says_by_how_much() {
    let folder = study();
    let dir = folder.path();
    let retroicor =
        "retroicor run-1_bold.nii.gz --physio run-1_physio.tsv.gz --terms 2/1/0 --device cpu";
    let smooth = "smooth run-1_bold.nii.gz --fwhm 30 --device cpu";
    for (line, ending) in [(retroicor, ".nii.gz"), (retroicor, ".nii"), (smooth, ".nii")] {
        let (float, int, cost) = both(dir, line, ending);
        let number = |key: &str| cost[key].as_f64().unwrap();
        let errors = float.data.iter().zip(&int.data).map(|(a, b)| f64::from((a - b).abs()));
        let largest = errors.fold(0.0, f64::max);
        let most = float.data.iter().fold(0.0_f32, |most, v| most.max(v.abs()));
        let least = float.data.iter().fold(f32::MAX, |least, &v| least.min(v));
        assert!((largest - number("largest_error")).abs() < 1e-3 * largest, "{largest}, {cost}");
        assert!(largest < 0.51 * number("step") && largest > 0.45 * number("step"), "{cost}");
        let needed = f64::from(most - least) / 65534.0;
        assert!((number("step") / needed - 1.0).abs() < 1e-3, "{needed}, {cost}");
        // of a uniform error within half a step
        assert!(
            (number("rms_error") / (number("step") / 12_f64.sqrt()) - 1.0).abs() < 0.05,
            "{cost}"
        );
        assert!(number("noise_sd") > 20.0 * number("step"), "{cost}");
    }
    let plain = fs::metadata(dir.join("f_bold.nii")).unwrap().len();
    let half = fs::metadata(dir.join("i_bold.nii")).unwrap().len();
    assert_eq!(half - 352, (plain - 352) / 2);
}

#[test]
fn verify_allows_half_a_step_of_an_int16_run_and_no_more() {
    let folder = study();
    let dir = folder.path();
    let line = "smooth run-1_bold.nii.gz --fwhm 30 --out i.nii --out-type int16 --device cpu -q";
    well(dir, line);
    let path = dir.join("i.nii");
    let whole = fs::read(&path).unwrap();
    let verified = || -> Value {
        let output = boldly(dir, "verify i.nii --json -q");
        serde_json::from_slice::<Value>(&output.stdout).unwrap()[0].clone()
    };
    well(dir, "verify i.nii");
    let mut bytes = whole.clone();
    let at = 352 + 2 * 1234;
    let stored = i16::from_le_bytes([bytes[at], bytes[at + 1]]) + 2;
    bytes[at..at + 2].copy_from_slice(&stored.to_le_bytes());
    fs::write(&path, bytes).unwrap();
    assert_eq!(verified()["over"], 1, "two steps");

    // the same values in longer steps, of which the header tells
    well(dir, "smooth run-1_bold.nii.gz --fwhm 30 --out f.nii --device cpu -q");
    let float = read(&dir.join("f.nii"));
    let mut bytes = whole.clone();
    let slope = 4.0 * f32::from_le_bytes(bytes[112..116].try_into().unwrap());
    let inter = f32::from_le_bytes(bytes[116..120].try_into().unwrap());
    bytes[112..116].copy_from_slice(&slope.to_le_bytes());
    for (stored, value) in bytes[352..].as_chunks_mut().0.iter_mut().zip(&float.data) {
        *stored = (((value - inter) / slope).round() as i16).to_le_bytes();
    }
    fs::write(&path, bytes).unwrap();
    let found = verified();
    let faults = found["faults"].to_string();
    assert!(faults.contains("longer than its range asks for"), "{found}");
}

#[test]
fn a_run_that_int16_cannot_hold_is_refused_and_whole_numbers_stay_as_they_are() {
    let folder = study();
    let dir = folder.path();
    let mut file = BoldFile::open(&dir.join("run-1_bold.nii.gz")).unwrap();
    let header = file.header.for_bold(file.n_volumes);
    let bold = file.read(&Block::whole(file.grid.shape, file.n_volumes)).unwrap();
    let write = |name: &str, change: &dyn Fn(usize, f32) -> f32| {
        let data: Vec<f32> = bold.data.iter().enumerate().map(|(at, &v)| change(at, v)).collect();
        let mut outputs = boldly::io::Outputs::new();
        outputs.map(&dir.join(name), &header, &data).unwrap();
        outputs.commit().unwrap();
    };
    let copy = |name: &str| {
        format!("smooth {name} --fwhm 0 --out i.nii.gz --out-type int16 --device cpu --overwrite")
    };
    write("nan.nii", &|at, v| if at == 777 { f32::NAN } else { v });
    refused(dir, &copy("nan.nii"), 65, &["i.nii.gz", "1 values that are not finite", "float32"]);
    write("bright.nii", &|at, v| if at == 777 { 3e7 } else { v });
    refused(dir, &copy("bright.nii"), 65, &["i.nii.gz", "3e7", "a tenth of the noise", "float32"]);
    assert!(!dir.join("i.nii.gz").exists() && !dir.join("i.json").exists());

    write("whole.nii", &|_, v| v.round());
    well(dir, &copy("whole.nii"));
    assert_eq!(read(&dir.join("i.nii.gz")).data, read(&dir.join("whole.nii")).data);
    assert_eq!(own(&dir.join("i.json"))["counts"]["int16"]["largest_error"], 0.0);
}
