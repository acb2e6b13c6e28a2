/** Puts large assets into a compiled Linux executable where Deno does not read them (core/assets/appended.ts). */
import { type AppendedIndex, appendedMagic, elfEnd } from "../core/assets/appended.ts";

/** What Deno's own data begins with, right behind the runtime. */
const denoMagic = "d3n0l4nd";

/**
 * Inserts all files of `folder` into the executable, by their paths in it. False, and nothing done, where the
 * executable is not laid out as we know it.
 */
export async function appendAssets(executable: string, folder: string): Promise<boolean> {
  const program = await Deno.readFile(executable);
  const end = elfEnd(program);
  if (end === undefined || new TextDecoder().decode(program.subarray(end, end + 8)) !== denoMagic) {
    return false;
  }
  const index: AppendedIndex = {};
  const contents: Uint8Array[] = [];
  let offset = 0;
  for await (const name of filesOf(folder)) {
    const bytes = await Deno.readFile(`${folder}/${name}`);
    index[name] = [offset, bytes.length];
    contents.push(bytes);
    offset += bytes.length;
  }
  const table = new TextEncoder().encode(JSON.stringify(index));
  const head = new Uint8Array(12);
  head.set(new TextEncoder().encode(appendedMagic));
  new DataView(head.buffer).setUint32(8, table.length, true);
  const pieces = [program.subarray(0, end), head, table, ...contents, program.subarray(end)];
  await Deno.writeFile(executable, ReadableStream.from(pieces), { mode: 0o755 });
  return true;
}

async function* filesOf(folder: string, below = ""): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(`${folder}/${below}`)) {
    if (isDirectory) yield* filesOf(folder, `${below}${name}/`);
    else yield below + name;
  }
}
