/** Secrets in a credential helper of Docker's (`docker-credential-pass`, `-osxkeychain`, `-wincred`, …). */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { SecretProvider } from "./secret_store.ts";

/** Helpers file secrets by the address of a server; names of secrets become one. */
const root = "https://docker.mcp/";

const toAddress = (secret: string) => root + secret.split("/").map(encodeURIComponent).join("/");
const toName = (address: string) => address.slice(root.length).split("/").map(decodeURIComponent).join("/");

interface HelperAnswer {
  ok: boolean;
  text: string;
}

/** For somebody to unlock a keyring. */
const answerMs = 60_000;

/**
 * The helper of this name; undefined when it is not installed or does not work here (a locked keyring).
 * `limitMs`: for each answer about secrets.
 */
export async function credentialHelper(
  name: string,
  limitMs = answerMs,
): Promise<SecretProvider | undefined> {
  if (!/^[A-Za-z0-9_.-]+$/.test(name)) return undefined;
  const program = `docker-credential-${name}`;
  const ask = (program: string, action: string, input: string) => answerOf(program, action, input, limitMs);
  const works = await answerOf(program, "list", "", answerMs).then(({ ok }) => ok, () => false);
  if (!works) return undefined;
  const get = async (secret: string): Promise<string | undefined> => {
    const { ok, text } = await ask(program, "get", toAddress(secret));
    if (ok) return secretOf(program, text);
    if (/not found/i.test(text)) return undefined;
    throw helperError(program, "read", text);
  };
  return {
    name: `credential-helper:${name}`,
    get,
    async set(secret, value) {
      const record = { ServerURL: toAddress(secret), Username: secret, Secret: value };
      const { ok, text } = await ask(program, "store", JSON.stringify(record));
      if (!ok) throw helperError(program, "keep", text);
    },
    async remove(secret) {
      if (await get(secret) === undefined) return false;
      const { ok, text } = await ask(program, "erase", toAddress(secret));
      if (!ok) throw helperError(program, "remove", text);
      return true;
    },
    async list() {
      const { ok, text } = await ask(program, "list", "");
      if (!ok) throw helperError(program, "list", text);
      return Object.keys(JSON.parse(text) ?? {}).filter((address) => address.startsWith(root)).map(toName);
    },
  };
}

/** The parser's own error would show what it was given. */
function secretOf(program: string, text: string): string {
  try {
    const { Secret } = JSON.parse(text);
    if (typeof Secret === "string") return Secret;
  } catch { /* told below */ }
  throw helperError(program, "read", "its answer cannot be read");
}

function helperError(program: string, what: string, text: string): SkiffError {
  return new SkiffError("unavailable", `${program} cannot ${what} the secret: ${text.trim().slice(0, 200)}`, {
    hint: "Unlock it, or set SKIFF_MCP_SECRETS=file to keep secrets in a file of yours.",
  });
}

/** What goes in goes through stdin: arguments can be seen by all. */
async function answerOf(
  program: string,
  action: string,
  input: string,
  limitMs: number,
): Promise<HelperAnswer> {
  const limit = AbortSignal.timeout(limitMs);
  const child = new Deno.Command(program, {
    args: [action],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
    signal: limit,
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input)).catch(() => {});
  await writer.close().catch(() => {});
  const { success, stdout } = await child.output();
  const text = limit.aborted
    ? `it did not answer within ${limitMs / 1000} s`
    : new TextDecoder().decode(stdout);
  return { ok: success && !limit.aborted, text };
}
