/**
 * The context of a build, with its Dockerfile checked. It is kept in a file while it is looked through, and goes
 * on as an archive written anew: no two readers of one archive.
 */
import { readTar, type TarEntry } from "../../../archive/tar.ts";
import { type TarFile, writeTar } from "../../../archive/tar_writer.ts";
import { SkiffError } from "../../../errors/skiff_error.ts";
import { Refusal } from "./refusal.ts";

export interface CheckedContext extends Disposable {
  /** Name of the Dockerfile in it. */
  dockerfile: string;
  pieces: AsyncIterable<Uint8Array>;
}

/** Bytes as they come. */
const largestContext = 4 * 2 ** 30;
const largestDockerfile = 1024 * 1024;

/**
 * Takes the context in and has `check` read and rewrite its Dockerfile. Throws `Refusal`. `folder`: where the
 * file may lie meanwhile.
 */
export async function checkedContext(
  body: AsyncIterable<Uint8Array>,
  folder: string,
  dockerfile: string | null,
  check: (text: string) => Promise<string>,
): Promise<CheckedContext> {
  const path = `${folder}/context-${crypto.randomUUID()}.tar`;
  const dispose = () => {
    try {
      Deno.removeSync(path);
    } catch {
      // It is gone.
    }
  };
  try {
    await keep(body, path);
    const { name, text } = await findDockerfile(path, dockerfile);
    const checked = await check(text);
    return { dockerfile: name, pieces: writeTar(rewritten(path, name, checked)), [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    if (error instanceof SkiffError && error.code === "corrupt") {
      throw new Refusal(`the build context cannot be read: ${error.message}`, 400);
    }
    throw error;
  }
}

async function keep(body: AsyncIterable<Uint8Array>, path: string): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > largestContext) throw new Refusal("the build context is larger than 4 GiB", 413);
    for (let at = 0; at < piece.length;) at += await file.write(piece.subarray(at));
  }
}

async function* entries(path: string): AsyncGenerator<TarEntry> {
  using file = await Deno.open(path);
  async function* bytes() {
    for (;;) {
      const buffer = new Uint8Array(256 * 1024);
      const count = await file.read(buffer);
      if (count === null) return;
      yield buffer.subarray(0, count);
    }
  }
  yield* readTar(bytes());
}

const plainName = (name: string) => name.replace(/^(\.?\/)+/, "").replace(/\/+$/, "");

async function findDockerfile(path: string, asked: string | null): Promise<{ name: string; text: string }> {
  const wanted = asked ? [plainName(asked)] : ["Dockerfile", "dockerfile"];
  const found = new Map<string, string>();
  const links: string[] = [];
  for await (const entry of entries(path)) {
    const name = plainName(entry.name);
    if (name.split("/").some((part) => part === ".." || part === ".")) {
      throw new Refusal(`the build context holds the name "${entry.name}"`, 400);
    }
    if (entry.type !== "file" && entry.type !== "directory") links.push(name);
    if (!wanted.includes(name)) continue;
    if (entry.type !== "file" || found.has(name) || entry.size > largestDockerfile) {
      throw new Refusal("the Dockerfile must be one regular file of 1 MiB at most", 400);
    }
    found.set(name, await new Response(ReadableStream.from(entry.content())).text());
  }
  const name = wanted.find((one) => found.has(one));
  if (name === undefined) throw new Refusal(`Cannot locate specified Dockerfile: ${wanted[0]}`, 400);
  if (links.some((link) => link === name || name.startsWith(`${link}/`))) {
    throw new Refusal("the Dockerfile must not be reached through a link", 400);
  }
  return { name, text: found.get(name)! };
}

async function* rewritten(path: string, dockerfile: string, text: string): AsyncGenerator<TarFile> {
  for await (const { name, type, mode, linkName, size, content } of entries(path)) {
    if (type === "other") continue;
    const plain = plainName(name);
    if (plain === "") continue;
    if (plain === dockerfile) yield { name: plain, mode, content: text };
    else if (type === "file") yield { name: plain, mode, content: { size, pieces: content() } };
    else yield { name: plain, type, mode, ...(linkName ? { linkName } : {}) };
  }
}
