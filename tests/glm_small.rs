//! A made-up run (20 x 20 x 12 x 120, 12 columns, known design) through the binary, against nilearn's OLS.
//! Golden: tests/oracles/glm_small.py.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the failure")]

mod common;
mod golden;

use golden::{Golden, boldly, on_the_cpu_path};

#[test]
fn t_and_f_of_the_small_run_equal_nilearns_ols_on_the_cpu_path() {
    let Some(data) = common::shared("../oracles/glm/data_small") else { return };
    let golden = Golden::read("glm_small.json");
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("maps");
    let text = |name: &str| data.join(name).to_string_lossy().into_owned();
    let mut arguments = vec!["glm".into(), text("bold.nii")];
    arguments.extend(["--design".into(), text("design.tsv"), "--mask".into(), text("mask.nii")]);
    arguments.extend(["--device".into(), "cpu".into()]);
    arguments.extend(["--out".into(), out.to_string_lossy().into_owned()]);
    arguments.extend(golden.contrast_options());
    boldly(&arguments);
    golden.compare(&out, &on_the_cpu_path);
}
