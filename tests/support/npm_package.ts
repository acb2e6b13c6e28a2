/** Packages of the npm registry that tests check against: download, digest check, extraction. */
import { readTar } from "../../core/archive/tar.ts";
import { part } from "./parts.ts";

/**
 * Folder of a package, of which the files under `paths` are unpacked (all by default).
 * @param integrity sha512 of the tarball in base64
 */
export async function npmPackage(
  name: string,
  version: string,
  integrity: string,
  paths: string[] = [""],
): Promise<string> {
  return await part(`npm/${name.replaceAll("/", "_")}-${version}`, async (target) => {
    const archive = await download(name, version);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-512", archive)).toBase64();
    if (digest !== integrity) throw new Error(`${name} ${version} has digest ${digest}`);
    for await (const entry of readTar(new Blob([archive]).stream())) {
      const inside = entry.name.slice(entry.name.indexOf("/") + 1);
      if (entry.type !== "file" || !paths.some((path) => inside.startsWith(path))) continue;
      if (inside.split("/").includes("..")) throw new Error(`${name} has a member ${entry.name}`);
      const path = `${target}/${inside}`;
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      await Deno.writeFile(path, ReadableStream.from(entry.content()));
    }
  });
}

async function download(name: string, version: string): Promise<Uint8Array<ArrayBuffer>> {
  const registry = Deno.env.get("npm_config_registry") ?? Deno.env.get("NPM_CONFIG_REGISTRY") ??
    "https://registry.npmjs.org";
  const url = `${registry.replace(/\/$/, "")}/${name}/-/${name.split("/").at(-1)}-${version}.tgz`;
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
