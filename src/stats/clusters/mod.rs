//! Clusters of a map over a mask: voxels above a threshold that touch, their extent, mass, peaks and centre.
//!
//! A cluster is a connected component of the voxels whose height is **strictly** greater than the threshold u. Its extent is their
//! number, its mass Σ (height - u) (Bullmore 1999), its centre the mean of their i, j, k weighted by height. The height is t in the upper tail and -t in
//! the lower: both tails are looked at one after the other, and no cluster spans them.
//!
//! A peak is a voxel that none of its 26 neighbours in the cluster exceeds; of equal neighbours the one of lowest index is it. A cluster's peaks are taken from the
//! highest down, each at least some distance from all that were taken (8 mm, as SPM does) and at most three.

mod labels;
mod neighbours;
mod peaks;

pub use labels::{Labeller, Largest, Measure};
pub use neighbours::{Connectivity, Neighbours};
pub use peaks::{Peak, PeakRule};

/// A side of the statistic's distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// Where t is high.
    Upper,
    /// Where t is low.
    Lower,
}

impl Tail {
    /// What t is multiplied by to be a height.
    #[must_use]
    pub fn sign(self) -> f64 {
        match self {
            Tail::Upper => 1.0,
            Tail::Lower => -1.0,
        }
    }
}

/// A cluster with all that a table says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// Indices in the mask's list, ascending.
    pub voxels: Vec<u32>,
    /// Sum of height less threshold, in units of the statistic.
    pub mass: f64,
    /// The mean of i, j, k weighted by height, in voxels.
    pub centre: [f64; 3],
    /// The highest first.
    pub peaks: Vec<Peak>,
}

impl Cluster {
    /// Voxels.
    #[must_use]
    pub fn extent(&self) -> usize {
        self.voxels.len()
    }
}

/// The clusters of both tails, or of the upper one, as [`clusters`], the one of the peak farthest from 0 first.
///
/// # Panics
/// As [`clusters`].
#[must_use]
pub fn clusters_of_tails<T: Copy + Into<f64>>(
    neighbours: &Neighbours,
    statistic: &[T],
    both: bool,
    threshold: f64,
    rule: &PeakRule,
) -> Vec<Cluster> {
    let tails: &[Tail] = if both { &[Tail::Upper, Tail::Lower] } else { &[Tail::Upper] };
    let of = |&tail: &Tail| clusters(neighbours, statistic, tail, threshold, rule);
    let mut all: Vec<Cluster> = tails.iter().flat_map(of).collect();
    let height = |cluster: &Cluster| cluster.peaks.first().map_or(0.0, |peak| peak.statistic.abs());
    all.sort_by(|a, b| height(b).total_cmp(&height(a)));
    all
}

/// The clusters of a map `[voxel]` in one tail above a threshold, the one of the highest peak first (of equal peaks, the lower index).
/// A value that is not a number is in no cluster.
///
/// # Panics
/// Where the map has another number of voxels than the mask.
#[must_use]
pub fn clusters<T: Copy + Into<f64>>(
    neighbours: &Neighbours,
    statistic: &[T],
    tail: Tail,
    threshold: f64,
    rule: &PeakRule,
) -> Vec<Cluster> {
    let mut labeller = Labeller::new(neighbours);
    let measures = labeller.measure(statistic, tail, threshold).to_vec();
    let mut members: Vec<Vec<u32>> = vec![Vec::new(); measures.len()];
    for (voxel, number) in labeller.members() {
        members[number].push(voxel);
    }
    let height = |voxel: u32| tail.sign() * statistic[voxel as usize].into();
    let of = |(measure, voxels): (Measure, Vec<u32>)| Cluster {
        mass: measure.mass,
        centre: centre(neighbours, &voxels, threshold, height),
        peaks: peaks::peaks(neighbours, &voxels, height, tail, rule),
        voxels,
    };
    let mut clusters: Vec<Cluster> = measures.into_iter().zip(members).map(of).collect();
    let top = |cluster: &Cluster| {
        cluster.peaks.first().map_or((f64::NEG_INFINITY, 0), |p| (height(p.voxel), p.voxel))
    };
    clusters.sort_by(|a, b| {
        let (a, b) = (top(a), top(b));
        b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
    });
    clusters
}

/// The mean place weighted by height; unweighted where heights of both signs pass a threshold below 0, or one is infinite.
fn centre(
    neighbours: &Neighbours,
    voxels: &[u32],
    threshold: f64,
    height: impl Fn(u32) -> f64,
) -> [f64; 3] {
    let is_weighted = threshold >= 0.0 && voxels.iter().all(|&voxel| height(voxel).is_finite());
    let (mut total, mut sum) = (0.0, [0.0; 3]);
    for &voxel in voxels {
        let weight = if is_weighted { height(voxel) } else { 1.0 };
        total += weight;
        let at = neighbours.at(voxel as usize);
        sum.iter_mut().zip(at).for_each(|(sum, along)| *sum += weight * along as f64);
    }
    sum.map(|along| along / total)
}
