//! Host side of `shaders/glm.wgsl`.

use super::{HostFit, Model};
use crate::error::Result;
use crate::gpu::{DeviceBold, DeviceFit, Gpu};
pub(super) fn fit(
    _gpu: &Gpu,
    _bold: &DeviceBold,
    _voxels: &[u32],
    _model: &Model,
) -> Result<DeviceFit> {
    todo!()
}
pub(super) fn download(_gpu: &Gpu, _fit: &DeviceFit) -> Result<HostFit> {
    todo!()
}
