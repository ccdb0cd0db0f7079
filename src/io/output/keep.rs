//! A file that a command keeps for itself while it works, complete at every moment: written beside, then renamed.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::SystemTime;

use crate::error::{Error, Result};

/// Replace a file of boldly's own.
///
/// # Errors
/// [`Error::Output`] where it cannot be written.
pub fn keep(path: &Path, text: &str) -> Result<()> {
    let failed = |error: std::io::Error| {
        Error::output(
            path.display().to_string(),
            "cannot be written",
            "be writable, for what has been counted is kept there",
            "check the folder and the space on its disk",
        )
        .caused_by(error)
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let number = now.map_or(0, |t| t.as_nanos());
    let beside = path.with_extension(format!("{}-{number}", std::process::id()));
    let mut file = File::create_new(&beside).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    drop(file);
    fs::rename(&beside, path).map_err(failed)
}

/// Remove it; that it is not there is no error.
pub fn forget(path: &Path) {
    let _ = fs::remove_file(path);
}
