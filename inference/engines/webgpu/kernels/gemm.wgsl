// Matrix times matrix for prompts: y[t, n] = W[n, :] . x[t, :], in tiles of 64 rows of W by 64 rows of x.
//
// step, weights, input, output, bias: as in gemv.wgsl
// tiles    vec4<u32>: (expert, first, count, 0) of each tile, where EXPERTS; moe_sort.wgsl makes them
// sorted   u32: pairs of token and slot, sorted by expert; a tile takes those of [first, first + count). The row
//          of x of a pair is pair / params.input_divisor, that of y is pair
//
// 128 threads. For each 32 columns of W, 64 threads dequantise a group of one row each and 64 fetch the group of
// one row of x; then each thread multiplies 4 rows of W by 8 of x. Where Q8 all stay int8, 4 products an
// instruction; else f32, swizzled so that lanes that write or read side by side meet no bank twice.
// Workgroups: x, y = tiles of W (folded), z = tiles of x. Workgroup memory: 16 KiB (f32), 9 KiB (Q8).
//
// Tiling after the register-blocked kernels of llama.cpp's ggml-webgpu and CUTLASS.
// Checked against f64 in TypeScript and llama.cpp's dequantised rows: tests/inference/engines/webgpu/kernels.
struct Params {
  plane1: u32,
  plane2: u32,
  plane3: u32,
  rows: u32, // N of this part; of one expert where EXPERTS
  count_word: u32,
  count_factor: u32,
  output_stride: u32, // in values; in groups of 32 where QUANTISE
  output_column: u32,
  scale: f32, // of the result, before the residual
  first_expert: u32,
  expert_count: u32,
  input_divisor: u32,
  groups: u32, // of a row of W
  quads: u32, // of values of a row of x
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step_counts: vec4<u32>;
@group(0) @binding(2) var<storage, read> weights4: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> weights1: array<u32>;
//#if Q8
@group(0) @binding(4) var<storage, read> input: array<vec4<u32>>;
//#else
@group(0) @binding(4) var<storage, read> input: array<vec4<f32>>;
//#end
//#if QUANTISE
@group(0) @binding(5) var<storage, read_write> output: array<vec4<u32>>;
//#else
@group(0) @binding(5) var<storage, read_write> output: array<f32>;
//#end
//#if BIAS
@group(0) @binding($BIAS) var<storage, read> bias: array<f32>;
//#end
//#if EXPERTS
@group(0) @binding($EXPERTS) var<storage, read> tiles: array<vec4<u32>>;
@group(0) @binding($SORTED) var<storage, read> sorted: array<u32>;
//#end

//#include weights
//#if GLU
//#include glu
//#end
//#if QUANTISE
//#include q8
//#end

//#if Q8
var<workgroup> w_lo: array<vec4<u32>, 64>;
var<workgroup> w_hi: array<vec4<u32>, 64>;
var<workgroup> w_scale: array<vec4<f32>, 64>; // scale and offset of the two halves
var<workgroup> x_lo: array<vec4<u32>, 64>;
var<workgroup> x_hi: array<vec4<u32>, 64>;
var<workgroup> x_fine_lo: array<vec4<u32>, 64>;
var<workgroup> x_fine_hi: array<vec4<u32>, 64>;
var<workgroup> x_scale: array<vec4<f32>, 64>; // d, d * sum of each half

fn dot16(a: vec4<u32>, b: vec4<u32>) -> i32 {
  return dot4I8Packed(a.x, b.x) + dot4I8Packed(a.y, b.y) + dot4I8Packed(a.z, b.z) + dot4I8Packed(a.w, b.w);
}

// Of 16 weights and 16 activations in their coarse and fine bytes.
fn dot16x2(w: vec4<u32>, coarse: vec4<u32>, fine: vec4<u32>) -> i32 {
  return 256 * dot16(w, coarse) + dot16(w, fine);
}
//#else
var<workgroup> w_tile: array<vec4<f32>, 512>; // [64 rows, 8 quads], the quad's place xored with the row
var<workgroup> x_tile: array<vec4<f32>, 512>;

fn place(row: u32, quad: u32) -> u32 {
  return row * 8u + (quad ^ ((row >> $(SWIZZLE)u) & 7u));
}

fn x_place(row: u32, quad: u32) -> u32 {
  return row * 8u + (quad ^ (row & 7u));
}

fn input_at(row: u32, i: u32) -> vec4<f32> {
//#if TAIL
  return select(vec4<f32>(0.0), input[row + min(i, params.quads - 1u)], i < params.quads);
//#else
  return input[row + i];
//#end
}
//#end
//#if QUANTISE
// 32 results of each of 16 rows of y at a time, for the threads that quantise them.
var<workgroup> results: array<f32, 512>;

fn four_results(i: u32) -> vec4<f32> {
  return vec4<f32>(results[i], results[i + 1u], results[i + 2u], results[i + 3u]);
}
//#end

fn finish(sum: f32, row: u32, expert: u32) -> f32 {
//#if BIAS
//#if EXPERTS
  return (sum + bias[expert * params.rows + min(row, params.rows - 1u)]) * params.scale;
//#else
  return (sum + bias[min(row, params.rows - 1u)]) * params.scale;
//#end
//#else
  return sum * params.scale;
//#end
}

//#if !QUANTISE
fn store(value: f32, column: u32, token: u32) {
  let at = token * params.output_stride + params.output_column + column;
//#if RESIDUAL
  output[at] += value;
//#else
  output[at] = value;
//#end
}
//#end

@compute @workgroup_size(128)
fn main(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) dispatched: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let groups = params.groups;
  let first_row = (id.y * dispatched.x + id.x) * 64u;
//#if EXPERTS
  let tile = tiles[id.z];
  let first = tile.y;
  let count = tile.z;
  let expert = tile.x;
  if (first_row >= params.rows || count == 0u || expert - params.first_expert >= params.expert_count) {
    return;
  }
  let expert_row = (expert - params.first_expert) * params.rows;
//#else
  let tokens = step_counts[params.count_word] * params.count_factor;
  let first = id.z * 64u;
  let expert = 0u;
  let expert_row = 0u;
  if (first_row >= params.rows || first >= tokens) {
    return;
  }
  let count = min(64u, tokens - first);
//#end
  let loads_weights = thread < 64u;
  let lane = thread & 63u;
  // Rows beyond the end repeat the last one; what they give is not stored.
  let own_row = (expert_row + min(first_row + lane, params.rows - 1u)) * groups;
//#if EXPERTS
  let own_token = sorted[first + min(lane, count - 1u)] / params.input_divisor;
//#else
  let own_token = first + min(lane, count - 1u);
//#end
//#if Q8
  let own_input = own_token * (groups * 5u);
//#else
  let own_input = own_token * params.quads;
//#end
  let lx = thread % 16u;
  let ly = thread / 16u;
//#for i in 4
//#for j in 8
  var sum_$i_$j = 0.0;
//#end
//#end

  for (var g = 0u; g < groups; g++) {
    if (loads_weights) {
//#if Q8
      let w = weight_group(own_row + g);
      w_lo[lane] = w.lo;
      w_hi[lane] = w.hi;
      w_scale[lane] = vec4<f32>(w.scale, w.offset);
//#else
      let w = weight_values(own_row + g);
//#for k in 8
      w_tile[place(lane, $(k)u)] = w.v$k;
//#end
//#end
    } else {
//#if Q8
      x_lo[lane] = input[own_input + g];
      x_hi[lane] = input[own_input + groups + g];
      x_fine_lo[lane] = input[own_input + 2u * groups + g];
      x_fine_hi[lane] = input[own_input + 3u * groups + g];
      let tail = input[own_input + 4u * groups + g];
      let d = bitcast<f32>(tail.x);
      x_scale[lane] = vec4<f32>(
        d,
        d * f32(bitcast<i32>(tail.y)),
        d * f32(bitcast<i32>(tail.z)),
        0.0,
      );
//#else
//#for k in 8
      x_tile[x_place(lane, $(k)u)] = input_at(own_input, g * 8u + $(k)u);
//#end
//#end
    }
    workgroupBarrier();
//#if Q8
//#for i in 4
    let r_$i = $ROW;
    let wl_$i = w_lo[r_$i];
    let wh_$i = w_hi[r_$i];
    let ws_$i = w_scale[r_$i];
//#end
//#for j in 8
    let xl_$j = x_lo[ly + $(j * 8)u];
    let xh_$j = x_hi[ly + $(j * 8)u];
    let fl_$j = x_fine_lo[ly + $(j * 8)u];
    let fh_$j = x_fine_hi[ly + $(j * 8)u];
    let xs_$j = x_scale[ly + $(j * 8)u];
//#for i in 4
//#if HALVES
    sum_$i_$j += xs_$j.x * (ws_$i.x * f32(dot16x2(wl_$i, xl_$j, fl_$j)) + ws_$i.y * f32(dot16x2(wh_$i, xh_$j, fh_$j))) +
      ws_$i.z * xs_$j.y + ws_$i.w * xs_$j.z;
//#else
//#if OFFSET
    sum_$i_$j += xs_$j.x * ws_$i.x * f32(dot16x2(wl_$i, xl_$j, fl_$j) + dot16x2(wh_$i, xh_$j, fh_$j)) + ws_$i.z * (xs_$j.y + xs_$j.z);
//#else
    sum_$i_$j += xs_$j.x * ws_$i.x * f32(dot16x2(wl_$i, xl_$j, fl_$j) + dot16x2(wh_$i, xh_$j, fh_$j));
//#end
//#end
//#end
//#end
//#else
    for (var k = 0u; k < 8u; k++) {
//#for i in 4
      let w_$i = w_tile[place($ROW, k)];
//#end
//#for j in 8
      let x_$j = x_tile[x_place(ly + $(j * 8)u, k)];
//#for i in 4
      sum_$i_$j += dot(w_$i, x_$j);
//#end
//#end
    }
//#end
    workgroupBarrier();
  }

//#if QUANTISE
  // Two rows of y a thread at a time: 16 rows of 32 results.
//#for h in 4
//#for q in 2
//#for p in 2
  results[(ly * 2u + $(q)u) * 32u + lx + $(p * 16)u] = gated(
    finish(sum_$(p * 2)_$(h * 2 + q), first_row + 2u * lx + $(p * 32)u, expert),
    finish(sum_$(p * 2 + 1)_$(h * 2 + q), first_row + 2u * lx + $(p * 32 + 1)u, expert),
  );
//#end
//#end
  workgroupBarrier();
  if (thread < 16u) {
    let n = (thread / 2u) + $(h * 16)u + (thread & 1u) * 8u;
    if (n < count) {
      let at = thread * 32u;
      let q = q8_quantise(
        four_results(at), four_results(at + 4u), four_results(at + 8u), four_results(at + 12u),
        four_results(at + 16u), four_results(at + 20u), four_results(at + 24u), four_results(at + 28u),
      );
//#if EXPERTS
      let token = sorted[first + n];
//#else
      let token = first + n;
//#end
      let stride = params.output_stride; // groups of a row of the output
      let to = token * stride * 5u + params.output_column + first_row / 64u;
      output[to] = q.coarse_lo;
      output[to + stride] = q.coarse_hi;
      output[to + 2u * stride] = q.fine_lo;
      output[to + 3u * stride] = q.fine_hi;
      output[to + 4u * stride] = q.tail;
    }
  }
  workgroupBarrier();
//#end
//#else
//#for j in 8
  if (ly + $(j * 8)u < count) {
//#if EXPERTS
    let token = sorted[first + ly + $(j * 8)u];
//#else
    let token = first + ly + $(j * 8)u;
//#end
//#if GLU
//#for p in 2
    if (first_row + 2u * lx + $(p * 32)u < params.rows) {
      let row = first_row + 2u * lx + $(p * 32)u;
      store(gated(finish(sum_$(p * 2)_$j, row, expert), finish(sum_$(p * 2 + 1)_$j, row + 1u, expert)), row / 2u, token);
    }
//#end
//#else
//#for i in 4
    if (first_row + lx + $(i * 16)u < params.rows) {
      let row = first_row + lx + $(i * 16)u;
      store(finish(sum_$i_$j, row, expert), row, token);
    }
//#end
//#end
  }
//#end
//#end
}
