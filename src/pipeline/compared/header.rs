//! The header of a finished image against that of its rerun: where it lies, when it was acquired, what its values are.

use crate::io::Header;
use crate::pipeline::comparison::Comparison;

/// A fault for each part that is not the rerun's.
pub(super) fn check(got: &Header, want: &Header, comparison: &mut Comparison) {
    for ((part, got), (_, want)) in parts(got).into_iter().zip(parts(want)) {
        let is_same = |(a, b): (&f64, &f64)| *a as f32 == *b as f32 || a.is_nan() && b.is_nan();
        if !got.iter().zip(&want).all(is_same) {
            comparison
                .faults
                .push(format!("its header gives {part} as {got:?}, the rerun's as {want:?}"));
        }
    }
}

/// What a header says by the name that messages give it, in numbers.
fn parts(header: &Header) -> [(&'static str, Vec<f64>); 6] {
    let (intent, parameters) = header.intent.code_and_parameters();
    // A 3-D image has no time between volumes.
    let tr = if header.shape.len() > 3 { header.pixdim[4] } else { 0.0 };
    [
        ("the sform", header.srow.as_flattened().to_vec()),
        ("the qform", [header.quatern, header.qoffset].as_flattened().to_vec()),
        ("the codes of sform and qform", vec![header.sform_code.into(), header.qform_code.into()]),
        ("the voxel size", header.pixdim[1..4].to_vec()),
        ("repetition time and units", vec![tr, header.xyzt_units.into()]),
        ("the intent", [&[f64::from(intent)], &parameters[..]].concat()),
    ]
}
