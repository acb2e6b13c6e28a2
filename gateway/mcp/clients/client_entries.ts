/** Reading, setting and removing a server's entry in a client's file, whatever its format. */
import { parseJsonObject, setJson } from "../files/json_text.ts";
import { parseToml, setTable } from "../files/toml_text.ts";
import { deleteYaml, parseYamlMap, setYaml, type YamlPath } from "../files/yaml_text.ts";
import type { EntryFormat, GatewayCommand } from "./client.ts";
import { simpleName } from "./entry_shapes.ts";

/** The commands of a file by the names of their entries. Throws "invalid_input" with file and line. */
export function readEntries(text: string, format: EntryFormat, path: string): Map<string, GatewayCommand> {
  const commands = new Map<string, GatewayCommand>();
  for (const [name, entry] of rawEntries(text, format, path)) {
    const command = isEntry(entry) ? format.shape.read(entry) : undefined;
    if (command) commands.set(name, command);
  }
  return commands;
}

/** Whether there is an entry of a name, whatever it is. */
export function hasEntry(text: string, format: EntryFormat, name: string, path: string): boolean {
  return rawEntries(text, format, path).some(([key]) => key === entryKey(name, format));
}

type Entry = Record<string, unknown>;

const isEntry = (value: unknown): value is Entry => value !== null && typeof value === "object";

function rawEntries(text: string, format: EntryFormat, path: string): [string, unknown][] {
  const value = dig(parsers[format.kind](text, path), format.at);
  if (format.kind === "yaml-list") {
    if (!Array.isArray(value)) return [];
    return value.flatMap((item) => item && typeof item === "object" ? [[String(item.name), item]] : []);
  }
  return value && typeof value === "object" ? Object.entries(value) : [];
}

const parsers: Record<EntryFormat["kind"], (text: string, path: string) => unknown> = {
  "json": parseJsonObject,
  "yaml-map": parseYamlMap,
  "yaml-list": parseYamlMap,
  "toml": parseToml,
};

function dig(value: unknown, keys: string[]): unknown {
  return keys.reduce<unknown>(
    (at, key) => at && typeof at === "object" ? (at as Record<string, unknown>)[key] : undefined,
    value,
  );
}

/** The name that an entry gets in a file of this format. */
export function entryKey(name: string, format: EntryFormat): string {
  return format.kind === "yaml-map" ? simpleName(name) : name;
}

/**
 * The text with the entry set, or removed when there is no command. What a present entry has beside its command (a
 * timeout, approved tools) and all else stays as it was.
 */
export function changeEntry(
  text: string,
  format: EntryFormat,
  { name, command }: { name: string; command?: GatewayCommand },
  path: string,
): string {
  const key = entryKey(name, format);
  const present = rawEntries(text, format, path).find(([one]) => one === key)?.[1];
  const value = command && { ...(isEntry(present) ? present : {}), ...format.shape.write(name, command) };
  if (format.kind === "json") return setJson(text, [...format.at, key], value, path);
  if (format.kind === "toml") return setTable(text, [format.at[0], key], value, path);
  const steps: YamlPath = [...format.at, format.kind === "yaml-list" ? { name: key } : key];
  return value ? setYaml(text, steps, value, path) : deleteYaml(text, steps, path);
}
