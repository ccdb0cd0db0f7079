//! One file of each kind that boldly writes, read by nibabel and by the `nifti` crate.

use std::process::Command;

use boldly::io::sample::SampleType;
use boldly::io::{Header, Intent, Outputs};
use nifti::{NiftiObject, ReaderOptions};
use serde_json::json;

use super::*;

/// What our files are, for nibabel to confirm.
fn write_specimens(folder: &Path) -> Map<String, Value> {
    let mut expected = Map::new();
    let mut outputs = Outputs::new();
    let mut keep = |name: &str, header: &Header, on: &Grid, values: &[f32], version: u8| {
        // Its own text names boldly's version; the golden bytes shall outlive that.
        let header = &Header { descrip: "a specimen".into(), ..header.clone() };
        let (code, p) = header.intent.code_and_parameters();
        let time = ["unknown", "sec", "msec", "usec"][usize::from(header.xyzt_units >> 3 & 7)];
        let record = json!({
            "class": format!("Nifti{version}Header"), "dtype": "float32", "slope": 1.0,
            "shape": header.shape, "affine": on.affine, "units": ["mm", time],
            "pixdim": header.pixdim[1..5], "intent": [f64::from(code), p[0], p[1], p[2]],
            "descrip": header.descrip, "slice_code": header.slice_code, "toffset": header.toffset,
            "qform_code": header.qform_code, "sform_code": header.sform_code, "values": values,
            // The image inherited from has another qform on purpose.
            "qform_too": header.qform_code > 0 && (header.sform_code == 0 || !name.contains("inherited")),
        });
        expected.insert(name.to_string(), record);
        outputs.map(&folder.join(name), header, values).unwrap();
    };
    let on = grid([5, 4, 3]);
    let made = Header::new(&on, Some(0.72));
    let values = ramp(60);
    for (name, intent) in [
        ("none", Intent::None),
        ("t", Intent::T { dof: 187.0 }),
        ("f", Intent::F { dof1: 2.0, dof2: 186.5 }),
        ("z", Intent::Z),
        ("p", Intent::P),
        ("estimate", Intent::Estimate),
        ("other", Intent::Other { code: 2, parameters: [30.0, 0.0, 0.0] }),
    ] {
        keep(
            &format!("contrast-a.b_stat-{name}_statmap.nii.gz"),
            &made.for_map(intent),
            &on,
            &values,
            1,
        );
    }
    keep("run_bold.nii", &made.for_bold(2), &on, &ramp(120), 1);
    keep("run_bold.nii.gz", &made.for_bold(2), &on, &ramp(120), 1);
    let long = grid([32768, 1, 1]);
    keep("long.nii.gz", &Header::new(&long, None), &long, &ramp(32768), 2);
    // Inherited from another tool's header: msec, slice order, offset, sform of another code.
    let mut foreign = BoldFile::open(&goldens().join("tr_msec.nii")).unwrap();
    foreign.header.slice_code = 3;
    foreign.header.toffset = 12.5;
    let values = read_whole(&mut foreign);
    keep("inherited_bold.nii", &foreign.header.for_bold(2), &foreign.grid, &values, 1);
    keep("inherited_map.nii", &foreign.header.for_map(Intent::Z), &foreign.grid, &values[..24], 1);
    let qform = BoldFile::open(&goldens().join("qform.nii")).unwrap();
    let bold = qform.header.for_bold(1);
    keep("inherited_qform.nii", &bold, &qform.grid, &values[..24], 1);
    // Integers: multiples of the slope come back exactly.
    let steps: Vec<f32> = (0..60).map(|i| (i * 1111 % 60_000 - 30_000) as f32 * 0.25).collect();
    keep("twin.nii", &made.for_map(Intent::None), &on, &steps, 1);
    let mut record = expected["twin.nii"].clone();
    let integers = Header { descrip: "a specimen".into(), ..made.for_map(Intent::None) };
    let stored: Vec<u8> = steps.iter().flat_map(|v| ((v * 4.0) as i16).to_le_bytes()).collect();
    let how = (SampleType::I16, 0.25);
    outputs.stored(&folder.join("integers.nii.gz"), &integers, how, &stored).unwrap();
    record["dtype"] = json!("int16");
    record["slope"] = json!(0.25);
    expected.insert("integers.nii.gz".into(), record);
    outputs.commit().unwrap();
    let text = serde_json::to_string(&expected).unwrap();
    fs::write(folder.join("expected.json"), text).unwrap();
    expected
}

fn unpacked(path: &Path) -> Vec<u8> {
    use std::io::Read;
    let bytes = fs::read(path).unwrap();
    if path.extension().is_some_and(|e| e == "gz") {
        let mut out = Vec::new();
        flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut out).unwrap();
        out
    } else {
        bytes
    }
}

#[test]
fn nibabel_reads_every_file_we_write_header_fields_included() {
    let folder = tempfile::tempdir().unwrap();
    let expected = write_specimens(folder.path());
    let record = goldens().join("written.json");
    if let Ok(python) = std::env::var("BOLDLY_ORACLE_PYTHON") {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/nifti.py");
        let status =
            Command::new(python).arg(script).arg("check").arg(folder.path()).arg(&record).status();
        assert!(status.unwrap().success(), "nibabel disagrees, see above");
    }
    // Without nibabel: the very bytes that it has confirmed.
    let confirmed: Map<String, Value> =
        serde_json::from_str(&fs::read_to_string(record).unwrap()).unwrap();
    assert!(expected.len() >= 13);
    assert_eq!(confirmed.len(), expected.len());
    for name in expected.keys() {
        assert_eq!(
            sha256(&unpacked(&folder.path().join(name))),
            confirmed[name].as_str().unwrap(),
            "{name} has other bytes than those that nibabel confirmed; \
             run this test with BOLDLY_ORACLE_PYTHON set to a Python with nibabel"
        );
    }
}

#[test]
fn the_nifti_crate_reads_what_we_write() {
    let folder = tempfile::tempdir().unwrap();
    let mut read = 0;
    for (name, want) in write_specimens(folder.path()) {
        if want["class"] != "Nifti1Header" {
            continue; // the crate reads NIfTI-1 only
        }
        let object = ReaderOptions::new().read_file(folder.path().join(&name)).unwrap();
        let header = object.header();
        assert_eq!(f64::from(header.intent_code), want["intent"][0].as_f64().unwrap(), "{name}");
        assert_eq!(f64::from(header.intent_p1), want["intent"][1].as_f64().unwrap(), "{name}");
        if want["dtype"] == "int16" {
            continue; // the crate scales integers in another type
        }
        let values = object.into_volume().into_nifti_typed_data::<f32>().unwrap();
        let want: Vec<f32> = floats(&want["values"]).into_iter().map(|v| v as f32).collect();
        assert_eq!(values, want, "{name}");
        read += 1;
    }
    assert!(read >= 12);
}
