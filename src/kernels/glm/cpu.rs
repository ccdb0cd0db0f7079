//! The f64 twin of `shaders/glm.wgsl`, written from the equation.

use super::{HostFit, Model};
use crate::error::Result;
use crate::volume::HostBold;
pub(super) fn fit(_bold: &HostBold, _voxels: &[u32], _model: &Model) -> Result<HostFit> {
    todo!()
}
