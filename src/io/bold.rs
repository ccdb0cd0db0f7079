//! A BOLD run on disk.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ahead::Ahead;
use super::decode::Unpacked;
use super::hash::{Checksum, Hashing};
use super::header::Header;
use super::image::Image;
use super::swing::{Coarse, Swing};
use super::values::Samples;
use crate::volume::{Block, Grid, HostBold};
use crate::{Error, Result};

/// A run that was opened: its header is checked, its data are read on demand, and its checksum is under way, or comes
/// with the first read where they are compressed.
#[derive(Debug)]
pub struct BoldFile {
    /// The name it was opened by.
    pub path: PathBuf,
    /// Its header.
    pub header: Header,
    /// Its voxel grid, millimetres.
    pub grid: Grid,
    /// Number of volumes.
    pub n_volumes: usize,
    /// Repetition time in seconds as the header has it; none where it gives none or one that cannot be
    /// ([`Header::repetition_time`] says which).
    pub tr: Option<f64>,
    /// What was taken for something else than its header says.
    pub notes: Vec<String>,
    /// What its header says in two ways.
    pub warnings: Vec<String>,
    image: Image,
    /// Of a compressed run, once it is being unpacked.
    hashing: Option<Hashing>,
    /// The data of a compressed run while they are being unpacked before anybody reads them, and once they have been.
    ahead: Option<Ahead>,
    unpacked: Option<Unpacked>,
    /// The same in a file without a name, where they exceed what is granted.
    spilled: Option<File>,
    /// Bytes that unpacked data may take; none: any number.
    granted: Option<u64>,
    /// How the values swing, once somebody asked; none of samples that f32 holds whatever they are.
    swing: Option<Arc<Swing>>,
    /// What is taken off each voxel as it is read, `[voxel]`.
    level: Option<Arc<Vec<f64>>>,
    /// What the next block is read into.
    spare: Vec<f32>,
}

/// Bytes that an image takes as float32, by its header alone.
///
/// # Errors
/// As for [`BoldFile::open`].
pub fn float32_bytes(path: &Path) -> Result<u64> {
    Ok(4 * Image::open(path)?.header.len() as u64)
}

impl BoldFile {
    /// Opens a 4-D image: .nii, .nii.gz, or a .hdr/.img pair by either name.
    ///
    /// # Errors
    /// [`Error::MissingInput`] where there is no such file; [`Error::BadData`] where it is no NIfTI image, is
    /// truncated, or is not 4-D.
    pub fn open(path: &Path) -> Result<BoldFile> {
        let image = Image::open(path)?;
        let thing = path.display().to_string();
        let shape = &image.header.shape;
        if shape.len() < 4 {
            return Err(Error::bad_data(
                thing,
                format!("is a {}-D image", shape.len()),
                "be a 4-D run",
                "name the BOLD series, not a mean, a mask or a map",
            ));
        }
        BoldFile::new(image, path)
    }

    fn new(mut image: Image, path: &Path) -> Result<BoldFile> {
        let thing = path.display().to_string();
        let notes = time_as_fourth(&mut image.header, &thing).into_iter().collect();
        refuse_more_axes(&image, 4)?;
        let grid = image.header.grid(&thing)?;
        let compressed = image.is_compressed();
        let own = || Hashing::of_file(&image.data_path, &image.file);
        let hashing = (!compressed).then(own).transpose()?;
        Ok(BoldFile {
            path: path.to_path_buf(),
            n_volumes: image.header.n_volumes(),
            tr: image.header.repetition_time(&thing).unwrap_or(None),
            header: image.header.clone(),
            notes,
            warnings: image.header.doubts(&thing, &grid),
            grid,
            image,
            hashing,
            ahead: None,
            unpacked: None,
            spilled: None,
            granted: None,
            swing: None,
            level: None,
            spare: Vec::new(),
        })
    }

    /// Opens any image: a map counts as a run of one volume.
    ///
    /// # Errors
    /// As for [`BoldFile::open`], but that 3-D is welcome.
    pub fn open_image(path: &Path) -> Result<BoldFile> {
        BoldFile::new(Image::open(path)?, path)
    }

    /// Whether the data are compressed: then the first read unpacks them all, and others copy from memory, or from a
    /// temporary file where they exceed what is granted.
    #[must_use]
    pub fn is_compressed(&self) -> bool {
        self.image.is_compressed()
    }

    /// Grants memory for unpacked data, in bytes; none: as much as they take, as from the start. To be called before the
    /// first read: what has been unpacked stays where it is until [`BoldFile::release`]. A block of the whole run is its
    /// reader's memory and not counted.
    pub fn grant(&mut self, bytes: Option<u64>) {
        self.granted = bytes;
    }

    /// Bytes of memory that the unpacked data of a compressed run take for those who read blocks; 0 of another.
    #[must_use]
    pub fn unpacked_bytes(&self) -> u64 {
        self.image.unpacked_bytes()
    }

    /// Bytes of memory that are held between two reads.
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        let spare = (self.spare.capacity() * size_of::<f32>()) as u64;
        self.unpacked.as_ref().map_or(0, Unpacked::bytes) + spare
    }

    /// Begins to unpack a compressed run on a thread of its own, for a read that is to come; nothing of a run that spills, or that is looked at
    /// as it is unpacked.
    pub fn prefetch(&mut self) {
        let is_there = self.unpacked.is_some() || self.ahead.is_some();
        if is_there || !self.is_stream() || self.header.may_exceed_f32() {
            return;
        }
        let hashing = self.hashing.take();
        self.hashing = hashing.or_else(|| Hashing::start(&self.image.data_path).ok());
        self.ahead = Ahead::start(&self.path);
    }

    /// Lets go of all that is held between two reads, in memory and on disk; a later read of a compressed run unpacks it
    /// again.
    pub fn release(&mut self) {
        self.ahead = None;
        (self.unpacked, self.spilled, self.spare) = (None, None, Vec::new());
    }

    /// Whether blocks come from a temporary file.
    fn spills(&self) -> bool {
        self.granted.is_some_and(|granted| granted < self.image.unpacked_bytes())
    }

    /// Whether one block of the whole run takes the least memory, because it is unpacked as a whole anyway.
    pub(super) fn is_stream(&self) -> bool {
        self.is_compressed() && !self.spills() && self.level.is_none()
    }

    /// How the stored values swing; looked at once, which reads the run. None where f32 holds them whatever they are.
    fn swing(&mut self) -> Result<Option<Arc<Swing>>> {
        if self.swing.is_none() && self.header.may_exceed_f32() {
            let swing = if !self.is_compressed() {
                self.image.swing_of((&self.image.file, self.header.vox_offset))?
            } else if self.spills() {
                let file = self.spilled_file()?;
                let swing = self.image.swing_of((&file, 0));
                self.spilled = Some(file);
                swing?
            } else {
                let mut swing = Swing::new(&self.header);
                let (hashing, path) = (&mut self.hashing, &self.image.data_path);
                let mut start = || *hashing = hashing.take().or_else(|| Hashing::start(path).ok());
                self.unpacked = None;
                self.unpacked = Some(self.image.unpack(&mut start, Some(&mut swing))?);
                swing
            };
            self.swing = Some(Arc::new(swing));
        }
        Ok(self.swing.clone())
    }

    /// The stored data of a compressed run, in the file without a name that holds them or that they now go into.
    fn spilled_file(&mut self) -> Result<File> {
        let (hashing, path) = (&mut self.hashing, &self.image.data_path);
        // What fails here fails again, with its error, when the digest is asked for.
        let mut start = || *hashing = hashing.take().or_else(|| Hashing::start(path).ok());
        self.spilled.take().map_or_else(|| self.image.spill(&mut start), Ok)
    }

    /// Reads from now on what is stored less each voxel's mean over time, where f32 would lose digits of some voxel's swing
    /// that a fit needs: the means, `[voxel]`, and the voxels concerned. None where it loses nothing. To be called before
    /// the first read.
    ///
    /// # Errors
    /// As for reading.
    pub fn centre(&mut self) -> Result<Option<(Arc<Vec<f64>>, Coarse)>> {
        let Some(swing) = self.swing()? else { return Ok(None) };
        let Some(coarse) = swing.lost_to_a_fit() else { return Ok(None) };
        let level = Arc::new(swing.means());
        self.level = Some(Arc::clone(&level));
        self.unpacked = None;
        Ok(Some((level, coarse)))
    }

    /// The voxels whose swing an image of f32 would hold poorly; none where there is none. To be called before the first
    /// read.
    ///
    /// # Errors
    /// As for reading.
    pub fn coarse(&mut self) -> Result<Option<Coarse>> {
        Ok(self.swing()?.and_then(|swing| swing.lost_to_an_image()))
    }

    /// Voxels with a value beyond the range of f32, which become infinite. To be called before the first read.
    ///
    /// # Errors
    /// As for reading.
    pub fn beyond_f32(&mut self) -> Result<usize> {
        Ok(self.swing()?.map_or(0, |swing| swing.beyond_f32()))
    }

    /// Reads a block as f32, scaled as the header says. Values that are not finite pass as they are. A compressed run
    /// is handed over, not copied, where the block is all of it; it would be decoded again by a later read.
    ///
    /// # Errors
    /// [`Error::BadData`] where the data are truncated or damaged, [`Error::Interrupted`], [`Error::Internal`] for a
    /// block that is not one of this run.
    pub fn read(&mut self, block: &Block) -> Result<HostBold> {
        let [_, _, planes] = self.grid.shape;
        let (p, v) = (&block.planes, &block.volumes);
        if block.run_shape != self.grid.shape
            || p.start > p.end
            || p.end > planes
            || v.start > v.end
            || v.end > self.n_volumes
        {
            return Err(Error::internal(
                format!("a block of {}", self.path.display()),
                format!("asks for planes {p:?} and volumes {v:?} of {:?}", block.run_shape),
                format!("lie within {:?} and {} volumes", self.grid.shape, self.n_volumes),
                "",
            ));
        }
        let data = if self.image.is_compressed() {
            self.read_packed(block)?
        } else {
            let (file, first_byte) = (&self.image.file, self.header.vox_offset);
            let level = self.level.as_deref().map(Vec::as_slice);
            let own =
                Samples { file, first_byte, level, hash: self.hashing.as_ref().map(Hashing::tree) };
            let part = (p.clone(), v.clone());
            self.image.read_slab_of(own, part, std::mem::take(&mut self.spare))?
        };
        Ok(HostBold::new(block.clone(), data))
    }

    fn read_packed(&mut self, block: &Block) -> Result<Vec<f32>> {
        if let Some(ahead) = self.ahead.take() {
            self.unpacked = ahead.finish();
        }
        let [_, _, planes] = self.grid.shape;
        let is_whole = block.planes.len() == planes && block.volumes.len() == self.n_volumes;
        let spills = self.spilled.is_some() || (self.spills() && !is_whole);
        if self.level.is_some() || (spills && self.unpacked.is_none()) {
            let file = self.spilled_file()?;
            let part = (block.planes.clone(), block.volumes.clone());
            let level = self.level.as_deref().map(Vec::as_slice);
            let spilled = Samples { level, ..Samples::of(&file, 0) };
            let data = self.image.read_slab_of(spilled, part, std::mem::take(&mut self.spare));
            self.spilled = Some(file);
            return data;
        }
        let (hashing, path) = (&mut self.hashing, &self.image.data_path);
        let mut start = || *hashing = hashing.take().or_else(|| Hashing::start(path).ok());
        match self.unpacked.take() {
            Some(Unpacked::Values(all)) if is_whole => Ok(all),
            None if is_whole => self.image.read_all(&mut start),
            other => {
                let unpacked = other.map_or_else(|| self.image.unpack(&mut start, None), Ok)?;
                let spare = std::mem::take(&mut self.spare);
                let data = self.image.block_of(&unpacked, block, spare)?;
                self.unpacked = (!is_whole).then_some(unpacked);
                Ok(data)
            }
        }
    }

    /// Takes back what a block was read into, for the next one; not what a whole run was read into.
    pub fn reuse(&mut self, data: Vec<f32>) {
        if data.len() < self.header.len() {
            self.spare = data;
        }
    }

    /// The file that holds its data: the same, or the .img of a pair.
    pub(super) fn data_path(&self) -> &Path {
        &self.image.data_path
    }

    /// Checksum of the file as it lies on disk (of the data file of a pair); waits for the threads that compute it.
    ///
    /// # Errors
    /// [`Error::BadData`] where the file cannot be read to its end, [`Error::Interrupted`].
    pub fn checksum(&mut self) -> Result<Checksum> {
        let hashing = match &mut self.hashing {
            Some(hashing) => hashing,
            none => none.insert(Hashing::start(&self.image.data_path)?),
        };
        hashing.finish()
    }
}

/// Makes the one axis beyond the third that has more than one entry the fourth, where some writer put time; a note of it.
fn time_as_fourth(header: &mut Header, thing: &str) -> Option<String> {
    let beyond = header.shape.get(3..)?;
    let at = beyond.iter().position(|&n| n > 1).filter(|&at| at > 0)?;
    if beyond[at + 1..].iter().any(|&n| n > 1) {
        return None;
    }
    let text = header.shape.iter().map(usize::to_string).collect::<Vec<_>>().join("x");
    let n = beyond[at];
    header.shape.truncate(3);
    header.shape.push(n);
    header.pixdim[4] = 0.0; // of the axis with one entry
    Some(format!(
        "{thing} has the extents {text}; it is read as {n} volumes, and its repetition time comes from a sidecar or --tr"
    ))
}

/// Fails where an axis beyond the first `axes` has more than one entry.
pub(super) fn refuse_more_axes(image: &Image, axes: usize) -> Result<()> {
    let shape = &image.header.shape;
    if shape.iter().skip(axes).all(|&n| n == 1) {
        return Ok(());
    }
    let text = shape.iter().map(usize::to_string).collect::<Vec<_>>().join("x");
    Err(Error::bad_data(
        image.path.display().to_string(),
        format!("has the extents {text}"),
        if axes == 4 { "be a 4-D run" } else { "be a 3-D image" },
        if axes == 4 {
            "split the file, so that time alone is left as the fourth axis"
        } else {
            "pick one volume of it"
        },
    ))
}
