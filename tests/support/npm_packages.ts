/** Files out of packages of the npm registry, for tests: download, digest check, extraction. */
import { createHash } from "node:crypto";
import { readTar } from "../../core/archive/tar.ts";
import { registryFetch } from "../../build/registry_fetch.ts";
import { registryCommand } from "./command.ts";
import { part } from "./parts.ts";

/** A file of the registry, e.g. "ajv/-/ajv-8.17.1.tgz", with the sha512 that the registry states (base64). */
export interface NpmTarball {
  path: string;
  integrity: string;
}

/** Writes the members of a package that `wanted` accepts below a folder, without the package's top folder. */
export async function unpackTarball(
  tarball: NpmTarball,
  folder: string,
  wanted: (name: string) => boolean = () => true,
): Promise<void> {
  const archive = `${folder}.tgz`;
  try {
    await download(tarball, archive);
    using file = await Deno.open(archive);
    for await (const entry of readTar(file.readable)) {
      const name = entry.name.slice(entry.name.indexOf("/") + 1);
      if (entry.type !== "file" || !wanted(name)) continue;
      const path = `${folder}/${name}`;
      if (path.split("/").includes("..")) throw new Error(`${tarball.path} has a member ${entry.name}`);
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      await Deno.writeFile(path, ReadableStream.from(entry.content()), { mode: entry.mode });
    }
  } finally {
    await Deno.remove(archive).catch(() => {});
  }
}

async function download({ path, integrity }: NpmTarball, target: string): Promise<void> {
  const registry = Deno.env.get("npm_config_registry") ?? Deno.env.get("NPM_CONFIG_REGISTRY") ??
    "https://registry.npmjs.org/";
  const response = await registryFetch(new URL(path, registry.endsWith("/") ? registry : `${registry}/`));
  if (!response.ok || !response.body) throw new Error(`${response.url} answered ${response.status}`);
  await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
  const hash = createHash("sha512");
  const counted = response.body.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        hash.update(chunk);
        controller.enqueue(chunk);
      },
    }),
  );
  await Deno.writeFile(target, counted);
  const digest = hash.digest("base64");
  if (digest !== integrity) throw new Error(`${path} has digest ${digest}`);
}

/** A package as a tarball: `integrity` is the registry's sha512 in base64. */
export function npmTarball(name: string, version: string, integrity: string): NpmTarball {
  return { path: `${name}/-/${name.split("/").at(-1)}-${version}.tgz`, integrity };
}

/** Folder of a package kept among the test parts, with the files under `paths` (all by default). */
export async function npmPackage(tarball: NpmTarball, paths: string[] = [""]): Promise<string> {
  const name = tarball.path.replace(/\/-\/.*\//, "/").replace(/\.tgz$/, "").replaceAll("/", "_");
  const wanted = (member: string) => paths.some((path) => member.startsWith(path));
  return await part(`npm/${name}`, (target) => unpackTarball(tarball, target, wanted));
}

/** The path of one member of a package. */
export async function npmMember(tarball: NpmTarball, member: string): Promise<string> {
  return `${await npmPackage(tarball, [member])}/${member}`;
}

/** Installs packages ("name@version") below a folder. */
export async function npmInstall(folder: string, packages: string[], flags: string[] = []): Promise<void> {
  const quiet = ["--no-audit", "--no-fund", "--silent", ...flags];
  await registryCommand("npm", ["install", ...quiet, "--prefix", folder, ...packages]);
}
