//#include iq4_table

// IQ4_NL, 4.5 bits a weight: d table[q]. Planes: nibbles 16 B a group; d f16 a group.
fn weight_group(index: u32) -> WeightGroup {
  let q = weights4[index];
  let d = half_at(params.plane1, index);
  return WeightGroup(iq4_words(q), iq4_words(q >> vec4<u32>(4u)), vec2<f32>(d), vec2<f32>(0.0));
}
