//! Regions that are none, lie elsewhere or are spelled wrong, in `glm --roi` and `group`.

use super::*;

const ROI: &str =
    "glm bold.nii --events events.tsv --mask mask.nii --contrast pain --out out --device cpu --roi";

macro_rules! roi {
    ($more:literal) => {
        concat!(
            "glm bold.nii --events events.tsv --mask mask.nii --contrast pain --out out --device cpu --roi ",
            $more
        )
    };
}

fn native(dir: &Path) {
    copy(dir, "bold.nii", "sub-01_task-pain_bold.nii");
    copy(dir, "bold.json", "sub-01_task-pain_bold.json");
}

pub fn cases() -> Vec<Case> {
    debug_assert!(roi!("x").starts_with(ROI));
    let shapes = vec![
        case(
            "a region outside the field of view",
            nothing,
            roi!("pag=sphere:0,-31,-80:3"),
            65,
            &["region 'pag' holds no voxel's centre", "outside the field of view", "coordinates"],
        ),
        case(
            "a region smaller than a voxel",
            nothing,
            roi!("pag=sphere:4.5,4.5,4.5:1"),
            65,
            &["region 'pag' holds no voxel's centre", "larger"],
        ),
        case(
            "regions outside the field of view and smaller than a voxel",
            nothing,
            roi!("pag=sphere:0,-31,-80:3 --roi b=sphere:4.5,4.5,4.5:1 --roi c=sphere:6,6,3:4"),
            65,
            &[
                "2 regions hold no voxel of the run",
                "'pag' (outside the field of view), 'b' (too small)",
            ],
        ),
        case(
            "a region without a radius",
            nothing,
            roi!("pag=sphere:0,0,0"),
            2,
            &["name=sphere:x,y,z:r", "name=MASK"],
        ),
        case(
            "a tube whose inner radius is the larger",
            nothing,
            roi!("pag=tube:0,0,0:0,0,9:4,2"),
            2,
            &["outer radius beyond the inner"],
        ),
        case(
            "two regions of one name",
            nothing,
            roi!("a=sphere:6,6,3:4 --roi a=sphere:9,6,3:4"),
            2,
            &["region 'a' is given twice", "name of its own"],
        ),
        case("a mask that is not there", nothing, roi!("a=none.nii"), 66, &["none.nii"]),
        case(
            "coordinates of a template in a native run",
            native,
            "glm sub-01_task-pain_bold.nii --events events.tsv --contrast pain --out out --device cpu --roi pag=sphere:6,6,3:4",
            2,
            &[
                "sub-01_task-pain_bold.nii is in its subject's own space",
                "pag is given in mm",
                "--coordinates native",
            ],
        ),
        case(
            "a shift of nothing",
            nothing,
            roi!("a=sphere:6,6,3:4 --shift 0"),
            2,
            &["--shift", "above 0", "2"],
        ),
        case(
            "a shift without regions",
            nothing,
            "glm bold.nii --events events.tsv --contrast pain --out out --device cpu --shift 2",
            2,
            &["--shift comes without --roi", "--roi 'pag=tube"],
        ),
        case(
            "coordinates of no space",
            nothing,
            roi!("a=sphere:6,6,3:4 --coordinates mni"),
            2,
            &["template", "native"],
        ),
        case(
            "regions beside columns of each voxel's own",
            nothing,
            roi!("a=sphere:6,6,3:4 --anaticor mask.nii"),
            2,
            &["--roi comes with columns of each voxel's own"],
        ),
    ];
    shapes.into_iter().chain(tables()).collect()
}

fn tables() -> Vec<Case> {
    vec![
        case(
            "a table of regions without their radius",
            |d| text(d, "r.tsv", "name\tx\ty\tz\tradius\npag\t0\t0\t0\t3\n"),
            roi!("r.tsv"),
            65,
            &["r.tsv has the columns: name, x, y, z, radius", "radius_mm"],
        ),
        case(
            "a table of regions with a word for a coordinate",
            |d| text(d, "r.tsv", "name\tx\ty\tz\tradius_mm\na\t6\t6\t3\t3\npag\t0\tleft\t0\t3\n"),
            roi!("r.tsv"),
            65,
            &["r.tsv, line 3, holds 'left' in column 'y'", "coordinate in mm"],
        ),
        case(
            "a table of regions with a radius of 0",
            |d| text(d, "r.tsv", "name\tx\ty\tz\tradius_mm\na\t6\t6\t3\t0\n"),
            roi!("r.tsv"),
            65,
            &["line 2, holds '0' in column 'radius_mm'", "above 0"],
        ),
        case(
            "a table of regions with a shape that is none",
            |d| text(d, "r.tsv", "name\tshape\na\tcone:1,2,3:4\n"),
            roi!("r.tsv"),
            65,
            &["line 2, holds 'cone:1,2,3:4' in column 'shape'", "tube:"],
        ),
        case(
            "a table of regions with a mask for a shape",
            |d| text(d, "r.tsv", "name\tshape\na\tmask.nii\n"),
            roi!("r.tsv"),
            65,
            &["line 2, holds 'mask.nii' in column 'shape'", "as NAME=MASK"],
        ),
        case(
            "a table of regions with a region without a name",
            |d| text(d, "r.tsv", "name\tx\ty\tz\tradius_mm\n\t6\t6\t3\t4\n"),
            roi!("r.tsv"),
            65,
            &["line 2, has the name ''"],
        ),
        case(
            "a table of regions of no row",
            |d| text(d, "r.tsv", "name\tx\ty\tz\tradius_mm\n"),
            roi!("r.tsv"),
            65,
            &["r.tsv has no row"],
        ),
        case(
            "an atlas of probabilities",
            |d| nifti(d, "p.nii", &SHAPE[..3], 3.0, |v| v as f32 / 120.0),
            roi!("p.nii"),
            65,
            &["p.nii holds"],
        ),
        case(
            "an atlas of another grid",
            |d| nifti(d, "a.nii", &[3, 3, 3], 3.0, |v| (v % 4) as f32),
            roi!("a.nii"),
            65,
            &["a.nii has 3x3x3 voxels", "6x5x4 like the run"],
        ),
        case(
            "names of labels without an index",
            |d| {
                nifti(d, "a.nii", &SHAPE[..3], 3.0, |v| (v % 4) as f32);
                text(d, "n.tsv", "label\tname\n1\tinsula\n");
            },
            roi!("a.nii --labels n.tsv"),
            65,
            &["n.tsv has the columns: label, name", "index and name"],
        ),
        case(
            "a region of a group outside its maps",
            group::groups,
            "group --maps maps.tsv --model two-sample --out out --roi pag=sphere:0,-31,-80:3",
            65,
            &["region 'pag' holds no voxel's centre", "field of view of the maps"],
        ),
    ]
}
