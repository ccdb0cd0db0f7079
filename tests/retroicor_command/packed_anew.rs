//! A corrected run whose bytes changed and whose values did not: packed anew, or unpacked. One story is told of it.

use std::io::{Read, Write};

use super::before::{FIT, PREP, dataset, fit, sources};
use super::*;

const MADE: &str = "raw/derivatives/boldly/sub-01/func/sub-01_task-a_desc-retroicor_bold";

fn unpacked(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    bytes
}

fn pack_anew(path: &Path) {
    let bytes = unpacked(path);
    let file = fs::File::create(path).unwrap();
    let mut packed = flate2::write::GzEncoder::new(file, flate2::Compression::new(1));
    packed.write_all(&bytes).unwrap();
    packed.finish().unwrap();
}

#[track_caller]
fn assert_one_story(said: &str, words: &str) {
    assert!(said.contains(words), "no {words:?} in {said}");
    for other in ["by its name and place", "before it was preprocessed", "even mixture"] {
        assert!(!said.contains(other), "{other:?} in {said}");
    }
}

#[test]
fn the_json_of_a_corrected_run_is_of_no_correction_before_preprocessing_and_counts_where_it_is_given()
 {
    let folder = study();
    let dir = folder.path();
    dataset(dir);
    let (image, json) = (format!("{MADE}.nii.gz"), format!("{MADE}.json"));
    let (_, exact, said) = fit(dir, &image, "");
    assert!(!said.contains("warning: raw"), "{said}");
    pack_anew(&dir.join(&image));
    let (_, dof, said) = fit(dir, &image, "");
    assert_one_story(&said, "is not as boldly made it; the 18 degrees of freedom");
    assert_eq!(dof, exact + 18.0);
    let (_, dof, said) = fit(dir, &image, &format!("--spent {json}"));
    assert_one_story(&said, "18 columns that were taken out");
    assert!(dof == exact && !said.contains("is not as boldly made it"), "{dof}: {said}");
    let plain = format!("{MADE}.nii");
    fs::write(dir.join(&plain), unpacked(&dir.join(&image))).unwrap();
    fs::remove_file(dir.join(&image)).unwrap();
    let (_, dof, said) = fit(dir, &plain, "--tr 2");
    assert_one_story(&said, "describes another file; the 18 degrees of freedom");
    assert_eq!(dof, exact + 18.0);
    let (_, dof, said) = fit(dir, &plain, &format!("--spent {json}"));
    assert_one_story(&said, "18 columns that were taken out");
    assert!(dof == exact && !said.contains("nothing is taken from it"), "{dof}: {said}");
}

#[test]
fn a_preprocessed_run_counts_the_json_of_the_image_that_it_was_made_of_though_that_was_packed_anew()
{
    let folder = study();
    let dir = folder.path();
    dataset(dir);
    let links =
        json!({ "Name": "p", "BIDSVersion": "1.9.0", "DatasetLinks": { "retro": "../boldly" } });
    let described = dir.join("raw/derivatives/prep/dataset_description.json");
    fs::write(described, links.to_string()).unwrap();
    sources(dir, &json!(["bids:retro:sub-01/func/sub-01_task-a_desc-retroicor_bold.nii.gz"]));
    let prep = format!("{PREP}.nii.gz");
    let (_, want, _) = fit(dir, &prep, "");
    let whole = fit(dir, &prep, "--spent none").1;
    assert!(want < whole - 9.0, "{want} of {whole}");
    let counted = |words: &str| {
        let line = format!("glm {prep} {FIT} --out out");
        let said = well(dir, &line);
        assert!(said.contains("even mixture"), "{said}");
        assert_eq!(said.contains("is not as boldly wrote it"), !words.is_empty(), "{said}");
        assert!(!said.contains("nothing of it is counted"), "{said}");
        let dof = own(&dir.join("out/contrast-pain_stat-t_statmap.json"))["dof"].as_f64().unwrap();
        assert_eq!(dof, want, "{said}");
    };
    let given = || fit(dir, &prep, &format!("--spent {MADE}.json"));
    counted("");
    let (_, dof, said) = given();
    assert!(dof == want && !said.contains("is not as boldly wrote it"), "{said}");
    let image = dir.join(format!("{MADE}.nii.gz"));
    pack_anew(&image);
    counted("packed anew");
    let (_, dof, said) = given();
    assert!(dof == want && said.contains("bold.nii.gz is not as boldly wrote it"), "{said}");
    assert!(said.contains("is counted; give --spent none where raw/"), "{said}");
    fs::write(dir.join(format!("{MADE}.nii")), unpacked(&image)).unwrap();
    fs::remove_file(image).unwrap();
    sources(dir, &json!(["bids:retro:sub-01/func/sub-01_task-a_desc-retroicor_bold.nii"]));
    counted("unpacked");
}
