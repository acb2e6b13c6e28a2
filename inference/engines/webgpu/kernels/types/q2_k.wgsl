// Q2_K, 2.625 bits a weight, 256 a block: d s q - dmin m, s and m nibbles for every 16.
// Planes: two bits 8 B a group; (s | m << 4) 16 B a block; (d, dmin) f16 a block.
fn weight_group(index: u32) -> WeightGroup {
  let block = index >> 3u;
  let word = weights1[params.plane1 + (index >> 1u)] >> (16u * (index & 1u));
  let dm = unpack2x16float(weights1[params.plane2 + block]);
  let bytes = (vec2<u32>(word) >> vec2<u32>(0u, 8u));
  return WeightGroup(
    spread_pairs(weights1[2u * index]),
    spread_pairs(weights1[2u * index + 1u]),
    dm.x * vec2<f32>(bytes & vec2<u32>(15u)),
    -dm.y * vec2<f32>((bytes >> vec2<u32>(4u)) & vec2<u32>(15u)),
  );
}
