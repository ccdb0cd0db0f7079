//! Maps on slices, each a picture inside the page.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rayon::prelude::*;

use super::{Picture, Pictures};
use crate::error::Result;
use crate::report::html::{escaped, number};
use crate::report::picture::{Cut, Panel, cuts_through, panels};

pub(super) fn section(maps: &Pictures) -> Result<String> {
    let cuts = cuts(maps);
    let figures: Vec<String> =
        maps.maps.par_iter().map(|map| figure(maps, map, &cuts)).collect::<Result<_>>()?;
    Ok(format!(
        "<div class=\"pair\">\n{}</div>\n<p>{} What lies below the first colour shows the mean image.</p>\n",
        figures.concat(),
        match maps.grid.is_placed {
            true => "Left is left.",
            false => "Which side is left is not known: the run does not say where its voxels lie.",
        }
    ))
}

fn figure(maps: &Pictures, map: &Picture, cuts: &[Cut]) -> Result<String> {
    let inside = maps.inside.iter().zip(&*map.values).filter(|(inside, _)| **inside);
    let finite = inside.map(|(_, v)| *v).filter(|v| v.is_finite());
    let (least, greatest) = finite.fold((0.0_f32, 0.0_f32), |(l, g), v| (l.min(v), g.max(v)));
    let max = if map.max > map.threshold { map.max } else { map.threshold + 1.0 };
    let panel = Panel {
        title: &map.title,
        note: &map.note,
        background: &maps.background,
        overlay: &map.values,
        outline: None,
        threshold: map.threshold,
        floor: map.floor.min(map.threshold),
        max,
    };
    let png = STANDARD.encode(panels(&[panel], &maps.grid, cuts)?);
    let alt = format!(
        "{} on {} cuts through the head ({}): from {} to {}; colours from {} to {}",
        map.title,
        cuts.len(),
        map.note,
        number(f64::from(least), 2),
        number(f64::from(greatest), 2),
        number(f64::from(map.floor), 2),
        number(f64::from(max), 2)
    );
    Ok(format!(
        "<figure class=\"map\">\n<img alt=\"{}\" src=\"data:image/png;base64,{png}\">\n\
         <figcaption>{}</figcaption>\n</figure>\n",
        escaped(&alt),
        escaped(&map.caption)
    ))
}

/// Through the middle of the computed voxels, and across them at a quarter of their height, where the brainstem is.
fn cuts(maps: &Pictures) -> Vec<Cut> {
    let mut cuts = cuts_through(&maps.grid, &maps.inside).to_vec();
    let plane = maps.grid.shape[0] * maps.grid.shape[1];
    let has_voxels = |k: &usize| maps.inside[k * plane..(k + 1) * plane].contains(&true);
    let first = (0..maps.grid.shape[2]).find(has_voxels);
    let last = (0..maps.grid.shape[2]).rfind(has_voxels);
    if let (Some(first), Some(last)) = (first, last) {
        let low = Cut::K(first + (last - first) / 4);
        cuts.extend((!cuts.contains(&low)).then_some(low));
    }
    cuts
}
