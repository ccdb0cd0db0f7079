//! Comparisons that name the worst element, made-up data, and where the shared data lie.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;

use boldly::volume::{Block, Grid, HostBold, Mask};

/// Half a unit in the last place of f32, relative: what storing a result in f32 may cost.
pub const F32_ROUNDING: f64 = 5.97e-8;

/// The outcome of a comparison.
#[must_use = "a comparison proves nothing until it is asserted"]
pub struct Report {
    /// None when all is well.
    pub failure: Option<String>,
    /// The largest |got - want| as a multiple of its tolerance.
    pub worst: f64,
}

impl Report {
    /// Fail the test with what is wrong.
    #[track_caller]
    pub fn assert(self) {
        if let Some(failure) = self.failure {
            panic!("{failure}");
        }
    }
}

/// Compare element by element with tolerance `rtol |want| + atol`. NaN, another length, or no element at all fails.
pub fn compare(name: &str, got: &[f64], want: &[f64], rtol: f64, atol: f64) -> Report {
    if got.len() != want.len() || want.is_empty() {
        let failure = format!("{name}: {} values for {} wanted", got.len(), want.len());
        return Report { failure: Some(failure), worst: f64::INFINITY };
    }
    let multiple = |i: usize| {
        let (difference, tolerance) = ((got[i] - want[i]).abs(), rtol * want[i].abs() + atol);
        match difference {
            0.0 => 0.0,
            d if d.is_nan() => f64::INFINITY,
            d => d / tolerance,
        }
    };
    let (at, worst) = (0..got.len())
        .map(|i| (i, multiple(i)))
        .fold((0, -1.0), |worst, next| if next.1 > worst.1 { next } else { worst });
    let over = (0..got.len()).filter(|&i| multiple(i) > 1.0).count();
    let failure = (worst > 1.0).then(|| {
        format!(
            "{name}: worst at {at}: got {:e}, want {:e}, {worst:.3} times the tolerance; {over} of {} over it",
            got[at],
            want[at],
            got.len()
        )
    });
    Report { failure, worst }
}

/// [`compare`], asserted.
#[track_caller]
pub fn assert_close(name: &str, got: &[f64], want: &[f64], rtol: f64, atol: f64) {
    compare(name, got, want, rtol, atol).assert();
}

/// f32 values as f64.
pub fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v)).collect()
}

/// A deterministic stream of numbers (SplitMix64).
pub struct Random(pub u64);

impl Random {
    /// Uniform in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Standard normal (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

/// A whole run of made-up data: mean 1000, noise of sd 20.
pub fn noise(shape: [usize; 3], n_volumes: usize, seed: u64) -> HostBold {
    let mut random = Random(seed);
    let block = Block::whole(shape, n_volumes);
    let data = (0..block.len()).map(|_| (1000.0 + 20.0 * random.normal()) as f32).collect();
    HostBold::new(block, data)
}

/// A grid with an identity-like affine.
pub fn grid(shape: [usize; 3], voxel_size_mm: [f64; 3]) -> Grid {
    let mut affine = [[0.0; 4]; 4];
    for axis in 0..3 {
        affine[axis][axis] = voxel_size_mm[axis];
    }
    affine[3][3] = 1.0;
    Grid { shape, affine, voxel_size_mm, is_placed: true }
}

/// A mask that holds each voxel with the given probability.
pub fn random_mask(shape: [usize; 3], share: f64, seed: u64) -> Mask {
    let grid = grid(shape, [3.0; 3]);
    let mut random = Random(seed);
    let inside = (0..grid.n_voxels()).map(|_| random.uniform() < share).collect();
    Mask { grid, inside }
}

/// A path below the shared data: `BOLDLY_DATA`, else `../shared/data`. Missing data fail under CI; elsewhere the test
/// is skipped and says so.
pub fn shared(relative: &str) -> Option<PathBuf> {
    let root = std::env::var_os("BOLDLY_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    );
    let path = root.join(relative);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is missing; CI needs it", path.display());
    println!("skipped 1: {} is missing; set BOLDLY_DATA", path.display());
    None
}

/// The numbers of a JSON array.
pub fn numbers(array: &serde_json::Value) -> Vec<f64> {
    array.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

/// The oracle's small run (20 x 20 x 12 voxels, 120 volumes, plain f32 NIfTI-1) and its design `[volume][regressor]`;
/// none where the shared data are missing.
pub fn small_run() -> Option<(HostBold, ndarray::Array2<f64>)> {
    let image = std::fs::read(shared("../oracles/glm/data_small/bold.nii")?).unwrap();
    let design = std::fs::read_to_string(shared("../oracles/glm/data_small/design.tsv")?).unwrap();
    let short = |at: usize| usize::from(u16::from_le_bytes([image[at], image[at + 1]]));
    let float = |at: usize| f32::from_le_bytes(image[at..at + 4].try_into().unwrap());
    assert_eq!((short(40), short(70)), (4, 16), "4-D, float32");
    let start = float(108) as usize;
    let block = Block::whole([short(42), short(44), short(46)], short(48));
    let data: Vec<f32> = (0..block.len()).map(|v| float(start + 4 * v)).collect();
    let rows: Vec<Vec<f64>> = design
        .lines()
        .skip(1)
        .map(|line| line.split('\t').map(|cell| cell.parse().unwrap()).collect())
        .collect();
    let x = ndarray::Array2::from_shape_fn((rows.len(), rows[0].len()), |(t, j)| rows[t][j]);
    Some((HostBold::new(block, data), x))
}

/// A packed run once more, uncompressed as `run-2`: the same values but for the last bit of the first one, which lies outside the
/// head, so that it is no copy. Its name.
pub fn twin(folder: &std::path::Path, bold: &str) -> String {
    let name = bold.replace("_bold.nii.gz", "_run-2_bold.nii");
    let packed = std::fs::File::open(folder.join(bold)).expect("a run");
    let mut bytes = Vec::new();
    std::io::copy(&mut flate2::read::GzDecoder::new(packed), &mut bytes).expect("gzip");
    bytes[352] ^= 1;
    std::fs::write(folder.join(&name), bytes).expect("a writable folder");
    name
}
