/** The keys that Docker's MCP images are signed with. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";

/**
 * Docker's public key for MCP images, published at github.com/docker/keyring (public/mcp/latest.pub); the same
 * that docker/mcp-gateway holds in pkg/signatures/signatures.go from its first version (June 2025) to 2bd20fe
 * (July 2026).
 */
export const dockerKey = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAETcvGv5qypnoxKkFIQOdXZ+2H6JN8
8kmAQrMkTb6SmJ7BY59OJIOpTwdjD5joLot6zFs1Q7HHDmkF5HOaC8zSnA==
-----END PUBLIC KEY-----
`;

const pem = /-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----/g;

/** PEM, each. `SKIFF_MCP_SIGNING_KEY` names a file with others in place of Docker's. Throws "invalid_input". */
export async function signingKeys(env: { get(name: string): string | undefined }): Promise<string[]> {
  const own = env.get("SKIFF_MCP_SIGNING_KEY");
  if (!own) return [dockerKey];
  const text = await Deno.readTextFile(own).catch((cause) => {
    throw new SkiffError("invalid_input", `Cannot read the signing key ${own}: ${cause.message}`, { cause });
  });
  const keys = text.match(pem);
  if (keys) return keys;
  throw new SkiffError("invalid_input", `${own} holds no public key`, {
    hint: "It is a PEM file, with one key or several.",
  });
}
