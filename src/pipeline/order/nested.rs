//! The models nested in the largest one, and what each leaves at the voxels.

use ndarray::Array2;

use super::{LEVEL, MOST_TESTED, N_SHIFTS};
use crate::design::Design;
use crate::error::{Error, Result};
use crate::gpu::{Bold, Done, Tape};
use crate::io::source::BoldSource;
use crate::kernels::contrast::{self, Contrast, Evaluated, Prepared, Stat, Wanted};
use crate::kernels::glm::{self, Estimates, HostFit, Model};
use crate::physio::Terms;
use crate::pipeline::automask::thinned;
use crate::pipeline::blocks::{Cut, Ladder, Slabs, Story, read_timed, send};
use crate::pipeline::spec::Criterion;
use crate::pipeline::watch::Watch;
use crate::stats::tails::critical_f;
use crate::volume::{Block, HostBold, SliceGroups};

/// Orders of a nested model. The interaction k of a largest M x N is min(k, M) x min(k, N).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Orders {
    cardiac: usize,
    respiratory: usize,
    interaction: usize,
}

impl Orders {
    fn most(at_most: &Terms) -> Orders {
        let (m, n) = at_most.interaction;
        Orders {
            cardiac: at_most.cardiac,
            respiratory: at_most.respiratory,
            interaction: if m * n > 0 { m.max(n) } else { 0 },
        }
    }

    /// Whether the series hold the orders of the interaction, as far as `at_most` lets them.
    fn are_hierarchical(self, at_most: &Terms) -> bool {
        let (m, n) = self.terms(at_most).interaction;
        self.cardiac >= m.min(at_most.cardiac) && self.respiratory >= n.min(at_most.respiratory)
    }

    /// With the slow terms of the largest model.
    pub fn terms(self, at_most: &Terms) -> Terms {
        let (m, n) = at_most.interaction;
        Terms {
            cardiac: self.cardiac,
            respiratory: self.respiratory,
            interaction: (self.interaction.min(m), self.interaction.min(n)),
            slow: at_most.slow.clone(),
        }
    }
}

/// Every nested model that BIC compares, the smallest first.
pub(super) fn models(at_most: &Terms) -> Vec<Terms> {
    let most = Orders::most(at_most);
    let mut models = Vec::new();
    for interaction in 0..=most.interaction {
        for cardiac in 0..=most.cardiac {
            for respiratory in 0..=most.respiratory {
                let orders = Orders { cardiac, respiratory, interaction };
                if orders.are_hierarchical(at_most) {
                    models.push(orders.terms(at_most));
                }
            }
        }
    }
    models.sort_by_key(Terms::n_columns);
    models
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Series {
    Cardiac,
    Respiratory,
    Interaction,
}

impl Series {
    pub fn name(self) -> &'static str {
        match self {
            Series::Cardiac => "cardiac",
            Series::Respiratory => "respiratory",
            Series::Interaction => "interaction",
        }
    }
}

/// An order that the F test adds to the orders below it, the other series being in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub series: Series,
    pub order: usize,
    most: Orders,
}

/// Every order that is tested: cardiac, respiratory, then the interactions.
pub(super) fn steps(at_most: &Terms) -> Vec<Step> {
    let most = Orders::most(at_most);
    [
        (Series::Cardiac, most.cardiac),
        (Series::Respiratory, most.respiratory),
        (Series::Interaction, most.interaction),
    ]
    .into_iter()
    .flat_map(|(series, last)| (1..=last).map(move |order| Step { series, order, most }))
    .collect()
}

impl Step {
    /// The model with the series up to `order` and all of the others.
    fn up_to(self, order: usize) -> Orders {
        match self.series {
            Series::Cardiac => Orders { cardiac: order, ..self.most },
            Series::Respiratory => Orders { respiratory: order, ..self.most },
            Series::Interaction => Orders { interaction: order, ..self.most },
        }
    }

    pub fn kept_after(self, kept: Orders) -> Orders {
        match self.series {
            Series::Cardiac => Orders { cardiac: self.order, ..kept },
            Series::Respiratory => Orders { respiratory: self.order, ..kept },
            Series::Interaction => Orders { interaction: self.order, ..kept },
        }
    }

    /// Whether the orders below this one are kept, and those that an interaction stands on.
    pub fn follows(self, kept: Orders, at_most: &Terms) -> bool {
        let before = match self.series {
            Series::Cardiac => kept.cardiac,
            Series::Respiratory => kept.respiratory,
            Series::Interaction => kept.interaction,
        };
        before + 1 == self.order && self.kept_after(kept).are_hierarchical(at_most)
    }
}

/// A run's columns: `design` in every model, `slices` those of the largest terms.
#[derive(Debug, Clone, Copy)]
pub struct Columns<'a> {
    /// Task, confounds, drift, constant.
    pub design: &'a Design,
    /// Of the largest terms, by slice time.
    pub slices: &'a SliceGroups,
    /// Degrees of freedom that an earlier correction took.
    pub dof_spent: f64,
}

/// Sums over voxels: of BIC by model, or of p < .05 by test, then by test for each shift.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gathered {
    /// Voxels compared.
    pub n_voxels: usize,
    /// In the order of the models or tests, `[model]` or `[own columns, then shift][test]`.
    pub sums: Vec<f64>,
}

impl Gathered {
    /// Another run's, or another block's.
    pub fn add(&mut self, other: Gathered) {
        self.n_voxels += other.n_voxels;
        self.sums.resize(other.sums.len(), 0.0);
        self.sums.iter_mut().zip(other.sums).for_each(|(sum, more)| *sum += more);
    }
}

/// The columns that a nested model leaves out.
struct LeftOut {
    n: usize,
    /// Which of the fitting's contrasts asks for them; none where no column is left out.
    contrast: Option<usize>,
}

/// What is summed up over voxels.
enum Compared {
    /// BIC of a nested model.
    Model(LeftOut),
    /// Whether an order has p < .05: the model without it and with it.
    Step([LeftOut; 2]),
}

/// A model that is fitted, and the nested ones that it is compared with.
struct Fitting {
    model: Model,
    /// The F of each set of columns that some nested model leaves out.
    left_out: Vec<Prepared>,
    compared: Vec<Compared>,
}

/// The largest model, ready to be fitted; for F tests also with its columns once more, shifted in time.
pub struct Largest {
    fittings: Vec<Fitting>,
    most_voxels: usize,
}

impl Largest {
    /// The models that are fitted.
    pub fn models(&self) -> impl Iterator<Item = &Model> {
        self.fittings.iter().map(|fitting| &fitting.model)
    }

    /// `at_most`: the terms whose columns `columns.slices` holds.
    ///
    /// # Errors
    /// Bad data where columns depend on each other, or leave no degree of freedom.
    pub fn new(
        columns: &Columns<'_>,
        n_planes: usize,
        at_most: &Terms,
        by: Criterion,
    ) -> Result<Largest> {
        let Columns { design, slices, .. } = columns;
        let n_common = design.names.len();
        let model = columns.model(slices, n_planes)?;
        if by == Criterion::Bic {
            let mut fitting = Fitting { model, left_out: Vec::new(), compared: Vec::new() };
            for terms in models(at_most) {
                let left_out = fitting.left_out(n_common, at_most, &terms)?;
                fitting.compared.push(Compared::Model(left_out));
            }
            return Ok(Largest { fittings: vec![fitting], most_voxels: usize::MAX });
        }
        let mut fittings = vec![tested(model, n_common, at_most)?];
        for shift in shifts(design.matrix.nrows()) {
            let model = columns.model(&with_shifted(slices, shift), n_planes).map_err(too_many)?;
            fittings.push(tested(model, n_common + slices.names.len(), at_most)?);
        }
        Ok(Largest { fittings, most_voxels: MOST_TESTED })
    }

    /// Fit the voxels inside the mask, `[voxel]`, that are finite and vary, and sum up.
    ///
    /// # Errors
    /// Reading and device errors.
    pub fn gather(
        &self,
        ladder: &mut Ladder,
        source: &mut dyn BoldSource,
        inside: &[bool],
        watch: &dyn Watch,
    ) -> Result<Gathered> {
        let [nx, ny, _] = source.shape();
        let asked = Slabs {
            results: self.fittings.iter().map(Fitting::bytes).sum::<usize>() as u64,
            a_plane: nx * ny * self.fittings.iter().map(Fitting::bytes_a_voxel).sum::<usize>(),
            ..Slabs::default()
        };
        let blocks = ladder.slabs(source, asked)?.unwrap_or_default();
        let inside = thinned(inside, self.most_voxels);
        watch.stage("order", blocks.len());
        let fittings = &self.fittings;
        let mut story = Gathering { source, inside, fittings, all: Gathered::default() };
        ladder.climb(blocks, Cut::Planes { halo: 0 }, watch, &mut story)?;
        Ok(story.all)
    }
}

/// Read, fit each largest model, evaluate what its nested models leave out.
struct Gathering<'a> {
    source: &'a mut dyn BoldSource,
    inside: Vec<bool>,
    fittings: &'a [Fitting],
    all: Gathered,
}

impl Story for Gathering<'_> {
    /// For each largest model.
    type Begun = Vec<(Estimates, Evaluated)>;

    fn begin(&mut self, tape: &mut Tape<'_>, block: &Block) -> Result<Self::Begun> {
        let host = read_timed(tape, self.source, block)?;
        let voxels = usable(&host, &self.inside);
        let bold = send(tape, self.source, host)?;
        let fitted = self.fittings.iter().map(|Fitting { model, left_out, .. }| {
            let fit = glm::fit(tape, &bold, &voxels, model)?;
            let values = contrast::evaluate(tape, &fit, left_out, Wanted::Statistics)?;
            Ok((glm::download(tape, fit)?, values))
        });
        let fitted = fitted.collect();
        if let Bold::Host(host) = bold {
            self.source.reuse(host.data);
        }
        fitted
    }

    fn finish(&mut self, done: &Done<'_>, begun: Self::Begun) -> Result<()> {
        let mut here = Gathered::default();
        for (Fitting { model, compared, .. }, (estimates, values)) in
            self.fittings.iter().zip(begun)
        {
            let stats = values.read(done)?.into_iter().map(|values| values.stat).collect();
            let fitted = Fitted { estimates: estimates.read(done)?, stats, model };
            if here.sums.is_empty() {
                here.n_voxels = fitted.varying().count();
            }
            here.sums.extend(compared.iter().map(|compared| fitted.sum(compared)));
        }
        self.all.add(here);
        Ok(())
    }
}

impl Columns<'_> {
    fn model(&self, slices: &SliceGroups, n_planes: usize) -> Result<Model> {
        let Design { names, matrix, .. } = self.design;
        Model::new(matrix, names, Some(slices), n_planes, self.dof_spent)
    }
}

/// The largest model can be fitted, but not with its columns once more.
fn too_many(error: Error) -> Error {
    Error::bad_data(
        "--choose-order f-test",
        "fits the physiological columns twice, as they are and shifted, which leaves no degree of freedom",
        "have more volumes than columns",
        "ask for lower orders with --terms, or take --choose-order bic",
    )
    .caused_by(error)
}

/// Every order's test, its columns standing from `first` on.
fn tested(model: Model, first: usize, at_most: &Terms) -> Result<Fitting> {
    let mut fitting = Fitting { model, left_out: Vec::new(), compared: Vec::new() };
    for step in steps(at_most) {
        let mut left_out =
            |orders: Orders| fitting.left_out(first, at_most, &orders.terms(at_most));
        let pair = [left_out(step.up_to(step.order - 1))?, left_out(step.up_to(step.order))?];
        fitting.compared.push(Compared::Step(pair));
    }
    Ok(fitting)
}

/// Volumes by which the columns are shifted round the run: from a tenth of it to nine tenths.
fn shifts(n_volumes: usize) -> impl Iterator<Item = usize> {
    (0..N_SHIFTS).map(move |j| n_volumes * (9 + 4 * j) / 90)
}

/// The columns, and once more with volume t holding what belongs to volume t - shift.
fn with_shifted(slices: &SliceGroups, shift: usize) -> SliceGroups {
    let mut both = slices.clone();
    both.names.extend(slices.names.iter().map(|name| format!("{name}_shifted")));
    for (both, columns) in both.columns.iter_mut().zip(&slices.columns) {
        let (n, p) = columns.dim();
        *both = Array2::from_shape_fn((n, 2 * p), |(t, c)| match c.checked_sub(p) {
            None => columns[[t, c]],
            Some(c) => columns[[(t + n - shift) % n, c]],
        });
    }
    both
}

impl Fitting {
    /// Bytes of the model and of what is prepared for its contrasts.
    fn bytes(&self) -> usize {
        let values = |prepared: &Prepared| {
            let Prepared { contrast, row_variance, inner, .. } = prepared;
            let of_groups = row_variance.iter().map(Vec::len).chain(inner.iter().map(Array2::len));
            contrast.weights.len() + of_groups.sum::<usize>()
        };
        self.model.bytes() + size_of::<f64>() * self.left_out.iter().map(values).sum::<usize>()
    }

    /// Bytes of a voxel's estimates and statistics, each once where it was made and once as it was read.
    fn bytes_a_voxel(&self) -> usize {
        2 * size_of::<f64>() * (self.model.names.len() + 2 + self.left_out.len())
    }

    /// The contrast that picks the columns of `at_most`, standing from `first` on, which `terms` does not have.
    fn left_out(&mut self, first: usize, at_most: &Terms, terms: &Terms) -> Result<LeftOut> {
        let kept = terms.names();
        let names = at_most.names();
        let positions: Vec<usize> = (0..names.len())
            .filter(|&at| !kept.contains(&names[at]))
            .map(|at| first + at)
            .collect();
        if positions.is_empty() {
            return Ok(LeftOut { n: 0, contrast: None });
        }
        let mut weights = Array2::zeros((positions.len(), self.model.names.len()));
        for (row, &column) in positions.iter().enumerate() {
            weights[[row, column]] = 1.0;
        }
        let contrast = Contrast { name: "left out".to_owned(), stat: Stat::F, weights };
        let prepared = Prepared::new(contrast, &self.model).map_err(|e| {
        Error::bad_data(
            format!("--choose-order with --terms {at_most}"),
            "has columns that depend on others, so orders cannot be told apart",
            "have independent columns",
            "ask for lower orders, or leave confounds out that hold the same; bic needs no shifted columns",
        )
        .caused_by(e)
    })?;
        self.left_out.push(prepared);
        Ok(LeftOut { n: positions.len(), contrast: Some(self.left_out.len() - 1) })
    }
}

/// Voxels of the mask that are finite in every volume, as positions in one volume of the block.
fn usable(bold: &HostBold, inside: &[bool]) -> Vec<u32> {
    let block = &bold.block;
    let first = block.planes.start * block.plane_len();
    let mut keep = inside[first..first + block.volume_len()].to_vec();
    bold.missing().iter().for_each(|&at| keep[at as usize] = false);
    (0..keep.len()).filter(|&at| keep[at]).map(|at| at as u32).collect()
}

/// The largest model fitted to a block.
struct Fitted<'a> {
    estimates: HostFit,
    /// F of each contrast, `[contrast][voxel]`.
    stats: Vec<Vec<f64>>,
    model: &'a Model,
}

impl Fitted<'_> {
    fn sum(&self, compared: &Compared) -> f64 {
        match compared {
            Compared::Model(left_out) => self.bic(left_out),
            Compared::Step(step) => self.n_significant(step),
        }
    }

    /// Voxels with residuals and their group; a constant one tells nothing.
    fn varying(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let HostFit { slice_group, sigma2, .. } = &self.estimates;
        (0..slice_group.len()).filter(|&v| sigma2[v] > 0.0).map(|v| (v, slice_group[v] as usize))
    }

    /// Residual sum of squares of a nested model at each voxel.
    fn rss(&self, left_out: &LeftOut) -> Vec<f64> {
        let HostFit { slice_group, sigma2, .. } = &self.estimates;
        let rss = |v: usize| {
            let f = left_out.contrast.map_or(0.0, |c| self.stats[c][v]);
            sigma2[v] * (self.model.solvers[slice_group[v] as usize].dof + left_out.n as f64 * f)
        };
        (0..slice_group.len()).map(rss).collect()
    }

    /// Sum over voxels of n ln(RSS/n) + k ln n.
    fn bic(&self, left_out: &LeftOut) -> f64 {
        let n = self.model.n_volumes() as f64;
        let rss = self.rss(left_out);
        let bic = |(v, group): (usize, usize)| {
            let k = self.model.solvers[group].rank - left_out.n;
            n * (rss[v] / n).ln() + k as f64 * n.ln()
        };
        self.varying().map(bic).sum()
    }

    /// Voxels at which the partial F of an order has p < .05.
    fn n_significant(&self, [without, with]: &[LeftOut; 2]) -> f64 {
        let (small, large) = (self.rss(without), self.rss(with));
        let dof1 = (without.n - with.n) as f64;
        let solvers = &self.model.solvers;
        let limits: Vec<(f64, f64)> = solvers
            .iter()
            .map(|s| s.dof + with.n as f64)
            .map(|dof2| (dof2, critical_f(LEVEL, dof1, dof2)))
            .collect();
        let is_significant = |&(v, group): &(usize, usize)| {
            let (dof2, critical) = limits[group];
            (small[v] - large[v]) / dof1 > critical * large[v] / dof2
        };
        self.varying().filter(is_significant).count() as f64
    }
}
