/** The tools of a Responses request in the internal form, and the way back from a call to its tool. */
import * as z from "zod";
import type { Tool, ToolChoice } from "../../../inference/chat/request.ts";
import { validate } from "../openai/validation.ts";
import { invalid, type ResponseFields } from "./request.ts";

/** A tool as the client names it. */
export interface ClientTool {
  kind: "function" | "custom";
  name: string;
  namespace?: string;
  /** What the model sees; its name is the client's with the namespace before it. */
  tool: Tool;
}

const functionTool = z.object({
  type: z.literal("function"),
  name: z.string().min(1),
  description: z.string().nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
  strict: z.boolean().nullish(),
});

const customTool = z.object({
  type: z.literal("custom"),
  name: z.string().min(1),
  description: z.string().nullish(),
  format: z.discriminatedUnion("type", [
    z.object({ type: z.literal("text") }),
    z.object({
      type: z.literal("grammar"),
      syntax: z.enum(["lark", "regex"]),
      definition: z.string(),
    }),
  ]).nullish(),
});

const namespaceTool = z.object({
  type: z.literal("namespace"),
  name: z.string().min(1),
  description: z.string().nullish(),
  tools: z.array(z.looseObject({ type: z.string() })),
});

/** What OpenAI runs itself. Clients offer it to every model, so it is passed over rather than refused. */
const hosted = new RegExp(
  "^(web_search|file_search|computer|code_interpreter|image_generation|mcp|local_shell|shell|apply_patch" +
    "|tool_search|programmatic_tool_calling)",
);

/** The tools that a model can call here. Throws "invalid_input" for malformed and unknown ones. */
export function clientTools(tools: ResponseFields["tools"]): ClientTool[] {
  return (tools ?? []).flatMap((tool, i) => readTool(tool, ["tools", i]));
}

function readTool(tool: { type: string }, path: PropertyKey[], namespace?: string): ClientTool[] {
  switch (tool.type) {
    case "function":
      return [readFunction(validate(functionTool, tool, path), namespace)];
    case "custom":
      return [readCustom(validate(customTool, tool, path), namespace)];
    case "namespace": {
      const space = validate(namespaceTool, tool, path);
      return space.tools.flatMap((inner, i) => readTool(inner, [...path, "tools", i], space.name));
    }
  }
  if (hosted.test(tool.type)) return [];
  const param = `tools[${String(path[1])}].type`;
  throw invalid(
    param,
    `Invalid value: '${tool.type}'. Supported values are: 'function', 'custom' and 'namespace'.`,
  );
}

/** The name that the model sees. */
export function internalName(name: string, namespace?: string | null): string {
  return namespace ? `${namespace}__${name}` : name;
}

function readFunction(
  { name, description, parameters, strict }: z.infer<typeof functionTool>,
  namespace?: string,
): ClientTool {
  const tool: Tool = {
    name: internalName(name, namespace),
    ...(description ? { description } : {}),
    ...(parameters ? { parameters } : {}),
    ...(strict == null ? {} : { strict }),
  };
  return { kind: "function", name, ...(namespace === undefined ? {} : { namespace }), tool };
}

/** A tool that takes plain text: a function with that text as its only argument. */
function readCustom(
  { name, description, format }: z.infer<typeof customTool>,
  namespace?: string,
): ClientTool {
  const input: Record<string, unknown> = { type: "string" };
  const words = [description ?? ""];
  if (format?.type === "grammar") {
    if (format.syntax === "regex") input.pattern = `^(?:${format.definition})$`;
    words.push(`The input matches this ${format.syntax} grammar:\n${format.definition}`);
  }
  const parameters = {
    type: "object",
    properties: { input },
    required: ["input"],
    additionalProperties: false,
  };
  const text = words.filter((part) => part !== "").join("\n\n");
  const tool: Tool = {
    name: internalName(name, namespace),
    ...(text ? { description: text } : {}),
    parameters,
  };
  return { kind: "custom", name, ...(namespace === undefined ? {} : { namespace }), tool };
}

/** The input of a custom tool out of the arguments that stand for it. */
export function customInput(json: string): string {
  try {
    const { input } = JSON.parse(json);
    if (typeof input === "string") return input;
  } catch {
    // cut off by the token limit, or not in the agreed form: then it is the text itself
  }
  return json;
}

const named = z.object({ name: z.string(), namespace: z.string().nullish() });
const allowed = z.object({
  mode: z.enum(["auto", "required"]),
  tools: z.array(z.looseObject({ type: z.string() })).min(1),
});

/** Which tools are offered, and whether one must be called. Throws "invalid_input" for a choice that is none. */
export function chosenTools(
  tools: ClientTool[],
  choice: ResponseFields["tool_choice"],
): { tools: ClientTool[]; toolChoice?: ToolChoice } {
  if (choice == null) return { tools };
  if (typeof choice === "string") {
    if (choice === "required" && tools.length === 0) throw noTools();
    return tools.length === 0 ? { tools } : { tools, toolChoice: choice };
  }
  if (choice.type === "allowed_tools") {
    const { mode, tools: list } = validate(allowed, choice, ["tool_choice"]);
    const wanted = list.filter(({ type }) => type === "function" || type === "custom")
      .map((one, i) => findTool(tools, validate(named, one, ["tool_choice", "tools", i])));
    if (mode === "required" && wanted.length === 0) throw noTools();
    return wanted.length === 0 ? { tools: [] } : { tools: wanted, toolChoice: mode };
  }
  if (choice.type !== "function" && choice.type !== "custom") {
    throw invalid(
      "tool_choice",
      `Tool choice '${choice.type}' is not supported: this server does not run it.`,
    );
  }
  if (tools.length === 0) throw noTools();
  const { tool } = findTool(tools, validate(named, choice, ["tool_choice"]));
  return { tools, toolChoice: { name: tool.name } };
}

function noTools() {
  return invalid("tool_choice", "'tool_choice' is only allowed when 'tools' are specified.");
}

function findTool(tools: ClientTool[], { name, namespace }: z.infer<typeof named>): ClientTool {
  const found = tools.find((tool) =>
    tool.name === name && (namespace == null || tool.namespace === namespace)
  );
  if (found) return found;
  throw invalid("tool_choice", `Tool choice '${name}' not found in 'tools' parameter.`);
}
