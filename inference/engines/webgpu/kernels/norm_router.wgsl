// RMS norm of the residual stream, the router's logits of it, and where ROUTES the choice of experts, for few tokens:
//   y = x / √(mean x² + ε) · weight          logits = R · y + bias
//
// vectors  f32: weight [E] at the offset of params (in vec4)
// stream   [T, E] f32
// plain    y as [T, E] f32, where PLAIN            groups  y as [T, E / 32] groups of int8 (snippets/q8.wgsl), where GROUPS
// router   $TYPE [N, E], a part of R               logits  f32 [T, params.experts], N of them from params.first_row on
// bias     f32 [N], where BIAS
// route    vec2<u32> [T, $SLOTS]: expert, bits of its f32 weight, where ROUTES; see moe_route.wgsl
//
// Workgroups: x = blocks of $(TEAMS * ROWS) rows of R, y = tokens. Each repeats the row's mean, which costs less than
// a dispatch that does nothing else, and all of them share the writing of y. $TEAM lanes stride over a row of R; a
// lane takes $ROWS rows. Where HELD, the normed row is kept in workgroup memory. Where ROUTES, one workgroup a token
// has all rows of R, so that it can choose.
// Sources: norm.wgsl, gemv.wgsl. Checked against f64: tests/inference/engines/webgpu/kernels/experts_real_test.ts.

struct Params {
  weight: u32,
  epsilon: f32,
  rows: u32, // N of this part
  first_row: u32,
  experts: u32,
  route_scale: f32, // of the experts' weights
}

//#if GROUPS
//#include q8
//#end

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> vectors: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> stream: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> router: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read_write> router_logits: array<f32>;
@group(0) @binding(5) var<storage, read_write> plain: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> groups: array<vec4<u32>>;
//#if BIAS
@group(0) @binding(7) var<storage, read> bias: array<f32>;
//#end
//#if ROUTES
@group(0) @binding($ROUTES) var<storage, read_write> route: array<vec2<u32>>;

//#include rank_experts
//#end

const WIDTH: u32 = $WIDTH;
const BLOCKS = WIDTH / 32u;
const QUARTERS = WIDTH / 4u;
const OCTETS = WIDTH / 8u;

var<workgroup> partial: array<f32, $WG>;
//#if HELD
var<workgroup> held: array<vec4<f32>, QUARTERS>;
//#end

// Four normed values of the token whose row begins at `first`.
fn normed(first: u32, quarter: u32, scale: f32) -> vec4<f32> {
//#if HELD
  return held[quarter];
//#else
  return stream[first + quarter] * scale * vectors[params.weight + quarter];
//#end
}

//#if TYPE == BF16
fn four_bf16(a: u32, b: u32) -> vec4<f32> {
  return bitcast<vec4<f32>>(vec4<u32>(a << 16u, a & 0xffff0000u, b << 16u, b & 0xffff0000u));
}

//#end
// Eight weights times eight values.
fn dot_octet(octet: u32, lo: vec4<f32>, hi: vec4<f32>) -> f32 {
//#if TYPE == F32
  return dot(bitcast<vec4<f32>>(router[2u * octet]), lo) + dot(bitcast<vec4<f32>>(router[2u * octet + 1u]), hi);
//#end
//#if TYPE == F16
  let w = router[octet];
  return dot(vec4<f32>(unpack2x16float(w.x), unpack2x16float(w.y)), lo) +
    dot(vec4<f32>(unpack2x16float(w.z), unpack2x16float(w.w)), hi);
//#end
//#if TYPE == BF16
  let w = router[octet];
  return dot(four_bf16(w.x, w.y), lo) + dot(four_bf16(w.z, w.w), hi);
//#end
}

fn store(sum: f32, row: u32, token: u32) {
  if (row >= params.rows) {
    return;
  }
//#if BIAS
  router_logits[token * params.experts + params.first_row + row] = sum + bias[row];
//#else
  router_logits[token * params.experts + params.first_row + row] = sum;
//#end
}

@compute @workgroup_size($WG)
fn main(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) dispatched: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let token = id.y;
  let first = token * QUARTERS;
  var squares = 0.0;
  for (var quarter = thread; quarter < QUARTERS; quarter += $(WG)u) {
    let x = stream[first + quarter];
    squares += dot(x, x);
  }
  partial[thread] = squares;
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0u; i < $(WG)u; i++) {
    sum += partial[i];
  }
  let scale = inverseSqrt(sum / f32(WIDTH) + params.epsilon);
//#if HELD
  for (var quarter = thread; quarter < QUARTERS; quarter += $(WG)u) {
    held[quarter] = stream[first + quarter] * scale * vectors[params.weight + quarter];
  }
//#end
  workgroupBarrier();

//#if WRITES
  for (var block = thread * dispatched.x + id.x; block < BLOCKS; block += $(WG)u * dispatched.x) {
    var y: array<vec4<f32>, 8>;
    for (var i = 0u; i < 8u; i++) {
      y[i] = normed(first, block * 8u + i, scale);
//#if PLAIN
      plain[first + block * 8u + i] = y[i];
//#end
    }
//#if GROUPS
    let q = q8_quantise(y[0], y[1], y[2], y[3], y[4], y[5], y[6], y[7]);
    let at = token * BLOCKS * 5u + block;
    groups[at] = q.coarse_lo;
    groups[at + BLOCKS] = q.coarse_hi;
    groups[at + 2u * BLOCKS] = q.fine_lo;
    groups[at + 3u * BLOCKS] = q.fine_hi;
    groups[at + 4u * BLOCKS] = q.tail;
//#end
  }
//#end

  let lane = thread % $(TEAM)u;
  let first_row = (id.x * $(TEAMS)u + thread / $(TEAM)u) * $(ROWS)u;
  // Rows beyond the end repeat the last one; what they give is not stored.
//#for r in ROWS
  let row_$r = min(first_row + $(r)u, params.rows - 1u) * OCTETS;
  var sum_$r = 0.0;
//#end
  for (var octet = lane; octet < OCTETS; octet += $(TEAM)u) {
    let lo = normed(first, 2u * octet, scale);
    let hi = normed(first, 2u * octet + 1u, scale);
//#for r in ROWS
    sum_$r += dot_octet(row_$r + octet, lo, hi);
//#end
  }
//#if LANES
  partial[thread] = sum_0;
  workgroupBarrier();
  if (lane == 0u) {
    var total = 0.0;
    for (var i = 0u; i < $(TEAM)u; i++) {
      total += partial[thread + i];
    }
    store(total, first_row, token);
  }
//#else
//#for r in ROWS
  store(sum_$r, first_row + $(r)u, token);
//#end
//#end
//#if ROUTES
  storageBarrier();
  rank_experts(token * params.experts, thread);
  workgroupBarrier();
  for (var s = thread; s < $(SLOTS)u; s += $(WG)u) {
    let weight = expert_weight(s) * params.route_scale;
    route[token * $(SLOTS)u + s] = vec2<u32>(chosen_experts[s], bitcast<u32>(weight));
  }
//#end
}
