//! Runs that are one run: by two names, as a copy, or in two containers.

use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::bold::BoldFile;
use super::files::{self, is_same};
use super::image::{Image, halves, zeroed};
use crate::volume::Block;
use crate::{Error, Result};

/// Fails where an image is named twice, by one name or two, as a copy, or as the same values in another container (compressed, as
/// a pair, of another number type): its voxels would count twice. Values are compared in the first and the last volume.
///
/// # Errors
/// [`Error::Usage`] with both names; where one cannot be read.
pub fn refuse_twins(paths: &[PathBuf]) -> Result<()> {
    let mut firsts: Vec<Option<First>> = Vec::new();
    for (n, path) in paths.iter().enumerate() {
        // What is no image, or is damaged, is told where it is opened.
        firsts.push(if paths.len() > 1 { First::of(path).ok() } else { None });
        for (m, before) in paths[..n].iter().enumerate() {
            let found = if before == path {
                "is given twice".to_owned()
            } else if is_same(&halves(before)?.1, &halves(path)?.1)? {
                format!("holds the same as {}", before.display())
            } else if let (Some(one), Some(other)) = (&firsts[m], &firsts[n])
                && one == other
                && last(before)? == last(path)?
            {
                format!("holds the same values as {}, in another container", before.display())
            } else {
                continue;
            };
            return Err(Error::usage(
                path.display().to_string(),
                found,
                "be a run of its own: one that counts twice seems to halve the variance",
                "name each run once",
            ));
        }
    }
    Ok(())
}

/// The extents of a run and its first volume, which is as good as its name where it varies.
#[derive(Debug, PartialEq)]
struct First {
    shape: Vec<usize>,
    bits: Vec<u32>,
}

impl First {
    fn of(path: &Path) -> Result<First> {
        let image = Image::open(path)?;
        let values = image.first_volume()?;
        let is_constant = values.windows(2).all(|pair| pair[0].to_bits() == pair[1].to_bits());
        if is_constant {
            let thing = path.display().to_string();
            return Err(Error::bad_data(thing, "begins with a constant volume", "vary", ""));
        }
        Ok(First { shape: image.header.shape.clone(), bits: bits(&values) })
    }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// The last volume; of a compressed run all others are unpacked before it.
fn last(path: &Path) -> Result<Vec<u32>> {
    let mut bold = BoldFile::open_image(path)?;
    let n = bold.n_volumes;
    let whole = Block::whole(bold.grid.shape, n);
    let last = bold.read(&Block { volumes: n.saturating_sub(1)..n, ..whole })?;
    Ok(bits(&last.data))
}

impl Image {
    /// The first volume, of which a compressed run unpacks no more.
    fn first_volume(&self) -> Result<Vec<f32>> {
        let n: usize = self.header.grid_shape().iter().product();
        let decoder = self.header.decoder();
        let mut bytes = vec![0; n * decoder.sample.size()];
        if self.is_compressed() {
            let mut stream = MultiGzDecoder::new(files::open(&self.data_path)?);
            let before = &mut (&mut stream).take(self.header.vox_offset);
            std::io::copy(before, &mut std::io::sink()).and_then(|_| stream.read_exact(&mut bytes))
        } else {
            files::read_exact_at(&self.file, &mut bytes, self.header.vox_offset)
        }
        .map_err(|e| files::cannot_read(&self.data_path, e))?;
        let mut values = zeroed(n, &self.path)?;
        decoder.decode(&bytes, &mut values);
        Ok(values)
    }
}
