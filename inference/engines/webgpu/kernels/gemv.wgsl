// Matrix times a few vectors: y[t, n] = W[n, :] . x[t, :], dequantised on the way; the weights are read once.
//
// step     uniform vec4<u32>: word params.count_word times params.count_factor is T, the number of rows of x
// weights  planes of W (weights/layout.ts), seen as words and as vec4 of words            N rows, K columns
// input    q8 activations (snippets/q8.wgsl) where Q8, else f32 [T, K]
// output   f32 [T, params.output_stride] from column params.output_column on; q8 [T, N / 2] where QUANTISE
// bias     f32 [N] of this part (all experts: [experts, N]), where BIAS
// route    (expert, bits of its f32 weight) [T, $SLOTS], where EXPERTS. Where SUMS, y[t] is the sum over the slots of
//          weight * (W[expert] x + bias); else y has a row for each pair of token and slot. Where CHOOSES, written
//          and not read: every workgroup finds its expert by `router_logits` [T, experts], see moe_route.wgsl
// second   planes of a second matrix of another type and equal K, where JOIN: "below" has its N2 rows after those of
//          the first, each workgroup with rows of one of them; "pairs" takes row i of it as row 2i + 1, and row i
//          of the first as row 2i
// GLU: rows 2i and 2i + 1 are gate and up of column i of the output. RESIDUAL: adds to what the output holds.
//
// Workgroups: x, y = blocks of rows (folded), z = blocks of $COLS rows of x (or pairs of token and slot).
// LANES, for GPUs: $TEAM lanes stride over the groups of a row, each for $ROWS rows, so that neighbours read
// neighbouring 16 bytes; sums meet in workgroup memory, or by shuffles where SHUFFLE. Otherwise, for processors
// that play a GPU: a thread walks along $ROWS whole rows and no barrier is met.
//
// Checked against f64 in TypeScript and llama.cpp's dequantised rows: tests/inference/engines/webgpu/kernels.
//#if SHUFFLE
enable subgroups;

//#end
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
  input_divisor: u32, // pairs that share a row of x
  groups: u32, // of a row of W
  quads: u32, // of values of a row of x
//#if SECOND
  plane1_second: u32,
  plane2_second: u32,
  plane3_second: u32,
  rows_second: u32,
  blocks: u32, // of the first matrix, where another is below it
//#end
//#if CHOOSES
  route_scale: f32, // of the experts' weights
//#end
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
//#if SECOND
@group(0) @binding($SECOND) var<storage, read> weights4_second: array<vec4<u32>>;
@group(0) @binding($(SECOND + 1)) var<storage, read> weights1_second: array<u32>;
//#if SECONDBIAS
@group(0) @binding($SECONDBIAS) var<storage, read> bias_second: array<f32>;
//#end
//#end
//#if EXPERTS
//#if CHOOSES
@group(0) @binding($EXPERTS) var<storage, read_write> route: array<vec2<u32>>;
@group(0) @binding($(EXPERTS + 1)) var<storage, read> router_logits: array<f32>;

//#include rank_experts
//#else
@group(0) @binding($EXPERTS) var<storage, read> route: array<vec2<u32>>;
//#end

//#if !SUMS
// Of the pair that a workgroup computes.
var<private> pair_expert: u32;
//#end
//#end

//#include decoder
//#if SECOND
//#include decoder_second
//#end
//#if GLU
//#include glu
//#end
//#if QUANTISE
//#include q8
//#end

//#if Q8
//#if LANES
fn dot16(a: vec4<u32>, b: vec4<u32>) -> i32 {
  return dot4I8Packed(a.x, b.x) + dot4I8Packed(a.y, b.y) + dot4I8Packed(a.z, b.z) + dot4I8Packed(a.w, b.w);
}

// Of 16 weights and 16 activations in their coarse and fine bytes.
fn dot16x2(w: vec4<u32>, coarse: vec4<u32>, fine: vec4<u32>) -> i32 {
  return 256 * dot16(w, coarse) + dot16(w, fine);
}
//#else
fn four_ints(word: u32) -> vec4<i32> {
  return bitcast<vec4<i32>>(vec4<u32>(word << 24u, word << 16u, word << 8u, word)) >> vec4<u32>(24u);
}
//#end
//#else
fn input_at(row: u32, i: u32, quads: u32) -> vec4<f32> {
//#if TAIL
  return select(vec4<f32>(0.0), input[row + min(i, quads - 1u)], i < quads);
//#else
  return input[row + i];
//#end
}
//#end

//#if ANY_BIAS
fn bias_of(row: u32, token: u32) -> f32 {
//#if EXPERTS
//#if SUMS
  var sum = 0.0;
  for (var slot = 0u; slot < $(SLOTS)u; slot++) {
    let pair = token * $(SLOTS)u + slot;
    let expert = route[pair].x;
    let own = expert - params.first_expert < params.expert_count;
    sum += select(0.0, bitcast<f32>(route[pair].y) * bias[expert * params.rows + row], own);
  }
  return sum;
//#else
  return bias[pair_expert * params.rows + row];
//#end
//#else
//#if SECOND
//#if JOIN == below
  let own = row;
  let is_second = row >= params.rows;
  let others = row - params.rows;
//#else
  let own = row / 2u;
  let is_second = row % 2u == 1u;
  let others = own;
//#end
  if (is_second) {
//#if SECONDBIAS
    return bias_second[others];
//#else
    return 0.0;
//#end
  }
//#if BIAS
  return bias[own];
//#else
  return 0.0;
//#end
//#else
  return bias[row];
//#end
//#end
}
//#end

fn with_bias(sum: f32, row: u32, token: u32) -> f32 {
//#if ANY_BIAS
  return (sum + bias_of(row, token)) * params.scale;
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

//#if LANES
//#if !SHUFFLE
// One row of sums a team, row of W and column: $TEAM lanes and one word against bank conflicts.
var<workgroup> sums: array<f32, $(TEAMS * ROWS * COLS * PITCH)>;
//#end
//#end
//#if QUANTISE
// The block's 32 results a column, for the one thread that quantises them.
var<workgroup> results: array<f32, $(COLS * 32)>;

fn four_results(i: u32) -> vec4<f32> {
  return vec4<f32>(results[i], results[i + 1u], results[i + 2u], results[i + 3u]);
}
//#end

@compute @workgroup_size($WG)
fn main(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) dispatched: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  // Numbers on hardware, where the loop below has few rounds and is unrolled; elsewhere kernels are for any width.
  let groups = $GROUPS;
  let quads = $QUADS;
//#if JOIN == below
  let all_blocks = id.y * dispatched.x + id.x;
  let is_second = all_blocks >= params.blocks;
  let block = select(all_blocks, all_blocks - params.blocks, is_second);
  let rows = select(params.rows, params.rows_second, is_second);
  let above = select(0u, params.rows, is_second); // rows of the matrix that this one is below
//#else
  let block = id.y * dispatched.x + id.x;
  let rows = params.rows;
  let above = 0u;
//#end
  let tokens = step_counts[params.count_word] * params.count_factor;
  let first_token = id.z * $(COLS)u;
  if (block * $(BLOCK)u >= rows || first_token >= tokens) {
    return;
  }
//#if LANES
  let team = thread / $(TEAM)u;
  let lane = thread % $(TEAM)u;
  let first_row = block * $(BLOCK)u + team * $(ROWS)u;
//#else
  let first_row = block * $(BLOCK)u + thread * $(ROWS)u;
//#end
  // Rows and tokens beyond the end repeat the last one; what they give is not stored.
//#for r in ROWS
//#if JOIN == pairs
  let row_$r = min(first_row + $(r)u, rows - 1u) / 2u;
//#else
  let row_$r = min(first_row + $(r)u, rows - 1u);
//#end
//#for c in COLS
  var total_$r_$c = 0.0;
//#end
//#end

//#if SUMS
  for (var slot = 0u; slot < $(SLOTS)u; slot++) {
    let pair = first_token * $(SLOTS)u + slot;
    let expert = route[pair].x - params.first_expert;
    if (expert >= params.expert_count) {
      continue;
    }
    let expert_row = expert * params.rows;
    let token_0 = pair / params.input_divisor;
    let share = bitcast<f32>(route[pair].y);
//#else
  {
//#if EXPERTS
    let token_0 = first_token / $(SLOTS)u;
//#if CHOOSES
    let slot = first_token % $(SLOTS)u;
    rank_experts(token_0 * expert_count, thread);
    let chosen = workgroupUniformLoad(&chosen_experts[slot]);
    if (block == 0u && params.first_expert == 0u && thread == 0u) {
      route[first_token] = vec2<u32>(chosen, bitcast<u32>(expert_weight(slot) * params.route_scale));
    }
//#else
    let chosen = route[first_token].x;
//#end
    pair_expert = chosen;
    let expert = chosen - params.first_expert;
    if (expert >= params.expert_count) {
      return; // the part that has the expert writes the row
    }
    let expert_row = expert * params.rows;
//#else
    let expert_row = 0u;
//#for c in COLS
    let token_$c = min(first_token + $(c)u, tokens - 1u);
//#end
//#end
//#end
//#for c in COLS
//#if Q8
    let input_$c = token_$c * (groups * 5u);
//#else
    let input_$c = token_$c * quads;
//#end
//#end
//#if JOIN == below
    if (is_second) {
//#include walk_second
    } else {
//#include walk
    }
//#else
//#include walk
//#if JOIN == pairs
//#include walk_second
//#end
//#end
  }

//#if LANES
//#if SHUFFLE
//#for r in ROWS
//#for c in COLS
  for (var s = 1u; s < $(TEAM)u; s *= 2u) {
    total_$r_$c += subgroupShuffleXor(total_$r_$c, s);
  }
//#end
//#end
//#else
//#for r in ROWS
//#for c in COLS
  sums[((team * $(ROWS)u + $(r)u) * $(COLS)u + $(c)u) * $(PITCH)u + lane] = total_$r_$c;
//#end
//#end
  workgroupBarrier();
//#end
//#end
//#if GATHER
  // Each thread finishes some of the block's results.
  for (var i = thread; i < $(OUTPUTS * COLS)u; i += $(WG)u) {
    let c = i % $(COLS)u;
    let token = first_token + c;
//#if GLU
    let row = 2u * (i / $(COLS)u);
    var gate = 0.0;
    var up = 0.0;
    for (var lane_ = 0u; lane_ < $(TEAM)u; lane_++) {
      gate += sums[(row * $(COLS)u + c) * $(PITCH)u + lane_];
      up += sums[((row + 1u) * $(COLS)u + c) * $(PITCH)u + lane_];
    }
    let n = block * $(BLOCK)u + row;
    if (n < rows && token < tokens) {
      let value = gated(with_bias(gate, n, token), with_bias(up, n + 1u, token));
//#if QUANTISE
      results[c * 32u + row / 2u] = value;
//#else
      store(value, n / 2u, token);
//#end
    }
//#else
    let row = i / $(COLS)u;
    var sum = 0.0;
    for (var lane_ = 0u; lane_ < $(TEAM)u; lane_++) {
      sum += sums[(row * $(COLS)u + c) * $(PITCH)u + lane_];
    }
    let n = block * $(BLOCK)u + row;
    if (n < rows && token < tokens) {
      store(with_bias(sum, above + n, token), above + n, token);
    }
//#end
  }
//#else
//#if SHUFFLE
  if (lane == 0u) {
//#else
  {
//#end
//#for c in COLS
//#if GLU
//#for p in PAIRS
    if (first_row + $(p * 2)u < rows && first_token + $(c)u < tokens) {
      let n = first_row + $(p * 2)u;
      let token = first_token + $(c)u;
      let value = gated(with_bias(total_$(p * 2)_$c, n, token), with_bias(total_$(p * 2 + 1)_$c, n + 1u, token));
//#if QUANTISE
      results[$(c * 32)u + (n - block * $(BLOCK)u) / 2u] = value;
//#else
      store(value, n / 2u, token);
//#end
    }
//#end
//#else
//#for r in ROWS
    if (first_row + $(r)u < rows && first_token + $(c)u < tokens) {
      let n = above + first_row + $(r)u;
      store(with_bias(total_$r_$c, n, first_token + $(c)u), n, first_token + $(c)u);
    }
//#end
//#end
//#end
  }
//#end
//#if QUANTISE
  workgroupBarrier();
  if (thread < $(COLS)u && first_token + thread < tokens) {
    let at = thread * 32u;
    let q = q8_quantise(
      four_results(at), four_results(at + 4u), four_results(at + 8u), four_results(at + 12u),
      four_results(at + 16u), four_results(at + 20u), four_results(at + 24u), four_results(at + 28u),
    );
    let stride = params.output_stride; // groups of a row of the output
    let to = (first_token + thread) * stride * 5u + params.output_column + block;
    output[to] = q.coarse_lo;
    output[to + stride] = q.coarse_hi;
    output[to + 2u * stride] = q.fine_lo;
    output[to + 3u * stride] = q.fine_hi;
    output[to + 4u * stride] = q.tail;
  }
//#end
}
