// RMS norm of the residual stream, after what is still to be added to it:
//   x = x + scale · branch / √(mean branch² + ε) · post         where ADD
//   y = x / √(mean x² + ε) · weight
//
// stream  [T, E] f32, read and written           branch [T, E] f32
// vectors f32: weight, post [E], at the offsets of params (in vec4)
// batch   what the rows are (batch_layout.ts)
// plain   y as [rows, E] f32                      groups y as [rows, E / 32] groups of int8 (snippets/q8.wgsl)
// rows    = T, or the wanted ones where GATHER.
// One workgroup a row; a thread holds whole groups of 32. Sums meet in workgroup memory (no subgroups needed).
// Sources: Zhang and Sennrich, arXiv 1910.07467. Checked against an f64 reference and llama.cpp's logits.

struct Params {
  weight: u32,
  post: u32,
  scale: f32,
  epsilon: f32,
  // word of `batch` at which the wanted rows stand
  wanted: u32,
}

//#include q8

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> vectors: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> stream: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> branch: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> plain: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> groups: array<vec4<u32>>;

const WIDTH: u32 = $WIDTH;
const THREADS: u32 = $THREADS;
const ADD: bool = $ADD;
const GATHER: bool = $GATHER;
const PLAIN: bool = $PLAIN;
const GROUPS: bool = $GROUPS;

const BLOCKS = WIDTH / 32u;
const QUARTERS = WIDTH / 4u;

var<workgroup> partial: array<f32, THREADS>;

fn sum_of_all(mine: f32, thread: u32) -> f32 {
  workgroupBarrier();
  partial[thread] = mine;
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0u; i < THREADS; i++) {
    sum += partial[i];
  }
  return sum;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  var row = group.x;
  if (GATHER) {
    row = batch[params.wanted + group.x];
  }
  var factor = params.scale;
  if (ADD) {
    var squares = 0.0;
    for (var block = thread; block < BLOCKS; block += THREADS) {
      for (var i = 0u; i < 8u; i++) {
        let b = branch[row * QUARTERS + block * 8u + i];
        squares += dot(b, b);
      }
    }
    factor *= inverseSqrt(sum_of_all(squares, thread) / f32(WIDTH) + params.epsilon);
  }
  var squares = 0.0;
  for (var block = thread; block < BLOCKS; block += THREADS) {
    for (var i = 0u; i < 8u; i++) {
      let quarter = block * 8u + i;
      var x = stream[row * QUARTERS + quarter];
      if (ADD) {
        x += branch[row * QUARTERS + quarter] * factor * vectors[params.post + quarter];
        stream[row * QUARTERS + quarter] = x;
      }
      squares += dot(x, x);
    }
  }
  let scale = inverseSqrt(sum_of_all(squares, thread) / f32(WIDTH) + params.epsilon);
  for (var block = thread; block < BLOCKS; block += THREADS) {
    var y: array<vec4<f32>, 8>;
    for (var i = 0u; i < 8u; i++) {
      let quarter = block * 8u + i;
      y[i] = stream[row * QUARTERS + quarter] * scale * vectors[params.weight + quarter];
      if (PLAIN) {
        plain[group.x * QUARTERS + quarter] = y[i];
      }
    }
    if (GROUPS) {
      let q = q8_quantise(y[0], y[1], y[2], y[3], y[4], y[5], y[6], y[7]);
      let at = group.x * BLOCKS * 5u + block;
      groups[at] = q.coarse_lo;
      groups[at + BLOCKS] = q.coarse_hi;
      groups[at + 2u * BLOCKS] = q.fine_lo;
      groups[at + 3u * BLOCKS] = q.fine_hi;
      groups[at + 4u * BLOCKS] = q.tail;
    }
  }
}
