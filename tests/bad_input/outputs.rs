//! Places that cannot or must not be written.

use super::*;

pub fn cases() -> Vec<Case> {
    vec![
        case(
            "an output path below a regular file",
            nothing,
            "glm bold.nii --events events.tsv --mask mask.nii --contrast pain --out events.tsv/out --device cpu",
            74,
            &["events.tsv"],
        ),
        case(
            "a smoothed image below a regular file",
            nothing,
            "smooth bold.nii --fwhm 5 --out events.tsv/smooth.nii --device cpu",
            74,
            &["events.tsv"],
        ),
        case(
            "a smoothed run in place of its input",
            nothing,
            "smooth bold.nii --fwhm 5 --out bold.nii --device cpu",
            2,
            &["bold.nii", "also an input"],
        ),
        case(
            "a corrected run in place of its input",
            nothing,
            "retroicor bold.nii --physio physio.tsv.gz --out ./empty/../bold.nii --device cpu",
            2,
            &["bold.nii", "also an input"],
        ),
        case(
            "a mask in place of the given one",
            |d| {
                folder(d, "out");
                copy(d, "mask.nii", "out/mask.nii");
                gzipped(d, "out/mask.nii")
            },
            "glm bold.nii --events events.tsv --mask out/mask.nii.gz --contrast pain --out out --device cpu",
            2,
            &["mask.nii.gz", "also an input"],
        ),
    ]
}
