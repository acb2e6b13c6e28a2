/** The name that the program was called by: as `docker-model` and the like it is a plugin of the Docker CLI. */

/** The first word where skiff calls itself by a plugin's name: the others are those of `skiff`. */
export const ownName = "skiff";

/** "model", "sandbox" or "mcp" for a plugin's name; undefined when it was called as itself. */
export function pluginGroup(): string | undefined {
  return Deno.args[0] === ownName ? undefined : groupOf(calledAs());
}

/** Of a program at that path. */
export function groupOf(path: string): string | undefined {
  const name = path.split(/[\\/]/).at(-1)!.replace(/\.exe$/, "");
  return /^docker-(model|sandbox|mcp)$/.exec(name)?.[1];
}

/** The path that it was called by; where only the program's own is known, a link's name is not seen. */
function calledAs(): string {
  if (Deno.build.os !== "linux") return Deno.execPath();
  return Deno.readTextFileSync("/proc/self/cmdline").split("\0", 1)[0];
}

/** What a person types to call it. */
export function programName(): string {
  return pluginGroup() ? "docker" : "skiff";
}

/** A text for people that names commands, as they are typed here: whoever has the plugin need not have `skiff`. */
export function asTyped(text: string): string {
  const group = pluginGroup();
  return group ? text.replaceAll(`skiff ${group} `, `docker ${group} `) : text;
}
