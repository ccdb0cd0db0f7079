//! `boldly connect`.

use super::*;

const CONNECT: &str = "connect bold.nii --confounds confounds.tsv --columns trans_x --mask mask.nii --seed a=sphere:6,6,3:4 --out out --device cpu";
const ATLAS: &str = "connect bold.nii --mask mask.nii --regions atlas.nii --out out --device cpu";
/// Of the good run, in half.
const FIVE: &[&str] = &["LOWEST,HIGHEST"];

fn atlas(dir: &Path, value: impl Fn(usize) -> f32) {
    nifti(dir, "atlas.nii", &SHAPE[..3], 3.0, value);
}

fn two(dir: &Path) {
    atlas(dir, |at| (at % 3) as f32);
}

/// With one more option.
fn with(option: &'static str) -> &'static str {
    Box::leak(format!("{CONNECT} {option}").into_boxed_str())
}

fn of_atlas(option: &'static str) -> &'static str {
    Box::leak(format!("{ATLAS} {option}").into_boxed_str())
}

pub fn cases() -> Vec<Case> {
    let mut all = of_regions();
    all.extend(of_columns());
    all
}

fn of_regions() -> Vec<Case> {
    vec![
        case(
            "no region",
            nothing,
            "connect bold.nii --out out --device cpu",
            2,
            &["names no region", "--seed"],
        ),
        case(
            "a label with two names",
            |d| {
                two(d);
                text(d, "names.tsv", "index\tname\n1\tpag\n2\tinsula\n1\trvm\n");
            },
            of_atlas("--labels names.tsv"),
            65,
            &["names.tsv, line 4,", "calls 1 'rvm', which line 2 calls 'pag'", "one name"],
        ),
        case(
            "labels that float32 makes one, as those of the Allen atlas",
            |d| atlas(d, |at| [0.0, 312_782_546.0, 312_782_550.0][at % 3]),
            ATLAS,
            65,
            &["atlas.nii holds the label 312782", "below 16777216", "renumber"],
        ),
        case(
            "a shape without its region's name",
            nothing,
            "connect bold.nii --seed sphere:0,-20,10:9 --out out --device cpu",
            2,
            &["a shape comes with its region's name: NAME=sphere:0,-20,10:9"],
        ),
        case(
            "a shape that there is not",
            nothing,
            "connect bold.nii --seed a=cube:6,6,3:4 --out out --device cpu",
            2,
            &["'cube' is no shape (is box meant?)", "name=box:x,y,z:a,b,c"],
        ),
        case(
            "names of labels without an image of labels",
            |d| text(d, "names.tsv", "index\tname\n1\tpag\n"),
            with("--labels names.tsv"),
            2,
            &["--labels names.tsv names the labels of an image", "without NAME="],
        ),
        case(
            "a network that is called as a seed",
            two,
            of_atlas("--seed insula=sphere:6,6,6:4 --network insula=label_*"),
            2,
            &[
                "--network insula is called as the seed insula, which is in no network",
                "--network 'insula=insula,label_*'",
            ],
        ),
        case(
            "a seed outside the field of view",
            nothing,
            "connect bold.nii --seed a=sphere:200,6,3:4 --out out --device cpu",
            65,
            &["region 'a'", "outside the field of view"],
        ),
        case(
            "runs of two subjects",
            |d| {
                for name in ["sub-1_bold.nii", "sub-2_bold.nii"] {
                    fs::copy(d.join("bold.nii"), d.join(name)).expect("a writable folder");
                }
            },
            "connect sub-1_bold.nii sub-2_bold.nii --seed a=sphere:6,6,3:9 --out out --device cpu",
            2,
            &["are of several subjects: sub-1, sub-2", "boldly group"],
        ),
        case(
            "one region and no seed",
            |d| atlas(d, |_| 1.0),
            ATLAS,
            2,
            &["gives 1 region and no seed", "two regions"],
        ),
        case(
            "two seeds of one name",
            nothing,
            with("--seed a=sphere:3,3,3:4"),
            2,
            &["'a'", "given twice"],
        ),
        case(
            "regions that tables would call alike",
            |d| {
                let rows = "roi A\t3\t3\t3\t4\nroi_A\t12\t9\t6\t4\n";
                text(d, "r.tsv", &format!("name\tx\ty\tz\tradius_mm\n{rows}"));
            },
            "connect bold.nii --mask mask.nii --regions r.tsv --out out --device cpu",
            2,
            &["regions 'roi A' and 'roi_A' are both called roi_A in tables", "rename one"],
        ),
        case(
            "a region that is called as a column",
            nothing,
            with("--seed time=sphere:3,3,3:4"),
            2,
            &["region 'time' is called as the column time of timeseries.tsv", "rename it"],
        ),
        case(
            "seeds whose names make one file",
            nothing,
            with("--seed A=sphere:3,3,3:4"),
            2,
            &["A", "a"],
        ),
        case(
            "an atlas of another grid",
            |d| nifti(d, "atlas.nii", &[5, 5, 4], 3.0, |_| 1.0),
            ATLAS,
            65,
            &["atlas.nii", "5x5x4"],
        ),
        case(
            "an atlas of probabilities",
            |d| atlas(d, |at| at as f32 / 120.0),
            ATLAS,
            65,
            &["atlas.nii"],
        ),
        case(
            "a region where nothing varies",
            |d| {
                nifti(d, "bold.nii", &SHAPE, 3.0, |at| if at % 6 < 4 { 700.0 } else { value(at) });
            },
            "connect bold.nii --mask mask.nii --seed a=sphere:3,6,3:4 --out out --device cpu",
            65,
            &["bold.nii", "too little of every region", "coordinates"],
        ),
        case(
            "a network of no region",
            two,
            of_atlas("--network n=label_1,label_9"),
            2,
            &["--network n", "'label_9'", "label_1"],
        ),
        case(
            "a seed of coordinates without a shape",
            nothing,
            "connect bold.nii --mask mask.nii --seed a=6,6,3:4 --out out --device cpu",
            2,
            &["a=6,6,3:4", "name=sphere:x,y,z:r"],
        ),
        case(
            "one seed that is moved",
            nothing,
            with("--shift 3"),
            2,
            &["--shift comes with one region", "two or more"],
        ),
        case(
            "a table of confounds for one of regions",
            nothing,
            "connect bold.nii --mask mask.nii --regions confounds.tsv --out out --device cpu",
            65,
            &["confounds.tsv", "it looks like a table of confounds, which --confounds takes"],
        ),
        case(
            "a network without regions",
            two,
            of_atlas("--network n="),
            2,
            &["name=region,region"],
        ),
        case(
            "a network twice",
            two,
            of_atlas("--network n=label_1 --network n=label_2"),
            2,
            &["--network n", "twice"],
        ),
        case(
            "a share above 1",
            nothing,
            with("--min-coverage 1.5"),
            2,
            &["--min-coverage", "1.5", "between 0 and 1"],
        ),
        case(
            "labels that are no table of names",
            two,
            of_atlas("--labels confounds.tsv"),
            65,
            &["confounds.tsv", "index and name"],
        ),
        case("a first component of no seed", two, of_atlas("--seed-first-pc"), 2, &["--seed"]),
    ]
}

fn of_columns() -> Vec<Case> {
    vec![
        case("a band that is none", nothing, with("--band 0.1,0.01"), 2, FIVE),
        case("a band of one number", nothing, with("--band 0.1"), 2, FIVE),
        case(
            "a low-pass above half the sampling rate",
            nothing,
            with("--band 0.01,0.3"),
            2,
            &["--band", "0.2500 Hz", "TR of 2 s"],
        ),
        case(
            "a band between two frequencies",
            nothing,
            with("--band 0.0126,0.0249"),
            2,
            &["holds no frequency", "0.0125 Hz"],
        ),
        case(
            "a band that leaves too little",
            nothing,
            with("--band 0.02,0.05"),
            65,
            &["bold.nii", "degrees of freedom", "10 or more (--min-dof)"],
        ),
        case(
            "a band that leaves nothing",
            nothing,
            with("--band 0.024,0.026"),
            65,
            &["leaves no degrees of freedom", "of the band of 0.024 to 0.026 Hz", "a wider --band"],
        ),
        case(
            "degrees of freedom that are asked for",
            nothing,
            with("--min-dof 38"),
            65,
            &["38 or more (--min-dof)"],
        ),
        case(
            "no degrees of freedom asked for",
            nothing,
            with("--min-dof 0"),
            2,
            &["--min-dof", "1 or more"],
        ),
        case(
            "the global signal twice",
            |d| {
                let rows: String =
                    (0..SHAPE[3]).map(|n| format!("{}\n", (n as f64 * 0.7).sin())).collect();
                text(d, "confounds.tsv", &format!("global_signal\n{rows}"));
            },
            "connect bold.nii --confounds confounds.tsv --columns global_signal --mask mask.nii --seed a=sphere:6,6,3:4 --global-signal --out out --device cpu",
            2,
            &["`global_signal`", "bold.nii"],
        ),
        case(
            "nilearn's noise with gaps",
            |d| text(d, "gaps.txt", "7\n"),
            with("--censor-volumes gaps.txt --noise nilearn-ar1"),
            2,
            &["nilearn-ar1", "without gaps"],
        ),
        case(
            "an option of another noise",
            nothing,
            with("--noise ols --rho-fwhm 2"),
            2,
            &["--rho-fwhm"],
        ),
    ]
}
