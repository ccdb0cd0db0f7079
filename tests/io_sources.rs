//! Sources made of other sources give the values that picking by hand gives, whatever the shape and the block.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may stop")]

use std::path::{Path, PathBuf};

use boldly::io::source::{BoldSink, BoldSource, Censored, Memory, Stack};
use boldly::io::{BoldFile, Header, Outputs};
use boldly::volume::{Block, Grid, HostBold};

/// Three different extents, one voxel, one slice.
const SHAPES: [[usize; 3]; 3] = [[4, 3, 5], [1, 1, 1], [5, 2, 1]];

fn grid(shape: [usize; 3]) -> Grid {
    let affine =
        [[3.0, 0.0, 0.0, -9.0], [0.0, 2.0, 0.0, 4.0], [0.0, 0.0, 2.5, 0.0], [0.0, 0.0, 0.0, 1.0]];
    Grid { shape, affine, voxel_size_mm: [3.0, 2.0, 2.5], is_placed: true }
}

/// The value says where it stands: volume, then voxel.
fn value(volume: usize, voxel: usize) -> f32 {
    (1000 * volume + voxel) as f32
}

fn run(shape: [usize; 3], n_volumes: usize) -> Memory {
    let mut memory = Memory::zeros(shape, n_volumes);
    let n = shape.iter().product::<usize>();
    memory.run.data = (0..n * n_volumes).map(|at| value(at / n, at % n)).collect();
    memory
}

/// Blocks of planes and volumes, an empty one and the whole run among them.
fn blocks(shape: [usize; 3], n_volumes: usize) -> Vec<Block> {
    let nk = shape[2];
    let mut all = Vec::new();
    for planes in [0..nk, 0..1, nk - 1..nk, nk / 2..nk] {
        for volumes in [0..n_volumes, 0..1, n_volumes - 1..n_volumes, 1..1] {
            let core = planes.clone();
            all.push(Block { run_shape: shape, planes: planes.clone(), core, volumes });
        }
    }
    all
}

/// What a block must hold, where volume v of the source is volume `of[v]` of [`run`].
fn want(block: &Block, of: &[usize]) -> Vec<f32> {
    let plane = block.plane_len();
    let voxels = block.planes.start * plane..block.planes.end * plane;
    let volumes = of[block.volumes.clone()].iter();
    volumes.flat_map(|&volume| voxels.clone().map(move |voxel| value(volume, voxel))).collect()
}

fn assert_reads(source: &mut dyn BoldSource, of: &[usize]) {
    assert_eq!(source.n_volumes(), of.len());
    let mut compared = 0;
    for block in blocks(source.shape(), of.len()) {
        let got = source.read(&block).unwrap();
        assert_eq!(got.block, block);
        assert_eq!(got.data, want(&block, of), "{block:?} of volumes {of:?}");
        compared += got.data.len();
        source.reuse(got.data);
    }
    assert!(compared > 0);
}

/// A run on disk.
fn file(folder: &Path, name: &str, shape: [usize; 3], n_volumes: usize) -> BoldFile {
    let mut outputs = Outputs::new();
    let header = Header::new(&grid(shape), Some(2.0)).for_bold(n_volumes);
    let mut writer = outputs.bold(&folder.join(name), &header).unwrap();
    writer.write_block(&run(shape, n_volumes).run).unwrap();
    writer.finish().unwrap();
    outputs.commit().unwrap();
    BoldFile::open_image(&folder.join(name)).unwrap()
}

/// One map a volume of [`run`].
fn maps(folder: &Path, ending: &str, shape: [usize; 3], n_maps: usize) -> Vec<PathBuf> {
    let mut outputs = Outputs::new();
    let n = shape.iter().product::<usize>();
    let paths: Vec<PathBuf> =
        (0..n_maps).map(|v| folder.join(format!("sub-{v}_effect.{ending}"))).collect();
    for (v, path) in paths.iter().enumerate() {
        let values: Vec<f32> = (0..n).map(|voxel| value(v, voxel)).collect();
        outputs.map(path, &Header::new(&grid(shape), None), &values).unwrap();
    }
    outputs.commit().unwrap();
    paths
}

#[test]
fn a_censored_run_holds_the_kept_volumes_in_order() {
    for shape in SHAPES {
        for kept in [vec![0, 1, 2, 3, 4, 5, 6], vec![2, 3, 4], vec![0, 2, 3, 6], vec![5]] {
            assert_reads(&mut Censored::new(&mut run(shape, 7), kept.clone()).unwrap(), &kept);
        }
    }
}

#[test]
fn a_censored_file_reads_as_censored_memory_and_censors_again() {
    let folder = tempfile::tempdir().unwrap();
    for (n, shape) in SHAPES.into_iter().enumerate() {
        for ending in ["nii", "nii.gz"] {
            let mut bold = file(folder.path(), &format!("{n}_bold.{ending}"), shape, 7);
            let mut once = Censored::new(&mut bold, vec![0, 2, 3, 6]).unwrap();
            assert_reads(&mut once, &[0, 2, 3, 6]);
            assert_reads(&mut Censored::new(&mut once, vec![1, 3]).unwrap(), &[2, 6]);
        }
    }
}

#[test]
fn volumes_that_are_not_there_are_refused() {
    let code = |kept: &[usize]| {
        Censored::new(&mut run([2, 3, 1], 4), kept.to_vec()).err().map(|e| e.exit_code())
    };
    assert_eq!(code(&[]), Some(65));
    assert_eq!(code(&[1, 4]), Some(70));
    assert_eq!(code(&[2, 1]), Some(70));
    assert_eq!(code(&[1, 1]), Some(70));
    let mut inner = run([2, 3, 1], 4);
    let mut source = Censored::new(&mut inner, vec![0, 3]).unwrap();
    assert_eq!(source.read(&Block::whole([2, 3, 1], 3)).unwrap_err().exit_code(), 70);
}

#[test]
fn maps_stand_behind_each_other_as_volumes() {
    for shape in SHAPES {
        for ending in ["nii", "nii.gz"] {
            let folder = tempfile::tempdir().unwrap();
            let paths = maps(folder.path(), ending, shape, 5);
            let mut stack = Stack::open(&paths).unwrap();
            assert_eq!(stack.grid, grid(shape));
            assert_reads(&mut stack, &[0, 1, 2, 3, 4]);
            assert_reads(&mut Censored::new(&mut stack, vec![0, 3, 4]).unwrap(), &[0, 3, 4]);
            let outside = Block::whole(shape, 6);
            assert_eq!(stack.read(&outside).unwrap_err().exit_code(), 70);
        }
    }
}

#[test]
fn maps_of_other_grids_or_several_volumes_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let good = maps(folder.path(), "nii", [4, 3, 2], 2);
    let mut outputs = Outputs::new();
    let at = |name: &str| folder.path().join(name);
    for (name, by_mm) in [("moved.nii", 0.11), ("near.nii", 0.01)] {
        let mut moved = grid([4, 3, 2]);
        moved.affine[1][3] += by_mm;
        outputs.map(&at(name), &Header::new(&moved, None), &[0.0; 24]).unwrap();
    }
    outputs.map(&at("turned.nii"), &Header::new(&grid([3, 4, 2]), None), &[0.0; 24]).unwrap();
    outputs.commit().unwrap();
    file(folder.path(), "run.nii", [4, 3, 2], 3);
    for (name, code, words) in [
        ("moved.nii", 65, ["0.110 mm", "sub-0_effect.nii"]),
        ("turned.nii", 65, ["3x4x2", "4x3x2"]),
        ("run.nii", 65, ["4x3x2x3", "3-D"]),
        ("absent.nii", 66, ["does not exist", ""]),
    ] {
        let error = Stack::open(&[&good[..], &[at(name)]].concat()).unwrap_err();
        assert_eq!(error.exit_code(), code, "{error}");
        let text = error.to_string();
        assert!(text.contains(name) && words.iter().all(|w| text.contains(w)), "{text}");
    }
    // A twentieth of the smallest edge, 0.1 mm, is what headers round.
    let near = Stack::open(&[&good[..], &[at("near.nii")]].concat()).unwrap();
    assert!(near.notes.len() == 1 && near.notes[0].contains("0.0100 mm"), "{:?}", near.notes);
    assert_eq!(Stack::open(&[]).unwrap_err().exit_code(), 2);
    // One that is replaced by another between two reads.
    let mut stack = Stack::open(&good).unwrap();
    std::fs::copy(at("turned.nii"), &good[1]).unwrap();
    let error = stack.read(&Block::whole([4, 3, 2], 2)).unwrap_err();
    assert!(error.exit_code() == 65 && error.to_string().contains("sub-1_effect.nii"), "{error}");
}

#[test]
fn memory_takes_what_another_source_holds_and_blocks_of_it() {
    for shape in SHAPES {
        let mut inner = run(shape, 6);
        let mut held = Memory::of(&mut Censored::new(&mut inner, vec![1, 2, 5]).unwrap()).unwrap();
        assert_reads(&mut held, &[1, 2, 5]);
        let mut copy = Memory::zeros(shape, 3);
        for planes in (0..shape[2]).map(|k| k..k + 1) {
            let core = planes.clone();
            // A halo on either side, which must not be taken.
            let planes = planes.start.saturating_sub(1)..(planes.end + 1).min(shape[2]);
            let block = Block { planes, core, ..Block::whole(shape, 3) };
            let HostBold { block, mut data, .. } = held.read(&block).unwrap();
            let plane = block.plane_len();
            for (at, value) in data.iter_mut().enumerate() {
                let k = block.planes.start + at / plane % block.planes.len();
                if !block.core.contains(&k) {
                    *value = f32::NAN;
                }
            }
            copy.write(&HostBold::new(block, data)).unwrap();
        }
        assert_reads(&mut copy, &[1, 2, 5]);
    }
}
