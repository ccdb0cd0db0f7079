//! All at once: columns of each voxel's own, of each slice time, censored volumes and several runs, against generalised least squares of each run
//! with the full correlation matrix, and the runs combined by hand.
#![allow(clippy::unwrap_used, reason = "tests")]

mod binary;
mod common;

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use binary::run;
use boldly::io::{BoldFile, Outputs, read_map, tsv};
use boldly::simulate::write::paths;
use boldly::volume::Block;
use common::{Random, assert_close, wide};
use ndarray::{Array1, Array2, s};

/// Volumes of each run, and those that are left out.
const RUNS: [(usize, &[usize]); 2] = [(55, &[0, 1, 7, 20, 21, 22, 40]), (56, &[3, 10, 11, 33])];

/// Two simulated runs on one grid, with an image of columns of their own each.
fn two_runs() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let mut random = Random(3);
    for (at, (volumes, cut)) in RUNS.iter().enumerate() {
        let shape = "--shape 7,8,6 --voxel-size 15,15,15";
        run(dir, &format!("simulate s{at} {shape} --volumes {volumes} --seed {} --quiet", 5 + at));
        let file = BoldFile::open(&dir.join(format!("s{at}")).join(paths::BOLD)).unwrap();
        let drawn: Vec<f32> = (0..volumes * 7 * 8 * 6).map(|_| random.normal() as f32).collect();
        let mut outputs = Outputs::new();
        let path = dir.join(format!("own{at}.nii"));
        outputs.map(&path, &file.header.for_bold(*volumes), &drawn).unwrap();
        outputs.commit().unwrap();
        let numbers: Vec<String> = cut.iter().map(ToString::to_string).collect();
        fs::write(dir.join(format!("cut{at}.txt")), numbers.join("\n")).unwrap();
    }
    folder
}

fn glm(more: &str) -> String {
    let both = |of: &dyn Fn(usize) -> String| format!("{} {}", of(0), of(1));
    format!(
        "glm {} {} {} {} {} --mask s0/{} --terms 1/1/0 --contrast pain --scaling none --maps --device cpu -q {more}",
        both(&|at| format!("s{at}/{}", paths::BOLD)),
        both(&|at| format!("--events s{at}/{}", paths::EVENTS)),
        both(&|at| format!("--physio s{at}/{}", paths::PHYSIO)),
        both(&|at| format!("--voxelwise own{at}.nii")),
        both(&|at| format!("--censor-volumes cut{at}.txt")),
        paths::MASK,
    )
}

/// `[row][voxel]` of an image of maps.
fn maps(path: &Path) -> Vec<Vec<f64>> {
    if let Ok((_, _, values)) = read_map(path) {
        return vec![wide(&values)];
    }
    let mut file = BoldFile::open_image(path).unwrap();
    let block = Block::whole(file.grid.shape, file.n_volumes);
    let data = wide(&file.read(&block).unwrap().data);
    data.chunks_exact(block.volume_len()).map(<[f64]>::to_vec).collect()
}

/// A run as it lies there: kept volumes, columns by name of each plane `[volume]`, and data `[volume][voxel]` of the run and of the voxels' own column.
struct Dense {
    kept: Vec<usize>,
    shared: Vec<Vec<f64>>,
    of_plane: Vec<Vec<Vec<f64>>>,
    /// Of pain and control among a plane's columns.
    asked: [usize; 2],
    bold: Vec<Vec<f64>>,
    own: Vec<Vec<f64>>,
}

fn columns(rows: &[Vec<String>], n: usize, from: usize) -> Vec<Vec<f64>> {
    (from..n).map(|c| rows.iter().map(|row| row[c].parse().unwrap()).collect()).collect()
}

impl Dense {
    fn new(dir: &Path, out: &str, at: usize) -> Dense {
        let (volumes, cut) = RUNS[at];
        let kept: Vec<usize> = (0..volumes).filter(|v| !cut.contains(v)).collect();
        let shared = tsv::read(&dir.join(format!("{out}/run-{}_design.tsv", at + 1))).unwrap();
        let slices = tsv::read(&dir.join(format!("{out}/run-{}_design_slice-groups.tsv", at + 1)));
        let slices = slices.unwrap();
        let names = &slices.columns[3..];
        let asked = ["pain", "control"].map(|name| names.iter().position(|n| n == name).unwrap());
        let mut of_plane = vec![Vec::new(); 6];
        for rows in slices.rows.chunks(kept.len()) {
            for plane in rows[0][0].split(',') {
                of_plane[plane.parse::<usize>().unwrap()] = columns(rows, slices.columns.len(), 3);
            }
        }
        let read = |name: &Path| {
            let all = maps(&dir.join(name));
            kept.iter().map(|&volume| all[volume].clone()).collect()
        };
        Dense {
            shared: columns(&shared.rows, shared.columns.len(), 0),
            of_plane,
            asked,
            bold: read(&Path::new(&format!("s{at}")).join(paths::BOLD)),
            own: read(Path::new(&format!("own{at}.nii"))),
            kept,
        }
    }

    /// Effects of pain and control and their covariance at a voxel, whose correlations over so many volumes are given.
    fn of(&self, voxel: usize, correlation: impl Fn(usize) -> f64) -> (Array1<f64>, Array2<f64>) {
        let plane = &self.of_plane[voxel / 56];
        let own: Vec<f64> = self.own.iter().map(|row| row[voxel]).collect();
        let all: Vec<&Vec<f64>> = plane.iter().chain(&self.shared).chain([&own]).collect();
        let (n, p) = (self.kept.len(), all.len());
        let x = Array2::from_shape_fn((n, p), |(t, j)| all[j][t]);
        let y: Array1<f64> = self.bold.iter().map(|row| row[voxel]).collect();
        let r = Array2::from_shape_fn((n, n), |(s, t)| {
            correlation(self.kept[s].abs_diff(self.kept[t]))
        });
        let precision = inverse(&r);
        let within = inverse(&x.t().dot(&precision).dot(&x));
        let beta = within.dot(&x.t().dot(&precision.dot(&y)));
        let e = &y - &x.dot(&beta);
        let sigma2 = e.dot(&precision.dot(&e)) / (n - p) as f64;
        let effect = self.asked.iter().map(|&j| beta[j]).collect();
        let covariance =
            Array2::from_shape_fn((2, 2), |(i, j)| within[[self.asked[i], self.asked[j]]] * sigma2);
        (effect, covariance)
    }
}

/// Inverse by Gauss and Jordan with pivots.
fn inverse(a: &Array2<f64>) -> Array2<f64> {
    let n = a.nrows();
    let mut both = Array2::zeros((n, 2 * n));
    both.slice_mut(s![.., ..n]).assign(a);
    (0..n).for_each(|i| both[[i, n + i]] = 1.0);
    for k in 0..n {
        let pivot = (k..n).max_by(|&i, &j| both[[i, k]].abs().total_cmp(&both[[j, k]].abs()));
        let pivot = pivot.unwrap();
        for c in 0..2 * n {
            both.swap([k, c], [pivot, c]);
        }
        let row = &both.row(k) / both[[k, k]];
        for i in 0..n {
            let times = both[[i, k]];
            both.row_mut(i).scaled_add(-times, &row);
        }
        both.row_mut(k).assign(&row);
    }
    both.slice(s![.., n..]).to_owned()
}

#[test]
fn runs_with_own_and_slicewise_columns_and_gaps_are_combined_as_dense_least_squares_has_them() {
    let folder = two_runs();
    let dir = folder.path();
    for noise in ["ar1", "arma11", "ols"] {
        let line = glm(&format!("--noise {noise} --out {noise} --f-contrast"));
        let words = line.split_whitespace().map(str::to_owned).chain(["any=pain; control".into()]);
        binary::succeeded(&line, binary::with_words(dir, words));
        let runs = [0, 1].map(|at| Dense::new(dir, noise, at));
        let stat = |run: usize, stat: &str| -> Vec<f64> {
            let path = dir.join(format!("{noise}/run-{run}_stat-{stat}_statmap.nii.gz"));
            maps(&path).remove(0)
        };
        let parameters: Vec<HashMap<&str, Vec<f64>>> = [1, 2]
            .map(|run| {
                let names: &[&str] = match noise {
                    "ar1" => &["rho"],
                    "arma11" => &["armaA", "armaB"],
                    _ => &[],
                };
                names.iter().map(|name| (*name, stat(run, name))).collect()
            })
            .into();
        let inside = maps(&dir.join(format!("{noise}/mask.nii.gz"))).remove(0);
        let of = |contrast: &str, stat: &str| {
            maps(&dir.join(format!("{noise}/contrast-{contrast}_stat-{stat}_statmap.nii.gz")))
        };
        let names = ["effect of pain", "variance of pain", "t", "F", "effect of control"];
        let got = [
            of("pain", "effect").remove(0),
            of("pain", "variance").remove(0),
            of("pain", "t").remove(0),
            of("any", "F").remove(0),
            of("any", "effect").remove(1),
        ];
        let mut want = vec![Vec::new(); got.len()];
        let voxels: Vec<usize> = (0..inside.len()).filter(|&v| inside[v] > 0.0).collect();
        assert!(voxels.len() > 80, "{}", voxels.len());
        for &voxel in &voxels {
            let (mut m, mut v) = (Array1::zeros(2), Array2::zeros((2, 2)));
            for (run, parameters) in runs.iter().zip(&parameters) {
                let at = |name: &str| parameters.get(name).map_or(0.0, |map| map[voxel]);
                let (rho, a, b) = (at("rho"), at("armaA"), at("armaB"));
                let lambda = match noise {
                    "arma11" => (b + a) * (1.0 + a * b) / (1.0 + 2.0 * a * b + b * b),
                    _ => rho,
                };
                let decay: f64 = if noise == "arma11" { a } else { rho };
                let correlation = |lag: usize| match lag {
                    0 => 1.0,
                    _ => lambda * decay.powi(lag as i32 - 1),
                };
                let (effect, covariance) = run.of(voxel, correlation);
                m = m + effect / 2.0;
                v = v + covariance / 4.0;
            }
            let f = m.dot(&inverse(&v).dot(&m)) / 2.0;
            let all = [m[0], v[[0, 0]], m[0] / v[[0, 0]].sqrt(), f, m[1]];
            want.iter_mut().zip(all).for_each(|(want, value)| want.push(value));
        }
        for ((name, got), want) in names.iter().zip(&got).zip(&want) {
            let got: Vec<f64> = voxels.iter().map(|&v| got[v]).collect();
            let size = want.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
            assert_close(&format!("{noise}: {name}"), &got, want, 2e-5, 1e-6 * size);
        }
    }
}
