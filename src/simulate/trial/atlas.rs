//! The trial's regions: where the drug acts, and others that answer to pain and where it does not.

use crate::simulate::head::{ANTERIOR_INSULA, CINGULATE, S2, THALAMUS, mirrored};

/// The tube of grey matter around the aqueduct: its ends and radius, mm of the reference head.
const PAG_ENDS_MM: [[f64; 3]; 2] = [[0.0, -31.0, -6.0], [0.0, -34.0, -17.0]];
const PAG_RADIUS_MM: f64 = 4.0;

/// What the atlas's labels stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Region {
    /// None of them.
    Outside = 0,
    /// Periaqueductal grey, where the drug acts.
    Pag = 1,
    /// Left anterior insula, where the drug acts.
    InsulaLeft = 2,
    /// Right anterior insula, where the drug acts.
    InsulaRight = 3,
    /// Left thalamus.
    ThalamusLeft = 4,
    /// Right thalamus.
    ThalamusRight = 5,
    /// Left secondary somatosensory cortex.
    S2Left = 6,
    /// Right secondary somatosensory cortex.
    S2Right = 7,
    /// Anterior cingulate, both sides.
    Cingulate = 8,
}

impl Region {
    /// Every label with its name.
    pub const NAMES: [(Region, &'static str); 8] = [
        (Region::Pag, "periaqueductal_grey"),
        (Region::InsulaLeft, "anterior_insula_left"),
        (Region::InsulaRight, "anterior_insula_right"),
        (Region::ThalamusLeft, "thalamus_left"),
        (Region::ThalamusRight, "thalamus_right"),
        (Region::S2Left, "secondary_somatosensory_left"),
        (Region::S2Right, "secondary_somatosensory_right"),
        (Region::Cingulate, "anterior_cingulate"),
    ];

    /// The region of a point, mm of the reference head, x to the right.
    pub(super) fn at(p: [f64; 3]) -> Region {
        let is_right = p[0] > 0.0;
        let side = |left, right| if is_right { right } else { left };
        let m = mirrored(p);
        if off_the_tube_mm(p) < PAG_RADIUS_MM {
            Region::Pag
        } else if ANTERIOR_INSULA.r2(m) < 1.0 {
            side(Region::InsulaLeft, Region::InsulaRight)
        } else if THALAMUS.r2(m) < 1.0 {
            side(Region::ThalamusLeft, Region::ThalamusRight)
        } else if S2.r2(m) < 1.0 {
            side(Region::S2Left, Region::S2Right)
        } else if CINGULATE.r2(p) < 1.0 {
            Region::Cingulate
        } else {
            Region::Outside
        }
    }
}

/// The distance of a point from the tube's axis.
fn off_the_tube_mm(p: [f64; 3]) -> f64 {
    let [from, to] = PAG_ENDS_MM;
    let dot = |a: [f64; 3], b: [f64; 3]| (0..3).map(|axis| a[axis] * b[axis]).sum::<f64>();
    let less = |a: [f64; 3], b: [f64; 3]| std::array::from_fn(|axis| a[axis] - b[axis]);
    let (along, own): ([f64; 3], [f64; 3]) = (less(to, from), less(p, from));
    let share = (dot(own, along) / dot(along, along)).clamp(0.0, 1.0);
    let off = less(own, along.map(|v| share * v));
    dot(off, off).sqrt()
}
