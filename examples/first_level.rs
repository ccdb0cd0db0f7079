//! The README's quick start as a library call: correct, smooth and fit the shipped example, and print where pain is
//! strongest. Run with `cargo run --release --example first_level`.

use std::time::Instant;

use boldly::gpu::DeviceChoice;
use boldly::kernels::smooth::Kernel;
use boldly::pipeline::blocks::Ladder;
use boldly::pipeline::spec::{DesignOptions, GlmSpec, Noise, RunSpec, SmoothOptions};
use boldly::pipeline::{demo, glm, watch};
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
        noise: Noise::Ols,
    };
    let mut ladder = Ladder::open(&DeviceChoice::Auto)?;
    let result = glm::run(&spec, &mut ladder, &watch::Quiet)?;
    let t = &result.contrasts[0].stat;
    let peak = (0..t.len()).max_by(|&a, &b| t[a].total_cmp(&t[b])).expect("a grid has voxels");
    println!(
        "pain > control: t = {:.2} with {} dof at voxel {:?}, {:.2} s on {}",
        t[peak],
        result.dof,
        result.mask.grid.coordinates(peak),
        began.elapsed().as_secs_f64(),
        ladder.device.report().name
    );
    Ok(())
}
