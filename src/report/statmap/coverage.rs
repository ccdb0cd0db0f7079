//! Where runs, or estimates, have data: in how many of them each voxel has, and which ones take voxels from all.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::raster::{Scene, encoded};
use super::sheet::{Anchor, FAINT, INK, Sheet};
use super::slices::{Slice, row, through};
use super::{Statmap, Threshold, Underlay};
use crate::error::{Error, Result};
use crate::report::colour::{Colour, bytes};
use crate::report::grid::Grid as Rows;
use crate::report::html::{counted, escaped, figure};
use crate::volume::Grid;

/// Masks on one grid.
#[derive(Debug, Clone)]
pub struct Coverage {
    /// What it is of: `runs`, `estimates of gain`.
    pub title: String,
    /// What one of them is: `run`.
    pub noun: String,
    /// Of all.
    pub grid: Grid,
    /// Each by its name, `[voxel]`.
    pub parts: Vec<(String, Vec<bool>)>,
    /// What lies below.
    pub underlay: Option<Arc<Underlay>>,
}

/// Voxels of a coverage.
struct Counts {
    /// How many have a voxel, `[voxel]`.
    with: Vec<usize>,
    /// Voxels that any has, and that all have.
    any: usize,
    all: usize,
}

/// Where all have data, drawn over the ground by this share.
const ALL: Colour = [150.0, 176.0, 204.0];
const OVER: f32 = 0.6;
/// Where few lack them, where many do.
const LACKING: [Colour; 3] = [[253.0, 184.0, 84.0], [214.0, 72.0, 30.0], [96.0, 10.0, 30.0]];
const WIDTH: f64 = 900.0;
const MARGIN: f64 = 20.0;
const GAP: f64 = 12.0;
const LEGEND: f64 = 150.0;
const TALLEST: f64 = 200.0;
/// Pixels along a voxel.
const PX_A_VOXEL: f64 = 2.0;
/// Rows of a table that is not folded, and swatches of a legend.
const OPEN: usize = 15;
const SWATCHES: usize = 6;

impl Coverage {
    fn counts(&self) -> Counts {
        let mut with = vec![0; self.grid.n_voxels()];
        for (_, mask) in &self.parts {
            with.iter_mut().zip(mask).for_each(|(n, inside)| *n += usize::from(*inside));
        }
        let any = with.iter().filter(|n| **n > 0).count();
        let all = with.iter().filter(|n| **n == self.parts.len()).count();
        Counts { with, any, all }
    }

    /// The picture, the numbers, and by whom voxels are lost. `id`: unique on the page.
    ///
    /// # Errors
    /// Internal where lengths disagree.
    pub(in crate::report) fn section(&self, id: &str) -> Result<String> {
        let n = self.grid.n_voxels();
        if let Some((name, mask)) = self.parts.iter().find(|(_, mask)| mask.len() != n) {
            return Err(Error::internal(
                format!("the mask of {name}"),
                format!("has {} voxels", mask.len()),
                format!("have the {n} of its grid"),
                "",
            ));
        }
        let counts = self.counts();
        if self.parts.is_empty() || counts.any == 0 {
            return Ok(String::new());
        }
        let nouns = counted(self.parts.len(), &self.noun);
        let said = match counts.any - counts.all {
            0 => format!("{nouns}: data at the same {} voxels in each.", counts.all),
            lost => format!(
                "{nouns}: {} of {} voxels have data in each; {lost} have none in some and are not in what all share.",
                counts.all, counts.any
            ),
        };
        let mut caption = format!("In how many of the {nouns} a voxel has data");
        // A title says more than the noun where it is of some estimates, or some lie elsewhere.
        if self.title != format!("{}s", self.noun) {
            caption += &format!(" ({})", self.title);
        }
        let drawn = figure(&caption, &self.drawn(&counts, id)?, &format!("{caption}."));
        Ok(format!("<p>{}</p>\n{drawn}{}", escaped(&said), self.table(&counts)))
    }

    /// Who has how many voxels, and lacks which of those that another has.
    fn table(&self, counts: &Counts) -> String {
        let heads = [self.noun.as_str(), "voxels", "lacks", "lacks alone"];
        let caption =
            "Voxels with data, voxels of others that are lacking, and those that all others have";
        let mut rows = Rows::new(caption, &heads, 1);
        let n = self.parts.len();
        for (name, mask) in &self.parts {
            let lacks = || {
                let own = mask.iter().zip(&counts.with);
                own.filter(|(inside, with)| !**inside && **with > 0).map(|(_, with)| *with)
            };
            let has = mask.iter().filter(|inside| **inside).count();
            let alone = lacks().filter(|with| with + 1 == n).count();
            rows.row(&[
                name.clone(),
                has.to_string(),
                lacks().count().to_string(),
                alone.to_string(),
            ]);
        }
        if n > OPEN { rows.folded() } else { rows.finish() }
    }

    /// Three slices through what is lost, a legend, and a row of axial slices.
    fn drawn(&self, counts: &Counts, id: &str) -> Result<String> {
        let n = self.parts.len();
        let map = self.geometry(counts);
        let scene = Scene::new(&map)?;
        let mut sheet = Sheet { body: String::new() };
        let slices = through(&self.grid, self.middle(counts));
        let sizes = slices.map(|slice| scene.size_mm(&slice));
        let wide: f64 = sizes.iter().map(|size| size[0]).sum();
        let tall = sizes.iter().map(|size| size[1]).fold(0.0, f64::max);
        let room = WIDTH - 2.0 * MARGIN - LEGEND - 3.0 * GAP;
        let scale = (room / wide).min(TALLEST / tall);
        let gap = GAP + (room - scale * wide) / 3.0;
        let mut x = MARGIN;
        for (slice, size) in slices.iter().zip(sizes) {
            let top = MARGIN + scale * (tall - size[1]);
            self.place(&mut sheet, (&scene, counts), slice, ([x, top], scale))?;
            x += scale * size[0] + gap;
        }
        self.legend(counts, &mut sheet, [WIDTH - MARGIN - LEGEND, MARGIN + 8.0]);
        let legend = MARGIN + 24.0 + 22.0 * n.min(SWATCHES) as f64;
        let top = (MARGIN + scale * tall + 26.0).max(legend);
        let slices = row(&map);
        let mut bottom = top;
        if let Some(first) = slices.first() {
            let size = scene.size_mm(first);
            let of = slices.len() as f64;
            let room = WIDTH - 2.0 * MARGIN;
            let scale = ((room - 0.5 * GAP * (of - 1.0)) / (of * size[0])).min(130.0 / size[1]);
            let step = ((room - scale * size[0]) / (of - 1.0).max(1.0)).min(scale * size[0] + 40.0);
            for (nth, slice) in slices.iter().enumerate() {
                let corner = [MARGIN + nth as f64 * step, top];
                self.place(&mut sheet, (&scene, counts), slice, (corner, scale))?;
            }
            bottom = top + scale * size[1] + 26.0;
        }
        let height = bottom + 8.0;
        let said = format!(
            "{} of {} voxels have data in all {n}, on slices of the brain; left is left",
            counts.all, counts.any
        );
        Ok(format!(
            "<svg class=\"statmap coverage\" id=\"{id}\" role=\"img\" width=\"{WIDTH:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {WIDTH:.0} {height:.0}\" aria-labelledby=\"{id}-title {id}-desc\" \
             font-family=\"Helvetica, Arial, 'Liberation Sans', sans-serif\">\n\
             <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>\n\
             <rect width=\"{WIDTH:.0}\" height=\"{height:.0}\" fill=\"#ffffff\"/>\n{}</svg>\n",
            escaped(&format!("Coverage of {}", self.title)),
            escaped(&said),
            sheet.body
        ))
    }

    /// What slices and the part of space that is shown are found from: any voxel with data.
    fn geometry(&self, counts: &Counts) -> Statmap {
        let inside: Vec<bool> = counts.with.iter().map(|n| *n > 0).collect();
        Statmap {
            title: self.title.clone(),
            notes: Vec::new(),
            grid: self.grid.clone(),
            statistic: Arc::new(vec![0.0; inside.len()]),
            letter: "n",
            dof: String::new(),
            threshold: Threshold {
                passed: vec![false; inside.len()],
                words: String::new(),
                from: None,
                full: 1.0,
                two_sided: false,
            },
            underlay: self.underlay.clone(),
            inside,
        }
    }

    /// The voxel in the middle of those that some lack; of all, where none is lacking.
    fn middle(&self, counts: &Counts) -> usize {
        let n = self.parts.len();
        let lost = |v: &usize| counts.with[*v] > 0 && counts.with[*v] < n;
        let any = |v: &usize| counts.with[*v] > 0;
        let all = 0..counts.with.len();
        let mut shown: Vec<usize> = all.clone().filter(lost).collect();
        if shown.is_empty() {
            shown = all.filter(any).collect();
        }
        let mut sum = [0.0; 3];
        for &voxel in &shown {
            let at = self.grid.coordinates(voxel);
            (0..3).for_each(|axis| sum[axis] += at[axis] as f64);
        }
        let mean = sum.map(|sum| sum / shown.len().max(1) as f64);
        let off = |voxel: &usize| {
            let at = self.grid.coordinates(*voxel);
            (0..3).map(|axis| (at[axis] as f64 - mean[axis]).powi(2)).sum::<f64>()
        };
        shown.into_iter().min_by(|a, b| off(a).total_cmp(&off(b))).unwrap_or(0)
    }

    /// A slice with its name below, its upper left corner there.
    fn place(
        &self,
        sheet: &mut Sheet,
        (scene, counts): (&Scene<'_>, &Counts),
        slice: &Slice,
        (corner, scale): ([f64; 2], f64),
    ) -> Result<()> {
        let size_mm = scene.size_mm(slice);
        let px_mm = self.grid.voxel_size_mm.iter().copied().fold(0.0, f64::max) / PX_A_VOXEL;
        let size = size_mm.map(|mm| (mm / px_mm).ceil().max(1.0) as usize);
        let mut pixels = vec![[0_u8; 4]; size[0] * size[1]];
        for (at, pixel) in pixels.iter_mut().enumerate() {
            let [across, down] = [at % size[0], at / size[0]].map(|x| (x as f64 + 0.5) * px_mm);
            let mm = slice.mm(&scene.window, across, down);
            let ground = scene.ground(mm);
            let with = scene.nearest(mm).map_or(0, |voxel| counts.with[voxel]);
            let colour = if with == 0 { ground } else { Some(self.colour(with, ground)) };
            if let Some([r, g, b]) = colour.map(bytes) {
                *pixel = [r, g, b, 255];
            }
        }
        let png = encoded(size, pixels.as_flattened())?;
        let drawn = size.map(|n| n as f64 * px_mm * scale);
        sheet.image(corner, drawn, &png);
        let [left, right] = slice.marks(&self.grid);
        sheet.text([corner[0], corner[1] + 10.0], Anchor::Start, 11.0, FAINT, left);
        sheet.text([corner[0] + drawn[0], corner[1] + 10.0], Anchor::End, 11.0, FAINT, right);
        let below = [corner[0] + 0.5 * drawn[0], corner[1] + scale * size_mm[1] + 15.0];
        sheet.text(below, Anchor::Middle, 12.0, INK, &slice.name());
        Ok(())
    }

    /// Of a voxel that so many have.
    fn colour(&self, with: usize, ground: Option<Colour>) -> Colour {
        let lacking = self.parts.len() - with;
        if lacking == 0 {
            return match ground {
                Some(below) => [0, 1, 2].map(|c| below[c] + OVER * (ALL[c] - below[c])),
                None => ALL,
            };
        }
        let part = (lacking - 1) as f32 / (self.parts.len() - 2).max(1) as f32;
        let place = 2.0 * part.clamp(0.0, 1.0);
        let stop = (place as usize).min(1);
        let rest = place - stop as f32;
        [0, 1, 2].map(|c| LACKING[stop][c] + rest * (LACKING[stop + 1][c] - LACKING[stop][c]))
    }

    /// A box a number.
    fn legend(&self, counts: &Counts, sheet: &mut Sheet, [x, y]: [f64; 2]) {
        let (n, shown) = (self.parts.len(), shown(counts));
        sheet.text([x, y + 4.0], Anchor::Start, 12.0, INK, &format!("{}s with data", self.noun));
        for (nth, &with) in shown.iter().enumerate() {
            let top = y + 14.0 + 22.0 * nth as f64;
            sheet.swatch([x, top, 16.0, 16.0], self.colour(with, None));
            let words = if with == n { format!("all {n}") } else { format!("{with} of {n}") };
            sheet.text([x + 24.0, top + 13.0], Anchor::Start, 12.0, INK, &words);
        }
    }
}

/// The numbers that a legend has, from the most: those that some voxel has; of many some of them.
fn shown(counts: &Counts) -> Vec<usize> {
    let there: BTreeSet<usize> = counts.with.iter().copied().filter(|with| *with > 0).collect();
    let there: Vec<usize> = there.into_iter().rev().collect();
    match there.len() {
        n if n <= SWATCHES => there,
        n => (0..SWATCHES).map(|k| there[k * (n - 1) / (SWATCHES - 1)]).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_legend_has_the_numbers_that_voxels_have_and_no_others() {
        let of = |with: &[usize]| shown(&Counts { with: with.to_vec(), any: 0, all: 0 });
        assert_eq!(of(&[8, 0, 8]), [8]);
        assert_eq!(of(&[8, 3, 8, 0]), [8, 3]);
        assert_eq!(of(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]), [11, 9, 7, 5, 3, 1]);
    }
}
