// Q8_0, 8.5 bits a weight: d q. Planes: int8 32 B a group; d f16 a group.
fn weight_group(index: u32) -> WeightGroup {
  let d = half_at(params.plane1, index);
  return WeightGroup(weights4[2u * index], weights4[2u * index + 1u], vec2<f32>(d), vec2<f32>(0.0));
}
