/** The C compiler that builds the forwarder: Zig's, out of PyPI's `ziglang` wheels, pinned by digest. */
import { createHash } from "node:crypto";
import { fileAccess } from "../../archive/random_access.ts";
import { readZipDirectory, readZipEntry } from "../../archive/zip.ts";
import { SkiffError } from "../../errors/skiff_error.ts";
import { exists } from "../../paths/exists.ts";
import type { Paths } from "../../paths/paths.ts";

const version = "0.15.2";

/** Wheels by `Deno.build`'s names of system and processor. */
const wheels: Record<string, { file: string; sha256: string }> = {
  "linux-x86_64": {
    file: "manylinux_2_12_x86_64.manylinux2010_x86_64.musllinux_1_1_x86_64",
    sha256: "806316453d1ede7174ed3fefb8e5348154629089c3bb5fe812dfd0e172fac130",
  },
  "linux-aarch64": {
    file: "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64",
    sha256: "edc0aa60ec964a4cf462d40f68d7de242ddf37fd9a80f2afaee6397059463230",
  },
  "darwin-aarch64": {
    file: "macosx_12_0_arm64",
    sha256: "acae2a9ce67ed249ad68d42c21bc73b5f9d51a33ba5ea42f609f78683e8d9bb7",
  },
  "darwin-x86_64": {
    file: "macosx_12_0_x86_64",
    sha256: "47af4f85e3e59bd672126cc026d3a01b516cad24b9a9ea075abfe8532f4c6bc1",
  },
  "windows-x86_64": {
    file: "win_amd64",
    sha256: "ca80dc9c70dbdfdd9ee51d000de3501a95d33d9782ab9ab9b56f700484ebcd83",
  },
};

export interface CompilerOptions {
  onNote?: (line: string) => void;
  signal?: AbortSignal;
}

/**
 * Path of the compiler in the cache folder, unpacked there from the package when it is missing.
 * Throws "network" when the package cannot be had, "corrupt" when it is another one, "unsupported".
 */
export async function ensureCompiler(paths: Paths, options: CompilerOptions = {}): Promise<string> {
  const wheel = wheels[`${Deno.build.os}-${Deno.build.arch}`];
  if (!wheel) throw new SkiffError("unsupported", "There is no compiler for the sandbox forwarder here");
  const folder = `${paths.cache}/zig-${version}`;
  const program = `${folder}/ziglang/zig${Deno.build.os === "windows" ? ".exe" : ""}`;
  if (await exists(program)) return program;
  await Deno.mkdir(paths.cache, { recursive: true, mode: 0o700 });
  const part = `${folder}.${crypto.randomUUID()}.part`;
  try {
    const file = `ziglang-${version}-py3-none-${wheel.file}.whl`;
    options.onNote?.(`Getting the compiler for the sandbox forwarder (ziglang ${version}, 93 MB, once)`);
    await Deno.mkdir(part);
    await download(file, wheel.sha256, `${part}/wheel`, options.signal);
    await unpack(`${part}/wheel`, part);
    await Deno.remove(`${part}/wheel`);
    await Deno.rename(part, folder).catch(async (error) => {
      if (!await exists(program)) throw error; // another process was first
    });
  } finally {
    await Deno.remove(part, { recursive: true }).catch(() => {});
  }
  return program;
}

async function download(file: string, sha256: string, target: string, signal?: AbortSignal): Promise<void> {
  const index = (Deno.env.get("PIP_INDEX_URL") ?? "https://pypi.org/simple").replace(/\/$/, "");
  const hash = createHash("sha256");
  try {
    const response = await fetch(await addressOf(file, index, signal), { signal });
    if (!response.ok || !response.body) throw new TypeError(`the index answered ${response.status}`);
    using out = await Deno.open(target, { write: true, createNew: true });
    for await (const piece of response.body) {
      hash.update(piece);
      for (let at = 0; at < piece.length;) at += await out.write(piece.subarray(at));
    }
  } catch (cause) {
    if (signal?.aborted) throw new SkiffError("interrupted", "The download was interrupted", { cause });
    if (!(cause instanceof TypeError)) throw cause;
    throw new SkiffError("network", `Cannot download ${file}: ${cause.message}`, {
      hint: "Check the network; PIP_INDEX_URL names another package index.",
      cause,
    });
  }
  if (hash.digest("hex") !== sha256) {
    throw new SkiffError("corrupt", `${file} is not the package that skiff trusts`, {
      hint: "A package mirror that alters packages cannot be used; set PIP_INDEX_URL to another.",
    });
  }
}

async function addressOf(file: string, index: string, signal?: AbortSignal): Promise<string> {
  const listing = await fetch(`${index}/ziglang/`, {
    headers: { accept: "application/vnd.pypi.simple.v1+json" },
    signal,
  });
  if (!listing.ok) throw new TypeError(`the index answered ${listing.status}`);
  const { files } = await listing.json() as { files: { filename: string; url: string }[] };
  const entry = files.find(({ filename }) => filename === file);
  if (!entry) throw new TypeError("the index does not list it");
  return new URL(entry.url, `${index}/ziglang/`).href;
}

/** The program, its headers and libraries; of the members only those that compiling for Linux needs. */
async function unpack(wheel: string, folder: string): Promise<void> {
  using source = await fileAccess(wheel);
  const made = new Set<string>();
  for (const entry of await readZipDirectory(source)) {
    if (entry.name.endsWith("/") || entry.name.split("/").includes("..")) continue;
    if (!entry.name.startsWith("ziglang/") || unneeded.test(entry.name)) continue;
    const path = `${folder}/${entry.name}`;
    const parent = path.slice(0, path.lastIndexOf("/"));
    if (!made.has(parent)) await Deno.mkdir(parent, { recursive: true });
    made.add(parent);
    const executable = /^ziglang\/zig(\.exe)?$/.test(entry.name);
    await Deno.writeFile(path, ReadableStream.from(readZipEntry(source, entry)), {
      mode: executable ? 0o755 : 0o644,
    });
  }
}

const unneeded =
  /^ziglang\/(doc\/|lib\/(libcxx|libcxxabi|libtsan|docs|libc\/(mingw|darwin|freebsd|netbsd|wasi|glibc)|libc\/include\/(any-windows|any-darwin|any-freebsd|any-netbsd|wasm|generic-freebsd|generic-netbsd))\b)/;
