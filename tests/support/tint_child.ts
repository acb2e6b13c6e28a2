/** Dawn's process: a WGSL text as a JSON string a line in, what tint has against it as a JSON array a line out. */
import { createRequire } from "node:module";

interface Dawn {
  create(options: string[]): GPU;
}

const dawn: Dawn = createRequire(`${Deno.args[0]}/index.js`)(`${Deno.args[0]}/dawn.node`);
const gpu = dawn.create(["backend=null"]);
const adapter = await gpu.requestAdapter();
if (!adapter) throw new Error("Dawn has no null adapter");
const device = await adapter.requestDevice({
  requiredFeatures: ["shader-f16", "subgroups"] as GPUFeatureName[],
});
/** Dawn crashes when what it made is collected. */
(globalThis as { kept?: unknown[] }).kept = [dawn, gpu, adapter, device];
// Dawn answers from an idle callback, which does not keep Deno's event loop alive.
setInterval(() => {}, 1);

let rest = "";
const encoder = new TextEncoder();
for await (const chunk of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + chunk).split("\n");
  rest = lines.pop()!;
  for (const line of lines) {
    const answer = encoder.encode(`${JSON.stringify(await messages(JSON.parse(line)))}\n`);
    for (let at = 0; at < answer.length;) at += await Deno.stdout.write(answer.subarray(at));
  }
}
Deno.exit(0);

async function messages(code: string): Promise<string[]> {
  device.pushErrorScope("validation"); // Dawn prints to stderr what no scope takes
  const info = await device.createShaderModule({ code }).getCompilationInfo();
  await device.popErrorScope();
  const text = (number: number) => code.split("\n")[number - 1]?.trim() ?? "";
  return info.messages
    .filter(({ type }) => type !== "info")
    .map(({ type, lineNum, message }) => `${lineNum}: ${type}: ${message}: ${text(lineNum)}`);
}
