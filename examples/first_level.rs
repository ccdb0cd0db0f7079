//! The README's quick start as a library call: correct, smooth and fit the shipped example into a folder, and print where
//! pain is strongest. Run with `cargo run --release --example first_level`.

use std::time::Instant;

use boldly::gpu::DeviceChoice;
use boldly::io::Overwrite;
use boldly::kernels::smooth::Kernel;
use boldly::pipeline::blocks::Ladder;
use boldly::pipeline::products::Layout;
use boldly::pipeline::session::Session;
use boldly::pipeline::spec::{
    Command, DesignOptions, GlmSpec, MIN_DOF, Noise, RHO_FWHM_VOX, RegionOptions, RunSpec,
    SignalScale, SmoothOptions, VoxelwiseOptions,
};
use boldly::pipeline::written::Written;
use boldly::pipeline::{demo, watch};
use boldly::simulate::write::paths;

fn main() -> boldly::Result<()> {
    let began = Instant::now();
    let data = demo::shipped_example().expect("the example is part of the sources");
    let spec = GlmSpec {
        runs: vec![RunSpec {
            bold: data.join(paths::BOLD),
            events: Some(data.join(paths::EVENTS)),
            confounds: vec![data.join(paths::CONFOUNDS)],
            physio: vec![data.join(paths::PHYSIO)],
            ..RunSpec::default()
        }],
        design: DesignOptions {
            columns: vec!["trans_*".into(), "rot_*".into(), "csf".into()],
            ..DesignOptions::default()
        },
        mask: Some(data.join(paths::MASK)),
        smooth: SmoothOptions { fwhm_mm: 5.0, kernel: Kernel::Sampled, within: None },
        contrasts: vec!["pain=pain-control".into()],
        f_contrasts: vec![],
        scaling: SignalScale::Psc,
        two_sided: false,
        noise: Noise::Ar1,
        rho_fwhm_vox: RHO_FWHM_VOX,
        combine: Default::default(),
        maps: false,
        skip_missing: false,
        min_dof: MIN_DOF,
        voxelwise: VoxelwiseOptions::default(),
        roi: RegionOptions::default(),
        report: false,
        residuals: false,
    };
    let results = std::env::temp_dir().join("boldly-first-level");
    let mut session = Session::new(Vec::new(), Ladder::open(&DeviceChoice::Auto)?, &watch::Quiet);
    let mut written = Written::new(Layout::folder(&results), Overwrite::Anything)?;
    Command::Glm(spec).run(&mut session, &mut written)?;
    written.commit()?;

    let t = results.join("contrast-pain_stat-t_statmap.nii.gz");
    let (grid, header, t) = boldly::io::read_map(&t)?;
    let peak = (0..t.len()).max_by(|&a, &b| t[a].total_cmp(&t[b])).expect("a grid has voxels");
    println!(
        "pain > control: t = {:.2} ({:?}) at voxel {:?}, {:.2} s on {}",
        t[peak],
        header.intent,
        grid.coordinates(peak),
        began.elapsed().as_secs_f64(),
        session.ladder.device.report().name
    );
    Ok(())
}
