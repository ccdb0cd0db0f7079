//! Host side of `shaders/nuisance.wgsl`.

use super::Projection;
use crate::error::Result;
use crate::gpu::{DeviceBold, Gpu};
pub(super) fn subtract(
    _gpu: &Gpu,
    _bold: DeviceBold,
    _projection: &Projection,
) -> Result<DeviceBold> {
    todo!()
}
