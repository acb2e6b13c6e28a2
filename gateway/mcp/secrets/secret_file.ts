/** Secrets in a JSON file that only its user can read: `{"secrets": {"<name>": "<value>"}}`. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { Environment } from "../configuration/toolkit_files.ts";
import { editFile, readText } from "../files/edit_file.ts";
import { parseJsonObject, setJson } from "../files/json_text.ts";
import type { SecretProvider } from "./secret_store.ts";

export function secretFile(path: string, env: Environment): SecretProvider {
  const options = { env, mode: 0o600 };
  const read = async () => {
    const text = await readText(path);
    if (text === undefined) return {};
    await assertPrivate(path);
    return secretsOf(text, path);
  };
  return {
    name: "file",
    async get(secret) {
      const secrets = await read();
      return Object.hasOwn(secrets, secret) ? secrets[secret] : undefined;
    },
    async set(secret, value) {
      await read();
      await editFile(path, (text = "") => setJson(text, ["secrets", secret], value, path), options);
    },
    async remove(secret) {
      return await editFile(
        path,
        (text) => text === undefined ? undefined : setJson(text, ["secrets", secret], undefined, path),
        options,
      );
    },
    async list() {
      return Object.keys(await read());
    },
  };
}

function secretsOf(text: string, path: string): Record<string, string> {
  const secrets = parseJsonObject(text, path).secrets ?? {};
  const fine = typeof secrets === "object" && secrets !== null &&
    Object.values(secrets).every((value) => typeof value === "string");
  if (!fine) {
    throw new SkiffError("invalid_input", `${path}: "secrets" is no mapping of texts`, {
      hint: "Repair the file, or remove it and set the secrets anew.",
    });
  }
  return secrets as Record<string, string>;
}

/** A file that others can read is no place for secrets: it is closed again, for whatever opened it. */
async function assertPrivate(path: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  const { mode, uid } = await Deno.stat(path);
  if (mode === null || (mode & 0o077) === 0) return;
  if (uid === Deno.uid()) return await Deno.chmod(path, 0o600);
  throw new SkiffError("forbidden", `Others can read the secrets in ${path}`, {
    hint: `Run \`chmod 600 ${path}\`.`,
  });
}
