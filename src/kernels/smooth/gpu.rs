//! Host side of `shaders/smooth.wgsl`.

use super::Taps;
use crate::error::Result;
use crate::gpu::{DeviceBold, Gpu};
use crate::volume::Mask;
pub(super) fn smooth(
    _gpu: &Gpu,
    _bold: DeviceBold,
    _taps: &Taps,
    _within: Option<&Mask>,
) -> Result<DeviceBold> {
    todo!()
}
