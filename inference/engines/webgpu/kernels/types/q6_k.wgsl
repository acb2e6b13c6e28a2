// Q6_K, 6.5625 bits a weight, 256 a block: d s (q - 32), s int8 for every 16.
// Planes: nibbles 16 B a group; upper two bits 8 B a group; s 16 B a block; d f16 a block.
fn weight_group(index: u32) -> WeightGroup {
  let q = weights4[index];
  let scales = weights1[params.plane2 + (index >> 1u)];
  let at = 2u * (index & 1u);
  let scale = half_at(params.plane3, index >> 3u) * vec2<f32>(signed_byte(scales, at), signed_byte(scales, at + 1u));
  let upper = params.plane1 + 2u * index;
  return WeightGroup(
    (q & vec4<u32>(low_nibbles)) | (spread_pairs(weights1[upper]) << vec4<u32>(4u)),
    ((q >> vec4<u32>(4u)) & vec4<u32>(low_nibbles)) | (spread_pairs(weights1[upper + 1u]) << vec4<u32>(4u)),
    scale,
    -32.0 * scale,
  );
}
