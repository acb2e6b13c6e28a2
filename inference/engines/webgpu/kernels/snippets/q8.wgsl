// int8 activations. Group g (32 values) of token t is three vec4<u32> at (t * groups + g) * 3: values 0..15 and
// 16..31, four a word, element 4w + i in byte i; then (bits of d, sums of the two halves as i16, 0, 0).
// Value i is d * q_i with d = max |x| / 127 and q_i = round(x_i / d), ties to even.
struct Q8Group {
  lo: vec4<u32>,
  hi: vec4<u32>,
  tail: vec4<u32>,
}

fn q8_word(x: vec4<f32>, inverse: f32) -> u32 {
  let q = bitcast<vec4<u32>>(vec4<i32>(round(x * inverse))) & vec4<u32>(255u);
  return q.x | (q.y << 8u) | (q.z << 16u) | (q.w << 24u);
}

fn q8_word_sum(word: u32) -> i32 {
  let bytes = bitcast<vec4<i32>>(vec4<u32>(word << 24u, word << 16u, word << 8u, word)) >> vec4<u32>(24u);
  return bytes.x + bytes.y + bytes.z + bytes.w;
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
  // Below this 127 / largest would overflow; such a group counts as zero.
  let inverse = select(0.0, 127.0 / largest, largest > 1e-30);
  let d = select(0.0, largest / 127.0, largest > 1e-30);
  let lo = vec4<u32>(q8_word(x0, inverse), q8_word(x1, inverse), q8_word(x2, inverse), q8_word(x3, inverse));
  let hi = vec4<u32>(q8_word(x4, inverse), q8_word(x5, inverse), q8_word(x6, inverse), q8_word(x7, inverse));
  let first = q8_word_sum(lo.x) + q8_word_sum(lo.y) + q8_word_sum(lo.z) + q8_word_sum(lo.w);
  let last = q8_word_sum(hi.x) + q8_word_sum(hi.y) + q8_word_sum(hi.z) + q8_word_sum(hi.w);
  let sums = (bitcast<u32>(first) & 0xffffu) | (bitcast<u32>(last) << 16u);
  return Q8Group(lo, hi, vec4<u32>(bitcast<u32>(d), sums, 0u, 0u));
}
