//! Host side of `shaders/contrast.wgsl`.

use super::{Contrast, ContrastValues};
use crate::error::Result;
use crate::gpu::{DeviceFit, Gpu};
pub(super) fn evaluate(
    _gpu: &Gpu,
    _fit: &DeviceFit,
    _contrast: &Contrast,
) -> Result<ContrastValues> {
    todo!()
}
