/** How fast a GPU's memory is, measured: what decoding a model can be compared with. */

export interface Bandwidth {
  /** Bytes read and written a second by copying a buffer to another. */
  copy: number;
  /** Bytes read a second by a WGSL kernel that sums a buffer. */
  read: number;
  /** Bytes of the buffer. */
  bufferBytes: number;
}

/** Each of the two is measured about so long. */
const measureMs = 900;
const largestBuffer = 256 * 2 ** 20;
const threads = 256;
const vectorsPerThread = 16;

/**
 * Measures for about two seconds. The buffer is larger than caches where the device allows. Throws what the device
 * reports, e.g. that it was lost.
 */
export async function measureBandwidth(device: GPUDevice): Promise<Bandwidth> {
  const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
  const unit = threads * vectorsPerThread * 16;
  const most = Math.min(largestBuffer, maxBufferSize, maxStorageBufferBindingSize);
  const bufferBytes = most - most % unit;
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const [from, to] = [
    device.createBuffer({ size: bufferBytes, usage }),
    device.createBuffer({ size: bufferBytes, usage }),
  ];
  try {
    const copy = await rate(device, (encoder) => encoder.copyBufferToBuffer(from, 0, to, 0, bufferBytes));
    const read = await rate(device, readKernel(device, from, to, bufferBytes));
    return { copy: copy * bufferBytes * 2, read: read * bufferBytes, bufferBytes };
  } finally {
    from.destroy();
    to.destroy();
  }
}

type Work = (encoder: GPUCommandEncoder) => void;

/** Times of the work a second: the number of repeats is raised until it takes long enough. */
async function rate(device: GPUDevice, work: Work): Promise<number> {
  const run = async (count: number) => {
    const before = performance.now();
    const encoder = device.createCommandEncoder();
    for (let i = 0; i < count; i++) work(encoder);
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    return performance.now() - before;
  };
  await run(1); // compiles, and takes the memory
  let count = 1;
  let elapsed = await run(count);
  while (elapsed < measureMs / 4 && count < 4096) {
    count *= 4;
    elapsed = await run(count);
  }
  const rounds = Math.max(1, Math.round((measureMs - elapsed) / elapsed));
  let best = count / elapsed;
  for (let i = 0; i < rounds; i++) best = Math.max(best, count / await run(count));
  return best * 1000;
}

/** Each thread reads `vectorsPerThread` vectors, a workgroup apart, so that neighbours read neighbouring bytes. */
function readKernel(device: GPUDevice, from: GPUBuffer, to: GPUBuffer, bufferBytes: number): Work {
  const code = `
@group(0) @binding(0) var<storage, read> source: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> sums: array<u32>;
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) lane: u32) {
  let index = group.y * groups.x + group.x;
  var at = index * ${threads * vectorsPerThread}u + lane;
  var sum = vec4<u32>(0u);
  for (var i = 0u; i < ${vectorsPerThread}u; i++) {
    sum += source[at];
    at += ${threads}u;
  }
  let all = sum.x + sum.y + sum.z + sum.w;
  if (all == 0xffffffffu) { sums[index] = all; } // keeps the reads from being left out
}`;
  const module = device.createShaderModule({ code });
  const pipeline = device.createComputePipeline({ layout: "auto", compute: { module, entryPoint: "main" } });
  const bindGroup = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [{ binding: 0, resource: { buffer: from } }, { binding: 1, resource: { buffer: to } }],
  });
  const groups = bufferBytes / (threads * vectorsPerThread * 16);
  const columns = Math.min(groups, 1024);
  return (encoder) => {
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(columns, Math.floor(groups / columns));
    pass.end();
  };
}
