//! A compressed run that is unpacked on a thread of its own before anybody reads it.

use std::path::Path;
use std::thread::JoinHandle;

use super::decode::Unpacked;
use super::image::Image;
use crate::Result;

/// What a thread unpacks.
#[derive(Debug)]
pub(super) struct Ahead(JoinHandle<Result<Unpacked>>);

impl Ahead {
    /// Begins; none where no thread can be had, or the file has gone: whoever reads it then says so.
    pub(super) fn start(path: &Path) -> Option<Ahead> {
        let image = Image::open(path).ok()?;
        let unpack = move || image.unpack(&mut || (), None);
        std::thread::Builder::new().name("unpack".to_owned()).spawn(unpack).ok().map(Ahead)
    }

    /// Waits for it; none where it failed: unpacking once more says why.
    pub(super) fn finish(self) -> Option<Unpacked> {
        self.0.join().ok()?.ok()
    }
}
