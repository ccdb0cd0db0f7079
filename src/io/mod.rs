//! Files: NIfTI images in and out, BIDS tables and sidecars, physiological recordings.
//!
//! Reading starts at [`BoldFile`], [`read_map`] and [`read_mask`]; writing at [`Outputs`], which puts nothing under its
//! final name before [`Outputs::commit`]. What a file says about time is gathered by [`sidecar`] and [`acquisition`].
//! Sources: NIfTI-1 and NIfTI-2 (nifti1.h, nifti2.h), gzip (RFC 1952), BIDS 1.11.

mod acquire;
mod ahead;
mod aside;
pub mod bids;
mod bold;
mod compress;
mod content;
pub mod dataset;
mod decode;
pub mod described;
mod files;
pub(crate) mod folder;
pub mod hash;
pub mod header;
mod image;
pub mod interrupt;
mod maps;
mod motion;
pub mod origin;
mod output;
pub mod paths;
pub mod physio;
mod resampled;
pub mod rows;
pub mod sample;
pub mod sidecar;
pub mod slice_times;
pub mod source;
mod spill;
mod stored;
mod swing;
pub mod tsv;
mod twins;
pub mod unpacking;
mod values;
mod volumes;
mod write;

pub use acquire::{
    acquisition, acquisition_but_slices, acquisition_notes, contradictions, contradictions_of,
    has_repetition_time, told, volume_times,
};
pub use aside::Aside;
pub(crate) use aside::is_aside;
pub use bold::{BoldFile, float32_bytes};
pub use compress::{gzip, gzip_samples};
pub use content::sha256_of_content;
pub use files::is_same;
pub(crate) use files::{read_text, read_whole};
pub use header::{Header, Intent};
pub use image::other_half;
pub use maps::{
    GivenMask, check_grid, check_overlay, header_doubts, read_labels_of, read_map, read_map_wide,
    read_mask, read_mask_of, read_tissue,
};
pub use motion::read_confounds;
pub use output::{Claim, Outputs, Overwrite, finish_left, forget, is_claim, is_passing, keep};
pub use resampled::{Resampled, resampled, told_resampled};
pub use swing::Coarse;
pub use twins::refuse_twins;
pub use volumes::{Listed, read_volumes};
pub use write::{BoldWriter, Rounding, Spread};
