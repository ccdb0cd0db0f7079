// Residuals of a fit, e = (y - c) - U g + c r, r = 1 - U U' 1 (glm.wgsl), and their sums at the gaps between consecutive
// volumes a, b: sum (y - c)^2, sum e^2 and the last e; sum of e_a^2 + e_b^2 and of 2 e_a e_b over the pairs of a gap; e on columns, in
// fours. One thread per fitted voxel; a workgroup's voxels share a slice-time group.
// Host: src/kernels/lags/gpu.rs. Twin: src/kernels/lags/cpu.rs.

alias Acc = f32; // sums; f64 where the adapter has it
const STEP: u32 = 0u; // 0 residuals, their squares and the last, 1 a tile of columns, 2 the pairs of one gap
const QUADS: u32 = 1u; // STEP 0: columns of U / 4, rounded up; STEP 1: columns of a tile / 4

struct Params {
    first: u32, // tiles of this dispatch: first..end
    end: u32,
    n_volumes: u32,
    n_voxels: u32, // voxels of one volume of the block
    n_fitted: u32, // voxels fitted
    n_columns: u32, // of U
    at: u32, // in `operators`: STEP 1 the tile's first quad of the first volume; STEP 2 the gap's pairs
    row: u32, // in `sums`: STEP 1 the tile's first row; STEP 2 that of the squares
    other: u32, // STEP 1: columns of the tile; STEP 2: the row of the products
    column_quads: u32, // column quads of a volume
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> bold: array<f32>; // [volume][voxel]
@group(0) @binding(2) var<storage, read> voxels: array<u32>; // [fitted voxel] its voxel
@group(0) @binding(3) var<storage, read> tiles: array<vec4<u32>>; // [tile] first fitted voxel, voxels, group, 0
@group(0) @binding(4) var<storage, read> operators: array<vec4<f32>>; // [group][volume][U quads, (r, 0, 0, 0)], [group][volume][column quad], [gap][volume] (pairs it is in, 1 where one ends with it, 0, 0)
@group(0) @binding(5) var<storage, read> centre: array<f32>; // [fitted voxel] c
@group(0) @binding(6) var<storage, read> on_basis: array<f32>; // [column of U][fitted voxel] g
@group(0) @binding(7) var<storage, read_write> residual: array<f32>; // [volume][fitted voxel]
@group(0) @binding(8) var<storage, read_write> sums: array<f32>; // [row][fitted voxel]

fn find_residuals(fitted: u32, voxel: u32, slice_group: u32) {
    let c = Acc(centre[fitted]);
    var g: array<vec4<Acc>, QUADS>;
    for (var k = 0u; k < QUADS; k++) {
        g[k] = vec4<Acc>();
    }
    for (var column = 0u; column < params.n_columns; column++) {
        g[column / 4u][column % 4u] = Acc(on_basis[column * params.n_fitted + fitted]);
    }
    var total = Acc(0.0);
    var sum = Acc(0.0);
    var e = Acc(0.0);
    for (var t = 0u; t < params.n_volumes; t++) {
        let row = (slice_group * params.n_volumes + t) * (QUADS + 1u);
        var explained = vec4<Acc>();
        for (var k = 0u; k < QUADS; k++) {
            explained += vec4<Acc>(operators[row + k]) * g[k];
        }
        let centred = Acc(bold[t * params.n_voxels + voxel]) - c;
        e = centred - ((explained.x + explained.y) + (explained.z + explained.w))
            + c * Acc(operators[row + QUADS].x);
        residual[t * params.n_fitted + fitted] = f32(e);
        total += centred * centred;
        sum += e * e;
    }
    sums[fitted] = f32(total);
    sums[params.n_fitted + fitted] = f32(sum);
    sums[2u * params.n_fitted + fitted] = f32(e);
}

fn find_columns(fitted: u32, slice_group: u32) {
    var on: array<vec4<Acc>, QUADS>;
    for (var k = 0u; k < QUADS; k++) {
        on[k] = vec4<Acc>();
    }
    for (var t = 0u; t < params.n_volumes; t++) {
        let e = Acc(residual[t * params.n_fitted + fitted]);
        let row = params.at + (slice_group * params.n_volumes + t) * params.column_quads;
        for (var k = 0u; k < QUADS; k++) {
            on[k] += vec4<Acc>(operators[row + k]) * e;
        }
    }
    for (var column = 0u; column < params.other; column++) {
        sums[(params.row + column) * params.n_fitted + fitted] = f32(on[column / 4u][column % 4u]);
    }
}

fn find_pairs(fitted: u32) {
    var squares = Acc(0.0);
    var products = Acc(0.0);
    var before = Acc(0.0);
    for (var t = 0u; t < params.n_volumes; t++) {
        let e = Acc(residual[t * params.n_fitted + fitted]);
        let pair = operators[params.at + t];
        squares += Acc(pair.x) * e * e;
        products += Acc(pair.y) * before * e;
        before = e;
    }
    sums[params.row * params.n_fitted + fitted] = f32(squares);
    sums[params.other * params.n_fitted + fitted] = f32(Acc(2.0) * products);
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
    if STEP == 0u {
        find_residuals(fitted, voxels[fitted], tile.z);
    }
    if STEP == 1u {
        find_columns(fitted, tile.z);
    }
    if STEP == 2u {
        find_pairs(fitted);
    }
}
