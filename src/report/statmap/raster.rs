//! The pixels of a slice.

use super::around::{Around, Pixels};
use super::colour::Colours;
use super::place::Place;
use super::slices::{self, Slice};
use super::{Ground, Statmap, Underlay};
use crate::error::{Error, Result};
use crate::report::colour::{Colour, bytes};

/// What is below where there is no underlay.
const PLAIN: Colour = [222.0, 225.0, 229.0];

/// All that slices are made of.
pub(super) struct Scene<'a> {
    map: &'a Statmap,
    pub colours: Colours,
    place: Place,
    below: Option<Below<'a>>,
    /// The part of space that is shown, millimetres.
    pub window: [[f64; 2]; 3],
    /// No pixel is smaller.
    pub least_px_mm: f64,
}

/// The underlay as it is drawn.
struct Below<'a> {
    image: &'a Underlay,
    place: Place,
    ground: &'a Ground,
}

/// A slice as it was drawn.
pub(super) struct Drawn {
    /// Columns and rows.
    pub size: [usize; 2],
    pub px_mm: f64,
    /// RGBA, clear outside the head.
    pub png: Vec<u8>,
    /// How much of what is around a pixel passed, and is in the mask, `[row][column]`.
    pub passed: Vec<f32>,
    pub inside: Vec<f32>,
}

impl<'a> Scene<'a> {
    /// # Errors
    /// Internal for grids without a volume or a mask without a voxel.
    pub fn new(map: &'a Statmap) -> Result<Scene<'a>> {
        let below = match &map.underlay {
            None => None,
            Some(image) => {
                let ground = image.ground();
                Some(Below { image, place: Place::new(&image.grid)?, ground })
            }
        };
        let window = slices::window(map, below.as_ref().map(|b| b.ground.head.as_slice()));
        let window = window
            .ok_or_else(|| Error::internal("the picture", "has no voxel", "show something", ""))?;
        let (colours, place) = (Colours::of(map), Place::new(&map.grid)?);
        Ok(Scene { map, colours, place, below, window, least_px_mm: 0.0 })
    }

    pub fn size_mm(&self, slice: &Slice) -> [f64; 2] {
        slice.axes().map(|axis| self.window[axis][1] - self.window[axis][0])
    }

    /// # Errors
    /// Internal where it cannot be encoded.
    pub fn draw(&self, slice: &Slice, px_mm: f64) -> Result<Drawn> {
        let size = self.size_mm(slice).map(|mm| (mm / px_mm).ceil().max(1.0) as usize);
        let n = size[0] * size[1];
        let (mut passed, mut inside) = (vec![0.0; n], vec![0.0; n]);
        let mut pixels = vec![[0_u8; 4]; n];
        let asked = Pixels { slice, window: &self.window, size, px_mm };
        let of_map = |voxel: usize| self.of(voxel);
        let of_below = |voxel: usize| self.below.as_ref().map_or([0.0; 3], |b| b.of(voxel));
        let map = Around::new(asked, &self.place, &of_map);
        let below = self.below.as_ref().map(|b| Around::new(asked, &b.place, &of_below));
        for row in 0..size[1] {
            let below = below.as_ref().map(|below| below.row(row));
            for (column, sums) in map.row(row).into_iter().enumerate() {
                let (at, here) = (column + row * size[0], Here::of(sums));
                (passed[at], inside[at]) = (here.passed as f32, here.inside as f32);
                let ground = match (&self.below, &below) {
                    (Some(image), Some(sums)) => image.grey_of(sums[column]),
                    _ => (here.inside >= 0.5).then_some(PLAIN),
                };
                let colour = match here.value {
                    Some(value) => {
                        let ground = ground.unwrap_or(PLAIN);
                        Some(self.colours.over(ground, value, here.passed >= 0.5))
                    }
                    None => ground,
                };
                if let Some([r, g, b]) = colour.map(bytes) {
                    pixels[at] = [r, g, b, 255];
                }
            }
        }
        let png = encoded(size, pixels.as_flattened())?;
        Ok(Drawn { size, px_mm, png, passed, inside })
    }

    /// The voxel around a place in millimetres; none beyond the grid.
    pub fn nearest(&self, mm: [f64; 3]) -> Option<usize> {
        let [ni, nj, nk] = self.map.grid.shape;
        let at = self.place.voxel(mm).map(f64::round);
        let is_there = (0..3).all(|axis| at[axis] >= 0.0 && at[axis] < [ni, nj, nk][axis] as f64);
        let [i, j, k] = at.map(|x| x as usize);
        is_there.then(|| i + ni * (j + nj * k))
    }

    /// The underlay at a place in millimetres; none where there is no head.
    pub fn ground(&self, mm: [f64; 3]) -> Option<Colour> {
        let below = self.below.as_ref()?;
        below.grey_of(below.place.sum(below.place.voxel(mm), |voxel| below.of(voxel)))
    }

    /// Of a voxel: 1 inside the mask, 1 if it passed, 1 if it has a value there, and that value.
    fn of(&self, voxel: usize) -> [f64; 4] {
        if !self.map.inside[voxel] {
            return [0.0; 4];
        }
        let passed = f64::from(u8::from(self.map.threshold.passed[voxel]));
        let value = f64::from(self.map.statistic[voxel]);
        match value.is_nan() {
            true => [1.0, passed, 0.0, 0.0],
            false => [1.0, passed, 1.0, value.clamp(-self.colours.max, self.colours.max)],
        }
    }
}

/// The statistic at a place.
struct Here {
    /// None outside the mask.
    value: Option<f64>,
    /// Shares of what is around.
    passed: f64,
    inside: f64,
}

impl Here {
    /// Of the sums of what voxels are.
    fn of([inside, passed, known, sum]: [f64; 4]) -> Here {
        let value = (inside >= 0.5 && known > 0.0).then(|| sum / known);
        Here { value, passed, inside }
    }
}

impl Below<'_> {
    /// Of a voxel: 1 in the head, 1 if it has a value there, and that value.
    fn of(&self, voxel: usize) -> [f64; 3] {
        let value = self.image.values[voxel];
        match self.ground.head[voxel] {
            true if value.is_finite() => [1.0, 1.0, f64::from(value)],
            true => [1.0, 0.0, 0.0],
            false => [0.0; 3],
        }
    }

    /// Of the sums of what voxels are; none outside the head.
    fn grey_of(&self, [head, known, sum]: [f64; 3]) -> Option<Colour> {
        (head >= 0.5 && known > 0.0).then(|| self.ground.greys.grey((sum / known) as f32))
    }
}

/// RGBA, row by row, as a PNG.
pub(super) fn encoded(size: [usize; 2], rgba: &[u8]) -> Result<Vec<u8>> {
    let mut file = Vec::new();
    let failed = |cause: png::EncodingError| {
        Error::internal("the picture", "cannot be encoded as PNG", "be encodable", "")
            .caused_by(cause)
    };
    let mut encoder = png::Encoder::new(&mut file, size[0] as u32, size[1] as u32);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    // A little larger than by the usual method, and made in a fraction of its time.
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(rgba).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(file)
}
