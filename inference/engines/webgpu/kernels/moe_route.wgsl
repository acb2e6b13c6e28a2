// Which experts a token goes to, and how much each counts: the $SLOTS largest of $EXPERTS router logits, ties to the
// lower expert, largest first.
//
// step     uniform vec4<u32>: word params.count_word is T
// input    f32 [T, $EXPERTS] router logits
// output   vec2<u32> [T, $SLOTS]: expert, bits of its f32 weight
//
// The weight of a chosen expert, times params.scale:
//   softmax    its share of the softmax over all experts; where NORMALISE, of the sum of the chosen ones
//   selected   its share of the softmax over the chosen ones
//   sigmoid    the logistic function of its logit; where NORMALISE, its share of the sum of the chosen ones
//
// A workgroup a token: each thread ranks experts by counting those that come before.
// Checked against TypeScript: tests/inference/engines/webgpu/kernels/experts_real_test.ts.
struct Params {
  count_word: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step_counts: vec4<u32>;
@group(0) @binding(2) var<storage, read> input: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<vec2<u32>>;

const experts = $(EXPERTS)u;
const slots = $(SLOTS)u;

var<workgroup> logits: array<f32, $EXPERTS>;
var<workgroup> chosen: array<u32, $SLOTS>;

// The unnormalised weight of a logit; `largest` keeps exponentials finite.
fn raw_weight(logit: f32, largest: f32) -> f32 {
//#if GATING == sigmoid
  return 1.0 / (1.0 + exp(min(-logit, 80.0)));
//#else
  return exp(logit - largest);
//#end
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let token = id.x;
  if (token >= step_counts[params.count_word]) {
    return;
  }
  for (var e = thread; e < experts; e += 64u) {
    logits[e] = input[token * experts + e];
  }
  workgroupBarrier();
  for (var e = thread; e < experts; e += 64u) {
    let own = logits[e];
    var rank = 0u;
    for (var other = 0u; other < experts; other++) {
      let logit = logits[other];
      rank += select(0u, 1u, logit > own || (logit == own && other < e));
    }
    if (rank < slots) {
      chosen[rank] = e;
    }
  }
  workgroupBarrier();
  let largest = logits[chosen[0]];
  var sum = 0.0;
//#if SUM == all
  for (var e = 0u; e < experts; e++) {
    sum += raw_weight(logits[e], largest);
  }
//#end
//#if SUM == chosen
  for (var s = 0u; s < slots; s++) {
    sum += raw_weight(logits[chosen[s]], largest);
  }
//#end
//#if SUM == none
  sum = 1.0;
//#end
  for (var s = thread; s < slots; s += 64u) {
    let expert = chosen[s];
    let weight = raw_weight(logits[expert], largest) / sum * params.scale;
    output[token * slots + s] = vec2<u32>(expert, bitcast<u32>(weight));
  }
}
