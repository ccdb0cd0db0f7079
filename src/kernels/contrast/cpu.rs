//! The f64 twin of `shaders/contrast.wgsl`, written from the equation.

use super::{Contrast, ContrastValues};
use crate::kernels::glm::HostFit;
pub(super) fn evaluate(_fit: &HostFit, _contrast: &Contrast) -> ContrastValues {
    todo!()
}
