/** How many bytes of weights a token makes the GPU read, by what its dispatches bind. */
import type { Model } from "../../inference/engines/webgpu/execution/model.ts";

/** Bytes that a single token's dispatches bind, and that its matrices take in the file. */
export function weightsRead(model: Model): { read: number; inFile: number } {
  const { plan, weights } = model.resources;
  // the embeddings are the output's where they are tied, and read once for that
  const inFile = plan.uploads.flatMap(({ sources }) => sources)
    .reduce((sum, { tensor }) => sum + tensor.byteLength, 0);
  const ranges = new Set([...weights.values()].flatMap(({ parts }) => parts.map(({ range }) => range)));
  const { body, head } = model.dispatches(1, 1);
  let read = 0;
  for (const { buffers, label } of [...body, ...head]) {
    if (label === "embedding") continue; // one row of it
    for (const range of new Set(buffers)) if (ranges.has(range)) read += range.size;
  }
  return { read, inFile };
}
