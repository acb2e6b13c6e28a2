/**
 * The rules of the house that the linter does not know: which room may import which, what folders are
 * called, how long a file gets, and that nothing is left open. Prints each breach with its place.
 */

/** Rooms from the bottom up: a room imports itself and what stands before it. */
const rooms = ["core", "inference", "gateway", "cmd", "main.ts"];
const forbiddenFolders = /(^|\/)(utils?|helpers?|common|misc)(\/|\.ts$)/;
const leftOpen = /\b(TODO|FIXME|XXX|HACK)\b|not (yet )?implemented|unimplemented/i;
const longestFile = 600;

export interface Breach {
  file: string;
  line: number;
  rule: string;
}

/** The breaches in one source file. `path` is relative to the root. */
export function breaches(path: string, text: string): Breach[] {
  const found: Breach[] = [];
  const report = (line: number, rule: string) => found.push({ file: path, line, rule });
  if (forbiddenFolders.test(path)) report(1, "name a file after what it holds, not utils or helpers");
  const lines = text.split("\n");
  if (lines.length > longestFile && !/generated|table/i.test(lines.slice(0, 3).join())) {
    report(longestFile, `a file over ${longestFile} lines holds more than one thing`);
  }
  const room = rooms.indexOf(path.split("/")[0]);
  lines.forEach((line, i) => {
    if (leftOpen.test(line) && path !== "build/house_rules.ts") {
      report(i + 1, "finish it or don't promise it");
    }
    const specifier = /(?:from|import)\s*\(?\s*["'](\.[^"']+)["']/.exec(line)?.[1];
    if (specifier === undefined || room < 0) return;
    const target = resolve(path, specifier).split("/")[0];
    const targetRoom = rooms.indexOf(target);
    if (targetRoom > room) report(i + 1, `${rooms[room]} must not import ${target}`);
    if (target === "tests" || target === "build") report(i + 1, `the product must not import ${target}`);
  });
  return found;
}

function resolve(from: string, specifier: string): string {
  const base = new URL(specifier, `file:///${from}`);
  return base.pathname.slice(1);
}

async function* sources(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    if (["node_modules", "dist", "fixtures"].includes(entry.name) || entry.name.startsWith(".")) continue;
    const path = folder === "." ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* sources(path);
    else if (/\.(ts|wgsl)$/.test(entry.name)) yield path;
  }
}

if (import.meta.main) {
  let count = 0;
  for await (const path of sources(".")) {
    for (const { file, line, rule } of breaches(path, await Deno.readTextFile(path))) {
      console.error(`${file}:${line}: ${rule}`);
      count++;
    }
  }
  if (count > 0) Deno.exit(1);
}
