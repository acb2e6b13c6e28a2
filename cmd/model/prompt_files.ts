/** Files named in a prompt: `@path` and `@"path with spaces"` bring in a text file or an image. */
import { SkiffError } from "../../core/errors/skiff_error.ts";

export type PromptPart = { type: "text"; text: string } | { type: "image_url"; image_url: { url: string } };

const mention = /(^|\s)@(?:"([^"]+)"|(\S+))/g;
const images: Record<string, string> = {
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  png: "image/png",
  webp: "image/webp",
};

/**
 * The prompt as message content: text files are appended under their names, images stand before the text.
 * A word with @ that names no file (an address, a handle) stays as it is; a quoted path must exist.
 */
export async function includeFiles(prompt: string): Promise<string | PromptPart[]> {
  const parts: PromptPart[] = [];
  let text = prompt;
  for (const [, , quoted, bare] of prompt.matchAll(mention)) {
    const path = await findFile(quoted, bare);
    if (path === undefined) continue;
    const bytes = await readLimited(path);
    const mediaType = images[path.split(".").at(-1)!.toLowerCase()];
    if (mediaType) {
      const { Buffer } = await import("node:buffer");
      parts.push({
        type: "image_url",
        image_url: { url: `data:${mediaType};base64,${Buffer.from(bytes).toString("base64")}` },
      });
    } else {
      text += `\n\nContent of ${path}:\n${decodeText(path, bytes)}`;
    }
  }
  return parts.length === 0 ? text : [...parts, { type: "text", text }];
}

async function findFile(quoted: string | undefined, bare: string | undefined): Promise<string | undefined> {
  for (const path of quoted ? [quoted] : [bare!, bare!.replace(/[.,;:!?)]+$/, "")]) {
    const isFile = await Deno.stat(path).then((info) => info.isFile, () => false);
    if (isFile) return path;
  }
  if (!quoted) return undefined;
  throw new SkiffError("not_found", `Cannot find the file "${quoted}"`, {
    hint: "Check the path after the @.",
  });
}

const largest = 20_000_000;

async function readLimited(path: string): Promise<Uint8Array> {
  const { size } = await Deno.stat(path);
  if (size <= largest) return await Deno.readFile(path);
  throw new SkiffError("invalid_input", `Cannot include "${path}": it is larger than ${largest / 1e6} MB`);
}

function decodeText(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    const known = Object.keys(images).join(", ");
    throw new SkiffError("invalid_input", `Cannot include "${path}": it is neither text nor an image`, {
      hint: `Texts are UTF-8; images are ${known}.`,
      cause,
    });
  }
}
