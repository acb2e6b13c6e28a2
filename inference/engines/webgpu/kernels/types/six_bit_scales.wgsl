// (d s, -dmin m) of group j of a Q4_K or Q5_K block: 6-bit scales and minima in 12 bytes after (d, dmin).
fn six_bit_scales(header: vec4<u32>, j: u32) -> vec2<f32> {
  let shift = 8u * (j & 3u);
  let s = header.y >> shift;
  let m = header.z >> shift;
  let rest = header.w >> shift;
  let upper = j >= 4u;
  let scale = select(s & 63u, (rest & 15u) | ((s >> 2u) & 48u), upper);
  let minimum = select(m & 63u, ((rest >> 4u) & 15u) | ((m >> 2u) & 48u), upper);
  return unpack2x16float(header.x) * vec2<f32>(f32(scale), -f32(minimum));
}
