//#include five_bits

// Q5_1, 6 bits a weight: d q + m. Planes: nibbles 16 B a group; fifth bits 4 B; (d, m) f16.
fn weight_group(index: u32) -> WeightGroup {
  let q = five_bits(index, params.plane1);
  let dm = unpack2x16float(weights1[params.plane2 + index]);
  return WeightGroup(q[0], q[1], vec2<f32>(dm.x), vec2<f32>(dm.y));
}
