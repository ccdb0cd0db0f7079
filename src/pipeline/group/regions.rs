//! The group's answer to the mean of each region that the user gives.

use super::fitted::Fitted;
use super::images::Images;
use super::made::Made;
use super::seed;
use super::sizes::hedges_g;
use crate::design::group::{Combination, Stratum};
use crate::error::Result;
use crate::maps::Entities;
use crate::pipeline::products::{Agreement, ColumnAgreement, Text};
use crate::pipeline::regions::{self, MEAN_OF_FEW, Region, Regions, is_changed};
use crate::pipeline::spec::{GroupSpec, GroupVariance};
use crate::pipeline::watch::Watch;
use crate::stats::second_level::SecondLevel;
use crate::stats::tails::{TTail, critical_t, ln_sf_f};
use crate::table::dictionary::{DataDictionary, Entry};
use crate::table::number;

/// The regions as they were given, then, where they are to be moved, as they lie along x, y and z; each set with how far, mm.
pub(super) type Sets = Vec<([f64; 3], Regions)>;

/// Read what is given: the atlas's first.
///
/// # Errors
/// As of spaces. Missing input; bad data: another grid, labels that are no whole numbers, a table without its columns, a shape without a voxel; usage for a move that
/// changes nothing.
pub(super) fn open(spec: &GroupSpec, images: &Images, watch: &dyn Watch) -> Result<Sets> {
    check_spaces(spec, images, watch)?;
    let on = (&images.grid, "the maps");
    let atlas = match &spec.atlas {
        Some(path) => regions::atlas(path, spec.atlas_names.as_deref(), on, watch)?,
        None => Regions::default(),
    };
    let options = spec.region_options();
    let regions = atlas.and(regions::open(&options, on, watch)?)?;
    regions.tell_cut("the maps", watch);
    regions.tell_few(MEAN_OF_FEW, watch);
    seed::tell(&regions.all, images, watch);
    regions::with_moved(regions, &options, &images.grid, watch)
}

/// Refuse or tell where regions and search volumes are given by coordinates, and the maps are of no space that they share.
///
/// # Errors
/// Usage: coordinates of a template in maps that are of their subjects' own spaces, by their names or those of their runs.
fn check_spaces(spec: &GroupSpec, images: &Images, watch: &dyn Watch) -> Result<()> {
    let mut options = spec.region_options();
    options.given.extend(spec.volumes.iter().cloned());
    let maps: Vec<_> = images.made.iter().map(Made::for_regions).collect();
    regions::check_spaces(&options, (&maps, &images.header), watch)
}

/// What is lacking of a region.
fn tell(region: &Region, (stratum, fitted): (&Stratum, &Fitted), n: usize, watch: &dyn Watch) {
    let (name, n_all) = (&region.name, region.voxels.len());
    if 2 * n < n_all {
        watch.warn(&format!("{}: {n} of the {n_all} voxels of {name} are analysed", stratum.name));
    }
    let n_rows = stratum.subjects.len() as u32;
    let lacks = |v: &usize| fitted.subjects.as_ref().is_some_and(|s| s[*v] < n_rows);
    let n_lacking = region.voxels.iter().filter(|v| fitted.inside[**v] && lacks(v)).count();
    if n_lacking > 0 {
        watch.warn(&format!(
            "{}: {n_lacking} of the {n} voxels of {name} lack subjects",
            stratum.name
        ));
    }
}

/// The mean over some places of each subject's combinations, `[combination][row]`: over the subject's own voxels, where some lack a value.
fn means(stratum: &Stratum, images: &Images, places: &[usize]) -> Vec<Vec<f64>> {
    let mean = |maps: &Combination| {
        let of = |&(row, w): &(usize, f64)| {
            let values = places.iter().map(|&place| images.value(row, place));
            let known: Vec<f64> = values.filter(|v| !v.is_nan()).collect();
            w * known.iter().sum::<f64>() / known.len() as f64
        };
        maps.iter().map(of).sum::<f64>()
    };
    stratum.combined.iter().map(|c| c.iter().map(mean).collect()).collect()
}

fn f_cells(model: &SecondLevel, y: &[Vec<f64>]) -> String {
    let answer = model.answer(y, true);
    let dof1 = (model.rank_of_weights * y.len()) as f64;
    let p = ln_sf_f(answer.stat, dof1, answer.dof).exp();
    let [stat, dof2, p] = [answer.stat, answer.dof, p].map(number);
    format!("\t{stat}\t{dof1}\t{dof2}\t{p}")
}

fn t_cells(spec: &GroupSpec, stratum: &Stratum, model: &SecondLevel, y: &[Vec<f64>]) -> String {
    let answer = match spec.variance {
        GroupVariance::Welch => model.welch(&y[0], &stratum.group, stratum.groups.len()),
        // A region's mean has no variance of its own: each subject counts alike.
        GroupVariance::Equal | GroupVariance::Mixed => model.answer(y, false),
    };
    let tail = TTail::new(answer.dof);
    // Of both tails, whatever the maps count: an interval stands beside it.
    let p = (2.0 * tail.ln_sf(answer.stat.abs()).exp()).min(1.0);
    let (effect, se) = (answer.effect[0], answer.variance[0].sqrt());
    let half = se * critical_t(0.025, answer.dof);
    let [lower, upper] = [effect - half, effect + half];
    let g = match spec.variance {
        GroupVariance::Welch => None,
        _ => hedges_g(answer.stat, answer.dof, model),
    };
    let [g, g_lower, g_upper] = g.unwrap_or([f64::NAN; 3]);
    let all = [effect, se, answer.stat, answer.dof, p, lower, upper, g, g_lower, g_upper];
    all.iter().map(|&value| format!("\t{}", number(value))).collect()
}

/// A contrast's answer to the means of regions.
pub(super) struct Answered<'a> {
    spec: &'a GroupSpec,
    stratum: &'a Stratum,
    fitted: &'a Fitted,
    images: &'a Images,
    /// The contrast as in file names.
    label: &'a str,
    model: SecondLevel,
    /// Where a voxel of the grid lies among those that images hold.
    place_of: Vec<Option<usize>>,
}

impl<'a> Answered<'a> {
    /// # Errors
    /// Those of the design.
    pub(super) fn new(
        spec: &'a GroupSpec,
        (stratum, fitted): (&'a Stratum, &'a Fitted),
        images: &'a Images,
        label: &'a str,
    ) -> Result<Answered<'a>> {
        let mut place_of = vec![None; images.grid.n_voxels()];
        images.places.iter().enumerate().for_each(|(place, &voxel)| place_of[voxel] = Some(place));
        let model = SecondLevel::new(stratum.design.view(), stratum.weights.view())?;
        Ok(Answered { spec, stratum, fitted, images, label, model, place_of })
    }

    /// The names of the statistics' columns.
    fn columns(&self) -> &'static str {
        match self.stratum.is_f {
            true => "F\tdof1\tdof2\tp",
            false => {
                "effect\tstandard_error\tt\tdof\tp\tlower_95\tupper_95\thedges_g\tg_lower_95\tg_upper_95"
            }
        }
    }

    /// How many voxels of a region are analysed, and the cells of its statistics, each behind a tab; none where nothing is known of a subject.
    fn of(&self, region: &Region) -> (usize, Option<String>) {
        let inside = region.voxels.iter().filter(|&&v| self.fitted.inside[v]);
        let places: Vec<usize> = inside.filter_map(|&v| self.place_of[v]).collect();
        let y = means(self.stratum, self.images, &places);
        let is_known = !places.is_empty() && y.iter().flatten().all(|v| !v.is_nan());
        let cells = is_known.then(|| match self.stratum.is_f {
            true => f_cells(&self.model, &y),
            false => t_cells(self.spec, self.stratum, &self.model, &y),
        });
        (places.len(), cells)
    }

    fn unknown(&self) -> String {
        "\tn/a".repeat(self.columns().split('\t').count())
    }

    /// A row a region.
    pub(super) fn table(&self, regions: &Regions, watch: &dyn Watch) -> Text {
        let mut text = format!("region\tvoxels\tvoxels_in_region\t{}\n", self.columns());
        for region in &regions.all {
            let (n, cells) = self.of(region);
            tell(region, (self.stratum, self.fitted), n, watch);
            let (name, n_all) = (&region.name, region.voxels.len());
            if n > 0 && cells.is_none() {
                watch.warn(&format!(
                    "{}: a subject has no value in {name}; the region's row is n/a",
                    self.stratum.name
                ));
            }
            let cells = cells.unwrap_or_else(|| self.unknown());
            text.push_str(&format!("{name}\t{n}\t{n_all}{cells}\n"));
        }
        self.written(text, None, &described(self.stratum, self.images))
    }

    /// Each region as it was given and as it lies elsewhere, a row each; none where nothing is moved.
    pub(super) fn moved(&self, sets: &[([f64; 3], Regions)]) -> Option<Text> {
        let [(_, given), _, ..] = sets else { return None };
        let mut text = format!(
            "region\tshift_x\tshift_y\tshift_z\tchanged\tvoxels\tvoxels_in_region\t{}\n",
            self.columns()
        );
        for (at, region) in given.all.iter().enumerate() {
            for (by, there) in sets {
                let there = &there.all[at];
                let (n, cells) = self.of(there);
                let (name, n_all) = (&there.name, there.voxels.len());
                let changed = is_changed(*by, &region.voxels, &there.voxels);
                let cells = cells.unwrap_or_else(|| self.unknown());
                let far = regions::moved_cells(there);
                text.push_str(&format!("{name}\t{far}\t{changed}\t{n}\t{n_all}{cells}\n"));
            }
        }
        let described = described(self.stratum, self.images);
        Some(self.written(text, Some("shift"), &described.columns(regions::described_moves())))
    }

    /// `desc`: what tells the table from that of the regions as they were given.
    fn written(
        &self,
        text: String,
        desc: Option<&'static str>,
        described: &DataDictionary,
    ) -> Text {
        let of = Entities::of("regions").with("contrast", self.label);
        let entities = desc.into_iter().fold(of, |of, desc| of.with("desc", desc));
        let n_columns = text.lines().next().unwrap_or_default().split('\t').count();
        let agreement = Agreement::Columns(vec![ColumnAgreement::Written; n_columns]);
        Text::table(entities, text, Some(agreement), described)
    }
}

/// What the columns are.
fn described(stratum: &Stratum, images: &Images) -> DataDictionary {
    let p = match stratum.is_f {
        true => "Of F, uncorrected",
        false => {
            "Uncorrected, two-sided, both tails of t, as the interval, whichever tail the maps count; below .05 where the interval is without 0"
        }
    };
    let shared = [
        ("region", "The region"),
        ("voxels", "Voxels of the region that are analysed"),
        ("voxels_in_region", "All voxels of the region on the grid"),
        ("p", p),
    ];
    let own: &[(&str, &str)] = match stratum.is_f {
        true => &[
            ("F", "F of the contrast in the means of the region"),
            ("dof1", "Degrees of freedom of the contrast"),
            ("dof2", "Degrees of freedom of the residuals"),
        ],
        false => &[
            ("t", "Effect over its standard error"),
            ("dof", "Degrees of freedom of t"),
            (
                "hedges_g",
                "Standardised effect, corrected for small samples (Hedges); n/a where it has none",
            ),
            ("g_lower_95", "Lower limit of the 95 % confidence interval of hedges_g"),
            ("g_upper_95", "Upper limit of the 95 % confidence interval of hedges_g"),
        ],
    };
    let of_effect = [
        ("effect", "The contrast in the means of the region"),
        ("standard_error", "Standard error of the effect"),
        ("lower_95", "Lower limit of the 95 % confidence interval of the effect, both sides"),
        ("upper_95", "Upper limit of the 95 % confidence interval of the effect, both sides"),
    ];
    let units = images.units.as_deref().unwrap_or_default();
    let of_effect = of_effect.map(|(column, says)| (column, Entry::of(says).in_units(units)));
    DataDictionary::of(format!("{} in the mean of each region", stratum.name))
        .fact("ContrastInWords", stratum.words.clone())
        .columns(shared.iter().chain(own).copied())
        .columns(of_effect)
}
