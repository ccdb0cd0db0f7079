//! Colours of pictures: greys of an image, and warm and cold ones of a map over it.

/// Red, green, blue, 0 to 255.
pub(super) type Colour = [f32; 3];

/// A colour as pixels hold it: from 0 to 255, to the nearest.
pub(super) fn bytes(colour: Colour) -> [u8; 3] {
    // The cast cuts off what is beyond and is one instruction, where rounding is a call.
    colour.map(|c| (c + 0.5) as u8)
}

/// What is darkest.
pub(super) const DARK: Colour = [13.0, 15.0, 18.0];

/// The grey scale: black at 0 (or the 1st percentile where lower), light grey at the 99th of what is not 0.
#[derive(Debug, Clone)]
pub(super) struct Window {
    black: f32,
    white: f32,
}

impl Window {
    pub fn of(values: &[f32]) -> Window {
        let mut known: Vec<f32> =
            values.iter().copied().filter(|v| v.is_finite() && *v != 0.0).collect();
        let Some(last) = known.len().checked_sub(1) else {
            return Window { black: 0.0, white: 1.0 };
        };
        let mut nth = |at: usize| *known.select_nth_unstable_by(at, f32::total_cmp).1;
        let black = nth(last / 100).min(0.0);
        let white = nth(last * 99 / 100);
        Window { black, white: if white > black { white } else { black + 1.0 } }
    }

    /// From 0, black, to 1, white.
    pub fn level(&self, value: f32) -> f32 {
        ((value - self.black) / (self.white - self.black)).clamp(0.0, 1.0)
    }

    pub fn grey(&self, value: f32) -> Colour {
        let level = self.level(value);
        let level = if value.is_finite() { level * level * (1.6 - 0.6 * level) } else { 0.0 };
        [0, 1, 2].map(|c| DARK[c] + level * (205.0 - DARK[c]))
    }
}

/// Colours of rising lightness: warm for positive values, cold for negative ones; `part` from 0 at the threshold to
/// 1 at the end of the colours.
pub(super) fn colour_of(part: f32, positive: bool) -> Colour {
    const WARM: [Colour; 5] = [
        [122.0, 8.0, 24.0],
        [196.0, 38.0, 22.0],
        [240.0, 104.0, 18.0],
        [252.0, 182.0, 40.0],
        [255.0, 246.0, 178.0],
    ];
    const COLD: [Colour; 5] = [
        [24.0, 34.0, 122.0],
        [28.0, 82.0, 190.0],
        [32.0, 144.0, 226.0],
        [84.0, 204.0, 240.0],
        [214.0, 248.0, 255.0],
    ];
    // By reference: a copy would be made for every pixel.
    let stops = if positive { &WARM } else { &COLD };
    let place = part.clamp(0.0, 1.0) * 4.0;
    let stop = (place as usize).min(3);
    let rest = place - stop as f32;
    [0, 1, 2].map(|c| stops[stop][c] + rest * (stops[stop + 1][c] - stops[stop][c]))
}
