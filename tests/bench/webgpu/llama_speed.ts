/**
 * The speed of llama.cpp on a device, in a process of its own, since a process holds one copy of its libraries:
 * `llama_speed.ts cpu|vulkan MODEL PROMPT DECODE ROUNDS` prints it as JSON.
 */
import { loadLlamaEngine } from "../../../inference/engines/llama/engine.ts";
import { librarySet } from "../../../inference/engines/llama/library_set.ts";
import { partsFolder } from "../../support/parts.ts";
import { type Speed, speed, type SpeedOptions } from "./speed.ts";

export type PeerDevice = "cpu" | "vulkan";

/** Undefined where llama.cpp is not built for it here. Throws with what the process said when it fails. */
export async function llamaSpeed(
  device: PeerDevice,
  modelPath: string,
  { promptTokens, decodeTokens, rounds }: SpeedOptions,
): Promise<Speed & { device: string } | undefined> {
  if (librarySet(device) === undefined) return undefined;
  const numbers = [promptTokens, decodeTokens, rounds].map(String);
  // Without this llama.cpp leaves software adapters alone, which ours is compared on where there is no other.
  const env: Record<string, string> = device === "vulkan" ? { GGML_VK_VISIBLE_DEVICES: "0" } : {};
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", import.meta.url, device, modelPath, ...numbers],
    env,
  }).output();
  const said = new TextDecoder().decode(success ? stdout : stderr).trim();
  if (!success) throw new Error(`llama.cpp on ${device}: ${said}`);
  return JSON.parse(said.split("\n").at(-1)!);
}

async function main([device, modelPath, ...numbers]: string[]): Promise<void> {
  const [promptTokens, decodeTokens, rounds] = numbers.map(Number);
  const options = {
    modelPath,
    contextTokens: promptTokens + decodeTokens + 64,
    maxSequences: 1,
    threads: navigator.hardwareConcurrency,
    gpuLayers: device === "cpu" ? 0 : 999,
  };
  const set = librarySet(device as PeerDevice)!;
  const engine = await loadLlamaEngine(options, { set, install: { root: `${partsFolder}/native` } });
  const measured = await speed(engine, { promptTokens, decodeTokens, rounds });
  console.log(JSON.stringify({ ...measured, device: engine.info.device }));
  engine.close();
}

if (import.meta.main) await main(Deno.args);
