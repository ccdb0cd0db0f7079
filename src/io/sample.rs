//! How one value is stored in a NIfTI file, and its conversion to f32.

use std::borrow::Cow;

use pulp::Arch;

/// Byte order of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

impl ByteOrder {
    /// The order of this machine.
    pub const NATIVE: ByteOrder =
        if cfg!(target_endian = "little") { ByteOrder::Little } else { ByteOrder::Big };
}

/// The real-valued sample types of NIfTI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum SampleType {
    U8,
    I8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    F32,
    F64,
}

impl SampleType {
    /// The type behind a NIfTI datatype code; what it is called where boldly does not read it.
    ///
    /// # Errors
    /// The name of the type that is not real-valued, not of a size Rust knows, or not defined at all.
    pub fn from_code(code: i16) -> Result<SampleType, &'static str> {
        Ok(match code {
            2 => SampleType::U8,
            4 => SampleType::I16,
            8 => SampleType::I32,
            16 => SampleType::F32,
            64 => SampleType::F64,
            256 => SampleType::I8,
            512 => SampleType::U16,
            768 => SampleType::U32,
            1024 => SampleType::I64,
            1280 => SampleType::U64,
            0 => return Err("unknown"),
            1 => return Err("one-bit"),
            32 => return Err("complex64"),
            128 => return Err("RGB24"),
            1536 => return Err("float128"),
            1792 => return Err("complex128"),
            2048 => return Err("complex256"),
            2304 => return Err("RGBA32"),
            _ => return Err("undefined"),
        })
    }

    /// The NIfTI datatype code.
    #[must_use]
    pub fn code(self) -> i16 {
        match self {
            SampleType::U8 => 2,
            SampleType::I16 => 4,
            SampleType::I32 => 8,
            SampleType::F32 => 16,
            SampleType::F64 => 64,
            SampleType::I8 => 256,
            SampleType::U16 => 512,
            SampleType::U32 => 768,
            SampleType::I64 => 1024,
            SampleType::U64 => 1280,
        }
    }

    /// Bytes a sample.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            SampleType::U8 | SampleType::I8 => 1,
            SampleType::I16 | SampleType::U16 => 2,
            SampleType::I32 | SampleType::U32 | SampleType::F32 => 4,
            SampleType::I64 | SampleType::U64 | SampleType::F64 => 8,
        }
    }
}

/// `value = slope * stored + inter`, in f64.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scaling {
    /// The header's `scl_slope`; finite, not zero.
    pub slope: f64,
    /// The header's `scl_inter`; finite.
    pub inter: f64,
}

/// Turns stored bytes into f32.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Decoder {
    pub(crate) sample: SampleType,
    pub(crate) order: ByteOrder,
    pub(crate) scaling: Option<Scaling>,
}

macro_rules! decode {
    ($type:ty, $to:ty, $bytes:expr, $out:expr, $order:expr, $scaling:expr) => {{
        const SIZE: usize = size_of::<$type>();
        let pairs = $bytes.as_chunks::<SIZE>().0.iter().zip($out.iter_mut());
        // Four loops without a branch inside, so that each becomes vector code.
        match ($order == ByteOrder::NATIVE, $scaling) {
            (true, None) => pairs.for_each(|(b, o)| *o = <$type>::from_ne_bytes(*b) as $to),
            (false, None) => pairs.for_each(|(b, o)| *o = swapped::<SIZE, $type>(b) as $to),
            (true, Some(s)) => {
                pairs.for_each(|(b, o)| *o = scaled(<$type>::from_ne_bytes(*b) as f64, s) as $to)
            }
            (false, Some(s)) => {
                pairs.for_each(|(b, o)| *o = scaled(swapped::<SIZE, $type>(b) as f64, s) as $to)
            }
        }
    }};
}

macro_rules! decode_any {
    ($decoder:expr, $to:ty, $bytes:expr, $out:expr) => {{
        debug_assert_eq!($bytes.len(), $out.len() * $decoder.sample.size());
        let Decoder { sample, order, scaling } = *$decoder;
        // As wide as this machine's vectors are.
        Arch::new().dispatch(
            #[inline(always)]
            || match sample {
                SampleType::U8 => decode!(u8, $to, $bytes, $out, order, scaling),
                SampleType::I8 => decode!(i8, $to, $bytes, $out, order, scaling),
                SampleType::I16 => decode!(i16, $to, $bytes, $out, order, scaling),
                SampleType::U16 => decode!(u16, $to, $bytes, $out, order, scaling),
                SampleType::I32 => decode!(i32, $to, $bytes, $out, order, scaling),
                SampleType::U32 => decode!(u32, $to, $bytes, $out, order, scaling),
                SampleType::I64 => decode!(i64, $to, $bytes, $out, order, scaling),
                SampleType::U64 => decode!(u64, $to, $bytes, $out, order, scaling),
                SampleType::F32 => decode!(f32, $to, $bytes, $out, order, scaling),
                SampleType::F64 => decode!(f64, $to, $bytes, $out, order, scaling),
            },
        );
    }};
}

#[inline(always)]
fn scaled(stored: f64, s: Scaling) -> f64 {
    stored * s.slope + s.inter
}

#[inline(always)]
fn swapped<const SIZE: usize, T: FromBytes<SIZE>>(bytes: &[u8; SIZE]) -> T {
    let mut bytes = *bytes;
    bytes.reverse();
    T::from_bytes(bytes)
}

trait FromBytes<const SIZE: usize> {
    fn from_bytes(bytes: [u8; SIZE]) -> Self;
}

macro_rules! from_bytes {
    ($($type:ty),*) => {$(
        impl FromBytes<{ size_of::<$type>() }> for $type {
            #[inline(always)]
            fn from_bytes(bytes: [u8; size_of::<$type>()]) -> Self {
                <$type>::from_ne_bytes(bytes)
            }
        }
    )*};
}
from_bytes!(u8, i8, i16, u16, i32, u32, i64, u64, f32, f64);

impl Decoder {
    /// Converts `bytes` (whole samples) into `out` (as many values), rounding once to f32.
    pub(crate) fn decode(&self, bytes: &[u8], out: &mut [f32]) {
        decode_any!(self, f32, bytes, out);
    }

    /// The same without rounding, but for integers beyond 2^53.
    pub(crate) fn decode_f64(&self, bytes: &[u8], out: &mut [f64]) {
        decode_any!(self, f64, bytes, out);
    }

    /// Converts `bytes` less `level` (as many values), rounding the difference once to f32. `wide` is scratch.
    pub(crate) fn decode_about(
        &self,
        bytes: &[u8],
        level: &[f64],
        wide: &mut Vec<f64>,
        out: &mut [f32],
    ) {
        wide.resize(out.len(), 0.0);
        self.decode_f64(bytes, wide);
        for ((out, value), level) in out.iter_mut().zip(wide).zip(level) {
            *out = (*value - level) as f32;
        }
    }

    /// Whether stored bytes are this machine's f32 already, up to [`Decoder::scale`].
    pub(crate) fn is_native_f32(&self) -> bool {
        self.sample == SampleType::F32 && self.order == ByteOrder::NATIVE
    }

    /// Applies the scaling alone, to values that were read as f32.
    pub(crate) fn scale(&self, values: &mut [f32]) {
        if let Some(s) = self.scaling {
            values.iter_mut().for_each(|v| *v = scaled(f64::from(*v), s) as f32);
        }
    }
}

/// The little-endian bytes of values, borrowed where this machine stores them so.
pub(crate) fn little_endian(values: &[f32]) -> Cow<'_, [u8]> {
    if ByteOrder::NATIVE == ByteOrder::Little {
        Cow::Borrowed(bytemuck::cast_slice(values))
    } else {
        Cow::Owned(values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_decodes_in_both_byte_orders_with_and_without_scaling() {
        let scaling = Some(Scaling { slope: 0.5, inter: -3.0 });
        macro_rules! check {
            ($($sample:ident $type:ty),*) => {$(
                for value in [<$type>::MIN, <$type>::MAX, 0 as $type, 7 as $type] {
                    for (order, bytes) in [
                        (ByteOrder::Little, value.to_le_bytes()), (ByteOrder::Big, value.to_be_bytes()),
                    ] {
                        let decoder = Decoder { sample: SampleType::$sample, order, scaling: None };
                        let mut out = [f32::NAN];
                        decoder.decode(&bytes, &mut out);
                        assert_eq!(out[0], value as f32, "{:?} {order:?}", decoder.sample);
                        Decoder { scaling, ..decoder }.decode(&bytes, &mut out);
                        assert_eq!(out[0], (value as f64 * 0.5 - 3.0) as f32, "{decoder:?}");
                    }
                    assert_eq!(SampleType::from_code(SampleType::$sample.code()), Ok(SampleType::$sample));
                }
            )*};
        }
        check!(U8 u8, I8 i8, I16 i16, U16 u16, I32 i32, U32 u32, I64 i64, U64 u64, F32 f32, F64 f64);
    }
}
