//! Header bytes to [`Header`]. NIfTI-1 is parsed by the `nifti` crate's header type, NIfTI-2 here.

use nifti::{Endianness, NiftiHeader};

use super::check::{Fields, bad_axis_count};
use super::{Header, Intent, LEN_1, LEN_2, MAGIC_2_SINGLE, Version};
use crate::io::sample::{ByteOrder, SampleType};
use crate::{Error, Result};

const MAGIC_2_PAIR: &[u8; 8] = b"ni2\0\r\n\x1a\n";

/// Version and byte order by the header's own length, its first field.
fn identify(bytes: &[u8]) -> Option<(Version, ByteOrder)> {
    let first: [u8; 4] = bytes.get(..4)?.try_into().ok()?;
    for (version, length) in [(Version::Nifti1, LEN_1), (Version::Nifti2, LEN_2)] {
        if u32::from_le_bytes(first) as usize == length {
            return Some((version, ByteOrder::Little));
        }
        if u32::from_be_bytes(first) as usize == length {
            return Some((version, ByteOrder::Big));
        }
    }
    None
}

/// What a file that is no NIfTI image probably is.
fn guess(bytes: &[u8]) -> &'static str {
    let has = |at: usize, magic: &[u8]| bytes.get(at..at + magic.len()) == Some(magic);
    if bytes.starts_with(b"version https://git-lfs")
        || bytes.windows(13).take(300).any(|w| w == b"/annex/object")
    {
        "this is a placeholder; fetch the content first (datalad get, git annex get, git lfs pull)"
    } else if has(128, b"DICM") {
        "this is DICOM; convert it with dcm2niix"
    } else if bytes.starts_with(b"PK") {
        "this is a zip archive; unpack it first"
    } else if bytes.starts_with(b"<") {
        "this is a web page or XML; download the file itself"
    } else if bytes.starts_with(b"{") {
        "this is JSON; name the image that it lies beside"
    } else {
        "convert it to NIfTI first"
    }
}

/// Parses a header from the start of a file (`bytes`: as much as there is, at most a few hundred are looked at).
/// `thing` names the file in messages.
///
/// # Errors
/// [`Error::BadData`] for anything that is not a NIfTI header, is incomplete, or holds what boldly cannot read.
pub fn parse(bytes: &[u8], thing: &str) -> Result<Header> {
    let Some((version, order)) = identify(bytes) else {
        let start = bytes.iter().take(4).map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(" ");
        let found = if bytes.is_empty() {
            "is empty".to_string()
        } else {
            format!("is not a NIfTI image (it starts with {start})")
        };
        return Err(Error::bad_data(thing, found, "be NIfTI-1 or NIfTI-2", guess(bytes)));
    };
    let length = if version == Version::Nifti1 { LEN_1 } else { LEN_2 };
    let Some(bytes) = bytes.get(..length) else {
        return Err(Error::bad_data(
            thing,
            format!("holds {} bytes", bytes.len()),
            format!("hold at least the {length} bytes of its header"),
            "copy or download it again",
        ));
    };
    let fields = match version {
        Version::Nifti1 => Fields::nifti1(bytes, order, thing)?,
        Version::Nifti2 => Fields::nifti2(bytes, order, thing)?,
    };
    fields.check(thing)
}

impl Fields {
    fn nifti1(bytes: &[u8], order: ByteOrder, thing: &str) -> Result<Fields> {
        let not_nifti = || {
            Error::bad_data(
                thing,
                "is an ANALYZE 7.5 header, without NIfTI's mark in bytes 344 to 347",
                "be NIfTI-1 or NIfTI-2",
                "convert it to NIfTI first",
            )
        };
        let h = NiftiHeader::from_reader(bytes).map_err(|_| not_nifti())?;
        let crate_order =
            if h.endianness == Endianness::Little { ByteOrder::Little } else { ByteOrder::Big };
        if crate_order != order {
            // The crate tells the order by dim[0], we by the length field: they disagree where dim[0] is no count.
            let raw = [bytes[40], bytes[41]];
            let first = match order {
                ByteOrder::Little => i16::from_le_bytes(raw),
                ByteOrder::Big => i16::from_be_bytes(raw),
            };
            return Err(bad_axis_count(thing, first.into()));
        }
        let wide = f64::from;
        Ok(Fields {
            dim: h.dim.map(|d| i64::from(d as i16)),
            datatype: h.datatype,
            vox_offset: wide(h.vox_offset),
            slope: wide(h.scl_slope),
            inter: wide(h.scl_inter),
            header: Header {
                version: Version::Nifti1,
                byte_order: order,
                shape: Vec::new(),
                sample: SampleType::F32,
                scaling: None,
                pixdim: {
                    let mut pixdim = h.pixdim.map(wide);
                    pixdim[4] = decimal(h.pixdim[4]);
                    pixdim
                },
                vox_offset: 0,
                is_pair: &h.magic == nifti::header::MAGIC_CODE_NI1,
                xyzt_units: h.xyzt_units,
                dim_info: h.dim_info,
                slice_code: h.slice_code,
                slice_start: h.slice_start.into(),
                slice_end: h.slice_end.into(),
                slice_duration: wide(h.slice_duration),
                toffset: wide(h.toffset),
                descrip: text(&h.descrip),
                qform_code: h.qform_code.into(),
                sform_code: h.sform_code.into(),
                quatern: [h.quatern_b, h.quatern_c, h.quatern_d].map(wide),
                qoffset: [h.quatern_x, h.quatern_y, h.quatern_z].map(wide),
                srow: [h.srow_x, h.srow_y, h.srow_z].map(|row| row.map(wide)),
                intent: Intent::from_code(
                    h.intent_code.into(),
                    [h.intent_p1, h.intent_p2, h.intent_p3].map(wide),
                ),
                intent_name: text(&h.intent_name),
            },
        })
    }

    fn nifti2(bytes: &[u8], order: ByteOrder, thing: &str) -> Result<Fields> {
        let magic = &bytes[4..12];
        if magic != MAGIC_2_SINGLE && magic != MAGIC_2_PAIR {
            return Err(Error::bad_data(
                thing,
                "has the length of a NIfTI-2 header without its mark in bytes 4 to 11",
                "be NIfTI-1 or NIfTI-2",
                "copy it again in binary mode: the mark is made to show text conversion",
            ));
        }
        let at = Bytes { bytes, order };
        Ok(Fields {
            dim: std::array::from_fn(|n| at.i64(16 + 8 * n)),
            datatype: at.i16(12),
            vox_offset: at.i64(168) as f64,
            slope: at.f64(176),
            inter: at.f64(184),
            header: Header {
                version: Version::Nifti2,
                byte_order: order,
                shape: Vec::new(),
                sample: SampleType::F32,
                scaling: None,
                pixdim: at.f64s(104),
                vox_offset: 0,
                is_pair: magic == MAGIC_2_PAIR,
                xyzt_units: at.i32(500) as u8,
                dim_info: bytes[524],
                slice_code: at.i32(496) as u8,
                slice_start: at.i64(224),
                slice_end: at.i64(232),
                slice_duration: at.f64(208),
                toffset: at.f64(216),
                descrip: text(&bytes[240..320]),
                qform_code: at.i32(344),
                sform_code: at.i32(348),
                quatern: at.f64s(352),
                qoffset: at.f64s(376),
                srow: [at.f64s(400), at.f64s(432), at.f64s(464)],
                intent: Intent::from_code(at.i32(504), at.f64s(80)),
                intent_name: text(&bytes[508..524]),
            },
        })
    }
}

/// Text up to the first zero byte; other encodings than UTF-8 are shown as well as they go.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).trim_end().to_string()
}

/// The f64 nearest to the shortest decimal that reads back as this f32: 0.72 s stays 0.72 s.
fn decimal(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}

/// Numbers at byte offsets within a header of known length.
struct Bytes<'a> {
    bytes: &'a [u8],
    order: ByteOrder,
}

macro_rules! number_at {
    ($($name:ident),*) => {$(
        fn $name(&self, offset: usize) -> $name {
            let mut raw = [0; size_of::<$name>()];
            raw.copy_from_slice(&self.bytes[offset..offset + size_of::<$name>()]);
            match self.order {
                ByteOrder::Little => $name::from_le_bytes(raw),
                ByteOrder::Big => $name::from_be_bytes(raw),
            }
        }
    )*};
}

impl Bytes<'_> {
    number_at!(i16, i32, i64, f64);

    fn f64s<const N: usize>(&self, offset: usize) -> [f64; N] {
        std::array::from_fn(|n| self.f64(offset + 8 * n))
    }
}
