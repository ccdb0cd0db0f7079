//! An image with neither qform nor sform: what its affine says is an assumption, and is told as one.

use super::stored::*;
use super::*;

const TOLD: &str = "its header has no qform and no sform (both codes are 0)";

/// Takes the codes of qform and sform away.
fn unplace(dir: &Path, name: &str) {
    let mut bytes = fs::read(dir.join(name)).expect("it was there");
    bytes[252..256].fill(0);
    fs::write(dir.join(name), bytes).expect("a writable folder");
}

#[test]
fn a_run_that_does_not_say_where_its_voxels_lie_is_warned_of_and_its_pictures_claim_no_side() {
    let folder = dataset();
    let dir = folder.path();
    let glm = format!("glm bold.nii {EVENTS_ONLY} --mask mask.nii --report --overwrite --out out");
    let page = || fs::read_to_string(dir.join("out/report.html")).expect("a page");
    let said = run(dir, &glm);
    assert!(!said.contains(TOLD) && page().contains("Left is left"), "{said}");
    unplace(dir, "bold.nii");
    unplace(dir, "mask.nii");
    let said = run(dir, &glm);
    assert!(said.contains(&format!("warning: bold.nii: {TOLD}")), "{said}");
    let page = page();
    assert!(page.contains("Which side is left is not known") && page.contains(TOLD));
    for claim in ["Left is left", "Nothing was left out", ">L</text>", ">R</text>"] {
        assert!(!page.contains(claim), "{claim}");
    }
    for line in [
        "smooth bold.nii --fwhm 5 --out smooth.nii --device cpu",
        "retroicor bold.nii --physio physio.tsv.gz --terms 1/1/0 --events events.tsv --maps proof --mask mask.nii --out clean.nii --device cpu",
        "connect bold.nii --mask mask.nii --seed s=mask.nii --out c --device cpu",
    ] {
        assert!(run(dir, line).contains(TOLD), "{line}");
    }
    let qc = fs::read_to_string(dir.join("clean_qc.html")).expect("a page");
    assert!(qc.contains("Which side is left is not known") && !qc.contains("Left is left"));
    // what is made of it does not know either
    let again = run(dir, "smooth smooth.nii --fwhm 0 --out again.nii --device cpu");
    assert!(again.contains(TOLD), "{again}");
}

#[test]
fn millimetres_in_an_image_without_a_place_are_refused_and_a_mask_on_its_grid_is_taken() {
    let folder = dataset();
    let dir = folder.path();
    unplace(dir, "bold.nii");
    unplace(dir, "mask.nii");
    let glm = format!("glm bold.nii {EVENTS_ONLY} --mask mask.nii --overwrite --out out");
    for more in ["", "--coordinates native"] {
        let output = boldly(dir, &format!("{glm} --roi s=sphere:0,0,0:5 {more}"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        for words in ["bold.nii has no qform and no sform", "copy the qform or sform", "as a mask"]
        {
            assert!(said.contains(words), "no {words:?} in {said}");
        }
    }
    run(dir, &format!("{glm} --roi s=mask.nii"));
    // maps of a group likewise, and one whose mask does not say its place is told why they lie apart
    let [ni, nj, nk, _] = SHAPE;
    let mut table = "subject\teffect\n".to_owned();
    for k in 0..6_usize {
        let name = format!("m{k}.nii");
        Stored::f32(&[ni, nj, nk], |v| value(97 * k + v) - 1000.5).write(dir, &name);
        unplace(dir, &name);
        table += &format!("s{k}\t{name}\n");
    }
    text(dir, "maps.tsv", &table);
    let group = "group --maps maps.tsv --model one-sample --out g --overwrite --device cpu";
    let said = run(dir, group);
    assert!(said.contains(TOLD) && said.contains("so with 5 more of 6 maps"), "{said}");
    let output = boldly(dir, &format!("{group} --roi s=sphere:0,0,0:5"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && said.contains("m0.nii has no qform"), "{said}");
    nifti(dir, "placed.nii", &SHAPE[..3], 3.0, |_| 1.0);
    let output = boldly(dir, &glm.replace("mask.nii", "placed.nii"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("one of the two has no qform and no sform"), "{said}");
}
