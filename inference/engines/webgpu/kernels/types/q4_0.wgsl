// Q4_0, 4.5 bits a weight: d (q - 8). Planes: nibbles 16 B a group; d f16 a group.
fn weight_group(index: u32) -> WeightGroup {
  let q = weights4[index];
  let d = half_at(params.plane1, index);
  return WeightGroup(q & vec4<u32>(low_nibbles), (q >> vec4<u32>(4u)) & vec4<u32>(low_nibbles), vec2<f32>(d), vec2<f32>(-8.0 * d));
}
