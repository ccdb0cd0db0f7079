// Covariance over time of chosen voxels: C = sum_v z_v z_v', z = s (y - mean - Q Q' (y - mean)), Q an orthonormal basis of
// what is filtered out, s = 1 or one over the standard deviation of what is left. Step 0, one thread per chosen voxel: z.
// Step 1, one thread per 4 x 4 values of C: the sum over a stretch of voxels.
// Host: src/kernels/covariance/gpu.rs. Twin: src/kernels/covariance/cpu.rs.

alias Acc = f32; // sums; f64 where the adapter has it
const STEP: u32 = 0u; // 0 filter, 1 sum
const QUADS: u32 = 1u; // columns of Q / 4, rounded up

struct Params {
    first: u32, // workgroups of this dispatch: first..end
    end: u32,
    n_volumes: u32,
    n_voxels: u32, // voxels of one volume of the block
    first_chosen: u32, // the plane's chosen voxels: first_chosen..first_chosen + n_chosen of `voxels`
    n_chosen: u32,
    unit_variance: u32, // 1: s is one over the standard deviation
    stretch_start: u32, // step 1: of the plane's chosen voxels stretch_start..stretch_end
    stretch_end: u32,
    is_first: u32, // step 1: the sums begin with this stretch
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> bold: array<f32>; // [volume][voxel]
@group(0) @binding(2) var<storage, read> voxels: array<u32>; // [chosen voxel] its voxel
@group(0) @binding(3) var<storage, read> basis: array<vec4<Acc>>; // [volume][columns of Q in fours]
@group(0) @binding(4) var<storage, read> tiles: array<vec2<u32>>; // [workgroup] rows and columns of C, in 32s
@group(0) @binding(5) var<storage, read_write> filtered: array<vec4<f32>>; // z, [the plane's chosen voxel][volumes in fours], 0 beyond the last
@group(0) @binding(6) var<storage, read_write> sums: array<vec4<Acc>>; // C, [row][columns in fours]

fn find_filtered(chosen: u32) {
    let voxel = voxels[params.first_chosen + chosen];
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

fn add_products(row: u32, column: u32) {
    let n_quads = (params.n_volumes + 3u) / 4u;
    if row >= n_quads || column >= n_quads {
        return;
    }
    var sum0 = vec4<Acc>();
    var sum1 = vec4<Acc>();
    var sum2 = vec4<Acc>();
    var sum3 = vec4<Acc>();
    for (var chosen = params.stretch_start; chosen < params.stretch_end; chosen++) {
        let left = vec4<Acc>(filtered[chosen * n_quads + row]);
        let right = vec4<Acc>(filtered[chosen * n_quads + column]);
        sum0 += left.x * right;
        sum1 += left.y * right;
        sum2 += left.z * right;
        sum3 += left.w * right;
    }
    let at = 4u * row * n_quads + column;
    if params.is_first == 0u {
        sum0 += sums[at];
        sum1 += sums[at + n_quads];
        sum2 += sums[at + 2u * n_quads];
        sum3 += sums[at + 3u * n_quads];
    }
    sums[at] = sum0;
    sums[at + n_quads] = sum1;
    sums[at + 2u * n_quads] = sum2;
    sums[at + 3u * n_quads] = sum3;
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
        let tile = tiles[workgroup];
        add_products(8u * tile.x + lane / 8u, 8u * tile.y + lane % 8u);
    }
}
