// The results of a token's experts, weighted and added: y[t, n] = sum over slots of weight * x[t, slot, n].
//
// step     uniform vec4<u32>: word params.count_word is T
// route    vec2<u32> [T, $SLOTS]: expert, bits of its f32 weight
// input    f32 [T, $SLOTS, params.columns]
// output   f32 [T, params.columns]; added to where RESIDUAL
//
// A thread a value. Workgroups: x = 64 columns each, y = tokens.
// Checked against TypeScript: tests/inference/engines/webgpu/kernels/experts_real_test.ts.
struct Params {
  columns: u32,
  count_word: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step_counts: vec4<u32>;
@group(0) @binding(2) var<storage, read> route: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read> input: array<f32>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let column = id.x * 64u + thread;
  if (column >= params.columns || id.y >= step_counts[params.count_word]) {
    return;
  }
  var sum = 0.0;
  for (var slot = 0u; slot < $(SLOTS)u; slot++) {
    let pair = id.y * $(SLOTS)u + slot;
    sum += bitcast<f32>(route[pair].y) * input[pair * params.columns + column];
  }
//#if RESIDUAL
  output[id.y * params.columns + column] += sum;
//#else
  output[id.y * params.columns + column] = sum;
//#end
}
