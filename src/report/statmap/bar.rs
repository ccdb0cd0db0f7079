//! The colour bar: what passes, opaque and outlined; what does not, as it fades over grey. One bar where a threshold of the statistic parts
//! them, else one beside the other.

use super::Statmap;
use super::colour::Colours;
use super::raster::encoded;
use super::sheet::{Anchor, FAINT, INK, Sheet};
use crate::error::Result;
use crate::report::colour::{Colour, bytes};
use crate::report::html::number;

const WIDTH: f64 = 15.0;
/// Colours in a piece.
const STEPS: usize = 64;
/// What a bar fades over: a grey of the middle.
const GROUND: Colour = [150.0, 150.0, 150.0];

/// A piece of a bar.
struct Piece {
    from: f64,
    to: f64,
    passed: bool,
}

/// Draws it with its upper left corner at (x, y); `height` without its head.
///
/// # Errors
/// Internal where a piece cannot be encoded.
pub(super) fn draw(
    sheet: &mut Sheet,
    map: &Statmap,
    colours: &Colours,
    [x, y]: [f64; 2],
    height: f64,
) -> Result<()> {
    let most = colours.max;
    let least = if colours.is_signed { -most } else { 0.0 };
    let at = |value: f64| y + height * (most - value) / (most - least);
    let dof = format!("{} ({} dof)", map.letter, map.dof);
    sheet.text([x, y - 12.0], Anchor::Start, 12.0, INK, &dof);
    let mut thresholds = Vec::new();
    let mut right = x + WIDTH;
    match map.threshold.from.map(|from| from.min(most)) {
        Some(from) => {
            let low = if map.threshold.two_sided && least < 0.0 { -from } else { least };
            let below = Piece { from: low, to: from, passed: false };
            piece(sheet, colours, [x, at(from), at(low)], &below)?;
            thresholds.push(from);
            let above = Piece { from, to: most, passed: true };
            piece(sheet, colours, [x, at(most), at(from)], &above)?;
            if low > least {
                let beneath = Piece { from: least, to: low, passed: true };
                piece(sheet, colours, [x, at(low), at(least)], &beneath)?;
                thresholds.push(low);
            }
        }
        None => {
            for [from, to] in ranges(map, colours) {
                let own = Piece { from, to, passed: true };
                piece(sheet, colours, [x, at(to), at(from)], &own)?;
            }
            right = x + 2.0 * WIDTH + 4.0;
            let all = Piece { from: least, to: most, passed: false };
            piece(sheet, colours, [x + WIDTH + 4.0, at(most), at(least)], &all)?;
        }
    }
    let end = |value: f64| match (colours.is_cut, value > 0.0) {
        (true, true) => format!("≥ {}", number(value, 1)),
        (true, false) => format!("≤ {}", number(value, 1)),
        _ => number(value, 1),
    };
    let mut ticks = vec![(most, end(most)), (0.0, "0".to_owned())];
    if least < 0.0 {
        ticks.push((least, end(least)));
    }
    // A threshold's own number goes before one that it would hide.
    ticks.retain(|(v, _)| thresholds.iter().all(|t| (at(*t) - at(*v)).abs() > 15.0));
    ticks.extend(thresholds.iter().map(|&t| (t, number(t, 2))));
    for (value, text) in ticks {
        sheet.line([right, at(value)], [right + 4.0, at(value)], INK, 1.0);
        let is_threshold = thresholds.contains(&value);
        let colour = if is_threshold { INK } else { FAINT };
        sheet.text([right + 8.0, at(value) + 4.0], Anchor::Start, 12.0, colour, &text);
    }
    Ok(())
}

/// From where to where what passed lies, below 0 and above.
fn ranges(map: &Statmap, colours: &Colours) -> Vec<[f64; 2]> {
    let passed = map.threshold.passed.iter().zip(&*map.statistic).filter(|(p, _)| **p);
    let values: Vec<f64> =
        passed.map(|(_, &v)| f64::from(v).clamp(-colours.max, colours.max)).collect();
    let range = |keep: &dyn Fn(f64) -> bool| {
        let of = values.iter().copied().filter(|v| keep(*v));
        of.fold(None, |range: Option<[f64; 2]>, v| {
            Some(range.map_or([v, v], |[low, high]| [low.min(v), high.max(v)]))
        })
    };
    [range(&|v| v < 0.0), range(&|v| v >= 0.0)].into_iter().flatten().collect()
}

/// A piece from `top` to `bottom`, its colours as a column of pixels.
fn piece(
    sheet: &mut Sheet,
    colours: &Colours,
    [x, top, bottom]: [f64; 3],
    piece: &Piece,
) -> Result<()> {
    let colour = |step: usize| {
        let part = (step as f64 + 0.5) / STEPS as f64;
        let value = piece.to + (piece.from - piece.to) * part;
        let [r, g, b] = bytes(colours.over(GROUND, value, piece.passed));
        [r, g, b, 255]
    };
    let pixels: Vec<[u8; 4]> = (0..STEPS).map(colour).collect();
    // A single value has a height, too.
    let size = [WIDTH, (bottom - top).max(1.5)];
    sheet.image([x, top], size, &encoded([1, STEPS], pixels.as_flattened())?);
    if piece.passed {
        sheet.frame([x, top, size[0], size[1]], INK);
    }
    Ok(())
}
