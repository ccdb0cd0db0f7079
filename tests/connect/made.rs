//! Made-up runs with regions that go together, and tables read back.

use std::fs;
use std::path::Path;

use boldly::io::read_map;

use crate::common::Random;
use crate::dataset::{nifti, text};

pub const SHAPE: [usize; 4] = [7, 6, 5, 120];

/// A run with a slow shared signal, stronger to the right; two motion columns of which a part is in it, and framewise displacement.
pub fn run(dir: &Path, name: &str, seed: u64) {
    let [ni, nj, nk, n] = SHAPE;
    let len = ni * nj * nk;
    let mut random = Random(seed);
    let mut shared = vec![0.0; n];
    let mut motion = [0.0; 2];
    let mut columns = String::from("trans_x\ttrans_y\tframewise_displacement\n");
    let mut moved = vec![[0.0; 2]; n];
    for t in 0..n {
        shared[t] = 0.5 * if t > 0 { shared[t - 1] } else { 0.0 } + random.normal();
        motion.iter_mut().for_each(|m| *m += 0.1 * random.normal());
        moved[t] = motion;
        let fd = if [20, 21, 70].contains(&t) { 0.9 } else { 0.1 };
        columns.push_str(&format!("{}\t{}\t{fd}\n", motion[0], motion[1]));
    }
    let mut values = vec![0.0_f32; len * n];
    for v in 0..len {
        let (weight, mut e) = ((v % ni) as f64 / ni as f64, 0.0);
        let of_motion = [random.normal(), random.normal()];
        for t in 0..n {
            e = 0.4 * e + random.normal();
            let m = of_motion[0] * moved[t][0] + of_motion[1] * moved[t][1];
            values[t * len + v] = (900.0 + 8.0 * (e + weight * shared[t]) + 3.0 * m) as f32;
        }
    }
    nifti(dir, &format!("{name}.nii"), &SHAPE, 3.0, |at| values[at]);
    text(dir, &format!("{name}.tsv"), &columns);
}

/// A folder with a run, and a mask of all its voxels.
pub fn study() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), "bold", 5);
    nifti(folder.path(), "mask.nii", &SHAPE[..3], 3.0, |_| 1.0);
    folder
}

/// A table by column, n/a as NaN where it is no word.
pub struct Table {
    pub names: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Table {
    pub fn read(path: &Path) -> Table {
        let text = fs::read_to_string(path).unwrap();
        let mut lines =
            text.lines().map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
        Table { names: lines.next().unwrap(), rows: lines.collect() }
    }

    #[track_caller]
    pub fn words(&self, name: &str) -> Vec<&str> {
        let at = self.names.iter().position(|own| own == name).unwrap();
        self.rows.iter().map(|row| row[at].as_str()).collect()
    }

    #[track_caller]
    pub fn column(&self, name: &str) -> Vec<f64> {
        self.words(name).into_iter().map(|word| word.parse().unwrap_or(f64::NAN)).collect()
    }
}

/// A map's values.
#[track_caller]
pub fn map(dir: &Path, name: &str) -> Vec<f64> {
    let (_, _, values) = read_map(&dir.join(format!("{name}.nii.gz"))).unwrap();
    values.iter().map(|&v| f64::from(v)).collect()
}

/// The words of a drawing, lines put together.
pub fn words(svg: &str) -> String {
    let texts = svg.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text.trim());
    texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
}
