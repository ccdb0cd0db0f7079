// Contrasts: effect = w H g + c (w pinv(X) 1) with g and H of glm.wgsl, variance = sigma2 w (X'X)^+ w', t = effect / sqrt(variance),
// F = |root effect|^2 / (n_roots sigma2) with root' root = (C (X'X)^+ C')^+. Zero variance gives 0. One thread per
// fitted voxel; a workgroup's voxels share a slice-time group.
// Host: src/kernels/contrast/gpu.rs. Twin: src/kernels/contrast/cpu.rs.

alias Acc = f32; // sums; f64 where the adapter has it
const STEP: u32 = 0u; // 0 t, 1 F

struct Params {
    first: u32, // tiles of this dispatch: first..end
    end: u32,
    n_fitted: u32, // voxels fitted
    n_columns: u32, // of U
    n_rows: u32,
    n_roots: u32,
    weights_at: u32, // where this contrast begins in `weights`, in `scalars`,
    scalars_at: u32,
    stat_at: u32, // and in `maps` its statistic, and its effects
    maps_at: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> tiles: array<vec4<u32>>; // [tile] first fitted voxel, voxels, group, 0
@group(0) @binding(2) var<storage, read> on_basis: array<f32>; // [column of U][fitted voxel] g
@group(0) @binding(3) var<storage, read> centre: array<f32>; // [fitted voxel] c
@group(0) @binding(4) var<storage, read> sigma2: array<f32>; // [fitted voxel]
@group(0) @binding(5) var<storage, read> weights: array<f32>; // of each contrast [group][row][column of U] w H
@group(0) @binding(6) var<storage, read> scalars: array<f32>; // of each contrast [group]: [row] w pinv(X) 1, [row] w (X'X)^+ w', [root][row] root
@group(0) @binding(7) var<storage, read_write> maps: array<f32>; // [contrast] stat, then of each [row] effect, [row] variance; all [fitted voxel]

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
    let n_rows = params.n_rows;
    let weights_at = params.weights_at + tile.z * n_rows * params.n_columns;
    let scalars_at = params.scalars_at + tile.z * n_rows * (2u + params.n_roots);
    let c = Acc(centre[fitted]);
    let noise = Acc(sigma2[fitted]);
    var stat = Acc(0.0);
    for (var row = 0u; row < n_rows; row++) {
        var effect = c * Acc(scalars[scalars_at + row]);
        for (var column = 0u; column < params.n_columns; column++) {
            effect += Acc(weights[weights_at + row * params.n_columns + column])
                * Acc(on_basis[column * params.n_fitted + fitted]);
        }
        let variance = noise * Acc(scalars[scalars_at + n_rows + row]);
        maps[params.maps_at + row * params.n_fitted + fitted] = f32(effect);
        maps[params.maps_at + (n_rows + row) * params.n_fitted + fitted] = f32(variance);
        if STEP == 0u && variance > Acc(0.0) {
            stat = effect / sqrt(variance);
        }
    }
    if STEP == 1u && noise > Acc(0.0) {
        var sum = Acc(0.0);
        for (var k = 0u; k < params.n_roots; k++) {
            var part = Acc(0.0);
            for (var row = 0u; row < n_rows; row++) {
                part += Acc(scalars[scalars_at + (2u + k) * n_rows + row])
                    * Acc(maps[params.maps_at + row * params.n_fitted + fitted]);
            }
            sum += part * part;
        }
        stat = sum / (Acc(params.n_roots) * noise);
    }
    maps[params.stat_at + fitted] = f32(stat);
}
