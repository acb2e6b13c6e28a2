// Which experts a token goes to, and how much each counts: the $SLOTS largest of $ROUTED router logits, ties to
// the lower expert, largest first.
//
// step           uniform vec4<u32>: word params.count_word is T
// router_logits  f32 [T, $ROUTED]
// route          vec2<u32> [T, $SLOTS]: expert, bits of its f32 weight
//
// The weight of a chosen expert, times params.scale:
//   softmax    its share of the softmax over all experts; where NORMALISE, of the sum of the chosen ones
//   selected   its share of the softmax over the chosen ones
//   sigmoid    the logistic function of its logit; where NORMALISE, its share of the sum of the chosen ones
//
// A workgroup a token. For prompts; a few tokens have their experts chosen on the way (gemv.wgsl, norm_router.wgsl).
// Checked against TypeScript: tests/inference/engines/webgpu/kernels/experts_real_test.ts.
struct Params {
  count_word: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step_counts: vec4<u32>;
@group(0) @binding(2) var<storage, read> router_logits: array<f32>;
@group(0) @binding(3) var<storage, read_write> route: array<vec2<u32>>;

//#include rank_experts

@compute @workgroup_size($WG)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let token = id.x;
  if (token >= step_counts[params.count_word]) {
    return;
  }
  rank_experts(token * expert_count, thread);
  workgroupBarrier();
  for (var s = thread; s < $(SLOTS)u; s += $(WG)u) {
    let weight = expert_weight(s) * params.scale;
    route[token * $(SLOTS)u + s] = vec2<u32>(chosen_experts[s], bitcast<u32>(weight));
  }
}
