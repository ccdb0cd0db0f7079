// Sums over pairs of region and voxel: S = sum (y_t - y_0) over the voxels of a row, y_0 the voxel's value in the first volume. One thread per row
// and volume.
// Host: src/kernels/pairs/gpu.rs. Twin: src/kernels/pairs/cpu.rs.

alias Acc = f32; // sums; f64 where the adapter has it

struct Params {
    first: u32, // workgroups of this dispatch: first..end
    end: u32,
    n_volumes: u32,
    n_voxels: u32, // voxels of one volume of the block
    n_rows: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> bold: array<f32>; // y, [volume][voxel]
@group(0) @binding(2) var<storage, read> starts: array<u32>; // [row + 1] where it begins among the voxels
@group(0) @binding(3) var<storage, read> voxels: array<u32>; // a row behind the other
@group(0) @binding(4) var<storage, read_write> sums: array<Acc>; // S, [row][volume]

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
    let of_a_row = (params.n_volumes + 63u) / 64u;
    let row = workgroup / of_a_row;
    let volume = 64u * (workgroup % of_a_row) + lane;
    if row >= params.n_rows || volume >= params.n_volumes {
        return;
    }
    var sum = Acc(0.0);
    for (var at = starts[row]; at < starts[row + 1u]; at++) {
        let voxel = voxels[at];
        sum += Acc(bold[volume * params.n_voxels + voxel]) - Acc(bold[voxel]);
    }
    sums[row * params.n_volumes + volume] = sum;
}
