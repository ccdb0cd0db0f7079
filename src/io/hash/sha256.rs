//! SHA-256 of files whose sidecar holds it.

use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::{files, interrupt};
use crate::Result;

/// Bytes a read.
const BUFFER: usize = 256 << 10;

/// Lower-case hexadecimal.
pub(super) fn file(path: &Path) -> Result<String> {
    let mut file = files::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        interrupt::check()?;
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hash.finalize().iter().map(|b| format!("{b:02x}")).collect()),
            Ok(n) => hash.update(&buffer[..n]),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(files::cannot_read(path, e)),
        }
    }
}
