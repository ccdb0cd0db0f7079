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

/// Says in its sform what is assumed of an image of the dataset without one.
fn assumed(dir: &Path, name: &str) {
    let mut bytes = fs::read(dir.join(name)).expect("it was there");
    bytes[254] = 1;
    for axis in 0..3 {
        let stored = 80 + 4 * axis;
        let mm = bytes[stored..stored + 4].try_into().expect("four bytes");
        let edge = if axis == 0 { -f32::from_le_bytes(mm) } else { f32::from_le_bytes(mm) };
        let mut row = [0.0_f32; 4];
        (row[axis], row[3]) = (edge, -edge * (SHAPE[axis] as f32 - 1.0) / 2.0);
        for (column, value) in row.into_iter().enumerate() {
            let at = 280 + 16 * axis + 4 * column;
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
    }
    fs::write(dir.join(name), bytes).expect("a writable folder");
}

#[test]
fn one_run_of_several_without_a_place_leaves_what_is_made_of_them_without_one() {
    let folder = dataset();
    let dir = folder.path();
    for (name, shift) in [("run1.nii", 0), ("run2.nii", 9)] {
        nifti(dir, name, &SHAPE, 3.0, |at| value(at + shift));
        fs::copy(dir.join("bold.json"), dir.join(name.replace("nii", "json"))).expect("a sidecar");
        unplace(dir, name);
    }
    assumed(dir, "run1.nii");
    assumed(dir, "mask.nii");
    // so with a mask, a region and an atlas, which lie where the run does only if it is as assumed
    fs::copy(dir.join("mask.nii"), dir.join("other.nii")).expect("a mask");
    unplace(dir, "other.nii");
    for line in [
        "glm run1.nii --events events.tsv --contrast painControl=pain-control --mask other.nii",
        "glm run1.nii --events events.tsv --contrast painControl=pain-control --mask mask.nii --roi s=other.nii",
        "connect run1.nii --mask mask.nii --seed a=mask.nii --regions other.nii",
    ] {
        let said = run(dir, &format!("{line} --out one --overwrite --device cpu"));
        let words = "other.nii has no qform and no sform; its voxels are taken as those of";
        assert!(said.contains(words), "no {words:?} in {said}");
    }
    let said = run(
        dir,
        "glm run1.nii run2.nii --events events.tsv events.tsv --contrast painControl=pain-control --mask mask.nii --noise ols --report --out out --device cpu",
    );
    assert!(said.contains(&format!("run2.nii: {TOLD}")), "{said}");
    let page = fs::read_to_string(dir.join("out/report.html")).expect("a page");
    assert!(page.contains("Which side is left is not known") && !page.contains("Left is left"));
    assert!(page.contains("data-letters=\"unknown\""), "the viewer says sides");
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
        for words in ["bold.nii has no qform and no sform", "copy the qform or sform", "as masks"] {
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
    // one of them is enough, wherever it stands
    for at in 0..5 {
        let name = format!("m{at}.nii");
        Stored::f32(&[ni, nj, nk], |v| value(97 * at + v) - 1000.5).write(dir, &name);
        assumed(dir, &name);
    }
    let said = run(dir, group);
    assert!(said.contains(&format!("m5.nii: {TOLD}")), "{said}");
    let output = boldly(dir, &format!("{group} --roi s=sphere:0,0,0:5"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && said.contains("m5.nii has no qform"), "{said}");
    nifti(dir, "placed.nii", &SHAPE[..3], 3.0, |_| 1.0);
    let output = boldly(dir, &glm.replace("mask.nii", "placed.nii"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("one of the two has no qform and no sform"), "{said}");
}
