// Slice-dependent nuisance: g = R (y - mean y), y' = y - N g, R and N those of the voxel's slice-time group, columns
// in fours. One thread per voxel; a workgroup's voxels share a group. A voxel that is not finite in some volume stays.
// Host: src/kernels/nuisance/gpu.rs. Twin: src/kernels/nuisance/cpu.rs.

alias Acc = f32; // sums; f64 where the adapter has it
const QUADS: u32 = 1u; // nuisance columns / 4, rounded up

struct Params {
    first: u32, // tiles of this dispatch: first..end
    end: u32,
    n_volumes: u32,
    n_voxels: u32, // voxels of one volume of the block
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> bold: array<f32>; // [volume][voxel]
@group(0) @binding(2) var<storage, read> tiles: array<vec4<u32>>; // [tile] first voxel, voxels, group, 0
@group(0) @binding(3) var<storage, read> operators: array<vec4<Acc>>; // [group][volume][R quads, N quads]

fn is_missing(value: f32) -> bool {
    return (bitcast<u32>(value) & 0x7f800000u) == 0x7f800000u;
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
    let voxel = tile.x + lane;
    let operator_at = tile.z * params.n_volumes * 2u * QUADS;

    // The mean, summed as differences from the first value: nothing is lost to a large baseline.
    let start = bold[voxel];
    var sum = Acc(0.0);
    var missing = false;
    for (var t = 0u; t < params.n_volumes; t++) {
        let value = bold[t * params.n_voxels + voxel];
        missing = missing || is_missing(value);
        sum += Acc(value) - Acc(start);
    }
    if missing {
        return;
    }
    let shift = sum / Acc(params.n_volumes);

    var g: array<vec4<Acc>, QUADS>;
    for (var k = 0u; k < QUADS; k++) {
        g[k] = vec4<Acc>();
    }
    for (var t = 0u; t < params.n_volumes; t++) {
        let centred = (Acc(bold[t * params.n_voxels + voxel]) - Acc(start)) - shift;
        let row = operator_at + t * 2u * QUADS;
        for (var k = 0u; k < QUADS; k++) {
            g[k] += operators[row + k] * centred;
        }
    }
    for (var t = 0u; t < params.n_volumes; t++) {
        let row = operator_at + t * 2u * QUADS + QUADS;
        var fitted = vec4<Acc>();
        for (var k = 0u; k < QUADS; k++) {
            fitted += operators[row + k] * g[k];
        }
        let at = t * params.n_voxels + voxel;
        bold[at] = f32(Acc(bold[at]) - ((fitted.x + fitted.y) + (fitted.z + fitted.w)));
    }
}
