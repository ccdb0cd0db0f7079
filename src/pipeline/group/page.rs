//! The pictures of a group analysis and the page of it all.

use std::sync::Arc;

use super::fitted::Fitted;
use super::images::Images;
use super::methods::{self, Counted};
use super::picture;
use crate::design::group::{Centre, Factor, Model, Resolved, Sample, Stratum};
use crate::error::Result;
use crate::maps::{Entities, Map, Quantity};
use crate::pipeline::products::{Draw, Page, Text};
use crate::pipeline::provenance::Provenance;
use crate::pipeline::spec::{ErrorTerm, GroupSpec, GroupVariance, PermuteOptions};
use crate::pipeline::watch::Watch;
use crate::report::group::{Contrast, Correction, Design, GroupPage, Listing, page};
use crate::report::page::FileRead;
use crate::report::statmap::{Underlay, svg};
use crate::stats::second_level::SecondLevel;

/// What is drawn at the end; nothing where no pictures are asked for.
pub(super) struct Pages {
    underlay: Option<Arc<Underlay>>,
    /// Each contrast's label in names of files, and what is said of it.
    contrasts: Vec<(String, Contrast)>,
}

impl Pages {
    /// # Errors
    /// Those of the underlay.
    pub(super) fn open(spec: &GroupSpec, images: &Images, watch: &dyn Watch) -> Result<Pages> {
        let underlay = picture::underlay(spec, images, watch)?.map(Arc::new);
        Ok(Pages { underlay, contrasts: Vec::new() })
    }

    /// One more contrast: its maps, its table of clusters and of regions.
    ///
    /// # Errors
    /// Those of its design.
    pub(super) fn add(
        &mut self,
        spec: &GroupSpec,
        (stratum, fitted): (&Stratum, &Fitted),
        (maps, label): (&[Map], &str),
        images: &Images,
        (clusters, regions): (&Text, Option<&Text>),
    ) -> Result<()> {
        if spec.no_pictures {
            return Ok(());
        }
        let of = (stratum, fitted);
        let picture = picture::statmap(spec, of, maps, images, self.underlay.clone());
        let peak = picture.peak().map_or_else(String::new, |voxel| {
            let [x, y, z] = images.grid.millimetres(images.grid.coordinates(voxel));
            let value = picture.statistic[voxel];
            format!("{value:.2} at ({x:.0}, {y:.0}, {z:.0}) mm").replace('-', "−")
        });
        let rank = SecondLevel::new(stratum.design.view(), stratum.weights.view())?.rank;
        let contrast = Contrast {
            name: stratum.name.clone(),
            words: stratum.told(rank).lines().map(|line| line.trim().to_owned()).collect(),
            corrections: maps.iter().filter_map(|map| correction(map, &fitted.inside)).collect(),
            label: label.to_owned(),
            picture,
            peak,
            clusters: listing(clusters),
            regions: regions.map(listing),
            design: Design {
                rows: stratum.subjects.clone(),
                columns: stratum.columns.clone(),
                values: stratum.design.clone(),
                has_table: true,
            },
            left_out: stratum.left_out.clone(),
        };
        self.contrasts.push((label.to_owned(), contrast));
        Ok(())
    }

    /// A picture a contrast, and the page. `counted`: the rearrangements of each contrast.
    pub(super) fn done(
        self,
        spec: &GroupSpec,
        (sample, resolved, counted): (&Sample, &Resolved, &[Counted]),
        images: &Images,
    ) -> Vec<Page> {
        if self.contrasts.is_empty() {
            return Vec::new();
        }
        let picture = |(label, contrast): &(String, Contrast)| {
            let map = contrast.picture.clone();
            let draw: Draw = Box::new(move |_| svg(&map));
            let entities = Entities::of("statmap").with("contrast", label);
            Page { entities, ending: ".svg", draw }
        };
        let mut pages: Vec<Page> = self.contrasts.iter().map(picture).collect();
        let title = match &spec.model {
            // By what is asked of it: the names of two files tell nobody anything.
            Model::Matrix(_) => {
                let names = self.contrasts.iter().map(|(_, contrast)| contrast.name.clone());
                named(&names.collect::<Vec<String>>())
            }
            model => format!("{} of {}", model.name(), sample.table.name),
        };
        let model = model(spec, (sample, resolved, counted), images);
        let contrasts = self.contrasts.into_iter().map(|(_, contrast)| contrast).collect();
        let methods = spec.report.then(|| methods::of(spec, &sample.subjects, resolved, counted));
        let draw: Draw = Box::new(move |made| {
            page(&GroupPage { methods, ..whole(made, title, model, contrasts) })
        });
        pages.push(Page { entities: Entities::of("group"), ending: ".html", draw });
        pages
    }
}

/// Contrasts that a title names.
const NAMED: usize = 3;

/// Names, of many the first few.
fn named(names: &[String]) -> String {
    let shown = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(NAMED) {
        Some(more @ 1..) => format!("{shown} and {more} more"),
        _ => shown,
    }
}

fn whole(
    made: &Provenance,
    title: String,
    model: Vec<(String, String)>,
    contrasts: Vec<Contrast>,
) -> GroupPage {
    let read = made.inputs.iter().map(|input| FileRead {
        path: input.path.to_string_lossy().into_owned(),
        role: input.role.name().to_owned(),
        checksum: input.checksum.to_string(),
    });
    GroupPage {
        title,
        version: made.version.clone(),
        command_line: made.command_line.clone(),
        inputs: read.collect(),
        outputs: made.outputs.iter().map(|o| o.name.to_string_lossy().into_owned()).collect(),
        warnings: made.warnings.clone(),
        model,
        contrasts,
        methods: None,
    }
}

/// A table's rows, and what its sidecar says it is.
fn listing(text: &Text) -> (String, Listing) {
    let said = text.described().and_then(|fields| fields.get("Description")?.as_str());
    (said.unwrap_or_default().to_owned(), Listing::of_tsv(&text.text))
}

/// What a map of p lets pass; none where it is another map.
fn correction(map: &Map, inside: &[bool]) -> Option<Correction> {
    let (rule, corrected) = match map.quantity {
        Quantity::P | Quantity::PermutationP => ("p < .001", false),
        Quantity::CorrectedP => ("p ≤ .05", true),
        _ => return None,
    };
    let p = || inside.iter().zip(map.values[0].iter()).filter(|(inside, _)| **inside).map(|v| *v.1);
    let passes = |p: &f32| if corrected { *p <= 0.05 } else { *p < 0.001 };
    let what = match map.quantity {
        Quantity::P => format!("{}, uncorrected", map.description),
        _ => map.description.clone(),
    };
    Some(Correction {
        what,
        rule: rule.to_owned(),
        n_voxels: p().filter(passes).count(),
        least: f64::from(p().fold(1.0, f32::min)),
    })
}

/// What the analysis is, in words.
fn model(
    spec: &GroupSpec,
    (sample, resolved, counted): (&Sample, &Resolved, &[Counted]),
    images: &Images,
) -> Vec<(String, String)> {
    let mut all: Vec<(&str, String)> = Vec::new();
    let (n_maps, n_subjects) = (sample.subjects.len(), resolved.factors.subjects.len());
    all.push(("Table", format!("{}: {n_maps} maps of {n_subjects} subjects", sample.table.name)));
    all.push(("Model", spec.model.name().to_owned()));
    let levels = |factor: &Factor| format!("{} ({})", factor.column, factor.levels.join(", "));
    if let Some(between) = &resolved.factors.between {
        all.push(("Between subjects", levels(between)));
    }
    if !resolved.factors.within.is_empty() {
        let within: Vec<String> = resolved.factors.within.iter().map(levels).collect();
        all.push(("Within subjects", within.join("; ")));
    }
    if !spec.covariates.is_empty() {
        let centre = match spec.centre {
            Centre::Overall => "centred about the mean of all subjects",
            Centre::Group => "centred about the mean of each group",
            Centre::None => "not centred",
        };
        all.push(("Covariates", format!("{}, {centre}", spec.covariates.join(", "))));
    }
    let error = match spec.error {
        ErrorTerm::Partitioned => "each contrast against its own (partitioned)",
        ErrorTerm::Pooled => "one for all maps (pooled)",
    };
    all.push(("Error", error.to_owned()));
    let variance = match spec.variance {
        GroupVariance::Equal => "the same in all groups",
        GroupVariance::Welch => "each group's own (Welch)",
        GroupVariance::Mixed => "each subject's own and that between subjects (mixed effects)",
    };
    all.push(("Variance", variance.to_owned()));
    let mask = spec.mask.as_deref().and_then(|path| path.file_name());
    let mask =
        mask.map_or_else(|| "all voxels".to_owned(), |name| name.to_string_lossy().into_owned());
    all.push(("Where", format!("{mask}: {} voxels with values", images.places.len())));
    if let Some(least) = spec.least_subjects {
        all.push(("Subjects at a voxel", format!("{least} at least")));
    }
    all.push(("Units", images.units.clone().unwrap_or_else(|| "not said by the maps".to_owned())));
    let sides = match (spec.two_sided, spec.regions.is_empty() && spec.atlas.is_none()) {
        (true, _) => "both tails",
        (false, true) => "upper tail",
        (false, false) => "upper tail; of regions both tails",
    };
    all.push(("p of t", sides.to_owned()));
    if let Some(options) = &spec.permute {
        all.push(("Rearrangements", rearrangements(options, counted)));
    }
    all.extend(resolved.notes.iter().map(|note| ("Note", note.clone())));
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn rearrangements(options: &PermuteOptions, counted: &[Counted]) -> String {
    let mut text = Counted::told(counted, options);
    if options.across {
        text.push_str("; corrected for all contrasts together");
    }
    if let Some(p) = options.cluster_p {
        let p = p.to_string();
        text.push_str(&format!("; clusters formed at p < {}", p.trim_start_matches('0')));
    }
    text
}
