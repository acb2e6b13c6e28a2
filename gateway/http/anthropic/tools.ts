/** The tools of a Messages request in the internal form. */
import * as z from "zod";
import type { Tool, ToolChoice } from "../../../inference/chat/request.ts";
import { refusal, validate } from "./errors.ts";
import type { PromptFields } from "./request.ts";

const customTool = z.object({
  name: z.string().min(1).max(128),
  description: z.string().nullish(),
  input_schema: z.record(z.string(), z.unknown()),
  strict: z.boolean().nullish(),
  defer_loading: z.boolean().nullish(),
});

const string = { type: "string" };
const integer = { type: "integer" };

/** What tools that edit files have in common. */
const edits = {
  path: string,
  file_text: string,
  old_str: string,
  new_str: string,
  insert_line: integer,
  insert_text: string,
  view_range: { type: "array", items: integer, minItems: 2, maxItems: 2 },
};

/** Tools that clients run themselves and that a request names only by type: their arguments. */
const clientSide: [pattern: RegExp, description: string, parameters: Record<string, unknown>][] = [
  [/^bash_\d+$/, "Runs a command in a persistent bash session.", {
    type: "object",
    properties: { command: string, restart: { type: "boolean" } },
  }],
  [/^text_editor_\d+$/, "Views, creates and edits text files.", {
    type: "object",
    properties: {
      command: { type: "string", enum: ["view", "create", "str_replace", "insert", "undo_edit"] },
      ...edits,
    },
    required: ["command", "path"],
  }],
  [/^memory_\d+$/, "Keeps notes in files under /memories.", {
    type: "object",
    properties: {
      command: { type: "string", enum: ["view", "create", "str_replace", "insert", "delete", "rename"] },
      ...edits,
      old_path: string,
      new_path: string,
    },
    required: ["command"],
  }],
];

/** What Anthropic runs itself. Clients offer it to every model, so it is passed over rather than refused. */
const hosted = /^(web_search|web_fetch|code_execution|tool_search_tool|mcp_toolset|browser|advisor)/;

type GivenTool = NonNullable<PromptFields["tools"]>[number];

/** The tools that the model can call; deferred ones only when a result has referred to them. */
export function offeredTools(given: GivenTool[], references: string[]): Tool[] {
  const tools = given.flatMap((tool, i) => readTool(tool, i, references));
  const twice = tools.find(({ name }, i) => tools.findIndex((other) => other.name === name) < i);
  if (twice) throw refusal(["tools"], `Tool names must be unique: '${twice.name}' is there twice.`);
  return tools;
}

function readTool(given: GivenTool, index: number, references: string[]): Tool[] {
  const type = given.type ?? "custom";
  if (type === "custom") {
    const tool = validate(customTool, given, ["tools", index]);
    if (tool.defer_loading && !references.includes(tool.name)) return [];
    return [{
      name: tool.name,
      ...(tool.description ? { description: tool.description } : {}),
      parameters: tool.input_schema,
      ...(tool.strict == null ? {} : { strict: tool.strict }),
    }];
  }
  const known = clientSide.find(([pattern]) => pattern.test(type));
  if (known) return [{ name: given.name ?? type, description: known[1], parameters: known[2] }];
  if (hosted.test(type)) return [];
  throw refusal(["tools", index, "type"], `Input tag '${type}' is no tool that this server knows.`);
}

/** Throws "invalid_input" where a tool is demanded that is not there. */
export function chosenTools(
  tools: Tool[],
  choice: PromptFields["tool_choice"],
): { toolChoice?: ToolChoice; parallelToolCalls?: boolean } {
  if (!choice || choice.type === "none") return choice && tools.length > 0 ? { toolChoice: "none" } : {};
  const one = choice.disable_parallel_tool_use ? { parallelToolCalls: false } : {};
  if (choice.type === "auto") return tools.length > 0 ? { toolChoice: "auto", ...one } : {};
  if (tools.length === 0) throw refusal(["tool_choice"], "may only be specified while providing tools.");
  if (choice.type === "any") return { toolChoice: "required", ...one };
  if (tools.some(({ name }) => name === choice.name)) return { toolChoice: { name: choice.name }, ...one };
  throw refusal(["tool_choice"], `Tool '${choice.name}' not found in provided tools.`);
}
