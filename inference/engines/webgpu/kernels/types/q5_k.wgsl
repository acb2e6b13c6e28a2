//#include five_bits
//#include six_bit_scales

// Q5_K, 5.5 bits a weight, 256 a block: d s q - dmin m, s and m for every 32.
// Planes: nibbles 16 B a group; fifth bits 4 B a group; (d, dmin) f16 and the packed s and m, 16 B a block.
fn weight_group(index: u32) -> WeightGroup {
  let q = five_bits(index, params.plane1);
  let scale = six_bit_scales(weights4[params.plane2 + (index >> 3u)], index & 7u);
  return WeightGroup(q[0], q[1], vec2<f32>(scale.x), vec2<f32>(scale.y));
}
