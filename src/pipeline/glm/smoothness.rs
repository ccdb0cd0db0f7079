//! The second look at a run: its residuals as a file, and how smooth they are, as text, tables and sidecar.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::error::Result;
use crate::io::source::BoldSource;
use crate::maps::{Bounds, Entities};
use crate::pipeline::blocks::Ladder;
use crate::pipeline::echoes::OF_AN_ECHO;
use crate::pipeline::first_level::{Fitted, Plan};
use crate::pipeline::inputs::{Run, bids_fields, display};
use crate::pipeline::products::{Agreement, ColumnAgreement, Image, Products, Text};
use crate::pipeline::residuals::{self, Fit, Smoothness};
use crate::pipeline::spec::{GlmSpec, OutType};
use crate::pipeline::voxelwise::Voxelwise;
use crate::pipeline::watch::Watch;
use crate::table::dictionary::{DataDictionary, Entry};

/// How much further than t the numbers of a fit's smoothness may be from those of its rerun, relative to the largest: those of neighbours, and those
/// of the mixed model, which the data hold less firmly.
const OF_NEIGHBOURS: f64 = 10.0;
const OF_MODEL: f64 = 250.0;
/// Of them, what the share of voxels with other residuals counts, before they are multiplied: neighbours' numbers move by several times that share at most.
const OF_OTHERS: f64 = 0.8;

/// Go through a run again where its residuals or their smoothness are asked for; `number`: of one of several runs.
///
/// # Errors
/// Reading and output errors.
pub(super) fn again(
    spec: &GlmSpec,
    ladder: &Ladder,
    (run, beside, plan): (&mut Run, &mut Voxelwise, &Plan),
    number: Option<usize>,
    fitted: &mut Fitted,
    products: &mut dyn Products,
    watch: &dyn Watch,
) -> Result<Option<Smoothness>> {
    let maps = fitted.residuals.last_mut().and_then(|residuals| residuals.maps.as_mut());
    let Some(maps) = maps else { return Ok(None) };
    let Some(estimates) = maps.estimates.take() else { return Ok(None) };
    let beyond = maps.estimates_beyond.take();
    let fit = Fit { plan, estimates: &estimates, beyond: beyond.as_ref(), maps };
    let mut sink = if spec.residuals {
        let mut header = run.header.for_bold(run.n_volumes);
        run.acquisition.iter().for_each(|a| header.set_repetition_time(a.tr));
        Some(products.bold(image(spec, run, number), &header)?)
    } else {
        None
    };
    let to = sink.as_mut().map(|sink| sink.as_mut() as _);
    let grid = run.grid.clone();
    let wanted = spec.maps.then_some(&grid);
    let sources: (&mut dyn BoldSource, _) = (run.bold.as_mut(), &mut beside.sources[..]);
    let found = residuals::pass(ladder, sources, &fit, (to, wanted), watch)?;
    if let Some(sink) = sink {
        sink.finish()?;
    }
    if let Some(found) = &found {
        watch.note(&said(&display(&run.path), found));
    }
    Ok(found)
}

/// What is not true of a run that lost volumes.
const OF_WHOLE_RUNS: [&str; 2] = ["RepetitionTime", "StartTime"];

/// The residuals of a run as a file.
fn image(spec: &GlmSpec, run: &Run, number: Option<usize>) -> Image {
    // What stays true of the run; of a combination of echoes not what was one echo's.
    let mut described =
        bids_fields(run.fields.clone(), run.acquisition.clone(), run.resampled.clone());
    let is_combined = spec.runs.iter().any(|run| run.echoes.is_some());
    described.retain(|name, _| !(is_combined && OF_AN_ECHO.contains(&name.as_str())));
    let has_gaps = run.kept.len() < run.header.n_volumes();
    described.retain(|name, _| !(has_gaps && OF_WHOLE_RUNS.contains(&name.as_str())));
    let mut say = |key: &str, value: Value| drop(described.insert(key.to_owned(), value));
    let outside = match number {
        None => "outside the mask",
        Some(_) => "where this run was not fitted; the mask of several runs is what all have",
    };
    say(
        "Description",
        json!(format!(
            "Residuals y - X beta of the fit that was used, not whitened, of the run as it was fitted (corrected, smoothed); 0 {outside}"
        )),
    );
    say("Units", json!(spec.scaling.units()));
    if has_gaps {
        say("VolumesOfTheRun", json!(run.kept));
    }
    Image {
        entities: of_run(Entities::of("bold"), number).with("desc", "residuals"),
        // Noise hardly gets smaller, and a plain file takes blocks as they come.
        ending: ".nii",
        out_type: OutType::Float32,
        described,
        is_of_fit: true,
    }
}

fn of_run(entities: Entities, number: Option<usize>) -> Entities {
    match number {
        Some(number) => entities.with("run", number.to_string()),
        None => entities,
    }
}

/// A width, or that there is none.
fn width(value: Option<f64>) -> String {
    value.map_or("n/a".to_owned(), |value| format!("{value:.4}"))
}

/// In words, for a person.
fn said(name: &str, found: &Smoothness) -> String {
    let mm = |value: &Option<f64>| value.map_or("none".to_owned(), |value| format!("{value:.2}"));
    let [x, y, z] = &found.fwhm_mm;
    let mut text = format!(
        "residuals of {name}: FWHM {} x {} x {} mm along i, j, k (from neighbours)",
        mm(x),
        mm(y),
        mm(z)
    );
    // Writing to a String cannot fail.
    if found.fwhm_mm.contains(&None) {
        let _ = write!(text, "; none: neighbours along it do not go together");
    }
    if let Some(resels) = found.resels {
        let _ = write!(text, ", {resels:.0} resels");
    }
    if let Some(acf) = &found.acf {
        let _ = write!(
            text,
            "; ACF {:.3} exp(-r²/2 {:.2}²) + {:.3} exp(-r/{:.2}), half at {:.2} mm",
            acf.a,
            acf.b_mm,
            1.0 - acf.a,
            acf.c_mm,
            0.5 * acf.fwhm_mm()
        );
    } else {
        let _ = write!(text, "; no ACF: too few distances within three widths");
    }
    text
}

/// For a sidecar.
pub(super) fn resolved(found: &Smoothness) -> (String, Value) {
    let acf = found.acf.map(
        |acf| json!({ "a": acf.a, "b_mm": acf.b_mm, "c_mm": acf.c_mm, "fwhm_mm": acf.fwhm_mm() }),
    );
    let said = json!({
        "fwhm_mm": found.fwhm_mm,
        "resels": found.resels,
        "voxels": found.n_voxels,
        "acf": acf,
        "acf_volumes": found.n_volumes,
    });
    ("residual_smoothness".to_owned(), said)
}

/// How smooth the runs are, a row a run, and their autocorrelation over distances; nothing where it was not asked for. `elsewhere`: the share of voxels whose
/// residuals may be others.
pub(super) fn tables(
    (numbers, found): (&[usize], &[Option<Smoothness>]),
    elsewhere: f64,
) -> Vec<Text> {
    if found.iter().all(Option::is_none) {
        return Vec::new();
    }
    let mut widths =
        "run\tfwhm_i\tfwhm_j\tfwhm_k\tresels\tvoxels\tacf_a\tacf_b\tacf_c\tacf_fwhm\n".to_owned();
    let mut distances = "run\tdistance\tcorrelation\tmodel\tvolumes\tpairs\n".to_owned();
    for (number, found) in numbers.iter().zip(found) {
        let Some(found) = found else { continue };
        let [x, y, z] = found.fwhm_mm.map(width);
        let [a, b, c, fwhm] = match &found.acf {
            Some(acf) => [acf.a, acf.b_mm, acf.c_mm, acf.fwhm_mm()].map(|v| width(Some(v))),
            None => [None; 4].map(width),
        };
        let (resels, voxels) = (width(found.resels), found.n_voxels);
        // Writing to a String cannot fail.
        let _ =
            writeln!(widths, "{number}\t{x}\t{y}\t{z}\t{resels}\t{voxels}\t{a}\t{b}\t{c}\t{fwhm}");
        for ring in &found.rings {
            let model = width(found.acf.map(|acf| acf.at(ring.radius_mm)));
            let (distance, correlation) = (ring.radius_mm, ring.correlation);
            let (volumes, pairs) = (found.n_volumes, ring.n_pairs);
            let _ = writeln!(
                distances,
                "{number}\t{distance:.4}\t{correlation:.4}\t{model}\t{volumes}\t{pairs}"
            );
        }
    }
    let near = |times: f64| ColumnAgreement::OfFit {
        decimals: 4,
        times: times * (1.0 + elsewhere * OF_OTHERS / Bounds::F64.atol),
    };
    let (neighbours, model) = (near(OF_NEIGHBOURS), near(OF_MODEL));
    let host = [ColumnAgreement::Host; 2];
    let of_widths = [&host[..1], &[neighbours; 4], &host[..1], &[model; 3], &[neighbours]];
    let of_distances = [&host[..], &[neighbours; 2], &host].concat();
    let text = |suffix: &'static str, text, agreement, columns: &[(&str, &str, &str)]| {
        let said = columns.iter();
        let said = said.map(|&(name, says, units)| (name, Entry::of(says).in_units(units)));
        let entities = Entities::of(suffix).with("desc", "residuals");
        let dictionary = DataDictionary::default().columns(said);
        Text::table(entities, text, Some(Agreement::Columns(agreement)), &dictionary)
    };
    vec![
        text("smoothness", widths, of_widths.concat(), &WIDTHS),
        text("acf", distances, of_distances, &DISTANCES),
    ]
}

/// Name, description, units.
const WIDTHS: [(&str, &str, &str); 10] = [
    (
        "run",
        "Number of the run: of its name where all runs have one of their own, else in the order given",
        "",
    ),
    (
        "fwhm_i",
        "Full width at half maximum of the Gaussian whose noise has neighbours along i as alike as the standardised residuals (Forman 1995)",
        "mm",
    ),
    ("fwhm_j", "The same along j", "mm"),
    ("fwhm_k", "The same along k", "mm"),
    ("resels", "Voxels over those of a cuboid of these widths", ""),
    (
        "voxels",
        "Those that all of this is of: fitted in this run; maps of several runs hold those that all of them have",
        "",
    ),
    ("acf_a", "a of the autocorrelation a exp(-r^2 / 2 b^2) + (1 - a) exp(-r / c) (Cox 2017)", ""),
    ("acf_b", "b of it; where a is 0 it means nothing", "mm"),
    ("acf_c", "c of it; where a is 1 it means nothing", "mm"),
    ("acf_fwhm", "Twice the distance at which the model is a half", "mm"),
];

/// The same.
const DISTANCES: [(&str, &str, &str); 6] = [
    (
        "run",
        "Number of the run: of its name where all runs have one of their own, else in the order given",
        "",
    ),
    ("distance", "Mean distance of the pairs of voxels", "mm"),
    ("correlation", "Mean correlation of their residuals", ""),
    ("model", "a exp(-r^2 / 2 b^2) + (1 - a) exp(-r / c) there", ""),
    ("volumes", "Volumes that the correlation is the mean over, evenly spread over the run", ""),
    (
        "pairs",
        "Pairs of voxels in each of them: of 24 offsets at most of all at about this distance",
        "",
    ),
];
