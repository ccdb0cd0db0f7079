//! A statistic on slices of the brain, as SVG for a paper and a page: letters and outlines are text and paths, slices are PNG inside.
//!
//! Nothing is cut away (transparent thresholding; Taylor et al. 2023, Highlight results, don't hide them): a voxel that passes is opaque
//! and outlined, any other has the opacity 0.85 min(1, |t| / u)² over the underlay, u the threshold. Positive values are warm (dark red to
//! yellow), negative ones cold (dark blue to light blue): pairs that differ in blue, which all but tritanopes tell apart, and the bar tells
//! by lightness how far from 0 they lie.
//!
//! Slices lie in world space, whatever the affine: left is left, a sagittal slice looks from the left. Values are interpolated linearly
//! between voxel centres of the mask; an outline runs where half of what is around it has passed, so that a centre that passed is within.

use std::sync::{Arc, OnceLock};

use crate::error::{Error, Result};
use crate::report::colour::Window;
use crate::volume::Grid;

mod around;
mod bar;
mod colour;
mod contour;
mod coverage;
mod draw;
mod place;
mod raster;
mod sheet;
mod slices;

pub use coverage::Coverage;
pub(super) use draw::light;
pub use draw::{inline, svg};
pub(super) use place::Place;

/// One picture.
#[derive(Debug, Clone)]
pub struct Statmap {
    /// What is tested.
    pub title: String,
    /// Lines below it.
    pub notes: Vec<String>,
    /// Of the statistic.
    pub grid: Grid,
    /// Where there is a statistic, `[voxel]`.
    pub inside: Vec<bool>,
    /// `[voxel]`
    pub statistic: Arc<Vec<f32>>,
    /// `t` or `F`.
    pub letter: &'static str,
    /// Its degrees of freedom as a person reads them: `39`, `2, 38`.
    pub dof: String,
    /// What passes, and why.
    pub threshold: Threshold,
    /// What lies below.
    pub underlay: Option<Arc<Underlay>>,
}

/// What passes.
#[derive(Debug, Clone)]
pub struct Threshold {
    /// `[voxel]`
    pub passed: Vec<bool>,
    /// The rule: `p ≤ .05 corrected, largest statistic`.
    pub words: String,
    /// The statistic from which on voxels pass; none where the rule is no threshold of it.
    pub from: Option<f64>,
    /// The |statistic| at which fading ends: that threshold, else the one of p < .001.
    pub full: f64,
    /// Whether low values can pass.
    pub two_sided: bool,
}

/// An image of the anatomy; on any grid of the same space.
#[derive(Debug, Clone)]
pub struct Underlay {
    /// What a reader knows it by.
    pub name: String,
    /// Its own.
    pub grid: Grid,
    /// `[voxel]`
    pub values: Vec<f32>,
    ground: OnceLock<Ground>,
}

/// What of an image is drawn, found once for all pictures over it.
#[derive(Debug, Clone)]
struct Ground {
    greys: Window,
    head: Vec<bool>,
}

impl Underlay {
    /// Of values `[voxel]`.
    #[must_use]
    pub fn new(name: String, grid: Grid, values: Vec<f32>) -> Underlay {
        Underlay { name, grid, values, ground: OnceLock::new() }
    }

    fn ground(&self) -> &Ground {
        self.ground.get_or_init(|| {
            let greys = Window::of(&self.values);
            let head = slices::head(self, &greys);
            Ground { greys, head }
        })
    }

    /// How much of an analysis lies where this image shows head, 0 to 1; none where no voxel lies within the image.
    ///
    /// # Errors
    /// Internal for a grid without a volume.
    pub fn covers(&self, grid: &Grid, inside: &[bool]) -> Result<Option<f64>> {
        let head = &self.ground().head;
        let place = Place::new(&self.grid)?;
        let (mut n, mut n_within, mut shown) = (0, 0, 0.0);
        for voxel in (0..inside.len()).filter(|&v| inside[v]) {
            let mut known = 0.0;
            place.around(
                place.voxel(grid.millimetres(grid.coordinates(voxel))),
                |under, weight| {
                    known += weight;
                    shown += weight * f64::from(u8::from(head[under]));
                },
            );
            n += 1;
            n_within += usize::from(known > 0.0);
        }
        Ok((n_within > 0).then(|| shown / f64::from(n)))
    }
}

impl Statmap {
    /// The voxel that the slices in all three planes go through: the highest that passed, else the highest; of low ones, where these can
    /// pass.
    #[must_use]
    pub fn peak(&self) -> Option<usize> {
        let height = |voxel: usize| match self.threshold.two_sided {
            true => self.statistic[voxel].abs(),
            false => self.statistic[voxel],
        };
        let highest = |of: &[bool]| {
            let all = (0..of.len()).filter(|&v| of[v] && !self.statistic[v].is_nan());
            all.min_by(|&a, &b| height(b).total_cmp(&height(a)))
        };
        highest(&self.threshold.passed).or_else(|| highest(&self.inside))
    }

    /// Where the colours end, whether larger values are there, and whether there are any below 0.
    pub(super) fn range(&self) -> (f64, bool, bool) {
        let colours = colour::Colours::of(self);
        (colours.max, colours.is_cut, colours.is_signed)
    }

    fn n_passed(&self) -> usize {
        self.threshold.passed.iter().filter(|passed| **passed).count()
    }

    /// # Errors
    /// Internal where lengths disagree, or there is nothing to show.
    pub(super) fn check(&self) -> Result<()> {
        let bad = |found: String, expected: &str| {
            Err(Error::internal("the picture", found, expected, "this is a defect of boldly"))
        };
        let n = self.grid.n_voxels();
        let lengths = [self.inside.len(), self.statistic.len(), self.threshold.passed.len()];
        if lengths != [n; 3] {
            return bad(format!("has {lengths:?} voxels of {n}"), "match the grid");
        }
        if let Some(under) = self
            .underlay
            .as_ref()
            .filter(|u| u.grid.n_voxels() != u.values.len() || u.values.is_empty())
        {
            return bad(
                format!("has an underlay of {} voxels", under.values.len()),
                "match its grid",
            );
        }
        if !self.inside.contains(&true) {
            return bad("has no voxel".to_owned(), "show something");
        }
        let full = self.threshold.full;
        if !(full > 0.0 && full.is_finite()) {
            return bad(format!("fades up to {full}"), "fade up to a threshold above 0");
        }
        Ok(())
    }
}
