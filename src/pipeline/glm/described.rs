//! What the columns of a run's design are. Their names are the user's, of events, of confounds or of a ready design: each is described by its kind.

use std::path::Path;

use super::methods;
use crate::pipeline::carried;
use crate::pipeline::inputs::Run;
use crate::pipeline::spec::{GlmSpec, RunSpec};
use crate::table::dictionary::{DataDictionary, Entry};

/// The columns of a run's design, by kind.
pub(super) struct Columns<'a> {
    spec: &'a GlmSpec,
    run: &'a Run,
    /// As it was asked for.
    asked: Option<&'a RunSpec>,
    /// Of what was recorded, or an earlier correction took out.
    physio: Vec<String>,
}

impl<'a> Columns<'a> {
    pub(super) fn of(spec: &'a GlmSpec, run: &'a Run) -> Columns<'a> {
        let asked = spec.runs.iter().find(|one| one.bold == run.path);
        let physio = run.modelled().map_or(Vec::new(), |groups| groups.names);
        Columns { spec, run, asked, physio }
    }

    /// The dictionary of a table of them, which may begin with planes, slice times and volumes.
    pub(super) fn described(&self, table: &str) -> DataDictionary {
        let names = table.lines().next().unwrap_or_default().split('\t');
        let is_by_slice = ["slice_time\tvolume\t", "planes\tslice_time\t"];
        let own = match is_by_slice.iter().any(|begins| table.starts_with(begins)) {
            true => DataDictionary::of(
                "Columns of the design that differ with the time of a slice, a row for each slice time and volume that is fitted",
            )
            .column("planes", "Planes of the image that the row is of, from 0")
            .column("slice_time", Entry::of("Seconds into the volume").in_units("s"))
            .column("volume", "Volume of the image, from 0"),
            false => DataDictionary::of(
                "Columns of the design that all slices share, a row for each volume that is fitted",
            ),
        };
        own.columns(names.map(|name| (name, self.entry(name))))
    }

    fn entry(&self, name: &str) -> Entry {
        let is_among = |names: &[String]| names.iter().any(|own| own == name);
        if is_among(&self.physio) {
            return carried::said(name);
        }
        let ready = self.asked.and_then(|run| run.design.as_deref());
        let (design, is_confound) = (&self.run.design, is_among(&self.run.confounds));
        Entry::of(match (ready, name) {
            _ if is_confound => self.confound(),
            (Some(path), _) => format!("Column of the design {}", shown(path)),
            _ if is_among(&design.names[..design.n_task]) => TASK.to_owned(),
            (None, "constant") => "1 in every volume".to_owned(),
            (None, _) => methods::drift(self.spec.design.drift),
        })
    }

    /// Of the tables, or of a ready design by what the column is called.
    fn confound(&self) -> String {
        let files = self.asked.into_iter().flat_map(|run| run.design.iter().chain(&run.confounds));
        let files: Vec<String> = files.map(|path| shown(path)).collect();
        format!("Confound, from {}", files.join(" or "))
    }
}

const TASK: &str = "Task: the events of a condition, or what modulates them, convolved with the response or a part of it, as the name says";

fn shown(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
