//! `boldly confounds`, and several tables of confounds.

use super::*;

/// One region, the whole run: passes.
pub const BRAIN: &str = "confounds bold.nii --mask mask.nii --csf mask.nii --acompcor 2 --tcompcor 2 --variable 0.2 --out made --device cpu";
const CSF: &str = "confounds bold.nii --csf csf.nii --acompcor 5 --out made.tsv --device cpu";

fn tissue(dir: &Path, value: impl Fn(usize) -> f32) {
    nifti(dir, "csf.nii", &SHAPE[..3], 3.0, value);
}

pub fn cases() -> Vec<Case> {
    let mut all = of_masks();
    all.extend(of_voxels());
    all.extend(of_options());
    all
}

fn of_masks() -> Vec<Case> {
    vec![
        case("no such tissue", nothing, CSF, 66, &["csf.nii"]),
        case(
            "a tissue of another shape",
            |d| nifti(d, "csf.nii", &[5, 5, 4], 3.0, |_| 1.0),
            CSF,
            65,
            &["csf.nii", "5x5x4", "6x5x4"],
        ),
        case(
            "a tissue of another affine",
            |d| nifti(d, "csf.nii", &SHAPE[..3], 2.0, |_| 1.0),
            CSF,
            65,
            &["csf.nii", "affine"],
        ),
        case("an empty tissue", |d| tissue(d, |_| 0.0), CSF, 65, &["csf.nii", "empty"]),
        case(
            "probabilities below the threshold",
            |d| tissue(d, |_| 0.9),
            CSF,
            65,
            &["csf.nii", "0.99 or more", "lower the threshold"],
        ),
        case(
            "percentages",
            |d| tissue(d, |n| n as f32 * 0.5),
            CSF,
            65,
            &["csf.nii holds 1.5 at voxel (3, 0, 0)", "divide percentages by 100"],
        ),
        case(
            "labels",
            |d| tissue(d, |n| (n % 3) as f32),
            CSF,
            65,
            &["csf.nii holds 2", "it holds 1 too", "cut one label"],
        ),
        case(
            "a tissue that is eroded away",
            |d| tissue(d, |_| 1.0),
            "confounds bold.nii --csf csf.nii --erode 2 --out made.tsv --device cpu",
            65,
            &["csf.nii", "120", "2 layers", "--erode"],
        ),
        case(
            "a fraction in the brain mask",
            |d| nifti(d, "mask.nii", &SHAPE[..3], 3.0, |_| 1.5),
            BRAIN,
            65,
            &["mask.nii holds 1.5", "threshold"],
        ),
        case(
            "infinity in the brain mask",
            |d| {
                nifti(
                    d,
                    "mask.nii",
                    &SHAPE[..3],
                    3.0,
                    |at| if at == 7 { f32::INFINITY } else { 1.0 },
                )
            },
            BRAIN,
            65,
            &["mask.nii holds inf at voxel"],
        ),
    ]
}

fn of_voxels() -> Vec<Case> {
    vec![
        case(
            "fewer voxels than components",
            |d| tissue(d, |n| f32::from(u8::from(n < 3))),
            CSF,
            65,
            &["c_comp_cor_*", "has 3 voxels", "the 5 components"],
        ),
        case(
            "voxels that are all alike",
            |d| {
                tissue(d, |n| f32::from(u8::from(n < 6)));
                nifti(d, "bold.nii", &SHAPE, 3.0, |n| {
                    if n % 120 < 6 { value(n / 120) } else { value(n) }
                });
            },
            CSF,
            65,
            &["holds 1 independent series", "the 5"],
        ),
        case(
            "a constant run",
            |d| {
                tissue(d, |_| 1.0);
                nifti(d, "bold.nii", &SHAPE, 3.0, |n| (n % 120) as f32);
            },
            CSF,
            65,
            &[
                "warning: 120 of the 120 voxels of csf are constant",
                "has 0 voxels that are finite and vary",
            ],
        ),
        case(
            "a constant brain",
            |d| nifti(d, "bold.nii", &SHAPE, 3.0, |_| 7.0),
            "confounds bold.nii --mask mask.nii --out made.tsv --device cpu",
            65,
            &["the brain of bold.nii", "has no voxel that is finite and varies"],
        ),
        case(
            "no voxel that is finite",
            |d| {
                tissue(d, |n| f32::from(u8::from(n < 9)));
                nifti(
                    d,
                    "bold.nii",
                    &SHAPE,
                    3.0,
                    |n| if n % 120 < 9 { f32::NAN } else { value(n) },
                );
            },
            CSF,
            65,
            &["the region of csf has 9 voxels, of which none is finite"],
        ),
    ]
}

fn of_options() -> Vec<Case> {
    vec![
        case(
            "no region",
            nothing,
            "confounds bold.nii --out made.tsv",
            2,
            &["names no region", "--csf"],
        ),
        case(
            "tCompCor without a brain",
            nothing,
            "confounds bold.nii --csf mask.nii --tcompcor 3 --out made.tsv",
            2,
            &["--tcompcor comes without --mask"],
        ),
        case(
            "aCompCor without a tissue",
            nothing,
            "confounds bold.nii --mask mask.nii --acompcor 3 --out made.tsv",
            2,
            &["--acompcor comes without --csf or --white-matter"],
        ),
        case(
            "more components than volumes",
            nothing,
            "confounds bold.nii --csf mask.nii --acompcor 41 --out made.tsv --device cpu",
            2,
            &["--acompcor asks for 41 components of 40 volumes", "at most 38", "1 cosines"],
        ),
        case(
            "a number of components that is none",
            nothing,
            "confounds bold.nii --csf mask.nii --acompcor 1.5 --out made.tsv",
            2,
            &["a number of components, a share of the variance between 0 and 1, or none"],
        ),
        case(
            "a threshold above 1",
            nothing,
            "confounds bold.nii --csf mask.nii --threshold 99 --out made.tsv",
            2,
            &["--threshold is 99", "at most 1"],
        ),
        case(
            "layers that are no number",
            nothing,
            "confounds bold.nii --csf mask.nii --erode 1,x --out made.tsv",
            2,
            &["--erode", "one whole number, or two separated by a comma"],
        ),
        case(
            "a share of no voxels",
            nothing,
            "confounds bold.nii --mask mask.nii --tcompcor 2 --variable 0 --out made.tsv",
            2,
            &["--variable is 0", "0.02"],
        ),
        case(
            "a filter that leaves nothing",
            nothing,
            "confounds bold.nii --csf mask.nii --high-pass 0.5 --out made.tsv --device cpu",
            2,
            &["a cutoff of 0.5 s", "longer cutoff"],
        ),
        case(
            "a table whose sidecar is an input",
            nothing,
            "confounds bold.nii --csf mask.nii --out bold.tsv --device cpu",
            2,
            &["would replace bold.json", "an input"],
        ),
        case(
            "a column in two tables",
            |d| copy(d, "confounds.tsv", "more.tsv"),
            "glm bold.nii --events events.tsv --confounds confounds.tsv more.tsv --columns trans_* --mask mask.nii \
             --contrast pain --out out --device cpu",
            65,
            &["column `trans_x` stands in confounds.tsv and in more.tsv"],
        ),
        case(
            "a second table of other length",
            |d| text(d, "more.tsv", "csf\n1\n2\n"),
            "glm bold.nii --events events.tsv --confounds confounds.tsv --confounds more.tsv --columns trans_*,csf \
             --mask mask.nii --contrast pain --out out --device cpu",
            65,
            &["more.tsv has 2 rows but the run has 40 volumes"],
        ),
        case(
            "a column of neither table",
            |d| text(d, "more.tsv", &format!("csf\n{}", "1\n".repeat(40))),
            "retroicor bold.nii --physio physio.tsv.gz --terms 1/1/0 --confounds confounds.tsv --confounds more.tsv \
             --columns csff --out clean.nii --device cpu",
            2,
            &["`csff` matches no column of confounds.tsv or more.tsv", "did you mean `csf`?"],
        ),
    ]
}
