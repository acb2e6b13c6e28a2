// F32. Plane: 128 B a group.
fn weight_values(index: u32) -> WeightValues {
  let at = 8u * index;
  return WeightValues(
    bitcast<vec4<f32>>(weights4[at]), bitcast<vec4<f32>>(weights4[at + 1u]),
    bitcast<vec4<f32>>(weights4[at + 2u]), bitcast<vec4<f32>>(weights4[at + 3u]),
    bitcast<vec4<f32>>(weights4[at + 4u]), bitcast<vec4<f32>>(weights4[at + 5u]),
    bitcast<vec4<f32>>(weights4[at + 6u]), bitcast<vec4<f32>>(weights4[at + 7u]),
  );
}
