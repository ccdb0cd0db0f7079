//! The methods of an analysis of runs in words, to be copied: what was done and nothing else, with the works it rests on.

use super::across::Asked;
use super::{Opened, Questions, modelled};
use crate::design::Drift;
use crate::design::censor::Rules;
use crate::design::hrf::Model;
use crate::maps::told;
use crate::pipeline::combine::Joining;
use crate::pipeline::echoes::Combination;
use crate::pipeline::inputs::Run;
use crate::pipeline::noise::pairs_in_words;
use crate::pipeline::spec::{Combining, GlmSpec, Noise, RegionOptions, SignalScale};
use crate::report::methods::Sentence;
use crate::stats::ar1::Pairs;

const FRISTON: &str = "Friston KJ, et al. Statistical parametric maps in functional imaging: a general linear approach. Hum Brain Mapp 1994;2:189-210.";
const EVENTS: &str = "Friston KJ, et al. Event-related fMRI: characterizing differential responses. NeuroImage 1998;7:30-40.";
const GLOVER: &str = "Glover GH. Deconvolution of impulse response in event-related BOLD fMRI. NeuroImage 1999;9:416-429.";
const NILEARN: &str = "Abraham A, et al. Machine learning for neuroimaging with scikit-learn. Front Neuroinform 2014;8:14.";
const AFNI: &str = "Cox RW. AFNI: software for analysis and visualization of functional magnetic resonance neuroimages. Comput Biomed Res 1996;29:162-173.";
const REML: &str = "Patterson HD, Thompson R. Recovery of inter-block information when block sizes are unequal. Biometrika 1971;58:545-554.";
const CHEANG: &str = "Cheang WK, Reinsel GC. Bias reduction of autoregressive estimates in time series regression model through restricted maximum likelihood. J Am Stat Assoc 2000;95:1173-1184.";
const RETROICOR: &str = "Glover GH, Li TQ, Ress D. Image-based method for retrospective correction of physiological motion effects in fMRI: RETROICOR. Magn Reson Med 2000;44:162-167.";
const JO: &str = "Jo HJ, et al. Mapping sources of correlation in resting state FMRI, with artifact detection and removal. NeuroImage 2010;52:571-582.";
const POSSE: &str = "Posse S, et al. Enhancement of BOLD-contrast sensitivity by single-shot multi-echo functional MR imaging. Magn Reson Med 1999;42:87-97.";
const CENSORING: &str = "Power JD, et al. Methods to detect, characterize, and remove motion artifact in resting state fMRI. NeuroImage 2014;84:320-341.";
const HIGHLIGHT: &str = "Taylor PA, et al. Highlight results, don't hide them: enhance interpretation, reduce biases and improve reproducibility. NeuroImage 2023;274:120138.";

/// The paragraphs.
pub(super) fn of(spec: &GlmSpec, opened: &Opened, questions: &Questions) -> Vec<Vec<Sentence>> {
    vec![
        model(spec, opened, questions),
        noise(spec, &opened.runs, &questions.asked),
        inference(spec),
    ]
}

fn sentence(text: String, from: &'static [&'static str]) -> Sentence {
    (text, from)
}

fn model(spec: &GlmSpec, opened: &Opened, questions: &Questions) -> Vec<Sentence> {
    let (runs, models) = (&opened.runs, &questions.models);
    let n = runs.len();
    let what = if n == 1 { "The run was".to_owned() } else { format!("Each of {n} runs was") };
    let mut said = vec![sentence(
        format!(
            "{what} analysed voxel by voxel with a general linear model by boldly {}.",
            env!("CARGO_PKG_VERSION")
        ),
        &[FRISTON],
    )];
    let mut combined: Vec<String> =
        opened.combined.iter().flatten().map(Combination::sentence).collect();
    combined.dedup();
    said.extend(combined.into_iter().map(|text| sentence(text, &[POSSE])));
    said.extend(response(spec, runs));
    let corrects = runs.iter().any(|run| modelled::corrects(run, questions.smoothing.as_ref()));
    if corrects {
        let text = "Slice-wise physiological columns were fitted jointly with the others and subtracted before smoothing; their degrees of freedom were counted.";
        said.push(sentence(text.to_owned(), &[]));
    }
    if spec.smooth.fwhm_mm > 0.0 {
        let within = if spec.smooth.within.is_some() { " within a mask" } else { "" };
        said.push(sentence(
            format!(
                "Before the fit volumes were smoothed by a Gaussian of {} mm full width at half maximum{within}.",
                spec.smooth.fwhm_mm
            ),
            &[],
        ));
    }
    if runs.iter().any(|run| run.task.is_some()) {
        said.push(sentence(drift(spec.design.drift), &[]));
    }
    let confounds: Vec<usize> = runs.iter().map(|run| run.confounds.len()).collect();
    if let (Some(least), Some(most)) = (confounds.iter().min(), confounds.iter().max())
        && *most > 0
    {
        let n = if least == most { most.to_string() } else { format!("{least} to {most}") };
        let by =
            spec.design.strategy.map_or(String::new(), |s| format!(" (strategy {})", s.name()));
        // Of a ready design names alone tell, and tell drift and constant as well.
        let what = match runs.iter().all(|run| run.task.is_none()) {
            true => "columns that are by their names confounds, drift or constant",
            false => "confound columns",
        };
        said.push(sentence(format!("The model held {n} {what}{by}."), &[]));
    }
    if runs.iter().any(|run| run.physio.is_some()) {
        let terms = &spec.design.terms;
        said.push(sentence(
            format!(
                "Pulse and breathing entered as RETROICOR columns of order {} (cardiac), {} (respiratory) and {} x {} (interaction).",
                terms.cardiac, terms.respiratory, terms.interaction.0, terms.interaction.1
            ),
            &[RETROICOR],
        ));
        if !terms.slow.is_empty() {
            let slow: Vec<String> = terms.slow.iter().map(ToString::to_string).collect();
            let text = format!("Slow physiological columns: {}.", slow.join(", "));
            said.push(sentence(text, &[]));
        }
    }
    said.extend(corrected_before(runs));
    let n_images = spec.voxelwise.images.iter().map(Vec::len).max().unwrap_or(0);
    said.extend(own_columns(n_images, spec.voxelwise.local.as_ref().map(|local| local.radius_mm)));
    said.extend(in_regions(&spec.roi));
    let dof: Vec<String> = models.iter().map(|model| told(model.dof)).collect();
    said.push(sentence(format!("Residual degrees of freedom: {}.", dof.join(", ")), &[]));
    said
}

/// That runs were corrected for physiology before, where the model counts it.
fn corrected_before(runs: &[Run]) -> Option<Sentence> {
    let spent: Vec<&Run> = runs.iter().filter(|run| run.dof_spent > 0.0).collect();
    let has_columns = runs.iter().any(|run| run.carried.is_some() || run.survived.is_some());
    if spent.is_empty() && !has_columns {
        return None;
    }
    let columns = if has_columns { " The columns that it took out are in the model." } else { "" };
    let dof: Vec<String> = spent.iter().map(|run| format!("{:.1}", run.dof_spent)).collect();
    let alone = match dof.is_empty() {
        true => String::new(),
        false => {
            format!(" Degrees of freedom that were counted without a column: {}.", dof.join(", "))
        }
    };
    let text = format!(
        "Physiological noise had been taken out of the images by boldly retroicor before.{columns}{alone}"
    );
    Some(sentence(text, &[RETROICOR]))
}

/// How events became columns; nothing of ready designs.
fn response(spec: &GlmSpec, runs: &[Run]) -> Vec<Sentence> {
    if runs.iter().all(|run| run.task.is_none()) {
        return vec![sentence("The design was given as a matrix.".to_owned(), &[])];
    }
    let (name, from): (&str, &'static [&'static str]) = match &spec.design.hrf.model {
        Model::Spm => ("SPM's canonical haemodynamic response", &[EVENTS]),
        Model::SpmNilearn => ("SPM's canonical response as nilearn samples it", &[EVENTS, NILEARN]),
        Model::Glover => {
            ("Glover's haemodynamic response as nilearn samples it", &[GLOVER, NILEARN])
        }
        Model::Fir { .. } => ("a finite impulse response", &[]),
        Model::Stimulus => ("no response: the stimulus itself", &[]),
        Model::Block { .. } | Model::Gamma { .. } | Model::Spmg { .. } => {
            ("AFNI's response", &[AFNI])
        }
        Model::Own => ("a response of one's own", &[]),
    };
    let text = spec.design.hrf.to_string();
    let mut said =
        vec![sentence(format!("Events were convolved with {name} (--hrf {text})."), from)];
    let mut sampled: Vec<String> = runs
        .iter()
        .filter_map(|run| Some(run.task.as_ref()?.told(run.acquisition.as_ref()?)))
        .map(|told| told.split(';').next().unwrap_or_default().to_owned())
        .collect();
    sampled.dedup();
    if !sampled.is_empty() {
        let sampled = sampled.join("; ").replace("task columns ", "");
        said.push(sentence(format!("Task columns were sampled {sampled}."), &[]));
    }
    let given = |all: Vec<String>, what: &str| {
        (!all.is_empty()).then(|| sentence(format!("{what}: {}.", all.join(", ")), &[]))
    };
    let durations = spec.design.durations.iter().map(|one| match &one.condition {
        Some(condition) => format!("{} of {condition}", one.column),
        None => one.column.clone(),
    });
    said.extend(given(durations.collect(), "Durations were taken from columns of the events"));
    let modulated = spec.design.modulate.iter().map(ToString::to_string);
    said.extend(given(
        modulated.collect(),
        "Responses were modulated by columns of the events, a column of the model each",
    ));
    said
}

/// How slow drift was modelled, in a sentence.
#[must_use]
pub fn drift(asked: Drift) -> String {
    match asked {
        Drift::Cosine { cutoff_s } => {
            format!("Slow drift: discrete cosines with periods of {cutoff_s} s or more.")
        }
        Drift::Polynomial { order } => format!("Slow drift: polynomials up to degree {order}."),
        Drift::Legendre { order: Some(order) } => {
            format!("Slow drift: Legendre polynomials up to degree {order}.")
        }
        Drift::Legendre { order: None } => {
            "Slow drift: Legendre polynomials, a degree more for every 150 s.".to_owned()
        }
        Drift::None => "No slow drift was modelled beside what the confounds hold.".to_owned(),
    }
}

/// What columns of each voxel's own were, in words: of so many images a run, and of the white matter within a radius in mm.
#[must_use]
pub fn own_columns(n_images: usize, local_mm: Option<f64>) -> Vec<Sentence> {
    let of_images = (n_images > 0).then(|| {
        let columns = if n_images == 1 { "a column" } else { "columns" };
        let text = format!("Each voxel's model held {columns} of its own from images beside the run ({n_images} of each run).");
        sentence(text, &[])
    });
    let local = local_mm.map(|mm| {
        let text = format!(
            "Each voxel's model held the mean of the run, as it was read, over the white matter within {mm} mm of it (ANATICOR)."
        );
        sentence(text, &[JO])
    });
    of_images.into_iter().chain(local).collect()
}

/// That means of regions were fitted, where they were.
#[must_use]
pub fn in_regions(roi: &RegionOptions) -> Option<Sentence> {
    let said = "The unsmoothed mean of each region was fitted by itself, with the columns of its run and the same model of the residuals.";
    (!roi.is_empty()).then(|| sentence(said.to_owned(), &[]))
}

/// Why volumes were left out, behind "left out": by rules, and by lists of volumes.
#[must_use]
pub fn left_out(rules: Option<&Rules>, listed: bool) -> String {
    let by_rules = rules.map(Rules::words).filter(|words| !words.is_empty());
    let by_list = listed.then(|| "as they were listed".to_owned());
    let all: Vec<String> = by_rules.into_iter().chain(by_list).collect();
    if all.is_empty() { String::new() } else { format!(" {}", all.join("; ")) }
}

/// How residuals were modelled.
#[must_use]
pub fn residuals(noise: Noise, rho_fwhm_vox: f64) -> Sentence {
    match noise {
        Noise::Ols => sentence(
            "Residuals were taken as independent (ordinary least squares).".to_owned(),
            &[],
        ),
        Noise::Ar1 => {
            let (smoothed, works): (_, &[_]) = match rho_fwhm_vox {
                0.0 => ("each voxel its own".to_owned(), &[REML]),
                fwhm => (
                    format!("smoothed within the mask by {fwhm} voxels and corrected for its bias"),
                    &[REML, CHEANG],
                ),
            };
            sentence(
                format!(
                    "Residuals were modelled as AR(1), its coefficient by restricted maximum likelihood at each voxel, {smoothed}."
                ),
                works,
            )
        }
        Noise::Arma11 => sentence(
            "Residuals were modelled as ARMA(1,1) by restricted maximum likelihood at each voxel."
                .to_owned(),
            &[REML],
        ),
        Noise::NilearnAr1 => {
            sentence("Residuals were modelled as AR(1) as nilearn finds it.".to_owned(), &[NILEARN])
        }
    }
}

fn noise(spec: &GlmSpec, runs: &[Run], asked: &[Asked]) -> Vec<Sentence> {
    let mut said = vec![residuals(spec.noise, spec.rho_fwhm_vox)];
    let left: Vec<usize> = runs.iter().map(|run| run.left_out.len()).collect();
    if left.iter().any(|n| *n > 0) {
        let n: Vec<String> = left.iter().map(usize::to_string).collect();
        let listed = spec.runs.iter().any(|run| run.censored.is_some());
        let by = left_out(spec.design.censor.as_ref(), listed);
        let said_of = format!(
            "Volumes were left out of the fit{by}: {}; the others kept their times.",
            n.join(", ")
        );
        said.push(sentence(said_of, &[CENSORING]));
    }
    let of_pairs = runs.iter().filter(|_| spec.noise == Noise::Ar1).filter_map(pairs);
    said.extend(of_pairs.map(|text| sentence(text, &[])));
    said.push(sentence(
        match spec.scaling {
            SignalScale::Psc => "Effects are percent of each voxel's mean.".to_owned(),
            SignalScale::GrandMean(to) => format!("Effects are in units of a grand mean of {to}."),
            SignalScale::None => "Effects are in the arbitrary units of the images.".to_owned(),
        },
        &[],
    ));
    if runs.len() > 1 {
        let how = match spec.combine {
            Combining::Mean => "each run counting alike",
            Combining::Precision => "each run weighed by the inverse of its variance",
        };
        let compares = |asked: &&Asked| asked.joint.joining == Joining::Sum;
        let n_compare = asked.iter().filter(compares).count();
        if n_compare < asked.len() {
            said.push(sentence(format!("Runs were combined by fixed effects, {how}."), &[]));
        }
        if n_compare > 0 {
            let which: Vec<&str> =
                asked.iter().filter(compares).map(|asked| asked.joint.name.as_str()).collect();
            let text = format!(
                "Of contrasts that name runs ({}) effects and variances are summed over the runs as they are weighed.",
                which.join(", ")
            );
            said.push(sentence(text, &[]));
        }
    }
    said
}

/// What is particular of a run's AR(1).
fn pairs(run: &Run) -> Option<String> {
    let said = pairs_in_words(&Pairs::of_kept(&run.kept))?;
    Some(format!("The coefficient of {} {said}.", run.name()))
}

fn inference(spec: &GlmSpec) -> Vec<Sentence> {
    let sides = if spec.two_sided { "two-sided" } else { "one-sided" };
    vec![
        sentence(format!("p of t are {sides} and not corrected for the number of voxels."), &[]),
        sentence(
            "Maps are shown whole: voxels of p < .001 opaque and outlined, all others the more faded the further they lie below.".to_owned(),
            &[HIGHLIGHT],
        ),
    ]
}
