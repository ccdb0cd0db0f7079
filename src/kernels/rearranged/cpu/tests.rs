use ndarray::Array2;

use super::*;
use crate::kernels::rearranged::scores;
use crate::stats::rearrange::{Exchange, Plan};

#[test]
fn every_simd_level_of_this_machine_gives_the_scores_of_the_plain_loop() {
    let (n, n_voxels) = (13, 77);
    let value = |i: usize| ((i * i * 37 + 11 * i) % 101) as f64 / 50.0 - 1.0;
    let maps = Array2::from_shape_fn((n, n_voxels), |(r, v)| value(r * 79 + v) as f32);
    let design = Array2::from_shape_fn((n, 3), |(r, c)| value(r * (c + 2) + 3));
    let weights = Array2::from_shape_fn((1, 3), |(_, c)| f64::from(u8::from(c == 0)));
    let exchange = Exchange::rows(n).expect("rows");
    let tested = Tested::new(design.view(), weights.view(), &exchange, None).expect("a test");
    let plan = Plan::new(&exchange, std::slice::from_ref(&tested), 20, 1).expect("a plan");
    let all = plan.batch(0..20);
    let residuals = Residuals::new(maps.view(), &tested).expect("residuals");
    let want = scores(&residuals, &tested, &all);
    let mut levels = vec![("scalar", Arch::Scalar)];
    #[cfg(target_arch = "x86_64")]
    {
        levels.extend(pulp::x86::V3::try_new().map(|s| ("AVX2", Arch::V3(s))));
        levels.extend(pulp::x86::V4::try_new().map(|s| ("AVX-512", Arch::V4(s))));
    }
    let (mut fused, mut counted) = (Vec::<Vec<u32>>::new(), Vec::new());
    for (level, arch) in levels {
        let mut host = Host::at(arch, &residuals, &tested);
        let batch = host.advance(&tested, &all, Wanted::Both);
        for (at, (&got, &score)) in batch.statistics.iter().zip(&want).enumerate() {
            let (got, want) = (f64::from(got), tested.statistic(score));
            let off = (got - want).abs();
            assert!(off < 1e-5 * (1.0 + want.abs()), "{level}: {at} is {got} for {want}");
        }
        counted.push(host.counts());
        if level != "scalar" {
            fused.push(batch.statistics.iter().map(|v| v.to_bits()).collect());
        }
    }
    assert!(fused.windows(2).all(|pair| pair[0] == pair[1]), "levels differ in bits");
    assert!(counted.windows(2).all(|pair| pair[0] == pair[1]), "levels count otherwise");
}
