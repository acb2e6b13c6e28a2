/** Images that requests carry. */
import { SkiffError } from "../../core/errors/skiff_error.ts";

/**
 * The data: URI of an image. Throws "invalid_input" for every other address: fetching one that a client
 * names would let it reach what the server reaches.
 */
export function imageData(url: string, param: string): string {
  if (/^data:image\/[\w.+-]+;base64,/i.test(url)) return url;
  throw new SkiffError("invalid_input", `Invalid '${param}': only data: URIs with base64 are accepted.`, {
    hint: "Read the image and send it as data:image/png;base64,….",
    details: { param, code: "invalid_image_url" },
  });
}
