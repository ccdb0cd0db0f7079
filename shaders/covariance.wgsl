// Covariance over time of chosen voxels: C = sum_v z_v z_v', z = s (y - mean - Q Q' (y - mean)), Q an orthonormal basis of
// what is filtered out, s = 1 or one over the standard deviation of what is left. Step 0, one thread per chosen voxel: z.
// Step 1, one thread per 4 x 4 values of a plane's C: the sum over its voxels, in stretches.
// Host: src/kernels/covariance/gpu.rs. Twin: src/kernels/covariance/cpu.rs.

alias Acc = f32; // sums; f64 where the adapter has it
const STEP: u32 = 0u; // 0 filter, 1 sum
const QUADS: u32 = 1u; // columns of Q / 4, rounded up
const STRETCH: u32 = 1024u; // chosen voxels whose products are summed before they are added to C: two levels of sums

struct Params {
    first: u32, // workgroups of this dispatch: first..end
    end: u32,
    n_volumes: u32,
    n_voxels: u32, // voxels of one volume of the block
    n_chosen: u32, // chosen voxels of the block
    unit_variance: u32, // 1: s is one over the standard deviation
    n_tiles: u32, // tiles of one plane's C
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> bold: array<f32>; // [volume][voxel]
@group(0) @binding(2) var<storage, read> voxels: array<u32>; // [chosen voxel] its voxel
@group(0) @binding(3) var<storage, read> basis: array<vec4<Acc>>; // [volume][columns of Q in fours]
@group(0) @binding(4) var<storage, read> tiles: array<vec2<u32>>; // [tile] rows and columns of C, in 32s
@group(0) @binding(5) var<storage, read> planes: array<vec2<u32>>; // [plane] the first of its chosen voxels, and their end
@group(0) @binding(6) var<storage, read_write> filtered: array<vec4<f32>>; // z, [chosen voxel][volumes in fours], 0 beyond the last
@group(0) @binding(7) var<storage, read_write> sums: array<vec4<Acc>>; // C of each plane, [plane][row][columns in fours]

fn find_filtered(chosen: u32) {
    let voxel = voxels[chosen];
    let n_quads = (params.n_volumes + 3u) / 4u;
    // The mean as differences from the first value: nothing is lost to a large baseline, and a constant voxel is 0.
    let start = Acc(bold[voxel]);
    var sum = Acc(0.0);
    for (var t = 0u; t < params.n_volumes; t++) {
        sum += Acc(bold[t * params.n_voxels + voxel]) - start;
    }
    let shift = sum / Acc(params.n_volumes);

    var weights: array<vec4<Acc>, QUADS>;
    for (var k = 0u; k < QUADS; k++) {
        weights[k] = vec4<Acc>();
    }
    for (var t = 0u; t < params.n_volumes; t++) {
        let centred = (Acc(bold[t * params.n_voxels + voxel]) - start) - shift;
        for (var k = 0u; k < QUADS; k++) {
            weights[k] += basis[t * QUADS + k] * centred;
        }
    }

    var squares = Acc(0.0);
    for (var quad = 0u; quad < n_quads; quad++) {
        var left = vec4<f32>();
        for (var place = 0u; place < 4u; place++) {
            let t = 4u * quad + place;
            if t < params.n_volumes {
                let centred = (Acc(bold[t * params.n_voxels + voxel]) - start) - shift;
                var fitted = vec4<Acc>();
                for (var k = 0u; k < QUADS; k++) {
                    fitted += basis[t * QUADS + k] * weights[k];
                }
                let rest = centred - ((fitted.x + fitted.y) + (fitted.z + fitted.w));
                left[place] = f32(rest);
                squares += rest * rest;
            }
        }
        filtered[chosen * n_quads + quad] = left;
    }
    if params.unit_variance == 1u && squares > Acc(0.0) {
        let scale = sqrt(Acc(params.n_volumes) / squares);
        for (var quad = 0u; quad < n_quads; quad++) {
            let at = chosen * n_quads + quad;
            filtered[at] = vec4<f32>(vec4<Acc>(filtered[at]) * scale);
        }
    }
}

fn add_products(plane: u32, row: u32, column: u32) {
    let n_quads = (params.n_volumes + 3u) / 4u;
    if row >= n_quads || column >= n_quads {
        return;
    }
    let of_plane = planes[plane];
    var total0 = vec4<Acc>();
    var total1 = vec4<Acc>();
    var total2 = vec4<Acc>();
    var total3 = vec4<Acc>();
    for (var start = of_plane.x; start < of_plane.y; start += STRETCH) {
        let end = min(start + STRETCH, of_plane.y);
        var sum0 = vec4<Acc>();
        var sum1 = vec4<Acc>();
        var sum2 = vec4<Acc>();
        var sum3 = vec4<Acc>();
        for (var chosen = start; chosen < end; chosen++) {
            let left = vec4<Acc>(filtered[chosen * n_quads + row]);
            let right = vec4<Acc>(filtered[chosen * n_quads + column]);
            sum0 += left.x * right;
            sum1 += left.y * right;
            sum2 += left.z * right;
            sum3 += left.w * right;
        }
        total0 += sum0;
        total1 += sum1;
        total2 += sum2;
        total3 += sum3;
    }
    let at = 4u * (plane * n_quads + row) * n_quads + column;
    sums[at] = total0;
    sums[at + n_quads] = total1;
    sums[at + 2u * n_quads] = total2;
    sums[at + 3u * n_quads] = total3;
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
    if STEP == 0u {
        let chosen = 64u * workgroup + lane;
        if chosen < params.n_chosen {
            find_filtered(chosen);
        }
    } else {
        let tile = tiles[workgroup % params.n_tiles];
        add_products(workgroup / params.n_tiles, 8u * tile.x + lane / 8u, 8u * tile.y + lane % 8u);
    }
}
