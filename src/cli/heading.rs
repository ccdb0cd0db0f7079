//! Headings of the options, alike in all commands.

pub const INPUTS: &str = "Inputs";
pub const PHYSIOLOGY: &str = "Physiology";
pub const MODEL: &str = "Model";
pub const SMOOTHING: &str = "Smoothing";
pub const NOISE: &str = "Noise";
pub const PERMUTATION: &str = "Permutation";
pub const CORRECTION: &str = "Correction";
pub const REGIONS: &str = "Regions";
pub const OUTPUT: &str = "Output";
pub const RUNNING: &str = "Running";
