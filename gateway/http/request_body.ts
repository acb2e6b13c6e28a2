/** Request bodies: read with a limit, parsed as JSON. */
import { joined } from "../../core/format/bytes.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";

function tooLarge(limit: number): SkiffError {
  return new SkiffError("invalid_input", "request too large", {
    hint: `A request body may have up to ${Math.floor(limit / 1048576)} MiB.`,
    details: { status: 413, code: "request_too_large" },
  });
}

/** The body as text. Throws "invalid_input" (status 413) as soon as more than `limit` bytes are seen. */
export async function readText(request: Request, limit: number): Promise<string> {
  if (Number(request.headers.get("content-length") ?? 0) > limit) throw tooLarge(limit);
  if (!request.body) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.length;
    if (size > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return new TextDecoder().decode(chunks.length === 1 ? chunks[0] : joined(chunks));
}

/** Throws "invalid_input" in OpenAI's words when the text is no JSON object. */
export function parseJsonObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new SkiffError("invalid_input", "We could not parse the JSON body of your request.", {
      hint: `The body must be a JSON object: ${error instanceof Error ? error.message : error}.`,
      cause: error,
    });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new SkiffError("invalid_input", "Invalid body: expected a JSON object.", {
      details: { code: "invalid_type" },
    });
  }
  return value as Record<string, unknown>;
}
