//! Plain data of results: a map, what it shows, its degrees of freedom, and how far it may lie from its f64 rerun. Names of
//! outputs are entities in the manner of BIDS derivatives. No I/O.

use std::sync::Arc;

use serde_json::{Map as Fields, Value, json};

mod entities;

pub use entities::Entities;

/// What a map shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Quantity {
    /// 1 where a voxel was fitted, else 0.
    Mask,
    /// Weights times estimates, BOLD units.
    Effect,
    /// Its variance, squared BOLD units.
    Variance,
    /// The effect at the peak of the response to one event, percent of the voxel's mean.
    Percent,
    /// t.
    T,
    /// F.
    F {
        /// Degrees of freedom of the numerator; the smallest where they vary.
        dof1: f64,
    },
    /// Normal deviate of the statistic's upper tail.
    Z,
    /// The upper tail, one-sided.
    P,
    /// Partial R², 0 to 1.
    RSquare,
    /// Adjusted partial R², up to 1.
    AdjustedRSquare,
    /// Mean over standard deviation.
    Tsnr,
    /// Percent.
    TsnrGain,
    /// Degrees of freedom, where they vary between voxels.
    Dof,
    /// Correlation of a residual with the one a volume before.
    Rho,
    /// a of ARMA(1,1), the decay of its correlations.
    ArmaA,
    /// b of ARMA(1,1).
    ArmaB,
    /// Variance of the residuals, squared BOLD units.
    ResidualVariance,
    /// R² of the whole model about the mean.
    ModelRSquare,
    /// T2*, seconds.
    T2star,
    /// Signal at an echo time of 0, BOLD units.
    S0,
    /// Echoes with signal.
    GoodEchoes,
    /// R² of the decay over the echoes.
    DecayRSquare,
    /// Subjects behind a value.
    Subjects,
    /// Variance of an effect between subjects.
    TauSquare,
    /// Hedges g.
    HedgesG,
    /// Partial eta squared.
    PartialEtaSquare,
    /// p by rearrangement.
    PermutationP,
    /// p corrected for all voxels.
    CorrectedP,
    /// t or F, enhanced by its clusters.
    Tfce,
    /// Fisher's z of a correlation, atanh r.
    FisherZ,
}

impl Quantity {
    /// What a sidecar says it is, and its units.
    fn said(self) -> (&'static str, Option<&'static str>) {
        match self {
            Quantity::Mask => ("mask", None),
            Quantity::Effect => ("effect", Some("BOLD units")),
            Quantity::Variance => ("variance of the effect", Some("squared BOLD units")),
            Quantity::Percent => ("percent signal change", Some("percent")),
            Quantity::T => ("t", Some("dimensionless")),
            Quantity::F { .. } => ("F", Some("dimensionless")),
            Quantity::Z => ("z", Some("dimensionless")),
            Quantity::P => ("p, upper tail", Some("probability")),
            Quantity::RSquare => ("partial R square", Some("share of variance")),
            Quantity::AdjustedRSquare => ("adjusted partial R square", Some("share of variance")),
            Quantity::Tsnr => ("temporal signal-to-noise ratio", Some("dimensionless")),
            Quantity::TsnrGain => ("gain of temporal signal-to-noise ratio", Some("percent")),
            Quantity::Dof => ("degrees of freedom", Some("dimensionless")),
            Quantity::ArmaA => ("a of ARMA(1,1)", Some("dimensionless")),
            Quantity::ArmaB => ("b of ARMA(1,1)", Some("dimensionless")),
            Quantity::Rho => ("autocorrelation of residuals at lag 1", Some("dimensionless")),
            Quantity::ResidualVariance => ("residual variance", Some("squared BOLD units")),
            Quantity::ModelRSquare | Quantity::DecayRSquare => {
                ("R square", Some("share of variance"))
            }
            Quantity::T2star => ("T2*", Some("s")),
            Quantity::S0 => ("S0", Some("BOLD units")),
            Quantity::GoodEchoes => ("number of echoes with signal", None),
            Quantity::Subjects => ("number of subjects", None),
            Quantity::TauSquare => ("variance between subjects", Some("squared BOLD units")),
            Quantity::HedgesG => ("Hedges g", Some("standard deviations")),
            Quantity::PartialEtaSquare => ("partial eta squared", Some("share of variance")),
            Quantity::PermutationP => ("p, by rearrangement", Some("probability")),
            Quantity::CorrectedP => ("p, family-wise corrected", Some("probability")),
            Quantity::Tfce => ("threshold-free cluster enhancement", Some("arbitrary")),
            Quantity::FisherZ => ("Fisher z of a correlation", Some("dimensionless")),
        }
    }

    /// The value of the `stat` entity.
    #[must_use]
    pub fn stat(self) -> &'static str {
        match self {
            Quantity::Mask => "mask",
            Quantity::Effect => "effect",
            Quantity::Variance => "variance",
            Quantity::Percent => "psc",
            Quantity::T => "t",
            Quantity::F { .. } => "F",
            Quantity::Z => "z",
            Quantity::P => "p",
            Quantity::RSquare => "rSquare",
            Quantity::AdjustedRSquare => "adjustedRSquare",
            Quantity::Tsnr => "tsnr",
            Quantity::TsnrGain => "tsnrGain",
            Quantity::Dof => "dof",
            Quantity::Rho => "rho",
            Quantity::ArmaA => "armaA",
            Quantity::ArmaB => "armaB",
            Quantity::ResidualVariance => "residualVariance",
            Quantity::ModelRSquare | Quantity::DecayRSquare => "rSquare",
            Quantity::T2star => "t2star",
            Quantity::S0 => "s0",
            Quantity::GoodEchoes => "goodEchoes",
            Quantity::Subjects => "n",
            Quantity::TauSquare => "tauSquare",
            Quantity::HedgesG => "hedgesG",
            Quantity::PartialEtaSquare => "etaSquare",
            Quantity::PermutationP | Quantity::CorrectedP => "p",
            Quantity::Tfce => "tfce",
            Quantity::FisherZ => "fisherz",
        }
    }
}

/// Residual degrees of freedom of a map.
#[derive(Debug, Clone, PartialEq)]
pub enum Dof {
    /// The same everywhere.
    Uniform(f64),
    /// Those of each slice-time group.
    PerGroup {
        /// For each group.
        dof: Vec<f64>,
        /// For each plane k, its group.
        slice_group_of_plane: Vec<usize>,
    },
    /// `[voxel]`
    PerVoxel(Vec<f32>),
}

/// Degrees of freedom as a person reads them: whole ones as they are, others to a tenth.
#[must_use]
pub fn told(dof: f64) -> String {
    if (dof - dof.round()).abs() < 1e-9 { format!("{dof:.0}") } else { format!("{dof:.1}") }
}

impl Dof {
    /// Of groups: uniform where they all agree.
    #[must_use]
    pub fn of_groups(dof: &[f64], slice_group_of_plane: &[usize]) -> Dof {
        match dof {
            [] => Dof::Uniform(0.0),
            [first, rest @ ..] if rest.iter().all(|d| d == first) => Dof::Uniform(*first),
            _ => Dof::PerGroup {
                dof: dof.to_vec(),
                slice_group_of_plane: slice_group_of_plane.to_vec(),
            },
        }
    }

    /// The smallest: what a header carries.
    #[must_use]
    pub fn least(&self) -> f64 {
        match self {
            Dof::Uniform(dof) => *dof,
            Dof::PerGroup { dof, .. } => dof.iter().copied().fold(f64::INFINITY, f64::min),
            Dof::PerVoxel(dof) => dof.iter().map(|&d| f64::from(d)).fold(f64::INFINITY, f64::min),
        }
    }

    /// The largest.
    #[must_use]
    pub fn most(&self) -> f64 {
        match self {
            Dof::Uniform(dof) => *dof,
            Dof::PerGroup { dof, .. } => dof.iter().copied().fold(0.0, f64::max),
            Dof::PerVoxel(dof) => f64::from(dof.iter().copied().fold(0.0, f32::max)),
        }
    }

    /// As a person reads them: `5`, or `3 to 5` where they vary.
    #[must_use]
    pub fn told(&self) -> String {
        match [self.least(), self.most()].map(told) {
            [least, most] if least == most => least,
            [least, most] => format!("{least} to {most}"),
        }
    }

    /// Of one voxel; `plane_len`: voxels in a plane.
    #[must_use]
    pub fn at(&self, voxel: usize, plane_len: usize) -> f64 {
        match self {
            Dof::Uniform(dof) => *dof,
            Dof::PerGroup { dof, slice_group_of_plane } => {
                dof[slice_group_of_plane[voxel / plane_len]]
            }
            Dof::PerVoxel(dof) => f64::from(dof[voxel]),
        }
    }

    /// So many less everywhere.
    #[must_use]
    pub fn less(&self, by: f64) -> Dof {
        match self.clone() {
            Dof::Uniform(dof) => Dof::Uniform(dof - by),
            Dof::PerGroup { dof, slice_group_of_plane } => Dof::PerGroup {
                dof: dof.into_iter().map(|dof| dof - by).collect(),
                slice_group_of_plane,
            },
            Dof::PerVoxel(dof) => {
                Dof::PerVoxel(dof.into_iter().map(|dof| dof - by as f32).collect())
            }
        }
    }

    /// Whether a map of them says more than a number.
    #[must_use]
    pub fn varies(&self) -> bool {
        !matches!(self, Dof::Uniform(_))
    }

    /// The sum, of runs that are combined; none where they vary otherwise than by equal groups.
    #[must_use]
    pub fn plus(&self, other: &Dof, shape: [usize; 3]) -> Dof {
        if let (Dof::Uniform(a), Dof::Uniform(b)) = (self, other) {
            return Dof::Uniform(a + b);
        }
        let plane_len = shape[0] * shape[1];
        let sum = |voxel| (self.at(voxel, plane_len) + other.at(voxel, plane_len)) as f32;
        Dof::PerVoxel((0..plane_len * shape[2]).map(sum).collect())
    }
}

impl Map {
    /// Allow also what lies between its values and another map's, of equal rows and voxels.
    pub fn allow_up_to(&mut self, other: &[Arc<Vec<f32>>]) {
        self.allow_towards(other, |_| 1.0);
    }

    /// The same, where the other map is what t's relative bound of the f64 path makes of the values: in proportion to that bound.
    pub fn allow_in_proportion(&mut self, other: &[Arc<Vec<f32>>]) {
        self.allow_towards(other, |bounds| bounds.rtol / Bounds::F64.rtol);
    }

    fn allow_towards(&mut self, other: &[Arc<Vec<f32>>], times: fn(Bounds) -> f64) {
        let (own, values, other) = (self.tolerance.clone(), self.values.clone(), other.to_vec());
        self.tolerance = Tolerance::of(move |bounds, row, voxel| {
            let between = f64::from(values[row][voxel]) - f64::from(other[row][voxel]);
            own.at(bounds, row, voxel) + times(bounds) * between.abs()
        });
    }
}

/// Error bounds of what a device computed, against the f64 path; everything else follows from them (docs/accuracy.md).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Absolute part of t's bound, in units of t.
    pub atol: f64,
    /// Relative part.
    pub rtol: f64,
    /// Of a run, relative to the largest absolute value near the voxel.
    pub image: f64,
    /// Of a covariance over time, relative to its largest eigenvalue.
    pub covariance: f64,
    /// Of DVARS, relative.
    pub dvars: f64,
}

impl Bounds {
    /// All arithmetic in f32.
    pub const F32: Bounds =
        Bounds { atol: 2e-4, rtol: 1e-4, image: 2e-6, covariance: 8e-6, dvars: 1e-5 };
    /// f64 accumulators, f32 between rooms.
    pub const F64_ACCUMULATORS: Bounds =
        Bounds { atol: 2e-5, rtol: 1e-5, image: 2.5e-7, covariance: 2.4e-7, dvars: 2e-7 };
    /// The f64 path itself, on another machine.
    pub const F64: Bounds = Bounds { covariance: 1e-12, dvars: 1e-12, ..Bounds::F64_ACCUMULATORS };

    /// The bounds of what a device computed, by its reported precision.
    #[must_use]
    pub fn of(precision: &str) -> Bounds {
        match precision {
            "f32" => Bounds::F32,
            "f64" => Bounds::F64,
            _ => Bounds::F64_ACCUMULATORS,
        }
    }

    /// What t may be off by.
    #[must_use]
    pub fn t(self, t: f64) -> f64 {
        self.atol + self.rtol * t.abs()
    }

    /// What F may be off by: F of one row = t^2; of more rows no worse.
    #[must_use]
    pub fn f(self, f: f64) -> f64 {
        2.0 * f.abs().sqrt() * self.t(f.abs().sqrt()) + self.atol.powi(2)
    }
}

/// What the value of a row at a voxel may differ by from its f64 rerun.
#[derive(Clone)]
pub struct Tolerance(Arc<dyn Fn(Bounds, usize, usize) -> f64 + Send + Sync>);

impl Tolerance {
    /// No difference.
    #[must_use]
    pub fn exact() -> Tolerance {
        Tolerance::of(|_, _, _| 0.0)
    }

    /// By the device's bounds, the row and the voxel.
    #[must_use]
    pub fn of(off: impl Fn(Bounds, usize, usize) -> f64 + Send + Sync + 'static) -> Tolerance {
        Tolerance(Arc::new(off))
    }

    /// At a row and voxel.
    #[must_use]
    pub fn at(&self, bounds: Bounds, row: usize, voxel: usize) -> f64 {
        (self.0)(bounds, row, voxel)
    }
}

impl std::fmt::Debug for Tolerance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tolerance")
    }
}

/// Half a step of f32 at a value, and what stands for it at 0: every map is rounded once.
#[must_use]
pub fn rounding(value: f64) -> f64 {
    1e-7 * value.abs() + f64::from(f32::MIN_POSITIVE)
}

/// One result over a grid.
#[derive(Debug, Clone)]
pub struct Map {
    /// Its name.
    pub entities: Entities,
    /// What it shows.
    pub quantity: Quantity,
    /// Residual degrees of freedom behind it.
    pub dof: Dof,
    /// What it shows, in a sentence.
    pub description: String,
    /// What was asked, for its sidecar: the contrast and its weights, or the columns that were tested.
    pub asked: Fields<String, Value>,
    /// How far it may lie from its f64 rerun.
    pub tolerance: Tolerance,
    /// `[row][voxel]`: one row but for effects and variances of F; 0 (p 1) outside the mask.
    pub values: Vec<Arc<Vec<f32>>>,
}

impl Map {
    /// The voxels of a mask `[voxel]`.
    #[must_use]
    pub fn of_mask(entities: Entities, inside: &[bool]) -> Map {
        let values = inside.iter().map(|&v| f32::from(u8::from(v))).collect();
        Map {
            entities,
            quantity: Quantity::Mask,
            dof: Dof::Uniform(0.0),
            description: "Voxels that were fitted: 1, others 0".to_owned(),
            asked: Fields::new(),
            tolerance: Tolerance::exact(),
            values: vec![Arc::new(values)],
        }
    }
}

impl Map {
    /// What its sidecar says it is.
    #[must_use]
    pub fn fields(&self) -> Fields<String, Value> {
        let mut fields = Fields::new();
        fields.insert("Description".to_owned(), json!(self.description));
        let (statistic, units) = self.quantity.said();
        fields.insert("Statistic".to_owned(), json!(statistic));
        fields.extend(units.map(|units| ("Units".to_owned(), json!(units))));
        fields.extend(self.asked.clone());
        let dof = match self.quantity {
            Quantity::F { dof1 } => Some(json!([dof1, self.dof.least()])),
            Quantity::Mask | Quantity::Dof => None,
            // Of no model: of what stands in no relation to its residuals.
            _ if self.dof == Dof::Uniform(0.0) => None,
            _ => Some(json!(self.dof.least())),
        };
        let has_dof = dof.is_some();
        fields.extend(dof.map(|dof| ("DegreesOfFreedom".to_owned(), dof)));
        if has_dof && self.dof.varies() {
            let said =
                format!("The least; each voxel's are in {}", self.entities.of_dof().stem(""));
            fields.insert("DegreesOfFreedomVary".to_owned(), json!(said));
        }
        fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dof_are_uniform_where_groups_agree_and_the_header_takes_the_least() {
        assert_eq!(Dof::of_groups(&[90.0, 90.0], &[0, 1]), Dof::Uniform(90.0));
        let dof = Dof::of_groups(&[90.0, 88.0], &[1, 0, 0]);
        assert_eq!((dof.least(), dof.varies()), (88.0, true));
        assert_eq!([0, 3, 4, 11].map(|voxel| dof.at(voxel, 4)), [88.0, 88.0, 90.0, 90.0]);
        let sum = dof.plus(&Dof::Uniform(10.0), [2, 2, 3]);
        assert_eq!((sum.at(3, 4), sum.at(4, 4), sum.least()), (98.0, 100.0, 98.0));
    }

    #[test]
    fn a_sidecar_names_the_map_of_degrees_of_freedom_where_they_vary() {
        let mut map = Map::of_mask(
            Entities::of("statmap").with("seed", "pcc").with("stat", "t").with("run", "2"),
            &[true],
        );
        map.quantity = Quantity::T;
        map.dof = Dof::Uniform(54.0);
        assert!(!map.fields().contains_key("DegreesOfFreedomVary"));
        map.dof = Dof::PerVoxel(vec![55.0, 54.0]);
        let fields = map.fields();
        assert_eq!(fields["DegreesOfFreedom"], json!(54.0));
        let said = "The least; each voxel's are in seed-pcc_stat-dof_run-2_statmap";
        assert_eq!(fields["DegreesOfFreedomVary"], json!(said));
    }

    #[test]
    fn what_another_device_may_find_is_allowed_up_to_where_it_is() {
        let mut map = Map::of_mask(Entities::of("mask"), &[true, false, true]);
        map.tolerance = Tolerance::of(|_, _, _| 0.25);
        map.allow_up_to(&[Arc::new(vec![1.0, 0.0, 3.5])]);
        let allowed = |voxel| map.tolerance.at(Bounds::F64, 0, voxel);
        assert_eq!([allowed(0), allowed(1), allowed(2)], [0.25, 0.25, 2.75]);
        map.tolerance = Tolerance::exact();
        map.allow_in_proportion(&[Arc::new(vec![1.0, 0.0, 3.5])]);
        let allowed = [Bounds::F64, Bounds::F32].map(|bounds| map.tolerance.at(bounds, 0, 2));
        assert!((allowed[0] - 2.5).abs() < 1e-9 && (allowed[1] - 25.0).abs() < 1e-6, "{allowed:?}");
    }
}
