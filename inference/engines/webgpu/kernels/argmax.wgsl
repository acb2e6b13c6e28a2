// The largest value of each row; ties go to the lower column, what is not a number never wins.
//
// step     uniform vec4<u32>: word params.count_word is T
// input    f32 [T, params.columns]
// output   vec2<u32> [T]: column, bits of the value
//
// One workgroup of 256 threads a row; no value is read twice.
// Checked against TypeScript: tests/inference/engines/webgpu/kernels/choose_real_test.ts.
struct Params {
  columns: u32,
  count_word: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step_counts: vec4<u32>;
@group(0) @binding(2) var<storage, read> input: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<vec2<u32>>;

var<workgroup> values: array<f32, 256>;
var<workgroup> columns: array<u32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let row = id.x;
  if (row >= step_counts[params.count_word]) {
    return;
  }
  var best = -3.4028234e38;
  var at = thread;
  for (var i = thread; i < params.columns; i += 256u) {
    let value = input[row * params.columns + i];
    if (value > best) {
      best = value;
      at = i;
    }
  }
  values[thread] = best;
  columns[thread] = at;
  for (var width = 128u; width > 0u; width /= 2u) {
    workgroupBarrier();
    if (thread < width) {
      let other = values[thread + width];
      let other_at = columns[thread + width];
      if (other > values[thread] || (other == values[thread] && other_at < columns[thread])) {
        values[thread] = other;
        columns[thread] = other_at;
      }
    }
  }
  if (thread == 0u) {
    output[row] = vec2<u32>(min(columns[0], params.columns - 1u), bitcast<u32>(values[0]));
  }
}
