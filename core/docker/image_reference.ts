/** Image names as people write them: `[registry/]repository[:tag][@digest]` (distribution/reference). */
import { SkiffError } from "../errors/skiff_error.ts";

export interface ImageReference {
  /** "docker.io" when the name has none. */
  registry: string;
  /** Without registry; "library/…" for Docker's own. */
  repository: string;
  tag?: string;
  digest?: string;
  /** The name without tag and digest, as written. */
  name: string;
}

const component = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const label = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?";
const host = new RegExp(`^(?:${label}(?:\\.${label})*|\\[[0-9A-Fa-f:]+\\])(?::\\d+)?$`);

/** Throws "invalid_input". */
export function parseImageReference(text: string): ImageReference {
  const [, rest, digest] = /^([^@]*)(?:@(.*))?$/s.exec(text)!;
  const slash = rest.lastIndexOf("/");
  const colon = rest.indexOf(":", slash + 1);
  const [name, tag] = colon < 0 ? [rest, undefined] : [rest.slice(0, colon), rest.slice(colon + 1)];
  const first = name.slice(0, Math.max(name.indexOf("/"), 0));
  const hasRegistry = /[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase();
  const path = hasRegistry ? name.slice(first.length + 1) : name;
  const registry = hasRegistry
    ? first.replace(/^(?:index|registry-1)\.docker\.io$/, "docker.io")
    : "docker.io";
  const valid = host.test(registry) && path.split("/").every((part) => component.test(part)) &&
    (tag === undefined || /^\w[\w.-]{0,127}$/.test(tag)) &&
    (digest === undefined || /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-f]{32,}$/.test(digest));
  if (!valid) {
    throw new SkiffError("invalid_input", `${JSON.stringify(text)} is no image name`, {
      hint: "Write it like alpine, alpine:3.20 or ghcr.io/owner/name:tag, in lower case.",
    });
  }
  const repository = registry === "docker.io" && !path.includes("/") ? `library/${path}` : path;
  return { registry, repository, tag, digest, name };
}

/** An image's id, which Podman gives without its algorithm here and there. */
export function imageId(text: string): string {
  return /^[0-9a-f]{64}$/.test(text) ? `sha256:${text}` : text;
}

/** The name as people write it: Podman tells all of it ("docker.io/library/alpine:3"). */
export function familiarName(reference: string): string {
  return reference.replace(/^docker\.io\/(?:library\/)?/, "");
}
