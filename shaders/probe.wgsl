// How the adapter's arithmetic behaves: whether the error term of two_sum survives the compiler, plain and behind a
// zero that it cannot see; whether fma() is fused and a * b + c contracted; whether 70,000 iterations of a loop are
// run; whether sums in Acc have the precision of f64. One thread per pair.
// Host: src/gpu/probe.rs.

alias Acc = f32; // f64 where the adapter has it

struct Params {
    first: u32,
    end: u32,
    n_pairs: u32,
    n_iterations: u32,
    n_additions: u32,
    zero: u32, // 0, unknown to the compiler
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> pairs: array<vec4<f32>>; // [pair] a, b, -(a * b) rounded, 0
@group(0) @binding(2) var<storage, read_write> findings: array<vec4<f32>>; // [pair] two_sum, guarded, fma, a * b + c
@group(0) @binding(3) var<storage, read_write> counts: array<u32>; // iterations run; of the additions of 2^-40 to 1, those that Acc kept

fn opaque_f32(x: f32) -> f32 {
    return bitcast<f32>(bitcast<u32>(x) ^ params.zero);
}

fn two_sum_error(a: f32, b: f32) -> f32 {
    let sum = a + b;
    let virtual_b = sum - a;
    return (a - (sum - virtual_b)) + (b - virtual_b);
}

fn guarded_two_sum_error(a: f32, b: f32) -> f32 {
    let sum = opaque_f32(a + b);
    let virtual_b = opaque_f32(sum - a);
    return (a - opaque_f32(sum - virtual_b)) + (b - virtual_b);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let at = (params.first + group.x) * 64u + lane;
    if at >= params.n_pairs {
        return;
    }
    let pair = pairs[at];
    findings[at] = vec4<f32>(
        two_sum_error(pair.x, pair.y),
        guarded_two_sum_error(pair.x, pair.y),
        fma(pair.x, pair.y, pair.z),
        pair.x * pair.y + pair.z,
    );
    if at == 0u {
        // First, for the long loop below may leave no iterations to run.
        let tiny = Acc(opaque_f32(9.094947e-13)); // 2^-40
        var sum = Acc(1.0);
        for (var n = 0u; n < params.n_additions; n++) {
            sum += tiny;
        }
        counts[1] = u32(f32((sum - Acc(1.0)) * Acc(1099511627776.0)));
        var count = 0u;
        for (var n = 0u; n < params.n_iterations; n++) {
            count += 1u + (params.zero & n);
        }
        counts[0] = count;
    }
}
