//! `--device auto`: whether a GPU would end the work sooner than the CPU path. Opening one costs more than most runs need, so it is
//! weighed by the bytes of the runs and by what is done with them; the seconds are those measured in docs/performance.md.

use std::path::{Path, PathBuf};

use crate::io;
use crate::pipeline::group;
use crate::pipeline::session::Session;
use crate::pipeline::spec::{Command, GlmSpec, Noise, Role};
use crate::pipeline::watch::Watch;

/// Seconds until a GPU that was just asked for can compute: its driver loaded, opened, probed, kernels compiled.
const OPENING_S: f64 = 0.4;
/// A GPU is taken where it saves this many times its opening: the estimate is rough, and a wrong one should cost little.
const MARGIN: f64 = 2.0;
/// Seconds a GB (1e9 bytes as float32) on the CPU path, by stage.
const SMOOTH_S: f64 = 0.7;
const NUISANCE_S: f64 = 0.3;
const FIT_S: f64 = 0.1;
const COVARIANCE_S: f64 = 0.2;
/// ARMA(1,1) at each voxel, on many cores.
const ARMA_S: f64 = 7.0;
/// Operations a second of a core on rearranged maps.
const REARRANGED: f64 = 3.5e10;
/// The same of a GPU.
const REARRANGED_GPU: f64 = 3e12;
/// Seconds a GB on a GPU, all stages together: there and back, and kernels.
const GPU_S: f64 = 0.2;
/// What the host has still to do of ARMA(1,1) there.
const ARMA_GPU_S: f64 = 2.0;

/// What a command takes on the CPU path and on a GPU that is open, seconds; reading and writing files, the same on both,
/// are left out.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Work {
    bytes: f64,
    cpu_s: f64,
    gpu_s: f64,
}

impl Work {
    fn of(command: &Command, bytes: impl Fn(&Path) -> u64) -> Work {
        if let Command::Group(spec) = command {
            return Work::of_group(group::operations(spec));
        }
        // The echoes of a run are one run when work begins.
        let others: Vec<PathBuf> = match command {
            Command::Glm(spec) => spec.runs.iter().flat_map(|run| run.images().skip(1)).collect(),
            _ => Vec::new(),
        };
        let inputs = command.inputs().into_iter();
        let bolds = inputs.filter(|(role, path)| *role == Role::Bold && !others.contains(path));
        let bytes: u64 = bolds.map(|(_, path): (Role, PathBuf)| bytes(&path)).sum();
        let bytes = bytes as f64;
        let [cpu_s, gpu_s] = seconds_a_gb(command).map(|seconds| bytes / 1e9 * seconds);
        Work { bytes, cpu_s, gpu_s }
    }

    /// Products of rearrangements with maps.
    fn of_group(operations: f64) -> Work {
        let cpu_s = operations / (REARRANGED * rayon::current_num_threads() as f64);
        Work { bytes: 0.0, cpu_s, gpu_s: operations / REARRANGED_GPU }
    }

    fn and(self, other: Work) -> Work {
        Work {
            bytes: self.bytes + other.bytes,
            cpu_s: self.cpu_s + other.cpu_s,
            gpu_s: self.gpu_s + other.gpu_s,
        }
    }

    fn is_for_a_gpu(&self) -> bool {
        self.cpu_s - self.gpu_s > MARGIN * OPENING_S
    }

    /// In words that follow a device's name.
    fn reason(&self) -> String {
        let Work { bytes, cpu_s, gpu_s } = self;
        let size = match bytes {
            few if *few < 1e9 => format!("{:.0} MB", (few / 1e6).ceil()),
            many => format!("{:.1} GB", many / 1e9),
        };
        let what = if *bytes > 0.0 {
            format!("{size} of runs take")
        } else {
            "products of rearrangements take".to_owned()
        };
        let runs = format!("{what} some {:.2} s", cpu_s.max(0.01));
        if self.is_for_a_gpu() {
            let with = OPENING_S + gpu_s;
            format!("{runs} on the CPU path, some {with:.2} s on a GPU with its opening")
        } else {
            format!("{runs} to compute here, where opening a GPU alone takes {OPENING_S} s")
        }
    }
}

/// On the CPU path, and on a GPU.
fn seconds_a_gb(command: &Command) -> [f64; 2] {
    let where_true = |seconds: f64, is: bool| if is { seconds } else { 0.0 };
    match command {
        Command::Glm(GlmSpec { runs, smooth, noise, .. }) => {
            let corrected = runs.iter().any(|run| !run.physio.is_empty());
            let is_arma = *noise == Noise::Arma11;
            let smoothed = where_true(SMOOTH_S, smooth.fwhm_mm > 0.0);
            let rest = FIT_S + smoothed + where_true(NUISANCE_S, corrected);
            [rest + where_true(ARMA_S, is_arma), GPU_S + where_true(ARMA_GPU_S, is_arma)]
        }
        Command::Connect(spec) => {
            let corrected = spec.runs.iter().any(|run| !run.physio.is_empty());
            let n_arma = if spec.noise == Noise::Arma11 { spec.seeds.given.len() } else { 0 };
            let smoothed = spec.smooth.fwhm_mm > 0.0 && !spec.seeds.is_empty();
            let rest = FIT_S + where_true(SMOOTH_S, smoothed) + where_true(NUISANCE_S, corrected);
            [rest + n_arma as f64 * ARMA_S, GPU_S + n_arma as f64 * ARMA_GPU_S]
        }
        Command::Retroicor(spec) => [NUISANCE_S + where_true(FIT_S, spec.proof.is_some()), GPU_S],
        Command::Smooth(_) => [SMOOTH_S, GPU_S],
        Command::Confounds(_) => [COVARIANCE_S, GPU_S],
        // What a group's rearrangements take is no matter of a run's bytes.
        Command::Physio(_) | Command::Group(_) | Command::Trial(_) | Command::Fixed(_) => {
            [0.0, 0.0]
        }
    }
}

/// Under `auto`, choose the device for commands that are about to run, and say in one line which and why. What was asked for by name
/// stays.
pub fn settle<'c>(session: &mut Session<'_>, commands: impl IntoIterator<Item = &'c Command>) {
    if !session.ladder.is_undecided() {
        return;
    }
    // What cannot be read is no work; the command itself says so.
    let bytes = |path: &Path| io::float32_bytes(path).unwrap_or(0);
    let work = commands.into_iter().map(|c| Work::of(c, bytes)).fold(Work::default(), Work::and);
    let for_a_gpu = work.is_for_a_gpu();
    session.ladder.decide(for_a_gpu);
    // A command without runs or rearrangements has nothing to weigh.
    if work.bytes == 0.0 && work.cpu_s == 0.0 {
        return;
    }
    let name = session.ladder.device.report().name;
    let line = match (for_a_gpu, name.as_str()) {
        (true, "cpu") => "device: cpu, for no GPU can be used here".to_owned(),
        (false, _) => format!("device: cpu, for {} (--device gpu forces one)", work.reason()),
        (true, _) => format!("device: {name}, for {}", work.reason()),
    };
    session.watch.note(&line);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::smooth::Kernel;
    use crate::pipeline::spec::{
        Combining, DesignOptions, MIN_DOF, OutType, RegionOptions, RetroicorSpec, RunSpec,
        SignalScale, SmoothOptions, SmoothSpec, VoxelwiseOptions,
    };

    fn smoothing(fwhm_mm: f64) -> SmoothOptions {
        SmoothOptions { fwhm_mm, kernel: Kernel::Sampled, within: None }
    }

    fn glm(n_runs: usize, fwhm_mm: f64) -> Command {
        Command::Glm(spec(n_runs, fwhm_mm, Noise::Ols))
    }

    fn spec(n_runs: usize, fwhm_mm: f64, noise: Noise) -> GlmSpec {
        GlmSpec {
            runs: vec![RunSpec::default(); n_runs],
            design: DesignOptions::default(),
            mask: None,
            smooth: smoothing(fwhm_mm),
            contrasts: Vec::new(),
            f_contrasts: Vec::new(),
            scaling: SignalScale::None,
            two_sided: false,
            noise,
            rho_fwhm_vox: 0.0,
            combine: Combining::default(),
            maps: false,
            skip_missing: false,
            min_dof: MIN_DOF,
            voxelwise: VoxelwiseOptions::default(),
            roi: RegionOptions::default(),
            report: false,
            residuals: false,
        }
    }

    fn takes_a_gpu(command: &Command, megabytes: u64) -> bool {
        Work::of(command, |_| megabytes * 1_000_000).is_for_a_gpu()
    }

    #[test]
    fn one_run_stays_on_the_cpu_path_and_many_smoothed_ones_do_not() {
        let smooth = Command::Smooth(SmoothSpec {
            bold: PathBuf::new(),
            smooth: smoothing(5.0),
            out_type: OutType::default(),
        });
        let retroicor = Command::Retroicor(RetroicorSpec {
            run: RunSpec::default(),
            design: DesignOptions::default(),
            mask: None,
            proof: None,
            out_type: OutType::default(),
            min_dof: MIN_DOF,
        });
        // The runs of docs/performance.md, at which a card and 16 cores were held against each other.
        for megabytes in [118, 663] {
            for one in [&glm(1, 0.0), &glm(1, 5.0), &smooth, &retroicor] {
                assert!(!takes_a_gpu(one, megabytes), "{megabytes} MB, {one:?}");
            }
        }
        // ARMA(1,1), whose host side is reckoned from two cores since it looks products up: not measured beside a card.
        let arma = Command::Glm(spec(1, 0.0, Noise::Arma11));
        assert!(!takes_a_gpu(&arma, 41) && takes_a_gpu(&arma, 663));
        // A fit alone is less than moving the run.
        assert!(!takes_a_gpu(&glm(100, 0.0), 3_000));
        assert!(takes_a_gpu(&glm(8, 5.0), 663));
        assert!(takes_a_gpu(&smooth, 3_000));
    }

    #[test]
    fn a_group_goes_to_a_gpu_by_its_rearrangements() {
        // 40 maps: 5,000 of 60,000 voxels, and a million of 200,000 (two cores and more).
        let small = Work::of_group(2.0 * 40.0 * 6e4 * 5e3);
        let large = Work::of_group(2.0 * 40.0 * 2e5 * 1e6);
        assert!(!small.is_for_a_gpu() && large.is_for_a_gpu());
        let reason = large.reason();
        assert!(reason.starts_with("products of rearrangements take some"), "{reason}");
    }

    #[test]
    fn the_reason_gives_bytes_and_seconds() {
        let small = Work::of(&glm(1, 5.0), |_| 100_000_000).reason();
        assert!(small.starts_with("100 MB of runs take some 0.08 s to compute here"), "{small}");
        let large = Work::of(&glm(8, 5.0), |_| 500_000_000).reason();
        assert_eq!(
            large,
            "4.0 GB of runs take some 3.20 s on the CPU path, some 1.20 s on a GPU with its opening"
        );
    }
}
