/**
 * Where secrets are kept: a credential helper of Docker's when `credsStore` names one that works, else a file
 * for the user alone. Values are never logged and never part of a command line.
 */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { Environment, ToolkitFiles } from "../configuration/toolkit_files.ts";
import { readText } from "../files/edit_file.ts";
import { parseJsonObject } from "../files/json_text.ts";
import { credentialHelper } from "./credential_helper.ts";
import { secretFile } from "./secret_file.ts";

/** One place that keeps secrets. */
export interface SecretProvider {
  /** As `secret ls` shows it. */
  readonly name: string;
  get(secret: string): Promise<string | undefined>;
  set(secret: string, value: string): Promise<void>;
  /** False when there was none. */
  remove(secret: string): Promise<boolean>;
  list(): Promise<string[]>;
}

export interface SecretRecord {
  name: string;
  provider: string;
}

/** All providers as one: secrets are written to the first, and read from whichever has them. */
export class SecretStore {
  constructor(private readonly providers: SecretProvider[]) {}

  async get(name: string): Promise<string | undefined> {
    for (const provider of this.providers) {
      const value = await provider.get(name);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** Throws "usage" for a name that cannot be one. The value may hold anything but NUL. */
  async set(name: string, value: string): Promise<SecretRecord> {
    checkName(name);
    if (value.includes("\0")) {
      throw new SkiffError("invalid_input", `The value of ${name} holds a NUL`, { hint: "Give text." });
    }
    const [first, ...others] = this.providers;
    await first.set(name, value);
    for (const other of others) await other.remove(name); // an old value must not come back
    return { name, provider: first.name };
  }

  /** False when no provider had it. */
  async remove(name: string): Promise<boolean> {
    let removed = false;
    for (const provider of this.providers) removed = await provider.remove(name) || removed;
    return removed;
  }

  /** By name. */
  async list(): Promise<SecretRecord[]> {
    const found = new Map<string, SecretRecord>();
    for (const provider of this.providers) {
      for (const name of await provider.list()) {
        if (!found.has(name)) found.set(name, { name, provider: provider.name });
      }
    }
    return [...found.values()].sort((a, b) => a.name < b.name ? -1 : 1);
  }
}

export function checkName(name: string): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9._/:@-]{0,254}$/.test(name)) {
    throw new SkiffError("usage", "That is no name of a secret", {
      hint: "Names are like github.personal_access_token.",
    });
  }
}

/** The store of this user. SKIFF_MCP_SECRETS=file keeps them in the file in any case. */
export async function openSecretStore(files: ToolkitFiles, env: Environment): Promise<SecretStore> {
  const file = secretFile(files.secrets, env);
  if (env.get("SKIFF_MCP_SECRETS") === "file") return new SecretStore([file]);
  const text = await readText(files.dockerConfig);
  const named = text === undefined ? undefined : parseJsonObject(text, files.dockerConfig).credsStore;
  const helper = typeof named === "string" && named ? await credentialHelper(named) : undefined;
  return new SecretStore(helper ? [helper, file] : [file]);
}
