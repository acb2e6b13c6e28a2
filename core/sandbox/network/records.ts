/** The files of a sandbox's access: policy and record, each replaced in one step. */
import { SkiffError } from "../../errors/skiff_error.ts";
import type { Paths } from "../../paths/paths.ts";
import type { DockerAccess, McpAccess, ModelAccess } from "./access.ts";
import type { CredentialRule } from "./credential_rule.ts";
import { defaultPolicy, networkModes, type NetworkPolicy, presets } from "./policy.ts";
import { proxyFiles, sandboxFiles } from "./sandbox_files.ts";

/** What the proxy knows of a sandbox besides its policy. No secrets. */
export interface AccessRecord {
  sandbox: string;
  /** The container's name. */
  name: string;
  /** Real path. */
  workspace: string;
  agent: string;
  /** ISO time. */
  created: string;
  /** Host path of the forwarder that the container runs. */
  forwarder: string;
  engineSocket?: string;
  model?: ModelAccess;
  mcp?: McpAccess;
  credentials: CredentialRule[];
  /** The filtered Docker socket; absent: none. */
  docker?: DockerAccess;
}

/** The policy of a sandbox. Throws "not_found", and "corrupt" when a person broke the file. */
export async function readPolicy(paths: Paths, sandbox: string): Promise<NetworkPolicy> {
  const file = sandboxFiles(paths, sandbox).policy;
  const policy = await readJson(file);
  if (policy === undefined) {
    throw new SkiffError("not_found", `There is no network policy of a sandbox ${sandbox}`);
  }
  return checkedPolicy(policy, file);
}

export async function writePolicy(paths: Paths, sandbox: string, policy: NetworkPolicy): Promise<void> {
  const files = sandboxFiles(paths, sandbox);
  await privateFolder(files.state);
  await replaceFile(files.policy, `${JSON.stringify(policy, null, 2)}\n`);
}

/** The record of a sandbox; undefined when there is none. */
export async function readRecord(paths: Paths, sandbox: string): Promise<AccessRecord | undefined> {
  return await readJson(sandboxFiles(paths, sandbox).record) as AccessRecord | undefined;
}

export async function writeRecord(paths: Paths, record: AccessRecord): Promise<void> {
  const files = sandboxFiles(paths, record.sandbox);
  await privateFolder(files.state);
  await replaceFile(files.record, `${JSON.stringify(record, null, 2)}\n`);
}

/** All records, by name. Folders that are being made or removed are left out. */
export async function listRecords(paths: Paths): Promise<AccessRecord[]> {
  const { state } = proxyFiles(paths);
  const found: AccessRecord[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(state)) {
      const record = isDirectory ? await readRecord(paths, name).catch(() => undefined) : undefined;
      if (record) found.push(record);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found.sort((a, b) => a.name.localeCompare(b.name));
}

/** The policy, if the value is one. A file that a person edited may hold anything. */
export function checkedPolicy(value: unknown, file: string): NetworkPolicy {
  const wrong = (what: string) =>
    new SkiffError("corrupt", `${file}: ${what}`, {
      hint: "Mend the file; until then the proxy lets nothing through.",
    });
  if (typeof value !== "object" || value === null) throw wrong("it holds no policy");
  const policy = { ...defaultPolicy(), ...value } as NetworkPolicy;
  if (!networkModes.includes(policy.mode)) throw wrong(`there is no mode "${policy.mode}"`);
  if (policy.preset !== undefined && !presets.includes(policy.preset)) {
    throw wrong(`there is no preset "${policy.preset}"`);
  }
  for (const list of [policy.allow, policy.deny]) {
    if (!Array.isArray(list) || list.some((rule) => typeof rule !== "string")) {
      throw wrong("allow and deny must be lists of texts");
    }
  }
  return policy;
}

/** Makes a folder that only the user may enter. Throws "forbidden" when it belongs to somebody else. */
export async function privateFolder(path: string): Promise<void> {
  await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  const info = await Deno.lstat(path);
  if (!info.isDirectory || (Deno.build.os !== "windows" && info.uid !== Deno.uid())) {
    throw new SkiffError("forbidden", `The folder ${path} belongs to another user`, {
      hint: "Remove it, or set SKIFF_HOME to a folder of your own.",
    });
  }
  if (Deno.build.os !== "windows" && (info.mode! & 0o077) !== 0) await Deno.chmod(path, 0o700);
}

async function readJson(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await Deno.readTextFile(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SkiffError("corrupt", `${file} is no JSON`, { cause, hint: "Mend or delete the file." });
  }
}

/** Writes beside the place and moves there, so that a reader sees the old or the new text, never a part. */
async function replaceFile(file: string, text: string): Promise<void> {
  const part = `${file}.${crypto.randomUUID()}.part`;
  try {
    using out = await Deno.open(part, { write: true, createNew: true, mode: 0o600 });
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) at += await out.write(bytes.subarray(at));
    await out.syncData();
    await Deno.rename(part, file);
  } catch (error) {
    await Deno.remove(part).catch(() => {});
    throw error;
  }
}
