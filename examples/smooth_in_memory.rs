//! One room by itself: smooth a volume in memory with both kernels and print the FWHM each really gives.
//! Run with `cargo run --release --example smooth_in_memory`.

use boldly::gpu::{Bold, Device};
use boldly::kernels::smooth::{Kernel, Taps, smooth};
use boldly::volume::{Block, HostBold};

fn main() -> boldly::Result<()> {
    let voxel_size_mm = [3.5; 3];
    let block = Block::whole([21, 21, 21], 1);
    let mut impulse = vec![0.0_f32; block.len()];
    impulse[10 + 21 * (10 + 21 * 10)] = 1.0;
    let device = Device::cpu();
    for kernel in [Kernel::Sampled, Kernel::Exact] {
        let taps = Taps::new(5.0, voxel_size_mm, kernel)?;
        let bold = Bold::Host(HostBold::new(block.clone(), impulse.clone()));
        let mut tape = device.tape();
        let smoothed = smooth(&mut tape, bold, &taps, None)?;
        let smoothed = tape.store(smoothed)?;
        let smoothed = tape.run()?.bold(smoothed)?;
        let sum: f32 = smoothed.data.iter().sum();
        let fwhm_mm = taps.effective_fwhm_mm(voxel_size_mm)[0];
        println!("{kernel:?}: asked 5 mm, gives {fwhm_mm:.3} mm; the impulse sums to {sum:.6}");
    }
    Ok(())
}
