/**
 * Tools as they were when they were first used. One whose description or schema is another one later ("rug
 * pull") is told, and refused where the policy says so, until the user approves its server anew.
 */
import { createHash } from "node:crypto";
import type { CallMiddleware, ToolCall } from "../gateway/middleware.ts";
import { ErrorCode, McpError } from "../sdk.ts";
import { editFile, readText } from "../files/edit_file.ts";

/** server -> tool -> digest of its definition */
export type Pins = Record<string, Record<string, string>>;

export interface ToolPinSettings {
  path: string;
  env: { get(name: string): string | undefined };
  /** Whether calls of changed tools are refused, or only told. */
  refuse(): Promise<boolean> | boolean;
  log(line: string): void;
}

/** Checks each tool at its calls. */
export function toolPins({ path, env, refuse, log }: ToolPinSettings): CallMiddleware {
  const told = new Set<string>();
  return async (call, next) => {
    const digest = digestOf(call);
    if (digest === undefined || call.server === undefined) return await next(call);
    const server = call.server.entry.name;
    const pinned = (await readPins(path))[server]?.[call.tool];
    if (pinned === undefined) await pin(path, env, server, call.tool, digest);
    else if (pinned !== digest) {
      const key = `${server}/${call.tool}/${digest}`;
      if (!told.has(key)) {
        log(`! The tool ${call.name} of ${server} is described differently than when it was first used`);
      }
      told.add(key);
      if (await refuse()) {
        throw new McpError(
          ErrorCode.InvalidRequest,
          `the tool ${call.name} has changed since it was approved; approve it: skiff mcp policy approve ${server}`,
        );
      }
    }
    return await next(call);
  };
}

/** Forgets what the tools of a server were: they are approved as they are at their next call. False: had none. */
export async function approveTools(
  path: string,
  env: ToolPinSettings["env"],
  server: string,
): Promise<boolean> {
  return await editFile(path, (text) => {
    const { [server]: forgotten, ...others } = parsedPins(text, path);
    return forgotten === undefined ? undefined : print(others);
  }, { env });
}

async function readPins(path: string): Promise<Pins> {
  return parsedPins(await readText(path), path);
}

function parsedPins(text: string | undefined, path: string): Pins {
  try {
    return text === undefined ? {} : JSON.parse(text);
  } catch {
    throw new McpError(ErrorCode.InternalError, `${path} is damaged; remove it to approve all tools anew`);
  }
}

const print = (pins: Pins) => `${JSON.stringify(pins, null, 2)}\n`;

async function pin(
  path: string,
  env: ToolPinSettings["env"],
  server: string,
  tool: string,
  digest: string,
): Promise<void> {
  await editFile(path, (text) => {
    const pins = parsedPins(text, path);
    return print({ ...pins, [server]: { [tool]: digest, ...pins[server] } });
  }, { env });
}

/** Of what the model is told of the tool. */
function digestOf({ name, session }: ToolCall): string | undefined {
  const definition = session.tools().find((tool) => tool.definition.name === name)?.definition;
  if (!definition) return undefined;
  const { title, description, inputSchema, annotations } = definition;
  const text = JSON.stringify({ title, description, inputSchema, annotations }, sorted);
  return createHash("sha256").update(text).digest("hex");
}

function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1));
}
