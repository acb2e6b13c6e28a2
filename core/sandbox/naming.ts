/** Names of sandboxes: what the Engine takes as the name of a container, made of an agent and a folder. */
import { SkiffError } from "../errors/skiff_error.ts";
import { baseName } from "../paths/path_rules.ts";

const longestName = 63;

/** `<agent>-<folder>` in letters, digits, dots and dashes: accents go, other scripts are spelled as a number. */
export function defaultName(agent: string, workspace: string): string {
  const folder = baseName(workspace);
  const plain = folder.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").replace(/[^a-zA-Z0-9_.-]+/g, "-")
    .replace(/-+/g, "-").replace(/^[-.]+|[-.]+$/g, "");
  // deno-lint-ignore no-control-regex
  const lost = [...folder].filter((char) => !/[\x00-\x7f]/.test(char.normalize("NFKD")[0])).length;
  const name = lost > 0 || plain === "" ? `${plain}${plain && "-"}${pathNumber(workspace)}` : plain;
  return `${agent}-${name}`.slice(0, longestName).replace(/[-.]+$/, "");
}

/** The same, told apart from that of another folder with the same name. */
export function distinctName(agent: string, workspace: string): string {
  const number = pathNumber(workspace);
  return `${defaultName(agent, workspace).slice(0, longestName - number.length - 1)}-${number}`;
}

/** Throws "usage" for a name that the Engine would refuse. */
export function checkName(name: string): void {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,62}$/.test(name)) return;
  throw new SkiffError("usage", `--name ${name} cannot be the name of a sandbox`, {
    hint: "Use 2 to 63 letters, digits, dots, dashes and underscores.",
  });
}

/** Six hex digits of a path (FNV-1a); only to tell folders apart. */
export function pathNumber(path: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(path)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, "0").slice(0, 6);
}
