//! What to say of a command line that cannot be taken: options as other packages call them, and images that an option with a list
//! has swallowed.

use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use clap::{Arg, Command, CommandFactory};

use super::Cli;
use super::unlike::UNLIKE_GLM;

/// Names that FSL, AFNI, SPM, nilearn, fMRIPrep and PhysIO use, without dashes and in lower case, `-` for `_`; the option that
/// does the same here, and how it is given. The first row whose option a command has speaks for it.
const KNOWN_AS: [(&str, &str, &str); 32] = [
    (
        "smooth smoothing smoothing-fwhm smooth-fwhm blur blur-size blur-fwhm 1blur-fwhm sigma s kernel-fwhm spatial-smoothing sm \
         susan isotropic-smoothing",
        "fwhm",
        "MM (a full width at half maximum; 2.355 times a sigma)",
    ),
    ("within smooth-mask blur-mask mask-smooth", "smooth-within", "IMAGE"),
    ("t-r tr-s repetition-time repetitiontime rt dt", "tr", "SECONDS"),
    ("mask-img mask-image brain-mask brainmask maskfile m smooth-within", "mask", "IMAGE"),
    ("hrf-model basis hrf-function convolve response convolution", "hrf", "spm|nilearn|glover"),
    (
        "drift-model high-pass highpass hpf high-pass-filter cutoff cut-off polort detrend hipass drift-order filter \
         temporal-filter",
        "drift",
        "cosine:SECONDS, polynomial:ORDER or none",
    ),
    ("drift highpass hpf cutoff high-pass-filter detrend polort", "high-pass", "SECONDS"),
    ("noise-model noisemodel autocorr ar ar1 prewhiten sa", "noise", "ols"),
    (
        "design-matrix designmatrix matrix design-file mat x1d desmat dm design-matrices",
        "design",
        "TSV",
    ),
    (
        "contrasts con cont contrast-def t-contrast tcontrast t-con tcon glt gltsym c con-file glt-label",
        "contrast",
        "'NAME=EXPRESSION', once for each",
    ),
    ("fcontrast f-con fcon ftest f-test fts ftests f", "f-contrast", "'NAME=ROW; ROW'"),
    (
        "confound confounds-file confounds-files nuisance regressors nuisance-regressors multi-reg ortvec ort motion \
         motion-file covariates add-regs confoundevs regressor",
        "confounds",
        "TSV --columns NAMES",
    ),
    (
        "column confound-columns confound-names confounds-columns strategy confound-cols names",
        "columns",
        "NAMES, as 'trans_*,rot_*,csf'",
    ),
    (
        "event events-file events-files onsets onset stim-times stim stim-file timing ev evs task-events \
         conditions-file paradigm tsv",
        "events",
        "TSV",
    ),
    (
        "condition conditions condition-column trialtype trial-types trial-type-column condition-name",
        "trial-type",
        "COLUMN",
    ),
    (
        "output output-dir outdir out-dir outputdir output-folder prefix bucket out-folder output-file outfile out-file \
         fout save dest outputname",
        "out",
        "PLACE",
    ),
    (
        "slicetiming slice-timing slice-time slicetimes slice-timing-file tpattern tcustom",
        "slice-times",
        "FILE",
    ),
    ("json bids-sidecar metadata sidecar-json", "sidecar", "JSON"),
    (
        "physio-file physio-files puls pulse ppg cardiac card ecg resp respiratory respiration respfile cardfile phys \
         log-files log ricor retroicor recording recordings physiology",
        "physio",
        "LOG [LOG]",
    ),
    (
        "order orders ricor-order model-order cardiac-order oc or model nharm harmonics",
        "terms",
        "CARDIAC/RESPIRATORY/INTERACTION, as 3/4/1x1",
    ),
    (
        "dummy dummy-scans dummyscans ndummies skip-vols skip-volumes nskip discard ndelete dummy-vols",
        "dummies",
        "N",
    ),
    ("physio-type vendor format log-format manufacturer", "physio-format", "NAME"),
    ("gpu cuda use-gpu cpu opencl metal vulkan backend", "device", "auto|gpu|cpu|NAME"),
    ("force clobber replace overwrite-existing overwrite-output", "overwrite", "(alone)"),
    ("memory mem-mb mem-gb memory-limit max-mem ram", "mem", "SIZE, as 2G"),
    (
        "scrub scrubbing fd-threshold fd-thresh fd dvars censor-fd regress-censor-motion outliers sample-mask non-steady-state",
        "censor",
        "RULES, as fd:0.5,dvars:1.5",
    ),
    ("censor-file censor-list censor-1d volumes-to-censor outlier-file", "censor-volumes", "FILE"),
    (
        "confounds-strategy denoise-strategy denoising-strategy nuisance-strategy",
        "strategy",
        "NAME, as 24p",
    ),
    (
        "signal-scaling psc percent-signal-change grand-mean scale regress-scale",
        "scaling",
        "psc|grand-mean:100|none",
    ),
    ("two-tailed twosided two-sided-test", "two-sided", "(alone)"),
    ("silent no-progress quiet-mode", "quiet", "(alone)"),
    ("debug verbosity progress log-level", "verbose", "(alone)"),
];

/// What others call the image, which stands alone here.
const IMAGES: &str =
    "bold input in i img image imgs run-imgs run-img data func dset bold-files infile scans";

/// What others call the number of threads.
const THREADS: &str = "n-jobs njobs j jobs threads nthreads n-threads nproc n-procs omp-nthreads";

/// The error with what was probably meant. `words`: the command line, the program's name first.
pub(super) fn with_tips(mut error: Error, words: &[String]) -> Error {
    let cli = Cli::command();
    let Some(command) = words.get(1).and_then(|name| cli.find_subcommand(name)) else {
        return error;
    };
    let tip = match error.kind() {
        ErrorKind::UnknownArgument => {
            let word = unknown(&error, words);
            let otherwise = word.as_ref().and_then(|word| otherwise(word, command));
            let meant = otherwise.or_else(|| meant(word.as_ref()?, command, &cli));
            meant.or_else(|| loose(&error, command))
        }
        ErrorKind::InvalidSubcommand => loose(&error, command),
        ErrorKind::MissingRequiredArgument => swallowed(words, command),
        _ => None,
    };
    if let Some(tip) = tip {
        error.remove(ContextKind::SuggestedArg);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
}

/// How `boldly bids` does what an option of `boldly glm` does.
fn otherwise(word: &str, command: &Command) -> Option<String> {
    let name = word.trim_start_matches('-').split('=').next()?.replace('_', "-");
    let (_, said) = UNLIKE_GLM.iter().find(|(known, _)| *known == name)?;
    (command.get_name() == "bids").then(|| (*said).to_owned())
}

/// The word that clap does not know, as it was typed: of `-fwhm` clap names `-f` alone.
fn unknown(error: &Error, words: &[String]) -> Option<String> {
    let Some(ContextValue::String(named)) = error.get(ContextKind::InvalidArg) else { return None };
    let is_long = named.starts_with("--");
    let typed = words.iter().find(|word| !is_long && word.starts_with(named.as_str()));
    let word = typed.unwrap_or(named);
    word.starts_with('-').then(|| word.clone())
}

/// Commands without an image before their options, and the option that takes what stands there.
const FIRST: [(&str, &str); 3] = [("physio", "physio"), ("group", "maps"), ("calibrate", "bold")];

/// The option that takes a file which stands alone.
fn loose(error: &Error, command: &Command) -> Option<String> {
    // Where a command has others below it, a file that stands alone is taken for one of them.
    let [arg, below] = [ContextKind::InvalidArg, ContextKind::InvalidSubcommand];
    let Some(ContextValue::String(file)) = error.get(arg).or_else(|| error.get(below)) else {
        return None;
    };
    let (_, option) = FIRST.iter().find(|(name, _)| *name == command.get_name())?;
    let is_file = !file.starts_with('-') && error.get(ContextKind::SuggestedSubcommand).is_none();
    is_file.then(|| format!("files go with their options here: --{option} {file}"))
}

/// The option that does here what a word does elsewhere.
fn meant(word: &str, command: &Command, cli: &Command) -> Option<String> {
    let name = word.trim_start_matches('-');
    let name = name.split('=').next().unwrap_or_default().to_lowercase().replace('_', "-");
    let has =
        |command: &Command, long: &str| command.get_arguments().any(|a| a.get_long() == Some(long));
    if has(command, &name) {
        return Some(format!("the option is spelled --{name}"));
    }
    let is_among = |list: &str| list.split(' ').any(|one| one == name);
    let rows = || KNOWN_AS.iter().filter(|(known, ..)| is_among(known));
    if let Some((_, long, value)) = rows().find(|(_, long, _)| has(command, long)) {
        return Some(format!("boldly calls it --{long} {value}"));
    }
    let first = FIRST.iter().find(|(name, _)| is_among(IMAGES) && *name == command.get_name());
    if let Some((_, option)) = first {
        return Some(format!("boldly calls it --{option}"));
    }
    if is_among(IMAGES) && command.get_positionals().next().is_some() {
        return Some(format!(
            "the image goes without an option, before all of them: boldly {} IMAGE --out ...",
            command.get_name()
        ));
    }
    if is_among(THREADS) {
        return Some("all cores are used; the variable RAYON_NUM_THREADS takes fewer".to_owned());
    }
    let long = rows().map(|(_, long, _)| *long).next().unwrap_or(&name);
    let others: Vec<String> = cli
        .get_subcommands()
        .filter(|other| has(other, long))
        .map(|other| format!("boldly {}", other.get_name()))
        .collect();
    (!others.is_empty()).then(|| format!("--{long} is an option of {}", others.join(", ")))
}

/// That an option with a list took the image that a command lacks.
fn swallowed(words: &[String], command: &Command) -> Option<String> {
    command.get_positionals().next()?;
    let is_list = |a: &&Arg| a.get_num_args().is_some_and(|n| n.max_values() > 1);
    let lists: Vec<&str> =
        command.get_arguments().filter(is_list).filter_map(Arg::get_long).collect();
    let mut option = None;
    for word in words.iter().skip(2) {
        if word.starts_with('-') {
            option = lists.iter().find(|list| word.strip_prefix("--") == Some(**list));
        } else if let (Some(option), true) = (option, is_image(Path::new(word))) {
            return Some(format!(
                "--{option} took {word} as one of its files; put the image before the options, or -- before it"
            ));
        }
    }
    None
}

/// An image among the files of an option that takes none, with the option.
pub(super) fn image_among<'a>(
    lists: &[(&'static str, &'a [PathBuf])],
) -> Option<(&'static str, &'a Path)> {
    let images = lists.iter().flat_map(|(option, files)| files.iter().map(move |f| (*option, f)));
    images.map(|(option, file)| (option, file.as_path())).find(|(_, file)| is_image(file))
}

fn is_image(path: &Path) -> bool {
    let name = path.to_string_lossy().to_lowercase();
    [".nii", ".nii.gz", ".hdr", ".img"].iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_of_glm_is_one_of_bids_or_is_said_why_not() {
        let cli = Cli::command();
        let of = |command: &str| cli.find_subcommand(command).unwrap();
        let names = |command: &str| -> Vec<String> {
            let all = of(command).get_arguments();
            let long = all.flat_map(|a| [a.get_long_and_visible_aliases(), a.get_all_aliases()]);
            long.flatten().flatten().map(str::to_owned).collect()
        };
        let [glm, bids] = ["glm", "bids"].map(names);
        for name in glm {
            let tip = otherwise(&format!("--{name}"), of("bids"));
            assert!(bids.contains(&name) != tip.is_some(), "--{name}: {tip:?}");
            assert_eq!(otherwise(&format!("--{name}"), of("glm")), None);
        }
        for (name, _) in UNLIKE_GLM {
            assert!(of("glm").get_arguments().any(|a| a.get_long() == Some(name)), "--{name}");
        }
    }

    #[test]
    fn every_option_that_is_suggested_exists_and_every_name_leads_to_one() {
        let cli = Cli::command();
        let has = |long: &str| {
            let mut options = cli.get_subcommands().flat_map(Command::get_arguments);
            options.any(|argument| argument.get_long() == Some(long))
        };
        for (names, long, _) in KNOWN_AS {
            assert!(has(long), "--{long}");
            for name in names.split(' ') {
                assert_eq!(name, name.to_lowercase().replace('_', "-"), "as it is looked up");
                let tip = cli.get_subcommands().find_map(|c| meant(&format!("--{name}"), c, &cli));
                assert!(tip.is_some(), "{name}");
            }
        }
        for name in IMAGES.split(' ') {
            for (command, option) in FIRST {
                let command = cli.find_subcommand(command).unwrap();
                let tip = meant(&format!("--{name}"), command, &cli).unwrap();
                assert!(tip.contains(&format!("--{option}")) || has(name), "{name}: {tip}");
            }
        }
    }
}
