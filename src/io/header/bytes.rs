//! Header bytes to [`Header`] and back. NIfTI-1 is parsed by the `nifti` crate's header type, NIfTI-2 here.

use nifti::{Endianness, NiftiHeader};

use super::{Header, Intent, LEN_1, LEN_2, Version};
use crate::io::sample::{ByteOrder, SampleType, Scaling};
use crate::{Error, Result};

const MAGIC_2_SINGLE: &[u8; 8] = b"n+2\0\r\n\x1a\n";
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

/// A header whose numbers have not been looked at.
struct Fields {
    header: Header,
    dim: [i64; 8],
    datatype: i16,
    vox_offset: f64,
    slope: f64,
    inter: f64,
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

    fn check(self, thing: &str) -> Result<Header> {
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

fn bad_axis_count(thing: &str, count: i64) -> Error {
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

impl Header {
    /// The bytes of a single-file image before its data, little-endian, with this header's sample type and scaling:
    /// NIfTI-1, or NIfTI-2 where an extent exceeds 32767. The data follow at once.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        if self.shape.iter().all(|&n| n <= i16::MAX as usize) {
            self.nifti1_bytes()
        } else {
            self.nifti2_bytes()
        }
    }

    fn slope_and_inter(&self) -> [f64; 2] {
        self.scaling.map_or([1.0, 0.0], |s| [s.slope, s.inter])
    }

    /// dim[0..8] with ones behind the last axis.
    fn dim(&self) -> [i64; 8] {
        let mut dim = [1; 8];
        dim[0] = self.shape.len() as i64;
        for (out, &extent) in dim[1..].iter_mut().zip(&self.shape) {
            *out = extent as i64;
        }
        dim
    }

    fn nifti1_bytes(&self) -> Vec<u8> {
        let (intent_code, intent_p) = self.intent.code_and_parameters();
        let mut out = Vec::with_capacity(LEN_1 + 4);
        let short = |v: i64| (v.clamp(i16::MIN.into(), i16::MAX.into()) as i16).to_le_bytes();
        let floats = |out: &mut Vec<u8>, values: &[f64]| {
            values.iter().for_each(|&v| out.extend((v as f32).to_le_bytes()));
        };
        out.extend((LEN_1 as i32).to_le_bytes());
        out.resize(38, 0);
        out.extend([b'r', self.dim_info]);
        self.dim().iter().for_each(|&d| out.extend(short(d)));
        floats(&mut out, &intent_p);
        out.extend(short(intent_code.into()));
        out.extend(short(self.sample.code().into()));
        out.extend(short(8 * self.sample.size() as i64));
        out.extend(short(self.slice_start));
        floats(&mut out, &self.pixdim);
        floats(&mut out, &[LEN_1 as f64 + 4.0]); // vox_offset
        floats(&mut out, &self.slope_and_inter());
        out.extend(short(self.slice_end));
        out.extend([self.slice_code, self.xyzt_units]);
        floats(&mut out, &[0.0, 0.0, self.slice_duration, self.toffset]); // cal_max, cal_min first
        out.extend([0; 8]); // glmax, glmin
        push_text(&mut out, &self.descrip, 80);
        push_text(&mut out, "", 24); // aux_file
        out.extend(short(self.qform_code.into()));
        out.extend(short(self.sform_code.into()));
        floats(&mut out, &self.quatern);
        floats(&mut out, &self.qoffset);
        floats(&mut out, self.srow.as_flattened());
        push_text(&mut out, &self.intent_name, 16);
        out.extend(nifti::header::MAGIC_CODE_NIP1);
        out.extend([0; 4]); // no extensions
        debug_assert_eq!(out.len(), LEN_1 + 4);
        out
    }

    fn nifti2_bytes(&self) -> Vec<u8> {
        let (intent_code, intent_p) = self.intent.code_and_parameters();
        let mut out = Vec::with_capacity(LEN_2 + 4);
        let floats = |out: &mut Vec<u8>, values: &[f64]| {
            values.iter().for_each(|v| out.extend(v.to_le_bytes()));
        };
        out.extend((LEN_2 as i32).to_le_bytes());
        out.extend(MAGIC_2_SINGLE);
        out.extend(self.sample.code().to_le_bytes());
        out.extend((8 * self.sample.size() as i16).to_le_bytes());
        self.dim().iter().for_each(|d| out.extend(d.to_le_bytes()));
        floats(&mut out, &intent_p);
        floats(&mut out, &self.pixdim);
        out.extend((LEN_2 as i64 + 4).to_le_bytes());
        floats(&mut out, &self.slope_and_inter());
        floats(&mut out, &[0.0, 0.0, self.slice_duration, self.toffset]); // cal_max, cal_min first
        out.extend(self.slice_start.to_le_bytes());
        out.extend(self.slice_end.to_le_bytes());
        push_text(&mut out, &self.descrip, 80);
        push_text(&mut out, "", 24);
        out.extend(self.qform_code.to_le_bytes());
        out.extend(self.sform_code.to_le_bytes());
        floats(&mut out, &self.quatern);
        floats(&mut out, &self.qoffset);
        floats(&mut out, self.srow.as_flattened());
        out.extend(i32::from(self.slice_code).to_le_bytes());
        out.extend(i32::from(self.xyzt_units).to_le_bytes());
        out.extend(intent_code.to_le_bytes());
        push_text(&mut out, &self.intent_name, 16);
        out.push(self.dim_info);
        out.resize(LEN_2 + 4, 0); // unused bytes, no extensions
        out
    }
}

/// Text in a field of `length` bytes, cut at a character so that a zero byte ends it.
fn push_text(out: &mut Vec<u8>, text: &str, length: usize) {
    let mut end = text.len().min(length - 1);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let start = out.len();
    out.extend(&text.as_bytes()[..end]);
    out.resize(start + length, 0);
}
