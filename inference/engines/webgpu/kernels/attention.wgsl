// Attention of single tokens, the next ones of their sequences: softmax(q · K) · V over what a sequence holds, all
// query heads of a kv head together. The positions are split among workgroups, which each do their part with the
// online softmax; combine.wgsl joins the parts.
//   score = cap(q · k), with cap(s) = c · tanh(s / c) where SOFTCAP; a key is seen if 0 <= distance < WINDOW
//   of a part: peak m = max score, sum l = Σ exp(score - m), out = Σ exp(score - m) · v
//
// queries [T, HEADS · D] f32, scaled              keys, values: the cache of this layer (kv_cache.wgsl)
// batch   rows: token, position, cell, first word in `pages` (batch_layout.ts)
// pages   page numbers of the sequences           step    tokens, wanted, single tokens, splits
// parts   [rows · splits, HEADS, D] f32           sums    [rows · splits, HEADS] (m, l)
// Workgroups (kv heads, splits, single tokens). Sources: FlashAttention (arXiv 2205.14135), Flash-Decoding.

//#include kv_cache

struct Params {
  scales: u32,
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
const THREADS: u32 = $THREADS;
// 0 = all keys are seen
const WINDOW: u32 = $WINDOW;
// 0 = none
const SOFTCAP: f32 = $SOFTCAP;

const PAIRS = D / 2u;
const QUARTERS = D / 4u;
// pairs of output elements of a thread
const ITEMS = (GROUP * PAIRS + THREADS - 1u) / THREADS;
const LOWEST = -3.0e38f;
// threads of a head that look at a share of a page's scores each; all of a page's are 8 shares
const LANES = 8u;

//#include kv_read

var<workgroup> query: array<vec4<f32>, GROUP * QUARTERS>;
var<workgroup> scores: array<f32, GROUP * PAGE>;
// the largest score of the pages before, and of each lane's share of this one
var<workgroup> peaks: array<f32, GROUP>;
var<workgroup> shares: array<f32, GROUP * LANES>;

fn peak_of(head: u32) -> f32 {
  var peak = peaks[head];
  for (var i = 0u; i < LANES; i++) {
    peak = max(peak, shares[head * LANES + i]);
  }
  return peak;
}

fn score_of(head: u32, place: u32) -> f32 {
  var sum = 0.0;
  for (var i = 0u; i < QUARTERS; i++) {
    sum += dot(query[head * QUARTERS + i], key_quarter(place, i, params.scales));
  }
  if (SOFTCAP > 0.0) {
    sum = SOFTCAP * tanh(sum / SOFTCAP);
  }
  return sum;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let kv_head = group.x;
  let row = group.z;
  let splits = step.w;
  let info = batch[row];
  let end = info.y + 1u;
  var start = 0u;
  if (WINDOW > 0u && end > WINDOW) {
    start = end - WINDOW;
  }
  let first_page = start / PAGE;
  let page_count = (end - 1u) / PAGE + 1u - first_page;
  let share = (page_count + splits - 1u) / splits;
  let from_page = first_page + group.y * share;
  let to_page = min(first_page + page_count, from_page + share);

  for (var i = thread; i < GROUP * QUARTERS; i += THREADS) {
    query[i] = queries[(row * KV_HEADS + kv_head) * GROUP * QUARTERS + i];
  }
  if (thread < GROUP) {
    peaks[thread] = LOWEST;
  }
  if (thread < GROUP * LANES) {
    shares[thread] = LOWEST;
  }
  // of the lane's share of all pages
  var total = 0.0;
  var outs: array<vec2<f32>, ITEMS>;
  for (var n = 0u; n < ITEMS; n++) {
    outs[n] = vec2f(0.0);
  }
  workgroupBarrier();

  for (var page = from_page; page < to_page; page++) {
    let base = cache_row(pages[info.w + page] * PAGE, kv_head);
    let lo = max(start, page * PAGE) - page * PAGE;
    let hi = min(end, (page + 1u) * PAGE) - page * PAGE;
    for (var j = thread; j < GROUP * PAGE; j += THREADS) {
      let position = j % PAGE;
      var score = LOWEST;
      if (position >= lo && position < hi) {
        score = score_of(j / PAGE, base + position);
      }
      scores[j] = score;
    }
    workgroupBarrier();
    if (thread < GROUP * LANES) {
      var peak = LOWEST;
      for (var i = thread % LANES; i < PAGE; i += LANES) {
        peak = max(peak, scores[thread / LANES * PAGE + i]);
      }
      shares[thread] = peak;
    }
    workgroupBarrier();
    for (var j = thread; j < GROUP * PAGE; j += THREADS) {
      let score = scores[j];
      scores[j] = select(0.0, exp(score - peak_of(j / PAGE)), score > LOWEST);
    }
    workgroupBarrier();
    if (thread < GROUP * LANES) {
      let head = thread / LANES;
      total *= exp(peaks[head] - peak_of(head));
      for (var i = thread % LANES; i < PAGE; i += LANES) {
        total += scores[head * PAGE + i];
      }
    }
    for (var n = 0u; n < ITEMS; n++) {
      let item = thread + n * THREADS;
      if (item < GROUP * PAIRS) {
        let head = item / PAIRS;
        var out = outs[n] * exp(peaks[head] - peak_of(head));
        for (var i = lo; i < hi; i++) {
          out += scores[head * PAGE + i] * value_pair(base + i, item % PAIRS, params.scales);
        }
        outs[n] = out;
      }
    }
    var peak = LOWEST;
    if (thread < GROUP) {
      peak = peak_of(thread);
    }
    workgroupBarrier();
    if (thread < GROUP) {
      peaks[thread] = peak;
    }
  }

  if (thread < GROUP * LANES) {
    shares[thread] = total;
  }
  workgroupBarrier();
  let part = (row * splits + group.y) * KV_HEADS + kv_head;
  for (var n = 0u; n < ITEMS; n++) {
    let item = thread + n * THREADS;
    if (item < GROUP * PAIRS) {
      parts[part * GROUP * PAIRS + item] = outs[n];
    }
  }
  if (thread < GROUP) {
    var sum = 0.0;
    for (var i = 0u; i < LANES; i++) {
      sum += shares[thread * LANES + i];
    }
    sums[part * GROUP + thread] = vec2f(peaks[thread], sum);
  }
}
