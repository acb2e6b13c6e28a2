// Logits as the model means them: x = scale · x, then c · tanh(x / c) where there is a soft-cap. In place.
// logits [wanted, WIDTH] f32. A thread holds one; workgroups (WIDTH / THREADS, wanted).

struct Params {
  scale: f32,
  softcap: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> logits: array<f32>;

const WIDTH: u32 = $WIDTH;
const THREADS: u32 = $THREADS;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let column = group.x * THREADS + thread;
  if (column >= WIDTH) {
    return;
  }
  let at = group.y * WIDTH + column;
  var x = logits[at] * params.scale;
  if (params.softcap > 0.0) {
    x = params.softcap * tanh(x / params.softcap);
  }
  logits[at] = x;
}
