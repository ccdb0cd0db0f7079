//! From the residuals' sums to maps: rho of each voxel, smoothed within the mask, and the generalised least-squares fit at it.
//! The spatial step stands between the two passes over the voxels, so what a fit needs of them is held until all blocks are in.

use ndarray::Array2;

use crate::error::Result;
use crate::gpu::{Bold, Device};
use crate::kernels::contrast::{ContrastValues, Prepared, Stat};
use crate::kernels::glm::{HostFit, Model};
use crate::kernels::lags::LagModel;
use crate::kernels::smooth::{self, Kernel, Taps};
use crate::pipeline::decide::ContrastMaps;
use crate::stats::ar1::{Pairs, Question, Rule, Sums};
use crate::volume::{Block, Grid, HostBold, Mask};

/// How residuals depend on each other, prepared for a model and its contrasts.
#[derive(Debug, Clone)]
pub struct Autocorrelation {
    /// What is summed.
    pub lags: LagModel,
    /// `[slice group][contrast]`
    questions: Vec<Vec<Question>>,
    /// Smooths rho; none where each voxel keeps its own.
    taps: Option<Taps>,
}

/// What is known of the residuals, `[voxel of the grid]`, 0 outside the mask.
#[derive(Debug, Clone, PartialEq)]
pub struct Residuals {
    /// The rho that was used.
    pub rho: Vec<f64>,
    /// Each voxel's own.
    pub own_rho: Vec<f64>,
    /// Residual variance.
    pub sigma2: Vec<f64>,
    /// Volumes that were fitted.
    pub n_volumes: usize,
}

impl Autocorrelation {
    /// For a model and its contrasts. `fwhm_vox`: of the smoothing of rho, in voxels, 0 for none; nilearn's rule never smooths.
    ///
    /// # Errors
    /// Usage for a bad FWHM; internal where singular values cannot be found.
    pub fn new(
        (model, contrasts): (&Model, &[Prepared]),
        pairs: Pairs,
        rule: Rule,
        fwhm_vox: f64,
    ) -> Result<Autocorrelation> {
        let lags = LagModel::new(model, pairs, rule)?;
        let question = |group: usize, prepared: &Prepared| {
            let is_f = prepared.contrast.stat == Stat::F;
            Question::new(prepared.contrast.weights.view(), is_f, &lags.of_groups[group])
        };
        let questions = (0..lags.of_groups.len())
            .map(|group| contrasts.iter().map(|c| question(group, c)).collect())
            .collect::<Result<_>>()?;
        let smooths = fwhm_vox != 0.0 && rule == Rule::Reml;
        let taps = smooths.then(|| Taps::new(fwhm_vox, [1.0; 3], Kernel::Sampled)).transpose()?;
        Ok(Autocorrelation { lags, questions, taps })
    }

    /// Bytes that are held of each voxel until the last block is in.
    #[must_use]
    pub fn bytes_a_voxel(&self, n_regressors: usize) -> u64 {
        8 * (n_regressors + self.lags.n_rows() + 4) as u64
    }

    /// Maps of all blocks. `fitted`: the voxels that count, `[voxel]`.
    ///
    /// # Errors
    /// None but internal ones.
    pub fn decide(
        &self,
        held: &[Held],
        (shape, fitted): ([usize; 3], &[bool]),
        maps: &mut [ContrastMaps],
    ) -> Result<Residuals> {
        let mut own_rho = vec![0.0; fitted.len()];
        let mut varies = vec![false; fitted.len()];
        for part in held {
            for (&place, &square) in part.places.iter().zip(&part.sums.square) {
                varies[place] = fitted[place] && square > 0.0;
            }
            for run in part.of_one_group() {
                let rho = self.lags.of_groups[run.group].rho(&run.sums);
                run.places.iter().zip(rho).for_each(|(&place, rho)| own_rho[place] = rho);
            }
        }
        let rho = match &self.taps {
            Some(taps) => smoothed(&own_rho, varies, shape, taps)?,
            None => own_rho.clone(),
        };
        let mut sigma2 = vec![0.0; fitted.len()];
        for run in held.iter().flat_map(Held::of_one_group) {
            let ar1 = &self.lags.of_groups[run.group];
            let of_voxels: Vec<f64> = run.places.iter().map(|&place| rho[place]).collect();
            let questions = &self.questions[run.group];
            let solved = ar1.solve((&run.sums, run.beta.view()), &of_voxels, questions);
            for (&place, value) in run.places.iter().zip(solved.sigma2) {
                sigma2[place] = value;
            }
            for (answer, maps) in solved.answers.into_iter().zip(maps.iter_mut()) {
                let (effect, variance, stat) = (answer.effect, answer.variance, answer.stat);
                maps.put(&ContrastValues { effect, variance, stat }, run.places, fitted);
            }
        }
        let n_volumes = self.lags.pairs.gap_of.len();
        Ok(Residuals { rho, own_rho, sigma2, n_volumes })
    }
}

/// What is held of a block.
#[derive(Debug)]
pub struct Held {
    /// Of each voxel, its position in the grid.
    pub places: Vec<usize>,
    /// Ordinary least squares.
    pub fit: HostFit,
    /// Of its residuals.
    pub sums: Sums,
}

/// Voxels of one slice group.
struct OneGroup<'a> {
    group: usize,
    places: &'a [usize],
    sums: Sums,
    beta: Array2<f64>,
}

impl Held {
    /// The block's voxels in stretches of one slice group.
    fn of_one_group(&self) -> Vec<OneGroup<'_>> {
        let mut first = 0;
        let stretch = |same: &[u32]| {
            let range = first..first + same.len();
            first = range.end;
            OneGroup {
                group: same[0] as usize,
                places: &self.places[range.clone()],
                sums: self.sums.of(range.clone()),
                beta: self.fit.beta.slice(ndarray::s![.., range]).as_standard_layout().into_owned(),
            }
        };
        self.fit.slice_group.chunk_by(|a, b| a == b).map(stretch).collect()
    }
}

/// Smoothed over the voxels that vary; the others keep what they have.
fn smoothed(map: &[f64], varies: Vec<bool>, shape: [usize; 3], taps: &Taps) -> Result<Vec<f64>> {
    let mut affine = [[0.0; 4]; 4];
    (0..4).for_each(|d| affine[d][d] = 1.0);
    let grid = Grid { shape, affine, voxel_size_mm: [1.0; 3] };
    let within = Mask { grid, inside: varies };
    let data = map.iter().map(|&v| v as f32).collect();
    let bold = Bold::Host(HostBold::new(Block::whole(shape, 1), data));
    let device = Device::cpu();
    let Bold::Host(smooth) = smooth::smooth(&mut device.tape(), bold, taps, Some(&within))? else {
        return Ok(map.to_vec());
    };
    let pairs = smooth.data.iter().zip(map).zip(&within.inside);
    Ok(pairs.map(|((&smooth, &own), &varies)| if varies { f64::from(smooth) } else { own }).collect())
}

impl Residuals {
    /// The mean of rho over the voxels that vary.
    #[must_use]
    pub fn mean_rho(&self) -> f64 {
        let (sum, n) = self.varying().fold((0.0, 0), |(sum, n), voxel| (sum + self.rho[voxel], n + 1));
        if n == 0 { 0.0 } else { sum / f64::from(n) }
    }

    /// The share of varying voxels whose own rho lies further than 1.96 standard errors, sqrt((1 - rho²) / n), from the one that
    /// was used: .05 where first-order noise of that rho is all there is (the square is Ljung and Box's statistic at lag 1).
    #[must_use]
    pub fn share_off(&self) -> f64 {
        let off = |&voxel: &usize| {
            let error = ((1.0 - self.rho[voxel].powi(2)) / self.n_volumes as f64).sqrt();
            (self.own_rho[voxel] - self.rho[voxel]).abs() > 1.96 * error
        };
        let n = self.varying().count();
        if n == 0 { 0.0 } else { self.varying().filter(off).count() as f64 / n as f64 }
    }

    fn varying(&self) -> impl Iterator<Item = usize> {
        (0..self.sigma2.len()).filter(|&voxel| self.sigma2[voxel] > 0.0)
    }
}

