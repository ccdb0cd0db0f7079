//! Files: NIfTI images in and out, BIDS tables and sidecars, physiological recordings.
//!
//! Reading starts at [`BoldFile`], [`read_map`] and [`read_mask`]; writing at [`Outputs`], which puts nothing under its
//! final name before [`Outputs::commit`]. What a file says about time is gathered by [`sidecar`] and [`acquisition`].
//! Sources: NIfTI-1 and NIfTI-2 (nifti1.h, nifti2.h), gzip (RFC 1952), BIDS 1.11.

mod acquire;
pub mod bids;
mod bold;
mod compress;
mod decode;
mod files;
pub mod hash;
pub mod header;
mod image;
pub mod interrupt;
mod maps;
mod output;
pub mod physio;
mod resampled;
pub mod sample;
pub mod sidecar;
pub mod slice_times;
pub mod source;
mod spill;
mod stored;
pub mod tsv;
mod values;
mod write;

pub use acquire::{acquisition, acquisition_notes};
pub use bold::BoldFile;
pub use compress::{gzip, gzip_samples};
pub(crate) use files::read_text;
pub(crate) use header::TR_S;
pub use header::{Header, Intent};
pub use maps::{read_map, read_mask, read_tissue};
pub use output::{Outputs, Overwrite};
pub use resampled::{Resampled, resampled};
pub use write::BoldWriter;
