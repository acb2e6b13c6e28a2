// Q4_1, 5 bits a weight: d q + m. Planes: nibbles 16 B a group; (d, m) f16 a group.
fn weight_group(index: u32) -> WeightGroup {
  let q = weights4[index];
  let dm = unpack2x16float(weights1[params.plane1 + index]);
  return WeightGroup(q & vec4<u32>(low_nibbles), (q >> vec4<u32>(4u)) & vec4<u32>(low_nibbles), vec2<f32>(dm.x), vec2<f32>(dm.y));
}
