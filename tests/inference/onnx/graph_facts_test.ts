import assert from "node:assert/strict";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { readGraphFacts } from "../../../inference/onnx/graph_facts.ts";
import { OnnxGraph } from "../../support/onnx_writer.ts";

function graphBytes(): Uint8Array<ArrayBuffer> {
  const graph = new OnnxGraph();
  graph.inputs.push({ name: "x", type: "float", dims: ["n", 300] });
  const weight = graph.floats("weight", [300, 40], new Float32Array(300 * 40));
  graph.floats("weight_scale", [40], new Float32Array(40)); // belongs to the weight
  const bias = graph.floats("bias", [40], new Float32Array(40));
  const sum = graph.op("Add", [graph.op("MatMul", ["x", weight]), bias]);
  graph.outputs.push({ name: graph.name(sum, "y"), type: "float", dims: ["n", 40] });
  return graph.write().graph;
}

async function withFile<T>(bytes: Uint8Array, body: (path: string) => Promise<T>): Promise<T> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, bytes);
    return await body(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("readGraphFacts counts weights without their scales", async () => {
  const facts = await withFile(graphBytes(), readGraphFacts);
  assert.deepEqual(facts, { parameters: 300 * 40 + 40, producer: "skiff tests" });
});

const damaged: [string, (bytes: Uint8Array<ArrayBuffer>) => Uint8Array][] = [
  ["an empty file", () => new Uint8Array()],
  ["a file of text", () => new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\n")],
  ["a file that ends in the middle", (bytes) => bytes.subarray(0, bytes.length >> 1)],
  ["a file that ends in its first number", (bytes) => bytes.subarray(0, 1)],
  ["zeros", (bytes) => new Uint8Array(bytes.length)],
];

for (const [what, damage] of damaged) {
  Deno.test(`readGraphFacts calls ${what} damaged`, async () => {
    await withFile(damage(graphBytes()), (path) =>
      assert.rejects(
        readGraphFacts(path),
        (error) => error instanceof SkiffError && error.code === "corrupt" && /byte \d+/.test(error.message),
      ));
  });
}

Deno.test("no change of a byte makes readGraphFacts do anything but answer or complain", async () => {
  const bytes = graphBytes();
  const path = await Deno.makeTempFile();
  for (let at = 0; at < bytes.length; at += at < 400 ? 1 : 997) {
    const changed = bytes.slice();
    changed[at] ^= 0xff;
    await Deno.writeFile(path, changed);
    await readGraphFacts(path).catch((error) => assert.ok(error instanceof SkiffError, String(error)));
  }
  await Deno.remove(path);
});
