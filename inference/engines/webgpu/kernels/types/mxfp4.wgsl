// MXFP4, 4.25 bits a weight: 2^(e - 128) v, v = +-{0 1 2 3 4 6 8 12} by the nibble. Planes: nibbles 16 B a group;
// e 1 B a group.

// Four nibbles to four int8: v = m for m < 4, else (4 + 2 (m & 1)) << (m >> 1 & 1), then the sign in bit 3.
fn mxfp4_values(nibbles: u32) -> u32 {
  let large = ((nibbles >> 2u) & 0x01010101u) * 255u;
  let doubled = ((nibbles >> 1u) & 0x01010101u) * 255u;
  let base = 0x04040404u | ((nibbles & 0x01010101u) << 1u);
  let magnitude = ((base + (base & doubled)) & large) | (nibbles & 0x03030303u & ~large);
  // -0 stays 0: two's complement of a byte carries into the next one only for zero.
  let negative = ((nibbles >> 3u) & ((magnitude + 0x0f0f0f0fu) >> 4u)) & 0x01010101u;
  return (magnitude ^ (negative * 255u)) + negative;
}

fn mxfp4_words(nibbles: vec4<u32>) -> vec4<u32> {
  return vec4<u32>(mxfp4_values(nibbles.x), mxfp4_values(nibbles.y), mxfp4_values(nibbles.z), mxfp4_values(nibbles.w));
}

fn weight_group(index: u32) -> WeightGroup {
  let q = weights4[index];
  let e = (weights1[params.plane1 + (index >> 2u)] >> (8u * (index & 3u))) & 255u;
  let d = bitcast<f32>(select((e - 1u) << 23u, 0x00200000u << e, e < 2u));
  return WeightGroup(mxfp4_words(q), mxfp4_words(q >> vec4<u32>(4u)), vec2<f32>(d), vec2<f32>(0.0));
}
