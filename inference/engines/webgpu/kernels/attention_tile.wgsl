// Attention of a prompt's tokens: tiles of QUERIES consecutive tokens of one sequence against blocks of KEYS
// positions, with the online softmax. The same sums as attention.wgsl, one part a row.
//
// queries, keys, values, batch, pages, step, parts, sums: as in attention.wgsl; the rows of parts and sums come
//   after those of the single tokens. tiles: (first row, rows, 0, 0) from params.tiles of `batch` on.
// Workgroups (heads, tiles) of 64 threads: 8 x 8 over (queries, keys), then over (queries, elements).
// Sources: FlashAttention-2 (arXiv 2307.08691).

//#include kv_cache

struct Params {
  scales: u32,
  // vec4 of `batch` at which the tiles stand
  tiles: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step: vec4<u32>;
@group(0) @binding(2) var<storage, read> batch: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> queries: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> keys: array<vec4<u32>>;
@group(0) @binding(5) var<storage, read> values: array<u32>;
@group(0) @binding(6) var<storage, read> pages: array<u32>;
@group(0) @binding(7) var<storage, read_write> parts: array<vec2<f32>>;
@group(0) @binding(8) var<storage, read_write> sums: array<vec2<f32>>;

// query heads of a kv head
const GROUP: u32 = $GROUP;
// 8, 16 or 32
const QUERIES: u32 = $QUERIES;
const WINDOW: u32 = $WINDOW;
const SOFTCAP: f32 = $SOFTCAP;

const HEADS = GROUP * KV_HEADS;
const KEYS = 32u;
const THREADS = 64u;
const PAIRS = D / 2u;
const QUARTERS = D / 4u;
const ROWS = $(ROWS)u;
const LOWEST = -3.0e38f;

//#include kv_read

var<workgroup> query: array<vec4<f32>, QUERIES * QUARTERS>;
var<workgroup> scores: array<f32, QUERIES * KEYS>;
var<workgroup> peaks: array<f32, QUERIES>;
var<workgroup> totals: array<f32, QUERIES>;
var<workgroup> rescale: array<f32, QUERIES>;

fn capped(score: f32) -> f32 {
  if (SOFTCAP > 0.0) {
    return SOFTCAP * tanh(score / SOFTCAP);
  }
  return score;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let head = group.x;
  let kv_head = head / GROUP;
  let tile = batch[params.tiles + group.y];
  let first_row = tile.x;
  let count = tile.y;
  let info = batch[first_row];
  let first = info.y;
  let end = first + count;
  var start = 0u;
  if (WINDOW > 0u && first + 1u > WINDOW) {
    start = first + 1u - WINDOW;
  }
  for (var i = thread; i < QUERIES * QUARTERS; i += THREADS) {
    let row = first_row + min(i / QUARTERS, count - 1u);
    query[i] = queries[(row * HEADS + head) * QUARTERS + i % QUARTERS];
  }
  if (thread < QUERIES) {
    peaks[thread] = LOWEST;
    totals[thread] = 0.0;
  }
  let across = thread % 8u;
  let down = thread / 8u;
//#for r in ROWS
//#for n in ITEMS
  var out_$r_$n = vec2f(0.0);
//#end
//#end
  workgroupBarrier();

  for (var block = start / KEYS; block * KEYS < end; block++) {
    let base = cache_row(pages[info.w + block * KEYS / PAGE] * PAGE, kv_head) + block * KEYS % PAGE;
//#for r in ROWS
    var products_$r = vec4f(0.0);
//#end
    // positions beyond the end are cells that hold something finite; what they give is masked below
    for (var i = 0u; i < QUARTERS / 2u; i++) {
//#for k in 4
      let key_$k = key_octet(base + across * 4u + $(k)u, i, params.scales);
//#end
//#for h in 2
      let keys_$h = mat4x4f(key_0[$h], key_1[$h], key_2[$h], key_3[$h]);
//#for r in ROWS
      products_$r += query[(down * ROWS + $(r)u) * QUARTERS + 2u * i + $(h)u] * keys_$h;
//#end
//#end
    }
//#for r in ROWS
//#for k in 4
    {
      let position = block * KEYS + across * 4u + $(k)u;
      let own = first + down * ROWS + $(r)u;
      let seen = position <= own && own < end && (WINDOW == 0u || own - position < WINDOW);
      scores[(down * ROWS + $(r)u) * KEYS + across * 4u + $(k)u] = select(LOWEST, capped(products_$r[$k]), seen);
    }
//#end
//#end
    workgroupBarrier();
    if (thread < QUERIES) {
      var peak = peaks[thread];
      for (var i = 0u; i < KEYS; i++) {
        peak = max(peak, scores[thread * KEYS + i]);
      }
      let factor = exp(peaks[thread] - peak);
      var total = totals[thread] * factor;
      for (var i = 0u; i < KEYS; i++) {
        let score = scores[thread * KEYS + i];
        let weight = select(0.0, exp(score - peak), score > LOWEST);
        scores[thread * KEYS + i] = weight;
        total += weight;
      }
      peaks[thread] = peak;
      totals[thread] = total;
      rescale[thread] = factor;
    }
    workgroupBarrier();
//#for r in ROWS
    let rescale_$r = rescale[down * ROWS + $(r)u];
//#for n in ITEMS
    out_$r_$n *= rescale_$r;
//#end
//#end
    let hi = min(KEYS, end - block * KEYS);
    for (var i = 0u; i < hi; i++) {
//#for r in ROWS
      let score_$r = scores[(down * ROWS + $(r)u) * KEYS + i];
//#end
//#for n in ITEMS
      let value_$n = value_pair(base + i, across + $(n * 8)u, params.scales);
//#for r in ROWS
      out_$r_$n += score_$r * value_$n;
//#end
//#end
    }
    workgroupBarrier();
  }

  let single = step.z;
//#for r in ROWS
  if (down * ROWS + $(r)u < count) {
    let row = first_row + down * ROWS + $(r)u;
    let part = (single * step.w + row - single) * HEADS + head;
//#for n in ITEMS
    parts[part * PAIRS + across + $(n * 8)u] = out_$r_$n;
//#end
    if (across == 0u) {
      sums[part] = vec2f(peaks[down * ROWS + $(r)u], totals[down * ROWS + $(r)u]);
    }
  }
//#end
}
