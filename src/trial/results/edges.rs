//! Edges between regions, compared between the arms.

use serde::{Serialize, Serializer};

use super::{Correlation, Estimate, Test};
use crate::trial::arm::ByArm;

/// Edges that results.json lists at most: of hundreds of regions all are ten thousands.
const LISTED: usize = 1000;

/// Edges as results.json has them: those of the least p, in their order, and where all are.
#[derive(Serialize)]
struct Listed<'a> {
    regions: &'a [String],
    runs: usize,
    of_several_runs: usize,
    edges_in: &'static str,
    edges_listed: usize,
    edges_all: usize,
    rows: Vec<&'a EdgeRow>,
    motion: &'a [EdgesMotion],
}

/// What results.json has of edges.
pub(super) fn listed<S: Serializer>(part: &Option<Edges>, to: S) -> Result<S::Ok, S::Error> {
    part.as_ref().map(Listed::of).serialize(to)
}

/// All edges.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Edges {
    /// The regions, in the order in which tables first name them.
    pub regions: Vec<String>,
    /// Tables of runs that were read.
    pub runs: usize,
    /// Visits of several runs, whose z is the mean.
    pub of_several_runs: usize,
    /// An edge a row.
    pub rows: Vec<EdgeRow>,
    /// Motion against the edges over participants, at each visit and of the changes; empty where no motion is named.
    pub motion: Vec<EdgesMotion>,
}

impl Listed<'_> {
    fn of(part: &Edges) -> Listed<'_> {
        let p = |row: &EdgeRow| row.test.map_or(f64::INFINITY, |test| test.p);
        let mut places: Vec<usize> = (0..part.rows.len()).collect();
        // Of equal p the first are listed.
        places.sort_by(|a, b| p(&part.rows[*a]).total_cmp(&p(&part.rows[*b])));
        places.truncate(LISTED);
        places.sort_unstable();
        Listed {
            regions: &part.regions,
            runs: part.runs,
            of_several_runs: part.of_several_runs,
            edges_in: "edges.tsv",
            edges_listed: places.len(),
            edges_all: part.rows.len(),
            rows: places.into_iter().map(|at| &part.rows[at]).collect(),
            motion: &part.motion,
        }
    }
}

/// Motion against all edges (QC-FC).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EdgesMotion {
    /// The visit, or `change`.
    pub visit: String,
    /// The column of motion.
    pub motion: String,
    /// Participants of the edge that most have.
    pub n: usize,
    /// Edges with a correlation.
    pub edges: usize,
    /// Those of them with p < .05, not adjusted.
    pub below: usize,
    /// Median of the correlations' sizes.
    pub median_r: f64,
}

/// An edge: Fisher's z at the endpoint given that at baseline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EdgeRow {
    /// The region that tables name first.
    pub region_a: String,
    /// The other.
    pub region_b: String,
    /// Participants with z at both visits.
    pub n: ByArm<usize>,
    /// Strata of one level among those analysed, for which nothing is adjusted; empty: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub one_level: Vec<String>,
    /// Participants of the arms without.
    pub lacking: ByArm<usize>,
    /// Mean z before treatment, of those analysed.
    pub baseline: ByArm<Option<f64>>,
    /// Change of each arm at the mean baseline of both (least-squares mean); none where the edge cannot be compared.
    pub change: Option<ByArm<Estimate>>,
    /// Active minus control, adjusted for baseline: of the change as of the endpoint.
    pub difference: Option<Estimate>,
    /// Of it: t with n - rank degrees of freedom.
    pub test: Option<Test>,
    /// p adjusted for all edges that are compared (Benjamini and Hochberg).
    pub q: Option<f64>,
    /// Motion's change against the edge's, over participants; none where no motion is named.
    pub motion: Option<Correlation>,
}
