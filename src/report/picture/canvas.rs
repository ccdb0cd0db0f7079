//! Pixels, lines of text and the PNG file.

use super::font;
use crate::error::{Error, Result};

/// Red, green, blue, 0 to 255.
pub(super) type Colour = [f32; 3];

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

    /// Writes text with its upper left corner at (x, y), each pixel of a letter `scale` pixels wide.
    pub(super) fn text(&mut self, x: usize, y: usize, scale: usize, text: &str, colour: Colour) {
        for (nth, letter) in text.chars().enumerate() {
            let left = x + nth * (font::SIZE[0] + 1) * scale;
            for (column, bits) in font::columns(letter).into_iter().enumerate() {
                for row in (0..font::SIZE[1]).filter(|row| bits >> row & 1 == 1) {
                    let corner = (left + column * scale, y + row * scale);
                    self.rectangle(corner.0, corner.1, [scale; 2], colour);
                }
            }
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
        encoder.set_compression(png::Compression::Balanced);
        let mut writer = encoder.write_header().map_err(failed)?;
        writer.write_image_data(self.pixels.as_flattened()).map_err(failed)?;
        writer.finish().map_err(failed)?;
        Ok(file)
    }
}

/// How wide a line of text is.
pub(super) fn text_width(text: &str, scale: usize) -> usize {
    (text.chars().count() * (font::SIZE[0] + 1)).saturating_sub(1) * scale
}

fn bytes(colour: Colour) -> [u8; 3] {
    colour.map(|c| c.round() as u8)
}
