//! Both halves of a .hdr/.img pair are inputs, whichever is named.

use std::io::Read;

use super::*;

/// The study's image as a pair `name.hdr` and `name.img`.
fn pair(dir: &Path, image: &str, name: &str) {
    let packed = fs::read(dir.join("study").join(image)).unwrap();
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut bytes).unwrap();
    let data = bytes.split_off(352);
    bytes[344..348].copy_from_slice(b"ni1\0");
    bytes[108..112].copy_from_slice(&0.0_f32.to_le_bytes());
    fs::write(dir.join(format!("{name}.hdr")), bytes).unwrap();
    fs::write(dir.join(format!("{name}.img")), data).unwrap();
}

#[test]
fn both_halves_of_a_pair_are_hashed_under_their_own_names_and_a_change_in_either_is_seen() {
    let folder = study();
    let dir = folder.path();
    pair(dir, paths::BOLD, "run_bold");
    pair(dir, paths::MASK, "mask");
    for (named, out) in [("hdr", "a.nii.gz"), ("img", "b.nii.gz")] {
        run(
            dir,
            &format!(
                "smooth run_bold.{named} --fwhm 14 --mask mask.{named} --out {out} -q --device cpu"
            ),
        );
        run(dir, &format!("verify {out} -q"));
        let text = fs::read(dir.join(out.replace("nii.gz", "json"))).unwrap();
        let sidecar: Value = serde_json::from_slice(&text).unwrap();
        let inputs = sidecar["boldly"]["inputs"].as_array().unwrap();
        let mut sums = Vec::new();
        for half in ["run_bold.hdr", "run_bold.img", "mask.hdr", "mask.img"] {
            let of: Vec<_> = inputs.iter().filter(|input| input["path"] == half).collect();
            assert_eq!(of.len(), 1, "{half}: {inputs:?}");
            assert_eq!(
                of[0]["role"],
                if half.starts_with("run") { "bold" } else { "smooth within" }
            );
            let sum = boldly::io::hash::file(&dir.join(half)).unwrap();
            assert_eq!(of[0]["blake3"], sum.hex(), "{half}");
            sums.push(sum);
            let before = fs::read(dir.join(half)).unwrap();
            let mut edited = before.clone();
            edited[200] ^= 1; // in a header: a letter of descrip
            fs::write(dir.join(half), edited).unwrap();
            refused(dir, &format!("verify {out}"), 65, &[half, "has changed since"]);
            fs::write(dir.join(half), before).unwrap();
        }
        assert!(sums[0] != sums[1] && sums[2] != sums[3]);
    }
    run(dir, "verify a.nii.gz b.nii.gz -q");
}
