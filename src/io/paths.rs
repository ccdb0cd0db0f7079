//! Where files lie, seen from elsewhere.

use std::path::{Component, Path, PathBuf};

/// `path` as seen from `folder`, by the names that it was given with: what lies beside a link is not what lies beside the file it
/// leads to. Absolute where they share no root.
#[must_use]
pub fn relative(path: &Path, folder: &Path) -> PathBuf {
    let (path, folder) = (kept(path), real(folder));
    // The part of the path in which the folder lies, whatever links either was reached through.
    let shared = path.ancestors().find_map(|part| {
        let own = real(part);
        folder.starts_with(&own).then_some((part, own.components().count()))
    });
    let Some((shared, n_shared)) = shared else { return path };
    let up = folder.components().skip(n_shared).map(|_| Component::ParentDir);
    up.chain(path.components().skip(shared.components().count())).collect()
}

/// Absolute, links kept, but those that a `..` follows: it leads up from where they lead.
#[must_use]
pub fn kept(path: &Path) -> PathBuf {
    absolute(path).components().fold(PathBuf::new(), |so_far, part| match part {
        Component::ParentDir => {
            let mut parent = real(&so_far);
            parent.pop();
            parent
        }
        part => so_far.join(part),
    })
}

/// A path without a name is the current folder; as it was given where there is none.
fn absolute(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Those of files, each once however its folder is reached, by the first way: a link to a file is another file, for it has its own name.
#[must_use]
pub fn each_once(paths: impl IntoIterator<Item = PathBuf>) -> Vec<PathBuf> {
    let mut seen: Vec<PathBuf> = Vec::new();
    let mut all = Vec::new();
    for path in paths {
        let path = kept(&path);
        let folder = real(path.parent().unwrap_or(&path));
        let own = path.file_name().map_or(folder.clone(), |name| folder.join(name));
        if !seen.contains(&own) {
            seen.push(own);
            all.push(path);
        }
    }
    all
}

/// Absolute, links resolved as far as the path exists.
#[must_use]
pub fn real(path: &Path) -> PathBuf {
    let absolute = absolute(path);
    let mut rest = Vec::new();
    let mut known = absolute.clone();
    loop {
        if let Ok(real) = known.canonicalize() {
            return rest.iter().rev().fold(real, |p, part| p.join(part));
        }
        match known.file_name() {
            Some(name) => rest.push(name.to_owned()),
            None => return absolute,
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
    #[cfg(unix)]
    #[test]
    fn a_link_keeps_its_own_name_wherever_its_folder_is_reached_from() {
        use std::os::unix::fs::symlink;
        let top = std::env::temp_dir().join(format!("boldly-paths-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&top);
        for folder in ["keys", "data/out", "data/sub"] {
            std::fs::create_dir_all(top.join(folder)).expect("a folder");
        }
        std::fs::write(top.join("keys/k"), "").expect("a file");
        symlink("../../keys/k", top.join("data/sub/run.nii")).expect("a link");
        symlink("data", top.join("also")).expect("a link");
        let at = |path: &str, folder: &str| relative(&top.join(path), &top.join(folder));
        assert_eq!(at("data/sub/run.nii", "data/out"), Path::new("../sub/run.nii"));
        assert_eq!(at("also/sub/run.nii", "data/out"), Path::new("../sub/run.nii"));
        assert_eq!(at("also/sub/../sub/run.nii", "also/out"), Path::new("../sub/run.nii"));
        assert_eq!(at("also/sub/run.nii", "keys"), Path::new("../also/sub/run.nii"));
        std::fs::remove_dir_all(&top).expect("removed");
    }
}
