//! Which voxels belong to CSF, white matter and brain, and which of them can be used: a voxel that is not finite in some
//! volume leaves every region; one that is constant over time stays in the means and leaves the components.

use std::path::PathBuf;

use rayon::prelude::*;
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::io::interrupt;
use crate::pipeline::inputs::display;
use crate::pipeline::masks;
use crate::pipeline::spec::ConfoundsSpec;
use crate::pipeline::watch::Watch;
use crate::volume::{Block, Grid, HostBold, Mask};

/// A region that is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Csf,
    WhiteMatter,
    Brain,
}

impl Place {
    pub(super) const ALL: [Place; 3] = [Place::Csf, Place::WhiteMatter, Place::Brain];

    /// The name of the column of its mean.
    pub(super) fn column(self) -> &'static str {
        ["csf", "white_matter", "global_signal"][self as usize]
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// CSF, white matter, or both, in the bits of a voxel.
const TISSUE: u8 = 0b11;
/// A voxel that is constant over time.
const CONSTANT: u8 = 0b1000;

/// The regions of a run.
#[derive(Debug)]
pub(super) struct Regions {
    /// The places a voxel belongs to as bits, `[voxel]`.
    places: Vec<u8>,
    /// Voxels of each place before any was found unusable; none where it is not given.
    in_mask: [Option<usize>; 3],
}

/// What one plane of a block holds.
pub(super) struct Plane {
    /// Bits after the unusable voxels left, `[voxel]`.
    pub(super) places: Vec<u8>,
    /// The sum over the voxels of each place, `[volume]`.
    pub(super) sums: [Vec<f64>; 3],
}

impl Regions {
    /// The masks of the command, tissues eroded.
    pub(super) fn read(spec: &ConfoundsSpec, grid: &Grid, watch: &dyn Watch) -> Result<Regions> {
        let tissue = |path: &Option<PathBuf>, layers: usize| -> Result<Option<Mask>> {
            let Some(path) = path else { return Ok(None) };
            let whole = masks::tissue(path, grid, spec.threshold, watch)?;
            let mask = whole.eroded(layers, &mut interrupt::check)?;
            if mask.count() > 0 {
                return Ok(Some(mask));
            }
            Err(Error::bad_data(
                display(path),
                format!(
                    "has no voxel left of {} after {layers} layers were taken off",
                    whole.count()
                ),
                "keep some",
                "take a smaller --erode; 0,1 leaves CSF as it is and takes one layer off white matter",
            ))
        };
        let brain = spec.mask.as_deref().map(|path| masks::mask(path, grid, watch)).transpose()?;
        let [of_csf, of_white_matter] = spec.erode;
        let masks =
            [tissue(&spec.csf, of_csf)?, tissue(&spec.white_matter, of_white_matter)?, brain];
        let mut places = vec![0; grid.n_voxels()];
        for (place, mask) in Place::ALL.into_iter().zip(&masks) {
            for (bits, _) in
                places.iter_mut().zip(mask.iter().flat_map(|m| &m.inside)).filter(|b| *b.1)
            {
                *bits |= place.bit();
            }
        }
        Ok(Regions { places, in_mask: masks.map(|mask| mask.map(|m| m.count())) })
    }

    pub(super) fn is_given(&self, place: Place) -> bool {
        self.in_mask[place as usize].is_some()
    }

    /// Voxels of a place that are finite throughout.
    pub(super) fn finite(&self, place: Place) -> usize {
        self.places.iter().filter(|&bits| bits & place.bit() != 0).count()
    }

    /// The sum of a map `[voxel]` over those voxels.
    pub(super) fn sum(&self, place: Place, map: &[f64]) -> f64 {
        let pairs = self.places.iter().zip(map);
        pairs.filter(|(bits, _)| *bits & place.bit() != 0).map(|(_, value)| value).sum()
    }

    fn constant(&self, place: Place) -> usize {
        let both = place.bit() | CONSTANT;
        self.places.iter().filter(|&bits| bits & both == both).count()
    }

    fn range(block: &Block) -> std::ops::Range<usize> {
        block.planes.start * block.plane_len()..block.planes.end * block.plane_len()
    }

    /// Whether some voxel of the block belongs anywhere.
    pub(super) fn touch(&self, block: &Block) -> bool {
        self.places[Regions::range(block)].iter().any(|&bits| bits != 0)
    }

    /// The planes of a block, in order.
    pub(super) fn look_at(&self, bold: &HostBold) -> Vec<Plane> {
        let mut places = self.places[Regions::range(&bold.block)].to_vec();
        bold.missing().iter().for_each(|&at| places[at as usize] = 0);
        let plane_len = bold.block.plane_len();
        let planes = places.par_chunks(plane_len).enumerate();
        planes.map(|(held, places)| look_at_plane(bold, held * plane_len, places)).collect()
    }

    /// Keep what was seen of a block.
    pub(super) fn settle(&mut self, block: &Block, planes: &[Plane]) {
        let seen = planes.iter().flat_map(|plane| &plane.places);
        self.places[Regions::range(block)]
            .iter_mut()
            .zip(seen)
            .for_each(|(bits, seen)| *bits = *seen);
    }

    /// Say what was left out.
    ///
    /// # Errors
    /// Bad data where nothing is left of a region.
    pub(super) fn report(&self, watch: &dyn Watch) -> Result<()> {
        for place in Place::ALL {
            let Some(in_mask) = self.in_mask[place as usize] else { continue };
            let (finite, constant) = (self.finite(place), self.constant(place));
            if finite == 0 {
                return Err(Error::bad_data(
                    format!("the region of {}", place.column()),
                    format!("has {in_mask} voxels, of which none is finite in every volume"),
                    "have some",
                    "check that the mask fits the run",
                ));
            }
            if finite < in_mask {
                watch.warn(&format!(
                    "{} of the {in_mask} voxels of {} are not finite in some volume; they are left out",
                    in_mask - finite,
                    place.column()
                ));
            }
            if constant > 0 {
                watch.warn(&format!(
                    "{constant} of the {in_mask} voxels of {} are constant over time; they count in its mean only",
                    place.column()
                ));
            }
        }
        Ok(())
    }

    /// Voxels by region, for the sidecar; `n_variable`: the most variable of the brain's.
    pub(super) fn counts(&self, n_variable: usize) -> Map<String, Value> {
        let mut counts = Map::new();
        for place in Place::ALL {
            let Some(in_mask) = self.in_mask[place as usize] else { continue };
            let finite = self.finite(place);
            let value = json!({
                "voxels_in_mask": in_mask,
                "voxels_not_finite": in_mask - finite,
                "voxels_constant": self.constant(place),
            });
            counts.insert(place.column().to_owned(), value);
        }
        counts.insert("voxels_most_variable".to_owned(), json!(n_variable));
        counts
    }
}

/// Voxels of planes that vary and whose tissue is exactly this: 1 CSF, 2 white matter, 3 both; positions in the block.
pub(super) fn of_tissue(planes: &[Plane], tissue: u8) -> Vec<u32> {
    positions(planes, |bits| bits & (TISSUE | CONSTANT) == tissue)
}

/// Voxels of planes that vary and are in the brain; positions in the block.
pub(super) fn of_brain(planes: &[Plane]) -> Vec<u32> {
    positions(planes, |bits| bits & (Place::Brain.bit() | CONSTANT) == Place::Brain.bit())
}

fn positions(planes: &[Plane], belongs: impl Fn(u8) -> bool) -> Vec<u32> {
    let bits = planes.iter().flat_map(|plane| &plane.places);
    bits.zip(0..).filter(|(bits, _)| belongs(**bits)).map(|(_, at)| at).collect()
}

/// A plane from value `from` of a volume on; `places` are of voxels that are finite in every volume.
fn look_at_plane(bold: &HostBold, from: usize, places: &[u8]) -> Plane {
    let volumes = || bold.data.chunks_exact(bold.block.volume_len()).map(|v| &v[from..]);
    let mut places = places.to_vec();
    let mut sums: [Vec<f64>; 3] = Default::default();
    let Some(first) = volumes().next().filter(|_| places.iter().any(|&bits| bits != 0)) else {
        return Plane { places, sums: sums.map(|_| vec![0.0; bold.block.volumes.len()]) };
    };
    let mut varies = vec![false; places.len()];
    for volume in volumes() {
        for (varies, (value, first)) in varies.iter_mut().zip(volume.iter().zip(first)) {
            *varies |= value != first;
        }
    }
    for (bits, varies) in places.iter_mut().zip(varies) {
        if *bits != 0 && !varies {
            *bits |= CONSTANT;
        }
    }
    for place in Place::ALL {
        let inside = places.iter().enumerate().filter(|(_, bits)| *bits & place.bit() != 0);
        let inside: Vec<usize> = inside.map(|(at, _)| at).collect();
        let sum = |volume: &[f32]| inside.iter().map(|&at| f64::from(volume[at])).sum();
        sums[place as usize] = volumes().map(sum).collect();
    }
    Plane { places, sums }
}
