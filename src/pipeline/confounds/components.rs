//! Principal components as named columns.

use super::{Column, Kind};
use crate::error::{Error, Result};
use crate::kernels::covariance::{Covariance, Filter};
use crate::pipeline::spec::Keep;
use crate::stats::principal::PrincipalComponents;

/// Of the largest singular value; below it a component is the rounding of C, which holds squares.
const NOISE: f64 = 1e-7;

/// Whose components.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Region {
    Csf,
    WhiteMatter,
    Combined,
    Variable,
}

impl Region {
    /// What columns begin with, fMRIPrep's name of the mask, and how messages call it.
    fn names(self) -> [&'static str; 3] {
        match self {
            Region::Csf => ["c_comp_cor_", "CSF", "CSF"],
            Region::WhiteMatter => ["w_comp_cor_", "WM", "white matter"],
            Region::Combined => ["a_comp_cor_", "combined", "CSF and white matter together"],
            Region::Variable => ["t_comp_cor_", "temporal", "the most variable voxels"],
        }
    }

    fn method(self) -> &'static str {
        if self == Region::Variable { "tCompCor" } else { "aCompCor" }
    }
}

/// One principal component of a region, as fMRIPrep describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Component {
    /// `aCompCor` or `tCompCor`.
    pub method: &'static str,
    /// `CSF`, `WM`, `combined`, or `temporal`.
    pub mask: &'static str,
    /// Singular value of the filtered series.
    pub singular_value: f64,
    /// Share of their variance.
    pub variance_explained: f64,
    /// The same of this and all larger components.
    pub cumulative_variance_explained: f64,
    /// How far its column may turn, times the relative error of the covariance: large where its neighbour explains nearly
    /// as much.
    pub turn: f64,
}

/// A region's columns.
pub(super) struct Components {
    pub(super) columns: Vec<Column>,
    pub(super) dropped: Vec<Component>,
    pub(super) note: String,
}

/// Decompose, and keep as many as are asked for.
pub(super) fn find(
    region: Region,
    covariance: &Covariance,
    keep: Keep,
    filter: &Filter,
) -> Result<Components> {
    let [prefix, mask, called] = region.names();
    let refused = |found: String, expected: String| {
        let hint = "check that the mask fits the run, erode less, or ask for fewer components";
        Error::bad_data(format!("the region of {prefix}* ({called})"), found, expected, hint)
    };
    let n_voxels = covariance.n_voxels;
    let at_most = n_voxels.min(filter.rank_left());
    let asked = if let Keep::Count(count) = keep { count } else { 1 };
    if asked == 0 {
        return Err(refused("is asked for 0 components".to_owned(), "give one or more".to_owned()));
    }
    if n_voxels < asked {
        return Err(refused(
            format!("has {n_voxels} voxels that are finite and vary"),
            format!("have at least as many as the {asked} components that are asked for"),
        ));
    }
    let found = PrincipalComponents::of(covariance.matrix.view())?;
    let largest = found.singular_values.first().copied().unwrap_or(0.0);
    let real = found.singular_values.iter().take_while(|&&s| s > NOISE * largest).count();
    let n_components = real.min(at_most);
    if n_components < asked {
        return Err(refused(
            format!("holds {n_components} independent series"),
            format!("hold at least the {asked} that are asked for"),
        ));
    }
    let share = found.variance_explained();
    let turns = found.sensitivity(largest * largest);
    let mut cumulative = 0.0;
    let described: Vec<Component> = (0..n_components)
        .map(|k| {
            cumulative += share[k];
            Component {
                method: region.method(),
                mask,
                singular_value: found.singular_values[k],
                variance_explained: share[k],
                cumulative_variance_explained: cumulative,
                turn: turns[k],
            }
        })
        .collect();
    let kept = match keep {
        Keep::Count(count) => count,
        Keep::Share(share) => {
            let below = |c: &Component| c.cumulative_variance_explained < share;
            (described.partition_point(below) + 1).min(n_components)
        }
    };
    let note = format!(
        "{} of {called} ({n_voxels} voxels): {kept} of {n_components} components kept, {:.1} % of the variance",
        region.method(),
        100.0 * described[kept - 1].cumulative_variance_explained
    );
    let column = |(k, component): (usize, &Component)| Column {
        name: format!("{prefix}{k:02}"),
        values: found.series.column(k).to_vec(),
        kind: Kind::Component(component.clone()),
    };
    let columns = described[..kept].iter().enumerate().map(column).collect();
    Ok(Components { columns, dropped: described[kept..].to_vec(), note })
}
