//! Outputs as files, complete or absent: nothing has its final name before [`Written::commit`], sidecars come last, and what
//! boldly did not make, or what was changed since, is not replaced unless that is asked for.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rayon::prelude::*;
use serde_json::{Map as Fields, Value};

use crate::error::{Error, Result};
use crate::gpu::{Activity, Span};
use crate::io::hash::{self, Checksum};
use crate::io::sample::SampleType;
use crate::io::source::BoldSink;
use crate::io::{Header, Intent, Outputs, Overwrite, other_half};
use crate::maps::{Entities, Map, Quantity};
use crate::pipeline::bidsignore;
use crate::pipeline::earlier::{self, Earlier};
use crate::pipeline::foreseen::Foreseen;
use crate::pipeline::products::{Account, Draw, Image, Layout, Products, Text};
use crate::pipeline::provenance::{
    Input, Kind, Output, Provenance, real, relative, sidecar_path, totals,
};
use crate::pipeline::session::Session;
use crate::pipeline::spec::{Command, OutType, Role};
use crate::pipeline::watch::Watch;
use crate::pipeline::written::seen::Seen;

mod seen;

/// What a command wrote for one image or analysis.
#[derive(Debug, Clone)]
pub struct Saved {
    /// Every file, each with its sidecar behind it.
    pub files: Vec<PathBuf>,
    /// The first sidecar's content.
    pub provenance: Provenance,
}

impl Saved {
    /// The run that was made, or the table where it is all there is, else the folder of the first file.
    #[must_use]
    pub fn place(&self) -> &Path {
        let first = self.files.first().map_or(Path::new(""), PathBuf::as_path);
        let is_run = !matches!(self.provenance.command, Command::Glm(_));
        match self.provenance.outputs.first().map(|output| output.kind) {
            Some(Kind::Bold) if is_run => first,
            Some(Kind::Table) if self.provenance.outputs.len() == 1 => first,
            _ => first.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")),
        }
    }
}

/// Files on their way; several commands may write into one set, which counts as a whole.
#[derive(Debug)]
pub struct Written {
    outputs: Outputs,
    layout: Layout,
    /// What no output may replace.
    inputs: HashSet<PathBuf>,
    made: Vec<Made>,
    /// Commands that have outputs in the place of the one that runs: others, and itself as it ran before.
    earlier: Vec<Earlier>,
    /// Files of theirs that go when the new ones come.
    removed: Vec<PathBuf>,
    seen: Seen,
    /// Of the command that runs.
    foreseen: Foreseen,
    file_spans: Vec<Span>,
    saved: Vec<Saved>,
}

/// An output of the command that runs.
#[derive(Debug)]
struct Made {
    path: PathBuf,
    kind: Kind,
    entities: String,
    /// Its sidecar and the fields in it; none where it has none.
    sidecar: Option<(PathBuf, Fields<String, Value>)>,
}

impl Made {
    /// Itself and its sidecar.
    fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        std::iter::once(&self.path).chain(self.sidecar.iter().map(|(path, _)| path))
    }
}

impl Written {
    /// Files at these places. Their folders are made, so that a place that cannot be written shows before the work.
    ///
    /// # Errors
    /// Output errors.
    pub fn new(layout: Layout, overwrite: Overwrite) -> Result<Written> {
        let outputs = Outputs::replacing(overwrite);
        layout.folders().into_iter().try_for_each(|folder| outputs.folder(folder))?;
        Ok(Written {
            outputs,
            layout,
            inputs: HashSet::new(),
            made: Vec::new(),
            earlier: Vec::new(),
            removed: Vec::new(),
            seen: Seen::default(),
            foreseen: Foreseen::default(),
            file_spans: Vec::new(),
            saved: Vec::new(),
        })
    }

    /// The outputs of the next command go there.
    ///
    /// # Errors
    /// Output errors.
    pub fn next(&mut self, layout: Layout) -> Result<()> {
        layout.folders().into_iter().try_for_each(|folder| self.outputs.folder(folder))?;
        self.layout = layout;
        Ok(())
    }

    /// Give every file its final name.
    ///
    /// # Errors
    /// Output errors; then no file has changed.
    pub fn commit(mut self) -> Result<Vec<Saved>> {
        let (overwrite, seen, removed) = (self.outputs.overwrite(), &self.seen, &self.removed);
        self.outputs.commit_but(&|| seen.settle(removed, overwrite))?;
        // Of the validator's alone: the outputs are there without it.
        let files: Vec<PathBuf> = self.saved.iter().flat_map(|one| one.files.clone()).collect();
        let _ = bidsignore::beside(&files);
        Ok(self.saved)
    }

    /// What an earlier command made and this one does not replace: in the way, or to be removed, as what the same command made of other
    /// inputs.
    fn clear_away(&mut self, session: &Session<'_>) -> Result<()> {
        let made = self.made.iter().flat_map(Made::paths);
        let made: HashSet<PathBuf> = made.map(|path| real(path)).collect();
        let is_made = |path: &PathBuf| made.contains(&real(path));
        let mut removed = Vec::new();
        for earlier in std::mem::take(&mut self.earlier) {
            let (mut left, mut changed) = earlier.files()?;
            left.retain(|path| !is_made(path));
            changed.retain(|path| !is_made(path));
            let may_stay = !earlier.is_same && self.outputs.overwrite() == Overwrite::Own;
            if may_stay && !(left.is_empty() && changed.is_empty()) {
                return Err(earlier.in_the_way());
            }
            if let Some(path) = changed.first() {
                session.watch.warn(&format!(
                    "{} of an earlier command stays, because it was changed since ({} such)",
                    path.display(),
                    changed.len()
                ));
            }
            removed.extend(left);
        }
        self.removed.extend(removed);
        self.reads(&[])
    }

    /// The path of an output, noted.
    fn make(
        &mut self,
        kind: Kind,
        entities: &Entities,
        ending: &str,
        described: Option<Fields<String, Value>>,
    ) -> Result<PathBuf> {
        let path = self.layout.path(kind, entities, ending);
        debug_assert!(self.foreseen.has(&path), "{} is not in foreseen.rs", path.display());
        let sidecar = described.map(|fields| (sidecar_path(&path), fields));
        let made = Made { path: path.clone(), kind, entities: entities.stem(""), sidecar };
        let overwrite = self.outputs.overwrite();
        for path in made.paths() {
            self.refuse_input(path)?;
            self.seen.output(path, overwrite)?;
        }
        self.made.push(made);
        Ok(path)
    }

    /// An output must not take the place of an input: the raw run would be lost, and nothing could be verified.
    fn refuse_input(&self, path: &Path) -> Result<()> {
        match path.canonicalize() {
            Ok(real) if self.inputs.contains(&real) => Err(Error::usage(
                "--out",
                format!(
                    "would replace {}, which is also an input, or an input's sidecar",
                    path.display()
                ),
                "leave every input as it is",
                "choose another folder or name",
            )),
            _ => Ok(()),
        }
    }
}

impl Products for Written {
    fn begin(&mut self, session: &Session<'_>, command: &Command) -> Result<()> {
        self.outputs.told().iter().for_each(|line| session.watch.warn(line));
        self.seen.begin(&self.layout, command)?;
        self.earlier = earlier::in_place(&self.layout, command)?;
        if self.layout.is_folder() {
            // Not after hours of work. Which files its own earlier run leaves behind is known at the end.
            let (same, others) =
                std::mem::take(&mut self.earlier).into_iter().partition(|e| e.is_same);
            self.earlier = others;
            self.clear_away(session)?;
            self.earlier = same;
        } else if self.outputs.overwrite() == Overwrite::Own
            && let Some(earlier) = self.earlier.iter().find(|earlier| earlier.is_of_one_stem)
        {
            return Err(earlier.in_the_way());
        }
        self.foreseen = Foreseen::of(&self.layout, command);
        // An input in the place of an output is said to be one, before it is said to be somebody's.
        let given: Vec<PathBuf> = command.inputs().into_iter().map(|(_, path)| path).collect();
        self.reads(&given)?;
        let overwrite = self.outputs.overwrite();
        if overwrite == Overwrite::Own {
            let mut in_place = self.foreseen.in_place()?;
            // An input may lie under a name that is not made; where it is, that is said then.
            in_place.retain(|path| path.canonicalize().map_or(true, |p| !self.inputs.contains(&p)));
            self.seen.foresee(&in_place, overwrite)?;
        }
        Ok(())
    }

    fn reads(&mut self, inputs: &[PathBuf]) -> Result<()> {
        // The JSON beside an image is the image's, read or not, and so is the other half of a pair.
        let beside = inputs.iter().map(|path| sidecar_path(path));
        let halves = inputs.iter().filter_map(|path| other_half(path));
        let all = inputs.iter().cloned().chain(beside).chain(halves);
        self.inputs.extend(all.filter_map(|path| path.canonicalize().ok()));
        let made = self.saved.iter().flat_map(|saved| &saved.files);
        let made = made.chain(self.made.iter().flat_map(Made::paths));
        let mut made = made.chain(&self.removed).chain(&self.foreseen.sure);
        made.try_for_each(|path| self.refuse_input(path))
    }

    fn maps(&mut self, header: &Header, maps: &[Map]) -> Result<()> {
        let began = Instant::now();
        let mut paths = Vec::with_capacity(maps.len());
        for map in maps {
            paths.push(self.make(Kind::Map, &map.entities, ".nii.gz", Some(map.fields()))?);
        }
        let outputs = &self.outputs;
        maps.par_iter().zip(&paths).try_for_each(|(map, path)| {
            let header = header.for_map(Intent::of(map));
            if map.quantity == Quantity::Mask {
                let inside: Vec<u8> = map.values[0].iter().map(|&v| v as u8).collect();
                return outputs.stored(path, &header, (SampleType::U8, 1.0), &inside);
            }
            let rows: Vec<&[f32]> = map.values.iter().map(|row| &row[..]).collect();
            outputs.maps(path, &header, &rows)
        })?;
        let values: usize = maps.iter().flat_map(|map| &map.values).map(|row| row.len()).sum();
        let written = (4 * values as u64, 0);
        self.file_spans.push(Span::since("write", Activity::File, began, written));
        Ok(())
    }

    fn bold<'a>(&'a mut self, image: Image, header: &Header) -> Result<Box<dyn BoldSink + 'a>> {
        let Image { entities, ending, out_type, described, .. } = image;
        let path = self.make(Kind::Bold, &entities, ending, Some(described))?;
        Ok(Box::new(match out_type {
            OutType::Float32 => self.outputs.bold(&path, header)?,
            OutType::Int16 => self.outputs.bold_int16(&path, header)?,
        }))
    }

    fn table(&mut self, text: Text) -> Result<()> {
        let described = text.described().cloned();
        let path = self.make(Kind::Table, &text.entities, text.ending(), described)?;
        debug_assert!(
            text.undescribed().is_none(),
            "column {:?} of {} has no object in its data dictionary",
            text.undescribed(),
            path.display()
        );
        self.outputs.text(&path, &text.text)
    }

    fn scratch(&self) -> Option<PathBuf> {
        Some(self.layout.folders()[0].to_owned())
    }

    fn finish(&mut self, session: &Session<'_>, mut account: Account) -> Result<()> {
        let inputs = account.inputs();
        let paths: Vec<PathBuf> = inputs.iter().map(|(_, path)| path.clone()).collect();
        self.reads(&paths)?;
        let mut pages = Vec::new();
        for page in std::mem::take(&mut account.pages) {
            let path = self.make(Kind::Page, &page.entities, page.ending, None)?;
            pages.push((path, page.draw));
        }
        self.clear_away(session)?;
        let inputs = checked(inputs, &mut account)?;
        let mut whole = self.provenance(session, &account, &inputs);
        let outputs = &self.outputs;
        let draw = |(path, draw): (PathBuf, Draw)| {
            outputs.text(&path, &draw(&seen_from(&whole, folder_of(&path)))?)
        };
        let drawn: Vec<_> = pages.into_par_iter().map(draw).collect();
        drawn.into_iter().collect::<Result<()>>()?;
        let checksums = self.outputs.checksums();
        for output in &mut whole.outputs {
            let own = checksums.iter().find(|(path, _)| *path == output.name);
            output.checksum = own.map(|(_, checksum)| checksum.clone());
        }
        let made = std::mem::take(&mut self.made);
        let mut seen: Vec<(&Path, Provenance)> = Vec::new();
        for folder in made.iter().map(|one| folder_of(&one.path)) {
            if !seen.iter().any(|(known, _)| *known == folder) {
                seen.push((folder, seen_from(&whole, folder)));
            }
        }
        let outputs = &self.outputs;
        made.par_iter().try_for_each(|one| {
            let Some((path, fields)) = &one.sidecar else { return Ok(()) };
            let mut fields = fields.clone();
            if one.kind == Kind::Bold {
                fields.extend(account.bids.clone());
            }
            let folder = folder_of(&one.path);
            let own = seen.iter().find(|(known, _)| *known == folder);
            let text = own.map_or(&whole, |(_, own)| own).to_json(fields)?;
            outputs.sidecar(path, &text)
        })?;
        let provenance = seen.into_iter().next().map_or(whole, |(_, first)| first);
        let files = made.iter().flat_map(Made::paths).cloned().collect();
        self.saved.push(Saved { files, provenance });
        Ok(())
    }
}

impl Written {
    /// With every path as it was given.
    fn provenance(
        &mut self,
        session: &Session<'_>,
        account: &Account,
        inputs: &[Input],
    ) -> Provenance {
        let spans = session.ladder.device.take_spans();
        let output = |one: &Made| Output {
            name: one.path.clone(),
            kind: one.kind,
            entities: one.entities.clone(),
            checksum: None,
        };
        Provenance {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command_line: session.command_line.clone(),
            stages: account.stages.iter().map(|&stage| stage.to_owned()).collect(),
            resolved: account.resolved.clone(),
            inputs: inputs.to_vec(),
            outputs: self.made.iter().map(output).collect(),
            device: session.ladder.report(),
            dof: account.dof,
            dof_spent: account.dof_spent,
            counts: account.counts.clone(),
            physio: account.physio.clone(),
            beyond_chance: account.beyond_chance.clone(),
            warnings: session.watch.warnings(),
            timings: totals(spans.into_iter().chain(self.file_spans.drain(..)).collect()),
            wall_s: session.started.elapsed().as_secs_f64(),
            ..Provenance::of(account.command.clone())
        }
    }
}

/// The files that were read, with their checksums.
fn checked(inputs: Vec<(Role, PathBuf)>, account: &mut Account) -> Result<Vec<Input>> {
    let bolds = &mut account.opened.bolds;
    let mut known: Vec<(PathBuf, Checksum)> = Vec::new();
    for bold in bolds {
        known.extend(bold.checksums()?);
    }
    let checksum = |path: &PathBuf| match known.iter().find(|(own, _)| own == path) {
        Some((_, checksum)) => Ok(checksum.clone()),
        None => hash::file(path),
    };
    let input = |(role, path): (_, PathBuf)| Ok(Input { role, checksum: checksum(&path)?, path });
    inputs.into_par_iter().map(input).collect()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

/// A provenance with its paths relative to a folder.
fn seen_from(whole: &Provenance, folder: &Path) -> Provenance {
    let mut seen = whole.clone();
    let near = |path: &Path| relative(path, folder);
    seen.command = seen.command.map_paths(&near);
    seen.inputs.iter_mut().for_each(|input| input.path = near(&input.path));
    seen.outputs.iter_mut().for_each(|output| output.name = near(&output.name));
    seen
}
