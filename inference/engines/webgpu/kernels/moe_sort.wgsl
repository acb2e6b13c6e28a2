// The pairs of token and slot sorted by expert, cut into tiles of 64 pairs of one expert: the work list of gemm.wgsl.
//
// step     uniform vec4<u32>: word params.count_word is T
// route    vec2<u32> [T, $SLOTS]: expert, weight
// tiles    vec4<u32> [params.tile_count]: (expert, first, count, 0); count 0 where there is no tile
// sorted   u32 [T * $SLOTS]: pairs; those of an expert are in no particular order
//
// One workgroup of 256 threads.
// Checked against TypeScript: tests/inference/engines/webgpu/kernels/experts_real_test.ts.
struct Params {
  count_word: u32,
  tile_count: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step_counts: vec4<u32>;
@group(0) @binding(2) var<storage, read> route: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read_write> tiles: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read_write> sorted: array<u32>;

const experts = $(EXPERTS)u;

var<workgroup> counts: array<atomic<u32>, $EXPERTS>;
var<workgroup> firsts: array<u32, $EXPERTS>;
var<workgroup> first_tiles: array<u32, $EXPERTS>;
var<workgroup> used_tiles: u32;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) thread: u32) {
  let pairs = step_counts[params.count_word] * $(SLOTS)u;
  for (var e = thread; e < experts; e += 256u) {
    atomicStore(&counts[e], 0u);
  }
  workgroupBarrier();
  for (var p = thread; p < pairs; p += 256u) {
    atomicAdd(&counts[route[p].x], 1u);
  }
  workgroupBarrier();
  if (thread == 0u) {
    var first = 0u;
    var tile = 0u;
    for (var e = 0u; e < experts; e++) {
      firsts[e] = first;
      first_tiles[e] = tile;
      let count = atomicLoad(&counts[e]);
      first += count;
      tile += (count + 63u) / 64u;
    }
    used_tiles = tile;
  }
  workgroupBarrier();
  for (var e = thread; e < experts; e += 256u) {
    let count = atomicLoad(&counts[e]);
    for (var done = 0u; done < count; done += 64u) {
      tiles[first_tiles[e] + done / 64u] = vec4<u32>(e, firsts[e] + done, min(64u, count - done), 0u);
    }
  }
  for (var t = used_tiles + thread; t < params.tile_count; t += 256u) {
    tiles[t] = vec4<u32>(0u);
  }
  workgroupBarrier();
  for (var e = thread; e < experts; e += 256u) {
    atomicStore(&counts[e], firsts[e]);
  }
  workgroupBarrier();
  for (var p = thread; p < pairs; p += 256u) {
    sorted[atomicAdd(&counts[route[p].x], 1u)] = p;
  }
}
