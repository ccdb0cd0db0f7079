//! Pixels, lines of text and the PNG file.

use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

use crate::error::{Error, Result};
use crate::report::colour::Colour;

/// A picture in memory, `[row][column]`, top row first.
pub(super) struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<[u8; 3]>,
}

impl Canvas {
    pub(super) fn new(width: usize, height: usize, colour: Colour) -> Canvas {
        Canvas { width, height, pixels: vec![bytes(colour); width * height] }
    }

    /// Sets one pixel; outside the picture nothing happens.
    pub(super) fn set(&mut self, x: usize, y: usize, colour: Colour) {
        if x < self.width && y < self.height {
            self.pixels[y * self.width + x] = bytes(colour);
        }
    }

    pub(super) fn rectangle(&mut self, x: usize, y: usize, size: [usize; 2], colour: Colour) {
        for row in y..y + size[1] {
            for column in x..x + size[0] {
                self.set(column, row, colour);
            }
        }
    }

    /// Writes text with its upper left corner at (x, y); a question mark for a letter that the font lacks.
    pub(super) fn text(&mut self, x: usize, y: usize, size: Size, text: &str, colour: Colour) {
        let (weight, height) = size.of_font();
        for (nth, letter) in text.chars().enumerate() {
            let left = x + nth * get_raster_width(weight, height);
            let raster = get_raster(letter, weight, height);
            let Some(raster) = raster.or_else(|| get_raster('?', weight, height)) else { continue };
            for (down, row) in raster.rows().enumerate() {
                for (across, &ink) in row.iter().enumerate() {
                    self.blend(left + across, y + down, colour, f32::from(ink) / 255.0);
                }
            }
        }
    }

    /// A colour over what is there, which shows through by 1 - `share`; outside the picture nothing happens.
    fn blend(&mut self, x: usize, y: usize, colour: Colour, share: f32) {
        if share > 0.0 && x < self.width && y < self.height {
            let pixel = &mut self.pixels[y * self.width + x];
            let under = pixel.map(f32::from);
            *pixel = bytes([0, 1, 2].map(|c| under[c] + share * (colour[c] - under[c])));
        }
    }

    /// The picture as a PNG file.
    pub(super) fn png(&self) -> Result<Vec<u8>> {
        let mut file = Vec::new();
        let failed = |cause: png::EncodingError| {
            Error::internal("the picture", "cannot be encoded as PNG", "be encodable", "")
                .caused_by(cause)
        };
        let mut encoder = png::Encoder::new(&mut file, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        // A little larger than by the usual method, and made in a fraction of its time.
        encoder.set_compression(png::Compression::Fast);
        let mut writer = encoder.write_header().map_err(failed)?;
        writer.write_image_data(self.pixels.as_flattened()).map_err(failed)?;
        writer.finish().map_err(failed)?;
        Ok(file)
    }
}

/// How large letters are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Size {
    Large,
    Small,
}

impl Size {
    fn of_font(self) -> (FontWeight, RasterHeight) {
        match self {
            Size::Large => (FontWeight::Bold, RasterHeight::Size24),
            Size::Small => (FontWeight::Regular, RasterHeight::Size24),
        }
    }
}

/// How wide a line of text is.
pub(super) fn text_width(text: &str, size: Size) -> usize {
    let (weight, height) = size.of_font();
    text.chars().count() * get_raster_width(weight, height)
}

fn bytes(colour: Colour) -> [u8; 3] {
    colour.map(|c| c.round() as u8)
}
