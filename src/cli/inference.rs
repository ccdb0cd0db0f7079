//! `boldly bids --inference`: the options of `boldly group` that are about the test, in one text.

use clap::Parser as _;

use super::group::Args;
use crate::pipeline::spec::{GroupVariance, Inference};

/// Options of `boldly group` in one text.
#[derive(Debug, clap::Parser)]
#[command(no_binary_name = true, disable_help_flag = true)]
struct Words {
    #[command(flatten)]
    args: Args,
}

/// What a model and a command around the test say: no options of the test.
const NOT_OF_THE_TEST: [&str; 25] = [
    "--maps",
    "--of",
    "--model",
    "--contrast",
    "--f-contrast",
    "--between",
    "--within",
    "--covariate",
    "--covariates",
    "--centre",
    "--error",
    "--mask",
    "--out",
    "-o",
    "--dry-run",
    "--shard",
    "--report",
    "--device",
    "--mem",
    "--overwrite",
    "--verify",
    "--quiet",
    "--verbose",
    "-q",
    "-v",
];

/// The options of a test alone, as `boldly bids --inference` takes them: `--permutations 5000 --tfce exact`.
///
/// # Errors
/// What is wrong with an option, and options that are the model's.
pub(super) fn parse(text: &str) -> std::result::Result<Inference, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let name = |word: &&str| word.split('=').next().unwrap_or_default().to_owned();
    if let Some(word) = words.iter().map(name).find(|w| NOT_OF_THE_TEST.contains(&w.as_str())) {
        return Err(format!("{word} is for the model or the command to say, not for the test"));
    }
    let given = ["--maps", "maps.tsv", "--model", "matrix.tsv", "--dry-run"];
    let parsed = Words::try_parse_from(given.iter().copied().chain(words));
    let parsed = parsed.map_err(|e| {
        let said = e.to_string();
        let line = said.lines().next().unwrap_or_default();
        format!("{}; boldly group -h lists the options", line.trim_start_matches("error: "))
    })?;
    let (spec, _) = parsed.args.spec().map_err(|e| e.to_string())?;
    match spec.variance {
        GroupVariance::Welch => Err(
            "--variance welch is for two groups in words; a model's matrix takes equal or mixed"
                .to_owned(),
        ),
        _ => Ok(Inference { words: text.trim().to_owned(), test: Box::new(spec) }),
    }
}
