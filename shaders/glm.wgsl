// Ordinary least squares about a centre c close to the voxel's mean: beta = pinv(X) (y - c) (+ c pinv(X) 1, which the
// readers of beta add), sigma2 = sum_t (y - c - X beta + c r)^2 / dof, r = 1 - X pinv(X) 1: zero where the columns span
// a constant, and then X comes with its columns centred. Columns in fours. One thread per fitted voxel; a workgroup's
// voxels share a slice-time group.
// Host: src/kernels/glm/gpu.rs. Twin: src/kernels/glm/cpu.rs.

alias Acc = f32; // sums; f64 where the adapter has it
const STEP: u32 = 0u; // 0 centre, 1 beta, 2 sigma2; 3 all, while the voxels' series are in a cache
const QUADS: u32 = 1u; // regressors / 4, rounded up

struct Params {
    first: u32, // tiles of this dispatch: first..end
    end: u32,
    n_volumes: u32,
    n_voxels: u32, // voxels of one volume of the block
    n_fitted: u32, // voxels fitted
    n_regressors: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> bold: array<f32>; // [volume][voxel]
@group(0) @binding(2) var<storage, read> voxels: array<u32>; // [fitted voxel] its voxel
@group(0) @binding(3) var<storage, read> tiles: array<vec4<u32>>; // [tile] first fitted voxel, voxels, group, 0
@group(0) @binding(4) var<storage, read> operators: array<vec4<f32>>; // [group][volume][pinv quads, X quads, (r, 1 / dof, 0, 0)]
@group(0) @binding(5) var<storage, read_write> centre: array<f32>; // [fitted voxel] c
@group(0) @binding(6) var<storage, read_write> beta: array<f32>; // [regressor][fitted voxel]
@group(0) @binding(7) var<storage, read_write> sigma2: array<f32>; // [fitted voxel]

const ROW: u32 = 2u * QUADS + 1u; // quads of one volume in `operators`

// The mean as differences from the first value: nothing is lost to a large baseline.
fn find_centre(fitted: u32, voxel: u32) {
    let start = bold[voxel];
    var sum = Acc(0.0);
    for (var t = 0u; t < params.n_volumes; t++) {
        sum += Acc(bold[t * params.n_voxels + voxel]) - Acc(start);
    }
    centre[fitted] = f32(Acc(start) + sum / Acc(params.n_volumes));
}

fn find_beta(fitted: u32, voxel: u32, operator_at: u32) {
    let c = Acc(centre[fitted]);
    var sums: array<vec4<Acc>, QUADS>;
    for (var k = 0u; k < QUADS; k++) {
        sums[k] = vec4<Acc>();
    }
    for (var t = 0u; t < params.n_volumes; t++) {
        let centred = Acc(bold[t * params.n_voxels + voxel]) - c;
        let row = operator_at + t * ROW;
        for (var k = 0u; k < QUADS; k++) {
            sums[k] += vec4<Acc>(operators[row + k]) * centred;
        }
    }
    for (var regressor = 0u; regressor < params.n_regressors; regressor++) {
        beta[regressor * params.n_fitted + fitted] = f32(sums[regressor / 4u][regressor % 4u]);
    }
}

fn find_sigma2(fitted: u32, voxel: u32, operator_at: u32) {
    let c = Acc(centre[fitted]);
    var estimates: array<vec4<Acc>, QUADS>;
    for (var k = 0u; k < QUADS; k++) {
        estimates[k] = vec4<Acc>();
    }
    for (var regressor = 0u; regressor < params.n_regressors; regressor++) {
        let estimate = Acc(beta[regressor * params.n_fitted + fitted]);
        estimates[regressor / 4u][regressor % 4u] = estimate;
    }
    var sum = Acc(0.0);
    for (var t = 0u; t < params.n_volumes; t++) {
        let row = operator_at + t * ROW;
        let centred = Acc(bold[t * params.n_voxels + voxel]) - c;
        var explained = vec4<Acc>();
        for (var k = 0u; k < QUADS; k++) {
            explained += vec4<Acc>(operators[row + QUADS + k]) * estimates[k];
        }
        let residual = centred - ((explained.x + explained.y) + (explained.z + explained.w))
            + c * Acc(operators[row + 2u * QUADS].x);
        sum += residual * residual;
    }
    sigma2[fitted] = f32(sum * Acc(operators[operator_at + 2u * QUADS].y));
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
    let tile = tiles[workgroup];
    if lane >= tile.y {
        return;
    }
    let fitted = tile.x + lane;
    let voxel = voxels[fitted];
    let operator_at = tile.z * params.n_volumes * ROW;
    if STEP == 0u || STEP == 3u {
        find_centre(fitted, voxel);
    }
    if STEP == 1u || STEP == 3u {
        find_beta(fitted, voxel, operator_at);
    }
    if STEP == 2u || STEP == 3u {
        find_sigma2(fitted, voxel, operator_at);
    }
}
