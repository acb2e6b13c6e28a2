// Q3_K, 3.4375 bits a weight, 256 a block: d s (q - 4), s int8 for every 16 (its 6 bits unpacked when loading).
// Planes: two bits 8 B a group; third bits 4 B a group; s 16 B a block; d f16 a block.
fn weight_group(index: u32) -> WeightGroup {
  let bits = weights1[params.plane1 + index];
  let low = (vec4<u32>(bits) >> vec4<u32>(0u, 1u, 2u, 3u)) & vec4<u32>(0x01010101u);
  let high = (vec4<u32>(bits) >> vec4<u32>(4u, 5u, 6u, 7u)) & vec4<u32>(0x01010101u);
  let scales = weights1[params.plane2 + (index >> 1u)];
  let at = 2u * (index & 1u);
  let scale = half_at(params.plane3, index >> 3u) * vec2<f32>(signed_byte(scales, at), signed_byte(scales, at + 1u));
  return WeightGroup(
    spread_pairs(weights1[2u * index]) | (low << vec4<u32>(2u)),
    spread_pairs(weights1[2u * index + 1u]) | (high << vec4<u32>(2u)),
    scale,
    -4.0 * scale,
  );
}
