// Scores of rearranged unit residuals u: g = (P' Xe)' u, h = (P' Q)' u, s = g / sqrt(1 - |h|^2) for t,
// |g| / sqrt(1 - |h|^2) for F; their extremes over the voxels, counts a voxel of those at least as extreme as the
// observed one, and t or F. A workgroup takes 64 voxels and goes through 64 rearrangements at a time, both in parts of 16 rows in
// workgroup memory; one thread per 4 voxels x 4 rearrangements of these.
// Before that, where rearrangements are sign flips by (seed, number) alone, one thread per row x rearrangement draws its sign (Philox4x32-10,
// Salmon et al. 2011) and makes its operators.
// Host: src/kernels/rearranged/gpu.rs. Twin: src/kernels/rearranged/cpu.rs.

const WANTED: u32 = 0u; // 1 counts, 2 statistics, 3 both, 4 the observed scores, 0 extremes alone; 5 draws operators, 6 words

struct Params {
    first: u32, // workgroups of this dispatch: first..end
    end: u32,
    n_rows: u32,
    n_voxels: u32,
    n_quads: u32, // voxels in fours, up to whole workgroups
    n_rearrangements: u32,
    n_columns: u32, // of Xe and Q
    q: u32, // of Xe
    has_sign: u32, // 1 for t, 0 for F
    from_tile: u32, // rearrangements of this dispatch, in 64s
    end_tile: u32,
    slack: f32,
    root: f32, // sqrt(dof) for t, dof / q for F
    seed_low: u32, // of what is drawn
    seed_high: u32,
    from_low: u32, // number of the first rearrangement
    from_high: u32,
    purpose: u32,
    block: u32, // of the first word, in fours
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> unit: array<vec4<f32>>; // u, [row][voxels in fours], 0 beyond the last
@group(0) @binding(2) var<storage, read> operators: array<vec4<f32>>; // P' Xe, P' Q: [64 rearrangements][column][row][16 fours of rearrangements]; to draw them: the word of each row, then Xe, Q: [column][row]
@group(0) @binding(3) var<storage, read_write> observed: array<vec4<f32>>; // scores of the identity, [voxels in fours]
@group(0) @binding(4) var<storage, read_write> counts: array<vec4<u32>>; // above, below, beyond, beneath: [4][voxels in fours]
@group(0) @binding(5) var<storage, read_write> extremes: array<atomic<u32>>; // ordered words of the largest score and of minus the smallest, [2][rearrangement]
@group(0) @binding(6) var<storage, read_write> statistics: array<f32>; // t or F, [rearrangement][voxel]
@group(0) @binding(7) var<storage, read_write> drawn: array<u32>; // the bits of operators, or words: [number][word]

const OUTSIDE = 4.0; // beyond any score
const LEAST_LEFT = 5.9604645e-8; // 1 - s^2 below this is rounding

var<workgroup> some_unit: array<vec4<f32>, 256>; // [16 rows][voxels in fours]
var<workgroup> some_operators: array<vec4<f32>, 256>; // [16 rows][rearrangements in fours]
var<workgroup> largest: array<atomic<u32>, 128>; // [2][rearrangement]
var<workgroup> tally: array<atomic<u32>, 256>; // [4][voxel]

// Larger for larger values.
fn ordered(value: f32) -> u32 {
    let bits = bitcast<u32>(value);
    return select(bits | 0x80000000u, ~bits, (bits >> 31u) == 1u);
}

fn stat(s: vec4<f32>) -> vec4<f32> {
    let left = max(vec4<f32>(1.0) - s * s, vec4<f32>(LEAST_LEFT));
    if params.has_sign == 1u {
        return s * params.root / sqrt(left);
    }
    return s * s * params.root / left;
}

fn note_extremes(place: u32, voxel: u32, s: vec4<f32>) {
    let here = vec4<u32>(voxel, voxel + 1u, voxel + 2u, voxel + 3u) < vec4<u32>(params.n_voxels);
    let high = select(vec4<f32>(-OUTSIDE), s, here);
    let low = select(vec4<f32>(-OUTSIDE), -s, here);
    atomicMax(&largest[place], ordered(max(max(high.x, high.y), max(high.z, high.w))));
    atomicMax(&largest[64u + place], ordered(max(max(low.x, low.y), max(low.z, low.w))));
}

fn write_statistics(rearrangement: u32, voxel: u32, s: vec4<f32>) {
    let value = stat(s);
    for (var place = 0u; place < 4u; place++) {
        if voxel + place < params.n_voxels {
            statistics[rearrangement * params.n_voxels + voxel + place] = value[place];
        }
    }
}

// The upper half of a product, by halves of 16 bits: each sum below 2^32.
fn upper(a: u32, b: u32) -> u32 {
    let low = (a & 0xffffu) * (b & 0xffffu);
    let first = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
    let second = (a & 0xffffu) * (b >> 16u) + (first & 0xffffu);
    return (a >> 16u) * (b >> 16u) + (first >> 16u) + (second >> 16u);
}

// Ten rounds of Philox4x32.
fn philox(counter: vec4<u32>, key: vec2<u32>) -> vec4<u32> {
    var c = counter;
    var k = key;
    for (var turn = 0u; turn < 10u; turn++) {
        let high0 = upper(c.x, 0xD2511F53u);
        let high1 = upper(c.z, 0xCD9E8D57u);
        c = vec4<u32>(high1 ^ c.y ^ k.x, c.z * 0xCD9E8D57u, high0 ^ c.w ^ k.y, c.x * 0xD2511F53u);
        k += vec2<u32>(0x9E3779B9u, 0xBB67AE85u);
    }
    return c;
}

// A word of the number that is `at` behind the first one.
fn word(at: u32, place: u32) -> u32 {
    let low = params.from_low + at;
    let high = params.from_high + select(0u, 1u, low < at);
    let counter = vec4<u32>(low, high, params.block + place / 4u, params.purpose);
    let four = philox(counter, vec2<u32>(params.seed_low, params.seed_high));
    return four[place % 4u];
}

// Row and rearrangement: its operators, bit 31 of the row's word its sign; number 0 changes none.
fn draw(thread: u32) {
    let n_rows = params.n_rows;
    let at = 64u * (thread / (64u * n_rows)) + thread % 64u;
    let row = thread / 64u % n_rows;
    if at >= 64u * params.end_tile {
        return;
    }
    let is_first = at == 0u && params.from_low == 0u && params.from_high == 0u;
    let drawn_sign = word(at, u32(operators[row / 4u][row % 4u])) & 0x80000000u;
    let sign = select(drawn_sign, 0u, is_first);
    for (var column = 0u; column < params.n_columns; column++) {
        let plain = n_rows * (1u + column) + row;
        let bits = bitcast<u32>(operators[plain / 4u][plain % 4u]) ^ sign;
        let to = ((at / 64u * params.n_columns + column) * n_rows + row) * 64u + at % 64u;
        drawn[to] = select(0u, bits, at < params.n_rearrangements);
    }
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = params.first + group.y * groups.x + group.x;
    if workgroup >= params.end {
        return;
    }
    if WANTED == 5u {
        draw(256u * workgroup + lane);
        return;
    }
    if WANTED == 6u {
        let thread = 256u * workgroup + lane;
        if thread < params.n_rearrangements * params.n_rows {
            drawn[thread] = word(thread / params.n_rows, thread % params.n_rows);
        }
        return;
    }
    let own_voxels = lane % 16u;
    let own_rearrangements = lane / 16u;
    let quad = 16u * workgroup + own_voxels;
    let voxel = 4u * quad;
    var near = vec4<f32>();
    var far = vec4<f32>();
    if WANTED == 1u || WANTED == 3u {
        let score = abs(observed[quad]);
        near = score - params.slack;
        far = score + params.slack;
    }
    atomicStore(&tally[lane], 0u);
    var above = vec4<u32>();
    var below = vec4<u32>();
    var beyond = vec4<u32>();
    var beneath = vec4<u32>();
    let floor = f32(params.n_rows) * LEAST_LEFT;

    for (var tile = params.from_tile; tile < params.end_tile; tile++) {
        var effect: array<vec4<f32>, 4>;
        var nuisance: array<vec4<f32>, 4>;
        effect = array<vec4<f32>, 4>();
        nuisance = array<vec4<f32>, 4>();
        for (var column = 0u; column < params.n_columns; column++) {
            var sum0 = vec4<f32>();
            var sum1 = vec4<f32>();
            var sum2 = vec4<f32>();
            var sum3 = vec4<f32>();
            for (var start = 0u; start < params.n_rows; start += 16u) {
                let row = start + lane / 16u;
                var here = vec4<f32>();
                var weights = vec4<f32>();
                if row < params.n_rows {
                    here = unit[row * params.n_quads + 16u * workgroup + lane % 16u];
                    let at = (tile * params.n_columns + column) * params.n_rows + row;
                    weights = operators[16u * at + lane % 16u];
                }
                workgroupBarrier();
                some_unit[lane] = here;
                some_operators[lane] = weights;
                workgroupBarrier();
                for (var k = 0u; k < 16u; k++) {
                    let u = some_unit[16u * k + own_voxels];
                    let w = some_operators[16u * k + own_rearrangements];
                    sum0 += w.x * u;
                    sum1 += w.y * u;
                    sum2 += w.z * u;
                    sum3 += w.w * u;
                }
            }
            if params.has_sign == 1u && column == 0u {
                effect = array<vec4<f32>, 4>(sum0, sum1, sum2, sum3);
            } else if column < params.q {
                effect[0] += sum0 * sum0;
                effect[1] += sum1 * sum1;
                effect[2] += sum2 * sum2;
                effect[3] += sum3 * sum3;
            } else {
                nuisance[0] += sum0 * sum0;
                nuisance[1] += sum1 * sum1;
                nuisance[2] += sum2 * sum2;
                nuisance[3] += sum3 * sum3;
            }
        }
        if lane < 128u {
            atomicStore(&largest[lane], 0u);
        }
        workgroupBarrier();
        for (var k = 0u; k < 4u; k++) {
            let place = 4u * own_rearrangements + k;
            let rearrangement = 64u * tile + place;
            var s = effect[k];
            if params.n_columns > 1u || params.has_sign == 0u {
                let left = max(vec4<f32>(1.0) - nuisance[k], vec4<f32>(floor));
                if params.has_sign == 1u {
                    s = clamp(s / sqrt(left), vec4<f32>(-1.0), vec4<f32>(1.0));
                } else {
                    s = min(sqrt(s / left), vec4<f32>(1.0));
                }
            }
            if rearrangement < params.n_rearrangements {
                note_extremes(place, voxel, s);
                if WANTED == 1u || WANTED == 3u {
                    above += select(vec4<u32>(), vec4<u32>(1u), s >= near);
                    below += select(vec4<u32>(), vec4<u32>(1u), -s >= near);
                    beyond += select(vec4<u32>(), vec4<u32>(1u), s > far);
                    beneath += select(vec4<u32>(), vec4<u32>(1u), -s > far);
                }
                if WANTED == 2u || WANTED == 3u {
                    write_statistics(rearrangement, voxel, s);
                }
                if WANTED == 4u {
                    observed[quad] = s;
                }
            }
        }
        workgroupBarrier();
        let rearrangement = 64u * tile + lane % 64u;
        if lane < 128u && rearrangement < params.n_rearrangements {
            let at = (lane / 64u) * params.n_rearrangements + rearrangement;
            atomicMax(&extremes[at], atomicLoad(&largest[lane]));
        }
    }

    if WANTED == 1u || WANTED == 3u {
        for (var place = 0u; place < 4u; place++) {
            let at = 4u * own_voxels + place;
            atomicAdd(&tally[at], above[place]);
            atomicAdd(&tally[64u + at], below[place]);
            atomicAdd(&tally[128u + at], beyond[place]);
            atomicAdd(&tally[192u + at], beneath[place]);
        }
        workgroupBarrier();
        if lane < 64u {
            let which = lane / 16u;
            let at = 64u * which + 4u * (lane % 16u);
            let sum = vec4<u32>(
                atomicLoad(&tally[at]),
                atomicLoad(&tally[at + 1u]),
                atomicLoad(&tally[at + 2u]),
                atomicLoad(&tally[at + 3u]),
            );
            counts[which * params.n_quads + 16u * workgroup + lane % 16u] += sum;
        }
    }
}
