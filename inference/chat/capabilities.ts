/** What a model's template can express, found by rendering small conversations and looking for what they say. */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { plain } from "./template/marks.ts";
import type { ChatTemplate } from "./template/template.ts";
import { Word } from "./template/values.ts";

export interface TemplateCapabilities {
  /** Content must be a list of parts: `[{type: "text", text}]`. */
  typedContent: boolean;
  systemRole: boolean;
  /** A system message may stand after the first turn. */
  systemMidway: boolean;
  developerRole: boolean;
  /** User and assistant must take turns. */
  alternation: boolean;
  tools: boolean;
  toolCalls: boolean;
  /** Arguments of a call as an object; otherwise as JSON text. */
  objectArguments: boolean;
  /** A turn with calls must have no content at all. */
  nullContent: boolean;
  parallelCalls: boolean;
  toolResults: boolean;
  /** `enable_thinking` or `thinking` changes what is rendered. */
  thinkingSwitch: boolean;
}

type Message = Record<string, unknown>;
type Variables = Record<string, unknown>;

const role = (name: string) => new Word(name);
const user = (content: unknown): Message => ({ role: role("user"), content });
const assistant = (content: unknown): Message => ({ role: role("assistant"), content });

const probeTool = {
  type: role("function"),
  function: {
    name: "probe_tool",
    description: "probe description",
    parameters: {
      type: "object",
      properties: { probe_key: { type: "string", description: "probe" } },
      required: ["probe_key"],
    },
  },
};

/**
 * `variables` are those that every rendering gets (bos_token…), `toolVariables` the family's own way of handing
 * over descriptions of tools.
 */
export function probeCapabilities(
  template: ChatTemplate,
  variables: Variables,
  toolVariables: (functions: unknown[]) => Variables = () => ({}),
): TemplateCapabilities {
  const render = (messages: Message[], more: Variables = {}): string => {
    const described = toolVariables(more.tools ? [probeTool.function] : []);
    const base = { ...variables, ...described, tools: null, documents: null, add_generation_prompt: true };
    const all = { ...base, messages, ...more };
    return attempt(() => plain(template.run(all))) ?? "";
  };
  const parts = (text: string) => [{ type: role("text"), text }];
  const typedContent = !render([user("probe text")]).includes("probe text") &&
    render([user(parts("probe text"))]).includes("probe text");
  const say = (text: string): unknown => typedContent ? parts(text) : text;
  const shows = (messages: Message[], words: string[], more?: Variables) => {
    const text = render(messages, more);
    return words.every((word) => text.includes(word));
  };
  const turns = [user(say("first")), assistant(say("second"))];
  const special = (name: string) => ({ role: role(name), content: say("probe rule") });
  return {
    typedContent,
    systemRole: shows([special("system"), user(say("ask"))], ["probe rule", "ask"]),
    systemMidway: shows([
      special("system"),
      ...turns,
      { ...special("system"), content: say("midway") },
      user(say("ask")),
    ], [
      "midway",
      "ask",
    ]),
    developerRole: /developer/.test(template.source) &&
      shows([special("developer"), user(say("ask"))], ["probe rule", "ask"]),
    alternation: render([user(say("ask")), user(say("again"))]) === "" && render([user(say("ask"))]) !== "",
    tools: shows([user(say("ask"))], ["probe_tool"], { tools: [probeTool] }),
    ...probeCalls(shows, say),
    thinkingSwitch: changesThinking(render, [user(say("ask"))]),
  };
}

function probeCalls(
  shows: (messages: Message[], words: string[], more?: Variables) => boolean,
  say: (text: string) => unknown,
) {
  const call = (args: unknown, value = "probe_tool", id = "probecal1") => ({
    id,
    type: role("function"),
    function: { name: value, arguments: args },
  });
  const ask = user(say("ask"));
  const result = {
    role: role("tool"),
    tool_call_id: "probecal1",
    name: "probe_tool",
    content: say("probe result"),
  };
  const turn = (content: unknown, ...calls: unknown[]) => ({ ...assistant(content), tool_calls: calls });
  const tools = { tools: [probeTool] };
  const words = ["probe_tool", "probe_key", "probe_value"];
  const asObject = { probe_key: "probe_value" }, asText = '{"probe_key": "probe_value"}';
  // without tools in the prompt, so that the names can only come from the call
  const renders = (content: unknown, args: unknown, wanted: string[]) =>
    shows([ask, turn(content, call(args)), result], wanted) ||
    (shows([ask, turn(content, call(args)), result], [...wanted, "probe_value"], tools));
  const forms = [
    { objectArguments: true, nullContent: false, works: renders(say(""), asObject, words) },
    { objectArguments: false, nullContent: false, works: renders(say(""), asText, [asText]) },
    { objectArguments: true, nullContent: true, works: renders(null, asObject, words) },
    { objectArguments: false, nullContent: true, works: renders(null, asText, [asText]) },
  ];
  const form = forms.find((f) => f.works);
  const content = form?.nullContent ? null : say("");
  const args = form?.objectArguments === false ? asText : asObject;
  const second = form?.objectArguments === false
    ? '{"probe_key": "other_value"}'
    : { probe_key: "other_value" };
  return {
    toolCalls: form !== undefined,
    objectArguments: form?.objectArguments ?? true,
    nullContent: form?.nullContent ?? false,
    parallelCalls: shows(
      [ask, turn(content, call(args), call(second, "probe_tool", "probecal2")), result, {
        ...result,
        tool_call_id: "probecal2",
      }],
      ["probe_value", "other_value"],
      tools,
    ),
    toolResults: shows([ask, turn(content, call(args)), result], ["probe result"], tools),
  };
}

function changesThinking(
  render: (messages: Message[], more?: Variables) => string,
  messages: Message[],
): boolean {
  const text = (on: boolean) => render(messages, { enable_thinking: on, thinking: on });
  return text(true) !== text(false);
}

function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof SkiffError && error.code === "invalid_input") return undefined;
    throw error;
  }
}
