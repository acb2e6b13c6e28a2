// The gate of a feed-forward layer: y = act(g) · u, with act by KIND
//   0: silu(g) = g · σ(g)     1: gelu(g), the tanh form     2: gpt-oss: g' = min(g, 7), u' = clamp(u, -7, 7):
//      y = g' · σ(1.702 · g') · (u' + 1)
//
// For gates and ups of different types; others leave the product gated already (gemv.wgsl).
// gate_up [rows, 2 · WIDTH] f32: g, then u
// plain   y as [rows, WIDTH] f32                  groups  y as [rows, WIDTH / 32] groups of int8 (snippets/q8.wgsl)
// rows = T · PER_TOKEN, T from step. A thread holds 32 elements.
// Sources: GLU variants (arXiv 2002.05202); the third is gpt-oss's own.

//#include q8

@group(0) @binding(1) var<uniform> step: vec4<u32>;
@group(0) @binding(2) var<storage, read> gate_up: array<f32>;
@group(0) @binding(3) var<storage, read_write> plain: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> groups: array<vec4<u32>>;

const WIDTH: u32 = $WIDTH;
const KIND: u32 = $KIND;
const PER_TOKEN: u32 = $(PER_TOKEN);
const PLAIN: bool = $PLAIN;
const GROUPS: bool = $GROUPS;
const THREADS: u32 = $THREADS;

const BLOCKS = WIDTH / 32u;

fn sigmoid(x: f32) -> f32 {
  return 1.0 / (1.0 + exp(-x));
}

fn gated(g: f32, u: f32) -> f32 {
  if (KIND == 0u) {
    return g * sigmoid(g) * u;
  }
  if (KIND == 1u) {
    // tanh(y) as 1 - 2 / (exp(2 y) + 1), which has no overflow that matters
    let y = 0.7978845608 * g * (1.0 + 0.044715 * g * g);
    return 0.5 * g * (2.0 - 2.0 / (exp(min(2.0 * y, 80.0)) + 1.0)) * u;
  }
  let limited = min(g, 7.0);
  return limited * sigmoid(1.702 * limited) * (clamp(u, -7.0, 7.0) + 1.0);
}

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) count: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let item = (group.y * count.x + group.x) * THREADS + thread;
  let row = item / BLOCKS;
  let block = item % BLOCKS;
  if (row >= step.x * PER_TOKEN) {
    return;
  }
  var y: array<vec4<f32>, 8>;
  for (var n = 0u; n < 8u; n++) {
    for (var c = 0u; c < 4u; c++) {
      let i = block * 32u + n * 4u + c;
      let at = row * 2u * WIDTH + i;
      y[n][c] = gated(gate_up[at], gate_up[at + WIDTH]);
    }
    if (PLAIN) {
      plain[row * (WIDTH / 4u) + block * 8u + n] = y[n];
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
