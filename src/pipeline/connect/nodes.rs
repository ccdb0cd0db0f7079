//! The regions of a command on the runs' grid: seeds first, then those of an atlas.

use crate::design::label;
use crate::error::{Error, Result};
use crate::io;
use crate::pipeline::masks;
use crate::pipeline::spec::{ConnectSpec, Shape};
use crate::pipeline::watch::Watch;
use crate::volume::Grid;

/// A region.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    /// Its name, without blanks.
    pub name: String,
    /// Of the grid, ascending.
    pub voxels: Vec<usize>,
    /// Share of it that lies on the grid.
    pub on_grid: f64,
    /// The network that its table says it belongs to.
    pub network: Option<String>,
}

/// All of them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Nodes {
    /// Seeds, then the others.
    pub all: Vec<Node>,
    /// Of the seeds, as file names say them.
    pub labels: Vec<String>,
}

/// Read what is given.
///
/// # Errors
/// Missing input; usage for two of one name; bad data for what lies on another grid, or not on it at all.
pub(super) fn open(spec: &ConnectSpec, grid: &Grid, watch: &dyn Watch) -> Result<Nodes> {
    let mut all = Vec::new();
    for seed in &spec.seeds {
        let inside: Vec<bool> = match &seed.shape {
            Shape::Mask(path) => masks::mask_of(path, (grid, "the run"), watch)?.inside,
            shape => (0..grid.n_voxels())
                .map(|v| shape.holds(grid.millimetres(grid.coordinates(v))))
                .collect(),
        };
        let voxels: Vec<usize> = (0..inside.len()).filter(|&v| inside[v]).collect();
        all.push(Node { name: plain(&seed.name), voxels, on_grid: 1.0, network: None });
    }
    if let Some(path) = &spec.regions {
        let (own, _, values) = io::read_map(path)?;
        let hint = "resample the atlas to the run by nearest neighbour";
        io::check_grid(path, &own, (grid, "the run"), hint)?
            .iter()
            .for_each(|line| watch.note(line));
        let mut labels: Vec<i64> =
            values.iter().map(|v| v.round() as i64).filter(|l| *l > 0).collect();
        labels.sort_unstable();
        labels.dedup();
        let first = all.len();
        all.extend(labels.iter().map(|label| Node {
            name: format!("label_{label}"),
            voxels: Vec::new(),
            on_grid: 1.0,
            network: None,
        }));
        for (voxel, value) in values.iter().enumerate() {
            if let Ok(at) = labels.binary_search(&(value.round() as i64)) {
                all[first + at].voxels.push(voxel);
            }
        }
    }
    let names: Vec<String> = all[..spec.seeds.len()].iter().map(|n| n.name.clone()).collect();
    let labels = label::labels(&names)?;
    Ok(Nodes { all, labels })
}

/// A name without blanks, which tables could not hold.
fn plain(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join("_")
}

impl Nodes {
    /// No region at all, or one region without a map.
    ///
    /// # Errors
    /// Usage.
    pub(super) fn refuse_none(&self) -> Result<()> {
        if self.all.len() > 1 || !self.labels.is_empty() {
            return Ok(());
        }
        Err(Error::usage(
            "the command line",
            format!("gives {} regions", self.all.len()),
            "give a seed, or two regions",
            "for example --seed pcc=sphere:0,-52,26:6",
        ))
    }
}
