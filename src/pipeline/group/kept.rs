//! What has been counted of a contrast's rearrangements, on the disk: a part that is joined with others, or what a stopped run goes on from.
//! Text: a line that says what it is, a line with the key of the analysis, then base64 of a gzip member of the counts.

use std::io::Read as _;
use std::ops::Range;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ndarray::ArrayView2;

use super::enhance::Enhancer;
use crate::error::{Error, Result};
use crate::io;
use crate::pipeline::inputs::display;
use crate::pipeline::spec::{GroupSpec, PermuteOptions};
use crate::pipeline::watch::Watch;
use crate::stats::permuted::{Maxima, Tally};
use crate::stats::rearrange::{Plan, Tested};

const FIRST: &str = "boldly tally 1";
/// Begins the names of what stopped runs go on from; 16 letters of the key follow.
const HIDDEN: &str = ".boldly-tally-";

/// What a run with this key goes on from, in the folder of its outputs.
pub(super) fn hidden(folder: &Path, key: &str) -> PathBuf {
    folder.join(format!("{HIDDEN}{}", &key[..16]))
}

/// Say what stopped runs of other analyses left in the folder, once this one needs its own no more: theirs are kept, for they may go on.
pub(super) fn tell_others(folder: &Path, watch: &dyn Watch) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name.starts_with(HIDDEN)).collect();
    names.sort();
    if let Some(first) = names.first() {
        watch.note(&format!(
            "{} holds {} hidden file{} of other analyses that were stopped ({first}): delete what is not to go on",
            display(folder),
            names.len(),
            if names.len() == 1 { "" } else { "s" }
        ));
    }
}

/// Counts and extremes so far.
pub struct Kept {
    /// Of the analysis: what is joined must agree in it.
    pub(super) key: String,
    pub(super) tally: Tally,
    pub(super) enhancer: Option<Enhancer>,
}

/// The same, read back: the extremes of clusters without what makes them.
pub struct Stored {
    /// Of the analysis.
    pub key: String,
    tally: Tally,
    maxima: Vec<Maxima>,
}

/// What two parts of one analysis have in common: the data, the contrast, the seed, what may be exchanged and what is made of the maps; not how
/// many rearrangements were asked for, so that more can be added.
///
/// # Errors
/// Internal where the options have no JSON form.
pub(super) fn key(
    data: ArrayView2<f32>,
    (tested, plan): (&Tested, &Plan),
    options: &PermuteOptions,
    (spec, two_sided): (&GroupSpec, bool),
) -> Result<String> {
    let mut bytes: Vec<u8> = data.iter().flat_map(|v| v.to_le_bytes()).collect();
    let columns = tested.effect.iter().chain(&tested.nuisance).chain(&tested.moved);
    // To seven digits: a basis may differ in its last bits between machines.
    columns.for_each(|v| bytes.extend(((v * 1e7).round() as i64).to_le_bytes()));
    // Of all that there are the number is the plan's; of random ones it may grow.
    let number = if plan.exhaustive() { plan.n() } else { 0 };
    let said = format!(
        "{} {} {} {:?} {:?} {} {two_sided} {:?}",
        options.seed,
        plan.mirrored(),
        number,
        options.tfce,
        options.cluster_p,
        spec.touch,
        spec.variance
    );
    bytes.extend(said.into_bytes());
    Ok(io::hash::bytes(&bytes).hex().to_owned())
}

/// As it is written.
pub(super) fn text(key: &str, tally: &Tally, enhancer: Option<&Enhancer>) -> String {
    let own = tally.to_bytes();
    let mut bytes = (own.len() as u64).to_le_bytes().to_vec();
    bytes.extend(own);
    for maxima in enhancer.iter().flat_map(|e| &e.maxima) {
        bytes.extend(maxima.high.iter().chain(&maxima.low).flat_map(|v| v.to_bits().to_le_bytes()));
    }
    format!("{FIRST}\n{key}\n{}\n", STANDARD.encode(io::gzip(&bytes)))
}

impl Stored {
    /// Read a part.
    ///
    /// # Errors
    /// Missing input; bad data where it is none.
    pub fn read(path: &Path) -> Result<Stored> {
        let text = io::read_text(path)?;
        Stored::parse(&text).ok_or_else(|| {
            Error::bad_data(
                display(path),
                "is no tally of boldly group, or was cut short",
                "be as boldly wrote it",
                "compute that part again",
            )
        })
    }

    fn parse(text: &str) -> Option<Stored> {
        let mut lines = text.lines();
        let (first, key, body) = (lines.next()?, lines.next()?, lines.next()?);
        if first != FIRST || key.len() < 16 {
            return None;
        }
        let packed = STANDARD.decode(body).ok()?;
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut bytes).ok()?;
        let (length, rest) = bytes.split_at_checked(8)?;
        let length = usize::try_from(u64::from_le_bytes(length.try_into().ok()?)).ok()?;
        let (own, rest) = rest.split_at_checked(length)?;
        let tally = Tally::from_bytes(own).ok()?;
        let n = tally.n() as usize;
        let (words, left) = rest.as_chunks::<8>();
        let values: Vec<f64> =
            words.iter().map(|w| f64::from_bits(u64::from_le_bytes(*w))).collect();
        if !left.is_empty() || n == 0 || !values.len().is_multiple_of(2 * n) {
            return None;
        }
        let of = |both: &[f64]| Maxima { high: both[..n].to_vec(), low: both[n..].to_vec() };
        let maxima = values.chunks_exact(2 * n).map(of).collect();
        Some(Stored { key: key.to_owned(), tally, maxima })
    }
}

impl Kept {
    pub(super) fn new(key: String, tally: Tally, enhancer: Option<Enhancer>) -> Kept {
        Kept { key, tally, enhancer }
    }

    /// Add what another process computed.
    ///
    /// # Errors
    /// Bad data where it is of another analysis, or holds what is there already.
    pub(super) fn add(&mut self, other: &Stored) -> Result<()> {
        let three = if self.enhancer.is_some() { 3 } else { 0 };
        if other.key != self.key || other.maxima.len() != three {
            return Err(Error::bad_data(
                "a part",
                "is of other maps, another contrast, seed or options than this analysis",
                "be a part of one analysis",
                "run all parts with the same command but for --shard, on the same maps",
            ));
        }
        let n = self.tally.n().max(other.tally.n());
        self.tally.extend(n);
        let mut theirs = other.tally.clone();
        theirs.extend(n);
        self.tally.merge(&theirs)?;
        let mine = self.enhancer.iter_mut().flat_map(|e| &mut e.maxima);
        for (mine, theirs) in mine.zip(&other.maxima) {
            let fill = |mine: &mut Vec<f64>, theirs: &[f64]| {
                mine.resize(n as usize, f64::NAN);
                let lacking = mine.iter_mut().zip(theirs).filter(|(mine, _)| mine.is_nan());
                lacking.for_each(|(mine, theirs)| *mine = *theirs);
            };
            fill(&mut mine.high, &theirs.high);
            fill(&mut mine.low, &theirs.low);
        }
        Ok(())
    }

    /// How many rearrangements have been computed.
    pub(super) fn n_done(&self) -> u64 {
        self.tally.done().iter().map(|range| range.end - range.start).sum()
    }

    /// What is lacking of these numbers, in ranges of at most `size`.
    pub(super) fn lacking(&self, numbers: Range<u64>, size: u64) -> Vec<Range<u64>> {
        let mut all = Vec::new();
        let mut from = numbers.start;
        let end = |at: u64| Range { start: at, end: at };
        for done in self.tally.done().into_iter().chain([end(numbers.end)]) {
            let to = done.start.clamp(from, numbers.end);
            while from < to {
                let next = from.saturating_add(size).min(to);
                all.push(from..next);
                from = next;
            }
            from = from.max(done.end.min(numbers.end));
        }
        all
    }

    /// Keep it for a run that goes on.
    ///
    /// # Errors
    /// Output errors.
    pub(super) fn save(&self, file: &Path, watch: &dyn Watch) -> Result<()> {
        let told = io::keep(file, &text(&self.key, &self.tally, self.enhancer.as_ref()))?;
        told.iter().for_each(|line| watch.warn(line));
        Ok(())
    }

    /// It is not needed any more.
    pub(super) fn forget(file: &Path) {
        io::forget(file);
    }
}
