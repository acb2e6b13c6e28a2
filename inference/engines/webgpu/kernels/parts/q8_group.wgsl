// 32 activations as int8: the form that the integer kernels read (kernels/matmul).
//   d = max|x| / 127, q = round(x / d); [0], [1] = q of the elements 0..15 and 16..31 in order,
//   [2] = bits of d, the sums of the first and the last 16 q as two i16, 0, 0.

fn q8_group(values: array<vec4<f32>, 8>) -> array<vec4<u32>, 3> {
  var v = values;
  var peak = vec4f(0.0);
  for (var i = 0u; i < 8u; i++) {
    peak = max(peak, abs(v[i]));
  }
  let d = max(max(peak.x, peak.y), max(peak.z, peak.w)) / 127.0;
  let inverse = select(0.0, 1.0 / d, d > 0.0);
  var words: array<u32, 8>;
  var sums = vec2i(0);
  for (var i = 0u; i < 8u; i++) {
    let q = vec4i(round(v[i] * inverse));
    words[i] = pack4xI8(q);
    let sum = q.x + q.y + q.z + q.w;
    sums += select(vec2i(0, sum), vec2i(sum, 0), i < 4u);
  }
  var group: array<vec4<u32>, 3>;
  group[0] = vec4u(words[0], words[1], words[2], words[3]);
  group[1] = vec4u(words[4], words[5], words[6], words[7]);
  group[2] = vec4u(bitcast<u32>(d), (u32(sums.x) & 0xffffu) | (u32(sums.y) << 16u), 0u, 0u);
  return group;
}
