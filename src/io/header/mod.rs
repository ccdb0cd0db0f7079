//! The NIfTI header, the same struct for versions 1 and 2 and both byte orders.
//!
//! Source: nifti1.h and nifti2.h of the NIfTI Data Format Working Group. The affine follows nibabel: sform where its code
//! is positive, else qform, else voxel sizes alone with the grid's centre at the origin and x running right to left.

mod check;
mod geometry;
mod intent;
mod parse;
mod write;

pub use intent::Intent;
pub(super) use parse::parse;

use super::sample::{ByteOrder, Decoder, SampleType, Scaling};
use crate::volume::Grid;
use crate::{Error, Result};

/// Length of a NIfTI-1 header in bytes, without the four bytes that announce extensions.
pub(crate) const LEN_1: usize = 348;
/// Length of a NIfTI-2 header in bytes, without the four bytes that announce extensions.
pub(crate) const LEN_2: usize = 540;

/// What a single-file NIfTI-2 header has in bytes 4 to 11.
const MAGIC_2_SINGLE: &[u8; 8] = b"n+2\0\r\n\x1a\n";

/// A repetition time of this many seconds or more is taken for milliseconds gone astray.
pub(crate) const TR_TOO_LONG_S: f64 = 100.0;

/// What a repetition time may be, in seconds.
pub(crate) const TR_S: std::ops::Range<f64> = 0.01..TR_TOO_LONG_S;

/// The two versions of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// 348 bytes, extents up to 32767.
    Nifti1,
    /// 540 bytes, 64-bit extents.
    Nifti2,
}

/// What a NIfTI header says. Fields keep the format's names and, unless a method converts them, the file's units.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// The version it was read from.
    pub version: Version,
    /// The byte order it was read in.
    pub byte_order: ByteOrder,
    /// Extents of the 1 to 7 axes, i fastest; none is zero.
    pub shape: Vec<usize>,
    /// How a value is stored.
    pub sample: SampleType,
    /// Slope and intercept; none where `scl_slope` is zero or not finite.
    pub scaling: Option<Scaling>,
    /// `pixdim`: entry 0 the sign of the qform, 1 to 3 the voxel sizes, 4 the repetition time, in `xyzt_units`.
    pub pixdim: [f64; 8],
    /// Byte where the data begin.
    pub vox_offset: u64,
    /// Whether the data lie in another file, the .img of a pair.
    pub is_pair: bool,
    /// Spatial unit in bits 0-2 (1 m, 2 mm, 3 µm), temporal in bits 3-5 (8 s, 16 ms, 24 µs).
    pub xyzt_units: u8,
    /// Which axes are frequency, phase and slice.
    pub dim_info: u8,
    /// Slice order code.
    pub slice_code: u8,
    /// First slice of the slice order.
    pub slice_start: i64,
    /// Last slice of the slice order.
    pub slice_end: i64,
    /// Time for one slice, in the temporal unit.
    pub slice_duration: f64,
    /// Shift of the time axis, in the temporal unit.
    pub toffset: f64,
    /// Free text, 79 bytes at most.
    pub descrip: String,
    /// Space of the qform: 0 unset, 1 scanner, 2 aligned, 3 Talairach, 4 MNI.
    pub qform_code: i32,
    /// Space of the sform, as for the qform.
    pub sform_code: i32,
    /// Quaternion parameters b, c, d of the qform.
    pub quatern: [f64; 3],
    /// Offsets x, y, z of the qform.
    pub qoffset: [f64; 3],
    /// Rows of the sform.
    pub srow: [[f64; 4]; 3],
    /// What the values are.
    pub intent: Intent,
    /// The intent's name, 15 bytes at most.
    pub intent_name: String,
}

impl Header {
    /// A float32 header for a made image: 4-D with one volume when `tr` (seconds) is given, else 3-D. sform and
    /// qform both say the grid's affine (the qform is left unset where the axes are oblique to each other).
    #[must_use]
    pub fn new(grid: &Grid, tr: Option<f64>) -> Header {
        let mut header = Header {
            version: Version::Nifti1,
            byte_order: ByteOrder::Little,
            shape: grid.shape.to_vec(),
            sample: SampleType::F32,
            scaling: None,
            pixdim: [1.0; 8],
            vox_offset: 0,
            is_pair: false,
            xyzt_units: 2 | 8,
            dim_info: 0,
            slice_code: 0,
            slice_start: 0,
            slice_end: 0,
            slice_duration: 0.0,
            toffset: 0.0,
            descrip: written_by(),
            qform_code: 0,
            sform_code: 0,
            quatern: [0.0; 3],
            qoffset: [0.0; 3],
            srow: [[0.0; 4]; 3],
            intent: Intent::None,
            intent_name: String::new(),
        };
        header.set_geometry(grid);
        match tr {
            Some(tr) => {
                header.shape.push(1);
                header.set_repetition_time(tr);
            }
            None => header.pixdim[4] = 0.0,
        }
        header
    }

    /// A float32 header for one map on this image's grid: geometry and units inherited, no time axis.
    #[must_use]
    pub fn for_map(&self, intent: Intent) -> Header {
        let mut header = self.derived();
        header.shape.truncate(3);
        header.pixdim[4] = 0.0;
        (header.slice_code, header.slice_start, header.slice_end) = (0, 0, 0);
        (header.slice_duration, header.toffset) = (0.0, 0.0);
        header.intent = intent;
        header
    }

    /// A float32 header for a run of `n_volumes` on this image's grid: geometry, units and timing inherited.
    #[must_use]
    pub fn for_bold(&self, n_volumes: usize) -> Header {
        let mut header = self.derived();
        header.shape.truncate(3);
        header.shape.push(n_volumes);
        header
    }

    /// The same header for values stored as little-endian float32, unscaled, in one file.
    pub(crate) fn as_f32(&self) -> Header {
        Header {
            byte_order: ByteOrder::Little,
            sample: SampleType::F32,
            scaling: None,
            is_pair: false,
            ..self.clone()
        }
    }

    /// What every image made from this one shares.
    fn derived(&self) -> Header {
        let mut header = self.as_f32();
        header.shape.resize(self.shape.len().max(3), 1);
        header.pixdim[5..].fill(0.0);
        header.settle_sizes();
        // Unknown units were read as millimetres and seconds: say so.
        if header.xyzt_units & 7 == 0 {
            header.xyzt_units |= 2;
        }
        if header.xyzt_units & 0o70 == 0 {
            header.xyzt_units |= 8;
        }
        header.descrip = written_by();
        header.intent = Intent::None;
        header.intent_name.clear();
        header
    }

    /// Extents along i, j, k; axes that are not there count 1.
    #[must_use]
    pub fn grid_shape(&self) -> [usize; 3] {
        std::array::from_fn(|axis| self.shape.get(axis).copied().unwrap_or(1))
    }

    /// Number of volumes: the fourth extent, 1 without one.
    #[must_use]
    pub fn n_volumes(&self) -> usize {
        self.shape.get(3).copied().unwrap_or(1)
    }

    /// Values in the image; the parser made sure that it fits.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it holds no values; never true of a header that was read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Seconds a unit of `pixdim[4]`; unknown counts as seconds, none where the axis is not time (Hz, ppm, rad/s).
    fn time_unit_s(&self) -> Option<f64> {
        match self.xyzt_units & 0o70 {
            0 | 8 => Some(1.0),
            16 => Some(1e-3),
            24 => Some(1e-6),
            _ => None,
        }
    }

    /// The repetition time in seconds; none where the header does not give one.
    ///
    /// # Errors
    /// [`Error::BadData`] for 100 s or more: milliseconds under a unit that says seconds, or under none.
    pub fn repetition_time(&self, thing: &str) -> Result<Option<f64>> {
        let Some(unit) = self.time_unit_s() else { return Ok(None) };
        // Micro- and milliseconds are divided, not multiplied: 720 ms is 0.72 s to the last bit.
        let tr = if unit < 1.0 { self.pixdim[4] / (1.0 / unit).round() } else { self.pixdim[4] };
        if self.shape.len() < 4 || !tr.is_finite() || tr <= 0.0 {
            return Ok(None);
        }
        if !TR_S.contains(&tr) {
            let tr_s = if tr < 1e-4 { format!("{tr:e}") } else { tr.to_string() };
            return Err(Error::bad_data(
                thing,
                format!("gives a repetition time of {tr_s} s"),
                format!("give {:?} s or more and less than {TR_TOO_LONG_S} s", TR_S.start),
                if tr < TR_S.start {
                    "name the time in seconds with --tr"
                } else {
                    "the header probably holds milliseconds without saying so; name the time in seconds with --tr"
                },
            ));
        }
        Ok(Some(tr))
    }

    /// Sets the repetition time, given in seconds; seconds become the unit of all that is time.
    pub fn set_repetition_time(&mut self, tr: f64) {
        let unit = self.time_unit_s().unwrap_or(1.0);
        self.xyzt_units = self.xyzt_units & !0o70 | 8;
        self.slice_duration *= unit;
        self.toffset *= unit;
        self.pixdim[4] = tr;
    }

    /// How stored bytes become f32.
    pub(crate) fn decoder(&self) -> Decoder {
        Decoder { sample: self.sample, order: self.byte_order, scaling: self.scaling }
    }
}

/// The `descrip` of images written here.
fn written_by() -> String {
    format!("boldly {}", env!("CARGO_PKG_VERSION"))
}
