//! Writes what `retroicor` makes: corrected runs and, where asked, maps that show what the correction brought.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::{Map, json};

use super::{Made, Saved, Session, bids_fields, file_name, hashed, provenance, refuse_overwriting};
use crate::error::Result;
use crate::io::bids::Name;
use crate::io::{Header, Intent, Outputs};
use crate::pipeline::clean::{self, Prepared};
use crate::pipeline::inputs::Run;
use crate::pipeline::proof::{Proof, ProofPlan, prove};
use crate::pipeline::provenance::{Provenance, sidecar_path};
use crate::pipeline::qc::{MapsQc, Qc};
use crate::pipeline::spec::{Command, ProofOptions, RetroicorSpec};
use crate::pipeline::watch::{Journal, Watch};
use crate::pipeline::{glm, inputs};

/// One image to correct.
#[derive(Debug, Clone)]
pub struct Cleaning {
    /// How.
    pub spec: RetroicorSpec,
    /// The image to write.
    pub out: PathBuf,
    /// Which run of the command, from 0; images of one run are its echoes and share its columns.
    pub run: usize,
}

/// Run `retroicor` and write the corrected runs, and into the folder `maps` the proof of those whose spec asks for it.
/// The echoes of a run stand behind each other and share its columns.
///
/// # Errors
/// Input, device and output errors; then nothing is left behind.
pub fn retroicor(
    session: &mut Session,
    cleanings: &[Cleaning],
    maps: Option<&Path>,
    watch: &dyn Watch,
) -> Result<Vec<Saved>> {
    let mut outputs = Outputs::new();
    maps.map_or(Ok(()), |folder| outputs.folder(folder))?;
    let images =
        || cleanings.iter().flat_map(|c| [c.out.clone(), sidecar_path(&c.out), page_path(&c.out)]);
    let (mut saved, mut all_read) = (Vec::new(), Vec::new());
    let mut before: Option<Ready> = None;
    for cleaning @ Cleaning { spec, out, .. } in cleanings {
        let (mut ready, journal) = Ready::after(before.take(), cleaning, watch)?;
        let Prepared { run, projection } = &mut ready.prepared;
        let mask = spec.proof.as_ref().and_then(|proof| proof.mask.as_ref());
        let read = run.files.iter().map(|(_, path)| path).chain([&spec.run.bold]).chain(mask);
        let read: Vec<PathBuf> = read.cloned().collect();
        refuse_overwriting(read.iter(), images())?;
        all_read.extend(read);
        let mut writer = outputs.bold(out, &run.bold.header.for_bold(run.bold.n_volumes))?;
        let ladder = &mut session.ladder;
        let proof = match (&spec.proof, maps) {
            (Some(ProofOptions { mask }), Some(_)) => {
                let plan = ProofPlan::new(run, projection)?;
                let mask = glm::mask(mask.as_deref(), &mut run.bold, &journal)?;
                let plan = (&plan, &mask.inside[..]);
                Some(prove(ladder, &mut run.bold, &mut writer, plan, &journal)?)
            }
            _ => {
                clean::clean_run(ladder, &mut run.bold, &mut writer, projection, &journal)?;
                None
            }
        };
        writer.finish()?;
        let proof = proof.as_ref().zip(maps);
        saved.push(write(session, &outputs, (cleaning, &mut ready.prepared), proof, &journal)?);
        before = Some(ready);
    }
    let maps = saved.iter().flat_map(|one: &Saved| &one.maps);
    refuse_overwriting(all_read.iter(), maps.flat_map(|map| [map.clone(), sidecar_path(map)]))?;
    outputs.commit()?;
    Ok(saved)
}

/// An image made ready, and the warnings heard on the way.
struct Ready {
    run: usize,
    prepared: Prepared,
    warnings: Vec<String>,
}

impl Ready {
    /// As an echo of the image before where it is one, else for itself.
    fn after<'a>(
        before: Option<Ready>,
        Cleaning { spec, run, .. }: &Cleaning,
        watch: &'a dyn Watch,
    ) -> Result<(Ready, Journal<'a>)> {
        let run = *run;
        if let Some(Ready { prepared, warnings, .. }) = before.filter(|ready| ready.run == run) {
            let journal = Journal::with(watch, warnings.clone());
            if let Some(prepared) = clean::prepare_echo(&prepared, spec, &journal)? {
                return Ok((Ready { run, prepared, warnings }, journal));
            }
        }
        let journal = Journal::new(watch);
        let prepared = clean::prepare(spec, &journal)?;
        Ok((Ready { run, prepared, warnings: journal.warnings() }, journal))
    }
}

/// The sidecar of a corrected run, and its maps with theirs.
fn write(
    session: &mut Session,
    outputs: &Outputs,
    (Cleaning { spec, out, .. }, Prepared { run, projection }): (&Cleaning, &mut Prepared),
    proof: Option<(&Proof, &Path)>,
    journal: &Journal<'_>,
) -> Result<Saved> {
    let mut inputs = vec![("bold", spec.run.bold.clone(), run.bold.checksum()?)];
    inputs.extend(hashed(&run.files)?);
    if let Some(mask) = spec.proof.as_ref().and_then(|proof| proof.mask.clone()) {
        inputs.extend(hashed(&[("mask", mask)])?);
    }
    let folder = out.parent().unwrap_or(Path::new("")).to_owned();
    let spent = projection.dof_spent.iter().max().map_or(0.0, |&n| n as f64);
    let mut made = Made {
        command: Command::Retroicor(spec.clone()),
        stages: ["read", "retroicor"].map(str::to_owned).to_vec(),
        dof: None,
        dof_spent: Some(spent + run.dof_spent),
        resolved: inputs::resolved(run),
        images: vec![file_name(out)],
        counts: Map::new(),
        physio: run.physio.iter().cloned().collect(),
    };
    let bids = bids_fields(run.acquisition.clone(), run.resampled.clone());
    let Some((proof, maps_folder)) = proof else {
        let provenance = provenance(session, made, &inputs, &folder, journal);
        outputs.text(&sidecar_path(out), &provenance.to_json(bids)?)?;
        write_page((session, outputs), out, &provenance, (run, None))?;
        return Ok(Saved { out: out.clone(), provenance, maps: Vec::new() });
    };
    proof.lines().iter().for_each(|line| journal.note(line));
    let maps = write_maps(outputs, proof, (spec, &run.bold.header, maps_folder))?;
    made.stages = ["read", "glm", "contrast", "retroicor"].map(str::to_owned).to_vec();
    made.counts = proof.summary();
    let mut of_maps = Made {
        dof: proof.dof2.iter().copied().reduce(f64::min),
        dof_spent: None,
        images: maps.iter().map(|(path, _)| file_name(path)).collect(),
        ..made.clone()
    };
    if same_folder(&folder, maps_folder) {
        made.images.extend(of_maps.images.iter().cloned());
        of_maps.images.clone_from(&made.images);
    }
    let provenance = provenance(session, made, &inputs, &folder, journal);
    outputs.text(&sidecar_path(out), &provenance.to_json(bids)?)?;
    write_page((session, outputs), out, &provenance, (run, Some(proof)))?;
    let timings = provenance.timings.clone();
    let of_maps = super::provenance(session, of_maps, &inputs, maps_folder, journal);
    let of_maps = Provenance { timings, ..of_maps };
    for (path, description) in &maps {
        let bids = Map::from_iter([("Description".to_owned(), json!(description))]);
        outputs.text(&sidecar_path(path), &of_maps.to_json(bids)?)?;
    }
    let maps = maps.into_iter().map(|(path, _)| path).collect();
    Ok(Saved { out: out.clone(), provenance, maps })
}

/// The QC page of a corrected run, with its maps where it was proved.
fn write_page(
    (session, outputs): (&Session, &Outputs),
    out: &Path,
    provenance: &Provenance,
    (run, proof): (&Run, Option<&Proof>),
) -> Result<()> {
    let title = Name::of(&run.bold.path).prefix();
    let qc = Qc {
        maps: proof.map(|proof| MapsQc::of_proof(proof, &run.bold.grid)),
        ..Qc::of_provenance(provenance, title, run.qc.iter().cloned().collect())
    };
    outputs.text(&page_path(out), &(session.page)(&qc)?)
}

/// `sub-01_desc-retroicor_qc.html` beside `sub-01_desc-retroicor_bold.nii.gz`.
fn page_path(out: &Path) -> PathBuf {
    let stem = sidecar_path(out).with_extension("");
    let stem = file_name(&stem);
    out.with_file_name(format!("{}_qc.html", stem.strip_suffix("_bold").unwrap_or(&stem)))
}

/// The maps and their mask, on all cores; each path with what it shows.
fn write_maps(
    outputs: &Outputs,
    proof: &Proof,
    (spec, header, folder): (&RetroicorSpec, &Header, &Path),
) -> Result<Vec<(PathBuf, String)>> {
    let prefix = Name::of(&spec.run.bold).prefix();
    let maps = proof.maps(&prefix)?;
    let at = |stem: &str| folder.join(format!("{stem}.nii.gz"));
    maps.par_iter().try_for_each(|map| {
        outputs.map(&at(&map.stem), &header.for_map(map.intent), &map.values)
    })?;
    let mask: Vec<f32> = proof.fitted.iter().map(|&v| f32::from(u8::from(v))).collect();
    let mask_at = at(&mask_stem(&prefix));
    outputs.map(&mask_at, &header.for_map(Intent::None), &mask)?;
    let of_mask = (mask_at, "Voxels that were fitted".to_owned());
    Ok(maps.iter().map(|map| (at(&map.stem), map.description())).chain([of_mask]).collect())
}

/// File name of the proof's mask without extension.
pub(crate) fn mask_stem(prefix: &str) -> String {
    format!("{prefix}_desc-retroicor_mask")
}

fn same_folder(a: &Path, b: &Path) -> bool {
    let real = |p: &Path| {
        let p = if p.as_os_str().is_empty() { Path::new(".") } else { p };
        p.canonicalize().ok()
    };
    real(a) == real(b)
}
