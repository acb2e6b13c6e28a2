// Joins the parts of split attention and divides by the softmax's sum:
//   m = max over parts (and the head's sink), y = Σ exp(m_i - m) · part_i / (Σ exp(m_i - m) · l_i + exp(sink - m))
//
// parts [rows · splits, HEADS, D] f32, sums [rows · splits, HEADS] (m, l): attention.wgsl, attention_tile.wgsl
// vectors f32: sinks [HEADS] from params.sinks on, in floats
// plain   y as [T, HEADS · D] f32                 groups  y as [T, HEADS · D / 32] groups of int8 (snippets/q8.wgsl)
// Elements of a head stand in turned order only in queries and keys; values, and so y, are in the model's order.
// One workgroup a row. Sinks: gpt-oss.

//#include q8

struct Params {
  sinks: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step: vec4<u32>;
@group(0) @binding(2) var<storage, read> vectors: array<f32>;
@group(0) @binding(3) var<storage, read> parts: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> sums: array<vec2<f32>>;
@group(0) @binding(5) var<storage, read_write> plain: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> groups: array<vec4<u32>>;

const HEADS: u32 = $HEADS;
const D: u32 = $D;
const THREADS: u32 = $THREADS;
const SINKS: bool = $SINKS;
const PLAIN: bool = $PLAIN;
const GROUPS: bool = $GROUPS;

const QUARTERS = D / 4u;
const BLOCKS = HEADS * D / 32u;

// of each head: the common peak, and one over the sum
var<workgroup> joined: array<vec2<f32>, HEADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let row = group.x;
  let single = step.z;
  let splits = select(1u, step.w, row < single);
  let first = select(single * step.w + row - single, row * splits, row < single);
  for (var head = thread; head < HEADS; head += THREADS) {
    var peak = -3.0e38f;
    if (SINKS) {
      peak = vectors[params.sinks + head];
    }
    for (var i = 0u; i < splits; i++) {
      peak = max(peak, sums[(first + i) * HEADS + head].x);
    }
    var total = 0.0;
    if (SINKS) {
      total = exp(vectors[params.sinks + head] - peak);
    }
    for (var i = 0u; i < splits; i++) {
      let sum = sums[(first + i) * HEADS + head];
      total += sum.y * exp(sum.x - peak);
    }
    joined[head] = vec2f(peak, 1.0 / total);
  }
  workgroupBarrier();
  for (var block = thread; block < BLOCKS; block += THREADS) {
    var y: array<vec4<f32>, 8>;
    for (var n = 0u; n < 8u; n++) {
      let quarter = block * 8u + n;
      let head = quarter / QUARTERS;
      var sum = vec4f(0.0);
      for (var i = 0u; i < splits; i++) {
        let weight = exp(sums[(first + i) * HEADS + head].x - joined[head].x) * joined[head].y;
        sum += weight * parts[(first + i) * HEADS * QUARTERS + quarter];
      }
      y[n] = sum;
      if (PLAIN) {
        plain[row * HEADS * QUARTERS + quarter] = sum;
      }
    }
    if (GROUPS) {
      let q = q8_quantise(y[0], y[1], y[2], y[3], y[4], y[5], y[6], y[7]);
      let at = row * BLOCKS * 5u + block;
      groups[at] = q.coarse_lo;
      groups[at + BLOCKS] = q.coarse_hi;
      groups[at + 2u * BLOCKS] = q.fine_lo;
      groups[at + 3u * BLOCKS] = q.fine_hi;
      groups[at + 4u * BLOCKS] = q.tail;
    }
  }
}
