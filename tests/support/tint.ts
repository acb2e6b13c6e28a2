/**
 * tint, the WGSL compiler of Chromium, out of Dawn's build for Node (npm `webgpu`). Unlike naga, which Deno
 * has, it proves that barriers are met by all threads of a workgroup. Runs on Dawn's null backend: no GPU.
 */
import { createRequire } from "node:module";
import { npmPackage } from "./npm_package.ts";

const version = "0.6.2";
const integrity = "3L4GfmqJLvYUIEWJngEQY+2HQiUlAFkg8+P8NDDj3Xx5hHHIFO/r8JW+ynfqBj7kHN4mbnwO74uB+lrRtLhp4Q==";

interface Dawn {
  create(options: string[]): GPU;
}

/** Says what tint has against a WGSL text: errors and warnings, a line each; nothing when it is right. */
export type Tint = (code: string) => Promise<string[]>;

/** Throws with the reason when it cannot be had. */
export async function tint(): Promise<Tint> {
  const platform = `${Deno.build.os}-${Deno.build.arch === "x86_64" ? "x64" : "arm64"}`;
  const binary = Deno.build.os === "darwin" ? "darwin-universal" : platform.replace("windows", "win32");
  const folder = await npmPackage("webgpu", version, integrity, [`dist/${binary}`]);
  const dawn: Dawn = createRequire(`${folder}/index.js`)(`${folder}/dist/${binary}/dawn.node`);
  const gpu = dawn.create(["backend=null"]);
  const adapter = await gpu.requestAdapter();
  if (!adapter) throw new Error("Dawn has no null adapter");
  const wanted = ["shader-f16", "subgroups"] as GPUFeatureName[];
  const device = await adapter.requestDevice({ requiredFeatures: wanted });
  kept.push(dawn, gpu, adapter, device);
  return async (code) => {
    // Dawn answers from an idle callback, which does not keep Deno's event loop alive.
    const alive = setInterval(() => {}, 1);
    device.pushErrorScope("validation"); // Dawn prints to stderr what no scope takes
    const info = await device.createShaderModule({ code }).getCompilationInfo();
    await device.popErrorScope();
    clearInterval(alive);
    return info.messages
      .filter(({ type }) => type !== "info")
      .map(({ type, lineNum, message }) => `${lineNum}: ${type}: ${message}: ${line(code, lineNum)}`);
  };
}

/** Dawn crashes when what it made is collected. */
const kept: unknown[] = [];

function line(code: string, number: number): string {
  return code.split("\n")[number - 1]?.trim() ?? "";
}
