//! The sheet: title, the slices through the peak, the colour bar, the row of axial slices, and what it all means.

use rayon::prelude::*;

use super::contour::outline;
use super::raster::{Drawn, Scene};
use super::sheet::{Anchor, FAINT, INK, Sheet};
use super::slices::{Slice, row, through};
use super::{Statmap, bar};
use crate::error::Result;
use crate::report::html::{counted, escaped, number};

const LINE: &str = "#8c959f";
const WIDTH: f64 = 900.0;
const MARGIN: f64 = 20.0;
const GAP: f64 = 12.0;
/// The colour bar with its numbers.
const BAR: f64 = 104.0;
/// Letters of 11 pixels in a line below it.
const BAR_LETTERS: usize = 19;
/// The most that the slices through the peak are high.
const TALLEST: f64 = 270.0;
/// Pixels along the longest edge of a slice through the peak, and of one in the row; none is finer than a quarter of a millimetre.
const FINE: f64 = 300.0;
const COARSE: f64 = 140.0;
const LEAST_PX_MM: f64 = 0.25;
/// Pixels along a voxel of a light picture.
const PX_A_VOXEL: f64 = 2.5;
/// Letters of 12 pixels that a line of the sheet holds.
const LETTERS: usize = 124;

/// The picture as a file of its own.
///
/// # Errors
/// As [`inline`].
pub fn svg(map: &Statmap) -> Result<String> {
    const NAMESPACES: &str =
        "xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\"";
    Ok(inline(map, "statmap")?.replacen("<svg ", &format!("<svg {NAMESPACES} "), 1))
}

/// The picture as an element of a page. `id`: unique there.
///
/// # Errors
/// Internal where lengths disagree, there is nothing to show, or a grid has no volume.
pub fn inline(map: &Statmap, id: &str) -> Result<String> {
    drawn(map, id, LEAST_PX_MM)
}

/// The same with pixels no finer than the voxels make of them: for a page that has a viewer, too.
///
/// # Errors
/// As [`inline`].
pub(in crate::report) fn light(map: &Statmap, id: &str) -> Result<String> {
    let voxel_mm = map.grid.voxel_size_mm.iter().copied().fold(0.0, f64::max);
    drawn(map, id, LEAST_PX_MM.max(voxel_mm / PX_A_VOXEL))
}

fn drawn(map: &Statmap, id: &str, least_px_mm: f64) -> Result<String> {
    map.check()?;
    let mut scene = Scene::new(map)?;
    scene.least_px_mm = least_px_mm;
    let mut sheet = Sheet { body: String::new() };
    let mut y = MARGIN + 16.0;
    for line in wrapped(&map.title, LETTERS * 3 / 5) {
        sheet.text([MARGIN, y], Anchor::Start, 18.0, INK, &line);
        y += 23.0;
    }
    for line in map.notes.iter().flat_map(|note| wrapped(note, LETTERS)) {
        sheet.text([MARGIN, y - 2.0], Anchor::Start, 12.0, FAINT, &line);
        y += 16.0;
    }
    let peak = map.peak();
    y = through_peak(&mut sheet, &scene, (map, peak), y + 14.0)?;
    y = across(&mut sheet, &scene, map, y + GAP)?;
    for line in legend(map, &scene).iter().flat_map(|line| wrapped(line, LETTERS)) {
        y += 16.0;
        sheet.text([MARGIN, y], Anchor::Start, 12.0, FAINT, &line);
    }
    let height = y + MARGIN;
    Ok(format!(
        "<svg class=\"statmap\" id=\"{id}\" role=\"img\" \
         width=\"{WIDTH:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {WIDTH:.0} {height:.0}\" aria-labelledby=\"{id}-title {id}-desc\" \
         font-family=\"Helvetica, Arial, 'Liberation Sans', sans-serif\">\n\
         <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>\n\
         <rect width=\"{WIDTH:.0}\" height=\"{height:.0}\" fill=\"#ffffff\"/>\n{}</svg>\n",
        escaped(&format!("{} of {}", map.letter, map.title)),
        escaped(&described(map, peak)),
        sheet.body
    ))
}

/// The slices in all three planes, and the colour bar beside them; where they end.
fn through_peak(
    sheet: &mut Sheet,
    scene: &Scene,
    (map, peak): (&Statmap, Option<usize>),
    top: f64,
) -> Result<f64> {
    let Some(peak) = peak else { return Ok(top) };
    let slices = through(&map.grid, peak);
    let mm = map.grid.millimetres(map.grid.coordinates(peak));
    let sizes = slices.map(|slice| scene.size_mm(&slice));
    let (wide, tall) =
        (sizes.iter().map(|s| s[0]).sum::<f64>(), sizes.iter().map(|s| s[1]).fold(0.0, f64::max));
    let room = WIDTH - 2.0 * MARGIN - BAR - 3.0 * GAP;
    let scale = (room / wide).min(TALLEST / tall);
    let px_mm = (sizes.iter().flatten().copied().fold(0.0, f64::max) / FINE).max(scene.least_px_mm);
    // What is left is spread between them.
    let gap = GAP + (room - scale * wide) / 3.0;
    let left =
        |nth: usize| MARGIN + sizes[..nth].iter().map(|size| scale * size[0] + gap).sum::<f64>();
    side_by_side(sheet, &slices, |nth, slice, sheet| {
        let (x, size) = (left(nth), sizes[nth]);
        // On one line at the bottom, where their names are.
        let corner = [x, top + scale * (tall - size[1])];
        place(sheet, map, &scene.draw(slice, px_mm)?, corner, scale);
        lines_to(sheet, slice.on(&scene.window, mm), size, corner, scale);
        marks(sheet, slice.marks(&map.grid), corner, size.map(|mm| mm * scale), 13.0);
        let middle = [x + 0.5 * scale * size[0], top + scale * tall + 17.0];
        sheet.text(middle, Anchor::Middle, 13.0, INK, &slice.name());
        Ok(())
    })?;
    let words = wrapped(&map.threshold.words, BAR_LETTERS);
    let below = 14.0 * words.len() as f64 + 12.0;
    let height = (scale * tall - below).clamp(90.0, 170.0);
    let at = [WIDTH - MARGIN - BAR, top + 8.0 + 0.5 * (scale * tall - height - below).max(0.0)];
    bar::draw(sheet, map, &scene.colours, at, height)?;
    for (nth, line) in words.iter().enumerate() {
        let y = at[1] + height + 20.0 + 14.0 * nth as f64;
        sheet.text([at[0], y], Anchor::Start, 11.0, INK, line);
    }
    Ok((top + scale * tall + 24.0).max(at[1] + height + below + 8.0))
}

/// The row of axial slices; where it ends.
fn across(sheet: &mut Sheet, scene: &Scene, map: &Statmap, top: f64) -> Result<f64> {
    let slices = row(map);
    let Some(first) = slices.first() else { return Ok(top) };
    let size = scene.size_mm(first);
    let n = slices.len() as f64;
    let room = WIDTH - 2.0 * MARGIN - 0.5 * GAP * (n - 1.0);
    let scale = (room / (n * size[0])).min(150.0 / size[1]);
    let px_mm = (size[0].max(size[1]) / COARSE).max(scene.least_px_mm);
    let step = (WIDTH - 2.0 * MARGIN - scale * size[0]) / (n - 1.0).max(1.0);
    let step = step.min(scale * size[0] + 40.0);
    side_by_side(sheet, &slices, |nth, slice, sheet| {
        let corner = [MARGIN + nth as f64 * step, top];
        place(sheet, map, &scene.draw(slice, px_mm)?, corner, scale);
        let size = size.map(|mm| mm * scale);
        if nth == 0 {
            marks(sheet, slice.marks(&map.grid), corner, size, 11.0);
        }
        let middle = [corner[0] + 0.5 * size[0], top + size[1] + 15.0];
        sheet.text(middle, Anchor::Middle, 12.0, INK, &slice.name());
        Ok(())
    })?;
    Ok(top + scale * size[1] + 26.0)
}

/// Slices on as many cores as there are, in their order on the sheet.
fn side_by_side(
    sheet: &mut Sheet,
    slices: &[Slice],
    draw: impl Fn(usize, &Slice, &mut Sheet) -> Result<()> + Sync,
) -> Result<()> {
    let one = |(nth, slice): (usize, &Slice)| {
        let mut own = Sheet { body: String::new() };
        draw(nth, slice, &mut own).map(|()| own.body)
    };
    let drawn: Vec<_> = slices.par_iter().enumerate().map(one).collect();
    for body in drawn {
        sheet.body += &body?;
    }
    Ok(())
}

/// A slice and its outlines.
fn place(sheet: &mut Sheet, map: &Statmap, drawn: &Drawn, corner: [f64; 2], scale: f64) {
    let px = drawn.px_mm * scale;
    sheet.image(corner, drawn.size.map(|n| n as f64 * px), &drawn.png);
    let at = |[x, y]: [f64; 2]| [corner[0] + (x + 0.5) * px, corner[1] + (y + 0.5) * px];
    if map.underlay.is_none() {
        sheet.path(outline(&drawn.inside, drawn.size, at).d(), LINE, 1.0);
    }
    sheet.path(
        outline(&drawn.passed, drawn.size, at).d(),
        "#000000",
        if scale > 0.8 { 1.1 } else { 0.8 },
    );
}

/// Thin lines at the edges that meet where the peak is.
fn lines_to(sheet: &mut Sheet, at: [f64; 2], size: [f64; 2], corner: [f64; 2], scale: f64) {
    const LENGTH: f64 = 9.0;
    let [x, y] = [0, 1].map(|axis| corner[axis] + at[axis] * scale);
    let [right, bottom] = [0, 1].map(|axis| corner[axis] + size[axis] * scale);
    for (from, to) in [
        ([x, corner[1]], [x, corner[1] + LENGTH]),
        ([x, bottom - LENGTH], [x, bottom]),
        ([corner[0], y], [corner[0] + LENGTH, y]),
        ([right - LENGTH, y], [right, y]),
    ] {
        sheet.line(from, to, LINE, 1.2);
    }
}

/// Which side is which, in the upper corners.
fn marks(
    sheet: &mut Sheet,
    [left, right]: [&str; 2],
    corner: [f64; 2],
    size: [f64; 2],
    letter: f64,
) {
    let y = corner[1] + letter;
    sheet.text([corner[0] + 2.0, y], Anchor::Start, letter, INK, left);
    sheet.text([corner[0] + size[0] - 2.0, y], Anchor::End, letter, INK, right);
}

/// What opaque and faded mean.
fn legend(map: &Statmap, scene: &Scene) -> Vec<String> {
    let (letter, rule) = (map.letter, &map.threshold);
    let value = if scene.colours.is_signed { format!("|{letter}|") } else { letter.to_owned() };
    let from = match rule.from {
        Some(from) if rule.two_sided => format!(" (|{letter}| ≥ {})", number(from, 2)),
        Some(from) => format!(" ({letter} ≥ {})", number(from, 2)),
        None => String::new(),
    };
    let n = match map.n_passed() {
        0 => "no voxel".to_owned(),
        n => counted(n, "voxel"),
    };
    let fade = format!(
        "All else fades with {value}: opacity .85 ({value} / {})², .85 at most.",
        number(rule.full, 2)
    );
    let below = match &map.underlay {
        Some(underlay) => format!("Below: {}.", underlay.name),
        None => {
            "No image of the anatomy was at hand; grey: the voxels that are analysed.".to_owned()
        }
    };
    vec![
        format!("Opaque and outlined: {}{from}; {n}. {fade}", rule.words),
        match map.grid.is_placed {
            true => format!(
                "Left is left (neurological); the sagittal slice is seen from the left. Coordinates are those of the maps' space. {below}"
            ),
            false => format!(
                "Which side is left is not known: the header of the images does not say where their voxels lie. Drawn and measured as if i ran from right \
                 to left, from the centre. {below}"
            ),
        },
    ]
}

/// For those who do not see it.
fn described(map: &Statmap, peak: Option<usize>) -> String {
    let peak = peak.map_or(String::new(), |voxel| {
        let at = map.grid.millimetres(map.grid.coordinates(voxel)).map(|mm| number(mm, 0));
        format!(
            "; the slices in three planes go through its peak of {} at ({}) mm",
            number(f64::from(map.statistic[voxel]), 2),
            at.join(", ")
        )
    });
    format!(
        "{} with {} degrees of freedom on slices of the brain. {} voxels are opaque and outlined: {}{peak}.",
        map.letter,
        map.dof,
        map.n_passed(),
        map.threshold.words
    )
}

/// Words in lines of so many letters.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.len() - 1;
        let long = lines[line].chars().count() + 1 + word.chars().count();
        match (lines[line].is_empty(), long > most) {
            (true, _) => lines[line].push_str(word),
            (false, false) => lines[line].push_str(&format!(" {word}")),
            (false, true) => lines.push(word.to_owned()),
        }
    }
    lines
}
