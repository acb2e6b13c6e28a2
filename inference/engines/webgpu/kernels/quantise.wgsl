// Floats to int8 activations, in the layout of snippets/q8.wgsl.
//
// step     uniform vec4<u32>: word params.count_word is T
// input    f32 [T, 32 * params.groups]
// output   q8 [T, 32 * params.groups]
//
// A thread takes a group of 32. Workgroups: x = 64 groups each, y = rows of x.
// Checked against the same arithmetic in TypeScript: tests/inference/engines/webgpu/kernels/quantise_real_test.ts.
struct Params {
  groups: u32, // of a row
  count_word: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step_counts: vec4<u32>;
@group(0) @binding(2) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> output: array<vec4<u32>>;

//#include q8

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = id.x * 64u + thread;
  if (group >= params.groups || id.y >= step_counts[params.count_word]) {
    return;
  }
  let at = id.y * params.groups + group;
  let first = at * 8u;
  let to = id.y * params.groups * 5u + group;
  let q = q8_quantise(
    input[first], input[first + 1u], input[first + 2u], input[first + 3u],
    input[first + 4u], input[first + 5u], input[first + 6u], input[first + 7u],
  );
  output[to] = q.coarse_lo;
  output[to + params.groups] = q.coarse_hi;
  output[to + 2u * params.groups] = q.fine_lo;
  output[to + 3u * params.groups] = q.fine_hi;
  output[to + 4u * params.groups] = q.tail;
}
