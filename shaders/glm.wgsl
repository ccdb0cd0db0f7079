// Ordinary least squares about a centre c close to the voxel's mean, on an orthonormal basis U of X's columns:
// g = U' (y - c), of which readers make beta = H g + c pinv(X) 1, pinv(X) = H U'; sigma2 = sum_t (y - c - U g + c r)^2 / dof,
// 0 where that is rounding; r = 1 - U U' 1: zero where the columns span a constant. Columns in fours. One thread per fitted voxel; a workgroup's
// voxels share a slice-time group.
// Host: src/kernels/glm/gpu.rs. Twin: src/kernels/glm/cpu.rs.

alias Acc = f32; // sums; f64 where the adapter has it
const STEP: u32 = 0u; // 0 centre, 1 g, 2 sigma2; 3 all, while the voxels' series are in a cache
const NOTHING: f32 = 1e-10; // a share of the sum of squares about the mean: less than it is rounding
const QUADS: u32 = 1u; // columns of U / 4, rounded up

struct Params {
    first: u32, // tiles of this dispatch: first..end
    end: u32,
    n_volumes: u32,
    n_voxels: u32, // voxels of one volume of the block
    n_fitted: u32, // voxels fitted
    n_columns: u32, // of U
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> bold: array<f32>; // [volume][voxel]
@group(0) @binding(2) var<storage, read> voxels: array<u32>; // [fitted voxel] its voxel
@group(0) @binding(3) var<storage, read> tiles: array<vec4<u32>>; // [tile] first fitted voxel, voxels, group, 0
@group(0) @binding(4) var<storage, read> operators: array<vec4<f32>>; // [group][volume][U quads, (r, 1 / dof, 0, 0)]
@group(0) @binding(5) var<storage, read_write> centre: array<f32>; // [fitted voxel] c
@group(0) @binding(6) var<storage, read_write> on_basis: array<f32>; // [column of U][fitted voxel] g
@group(0) @binding(7) var<storage, read_write> sigma2: array<f32>; // [fitted voxel]

const ROW: u32 = QUADS + 1u; // quads of one volume in `operators`

// The mean as differences from the first value: nothing is lost to a large baseline.
fn find_centre(fitted: u32, voxel: u32) {
    let start = bold[voxel];
    var sum = Acc(0.0);
    for (var t = 0u; t < params.n_volumes; t++) {
        sum += Acc(bold[t * params.n_voxels + voxel]) - Acc(start);
    }
    centre[fitted] = f32(Acc(start) + sum / Acc(params.n_volumes));
}

fn find_on_basis(fitted: u32, voxel: u32, operator_at: u32) {
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
    for (var column = 0u; column < params.n_columns; column++) {
        on_basis[column * params.n_fitted + fitted] = f32(sums[column / 4u][column % 4u]);
    }
}

fn find_sigma2(fitted: u32, voxel: u32, operator_at: u32) {
    let c = Acc(centre[fitted]);
    var g: array<vec4<Acc>, QUADS>;
    for (var k = 0u; k < QUADS; k++) {
        g[k] = vec4<Acc>();
    }
    for (var column = 0u; column < params.n_columns; column++) {
        g[column / 4u][column % 4u] = Acc(on_basis[column * params.n_fitted + fitted]);
    }
    var sum = Acc(0.0);
    var total = Acc(0.0);
    for (var t = 0u; t < params.n_volumes; t++) {
        let row = operator_at + t * ROW;
        let centred = Acc(bold[t * params.n_voxels + voxel]) - c;
        var explained = vec4<Acc>();
        for (var k = 0u; k < QUADS; k++) {
            explained += vec4<Acc>(operators[row + k]) * g[k];
        }
        let residual = centred - ((explained.x + explained.y) + (explained.z + explained.w))
            + c * Acc(operators[row + QUADS].x);
        sum += residual * residual;
        total += centred * centred;
    }
    sigma2[fitted] = select(f32(sum * Acc(operators[operator_at + QUADS].y)), 0.0, sum <= Acc(NOTHING) * total);
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
        find_on_basis(fitted, voxel, operator_at);
    }
    if STEP == 2u || STEP == 3u {
        find_sigma2(fitted, voxel, operator_at);
    }
}
