//#include five_bits

// Q5_0, 5.5 bits a weight: d (q - 16). Planes: nibbles 16 B a group; fifth bits 4 B; d f16.
fn weight_group(index: u32) -> WeightGroup {
  let q = five_bits(index, params.plane1);
  let d = half_at(params.plane2, index);
  return WeightGroup(q[0], q[1], vec2<f32>(d), vec2<f32>(-16.0 * d));
}
