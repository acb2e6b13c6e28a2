//#include six_bit_scales

// Q4_K, 4.5 bits a weight, 256 a block: d s q - dmin m, s and m for every 32.
// Planes: nibbles 16 B a group; (d, dmin) f16 and the packed s and m, 16 B a block.
fn weight_group(index: u32) -> WeightGroup {
  let q = weights4[index];
  let scale = six_bit_scales(weights4[params.plane1 + (index >> 3u)], index & 7u);
  return WeightGroup(
    q & vec4<u32>(low_nibbles),
    (q >> vec4<u32>(4u)) & vec4<u32>(low_nibbles),
    vec2<f32>(scale.x),
    vec2<f32>(scale.y),
  );
}
