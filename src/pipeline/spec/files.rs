//! The files that a command names: one list, from which relative paths, checksums and provenance all come.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::design::group::Model;

use super::{
    Command, ConfoundsSpec, ConnectSpec, DesignOptions, EchoOptions, EndpointsSpec, EstimateSpec,
    FixedSpec, GivenRegion, GlmSpec, GroupSpec, LocalMeanOptions, MapsOfTrial, PhysioSpec,
    ProofOptions, RecordOptions, RegionOptions, ResponseFile, RetroicorSpec, RunSpec,
    SmoothOptions, SmoothSpec, SpentOptions, VoxelwiseOptions,
};

/// What a file is to the command that reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each is called what it is")]
pub enum Role {
    Bold,
    Sidecar,
    #[serde(rename = "slice times")]
    SliceTimes,
    Events,
    Design,
    Confounds,
    #[serde(rename = "censored volumes")]
    Censored,
    Physio,
    Peaks,
    Mask,
    Response,
    #[serde(rename = "smooth within")]
    SmoothWithin,
    Csf,
    Voxelwise,
    #[serde(rename = "white matter")]
    WhiteMatter,
    /// What an earlier correction took out of the run.
    Carried,
    /// The sidecar of a correction before preprocessing.
    Spent,
    /// A table of maps.
    Table,
    /// A table's data dictionary.
    Dictionary,
    /// A folder in which files are found; no file.
    Folder,
    /// A subject's map of an effect.
    Effect,
    /// A subject's map of its variance.
    Variance,
    Atlas,
    #[serde(rename = "atlas names")]
    AtlasNames,
    Region,
    /// An image of the anatomy, below a map.
    Underlay,
    /// A picture for a page.
    Picture,
}

impl Role {
    /// As sidecars spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Role::Bold => "bold",
            Role::Sidecar => "sidecar",
            Role::SliceTimes => "slice times",
            Role::Events => "events",
            Role::Design => "design",
            Role::Confounds => "confounds",
            Role::Censored => "censored volumes",
            Role::Physio => "physio",
            Role::Peaks => "peaks",
            Role::Mask => "mask",
            Role::Response => "response",
            Role::SmoothWithin => "smooth within",
            Role::Csf => "csf",
            Role::Voxelwise => "voxelwise",
            Role::WhiteMatter => "white matter",
            Role::Carried => "carried",
            Role::Spent => "spent",
            Role::Table => "table",
            Role::Dictionary => "dictionary",
            Role::Folder => "folder",
            Role::Effect => "effect",
            Role::Variance => "variance",
            Role::Atlas => "atlas",
            Role::AtlasNames => "atlas names",
            Role::Region => "region",
            Role::Underlay => "underlay",
            Role::Picture => "picture",
        }
    }
}

impl Command {
    /// Every file that the command names, with its role: the one list behind relative paths, checksums and provenance.
    #[must_use]
    pub fn inputs(&self) -> Vec<(Role, PathBuf)> {
        let files = |mut command: Command| {
            let files = command.files_mut().into_iter().filter(|(role, _)| *role != Role::Folder);
            files.map(|(role, path)| (role, path.clone())).collect()
        };
        files(self.clone())
    }

    /// The same command with every path changed.
    #[must_use]
    pub fn map_paths(mut self, change: &dyn Fn(&Path) -> PathBuf) -> Command {
        self.files_mut().into_iter().for_each(|(_, path)| *path = change(path));
        self
    }

    fn files_mut(&mut self) -> Files<'_> {
        match self {
            Command::Glm(spec) => spec.files_mut(),
            Command::Retroicor(spec) => spec.files_mut(),
            Command::Smooth(spec) => spec.files_mut(),
            Command::Confounds(spec) => spec.files_mut(),
            Command::Physio(spec) => spec.files_mut(),
            Command::Group(spec) => spec.files_mut(),
            Command::Connect(spec) => spec.files_mut(),
            Command::Trial(spec) => spec.files_mut(),
            Command::Fixed(spec) => spec.files_mut(),
        }
    }
}

/// Paths in a spec. Each `files_mut` takes its spec apart by every field, so that a new one cannot be forgotten.
type Files<'a> = Vec<(Role, &'a mut PathBuf)>;

fn optional<const N: usize>(
    files: [(Role, &mut Option<PathBuf>); N],
) -> impl Iterator<Item = (Role, &mut PathBuf)> {
    files.into_iter().filter_map(|(role, path)| Some((role, path.as_mut()?)))
}

impl GlmSpec {
    fn files_mut(&mut self) -> Files<'_> {
        let GlmSpec {
            runs,
            design,
            mask,
            smooth,
            scaling: _,
            two_sided: _,
            contrasts: _,
            f_contrasts: _,
            noise: _,
            rho_fwhm_vox: _,
            combine: _,
            maps: _,
            skip_missing: _,
            min_dof: _,
            voxelwise,
            residuals: _,
            roi,
            report: _,
        } = self;
        let runs = runs.iter_mut().flat_map(RunSpec::files_mut);
        let SmoothOptions { fwhm_mm: _, kernel: _, within } = smooth;
        let others = optional([(Role::Mask, mask), (Role::SmoothWithin, within)]);
        let all = runs.chain(others).chain(design.response_mut()).chain(voxelwise.files_mut());
        all.chain(roi.files_mut()).collect()
    }
}

impl VoxelwiseOptions {
    fn files_mut(&mut self) -> impl Iterator<Item = (Role, &mut PathBuf)> {
        let VoxelwiseOptions { images, local } = self;
        let images = images.iter_mut().flatten().map(|path| (Role::Voxelwise, path));
        let local = local
            .iter_mut()
            .map(|LocalMeanOptions { mask, radius_mm: _ }| (Role::WhiteMatter, mask));
        images.chain(local)
    }
}

impl ConnectSpec {
    fn files_mut(&mut self) -> Files<'_> {
        let ConnectSpec {
            runs,
            design,
            mask,
            smooth: SmoothOptions { fwhm_mm: _, kernel: _, within },
            noise: _,
            rho_fwhm_vox: _,
            seeds,
            regions,
            networks: _,
            band_hz: _,
            estimator: _,
            global_signal: _,
            seed_first_pc: _,
            min_coverage: _,
            min_dof: _,
            no_pictures: _,
            white_matter,
            voxelwise,
        } = self;
        let runs = runs.iter_mut().flat_map(RunSpec::files_mut);
        let others = optional([
            (Role::Mask, mask),
            (Role::SmoothWithin, within),
            (Role::WhiteMatter, white_matter),
        ]);
        let regions = [seeds, regions].into_iter().flat_map(RegionOptions::files_mut);
        let all = runs.chain(others).chain(regions).chain(design.response_mut());
        all.chain(voxelwise.files_mut()).collect()
    }
}

impl GroupSpec {
    fn files_mut(&mut self) -> Files<'_> {
        let GroupSpec {
            table,
            of: _,
            model,
            between: _,
            within: _,
            covariates: _,
            centre: _,
            error: _,
            variance: _,
            inflated: _,
            contrasts: _,
            f_contrasts: _,
            mask,
            least_subjects: _,
            zeros_count: _,
            two_sided: _,
            sizes: _,
            touch: _,
            table_p: _,
            atlas,
            atlas_names,
            regions,
            region_names,
            coordinates: _,
            shift_mm: _,
            corrections: _,
            volumes,
            underlay,
            no_pictures: _,
            report: _,
            permute: _,
        } = self;
        // What is found in a folder is listed when it has been.
        let role = if table.is_dir() { Role::Folder } else { Role::Table };
        let table = std::iter::once((role, table));
        let design = match model {
            Model::Matrix(path) => Some((Role::Design, path)),
            _ => None,
        };
        let table = table.chain(design);
        let others = [(Role::Mask, mask), (Role::Atlas, atlas), (Role::AtlasNames, atlas_names)];
        let regions = regions.iter_mut().filter_map(GivenRegion::path_mut);
        let regions = regions.map(|path| (Role::Region, path));
        let volumes = volumes.iter_mut().filter_map(GivenRegion::path_mut);
        let volumes = volumes.map(|path| (Role::Region, path));
        let names = region_names.iter_mut().map(|path| (Role::AtlasNames, path));
        let volumes = volumes.chain(names);
        let underlay = underlay.iter_mut().map(|path| (Role::Underlay, path));
        table.chain(optional(others)).chain(regions).chain(volumes).chain(underlay).collect()
    }
}

impl FixedSpec {
    fn files_mut(&mut self) -> Files<'_> {
        let FixedSpec { estimates, columns: _, design: _, contrasts: _, combine: _, two_sided: _ } =
            self;
        let mut files = Vec::with_capacity(2 * estimates.len());
        for EstimateSpec { effect, variance } in estimates {
            files.extend([(Role::Effect, effect), (Role::Variance, variance)]);
        }
        files
    }
}

impl EndpointsSpec {
    /// The study's own tables are listed when they have been found.
    fn files_mut(&mut self) -> Files<'_> {
        let EndpointsSpec { study, tables, maps, edges, pictures, plan: _ } = self;
        let tables = tables.iter_mut().map(|path| (Role::Table, path));
        let maps =
            maps.iter_mut().flat_map(|MapsOfTrial { folder, of: _, regions, coordinates: _ }| {
                let regions = regions.iter_mut().filter_map(GivenRegion::path_mut);
                std::iter::once((Role::Folder, folder))
                    .chain(regions.map(|path| (Role::Region, path)))
            });
        let edges = edges.iter_mut().map(|path| (Role::Folder, path));
        let pictures = pictures.iter_mut().map(|path| (Role::Picture, path));
        let study = std::iter::once((Role::Folder, study));
        study.chain(tables).chain(maps).chain(edges).chain(pictures).collect()
    }
}

impl DesignOptions {
    fn response_mut(&mut self) -> Option<(Role, &mut PathBuf)> {
        self.hrf_file.as_mut().map(|ResponseFile { path, step_s: _ }| (Role::Response, path))
    }
}

impl RetroicorSpec {
    fn files_mut(&mut self) -> Files<'_> {
        let RetroicorSpec { run, design, mask, proof, out_type: _, min_dof: _ } = self;
        let masks = proof.iter_mut().flat_map(|ProofOptions { mask }| mask).chain(mask);
        let masks = masks.map(|mask| (Role::Mask, mask));
        run.files_mut().into_iter().chain(masks).chain(design.response_mut()).collect()
    }
}

impl SmoothSpec {
    fn files_mut(&mut self) -> Files<'_> {
        let SmoothSpec { bold, smooth, out_type: _ } = self;
        let SmoothOptions { fwhm_mm: _, kernel: _, within } = smooth;
        let within = optional([(Role::SmoothWithin, within)]);
        std::iter::once((Role::Bold, bold)).chain(within).collect()
    }
}

impl ConfoundsSpec {
    fn files_mut(&mut self) -> Files<'_> {
        let ConfoundsSpec {
            bold,
            sidecar,
            tr: _,
            csf,
            white_matter,
            mask,
            threshold: _,
            erode: _,
            high_pass_s: _,
            scaling: _,
            acompcor: _,
            tcompcor: _,
            variable_share: _,
            censor: _,
            censored,
            motion,
            dvars: _,
        } = self;
        let others = optional([
            (Role::Censored, censored),
            (Role::Confounds, motion),
            (Role::Sidecar, sidecar),
            (Role::Csf, csf),
            (Role::WhiteMatter, white_matter),
            (Role::Mask, mask),
        ]);
        std::iter::once((Role::Bold, bold)).chain(others).collect()
    }
}

impl PhysioSpec {
    fn files_mut(&mut self) -> Files<'_> {
        let PhysioSpec {
            physio,
            physio_formats: _,
            record: RecordOptions { align: _, dummies: _, peaks, treatment: _ },
            terms: _,
            bold,
            sidecar,
            slice_times,
            tr: _,
            volumes: _,
        } = self;
        let recordings = physio.iter_mut().map(|path| (Role::Physio, path));
        let of_run = optional([
            (Role::SliceTimes, slice_times),
            (Role::Bold, bold),
            (Role::Sidecar, sidecar),
        ]);
        of_run.chain(recordings).chain(optional([(Role::Peaks, peaks)])).collect()
    }
}

impl RunSpec {
    fn files_mut(&mut self) -> Files<'_> {
        let RunSpec {
            bold,
            echoes,
            sidecar,
            slice_times,
            tr: _,
            events,
            design,
            design_slices,
            confounds,
            censored,
            physio,
            record: RecordOptions { align: _, dummies: _, peaks, treatment: _ },
            physio_formats: _,
            spent,
        } = self;
        let spent = spent.iter_mut().map(|spent| {
            let SpentOptions { sidecar, by: _ } = &mut **spent;
            (Role::Spent, sidecar)
        });
        let ready = optional([
            (Role::Sidecar, sidecar),
            (Role::SliceTimes, slice_times),
            (Role::Events, events),
            (Role::Design, design),
            (Role::Design, design_slices),
            (Role::Censored, censored),
        ]);
        let tables = confounds.iter_mut().map(|path| (Role::Confounds, path));
        let recordings = physio.iter_mut().map(|path| (Role::Physio, path));
        let others = echoes.iter_mut().flat_map(|echoes| {
            let EchoOptions { others, times_ms: _, good: _, fit: _ } = &mut **echoes;
            others.iter_mut()
        });
        let echoes = others.map(|path| (Role::Bold, path));
        let all = std::iter::once((Role::Bold, bold))
            .chain(echoes)
            .chain(ready)
            .chain(tables)
            .chain(recordings);
        all.chain(optional([(Role::Peaks, peaks)])).chain(spent).collect()
    }
}
