/**
 * tint, the WGSL compiler of Chromium, out of Dawn's build for Node (npm `webgpu`). Unlike naga, which Deno
 * has, it proves that barriers are met by all threads of a workgroup. Runs on Dawn's null backend: no GPU.
 * In a process of its own: Dawn ends the process when what it made is collected.
 */
import { npmPackage, npmTarball } from "./npm_packages.ts";

const version = "0.6.2";
const integrity = "3L4GfmqJLvYUIEWJngEQY+2HQiUlAFkg8+P8NDDj3Xx5hHHIFO/r8JW+ynfqBj7kHN4mbnwO74uB+lrRtLhp4Q==";

/** Says what tint has against a WGSL text: errors and warnings, a line each; nothing when it is right. */
export type Tint = (code: string) => Promise<string[]>;

let started: Promise<Tint> | undefined;

/** Throws with the reason when it cannot be had. */
export function tint(): Promise<Tint> {
  return started ??= start();
}

async function start(): Promise<Tint> {
  const arch = Deno.build.arch === "x86_64" ? "x64" : "arm64";
  const binary = Deno.build.os === "darwin"
    ? "darwin-universal"
    : `${Deno.build.os.replace("windows", "win32")}-${arch}`;
  const folder = await npmPackage(npmTarball("webgpu", version, integrity), [`dist/${binary}`]);
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      new URL("./tint_child.ts", import.meta.url).href,
      `${folder}/dist/${binary}`,
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(lineSplitter()).getReader();
  const ask = async (code: string): Promise<string[]> => {
    await writer.write(new TextEncoder().encode(`${JSON.stringify(code)}\n`));
    const { value } = await lines.read();
    if (value === undefined) throw new Error("tint's process ended");
    return JSON.parse(value);
  };
  const found = await ask("fn f() {}");
  if (found.length > 0) throw new Error(`tint does not work: ${found.join()}`);
  let last: Promise<unknown> = Promise.resolve();
  return (code) => {
    const answer = last.then(() => ask(code));
    last = answer.catch(() => {});
    return answer;
  };
}

function lineSplitter(): TransformStream<string, string> {
  let rest = "";
  return new TransformStream({
    transform(chunk, controller) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop()!;
      for (const line of lines) controller.enqueue(line);
    },
  });
}
