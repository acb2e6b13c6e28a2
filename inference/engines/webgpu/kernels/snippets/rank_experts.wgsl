// The $SLOTS largest of a token's $ROUTED router logits, ties to the lower expert, largest first: found by all
// threads of a workgroup, each of which ranks experts by counting those that come before.
const expert_count = $(ROUTED)u;
const expert_quads = (expert_count + 3u) / 4u;

var<workgroup> expert_logits: array<vec4<f32>, expert_quads>;
var<workgroup> chosen_experts: array<u32, $SLOTS>;

// Of expert e of the token whose logits begin at `first`; the lowest there is beyond the last expert.
fn logit_of(first: u32, e: u32) -> f32 {
  return select(-3.4e38, router_logits[first + min(e, expert_count - 1u)], e < expert_count);
}

// Fills `chosen_experts`; other threads see them after a barrier.
fn rank_experts(first: u32, thread: u32) {
  for (var q = thread; q < expert_quads; q += $(WG)u) {
    let e = 4u * q;
    expert_logits[q] = vec4<f32>(
      logit_of(first, e), logit_of(first, e + 1u), logit_of(first, e + 2u), logit_of(first, e + 3u),
    );
  }
  workgroupBarrier();
  for (var e = thread; e < expert_count; e += $(WG)u) {
    let own = vec4<f32>(expert_logits[e / 4u][e % 4u]);
    var ranks = vec4<u32>(0u);
    for (var q = 0u; q < expert_quads; q++) {
      let others = expert_logits[q];
      let lower = 4u * q + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(e);
      ranks += select(vec4<u32>(0u), vec4<u32>(1u), (others > own) | ((others == own) & lower));
    }
    let rank = ranks.x + ranks.y + ranks.z + ranks.w;
    if (rank < $(SLOTS)u) {
      chosen_experts[rank] = e;
    }
  }
}

fn chosen_logit(slot: u32) -> f32 {
  let e = chosen_experts[slot];
  return expert_logits[e / 4u][e % 4u];
}

// The unnormalised weight of a logit; `largest` keeps exponentials finite.
fn raw_weight(logit: f32, largest: f32) -> f32 {
//#if GATING == sigmoid
  return 1.0 / (1.0 + exp(min(-logit, 80.0)));
//#else
  return exp(logit - largest);
//#end
}

// How much the expert of a slot counts.
fn expert_weight(slot: u32) -> f32 {
  let largest = chosen_logit(0u);
  let own = raw_weight(chosen_logit(slot), largest);
//#if SUM == none
  return own;
//#else
  var sum = 0.0;
//#if SUM == all
  for (var e = 0u; e < expert_count; e++) {
    sum += raw_weight(expert_logits[e / 4u][e % 4u], largest);
  }
//#else
  for (var s = 0u; s < $(SLOTS)u; s++) {
    sum += raw_weight(chosen_logit(s), largest);
  }
//#end
  return own / sum;
//#end
}
