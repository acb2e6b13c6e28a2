// F16. Plane: 64 B a group. Needs no `enable f16`.
fn four_halves(a: u32, b: u32) -> vec4<f32> {
  return vec4<f32>(unpack2x16float(a), unpack2x16float(b));
}

fn weight_values(index: u32) -> WeightValues {
  let a = weights4[4u * index];
  let b = weights4[4u * index + 1u];
  let c = weights4[4u * index + 2u];
  let d = weights4[4u * index + 3u];
  return WeightValues(
    four_halves(a.x, a.y), four_halves(a.z, a.w), four_halves(b.x, b.y), four_halves(b.z, b.w),
    four_halves(c.x, c.y), four_halves(c.z, c.w), four_halves(d.x, d.y), four_halves(d.z, d.w),
  );
}
