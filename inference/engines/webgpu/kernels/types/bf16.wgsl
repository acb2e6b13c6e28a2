// BF16: the upper half of an f32. Plane: 64 B a group.
fn four_bf16(a: u32, b: u32) -> vec4<f32> {
  return bitcast<vec4<f32>>(vec4<u32>(a << 16u, a & 0xffff0000u, b << 16u, b & 0xffff0000u));
}

fn weight_values(index: u32) -> WeightValues {
  let a = weights4[4u * index];
  let b = weights4[4u * index + 1u];
  let c = weights4[4u * index + 2u];
  let d = weights4[4u * index + 3u];
  return WeightValues(
    four_bf16(a.x, a.y), four_bf16(a.z, a.w), four_bf16(b.x, b.y), four_bf16(b.z, b.w),
    four_bf16(c.x, c.y), four_bf16(c.z, c.w), four_bf16(d.x, d.y), four_bf16(d.z, d.w),
  );
}
