//! The anatomy that a page's maps are drawn over: a subject's, or what its subjects have on average.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::unit::Unit;
use super::{Plan, SUBJECT};
use crate::bids::model::Level;
use crate::io::read_map;
use crate::report::statmap::Underlay;
use crate::volume::Grid;

/// Images of the anatomy, the first that is there.
const ANATOMY: [&str; 2] = ["boldref", "T1w"];
/// Subjects whose images are averaged at most.
const MOST: usize = 20;
/// Grids are the same where no corner moves by more, mm.
const SAME_MM: f64 = 1e-3;

/// An image and what it is called.
type Image = (String, Grid, Vec<f32>);

/// Of a subject the reference of a run, or the anatomy in the same space; of a node of the dataset the mean of its subjects'. None where there is no such image.
pub(super) fn below(plan: &Plan, units: &[&Unit]) -> Option<Arc<Underlay>> {
    let space = units.iter().find_map(|unit| unit.entities.get("space")).map(String::as_str);
    if let Some(subject) = units.iter().find_map(|unit| unit.entities.get(SUBJECT)) {
        let (name, grid, values) =
            ANATOMY.iter().find_map(|of| image(plan, (subject, space), of))?;
        return Some(Arc::new(Underlay::new(name, grid, values)));
    }
    let runs = plan.units.iter().filter(|unit| plan.level(unit) == Level::Run);
    let subjects: BTreeSet<&String> = runs.filter_map(|run| run.entities.get(SUBJECT)).collect();
    // What lies in each subject's own space has no mean.
    space.filter(|_| !subjects.is_empty())?;
    ANATOMY.iter().find_map(|of| mean(plan, (&subjects, space), of))
}

/// An image of a subject in a space.
fn image(plan: &Plan, (subject, space): (&str, Option<&str>), suffix: &str) -> Option<Image> {
    let all = plan.found.derivatives.iter().map(|(_, of)| of).chain([&plan.found.raw]);
    let mut files = all.flat_map(|of| {
        let own = of.of_suffix(suffix, &[".nii.gz", ".nii"]).filter(move |file| {
            file.entity(SUBJECT) == Some(subject) && file.entity("space") == space
        });
        own.map(move |file| (of, file))
    });
    // One that cannot be read is no loss for the numbers: another may do, or none.
    let (file, (grid, _, values)) =
        files.find_map(|(of, file)| Some((file, read_map(&of.at(file)).ok()?)))?;
    let name = file.path.file_name().unwrap_or_default().to_string_lossy();
    Some((name.into_owned(), grid, values))
}

/// The mean of the images of subjects that lie on one grid, each over its own mean, so that all count alike.
fn mean(
    plan: &Plan,
    (subjects, space): (&BTreeSet<&String>, Option<&str>),
    suffix: &str,
) -> Option<Arc<Underlay>> {
    let mut sum: Option<(Grid, Vec<f32>)> = None;
    let mut n = 0;
    for subject in subjects {
        let Some((_, grid, values)) = image(plan, (subject, space), suffix) else { continue };
        let bright: Vec<f64> =
            values.iter().filter(|v| v.is_finite() && **v > 0.0).map(|v| f64::from(*v)).collect();
        let level = (bright.iter().sum::<f64>() / bright.len().max(1) as f64) as f32;
        let is_same =
            |own: &Grid| own.shape == grid.shape && own.affine_difference_mm(&grid) <= SAME_MM;
        if level <= 0.0 || sum.as_ref().is_some_and(|(own, _)| !is_same(own)) {
            continue;
        }
        let (_, sum) = sum.get_or_insert_with(|| (grid, vec![0.0; values.len()]));
        sum.iter_mut()
            .zip(&values)
            .filter(|(_, v)| v.is_finite())
            .for_each(|(s, v)| *s += v / level);
        n += 1;
        if n == MOST {
            break;
        }
    }
    let (grid, values) = sum?;
    let of = match subjects.len() {
        1 => "1 subject".to_owned(),
        all if all == n => format!("{n} subjects"),
        all => format!("{n} of {all} subjects"),
    };
    let name =
        format!("the mean of the {suffix} images of {of} (space-{})", space.unwrap_or("none"));
    Some(Arc::new(Underlay::new(name, grid, values)))
}
