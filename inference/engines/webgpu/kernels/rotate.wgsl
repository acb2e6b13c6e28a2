// What happens to queries, keys and values between their projection and attention:
//   q, k: x / √(mean x² + ε) · norm (NORMED), then each pair (a, b) turned by its position's angle:
//         (a·cos - b·sin, a·sin + b·cos)
//   q = scale · q -> queries;  k, v -> the cache
//
// qkv     [T, (HEADS + 2 KV_HEADS) · D] f32          queries [T, HEADS · D] f32, pairs side by side
// vectors f32: norms of q and k [D], at the offsets of params (in floats)
// turns   [positions, ROTATED / 2] (cos, sin)         batch   rows: token, position, cell, pages (batch_layout.ts)
// keys, values: the cache of this layer (kv_cache.wgsl)
// Workgroups (heads of q, k and v; rows); a thread holds one pair. NEOX pairs i with i + ROTATED/2, else 2i with 2i+1.
// Elements beyond ROTATED pass unturned. Sources: arXiv 2104.09864; pairings as in llama.cpp's ggml_rope.

struct Params {
  query_norm: u32,
  key_norm: u32,
  scales: u32,
  scale: f32,
  epsilon: f32,
}

//#include kv_cache

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> batch: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> vectors: array<f32>;
@group(0) @binding(3) var<storage, read> turns: array<vec2<f32>>;
@group(0) @binding(4) var<storage, read> qkv: array<f32>;
@group(0) @binding(5) var<storage, read_write> queries: array<vec2<f32>>;
@group(0) @binding(6) var<storage, read_write> keys: array<u32>;
@group(0) @binding(7) var<storage, read_write> values: array<u32>;

const HEADS: u32 = $HEADS;
const NORMED: bool = $NORMED;
// 0 where positions are not encoded
const ROTATED: u32 = $ROTATED;
const NEOX: bool = $NEOX;

const THREADS = D / 2u;

var<workgroup> row_values: array<vec2<f32>, THREADS>;

/// The scale of a block: d = max|x| / 127 over 32 values.
fn block_scale(block: u32) -> f32 {
  var peak = 0.0;
  for (var i = 0u; i < 16u; i++) {
    let pair = abs(row_values[block * 16u + i]);
    peak = max(peak, max(pair.x, pair.y));
  }
  // what is stored is an f16: the quants must fit that one
  return unpack2x16float(pack2x16float(vec2f(peak / 127.0, 0.0))).x;
}

fn quantised_word(word: u32) -> u32 {
  let d = block_scale(word / 8u);
  let inverse = select(0.0, 1.0 / d, d > 0.0);
  let v = vec4f(row_values[word * 2u], row_values[word * 2u + 1u]) * inverse;
  return pack4xI8Clamp(vec4i(round(v)));
}

fn scale_word(word: u32) -> u32 {
  var second = 0.0;
  if (word * 2u + 1u < D / 32u) {
    second = block_scale(word * 2u + 1u);
  }
  return pack2x16float(vec2f(block_scale(word * 2u), second));
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let row = group.y;
  let head = group.x;
  let info = batch[row];
  let is_query = head < HEADS;
  let is_value = head >= HEADS + KV_HEADS;
  let at = (row * (HEADS + 2u * KV_HEADS) + head) * D;

  let turned = !is_value && thread < ROTATED / 2u;
  let first = select(thread * 2u, thread, turned && NEOX);
  let second = select(first + 1u, first + ROTATED / 2u, turned && NEOX);
  var pair = vec2f(qkv[at + first], qkv[at + second]);
  if (NORMED && !is_value) {
    var squares = 0.0;
    for (var i = 0u; i < D; i++) {
      let x = qkv[at + i];
      squares += x * x;
    }
    let norm = select(params.key_norm, params.query_norm, is_query);
    pair *= inverseSqrt(squares / f32(D) + params.epsilon) * vec2f(vectors[norm + first], vectors[norm + second]);
  }
  if (turned) {
    let turn = turns[info.y * (ROTATED / 2u) + thread];
    pair = vec2f(pair.x * turn.x - pair.y * turn.y, pair.x * turn.y + pair.y * turn.x);
  }
  if (is_query) {
    queries[(row * HEADS + head) * THREADS + thread] = pair * params.scale;
  }

  let kv_head = select(head - HEADS, head - HEADS - KV_HEADS, is_value);
  let place = cache_row(info.z, kv_head);
  if (CACHE == 0u && !is_query) {
    let word = place * D + thread * 2u;
    if (is_value) {
      values[word] = bitcast<u32>(pair.x);
      values[word + 1u] = bitcast<u32>(pair.y);
    } else {
      keys[word] = bitcast<u32>(pair.x);
      keys[word + 1u] = bitcast<u32>(pair.y);
    }
  }
  if (CACHE == 1u && !is_query) {
    let word = place * THREADS + thread;
    if (is_value) {
      values[word] = pack2x16float(pair);
    } else {
      keys[word] = pack2x16float(pair);
    }
  }
  if (CACHE == 2u) {
    row_values[thread] = pair;
    workgroupBarrier();
    if (!is_query && thread < D / 4u) {
      let word = quantised_word(thread);
      if (is_value) {
        values[place * (D / 4u) + thread] = word;
      } else {
        keys[place * (D / 4u) + thread] = word;
      }
    }
    if (!is_query && thread < SCALE_WORDS) {
      let word = scale_word(thread);
      if (is_value) {
        values[params.scales + place * SCALE_WORDS + thread] = word;
      } else {
        keys[params.scales + place * SCALE_WORDS + thread] = word;
      }
    }
  }
}
