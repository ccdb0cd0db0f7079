// Where the search for a and b of ARMA(1,1) noise begins, from the residuals e of a fit. Of each trial (a, b) RSS weight, in whose logarithm the
// objective is linear: RSS = |z|^2 - |G'z|^2, z the whitened e by one walk along the volumes, G an orthonormal basis of the whitened
// design, weight = (|U'R^-1 U| |R|)^(1 / (n - m)): one thread per fitted voxel and trial. Then the least trial, and the next that are lower
// than all beside them: one thread per fitted voxel. A workgroup's voxels share a slice-time group. All f32: it is where the host begins.
// Host: src/kernels/arma/gpu.rs. Twin: src/kernels/arma/cpu.rs.

const STEP: u32 = 0u; // 0 values of trials, 1 where to begin
const QUADS: u32 = 1u; // STEP 0: columns of G / 4, rounded up
const STARTS: u32 = 4u; // MOST_STARTS of the host
const TRIALS: u32 = 128u; // the most there may be
const DOUBT: f32 = 4e-5; // DOUBT_OF_TRIALS of the host: two values nearer than that may change places, and both are begun from

struct Params {
    first: u32, // workgroups of this dispatch: first..end
    end: u32,
    n_volumes: u32,
    n_fitted: u32, // voxels fitted
    n_groups: u32, // slice-time groups
    first_tile: u32, // tiles whose values are held at once: first_tile..first_tile + n_tiles
    n_tiles: u32,
    first_trial: u32, // STEP 0: trials of `operators`: first_trial..first_trial + n_trials; STEP 1: all
    n_trials: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> tiles: array<vec4<u32>>; // [tile] first fitted voxel, voxels, group, 0
@group(0) @binding(2) var<storage, read> residual: array<f32>; // e, [volume][fitted voxel]
@group(0) @binding(3) var<storage, read> operators: array<vec4<f32>>; // [trial][group][volume][(a^g, a^(g-1) W of the volume before, 1 / sqrt D, 0), G quads]
@group(0) @binding(4) var<storage, read> scalars: array<vec2<f32>>; // [trial][group] lambda, weight
@group(0) @binding(5) var<storage, read> beside: array<u32>; // where each trial's neighbours begin, their end, and the neighbours
@group(0) @binding(6) var<storage, read_write> values: array<f32>; // RSS weight, [trial][tile][lane]
@group(0) @binding(7) var<storage, read_write> starts: array<u32>; // [start][fitted voxel], the least again where there are no more

fn find_value(fitted: u32, slot: u32, slice_group: u32, trial: u32) {
    let of_trial = scalars[(params.first_trial + trial) * params.n_groups + slice_group];
    var on: array<vec4<f32>, QUADS>;
    for (var k = 0u; k < QUADS; k++) {
        on[k] = vec4<f32>();
    }
    var f = 0.0;
    var z = 0.0;
    var whitened = 0.0;
    let first = (trial * params.n_groups + slice_group) * params.n_volumes;
    for (var t = 0u; t < params.n_volumes; t++) {
        let row = (first + t) * (QUADS + 1u);
        let walk = operators[row];
        let e = residual[t * params.n_fitted + fitted];
        f = walk.x * f + walk.y * z;
        z = e - of_trial.x * f;
        let scaled = z * walk.z;
        whitened += scaled * scaled;
        for (var k = 0u; k < QUADS; k++) {
            on[k] += operators[row + 1u + k] * scaled;
        }
    }
    var explained = 0.0;
    for (var k = 0u; k < QUADS; k++) {
        explained += dot(on[k], on[k]);
    }
    // Without residuals the first trial, white noise, is the least, and no other is low.
    let at = params.first_trial + trial;
    let value = select(f32(at), (whitened - explained) * of_trial.y, whitened > 0.0);
    values[at * 64u * params.n_tiles + slot] = value;
}

fn find_starts(fitted: u32, slot: u32) {
    let stride = 64u * params.n_tiles;
    // A bit a trial: whether it may be begun from.
    var open: array<u32, TRIALS / 32u>;
    for (var trial = 0u; trial < params.n_trials; trial++) {
        let value = values[trial * stride + slot] * (1.0 - DOUBT);
        var is_low = true;
        for (var k = beside[trial]; k < beside[trial + 1u]; k++) {
            is_low = is_low && value < values[beside[k] * stride + slot];
        }
        open[trial / 32u] |= select(0u, 1u << (trial % 32u), is_low);
    }
    var first = 0u;
    for (var start = 0u; start < STARTS; start++) {
        var least = 3e38;
        var at = first;
        for (var trial = 0u; trial < params.n_trials; trial++) {
            let value = values[trial * stride + slot];
            if (open[trial / 32u] >> (trial % 32u) & 1u) == 1u && value < least {
                least = value;
                at = trial;
            }
        }
        first = select(first, at, start == 0u);
        starts[start * params.n_fitted + fitted] = at;
        open[at / 32u] &= ~(1u << (at % 32u));
    }
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = params.first + group.y * groups.x + group.x;
    if workgroup >= params.end {
        return;
    }
    // A tile's trials one after the other: its residuals are fetched once.
    let trials = select(1u, params.n_trials, STEP == 0u);
    let tile = workgroup / trials;
    let of_tile = tiles[params.first_tile + tile];
    if lane >= of_tile.y {
        return;
    }
    let fitted = of_tile.x + lane;
    let slot = 64u * tile + lane;
    if STEP == 0u {
        find_value(fitted, slot, of_tile.z, workgroup % trials);
    } else {
        find_starts(fitted, slot);
    }
}
