//! The f64 twin of `shaders/smooth.wgsl`, written from the equation.

use super::Taps;
use crate::error::Result;
use crate::volume::{HostBold, Mask};
pub(super) fn smooth(_bold: HostBold, _taps: &Taps, _within: Option<&Mask>) -> Result<HostBold> {
    todo!()
}
