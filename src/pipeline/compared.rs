//! Outputs of a rerun against finished files, block by block: nothing is written, and no run is held whole.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::error::{Error, Result};
use crate::io;
use crate::io::sample::SampleType;
use crate::io::source::BoldSink;
use crate::io::{BoldFile, Header, Intent, Rounding, Spread};
use crate::maps::{Bounds, Map, Quantity};
use crate::pipeline::blocks::batches;
use crate::pipeline::comparison::Comparison;
use crate::pipeline::products::{Account, Image, Products, Text};
use crate::pipeline::provenance::{self, Kind, Output, Provenance, sidecar_path};
use crate::pipeline::session::Session;
use crate::pipeline::spec::{Command, OutType};
use crate::volume::{Block, Grid, HostBold};

#[cfg(test)]
mod either;
mod fields;
mod header;
mod table;

use fields::{alike, blame, check as check_fields, check_table};

/// Bytes of a finished image read at a time.
const STEP_BYTES: usize = 32 << 20;

/// The finished outputs of one command.
#[derive(Debug)]
pub struct Compared {
    folder: PathBuf,
    bounds: Bounds,
    /// Those to compare, and what was found.
    outputs: Vec<(Output, Comparison)>,
    /// All that the sidecar lists; none where it is of schema 1, which does not list all.
    listed: Option<Vec<(Kind, String)>>,
    /// What the rerun makes and the sidecar does not list.
    unlisted: Vec<String>,
}

impl Compared {
    /// Against these of the outputs of a sidecar in `folder`.
    #[must_use]
    pub fn new(folder: &Path, chosen: &[Output], own: &Provenance) -> Compared {
        let repeated = own.device.precision == "f64";
        let of = |output: &Output| {
            let mut comparison = Comparison::of(&tidy(&folder.join(&output.name)));
            comparison.repeated = repeated;
            (output.clone(), comparison)
        };
        let listed = own.outputs.iter().map(|o| (o.kind, o.entities.clone())).collect();
        Compared {
            folder: folder.to_owned(),
            bounds: Bounds::of(&own.device.precision),
            outputs: chosen.iter().map(of).collect(),
            listed: (own.schema > 1).then_some(listed),
            unlisted: Vec::new(),
        }
    }

    /// Look at the files themselves: each must be there with its sidecar, and its bytes, and those of the sidecar, must be
    /// those that were written.
    ///
    /// # Errors
    /// Those of reading.
    pub fn check_files(&mut self) -> Result<()> {
        for (output, comparison) in &mut self.outputs {
            let path = self.folder.join(&output.name);
            let sidecar = sidecar_path(&path);
            let has_sidecar = matches!(output.kind, Kind::Bold | Kind::Map);
            for gone in [&path].into_iter().chain(has_sidecar.then_some(&sidecar)) {
                if !gone.is_file() {
                    let name = tidy(gone).display().to_string();
                    comparison
                        .faults
                        .push(format!("{name} is gone though the same command made it"));
                }
            }
            let is_edited = || Ok(sidecar.is_file() && !provenance::is_as_written(&sidecar)?);
            if self.listed.is_some() && is_edited()? {
                comparison.faults.push("its sidecar was edited since it was written".to_owned());
            }
            let Some(checksum) = &output.checksum else {
                if self.listed.is_some() {
                    comparison.faults.push("its sidecar lacks the checksum of it".to_owned());
                }
                continue;
            };
            if path.is_file() && checksum.again(&path)? != *checksum {
                comparison.faults.push("its bytes are not those that were written".to_owned());
            }
        }
        Ok(())
    }

    /// Of a rerun that did not come to its end: the outputs that are at fault as it is.
    #[must_use]
    pub fn at_fault(self) -> Vec<Comparison> {
        let all = self.outputs.into_iter().map(|(_, comparison)| comparison);
        all.filter(|comparison| !comparison.passed()).collect()
    }

    /// What was found, in the order of the outputs. One that the rerun did not make is at fault.
    #[must_use]
    pub fn comparisons(self) -> Vec<Comparison> {
        let of = |(output, mut comparison): (Output, Comparison)| {
            if !comparison.made && output.kind != Kind::Page && comparison.faults.is_empty() {
                comparison.faults.push("the rerun makes no such output".to_owned());
            }
            comparison
        };
        let mut all: Vec<Comparison> = self.outputs.into_iter().map(of).collect();
        if let (Some(first), false) = (all.first_mut(), self.unlisted.is_empty()) {
            let made = self.unlisted.join(", ");
            first.faults.push(format!("its sidecar does not list {made}, which the rerun makes"));
        }
        all
    }

    /// A finished output, where it is one to compare and there.
    fn find(&mut self, kind: Kind, entities: &str) -> Option<(PathBuf, &mut Comparison)> {
        let is_listed =
            |listed: &Vec<(Kind, String)>| listed.iter().any(|(k, e)| *k == kind && e == entities);
        if self.listed.as_ref().is_some_and(|listed| !is_listed(listed)) {
            self.unlisted.push(entities.to_owned());
        }
        let folder = &self.folder;
        let own = |(output, _): &&mut (Output, Comparison)| {
            output.kind == kind && output.entities == entities
        };
        let (output, comparison) = self.outputs.iter_mut().find(own)?;
        comparison.made = true;
        let path = folder.join(&output.name);
        path.is_file().then_some((path, comparison))
    }
}

/// A path without `./` and `a/../`.
pub(super) fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        let is_named =
            matches!(tidy.components().next_back(), Some(std::path::Component::Normal(_)));
        match part {
            std::path::Component::ParentDir if is_named => {
                tidy.pop();
            }
            std::path::Component::CurDir => {}
            part => tidy.push(part),
        }
    }
    tidy
}

impl Products for Compared {
    fn draws(&self) -> bool {
        false
    }

    fn begin(&mut self, _session: &Session<'_>, _command: &Command) -> Result<()> {
        Ok(())
    }

    fn reads(&mut self, _inputs: &[PathBuf]) -> Result<()> {
        Ok(())
    }

    fn maps(&mut self, header: &Header, maps: &[Map]) -> Result<()> {
        let grid = header.grid("the rerun")?;
        let (bounds, has_headers) = (self.bounds, self.listed.is_some());
        let mask = maps.iter().find(|map| map.quantity == Quantity::Mask);
        let is_inside = |voxel: usize| mask.is_none_or(|mask| mask.values[0][voxel] != 0.0);
        for map in maps {
            let Some((path, comparison)) = self.find(Kind::Map, &map.entities.stem("")) else {
                continue;
            };
            let want = has_headers.then(|| header.for_map(Intent::of(map)));
            let done = compare_map(&path, map, &grid, want, bounds, is_inside, comparison);
            at_fault(done, comparison)?;
        }
        Ok(())
    }

    fn bold<'a>(&'a mut self, image: Image, header: &Header) -> Result<Box<dyn BoldSink + 'a>> {
        let grid = header.grid("the rerun")?;
        let (bounds, has_headers) = (self.bounds, self.listed.is_some());
        let mut found = None;
        if let Some((path, comparison)) = self.find(Kind::Bold, &image.entities.stem("")) {
            check_fields(&path, &image.described, comparison)?;
            match open(&path, &grid, header.n_volumes()) {
                Ok(got) => {
                    if has_headers {
                        header::check(&got.header, header, comparison);
                    }
                    found = Some((got, comparison));
                }
                Err(error) => at_fault(Err(error), comparison)?,
            }
        }
        let relative = if image.is_of_fit { bounds.atol } else { bounds.image };
        let (out_type, range) = (image.out_type, Spread::default());
        Ok(Box::new(ComparedRun { grid, relative, found, out_type, range }))
    }

    fn table(&mut self, text: Text) -> Result<()> {
        let bounds = self.bounds;
        let Some((path, comparison)) = self.find(Kind::Table, &text.entities.stem("")) else {
            return Ok(());
        };
        check_table(&path, &text, comparison)?;
        match io::read_text(&path) {
            Ok(got) => table::compare(&got, &text, bounds, comparison),
            Err(error) => at_fault(Err(error), comparison)?,
        }
        Ok(())
    }

    /// What sidecars say of the correction and of time must be what the rerun says.
    fn finish(&mut self, _session: &Session<'_>, account: Account) -> Result<()> {
        for page in &account.pages {
            // Written of the process that made it: its checksum tells whether it is still that.
            let _ = self.find(Kind::Page, &page.entities.stem(""));
        }
        for (output, comparison) in &mut self.outputs {
            let path = self.folder.join(&output.name);
            let sidecar = sidecar_path(&path);
            if self.listed.is_none() || !sidecar.is_file() {
                continue; // of schema 1, or without a sidecar of its own
            }
            if output.kind == Kind::Bold {
                check_fields(&path, &account.bids, comparison)?;
            }
            let Some(own) = provenance::read(&sidecar)? else { continue };
            let own = own.provenance;
            let facts = [
                ("dof", json!(own.dof), json!(account.dof)),
                ("dof_spent", json!(own.dof_spent), json!(account.dof_spent)),
                ("beyond_chance", json!(own.beyond_chance), json!(account.beyond_chance)),
            ];
            let wrong = facts.iter().filter(|(_, got, want)| !alike(got, want));
            let wrong: Vec<&str> = wrong.map(|(name, ..)| *name).collect();
            blame(&sidecar, &wrong, comparison);
        }
        Ok(())
    }
}

/// A finished map beside its rerun, of whose header `want` is. Voxels outside the mask are equal by definition and count
/// where they are not.
fn compare_map(
    path: &Path,
    map: &Map,
    grid: &Grid,
    want: Option<Header>,
    bounds: Bounds,
    is_inside: impl Fn(usize) -> bool,
    comparison: &mut Comparison,
) -> Result<()> {
    check_fields(path, &map.fields(), comparison)?;
    let mut got = open(path, grid, map.values.len())?;
    if let Some(want) = want {
        header::check(&got.header, &want, comparison);
    }
    for block in batches(grid.shape, got.n_volumes, STEP_BYTES) {
        let bold = got.read(&block)?;
        let volumes = bold.data.chunks_exact(grid.n_voxels()).zip(block.volumes.clone());
        for (volume, row) in volumes {
            for (voxel, (&got, &want)) in volume.iter().zip(&*map.values[row]).enumerate() {
                if got == want && !is_inside(voxel) {
                    continue;
                }
                let tolerance = || map.tolerance.at(bounds, row, voxel);
                let tolerance = if got == want { 0.0 } else { tolerance() };
                let [i, j, k] = grid.coordinates(voxel);
                comparison.add([i, j, k, row], got.into(), want.into(), tolerance);
            }
        }
        got.reuse(bold.data);
    }
    Ok(())
}

/// What cannot be read of a finished output is a fault of it, and no reason to leave the others unread.
fn at_fault(done: Result<()>, comparison: &mut Comparison) -> Result<()> {
    match done {
        Err(Error::Interrupted) => Err(Error::Interrupted),
        Err(error) => {
            comparison.faults.push(error.to_string());
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// A finished image on the grid of its rerun, with so many volumes.
fn open(path: &Path, grid: &Grid, n_volumes: usize) -> Result<BoldFile> {
    let mut got = BoldFile::open_image(path)?;
    got.grant(Some(STEP_BYTES as u64));
    if got.grid.shape != grid.shape || got.n_volumes != n_volumes {
        return Err(Error::bad_data(
            path.display().to_string(),
            format!("has shape {:?} and {} volumes", got.grid.shape, got.n_volumes),
            format!("have shape {:?} and {n_volumes} volumes", grid.shape),
            "rerun the command that made it",
        ));
    }
    Ok(got)
}

/// A finished run beside the blocks of its rerun.
struct ComparedRun<'a> {
    grid: Grid,
    /// How far a value may be off, as a share of the largest near it.
    relative: f64,
    found: Option<(BoldFile, &'a mut Comparison)>,
    out_type: OutType,
    /// Of the rerun, where the file rounds it to integers.
    range: Spread,
}

impl ComparedRun<'_> {
    /// What rounding to integers may add to a difference.
    fn half_a_step(&self) -> f64 {
        match (&self.found, self.out_type) {
            (Some((got, _)), OutType::Int16) => 0.5 * step(got),
            _ => 0.0,
        }
    }
}

/// Between neighbouring stored values of an image of integers.
fn step(image: &BoldFile) -> f64 {
    image.header.scaling.map_or(1.0, |scaling| scaling.slope.abs())
}

impl BoldSink for ComparedRun<'_> {
    fn write(&mut self, bold: &HostBold) -> Result<()> {
        self.compare(bold, None)
    }

    /// What lies between the two is allowed, as of maps.
    fn write_either(&mut self, bold: &HostBold, other: &HostBold) -> Result<()> {
        self.compare(bold, Some(other))
    }

    /// Its values must be stored as they were asked for, in steps no longer than the range of the rerun asks for.
    fn finish(self: Box<Self>) -> Result<Option<Rounding>> {
        let Some((got, comparison)) = self.found else { return Ok(None) };
        let is_int16 = got.header.sample == SampleType::I16;
        if is_int16 != (self.out_type == OutType::Int16) {
            comparison.faults.push(format!("its values are stored as {:?}", got.header.sample));
        } else if is_int16 && step(&got) > 1.001 * self.range.scaling().slope {
            comparison.faults.push("its steps are longer than its range asks for".to_owned());
        }
        Ok(None)
    }
}

impl ComparedRun<'_> {
    /// The core planes of a block beside those of the file.
    fn compare(&mut self, bold: &HostBold, other: Option<&HostBold>) -> Result<()> {
        let half_a_step = self.half_a_step();
        let Some((got, comparison)) = &mut self.found else { return Ok(()) };
        let core = Block { planes: bold.block.core.clone(), ..bold.block.clone() };
        let finished = match got.read(&core) {
            Ok(finished) => finished,
            Err(error) => {
                at_fault(Err(error), comparison)?;
                self.found = None;
                return Ok(());
            }
        };
        let plane_len = core.plane_len();
        let offset = (core.core.start - bold.block.planes.start) * plane_len;
        let scale = scale(bold);
        let volumes = finished.data.chunks_exact(core.volume_len()).zip(core.volumes.clone());
        let length = bold.block.volume_len();
        for (nth, ((got, volume), want)) in volumes.zip(bold.data.chunks_exact(length)).enumerate()
        {
            let others = other.map(|other| &other.data[nth * length..][..length]);
            if self.out_type == OutType::Int16 {
                self.range = self.range.with(&want[offset..offset + got.len()]);
            }
            for (at, (&got, &want)) in got.iter().zip(&want[offset..]).enumerate() {
                let rounding = self.relative * f64::from(scale[offset + at]);
                let apart =
                    others.map_or(0.0, |other| f64::from((other[offset + at] - want).abs()));
                let tolerance = rounding + 1.000_001 * half_a_step + apart;
                let [i, j, k] = self.grid.coordinates(core.core.start * plane_len + at);
                comparison.add([i, j, k, volume], got.into(), want.into(), tolerance);
            }
        }
        got.reuse(finished.data);
        Ok(())
    }
}

/// The largest absolute value near each voxel, over the block's volumes, the voxel itself and its neighbours in the plane, BOLD
/// units: what f32 rounds there is in proportion to it, however large other voxels are.
fn scale(bold: &HostBold) -> Vec<f32> {
    let block = &bold.block;
    let mut own = vec![0.0_f32; block.volume_len()];
    for volume in bold.data.chunks_exact(block.volume_len().max(1)) {
        for (own, value) in own.iter_mut().zip(volume).filter(|(_, v)| v.is_finite()) {
            *own = own.max(value.abs());
        }
    }
    let [ni, nj, _] = block.run_shape;
    let near = |voxel: usize| {
        let (i, j) = (voxel % ni, voxel / ni % nj);
        let neighbours = [
            (i > 0).then(|| voxel - 1),
            (i + 1 < ni).then(|| voxel + 1),
            (j > 0).then(|| voxel - ni),
            (j + 1 < nj).then(|| voxel + ni),
        ];
        neighbours.into_iter().flatten().fold(own[voxel], |most, near| most.max(own[near]))
    };
    (0..own.len()).map(near).collect()
}
