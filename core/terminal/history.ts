/** Lines that a person typed, kept between sessions in a file that only they can read. */

const longest = 1000;

/** Oldest first; an entry may hold line breaks (one JSON string a line). Empty when there is no file. */
export async function readHistory(path: string): Promise<string[]> {
  const text = await Deno.readTextFile(path).catch(() => "");
  return text.split("\n").filter(Boolean).map(parseEntry).slice(-longest);
}

function parseEntry(line: string): string {
  try {
    const entry = JSON.parse(line);
    return typeof entry === "string" ? entry : line;
  } catch {
    return line;
  }
}

/** Adds an entry to the list and the file; the file is cut when it has grown to twice its length. */
export async function addToHistory(path: string, history: string[], entry: string): Promise<void> {
  if (entry === "" || history.at(-1) === entry) return;
  history.push(entry);
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true, mode: 0o700 });
  if (history.length > 2 * longest) {
    history.splice(0, history.length - longest);
    const lines = history.map((line) => `${JSON.stringify(line)}\n`).join("");
    await Deno.writeTextFile(`${path}.part`, lines, { mode: 0o600 });
    await Deno.rename(`${path}.part`, path);
    return;
  }
  await Deno.writeTextFile(path, `${JSON.stringify(entry)}\n`, { append: true, mode: 0o600 });
}
