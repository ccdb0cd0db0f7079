// What a run's changes from volume to volume are made of. Step 0, one thread per chosen voxel: its quartiles, by halving the range of keys
// that are ordered as values are. Step 1, one thread per chosen voxel: sum d^2, and sum (y_t - y_(t-1))^2 + d_0^2 + d_(n-1)^2, d = y - mean y,
// which is 2 (1 - r) sum d^2, r the autocorrelation at lag 1. Step 2, one thread per volume and stretch of chosen voxels: sums over these of y
// and (y_t - y_(t-1))^2. Voxels whose quartiles are equal count nowhere.
// Host: src/kernels/dvars/gpu.rs. Twin: src/kernels/dvars/cpu.rs.

alias Acc = f32; // sums; f64 where the adapter has it
const STEP: u32 = 0u; // 0 quartiles, 1 series, 2 volumes
const STRETCH: u32 = 64u; // chosen voxels a thread of step 2

struct Params {
    first: u32, // workgroups of this dispatch: first..end
    end: u32,
    n_volumes: u32,
    n_voxels: u32, // voxels of one volume of the block
    n_chosen: u32, // chosen voxels of the block
    first_bit: u32, // STEP 0: bits first_bit..first_bit + n_bits of the quartiles' keys, the highest first
    n_bits: u32,
    lower: u32, // STEP 0: where the quartiles stand among n_volumes sorted values
    upper: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> bold: array<f32>; // y, [volume][voxel]
@group(0) @binding(2) var<storage, read> voxels: array<u32>; // [chosen voxel] its voxel
@group(0) @binding(3) var<storage, read_write> quartiles: array<vec2<u32>>; // keys, [chosen voxel]
@group(0) @binding(4) var<storage, read_write> series: array<vec2<f32>>; // [chosen voxel]
@group(0) @binding(5) var<storage, read_write> sums: array<vec2<Acc>>; // of y and of squared changes, [volume][stretch][lane]

// Keys are ordered as values are; both zeros have one.
fn key_of(value: f32) -> u32 {
    let bits = bitcast<u32>(value);
    if (bits & 0x7fffffffu) == 0u {
        return 0x80000000u;
    }
    return select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}

fn find_quartiles(chosen: u32) {
    let voxel = voxels[chosen];
    // The largest keys below which no more values lie than before the quartiles.
    var found = vec2<u32>();
    if params.first_bit > 0u {
        found = quartiles[chosen];
    }
    for (var bit = params.first_bit; bit < params.first_bit + params.n_bits; bit++) {
        let larger = found | vec2<u32>(1u << (31u - bit));
        var below = vec2<u32>();
        for (var t = 0u; t < params.n_volumes; t++) {
            let key = key_of(bold[t * params.n_voxels + voxel]);
            below += select(vec2<u32>(), vec2<u32>(1u), vec2<u32>(key) < larger);
        }
        found = select(found, larger, below <= vec2<u32>(params.lower, params.upper));
    }
    quartiles[chosen] = found;
}

fn find_series(chosen: u32) {
    let voxel = voxels[chosen];
    // The mean as differences from the first value: nothing is lost to a large baseline.
    let start = Acc(bold[voxel]);
    var sum = Acc(0.0);
    for (var t = 0u; t < params.n_volumes; t++) {
        sum += Acc(bold[t * params.n_voxels + voxel]) - start;
    }
    let shift = sum / Acc(params.n_volumes);
    var squares = Acc(0.0);
    var changes = shift * shift;
    var before = -shift;
    for (var t = 0u; t < params.n_volumes; t++) {
        let d = (Acc(bold[t * params.n_voxels + voxel]) - start) - shift;
        squares += d * d;
        changes += (d - before) * (d - before);
        before = d;
    }
    changes += before * before;
    series[chosen] = vec2<f32>(f32(squares), f32(changes));
}

fn find_volume(volume: u32, stretch: u32, lane: u32, n_stretches: u32) {
    let row = volume * params.n_voxels;
    let row_before = select(row, row - params.n_voxels, volume > 0u);
    var sum = vec2<Acc>();
    for (var k = 0u; k < STRETCH; k++) {
        let chosen = (stretch * STRETCH + k) * 64u + lane;
        if chosen < params.n_chosen {
            let of_voxel = quartiles[chosen];
            if of_voxel.x != of_voxel.y {
                let voxel = voxels[chosen];
                let value = Acc(bold[row + voxel]);
                let change = value - Acc(bold[row_before + voxel]);
                sum += vec2<Acc>(value, change * change);
            }
        }
    }
    sums[(volume * n_stretches + stretch) * 64u + lane] = sum;
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
    if STEP == 2u {
        let n_stretches = (params.n_chosen + 64u * STRETCH - 1u) / (64u * STRETCH);
        find_volume(workgroup / n_stretches, workgroup % n_stretches, lane, n_stretches);
        return;
    }
    let chosen = 64u * workgroup + lane;
    if chosen >= params.n_chosen {
        return;
    }
    if STEP == 0u {
        find_quartiles(chosen);
    } else {
        find_series(chosen);
    }
}
