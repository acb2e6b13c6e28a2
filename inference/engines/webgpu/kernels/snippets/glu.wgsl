// The gated unit: activation of the gate times the up projection.
fn gated(gate: f32, up: f32) -> f32 {
//#if GLU == silu
  return gate / (1.0 + exp(min(-gate, 80.0))) * up;
//#end
//#if GLU == gelu
  // The tanh form; its argument is clamped because tanh of large values is not a number on some drivers.
  let inner = 0.7978845608028654 * gate * (1.0 + 0.044715 * gate * gate);
  return 0.5 * gate * (1.0 + tanh(clamp(inner, -15.0, 15.0))) * up;
//#end
//#if GLU == swiglu_oai
  let g = min(gate, 7.0);
  return g / (1.0 + exp(min(-1.702 * g, 80.0))) * (clamp(up, -7.0, 7.0) + 1.0);
//#end
}
