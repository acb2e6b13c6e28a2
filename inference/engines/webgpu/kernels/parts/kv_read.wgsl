// Reads from the cache (kv_cache.wgsl): a key's product with a query, pairs of a value's elements.
// `keys` is bound as vec4<u32>, `values` as u32; `scales` = params.scales, in words.

fn key_scale(place: u32, block: u32, scales: u32) -> f32 {
  let word = scales + place * SCALE_WORDS + block / 2u;
  let pair = unpack2x16float(keys[word / 4u][word % 4u]);
  return select(pair.x, pair.y, block % 2u == 1u);
}

/// Four elements of a key: those from 4 * quarter on.
fn key_quarter(place: u32, quarter: u32, scales: u32) -> vec4<f32> {
  if (CACHE == 0u) {
    return bitcast<vec4<f32>>(keys[place * (D / 4u) + quarter]);
  }
  if (CACHE == 1u) {
    let words = keys[place * (D / 8u) + quarter / 2u];
    let pair = select(words.xy, words.zw, quarter % 2u == 1u);
    return vec4f(unpack2x16float(pair.x), unpack2x16float(pair.y));
  }
  let word = place * (D / 4u) + quarter;
  return vec4f(unpack4xI8(keys[word / 4u][word % 4u])) * key_scale(place, quarter / 8u, scales);
}

/// Eight elements of a key: those from 8 * octet on. Reads the cache once for both quarters.
fn key_octet(place: u32, octet: u32, scales: u32) -> mat2x4<f32> {
  if (CACHE == 0u) {
    let at = place * (D / 4u) + 2u * octet;
    return mat2x4f(bitcast<vec4<f32>>(keys[at]), bitcast<vec4<f32>>(keys[at + 1u]));
  }
  if (CACHE == 1u) {
    let words = keys[place * (D / 8u) + octet];
    return mat2x4f(
      vec4f(unpack2x16float(words.x), unpack2x16float(words.y)),
      vec4f(unpack2x16float(words.z), unpack2x16float(words.w)),
    );
  }
  let word = place * (D / 4u) + 2u * octet;
  let four = keys[word / 4u];
  let pair = select(four.xy, four.zw, word % 4u == 2u);
  let scale = key_scale(place, octet / 4u, scales);
  return mat2x4f(vec4f(unpack4xI8(pair.x)) * scale, vec4f(unpack4xI8(pair.y)) * scale);
}

/// The elements 2 * pair and 2 * pair + 1 of a value.
fn value_pair(place: u32, pair: u32, scales: u32) -> vec2<f32> {
  if (CACHE == 0u) {
    let word = place * D + pair * 2u;
    return vec2f(bitcast<f32>(values[word]), bitcast<f32>(values[word + 1u]));
  }
  if (CACHE == 1u) {
    return unpack2x16float(values[place * (D / 2u) + pair]);
  }
  let quants = vec4f(unpack4xI8(values[place * (D / 4u) + pair / 2u]));
  let scale = unpack2x16float(values[scales + place * SCALE_WORDS + pair / 32u]);
  return select(quants.xy, quants.zw, pair % 2u == 1u) * select(scale.x, scale.y, (pair / 16u) % 2u == 1u);
}
