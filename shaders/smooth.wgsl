// Gaussian smoothing, one axis a dispatch: y'(v) = sum_d w(|d|) y(v + d) / sum_d w(|d|), d over the distances that
// stay inside the volume. One thread per value.
// Where voxels are missing (not finite) or lie outside a mask, the ratio smooth(u y) / smooth(u) of the same passes,
// u = 1 where a voxel counts and 0 elsewhere: FILL writes u y, MARK writes u, DIVIDE the ratio.
// The block is f32, what lies between the passes is Acc: the result is rounded once.
// Host: src/kernels/smooth/gpu.rs. Twin: src/kernels/smooth/cpu.rs.

alias Acc = f32; // sums; f64 where the adapter has it
alias In = f32; // an element of `values`: f32 of the block, Acc between passes
alias Out = f32; // an element of `result`, likewise
const STEP: u32 = 0u; // 0 one axis, 1 fill, 2 mark, 3 divide

struct Params {
    first: u32, // workgroups of this dispatch: first..end
    end: u32,
    n_values: u32, // values written
    values_at: u32, // where the first one lies in `values`
    result_at: u32, // and in `result`
    axis_len: u32, // voxels along the axis
    axis_stride: u32, // values from one to the next
    table_at: u32, // where the axis begins in `table`
    radius: u32, // the largest distance with a weight, in voxels
    n_voxels: u32, // voxels of one volume of the block
    n_divisors: u32, // values in `divisor`: those of one volume, or of each
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> values: array<In>; // [volume][plane][j][i]
@group(0) @binding(2) var<storage, read_write> result: array<Out>; // [volume][plane][j][i]
@group(0) @binding(3) var<storage, read> table: array<Acc>; // an axis: [distance] w, then [position] 1 / sum w
@group(0) @binding(4) var<storage, read> within: array<u32>; // [voxel / 32], one bit a voxel: counts
@group(0) @binding(5) var<storage, read> divisor: array<Acc>; // smooth(u), [volume][voxel] or [voxel]

// By the exponent's bits: a compiler may assume that NaN does not occur.
fn is_missing(value: f32) -> bool {
    return (bitcast<u32>(value) & 0x7f800000u) == 0x7f800000u;
}

fn is_within(voxel: u32) -> bool {
    return ((within[voxel / 32u] >> (voxel % 32u)) & 1u) == 1u;
}

fn smooth_axis(at: u32) -> Acc {
    let position = at / params.axis_stride % params.axis_len;
    let here = params.values_at + at;
    var sum = table[params.table_at] * Acc(values[here]);
    for (var d = 1u; d <= params.radius; d++) {
        let weight = table[params.table_at + d];
        let step = d * params.axis_stride;
        if position >= d {
            sum += weight * Acc(values[here - step]);
        }
        if position + d < params.axis_len {
            sum += weight * Acc(values[here + step]);
        }
    }
    return sum * table[params.table_at + params.radius + 1u + position];
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = params.first + group.y * groups.x + group.x;
    let at = workgroup * 256u + lane;
    if workgroup >= params.end || at >= params.n_values {
        return;
    }
    if STEP == 0u {
        result[params.result_at + at] = Out(smooth_axis(at));
        return;
    }
    let voxel = at % params.n_voxels;
    if STEP == 3u {
        if !is_within(voxel) {
            result[params.result_at + at] = Out(0.0);
        } else if !is_missing(f32(result[params.result_at + at])) {
            let sum = Acc(values[params.values_at + at]);
            result[params.result_at + at] = Out(sum / divisor[at % params.n_divisors]);
        }
        return;
    }
    let value = values[params.values_at + at];
    let counts = is_within(voxel) && !is_missing(f32(value));
    if STEP == 1u {
        result[params.result_at + at] = select(Out(0.0), Out(value), counts);
    } else {
        result[params.result_at + at] = select(Out(0.0), Out(1.0), counts);
    }
}
