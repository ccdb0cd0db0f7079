//! Where files lie, seen from elsewhere.

use std::path::{Component, Path, PathBuf};

/// `path` as seen from `folder`, both made absolute; absolute where they share no root.
#[must_use]
pub fn relative(path: &Path, folder: &Path) -> PathBuf {
    let (Ok(path), Ok(folder)) = (real(path), real(folder)) else {
        return path.to_owned();
    };
    let common = path.components().zip(folder.components()).take_while(|(a, b)| a == b).count();
    if common == 0 {
        return path;
    }
    let up = folder.components().skip(common).map(|_| Component::ParentDir);
    up.chain(path.components().skip(common)).collect()
}

/// Absolute, links resolved as far as the path exists.
///
/// # Errors
/// Those of the file system.
pub fn real(path: &Path) -> std::io::Result<PathBuf> {
    let absolute = std::path::absolute(path)?;
    let mut rest = Vec::new();
    let mut known = absolute.clone();
    loop {
        if let Ok(real) = known.canonicalize() {
            return Ok(rest.iter().rev().fold(real, |p, part| p.join(part)));
        }
        match known.file_name() {
            Some(name) => rest.push(name.to_owned()),
            None => return Ok(absolute),
        }
        known.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_kept_relative_to_a_folder() {
        let at = |p: &str, f: &str| relative(Path::new(p), Path::new(f));
        assert_eq!(at("/nowhere/a/b.nii", "/nowhere/a"), Path::new("b.nii"));
        assert_eq!(at("/nowhere/a/b.nii", "/nowhere/out/x"), Path::new("../../a/b.nii"));
        assert_eq!(at("/elsewhere/b.nii", "/nowhere/out"), Path::new("../../elsewhere/b.nii"));
    }
}
