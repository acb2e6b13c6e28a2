// The fifth bit of a group, put above its nibbles.
fn five_bits(index: u32, plane: u32) -> array<vec4<u32>, 2> {
  let q = weights4[index];
  let bits = weights1[plane + index];
  let low = (vec4<u32>(bits) >> vec4<u32>(0u, 1u, 2u, 3u)) & vec4<u32>(0x01010101u);
  let high = (vec4<u32>(bits) >> vec4<u32>(4u, 5u, 6u, 7u)) & vec4<u32>(0x01010101u);
  return array<vec4<u32>, 2>(
    (q & vec4<u32>(low_nibbles)) | (low << vec4<u32>(4u)),
    ((q >> vec4<u32>(4u)) & vec4<u32>(low_nibbles)) | (high << vec4<u32>(4u)),
  );
}
