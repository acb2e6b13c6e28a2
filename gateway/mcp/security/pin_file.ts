/** tool-pins.json: tools as they were approved, and as they were seen since where that differs. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { editFile, readText } from "../files/edit_file.ts";
import type { ToolDefinition } from "./tool_definition.ts";

export interface Pin {
  /** As it was when the server was first listed, or when its user last approved it. */
  approved: ToolDefinition;
  /** As it was seen last, where that is something else. */
  changed?: ToolDefinition;
}

/** server -> tool, by its server's name for it */
export type Pins = Map<string, Map<string, Pin>>;

/** Where the pins of this user are. */
export const pinFile = (folder: string) => `${folder}/tool-pins.json`;

/** Throws "invalid_input". */
export function parsePins(text: string | undefined, path: string): Pins {
  if (text === undefined) return new Map();
  try {
    const servers = Object.entries<Record<string, Pin>>(JSON.parse(text));
    const pins: Pins = new Map(servers.map(([server, tools]) => [server, new Map(Object.entries(tools))]));
    if ([...pins.values()].every((tools) => [...tools.values()].every(({ approved }) => approved))) {
      return pins;
    }
  } catch { /* told below */ }
  throw new SkiffError("invalid_input", `${path} is damaged`, {
    hint: "Remove it: all tools are taken as approved when they are listed next.",
  });
}

export async function readPins(path: string): Promise<Pins> {
  return parsePins(await readText(path), path);
}

function print(pins: Pins): string {
  const plain = Object.fromEntries([...pins].map(([server, tools]) => [server, Object.fromEntries(tools)]));
  return `${JSON.stringify(plain, null, 1)}\n`;
}

/** Takes turns with other gateways; nothing is written when `change` leaves all as it is. */
export async function editPins(
  path: string,
  env: { get(name: string): string | undefined },
  change: (pins: Pins) => void,
): Promise<void> {
  await editFile(path, (text) => {
    const pins = parsePins(text, path);
    const before = print(pins);
    change(pins);
    const after = print(pins);
    return after === before ? undefined : after;
  }, { env, mode: 0o600 });
}

/**
 * Approves tools as they were seen last; without `tools` all of the server. Gives those that had changed, as they were
 * before.
 */
export async function approveTools(
  path: string,
  env: { get(name: string): string | undefined },
  { server, tools }: { server: string; tools?: string[] },
): Promise<Map<string, Required<Pin>>> {
  const found = new Map<string, Required<Pin>>();
  await editPins(path, env, (pins) => {
    found.clear();
    const own = pins.get(server) ?? new Map<string, Pin>();
    for (const [name, { approved, changed }] of own) {
      if (!changed || (tools && !tools.includes(name))) continue;
      own.set(name, { approved: changed });
      found.set(name, { approved, changed });
    }
  });
  return found;
}
