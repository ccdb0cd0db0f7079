//! Pictures for the report that other commands made.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::io::{self, folder};
use crate::pipeline::inputs::display;
use crate::pipeline::watch::Watch;
use crate::report::trial::PictureFile;

mod beside;

use beside::Files;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// How the names of pictures end that `group` and `connect` write.
const OWN: [&str; 2] = ["_statmap.svg", "_relmat.svg"];

/// The pictures, where a folder is named all maps and matrices in it that `group` or `connect` wrote, by name.
///
/// # Errors
/// Missing input: a folder that cannot be read, or has none.
pub(super) fn listed(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for path in paths {
        if !path.is_dir() {
            all.push(path.clone());
            continue;
        }
        let mut own = folder::paths(folder::listed(path)?);
        own.retain(|file| {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            OWN.iter().any(|end| name.ends_with(end))
        });
        if own.is_empty() {
            return Err(Error::missing_input(
                display(path),
                "has no picture that boldly group or boldly connect wrote",
                "have *_statmap.svg or *_relmat.svg",
                "run them without --no-pictures, or name a file",
            ));
        }
        all.extend(own);
    }
    Ok(all)
}

/// Read pictures whole, and what lies beside those that `group` and `connect` wrote, with its files: clusters, the map of which one is, edges. Pictures that are these
/// programs' by name, with nothing beside them, are told.
///
/// # Errors
/// Missing input; bad data where a file is neither SVG nor PNG, or what lies beside is not what its name says.
pub(super) fn read(paths: &[PathBuf], watch: &dyn Watch) -> Result<(Vec<PictureFile>, Files)> {
    let (mut pictures, mut files) = (Vec::new(), Vec::new());
    for path in paths {
        let mut picture = one(path)?;
        if let Some((table, of)) = beside::table(path, watch)? {
            picture.table = Some(table);
            files.extend(of);
        }
        pictures.push(picture);
    }
    Ok((pictures, files))
}

fn one(path: &Path) -> Result<PictureFile> {
    let bytes = io::read_whole(path)?;
    let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    if bytes.starts_with(PNG) {
        let words = format!("The picture {name}");
        return Ok(PictureFile { name, words, kind: "image/png", bytes, table: None });
    }
    let text = std::str::from_utf8(&bytes).unwrap_or_default();
    let begins = text.trim_start_matches('\u{feff}').trim_start();
    if !(begins.starts_with("<svg") || begins.starts_with("<?xml") && begins.contains("<svg")) {
        return Err(Error::bad_data(
            display(path),
            "is neither SVG nor PNG",
            "be a picture that a browser shows in a page",
            "group and connect write their maps and matrices as .svg",
        ));
    }
    let words = title(text).unwrap_or_else(|| format!("The picture {name}"));
    // Folders tell maps of one contrast apart.
    let folder = path.parent().and_then(Path::file_name).map(|folder| folder.to_string_lossy());
    let name = folder.map_or(name.clone(), |folder| format!("{folder}/{name}"));
    Ok(PictureFile { name, words, kind: "image/svg+xml", bytes, table: None })
}

/// What a drawing calls itself.
fn title(svg: &str) -> Option<String> {
    let rest = svg.split_once("<title")?.1.split_once('>')?.1;
    let text = rest.split_once("</title>")?.0.trim();
    let signs = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    let plain = signs.iter().fold(text.to_owned(), |text, (name, sign)| text.replace(name, sign));
    (!plain.is_empty()).then_some(plain)
}
