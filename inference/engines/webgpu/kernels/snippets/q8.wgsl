// int8 activations of 15 bits: each is d * (256 coarse + fine), two int8. Group g (32 values) of token t is five
// vec4<u32>, number p at (t * 5 + p) * groups + g, so that lanes with neighbouring groups read neighbouring 16 bytes:
// coarse bytes of values 0..15 and 16..31, four a word, element 4w + i in byte i; fine bytes likewise; then (bits of
// d, sums of q over the two halves as i32, 0), with q = 256 coarse + fine.
// Value i is d * q_i with d = max |x| / 32512 and q_i = round(x_i / d), ties to even.
//
// One int8 a value costs too much: KL 6e-3 from the exact logits of SmolLM2, with two it is 1e-5. The weights,
// which are what a step waits for, are read and unpacked once for both.
struct Q8Group {
  coarse_lo: vec4<u32>,
  coarse_hi: vec4<u32>,
  fine_lo: vec4<u32>,
  fine_hi: vec4<u32>,
  tail: vec4<u32>,
}

fn q8_bytes(q: vec4<i32>) -> u32 {
  let b = bitcast<vec4<u32>>(q) & vec4<u32>(255u);
  return b.x | (b.y << 8u) | (b.z << 16u) | (b.w << 24u);
}

fn q8_coarse(q: vec4<i32>) -> vec4<i32> {
  return (q + vec4<i32>(128)) >> vec4<u32>(8u);
}

fn q8_four(x: vec4<f32>, inverse: f32) -> vec4<i32> {
  return vec4<i32>(round(x * inverse));
}

fn q8_sum(q: vec4<i32>) -> i32 {
  return q.x + q.y + q.z + q.w;
}

fn q8_max(a: vec4<f32>) -> f32 {
  return max(max(abs(a.x), abs(a.y)), max(abs(a.z), abs(a.w)));
}

fn q8_quantise(
  x0: vec4<f32>, x1: vec4<f32>, x2: vec4<f32>, x3: vec4<f32>,
  x4: vec4<f32>, x5: vec4<f32>, x6: vec4<f32>, x7: vec4<f32>,
) -> Q8Group {
  let largest = max(
    max(max(q8_max(x0), q8_max(x1)), max(q8_max(x2), q8_max(x3))),
    max(max(q8_max(x4), q8_max(x5)), max(q8_max(x6), q8_max(x7))),
  );
  // Below this 32512 / largest would overflow; such a group counts as zero.
  let inverse = select(0.0, 32512.0 / largest, largest > 1e-30);
  let d = select(0.0, largest / 32512.0, largest > 1e-30);
  let q0 = q8_four(x0, inverse);
  let q1 = q8_four(x1, inverse);
  let q2 = q8_four(x2, inverse);
  let q3 = q8_four(x3, inverse);
  let q4 = q8_four(x4, inverse);
  let q5 = q8_four(x5, inverse);
  let q6 = q8_four(x6, inverse);
  let q7 = q8_four(x7, inverse);
  let c0 = q8_coarse(q0);
  let c1 = q8_coarse(q1);
  let c2 = q8_coarse(q2);
  let c3 = q8_coarse(q3);
  let c4 = q8_coarse(q4);
  let c5 = q8_coarse(q5);
  let c6 = q8_coarse(q6);
  let c7 = q8_coarse(q7);
  let sums = vec2<i32>(q8_sum(q0 + q1 + q2 + q3), q8_sum(q4 + q5 + q6 + q7));
  // the fine bytes are the lower eight bits: q - 256 c is q modulo 256
  return Q8Group(
    vec4<u32>(q8_bytes(c0), q8_bytes(c1), q8_bytes(c2), q8_bytes(c3)),
    vec4<u32>(q8_bytes(c4), q8_bytes(c5), q8_bytes(c6), q8_bytes(c7)),
    vec4<u32>(q8_bytes(q0), q8_bytes(q1), q8_bytes(q2), q8_bytes(q3)),
    vec4<u32>(q8_bytes(q4), q8_bytes(q5), q8_bytes(q6), q8_bytes(q7)),
    vec4<u32>(bitcast<u32>(d), bitcast<u32>(sums.x), bitcast<u32>(sums.y), 0u),
  );
}
