//! A file that a command keeps for itself while it works, complete at every moment: written beside, then renamed.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use super::temporary::Writer;
use crate::error::{Error, Result};

/// Replace a file of boldly's own; what was done in its folder for dead writers, to be told.
///
/// # Errors
/// [`Error::Output`] where it cannot be written.
pub fn keep(path: &Path, text: &str) -> Result<Vec<String>> {
    let failed = |error: std::io::Error| {
        Error::output(
            path.display().to_string(),
            "cannot be written",
            "be writable, for what has been counted is kept there",
            "check the folder and the space on its disk",
        )
        .caused_by(error)
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    let mut writer = Writer::default();
    let (beside, mut file) = writer.create(folder).map_err(failed)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    drop(file);
    let kept = written.and_then(|()| fs::rename(&beside, path));
    if kept.is_err() {
        let _ = fs::remove_file(&beside); // else a later writer sweeps it
    }
    kept.map_err(failed)?;
    Ok(writer.told())
}

/// Remove it; that it is not there is no error.
pub fn forget(path: &Path) {
    let _ = fs::remove_file(path);
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_one_that_cannot_be_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let names = || -> Vec<String> {
            let entries = fs::read_dir(folder.path()).unwrap();
            entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect()
        };
        let file = folder.path().join("kept");
        for text in ["one", "two"] {
            keep(&file, text).unwrap();
            assert_eq!(
                (fs::read_to_string(&file).unwrap().as_str(), names()),
                (text, vec!["kept".to_owned()])
            );
        }
        fs::remove_file(&file).unwrap();
        fs::create_dir_all(file.join("in the way")).unwrap();
        assert!(keep(&file, "three").is_err());
        assert_eq!(names(), ["kept"]);
    }
}
