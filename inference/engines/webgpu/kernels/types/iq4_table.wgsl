// The signed values that IQ4_NL and IQ4_XS give a nibble, four at a time: a tree of selections by the bits of each
// byte, because an indexed constant array would go through memory.
fn iq4_choose(mask: u32, zero: u32, one: u32) -> u32 {
  return zero ^ ((zero ^ one) & mask);
}

fn iq4_values(nibbles: u32) -> u32 {
  let b0 = (nibbles & 0x01010101u) * 255u;
  let b1 = ((nibbles >> 1u) & 0x01010101u) * 255u;
  let b2 = ((nibbles >> 2u) & 0x01010101u) * 255u;
  let b3 = ((nibbles >> 3u) & 0x01010101u) * 255u;
  let v0 = iq4_choose(b0, 0x81818181u, 0x98989898u); // -127 -104
  let v1 = iq4_choose(b0, 0xadadadadu, 0xbfbfbfbfu); // -83 -65
  let v2 = iq4_choose(b0, 0xcfcfcfcfu, 0xddddddddu); // -49 -35
  let v3 = iq4_choose(b0, 0xeaeaeaeau, 0xf6f6f6f6u); // -22 -10
  let v4 = iq4_choose(b0, 0x01010101u, 0x0d0d0d0du); // 1 13
  let v5 = iq4_choose(b0, 0x19191919u, 0x26262626u); // 25 38
  let v6 = iq4_choose(b0, 0x35353535u, 0x45454545u); // 53 69
  let v7 = iq4_choose(b0, 0x59595959u, 0x71717171u); // 89 113
  let low = iq4_choose(b2, iq4_choose(b1, v0, v1), iq4_choose(b1, v2, v3));
  let high = iq4_choose(b2, iq4_choose(b1, v4, v5), iq4_choose(b1, v6, v7));
  return iq4_choose(b3, low, high);
}

fn iq4_words(nibbles: vec4<u32>) -> vec4<u32> {
  return vec4<u32>(iq4_values(nibbles.x), iq4_values(nibbles.y), iq4_values(nibbles.z), iq4_values(nibbles.w));
}
