//! Names for files on their way, which no other writer uses, and the end of those whose writer died.
//!
//! A writer has a random id of 128 bits, so that two processes of the same number (containers, hosts on one network
//! folder) never meet in a name. In each folder it holds a locked `.boldly-<id>.lock` while it lives; its other files
//! there are `.boldly-<id>-<n>.tmp` (on the way), `.old` (a second name of a file that is being replaced) and `.kept`
//! (a file that was moved aside), and the `.commit` of `record`. One lock a folder, not a file: hundreds of maps would use up the open files of a
//! process. Every file is created anew: a name that is taken, by a link or anything else, is passed over.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::record::{self, Settled};
use super::turn;

/// Files of a writer that holds no lock go after this long. It covers the moment between the making of a lock and its
/// locking, disks that know no locks, and disks that keep them from other hosts. Once a lock was taken, it says on which
/// running system, and there its end is seen at once: what `kill -9` left goes with the next command.
const LEFT_ALONE: Duration = Duration::from_secs(15 * 60);

pub(super) const PREFIX: &str = ".boldly-";
const ID_DIGITS: usize = 32;

/// What a name is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// A file on its way.
    Temporary,
    /// A second name of a file that is being replaced; the file is not lost with it.
    Old,
    /// The only name of a file that was moved aside; it goes when its writer's commit is finished, and is never swept.
    Kept,
    /// What a command says of itself while it works; its own lock guards it, and no sweep takes it.
    Claim,
}

/// One that writes: its id and the folders it has entered.
#[derive(Debug)]
pub(super) struct Writer {
    id: String,
    count: u64,
    /// Each with its lock.
    folders: Vec<(PathBuf, PathBuf, File)>,
    /// What was done there for dead writers, to be told.
    told: Vec<String>,
}

impl Default for Writer {
    fn default() -> Writer {
        let id = format!("{:016x}{:016x}", random(), random());
        Writer { id, count: 0, folders: Vec::new(), told: Vec::new() }
    }
}

/// What tells this start of this machine from all others, containers on it alike; empty where the system does not say.
fn running_system() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default()
}

/// 64 bits from the system's randomness, and, where it should repeat itself, from the process and the time.
fn random() -> u64 {
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    hasher.write_u128(now.map_or(0, |t| t.as_nanos()));
    hasher.finish()
}

impl Writer {
    /// Finishes or sweeps what dead writers have left in a folder that exists, and keeps what there is to tell of it.
    pub(super) fn enter(&mut self, folder: &Path) {
        let told = sweep(folder, SystemTime::now());
        self.told.extend(told);
        turn::tidy(folder);
    }

    /// What was not told yet.
    pub(super) fn told(&mut self) -> Vec<String> {
        std::mem::take(&mut self.told)
    }

    /// The name of its record.
    pub(super) fn record(&self) -> String {
        format!("{PREFIX}{}{}", self.id, record::ENDING)
    }

    /// A file that nobody has, in a folder that exists; the first time there, what dead writers left is swept.
    pub(super) fn create(&mut self, folder: &Path) -> io::Result<(PathBuf, File)> {
        if !self.folders.iter().any(|(known, ..)| known == folder) {
            self.enter(folder);
            let path = folder.join(format!("{PREFIX}{}.lock", self.id));
            let mut file = create_new(&path)?;
            if file.try_lock().is_ok() {
                let _ = file.write_all(running_system().as_bytes()); // else LEFT_ALONE guards
            }
            self.folders.push((folder.to_owned(), path, file));
        }
        create_first(|| self.name(folder, Use::Temporary))
    }

    /// A name of this writer that it has not used before.
    pub(super) fn name(&mut self, folder: &Path, for_: Use) -> PathBuf {
        self.count += 1;
        let ending = match for_ {
            Use::Temporary => "tmp",
            Use::Old => "old",
            Use::Kept => "kept",
            Use::Claim => "claim",
        };
        folder.join(format!("{PREFIX}{}-{}.{ending}", self.id, self.count))
    }

    /// Gives up the locks; the other files are gone or have their names.
    pub(super) fn leave(&mut self) {
        for (_, path, file) in self.folders.drain(..) {
            drop(file);
            let _ = fs::remove_file(path); // else a later writer sweeps it
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.leave();
    }
}

/// A file without a name in a folder, for its owner alone; it ends with its handle.
pub(in crate::io) fn anonymous(folder: &Path) -> io::Result<File> {
    let mut writer = Writer::default();
    let (path, file) = create_first(|| writer.name(folder, Use::Temporary))?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    fs::remove_file(path)?;
    Ok(file)
}

/// Creates the first of some names that is free.
pub(super) fn create_first(mut name: impl FnMut() -> PathBuf) -> io::Result<(PathBuf, File)> {
    for _ in 0..100 {
        let path = name();
        match create_new(&path) {
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            made => return made.map(|file| (path, file)),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// Never an existing file, and never through a link.
fn create_new(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).create_new(true).open(path)
}

/// The files in a folder that belong to one writer.
#[derive(Default)]
struct Left {
    lock: Option<PathBuf>,
    record: Option<PathBuf>,
    others: Vec<PathBuf>,
}

impl Left {
    /// The writer is dead: its commit is finished where it has begun, else its files go. What there is to tell.
    fn settle(&self) -> Option<String> {
        let (told, is_over) = match self.record.as_deref().map(record::settle) {
            None | Some(Settled::NotBegun) => (None, true),
            Some(Settled::Finished(told) | Settled::Given(told)) => (Some(told), true),
            Some(Settled::Left(told)) => (Some(told), false),
        };
        if is_over {
            self.others.iter().chain(&self.record).for_each(|path| drop(fs::remove_file(path)));
        }
        told
    }
}

/// Finishes what dead writers have begun in a folder, and removes what else they left; what cannot be removed or judged stays.
/// What there is to tell.
fn sweep(folder: &Path, now: SystemTime) -> Vec<String> {
    let mut told = Vec::new();
    let mut writers: BTreeMap<String, Left> = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some((id, rest)) = name.to_str().and_then(parse) else { continue };
        if !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        let left = writers.entry(id.to_owned()).or_default();
        if rest == ".lock" {
            left.lock = Some(entry.path());
        } else if rest == record::ENDING {
            left.record = Some(entry.path());
        } else if rest.ends_with(".tmp") || rest.ends_with(".old") {
            left.others.push(entry.path());
        }
    }
    for left in writers.into_values() {
        match &left.lock {
            Some(path) => {
                let lock = File::options().read(true).write(true).open(path);
                let Ok(lock) = lock else { continue };
                let here = running_system();
                let is_ours = !here.is_empty() && fs::read_to_string(path).is_ok_and(|s| s == here);
                if !(is_ours || is_past(path, now)) || lock.try_lock().is_err() {
                    continue;
                }
                told.extend(left.settle());
                drop(lock);
                let _ = fs::remove_file(path);
            }
            None => {
                let is_past = |p: &&PathBuf| is_past(p, now);
                let is_over = |p: &&PathBuf| is_past(p) || record::is_back(p);
                let record = left.record.iter().find(is_over).cloned();
                let others = left.others.iter().filter(is_past).cloned().collect();
                told.extend(Left { lock: None, record, others }.settle());
            }
        }
    }
    told
}

/// The id of a name of ours, and what follows it.
fn parse(name: &str) -> Option<(&str, &str)> {
    let (id, rest) = name.strip_prefix(PREFIX)?.split_at_checked(ID_DIGITS)?;
    id.bytes().all(|b| b.is_ascii_hexdigit()).then_some((id, rest))
}

fn is_past(path: &Path, now: SystemTime) -> bool {
    let modified = fs::symlink_metadata(path).and_then(|m| m.modified());
    modified.is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age > LEFT_ALONE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap();
        names.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn writers_of_one_process_share_no_name() {
        let folder = tempfile::tempdir().unwrap();
        let (mut a, mut b) = (Writer::default(), Writer::default());
        let made = [&mut a, &mut b].map(|writer| writer.create(folder.path()).unwrap().0);
        assert_ne!(made[0], made[1]);
        assert!(a.id != b.id && a.id.len() == ID_DIGITS && a.id[..16] != a.id[16..]);
        assert_eq!(names(folder.path()).len(), 4, "two files and two locks");
    }

    #[test]
    #[cfg(unix)]
    fn a_planted_link_or_file_is_passed_over_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("precious"), "kept").unwrap();
        fs::write(at("file"), "kept").unwrap();
        std::os::unix::fs::symlink(at("precious"), at("link")).unwrap();
        std::os::unix::fs::symlink(at("nowhere"), at("dangling")).unwrap();
        let mut planted = ["link", "dangling", "file", "free"].into_iter();
        let (path, _) = create_first(|| at(planted.next().unwrap())).unwrap();
        assert_eq!(path, at("free"));
        assert!(!at("nowhere").exists());
        assert_eq!(fs::read_to_string(at("precious")).unwrap(), "kept");
        assert_eq!(fs::read_to_string(at("file")).unwrap(), "kept");
        assert!(create_first(|| at("link")).is_err());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_a_writer_of_this_machine_left_is_swept_as_soon_as_it_is_dead() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::default();
        let (path, _) = writer.create(folder.path()).unwrap();
        sweep(folder.path(), SystemTime::now());
        assert!(path.exists(), "its writer lives");
        // As if it were killed: the lock ends with the process, the files stay.
        writer.folders.drain(..).for_each(|(.., file)| drop(file));
        sweep(folder.path(), SystemTime::now());
        assert_eq!(names(folder.path()), [] as [&str; 0]);
    }

    #[test]
    fn what_dead_writers_left_is_swept_and_what_living_ones_write_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let later = SystemTime::now() + 2 * LEFT_ALONE;
        let mut living = Writer::default();
        let (temporary, _) = living.create(folder.path()).unwrap();
        let id = "0123456789abcdef0123456789abcdef";
        let dead = ["-1.tmp", "-2.old", ".lock"].map(|end| format!("{PREFIX}{id}{end}"));
        let without_lock = format!("{PREFIX}{}-7.tmp", id.replace('0', "9"));
        let stay = [
            format!("{PREFIX}{id}-3.kept"),
            format!("{PREFIX}{id}-4.tmp.gz"),
            format!("{PREFIX}5-1.tmp"),
            format!("{id}-1.tmp"),
            "bold.nii".to_owned(),
        ];
        for name in dead.iter().chain(&stay).chain([&without_lock]) {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        let before = names(folder.path()).len();
        sweep(folder.path(), SystemTime::now());
        assert_eq!(names(folder.path()).len(), before, "all of them are young");
        sweep(folder.path(), later);
        let left = names(folder.path());
        assert!(dead.iter().chain([&without_lock]).all(|name| !left.contains(name)), "{left:?}");
        assert!(stay.iter().all(|name| left.contains(name)), "{left:?}");
        assert!(temporary.exists(), "its writer lives");
        assert_eq!(left.len(), stay.len() + 2);
        // The next writer to come does it by itself.
        living.leave();
        let hour_ago = SystemTime::now() - 4 * LEFT_ALONE;
        File::options().write(true).open(&temporary).unwrap().set_modified(hour_ago).unwrap();
        Writer::default().create(folder.path()).unwrap();
        assert!(!temporary.exists());
    }
}
