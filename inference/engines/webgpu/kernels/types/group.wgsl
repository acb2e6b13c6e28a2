// A group: 32 consecutive weights of a row. Element i is q_i * scale_h + offset_h with h = i / 16.
struct WeightGroup {
  lo: vec4<u32>, // q of elements 0..15, four int8 a word, element 4w + i in byte i
  hi: vec4<u32>, // q of elements 16..31
  scale: vec2<f32>,
  offset: vec2<f32>,
}

const low_nibbles = 0x0f0f0f0fu;

fn half_at(plane: u32, index: u32) -> f32 {
  return unpack2x16float(weights1[plane + (index >> 1u)])[index & 1u];
}

fn signed_byte(word: u32, index: u32) -> f32 {
  return f32(extractBits(bitcast<i32>(word), index * 8u, 8u));
}

// Plane of one bit a weight: bit 4w + i of the element 4w + i is bit w of byte i.
fn spread_bits(bits: u32, w: u32) -> u32 {
  return (bits >> w) & 0x01010101u;
}

// Plane of two bits a weight, two words a group: elements 4w + i in bits 2 (w & 3) of byte i of word w >> 2.
fn spread_pairs(word: u32) -> vec4<u32> {
  return (vec4<u32>(word) >> vec4<u32>(0u, 2u, 4u, 6u)) & vec4<u32>(0x03030303u);
}
