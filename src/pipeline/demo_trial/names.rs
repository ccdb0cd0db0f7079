//! Names that the commands and what is read of their results share.

use std::path::{Path, PathBuf};

use crate::simulate::drug_trial::{DrugTrial, SESSIONS, Task, Visit};
use crate::simulate::write;

/// The Stats Model of the pain task.
pub(super) const MODEL: &str = "model-pain_smdl.json";
/// Where what `bids` makes of it goes.
pub(super) const BIDS: &str = "bids";
/// Its nodes: each run, each patient's change, what the drug does to it, and all patients at each visit.
pub(super) const NODES: [&str; 4] = ["run", "change", "drug", "visit"];
/// The contrast of a run, and with what is made of it by the nodes above: of the drug as names of files have it.
pub(super) const PAIN: &str = "pain";
pub(super) const DRUG: &str = "painChangeDrug";
/// What the model of the group of connectivity maps calls its contrast.
pub(super) const CONTRAST: &str = "interaction";
/// The seed.
pub(super) const SEED: &str = "insula";
/// The network that it is held against.
pub(super) const NETWORK: &str = "dmn";
/// Where what `connect` makes of the runs at rest goes.
pub(super) const CONNECT: &str = "connect";
/// Where what `group` makes of the connectivity maps goes, and the table of them.
pub(super) const COUPLING: (&str, &str) = ("group-coupling", "tables/coupling_maps.tsv");
/// Values of the brain by visit.
pub(super) const BRAIN: &str = "tables/brain.tsv";
/// What recordings, motion and signal of each run come to.
pub(super) const PHYSIO: &str = "tables/physio_summary.tsv";

/// The page, relative to the demonstration's folder.
pub(super) const PAGE: &str = "index.html";
/// The same as a table.
pub(super) const TABLE: &str = "truth.tsv";

/// Where the parts of the demonstration lie.
#[derive(Debug, Clone)]
pub(super) struct Folders {
    pub out: PathBuf,
    pub study: PathBuf,
}

impl Folders {
    pub fn new(out: &Path) -> Folders {
        Folders { out: out.to_owned(), study: out.join("study") }
    }

    /// What the demonstration makes in its folder beside the study.
    pub fn places(&self) -> Vec<PathBuf> {
        let (coupling, _) = COUPLING;
        let described = write::json_path(TABLE);
        let parts = [BIDS, MODEL, CONNECT, coupling, "tables", "trial", PAGE, TABLE, &described];
        parts.iter().map(|name| self.at(name)).collect()
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.out.join(name)
    }

    /// Of the connectivity of a visit.
    pub fn of_rest(&self, trial: &DrugTrial, visit: &Visit) -> PathBuf {
        let id = &trial.patients[visit.patient].id;
        self.out.join(CONNECT).join(id).join(SESSIONS[visit.session])
    }

    /// What `bids` makes of the pain run of a visit.
    pub fn of_pain(&self, trial: &DrugTrial, visit: &Visit, ending: &str) -> PathBuf {
        let (id, session) = (&trial.patients[visit.patient].id, SESSIONS[visit.session]);
        let task = Task::Pain.name();
        let folder = self.out.join(BIDS).join("node-run").join(id).join(session);
        folder.join(format!("{id}_{session}_task-{task}_{ending}"))
    }

    /// What it makes of all patients at a visit.
    pub fn of_visit(&self, session: &str, ending: &str) -> PathBuf {
        let folder = self.out.join(BIDS).join("node-visit").join(session);
        folder.join(format!("{session}_task-{}_contrast-{PAIN}_{ending}", Task::Pain.name()))
    }
}

/// What it makes of the drug, relative to the demonstration's folder.
pub(super) fn of_drug(ending: &str) -> String {
    format!("{BIDS}/node-drug/task-{}_contrast-{DRUG}_{ending}", Task::Pain.name())
}
