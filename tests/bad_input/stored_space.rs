//! Headers that say two things of the grid, or have time in another axis.

use super::stored::*;
use super::*;

#[test]
fn voxel_sizes_that_the_affine_and_pixdim_give_differently_are_the_affines_with_a_warning() {
    let folder = dataset();
    let dir = folder.path();
    let run_of = |pixdim_mm: f32| Stored { pixdim_mm, sform_mm: 2.0, ..Stored::f32(&SHAPE, value) };
    run_of(2.0).write(dir, "right.nii");
    run_of(3.0).write(dir, "wrong.nii");
    run_of(2.0 + 1e-4).write(dir, "rounded.nii");
    let smooth = |name: &str| {
        run(dir, &format!("smooth {name}.nii --fwhm 6 --out {name}_s.nii --device cpu"))
    };
    let said = smooth("wrong");
    assert!(said.contains("2 x 2 x 2 mm by the affine and 3 x 3 x 3 mm by pixdim"), "{said}");
    for name in ["right", "rounded"] {
        let said = smooth(name);
        assert!(!said.contains("pixdim"), "{said}");
    }
    let voxels =
        |name: &str| fs::read(dir.join(format!("{name}_s.nii"))).expect("an image")[352..].to_vec();
    assert!(voxels("right") == voxels("wrong"), "smoothed by the affine's voxels");
    let written = boldly::io::BoldFile::open(&dir.join("wrong_s.nii")).expect("an image");
    assert_eq!(written.header.pixdim[1..4], [2.0; 3], "the sizes that were used");
    assert!(
        !run(dir, "smooth wrong_s.nii --fwhm 0 --out again.nii --device cpu").contains("pixdim")
    );
    let glm =
        "glm wrong.nii --tr 2 --events events.tsv --fwhm 6 --contrast pain --out out --device cpu";
    assert!(run(dir, glm).contains("by pixdim"));

    // a group tells one such map, and how many there are; what it makes has the sizes that were used
    let [ni, nj, nk, _] = SHAPE;
    let mut table = "subject\teffect\n".to_owned();
    for k in 0..6_usize {
        let pixdim_mm = if k < 2 { 3.0 } else { 2.0 };
        let one = Stored::f32(&[ni, nj, nk], |v| value(97 * k + v) - 1000.5);
        Stored { pixdim_mm, sform_mm: 2.0, ..one }.write(dir, &format!("m{k}.nii"));
        table += &format!("s{k}\tm{k}.nii\n");
    }
    text(dir, "maps.tsv", &table);
    let said = run(dir, "group --maps maps.tsv --model one-sample --out g --device cpu");
    let told = "m0.nii: voxels are 2 x 2 x 2 mm by the affine and 3 x 3 x 3 mm by pixdim; the affine's are used (FSL goes by pixdim); so with \
                1 more of 6 maps";
    assert!(said.contains(told), "{said}");
    let (_, header, _) = boldly::io::read_map(&dir.join("g/mask.nii.gz")).expect("a mask");
    assert_eq!(header.pixdim[1..4], [2.0; 3]);
}

#[test]
fn time_in_the_fifth_dimension_is_read_as_volumes() {
    let folder = dataset();
    let dir = folder.path();
    let [ni, nj, nk, n] = SHAPE;
    for (name, shape) in
        [("five.nii", vec![ni, nj, nk, 1, n]), ("six.nii.gz", vec![ni, nj, nk, 1, 1, n])]
    {
        Stored::f32(&shape, value).write(dir, name);
        let said = run(
            dir,
            &format!("glm {name} --tr 2 --mask mask.nii {EVENTS_ONLY} --overwrite --out five"),
        );
        assert!(said.contains("read as 40 volumes"), "{said}");
        run(
            dir,
            &format!(
                "glm bold.nii --mask mask.nii {EVENTS_ONLY} --task-times start --overwrite --out four"
            ),
        );
        assert_eq!(map(dir, &format!("five/{T}")), map(dir, &format!("four/{T}")));
        // the step along the axis with one entry is no repetition time
        let output = boldly(dir, &format!("glm {name} --mask mask.nii {EVENTS_ONLY} --out none"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(66), "{said}");
    }
    Stored::f32(&[ni, nj, nk, 2, n / 2], value).write(dir, "both.nii");
    let output = boldly(dir, &format!("glm both.nii --tr 2 {EVENTS_ONLY} --out none"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(65) && said.contains("6x5x4x2x20"), "{said}");
}

#[test]
fn a_second_run_a_rounding_error_away_is_taken_with_a_note_and_one_further_away_is_not() {
    let folder = dataset();
    let dir = folder.path();
    let glm = format!("glm bold.nii second.nii --mask mask.nii {TWO} --overwrite --out out");
    let second = |moved_mm: f32| {
        let image = Stored { moved_mm, ..Stored::f32(&SHAPE, |n| value(n + 77)) };
        image.write(dir, "second.nii");
        copy(dir, "bold.json", "second.json");
        boldly(dir, &glm)
    };
    let near = second(0.14);
    let said = String::from_utf8_lossy(&near.stderr).into_owned();
    assert!(near.status.success() && said.contains("0.1400 mm from bold.nii"), "{said}");
    let far = second(0.16);
    let said = String::from_utf8_lossy(&far.stderr).into_owned();
    assert!(far.status.code() == Some(65) && said.contains("0.160 mm from bold.nii"), "{said}");
    assert!(said.contains("0.150 mm, a twentieth of a voxel"), "{said}");
}

/// Cases of the table that this file's images make.
pub fn cases() -> Vec<Case> {
    fn f64_run(dir: &Path) {
        at_a_level(dir, "f64.nii.gz");
    }
    vec![
        case(
            "an image that float32 cannot hold, smoothed",
            f64_run,
            "smooth f64.nii.gz --fwhm 5 --out smooth.nii.gz --device cpu",
            65,
            &["f64.nii.gz", "float32", "120 of 120", "subtract a constant"],
        ),
        case(
            "an image that float32 cannot hold, corrected",
            f64_run,
            "retroicor f64.nii.gz --physio physio.tsv.gz --terms 1/1/0 --events events.tsv --out clean.nii.gz --device cpu",
            65,
            &["f64.nii.gz", "float32"],
        ),
        case(
            "the level of a run that float32 cannot hold",
            f64_run,
            "glm f64.nii.gz --events events.tsv --mask mask.nii --contrast constant --out out --device cpu",
            2,
            &["contrast 'constant'", "mean of f64.nii.gz"],
        ),
        case(
            "a design without a constant, of a run that float32 cannot hold",
            |d| {
                f64_run(d);
                design(d, "a", |n| ((n as f64 * 0.7).sin()).to_string());
            },
            "glm f64.nii.gz --design design.tsv --mask mask.nii --contrast a --out out --device cpu",
            65,
            &["the design of f64.nii.gz", "constant"],
        ),
        case(
            "a run given twice",
            nothing,
            "glm bold.nii ./bold.nii --events events.tsv events.tsv --contrast pain --out out --device cpu",
            2,
            &["./bold.nii holds the same as bold.nii", "name each run once"],
        ),
        case(
            "a run and its copy",
            |d| copy(d, "bold.nii", "second.nii"),
            "glm bold.nii second.nii --events events.tsv events.tsv --contrast pain --out out --device cpu",
            2,
            &["second.nii holds the same as bold.nii"],
        ),
        case(
            "a run and the same in another container",
            compressed,
            "glm bold.nii second.nii.gz --events events.tsv events.tsv --contrast pain --out out --device cpu",
            2,
            &["second.nii.gz holds the same values as bold.nii, in another container"],
        ),
        case(
            "an echo given twice",
            nothing,
            "retroicor bold.nii bold.nii --physio physio.tsv.gz physio.tsv.gz --out clean --device cpu",
            2,
            &["bold.nii is given twice"],
        ),
    ]
}
