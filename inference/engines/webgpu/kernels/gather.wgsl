// Chosen values of each row: y[t, i] = x[t, ids[t, i]].
//
// step     uniform vec4<u32>: word params.count_word is T
// input    f32 [T, params.columns]
// ids      u32 [T, params.count]; at or above params.columns gives 0
// output   f32 [T, params.count]
//
// A thread a value. Workgroups: x = 64 values each, y = rows.
// Checked against TypeScript: tests/inference/engines/webgpu/kernels/choose_real_test.ts.
struct Params {
  columns: u32,
  count: u32,
  count_word: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step_counts: vec4<u32>;
@group(0) @binding(2) var<storage, read> input: array<f32>;
@group(0) @binding(3) var<storage, read> ids: array<u32>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let i = id.x * 64u + thread;
  if (i >= params.count || id.y >= step_counts[params.count_word]) {
    return;
  }
  let column = ids[id.y * params.count + i];
  let value = input[id.y * params.columns + min(column, params.columns - 1u)];
  output[id.y * params.count + i] = select(0.0, value, column < params.columns);
}
