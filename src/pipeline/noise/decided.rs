//! What all blocks come to: rho of each voxel and the one that is used, the answers at it, and what is known of the residuals.

use rayon::prelude::*;

use super::edges::{Beyond, Gives};
use super::held::OneGroup;
use super::{
    AtEnds, Autocorrelation, Estimates, Held, OwnRho, ResidualMaps, Residuals, Series, Used,
};
use crate::error::Result;
use crate::gpu::{Bold, Device};
use crate::kernels::contrast::ContrastValues;
use crate::kernels::smooth::{self, Taps};
use crate::pipeline::decide::ContrastMaps;
use crate::stats::ar1::{Pairs, Rule, Scan, unbiased};
use crate::stats::arma11::{self, Found};
use crate::stats::gls::Solved;
use crate::volume::{Block, Grid, HostBold, Mask};

/// What the fit at the rho that is used leaves, `[voxel of the grid]`.
struct Left {
    sigma2: Vec<f64>,
    r_square: Vec<f64>,
    /// Where maps are kept.
    estimates: Option<Estimates>,
}

impl Autocorrelation {
    /// Maps of all blocks. `fitted`: the voxels that count, `[voxel]`; `sampled`: residuals of [`chosen`] voxels. Also the maps with rho beyond an
    /// edge of nilearn's bins in the voxels near one, where there are any.
    ///
    /// [`chosen`]: super::chosen
    ///
    /// # Errors
    /// None but internal ones.
    pub fn decide(
        &self,
        (held, sampled): (&[Held], &[Series]),
        (shape, fitted): ([usize; 3], &[bool]),
        maps: &mut [ContrastMaps],
    ) -> Result<(Residuals, Option<Vec<ContrastMaps>>)> {
        let own = self.own_rho(held, fitted);
        let rho = self.used_rho(held, &own, shape)?;
        let Left { sigma2, r_square, estimates } = self.answer(held, &rho, fitted, maps)?;
        if self.n_beside > 0 {
            for maps in maps.iter_mut() {
                let (shared, plane_len) = ((&maps.dof, self.n_beside), shape[0] * shape[1]);
                maps.dof = self.dof_beside(held, shared, (plane_len, fitted));
            }
        }
        let gives = self.gives(held, &own, shape)?;
        let dof = maps.first().filter(|_| self.n_beside > 0).map(|maps| maps.dof.clone());
        let Beyond { n: at_edges, contrasts: beyond, residuals: elsewhere, estimates: there } =
            self.beyond(held, (&rho, &sigma2, &gives), fitted, maps)?;
        let arma11 = self.takes_series().then(|| {
            let of = |value: fn(&Found) -> &[f64]| scattered(held, fitted.len(), value);
            [of(|found| &found.a), of(|found| &found.b)]
        });
        let (whiteness, empty_above) = rayon::join(
            || self.whiteness(sampled, fitted, (&rho, arma11.as_ref())),
            || self.empty_above(sampled, fitted),
        );
        let empty_above = empty_above?;
        let mean_share = self.mean_share(sampled, fitted);
        let is_independent = matches!(self.used, Used::Zero | Used::None { .. });
        let mean_of = if is_independent { &own.rho } else { &rho };
        let residuals = Residuals::of((&own.rho, &rho, mean_of), &sigma2, &self.lags.pairs);
        let at_ends = self.at_ends(&own.rho, arma11.as_ref(), &sigma2);
        let maps = self.keeps_maps.then(|| ResidualMaps {
            arma11: arma11.map(|both| both.map(narrow)),
            rho: narrow(rho),
            sigma2: narrow(sigma2),
            beyond: elsewhere.into_iter().map(narrow).collect(),
            give: gives.of.into_iter().map(narrow).collect(),
            r_square: narrow(r_square),
            unit: vec![1.0; fitted.len()],
            estimates,
            estimates_beyond: there,
        });
        let spanned = self.spanned(held, fitted);
        Ok((
            Residuals {
                whiteness,
                empty_above,
                mean_share,
                maps,
                spanned,
                dof,
                at_edges,
                step: if self.takes_series() { 1 } else { self.lags.pairs.step },
                near: (!self.takes_series() && !self.lags.pairs.tell_sign())
                    .then(|| self.lags.pairs.near()),
                at_ends,
                ..residuals
            },
            beyond,
        ))
    }

    fn n_volumes(&self) -> usize {
        self.lags.pairs.gap_of.len()
    }

    /// Each voxel's own, blocks beside each other.
    fn own_rho(&self, held: &[Held], fitted: &[bool]) -> OwnRho {
        let groups = &self.lags.of_groups;
        let scans: Vec<Scan> = match self.n_beside {
            0 => groups.par_iter().map(|ar1| ar1.scan()).collect(),
            _ => Vec::new(),
        };
        let of_part = |part: &Held| -> Vec<f64> {
            if self.n_beside > 0 {
                return self.rho_beside(part);
            }
            let of = |run: OneGroup<'_>| groups[run.group].rho_by(&scans[run.group], &run.sums);
            part.of_one_group().into_iter().flat_map(of).collect()
        };
        let of_parts: Vec<Vec<f64>> = held.par_iter().map(of_part).collect();
        let (mut rho, mut varies) = (vec![0.0; fitted.len()], vec![false; fitted.len()]);
        for (part, of_part) in held.iter().zip(of_parts) {
            for ((&place, own), &square) in part.places.iter().zip(of_part).zip(&part.sums.square) {
                rho[place] = own;
                varies[place] = fitted[place] && square > 0.0;
            }
        }
        OwnRho { rho, varies }
    }

    /// The one that the fit takes; of ARMA(1,1) the correlation at lag 1.
    fn used_rho(&self, held: &[Held], own: &OwnRho, shape: [usize; 3]) -> Result<Vec<f64>> {
        Ok(match &self.used {
            Used::Smoothed(taps) => smoothed(own, shape, (taps, self.n_volumes()))?,
            Used::Own => own.rho.clone(),
            Used::Arma11 => correlations(held, own.rho.len()),
            Used::Zero | Used::None { .. } => vec![0.0; own.rho.len()],
        })
    }

    /// How far off rho, or lambda, a and b, may be, where that is asked.
    fn gives(&self, held: &[Held], own: &OwnRho, shape: [usize; 3]) -> Result<Gives> {
        let mut gives = Gives { of: Vec::new(), shift: vec![0.0; own.rho.len()], n_elsewhere: 0 };
        if self.keeps_maps || self.doubts {
            gives.of = self.give(held, own, shape)?;
        }
        let is_reml = self.lags.of_groups.iter().all(|ar1| ar1.rule == Rule::Reml);
        if self.doubts && is_reml && matches!(self.used, Used::Own | Used::Smoothed(_)) {
            (gives.shift, gives.n_elsewhere) = self.elsewhere(held, own);
            if let (Used::Smoothed(taps), 1..) = (&self.used, gives.n_elsewhere) {
                let shift = OwnRho { rho: gives.shift, varies: own.varies.clone() };
                gives.shift = smoothed(&shift, shape, (taps, self.n_volumes()))?;
            }
        }
        Ok(gives)
    }

    /// By how much rho, or lambda, a and b, may be off ([`ResidualMaps::give`]); a smoothed rho by the mean of its neighbours', as it is of theirs.
    fn give(&self, held: &[Held], own: &OwnRho, shape: [usize; 3]) -> Result<Vec<Vec<f64>>> {
        let n = own.rho.len();
        if self.takes_series() {
            let of = |at: usize| {
                let mut map = vec![0.0; n];
                for part in held {
                    let give = part.found.iter().flat_map(|found| &found.give);
                    let give = give.map(|give| give.map_or(0.0, |give| give[at]));
                    part.places.iter().zip(give).for_each(|(&place, give)| map[place] = give);
                }
                map
            };
            return Ok((0..3).map(of).collect());
        }
        let mut give = vec![0.0; n];
        let has_bend = self.lags.of_groups.iter().all(|ar1| ar1.rule == Rule::Reml);
        if !has_bend || matches!(self.used, Used::Zero | Used::None { .. }) {
            return Ok(vec![give]);
        }
        for run in held.iter().flat_map(Held::of_one_group) {
            let rho: Vec<f64> = run.places.iter().map(|&place| own.rho[place]).collect();
            let ar1 = &self.lags.of_groups[run.group];
            let of_run = match run.own {
                [] => ar1.give(&run.sums, &rho),
                own => own
                    .par_iter()
                    .zip(&rho)
                    .flat_map_iter(|(own, &rho)| ar1.with(own.border()).give(own.sums(), &[rho]))
                    .collect(),
            };
            run.places.iter().zip(of_run).for_each(|(&place, of)| give[place] = of);
        }
        Ok(vec![match &self.used {
            Used::Smoothed(taps) => {
                let give = OwnRho { rho: give, varies: own.varies.clone() };
                smoothed(&give, shape, (taps, self.n_volumes()))?
            }
            _ => give,
        }])
    }

    /// Answer the contrasts into their maps.
    fn answer(
        &self,
        held: &[Held],
        rho: &[f64],
        fitted: &[bool],
        maps: &mut [ContrastMaps],
    ) -> Result<Left> {
        let n_regressors = self.lags.of_groups.first().map_or(0, |group| group.to_beta.nrows());
        let mut left = Left {
            sigma2: vec![0.0; fitted.len()],
            r_square: vec![0.0; fitted.len()],
            estimates: self.keeps_maps.then(|| Estimates::of_grid(fitted.len(), n_regressors)),
        };
        let found = held.iter().flat_map(|part| &part.found).map(Some);
        let runs = held.iter().flat_map(Held::of_one_group);
        for (run, found) in runs.zip(found.chain(std::iter::repeat(None))) {
            let mut solved = self.solve(&run, found, rho)?;
            if let Some(estimates) = &mut left.estimates {
                let is_answered = solved.answers.len() > maps.len();
                let answer = if is_answered { solved.answers.pop() } else { None };
                let beta = answer.as_ref().map_or(&*run.beta, |answer| &answer.effect);
                estimates
                    .take(run.places, beta, |at, place| fitted[place] && solved.sigma2[at] > 0.0);
            }
            let squares = run.sums.square.iter().zip(&run.sums.total);
            for ((&place, sigma2), (square, total)) in
                run.places.iter().zip(solved.sigma2).zip(squares)
            {
                if !fitted[place] {
                    continue;
                }
                left.sigma2[place] = sigma2;
                left.r_square[place] = if *total > 0.0 { 1.0 - square / total } else { 0.0 };
            }
            for (answer, maps) in solved.answers.into_iter().zip(maps.iter_mut()) {
                maps.put_covariances(&answer.covariance, run.places, fitted);
                let (effect, variance, stat) = (answer.effect, answer.variance, answer.stat);
                maps.put(&ContrastValues { effect, variance, stat }, run.places, fitted);
            }
        }
        Ok(left)
    }

    pub(super) fn solve(
        &self,
        run: &OneGroup<'_>,
        found: Option<&Found>,
        rho: &[f64],
    ) -> Result<Solved> {
        if let Some(found) = found {
            return Ok(found.solved.clone());
        }
        let of_voxels: Vec<f64> = run.places.iter().map(|&place| rho[place]).collect();
        if self.n_beside > 0 {
            return self.solve_beside(run, &of_voxels);
        }
        let (ar1, questions) = (&self.lags.of_groups[run.group], &self.questions[run.group]);
        Ok(ar1.solve((&run.sums, run.beta.view()), &of_voxels, questions))
    }
}

fn narrow(values: Vec<f64>) -> Vec<f32> {
    values.into_iter().map(|v| v as f32).collect()
}

/// What was found of each voxel, over the grid.
pub(super) fn scattered(held: &[Held], n: usize, value: impl Fn(&Found) -> &[f64]) -> Vec<f64> {
    let mut map = vec![0.0; n];
    for part in held {
        let values = part.found.iter().flat_map(|found| value(found).iter());
        part.places.iter().zip(values).for_each(|(&place, value)| map[place] = *value);
    }
    map
}

/// ARMA(1,1)'s correlation at lag 1.
fn correlations(held: &[Held], n: usize) -> Vec<f64> {
    let (a, b) = (scattered(held, n, |f| &f.a), scattered(held, n, |f| &f.b));
    a.into_iter().zip(b).map(|(a, b)| arma11::lambda(a, b)).collect()
}

/// rho smoothed over the voxels that vary, and [`unbiased`]: the mean of neighbours is off by as much as each; the others keep what they have.
///
/// # Errors
/// None but internal ones.
pub fn smoothed(
    own: &OwnRho,
    shape: [usize; 3],
    (taps, n_volumes): (&Taps, usize),
) -> Result<Vec<f64>> {
    let map = &own.rho;
    let mut affine = [[0.0; 4]; 4];
    (0..4).for_each(|d| affine[d][d] = 1.0);
    let grid = Grid { shape, affine, voxel_size_mm: [1.0; 3], is_placed: true };
    let within = Mask { grid, inside: own.varies.clone() };
    let data = map.iter().map(|&v| v as f32).collect();
    let bold = Bold::Host(HostBold::new(Block::whole(shape, 1), data));
    let device = Device::cpu();
    let Bold::Host(smooth) = smooth::smooth(&mut device.tape(), bold, taps, Some(&within))? else {
        return Ok(map.to_vec());
    };
    let pairs = smooth.data.iter().zip(map).zip(&within.inside);
    Ok(pairs
        .map(|((&smooth, &own), &varies)| match varies {
            true => unbiased(f64::from(smooth), n_volumes),
            false => own,
        })
        .collect())
}

impl Residuals {
    /// Of maps `[voxel of the grid]`, voxels' own rho, the one that was used, and the one whose mean is told; voxels without residual variance say nothing.
    fn of(
        (own, used, mean_of): (&[f64], &[f64], &[f64]),
        sigma2: &[f64],
        pairs: &Pairs,
    ) -> Residuals {
        let (mut sum, mut off, mut n) = (0.0, Some(0.0), 0.0);
        let rho_error = pairs.rho_error();
        for voxel in (0..sigma2.len()).filter(|&voxel| sigma2[voxel] > 0.0) {
            let error = rho_error.at(used[voxel]);
            let is_off = |error: f64| (own[voxel] - used[voxel]).abs() > 1.96 * error;
            n += 1.0;
            sum += mean_of[voxel];
            off = off.zip(error).map(|(off, error)| off + f64::from(u8::from(is_off(error))));
        }
        let share = |sum: f64| if n > 0.0 { sum / n } else { 0.0 };
        let (mean_rho, share_off) = (share(sum), off.map(share));
        Residuals {
            mean_rho,
            share_off,
            spanned: Vec::new(),
            dof: None,
            at_edges: 0,
            step: 1,
            near: None,
            at_ends: AtEnds::default(),
            whiteness: None,
            empty_above: None,
            mean_share: 0.0,
            maps: None,
        }
    }
}
