// The $K largest values of each row, largest first; ties go to the lower column.
//
// step     uniform vec4<u32>: word params.count_word is T
// input    f32 [T, params.columns]; where PAIRS (column, bits of the value) [T, params.columns], as written by the
//          first stage: columns of 0xffffffff are empty
// output   vec2<u32> [T, slices, $K]: column, bits of the value; (0xffffffff, 0) where a slice has fewer
//
// A workgroup finds the $K-th largest of a slice of params.slice values without sorting them: it counts values by
// eleven bits of their order at a time, from the top, and narrows down to one value; where more are equal to it
// than fit, by the bits of their columns. Then it collects what is not less, and sorts that.
// Workgroups: x = slices, y = rows. Workgroup memory: 11 KiB.
//
// Radix selection after Alabi et al., Fast k-selection algorithms for graphics processing units (2012).
// Checked against TypeScript: tests/inference/engines/webgpu/kernels/choose_real_test.ts.
struct Params {
  columns: u32,
  slice: u32,
  count_word: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step_counts: vec4<u32>;
//#if PAIRS
@group(0) @binding(2) var<storage, read> input: array<vec2<u32>>;
//#else
@group(0) @binding(2) var<storage, read> input: array<f32>;
//#end
@group(0) @binding(3) var<storage, read_write> output: array<vec2<u32>>;

const k = $(K)u;
const empty = 0xffffffffu;
const last_column = 0x3fffffu; // columns are counted in 22 bits

var<workgroup> histogram: array<atomic<u32>, 2048>;
var<workgroup> counts: array<u32, 256>;
var<workgroup> found_bin: u32;
var<workgroup> found_above: u32; // values in the bins above
var<workgroup> found_inside: u32; // values in the bin
var<workgroup> collected: atomic<u32>;
var<workgroup> best: array<vec2<u32>, $PADDED>; // (order, column)

struct Candidate {
  order: u32, // grows with the value; 0 for what is empty or not a number
  column: u32,
}

fn order_of(bits: u32) -> u32 {
  let number = (bits & 0x7fffffffu) <= 0x7f800000u;
  return select(0u, select(bits | 0x80000000u, ~bits, (bits >> 31u) == 1u), number);
}

fn bits_of(order: u32) -> u32 {
  return select(~order, order & 0x7fffffffu, (order >> 31u) == 1u);
}

fn candidate(row: u32, i: u32) -> Candidate {
//#if PAIRS
  let pair = input[row * params.columns + i];
  return Candidate(select(order_of(pair.y), 0u, pair.x == empty), pair.x);
//#else
  return Candidate(order_of(bitcast<u32>(input[row * params.columns + i])), i);
//#end
}

// True when a comes after b.
fn after(a: vec2<u32>, b: vec2<u32>) -> bool {
  return a.x < b.x || (a.x == b.x && a.y > b.y);
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) dispatched: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let row = id.y;
  let start = id.x * params.slice;
  let end = min(start + params.slice, params.columns);
  if (row >= step_counts[params.count_word] || start >= end) {
    return;
  }
  // What is known of the k-th largest: bits of its order, then bits of its column counted from the last one.
  var order = 0u;
  var order_mask = 0u;
  var place = 0u;
  var place_mask = 0u;
  var wanted = min(k, end - start);
  for (var round = 0u; round < 5u; round++) {
    let by_place = round >= 3u;
    // 11, 11 and 10 bits of the order; 11 and 11 of the column.
    let shift = array<u32, 5>(21u, 10u, 0u, 11u, 0u)[round];
    let mask = select(2047u, 1023u, round == 2u);
    for (var bin = thread; bin < 2048u; bin += 256u) {
      atomicStore(&histogram[bin], 0u);
    }
    workgroupBarrier();
    for (var i = start + thread; i < end; i += 256u) {
      let c = candidate(row, i);
      let c_place = last_column - min(c.column, last_column);
      if ((c.order & order_mask) == order && (c_place & place_mask) == place) {
        atomicAdd(&histogram[(select(c.order, c_place, by_place) >> shift) & mask], 1u);
      }
    }
    workgroupBarrier();
    // Each thread has eight bins, the first thread the highest ones; the sums are scanned.
    let highest = 2047u - thread * 8u;
    var own = 0u;
    for (var b = 0u; b < 8u; b++) {
      own += atomicLoad(&histogram[highest - b]);
    }
    counts[thread] = own;
    for (var distance = 1u; distance < 256u; distance *= 2u) {
      workgroupBarrier();
      let before = select(0u, counts[max(thread, distance) - distance], thread >= distance);
      workgroupBarrier();
      counts[thread] += before;
    }
    var above = counts[thread] - own;
    if (above < wanted && counts[thread] >= wanted) {
      for (var b = 0u; b < 8u; b++) {
        let inside = atomicLoad(&histogram[highest - b]);
        if (above < wanted && above + inside >= wanted) {
          found_bin = highest - b;
          found_above = above;
          found_inside = inside;
        }
        above += inside;
      }
    }
    workgroupBarrier();
    let bin = workgroupUniformLoad(&found_bin);
    wanted -= workgroupUniformLoad(&found_above);
    if (by_place) {
      place |= bin << shift;
      place_mask |= mask << shift;
    } else {
      order |= bin << shift;
      order_mask |= mask << shift;
    }
    // All that are equal so far are taken: nothing more to tell apart.
    if (workgroupUniformLoad(&found_inside) == wanted) {
      break;
    }
  }

  for (var i = thread; i < $(PADDED)u; i += 256u) {
    best[i] = vec2<u32>(0u, empty);
  }
  if (thread == 0u) {
    atomicStore(&collected, 0u);
  }
  workgroupBarrier();
  for (var i = start + thread; i < end; i += 256u) {
    let c = candidate(row, i);
    let c_place = last_column - min(c.column, last_column);
    let known = c.order & order_mask;
    if (known > order || (known == order && (c_place & place_mask) >= place)) {
      let slot = atomicAdd(&collected, 1u);
      if (slot < $(PADDED)u) {
        best[slot] = vec2<u32>(c.order, c.column);
      }
    }
  }
  workgroupBarrier();
  for (var size = 2u; size <= $(PADDED)u; size *= 2u) {
    for (var distance = size / 2u; distance > 0u; distance /= 2u) {
      let partner = thread ^ distance;
      if (thread < $(PADDED)u && partner > thread) {
        let a = best[thread];
        let b = best[partner];
        if (after(a, b) == ((thread & size) == 0u)) {
          best[thread] = b;
          best[partner] = a;
        }
      }
      workgroupBarrier();
    }
  }
  for (var i = thread; i < k; i += 256u) {
    let found = best[i];
    let is_empty = found.y == empty || found.x == 0u;
    let pair = select(vec2<u32>(found.y, bits_of(found.x)), vec2<u32>(empty, 0u), is_empty);
    output[(row * dispatched.x + id.x) * k + i] = pair;
  }
}
