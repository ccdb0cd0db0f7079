//! Images of a given sample type, for data that are made as integers.

use std::path::Path;

use super::compress::gzip_samples;
use super::header::Header;
use super::output::{Outputs, is_compressed_image};
use super::sample::{SampleType, Scaling};
use crate::{Error, Result};

impl Outputs {
    /// Writes an image whose samples are at hand as little-endian bytes; a reader multiplies them by `slope`
    /// (`scl_slope`, kept in 32 bits by NIfTI-1). .nii or .nii.gz by its name.
    ///
    /// # Errors
    /// As for [`Outputs::map`].
    pub fn stored(
        &self,
        path: &Path,
        header: &Header,
        (sample, slope): (SampleType, f64),
        bytes: &[u8],
    ) -> Result<()> {
        if bytes.len() != header.len() * sample.size() {
            return Err(Error::internal(
                path.display().to_string(),
                format!("was given {} bytes", bytes.len()),
                format!("get {} for the extents {:?}", header.len() * sample.size(), header.shape),
                "",
            ));
        }
        let compressed = is_compressed_image(path)?;
        let mut header = header.clone();
        header.sample = sample;
        header.scaling = Some(Scaling { slope, inter: 0.0 });
        let bytes = [&header.to_bytes()[..], bytes].concat();
        if compressed { self.bytes(path, &gzip_samples(&bytes)) } else { self.bytes(path, &bytes) }
    }
}
