/**
 * The key that Docker signs MCP images with. It is fetched once from where Docker publishes it and kept: from
 * then on it is pinned, and a file of the user's own goes before it.
 */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { bodyText, expectOk, request } from "../../../core/http/request.ts";

const published = "https://raw.githubusercontent.com/docker/keyring/main/public/mcp/latest.pub";

/** PEM. `SKIFF_MCP_SIGNING_KEY` names a file; else the pinned one at `path`. Throws "network", "invalid_input". */
export async function signingKey(
  path: string,
  env: { get(name: string): string | undefined },
  signal: AbortSignal,
  address = published,
): Promise<string> {
  const own = env.get("SKIFF_MCP_SIGNING_KEY");
  if (own) {
    return checked(
      await Deno.readTextFile(own).catch((cause) => {
        throw new SkiffError("invalid_input", `Cannot read the signing key ${own}: ${cause.message}`, {
          cause,
        });
      }),
      own,
    );
  }
  const kept = await Deno.readTextFile(path).catch(() => undefined);
  if (kept !== undefined) return checked(kept, path);
  const answer = await expectOk(await request(address, { signal }), "Docker's key for MCP images").catch(
    (cause) => {
      throw new SkiffError("network", `Cannot verify signatures: ${cause.message}`, {
        hint:
          "Put the key into a file and name it in SKIFF_MCP_SIGNING_KEY, or give --verify-signatures=false.",
        cause,
      });
    },
  );
  const key = checked(await bodyText(answer, address, signal), address);
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  const written = `${path}.${crypto.randomUUID()}`;
  await Deno.writeTextFile(written, key);
  await Deno.rename(written, path);
  return key;
}

function checked(key: string, place: string): string {
  if (key.includes("-----BEGIN PUBLIC KEY-----")) return key;
  throw new SkiffError("invalid_input", `${place} is no public key`, { hint: "It is a PEM file." });
}
