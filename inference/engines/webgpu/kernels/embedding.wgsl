// Rows of a table, dequantised: y[t, :] = scale * W[ids[t], :].
//
// step     uniform vec4<u32>: word params.count_word is T
// weights  planes of W (weights/layout.ts), rows [first_row, first_row + rows) of the table
// ids      u32 [T]; those outside of this part are left to its other parts
// output   f32 [T, K]
//
// A thread dequantises a group of 32. Workgroups: x = 64 groups each, y = tokens.
// Checked against llama.cpp's dequantised rows: tests/inference/engines/webgpu/kernels/embedding_real_test.ts.
struct Params {
  plane1: u32,
  plane2: u32,
  plane3: u32,
  first_row: u32,
  rows: u32,
  count_word: u32,
  scale: f32,
  groups: u32, // of a row
  quads: u32, // of values of a row of the output
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step_counts: vec4<u32>;
@group(0) @binding(2) var<storage, read> weights4: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> weights1: array<u32>;
@group(0) @binding(4) var<storage, read> ids: array<u32>;
@group(0) @binding(5) var<storage, read_write> output: array<vec4<f32>>;

//#include weights

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = id.x * 64u + thread;
  let token = id.y;
  if (group >= params.groups || token >= step_counts[params.count_word]) {
    return;
  }
  let row = ids[token] - params.first_row;
  if (row >= params.rows) {
    return;
  }
  let w = weight_values(row * params.groups + group);
//#for k in 8
//#if TAIL
  if (group * 8u + $(k)u < params.quads) {
    output[token * params.quads + group * 8u + $(k)u] = params.scale * w.v$k;
  }
//#else
  output[token * params.quads + group * 8u + $(k)u] = params.scale * w.v$k;
//#end
//#end
}
