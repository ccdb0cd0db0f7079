//! `--mem`.

use crate::cli::heading;

/// `--mem`.
#[derive(Debug, Clone, Copy, clap::Args)]
#[command(next_help_heading = heading::RUNNING)]
pub(super) struct MemoryArgs {
    /// The most memory to use, as 800M or 2G
    ///
    /// A GPU driver's own is not counted. Refused, with the least that would do, where it cannot be kept. Without it memory follows
    /// the blocks of work, and what a compressed run takes unpacked
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    pub mem: Option<u64>,
}

/// Bytes, from a number with K, M or G (1024 each) behind it.
fn memory(text: &str) -> std::result::Result<u64, String> {
    let (number, unit) = match text.char_indices().next_back() {
        Some((at, unit)) if unit.is_ascii_alphabetic() => (&text[..at], unit.to_ascii_uppercase()),
        _ => (text, 'B'),
    };
    let bytes = match unit {
        'B' => Some(1_u64),
        'K' => Some(1 << 10),
        'M' => Some(1 << 20),
        'G' => Some(1 << 30),
        _ => None,
    };
    let number = number.parse::<u64>().ok().filter(|&n| n > 0);
    number
        .zip(bytes)
        .and_then(|(number, bytes)| number.checked_mul(bytes))
        .ok_or_else(|| "it must be a size such as 800M or 2G".to_owned())
}
