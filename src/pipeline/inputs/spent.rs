//! What boldly's own sidecar beside a run says of an earlier correction of it.

use std::path::{Path, PathBuf};

use super::{Run, display, fitted_with};
use crate::error::Result;
use crate::io::described::Described;
use crate::io::paths::real;
use crate::maps::told;
use crate::pipeline::carried;
use crate::pipeline::provenance::{self, Facts, sidecar_path};
use crate::pipeline::spec::{Role, RunSpec, SpentBy};
use crate::pipeline::watch::Watch;

/// An earlier correction of a run.
#[derive(Debug, Clone)]
pub struct Earlier {
    /// What its sidecar says.
    pub facts: Facts,
    /// Degrees of freedom that it took, above 0.
    pub spent: f64,
}

/// The correction that the sidecar beside an image says was made of this image; none without one, or where it is of another file,
/// which is told.
///
/// # Errors
/// Those of reading the sidecar, and the image where the sidecar has its checksum.
pub fn earlier(bold: &Path, watch: &dyn Watch) -> Result<Option<Earlier>> {
    let Some(facts) = provenance::facts_beside(bold)? else { return Ok(None) };
    let Some(spent) = facts.dof_spent.filter(|&spent| spent > 0.0) else { return Ok(None) };
    let (image, told) = (display(bold), told(spent));
    match facts.of(bold)? {
        Described::Not => watch.warn(&format!(
            "the sidecar beside {image} describes another file; the {told} degrees of freedom that it says were spent \
             are not counted; where this is that file, packed or unpacked, give that JSON to \
             boldly glm or connect with --spent"
        )),
        Described::Changed => watch.warn(&format!(
            "{image} is not as boldly made it; the {told} degrees of freedom that its sidecar says were spent on it are \
             not counted. If it still is the corrected run its statistics come out too large: where it was but packed anew give its JSON \
             to boldly glm or connect with --spent, else correct the run again"
        )),
        Described::Bytes | Described::Name => return Ok(Some(Earlier { facts, spent })),
    }
    Ok(None)
}

/// The JSON beside a run's image itself, where it is given as that of the run's correction and is by its name: the user knows that the bytes changed.
pub(super) fn vouched_for(spec: &RunSpec) -> Option<PathBuf> {
    let own = sidecar_path(&spec.bold);
    let given = spec.spent.as_ref().filter(|spent| spent.by == SpentBy::Given)?;
    let is_own = real(&given.sidecar) == real(&own)
        && matches!(provenance::facts_at(&own), Ok(Some(facts)) if facts.name_run_of(&own));
    is_own.then_some(own)
}

impl Run {
    /// Take what boldly's own sidecar beside the image says of an earlier correction: its columns, and where these are not at
    /// hand the degrees of freedom that it spent.
    pub(super) fn take_earlier(&mut self, spec: &RunSpec, watch: &dyn Watch) -> Result<()> {
        if vouched_for(spec).is_some() {
            return Ok(()); // it is taken as it was given
        }
        let Some(Earlier { facts, spent }) = earlier(&self.path, watch)? else { return Ok(()) };
        self.take(&self.path.clone(), &Earlier { facts, spent }, watch)
    }

    /// Take the columns that the sidecar `at` this image, or itself, says a correction of it took out; where these are not at hand
    /// its degrees of freedom.
    pub(super) fn take(
        &mut self,
        at: &Path,
        Earlier { facts, spent }: &Earlier,
        watch: &dyn Watch,
    ) -> Result<()> {
        let (name, told) = (display(&self.path), told(*spent));
        let again = self.physio.is_some();
        if again {
            watch.warn(&format!(
                "{name} was already corrected for physiology; --physio models it again, and the {told} degrees of freedom \
                 spent before are not counted twice"
            ));
        }
        let beside = carried::beside(at, facts, Some(self.grid.shape[2]), self.n_volumes)?;
        if let Some(lost) = &beside.lost {
            let sidecar = match at.extension().is_some_and(|e| e == "json") {
                true => at.to_owned(),
                false => sidecar_path(at),
            };
            watch.warn(&format!(
                "{} is not there, which holds the columns that were taken out of {name}; bring it along with the run{}",
                display(lost),
                fitted_with::lost_task(fitted_with::correction(&sidecar).as_ref())
            ));
        }
        if let Some((carried, files)) = beside.columns {
            watch.note(&format!(
                "{name} was corrected before: the {} columns that were taken out ({}) are in the model, with their {told} \
                 degrees of freedom",
                carried.groups.names.len(),
                display(&files[0])
            ));
            self.found.extend(files.into_iter().map(|file| (Role::Carried, file)));
            self.carried = Some(carried);
        } else if !again {
            watch.note(&format!("{told} degrees of freedom were spent by an earlier correction"));
            self.dof_spent = *spent;
        }
        Ok(())
    }
}
