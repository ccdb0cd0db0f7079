//! The f64 twin of `shaders/nuisance.wgsl`, written from the equation.

use super::Projection;
use crate::error::Result;
use crate::volume::HostBold;
pub(super) fn subtract(_bold: HostBold, _projection: &Projection) -> Result<HostBold> {
    todo!()
}
