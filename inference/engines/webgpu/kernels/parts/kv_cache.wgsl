// The cache of keys and values, in pages of PAGE positions: [page, kv head, PAGE, D], words of 32 bits.
//   CACHE 0: f32    1: f16, two a word    2: int8, four a word, in blocks of 32 with an f16 scale
// Scales stand behind all quants, two a word: [page, kv head, PAGE, SCALE_WORDS], from params.scales on.
// Elements stand in the order in which they turn: the two of a pair side by side.

const D: u32 = $D;
const KV_HEADS: u32 = $(KV_HEADS);
const PAGE: u32 = $PAGE;
const CACHE: u32 = $CACHE;

const SCALE_WORDS = (D + 63u) / 64u;

/// Number of a position's row for one kv head; `cell` = page * PAGE + position in the page.
fn cache_row(cell: u32, head: u32) -> u32 {
  return ((cell / PAGE) * KV_HEADS + head) * PAGE + cell % PAGE;
}
