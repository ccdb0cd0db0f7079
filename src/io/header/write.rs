//! [`Header`] to the bytes before the data.

use super::{Header, LEN_1, LEN_2, MAGIC_2_SINGLE};

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
