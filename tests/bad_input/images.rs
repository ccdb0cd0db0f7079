//! Images and masks.

use super::*;

pub fn cases() -> Vec<Case> {
    vec![
        case("a missing file", |d| remove(d, "bold.nii"), GLM, 66, &["bold.nii"]),
        case(
            "not NIfTI",
            |d| text(d, "bold.nii", &"hello ".repeat(100)),
            GLM,
            65,
            &["bold.nii", "NIfTI"],
        ),
        case(
            "a truncated gz",
            truncated_gz,
            "glm bold.nii.gz --events events.tsv --mask mask.nii --contrast pain --out out --device cpu",
            65,
            &["bold.nii.gz"],
        ),
        case("truncated data", |d| cut(d, "bold.nii", 5000), GLM, 65, &["bold.nii", "bytes"]),
        case(
            "3-D where 4-D is needed",
            |d| copy(d, "mask.nii", "bold.nii"),
            GLM,
            65,
            &["bold.nii", "4-D"],
        ),
        case(
            "a mask of another shape",
            |d| nifti(d, "mask.nii", &[5, 5, 4], 3.0, |_| 1.0),
            GLM,
            65,
            &["mask.nii", "5x5x4", "6x5x4"],
        ),
        case(
            "a mask of another affine",
            |d| nifti(d, "mask.nii", &SHAPE[..3], 2.0, |_| 1.0),
            GLM,
            65,
            &["mask.nii", "affine"],
        ),
        case(
            "an empty mask",
            |d| nifti(d, "mask.nii", &SHAPE[..3], 3.0, |_| 0.0),
            GLM,
            65,
            &["mask.nii"],
        ),
        case(
            "an all-zero run",
            |d| nifti(d, "bold.nii", &SHAPE, 3.0, |_| 0.0),
            "glm bold.nii --events events.tsv --contrast pain --out out --device cpu",
            65,
            &["bold.nii", "--mask"],
        ),
        case(
            "a run without its mean and without a mask",
            |d| nifti(d, "bold.nii", &SHAPE, 3.0, |n| value(n) - 1008.0),
            "glm bold.nii --events events.tsv --contrast pain --out out --device cpu",
            65,
            &["bold.nii", "has a negative mean in", "demeaned", "--mask", "--scaling none"],
        ),
        case(
            "a run of which rounding alone is above 0",
            |d| nifti(d, "bold.nii", &SHAPE, 3.0, |n| 1e-6 + [1.0, -1.0][n / 120 % 2]),
            "connect bold.nii --seed s=sphere:6,6,6:5 --coordinates native --out out --device cpu",
            65,
            &["bold.nii", "standard deviation over time", "z-scored", "--mask"],
        ),
        case(
            "a folder as an image",
            |d| {
                remove(d, "bold.nii");
                folder(d, "bold.nii")
            },
            GLM,
            65,
            &["bold.nii", "folder"],
        ),
        case("an empty file", |d| text(d, "bold.nii", ""), GLM, 65, &["bold.nii", "is empty"]),
        case(
            "a folder as a mask",
            |d| {
                remove(d, "mask.nii");
                folder(d, "mask.nii")
            },
            GLM,
            65,
            &["mask.nii", "folder"],
        ),
        case(
            "an empty file as a mask",
            |d| text(d, "mask.nii", ""),
            GLM,
            65,
            &["mask.nii", "is empty"],
        ),
        case(
            "a run of one volume",
            |d| nifti(d, "bold.nii", &[6, 5, 4, 1], 3.0, value),
            "glm bold.nii --events events.tsv --contrast pain --out out --device cpu",
            65,
            &["1 volume", "two volumes"],
        ),
    ]
}
