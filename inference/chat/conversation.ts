/**
 * A chat request as the variables that a template expects. What the template cannot express is said in
 * another way: system text goes into the user's turn, tools are described in words, calls and results are
 * JSON in the turns.
 */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import type { TemplateCapabilities } from "./capabilities.ts";
import type { ChatMessage, ChatRequest, Tool, ToolCall } from "./request.ts";
import { mark } from "./template/marks.ts";
import { Word } from "./template/values.ts";

/** A message on its way to the template, content as text. */
interface Turn {
  role: "system" | "developer" | "user" | "assistant" | "tool";
  content: string;
  /** The content carries marks already (template/marks.ts). */
  marked?: boolean;
  toolCalls?: ToolCall[];
  reasoning?: string;
  toolCallId?: string;
  name?: string;
}

export interface ConversationOptions {
  capabilities: TemplateCapabilities;
  /** Family rule for ids of calls, e.g. nine alphanumerics. */
  callId?: (id: string) => string;
  /** How the family writes calls that its template leaves out, with marks. */
  writeCalls?: (calls: ToolCall[]) => string;
  /** The template reads a turn's reasoning from `thinking`. */
  thinkingField?: boolean;
}

/** The template's `messages` and `tools`. Throws `SkiffError` "invalid_input" for content it cannot carry. */
export function templateConversation(
  chat: ChatRequest,
  options: ConversationOptions,
): { messages: Record<string, unknown>[]; tools: ReturnType<typeof templateTool>[] | null } {
  const can = options.capabilities;
  const tools = chat.toolChoice === "none" ? [] : chat.tools ?? [];
  let turns = chat.messages.map(turn);
  if (!can.developerRole) turns = turns.map((t) => t.role === "developer" ? { ...t, role: "system" } : t);
  if (tools.length > 0 && !can.tools) {
    turns = [{ role: "system", content: toolsInWords(tools, chat) }, ...turns];
  }
  if (!can.toolCalls) turns = turns.map((t) => callsAsText(t, options.writeCalls));
  if (!can.toolResults) turns = turns.map(resultAsText);
  turns = placeSystem(mergeLeadingSystem(turns), can);
  if (can.toolCalls && !can.parallelCalls) turns = oneCallPerTurn(turns);
  if (can.alternation) turns = mergeSameRole(turns);
  return {
    messages: turns.map((t) => templateMessage(t, options)),
    tools: tools.length > 0 && can.tools ? tools.map(templateTool) : null,
  };
}

function turn(message: ChatMessage): Turn {
  return { ...message, content: textOf(message) };
}

function textOf({ content }: ChatMessage): string {
  if (typeof content === "string") return content;
  return content.map((part) => {
    if (part.type === "text") return part.text;
    throw new SkiffError("invalid_input", "This model reads text only; the conversation contains an image", {
      hint: "Leave the image out, or use a model that reads images.",
    });
  }).join("\n");
}

function toolsInWords(tools: Tool[], chat: ChatRequest): string {
  const definitions = tools.map((tool) => JSON.stringify(templateTool(tool).function, undefined, 2)).join(
    "\n\n",
  );
  const form = '{"tool_calls": [{"name": "<tool name>", "arguments": {<argument>: <value>}}]}';
  const must = chat.toolChoice === "required" || typeof chat.toolChoice === "object";
  return `You can call these tools:\n\n${definitions}\n\n` +
    `To call tools, answer with nothing but a JSON object of this form:\n${form}\n` +
    (must ? "You must call a tool now." : 'To answer directly, write {"response": "<your answer>"}.');
}

function callsAsText(t: Turn, write = writtenAsEnvelope): Turn {
  if (t.role !== "assistant" || !t.toolCalls?.length) return t;
  const text = t.content === "" ? "" : `${mark(t.content)}\n`;
  return { ...t, content: text + write(t.toolCalls), marked: true, toolCalls: undefined };
}

function writtenAsEnvelope(toolCalls: ToolCall[]): string {
  const calls = toolCalls.map(({ name, arguments: args }) => ({ name, arguments: parsed(args) }));
  return mark(JSON.stringify({ tool_calls: calls }));
}

function resultAsText(t: Turn): Turn {
  if (t.role !== "tool") return t;
  const response = { tool: t.name, tool_call_id: t.toolCallId, content: t.content };
  return { role: "user", content: JSON.stringify({ tool_response: response }) };
}

/** Templates look for the system text in the first message only. */
function mergeLeadingSystem(turns: Turn[]): Turn[] {
  const count = turns.findIndex((t, i) => t.role !== turns[0].role || (i > 0 && !isSystem(t)));
  const leading = turns.slice(0, count < 0 ? turns.length : count);
  if (leading.length < 2 || !isSystem(leading[0])) return turns;
  return [{ ...leading[0], content: joined(leading) }, ...turns.slice(leading.length)];
}

const isSystem = (t: Turn) => t.role === "system" || t.role === "developer";
const joined = (turns: Turn[]) => turns.map((t) => t.content).filter((text) => text !== "").join("\n\n");

/**
 * Moves system texts that the template would refuse or lose into the user's turn behind them, or into the one
 * before them where the assistant goes on: they stay where they are when the conversation grows.
 */
function placeSystem(turns: Turn[], can: TemplateCapabilities): Turn[] {
  const out: Turn[] = [];
  let held: Turn[] = [];
  const settle = () => {
    if (held.length === 0) return;
    const user = out.at(-1)?.role === "user" ? [out.pop()!] : [];
    out.push({ ...user[0], role: "user", content: joined([...held, ...user]) });
    held = [];
  };
  turns.forEach((t, i) => {
    if (isSystem(t) && !(i === 0 ? can.systemRole : can.systemMidway)) {
      held.push(t);
    } else if (held.length > 0 && t.role === "user") {
      out.push({ ...t, content: joined([...held, t]) });
      held = [];
    } else {
      settle();
      out.push(t);
    }
  });
  settle();
  return out;
}

function mergeSameRole(turns: Turn[]): Turn[] {
  const out: Turn[] = [];
  for (const t of turns) {
    const last = out.at(-1);
    const mergeable = last && last.role === t.role && t.role !== "tool";
    if (!mergeable) out.push({ ...t });
    else {
      const marked = last.marked || t.marked;
      const text = (turn: Turn) => marked && !turn.marked ? { ...turn, content: mark(turn.content) } : turn;
      last.content = joined([text(last), text(t)]);
      last.marked = marked;
      const calls = [...last.toolCalls ?? [], ...t.toolCalls ?? []];
      if (calls.length > 0) last.toolCalls = calls;
    }
  }
  return out;
}

/** Calls of one turn as a turn each, its result behind it. */
function oneCallPerTurn(turns: Turn[]): Turn[] {
  const out: Turn[] = [];
  for (let i = 0; i < turns.length; i++) {
    const calls = turns[i].toolCalls ?? [];
    if (calls.length < 2) {
      out.push(turns[i]);
      continue;
    }
    const results: Turn[] = [];
    while (turns[i + 1 + results.length]?.role === "tool") results.push(turns[i + 1 + results.length]);
    calls.forEach((call, k) => {
      const said = k === 0 ? turns[i] : { role: "assistant" as const, content: "" };
      out.push({ ...said, toolCalls: [call] }, ...results.filter((result) => result.toolCallId === call.id));
    });
    out.push(...results.filter((result) => !calls.some((call) => call.id === result.toolCallId)));
    i += results.length;
  }
  return out;
}

function templateMessage(t: Turn, options: ConversationOptions): Record<string, unknown> {
  const can = options.capabilities;
  const callId = options.callId ?? ((id: string) => id);
  const calls = t.toolCalls?.length ? t.toolCalls : undefined;
  const text = t.marked ? new Word(t.content) : t.content;
  const content = can.typedContent ? [{ type: new Word("text"), text }] : text;
  return {
    role: new Word(t.role),
    content: calls && can.nullContent && t.content === "" ? null : content,
    ...t.reasoning !== undefined && { reasoning_content: t.reasoning },
    ...t.reasoning !== undefined && options.thinkingField && t.content === "" && { thinking: t.reasoning },
    ...calls && {
      tool_calls: calls.map((call) => ({
        id: callId(call.id),
        type: new Word("function"),
        function: {
          name: call.name,
          arguments: can.objectArguments ? parsed(call.arguments) : call.arguments,
        },
      })),
    },
    ...t.toolCallId !== undefined && { tool_call_id: callId(t.toolCallId) },
    ...t.name !== undefined && { name: t.name },
  };
}

/** Arguments as data; text that is not JSON stays text. */
function parsed(json: string): unknown {
  if (json.trim() === "") return {};
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}

function templateTool({ name, description, parameters }: Tool) {
  return {
    type: new Word("function"),
    function: {
      name,
      description: description ?? "",
      parameters: parameters ?? { type: "object", properties: {} },
    },
  };
}
