//! What a header may say before boldly goes by it: extents, scaling, where the data begin.

use super::{Header, LEN_1, LEN_2, Version};
use crate::io::sample::{SampleType, Scaling};
use crate::{Error, Result};

/// A header whose numbers have not been looked at.
pub(super) struct Fields {
    pub(super) header: Header,
    pub(super) dim: [i64; 8],
    pub(super) datatype: i16,
    pub(super) vox_offset: f64,
    pub(super) slope: f64,
    pub(super) inter: f64,
}

impl Fields {
    /// The header, every number looked at.
    pub(super) fn check(self, thing: &str) -> Result<Header> {
        let mut header = self.header;
        header.sample = SampleType::from_code(self.datatype).map_err(|name| {
            Error::bad_data(
                thing,
                format!("holds {name} values (datatype {})", self.datatype),
                "hold integers up to 64 bits, float32 or float64",
                "take the magnitude or convert it, e.g. with nibabel",
            )
        })?;
        header.shape = check_dim(self.dim, header.sample.size() as u64, thing)?;
        header.scaling = check_scaling(self.slope, self.inter, thing)?;
        header.vox_offset = check_offset(self.vox_offset, header.version, header.is_pair, thing)?;
        Ok(header)
    }
}

pub(super) fn bad_axis_count(thing: &str, count: i64) -> Error {
    Error::bad_data(
        thing,
        format!("says that it has {count} axes (dim[0])"),
        "have 1 to 7",
        "its header is damaged; copy or download it again",
    )
}

fn check_dim(dim: [i64; 8], sample_size: u64, thing: &str) -> Result<Vec<usize>> {
    let axes = match dim[0] {
        n @ 1..=7 => &dim[1..=n as usize],
        n => return Err(bad_axis_count(thing, n)),
    };
    let damaged = "its header is damaged; copy or download it again";
    let mut values = 1_u64;
    for (axis, &extent) in axes.iter().enumerate() {
        if extent < 1 {
            return Err(Error::bad_data(
                thing,
                format!("has the extent {extent} along axis {}", axis + 1),
                "have at least 1 along each",
                damaged,
            ));
        }
        // In memory a value is an f32 or, while it is read, its stored bytes: both must be countable.
        values = values
            .checked_mul(extent.unsigned_abs())
            .filter(|v| v.checked_mul(sample_size.max(4)).is_some_and(|b| b < 1 << 62))
            .filter(|&v| usize::try_from(v).is_ok_and(|v| v < isize::MAX as usize / 8))
            .ok_or_else(|| {
                let shape = axes.iter().map(i64::to_string).collect::<Vec<_>>().join("x");
                Error::bad_data(
                    thing,
                    format!("says that it has {shape} values"),
                    "fit the address space",
                    damaged,
                )
            })?;
    }
    Ok(axes.iter().map(|&extent| extent as usize).collect())
}

/// Slope zero or not finite means none, as the standard and nibabel have it.
fn check_scaling(slope: f64, inter: f64, thing: &str) -> Result<Option<Scaling>> {
    if slope == 0.0 || !slope.is_finite() {
        return Ok(None);
    }
    if !inter.is_finite() {
        return Err(Error::bad_data(
            thing,
            format!("has scl_slope {slope} with scl_inter {inter}"),
            "have both finite",
            "repair the header (scl_inter is mostly 0)",
        ));
    }
    Ok(if slope == 1.0 && inter == 0.0 { None } else { Some(Scaling { slope, inter }) })
}

fn check_offset(offset: f64, version: Version, pair: bool, thing: &str) -> Result<u64> {
    let header = if version == Version::Nifti1 { LEN_1 } else { LEN_2 };
    let least = if pair { 0.0 } else { header as f64 };
    if offset == 0.0 && !pair {
        return Ok(header as u64 + 4); // left unset by some writers
    }
    if !offset.is_finite() || offset < least || offset > (1_u64 << 52) as f64 {
        return Err(Error::bad_data(
            thing,
            format!("says that its data begin at byte {offset}"),
            format!("have them at byte {least} or later"),
            "its header is damaged; copy or download it again",
        ));
    }
    Ok(offset as u64)
}
