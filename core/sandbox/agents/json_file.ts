/** Settings files of agents: read forgivingly, merged so that nothing of the user's is lost. */

type Json = Record<string, unknown>;

/** The object in a file on this machine; undefined when there is none or it is no JSON object. */
export async function readJsonFile(path: string): Promise<Json | undefined> {
  return parseObject(await Deno.readTextFile(path).catch(() => ""));
}

export function parseObject(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The text of a settings file with `keys` added. What is there stays, other keys and their order included;
 * with `force` the given values replace others. Lists are joined. Returns undefined when nothing changes, and
 * also when there is text that is no JSON object: the agent itself shall complain about that.
 */
export function mergeJson(text: string | undefined, keys: Json, force = false): string | undefined {
  const empty = text === undefined || text.trim() === "";
  const current = empty ? {} : parseObject(text);
  if (current === undefined) return undefined;
  const merged = mergeObjects(current, keys, force);
  if (!empty && JSON.stringify(merged) === JSON.stringify(current)) return undefined;
  return `${JSON.stringify(merged, null, 2)}\n`;
}

function mergeObjects(current: Json, keys: Json, force: boolean): Json {
  const merged: Json = { ...current };
  for (const [key, value] of Object.entries(keys)) {
    const old = Object.hasOwn(current, key) ? current[key] : undefined;
    if (isObject(value) && isObject(old)) merged[key] = mergeObjects(old, value, force);
    else if (Array.isArray(value) && Array.isArray(old)) {
      merged[key] = [...old, ...value.filter((item) => !old.includes(item))];
    } else if (old === undefined || force) {
      Object.defineProperty(merged, key, { value, enumerable: true, writable: true, configurable: true });
    }
  }
  return merged;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
