/** mcp-config-set: values of a server, for this session only. */
import type { ServerEntry } from "../catalog/server_entry.ts";
import { canonicalName } from "../catalog/template.ts";
import type { EnabledServer } from "../configuration/enabled_server.ts";
import type { OwnTool } from "../gateway/gateway_session.ts";
import { type CallToolResult, ErrorCode, McpError } from "../sdk.ts";
import { configProblems } from "./config_problems.ts";
import { activeServer, type DynamicSession, findServer } from "./dynamic_session.ts";
import { errorAnswer, fencedJson, objectOf, requiredText, textAnswer } from "./tool_answer.ts";

export function mcpConfigSet(dynamic: DynamicSession): OwnTool {
  return {
    definition: {
      name: "mcp-config-set",
      description:
        "Set the configuration of an MCP server for this session: all of it by `config`, or one value by `key` and " +
        "`value`. mcp-find gives the schema.",
      inputSchema: {
        type: "object",
        properties: {
          server: { type: "string", description: "Name of the server" },
          config: { type: "object", description: "All values of the server; it replaces those before" },
          key: { type: "string", description: "Name of one value, in place of `config`; a path with dots" },
          value: { description: "The value of `key`" },
        },
        required: ["server"],
      },
      annotations: { title: "Configure MCP server" },
    },
    async call(args, { signal }) {
      const name = requiredText(args, "server");
      const server = await findServer(dynamic, name);
      if (!server) {
        return errorAnswer(
          `Server '${name}' not found in catalog. Use mcp-find to search for available servers.`,
        );
      }
      const config = wanted(args, server);
      const problems = configProblems(server.entry, config);
      if (problems.length > 0) {
        return errorAnswer(
          `The configuration of server '${name}' is not valid: ${
            problems.join("; ")
          }. Nothing was changed. ` +
            `Its schema:\n\n${fencedJson(server.entry.config)}`,
        );
      }
      return await set(dynamic, { name, before: server.config, config, signal });
    },
  };
}

type Values = Record<string, unknown>;

/** Both forms: `config`, or `key` and `value` on top of what there is. */
function wanted(args: Values, { entry, config: before }: EnabledServer): Values {
  if (args.config !== undefined) {
    const config = objectOf(args.config);
    if (config) return unwrapped(config, entry);
    throw new McpError(ErrorCode.InvalidParams, "config parameter must be an object");
  }
  if (args.key === undefined) throw new McpError(ErrorCode.InvalidParams, "config parameter is required");
  const key = requiredText(args, "key");
  if (args.value === undefined) throw new McpError(ErrorCode.InvalidParams, "value parameter is required");
  return withValue(before, pathOf(key, entry), args.value);
}

/** Values below the server's name, as its schema and the user's file have them, are taken, too. */
function unwrapped(config: Values, entry: ServerEntry): Values {
  const names = Object.keys(config);
  const inner = names.length === 1 && isServerName(names[0], entry) ? objectOf(config[names[0]]) : undefined;
  return inner ?? config;
}

/** "folder", "folder.path", each also behind the server's name. */
function pathOf(key: string, entry: ServerEntry): string[] {
  if (isProperty(key, entry)) return [key];
  const steps = key.split(".");
  const own = steps.slice(0, -1).map((_, i) => steps.slice(0, i + 1).join("."))
    .findLastIndex((name) => isServerName(name, entry));
  return steps.slice(own + 1);
}

/** Unless a value of the server is called so. */
function isServerName(name: string, entry: ServerEntry): boolean {
  return [entry.name, canonicalName(entry.name)].includes(name) && !isProperty(name, entry);
}

function isProperty(name: string, { config = [] }: ServerEntry): boolean {
  return config.some(({ properties }) => Object.hasOwn(objectOf(properties) ?? {}, name));
}

function withValue(before: Values, [step, ...rest]: string[], value: unknown): Values {
  const below = Object.hasOwn(before, step) ? objectOf(before[step]) ?? {} : {};
  return { ...before, [step]: rest.length > 0 ? withValue(below, rest, value) : value };
}

interface Change {
  name: string;
  before: Record<string, unknown>;
  config: Record<string, unknown>;
  signal: AbortSignal;
}

/** A server that the session has is started anew with the values; if that fails, all stays as it was. */
async function set(
  dynamic: DynamicSession,
  { name, before, config, signal }: Change,
): Promise<CallToolResult> {
  const { session, values } = dynamic;
  const active = activeServer(dynamic, name);
  if (active) {
    const own = session.tools().filter((tool) => tool.server?.entry.name === name);
    const listed = own.length === 0 || own.some((tool) => tool.listed);
    try {
      await session.addServer({ ...active, config }, { listed, signal });
    } catch (error) {
      signal.throwIfAborted();
      return errorAnswer(
        `Server '${name}' does not start with this configuration: ${(error as Error).message}`,
      );
    }
  }
  values.set(name, config);
  dynamic.adds.forget(name);
  return textAnswer(
    `Successfully set the configuration of server '${name}'.\n\n` +
      `Old: ${JSON.stringify(before)}\nNew: ${JSON.stringify(config)}`,
  );
}
