/** Names of models as people type them. */
import { resolve } from "node:path";

/** The same reference for a server that has another working folder: file paths become absolute. */
export function absoluteReference(reference: string): string {
  const isPath = /^(\.{1,2}|~)?[\\/]/.test(reference) || /^[A-Za-z]:[\\/]/.test(reference) ||
    /\.gguf$/i.test(reference) && !/^[a-z]+:/.test(reference) && !reference.startsWith("hf.co/");
  return isPath ? resolve(reference) : reference;
}

/** "ai/smollm2:latest" -> { repository: "ai/smollm2", tag: "latest" }; no tag means "latest". */
export function splitTag(reference: string): { repository: string; tag: string } {
  const colon = reference.indexOf(":", reference.lastIndexOf("/") + 1);
  if (colon < 0) return { repository: reference, tag: "latest" };
  return { repository: reference.slice(0, colon), tag: reference.slice(colon + 1) || "latest" };
}

/** Twelve digits of an id, as tables show it. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, "").slice(0, 12);
}
