//#include iq4_table

// IQ4_XS, 4.25 bits a weight, 256 a block: d s table[q], s int8 for every 32 (its 6 bits unpacked when loading).
// Planes: nibbles 16 B a group; s 8 B a block; d f16 a block.
fn weight_group(index: u32) -> WeightGroup {
  let q = weights4[index];
  let scales = weights1[params.plane1 + (index >> 2u)];
  let d = half_at(params.plane2, index >> 3u) * signed_byte(scales, index & 3u);
  return WeightGroup(iq4_words(q), iq4_words(q >> vec4<u32>(4u)), vec2<f32>(d), vec2<f32>(0.0));
}
