/** What coding agents send, through the dialects and into grammars for the calls of a model. */
import { deepStrictEqual as equal, ok, strictEqual, throws } from "node:assert/strict";
import { openChatFormat } from "../../../inference/chat/mod.ts";
import type { ChatRequest, Tool } from "../../../inference/chat/request.ts";
import { claudeRequest, codexRequest, wordySchema } from "../../support/agent_requests.ts";
import { judgeSpec } from "../../support/constraint_walk.ts";
import { calling, dialectApp, sentEvents } from "../../support/dialect_app.ts";

const model = "ai/smollm2";

async function chatOf(path: string, body: unknown): Promise<ChatRequest> {
  const app = dialectApp();
  const response = await app.post(path, body);
  strictEqual(response.status, 200);
  await response.text();
  return app.chat();
}

const codexChat = () => chatOf("/v1/responses", codexRequest(model, "List the files."));
const claudeChat = () => chatOf("/v1/messages?beta=true", claudeRequest(model, "List the files."));

Deno.test("codex's request is taken whole, but for what OpenAI runs", async () => {
  const { messages, tools, toolChoice, parallelToolCalls } = await codexChat();
  equal(messages.map(({ role }) => role), ["developer", "developer", "user", "user"]);
  equal(messages.at(-1)!.content, "List the files.");
  equal(tools!.map(({ name }) => name), [
    "exec_command",
    "write_stdin",
    "multi_agent_v1__spawn_agent",
    "multi_agent_v1__wait_agent",
    "get_goal",
  ]);
  equal([toolChoice, parallelToolCalls], ["auto", true]);
});

Deno.test("claude's request is taken whole, but for billing and deferred tools", async () => {
  const { messages, tools, thinking } = await claudeChat();
  equal(messages.map(({ role }) => role), ["system", "user", "system"]);
  equal(messages[0].content, "You are an agent.\n\nWork with the tools.");
  equal(tools!.map(({ name }) => name), ["Bash", "Edit", "Read", "ReportFindings", "Workflow"]);
  equal(thinking, undefined);
});

Deno.test("what codex needs of a stream: the whole item, then the end", async () => {
  const { post } = dialectApp(calling("multi_agent_v1__wait_agent", '{"targets":["a"]}'));
  const events = await sentEvents(await post("/v1/responses", codexRequest(model, "Wait.")));
  const [done, end] = events.slice(-2).map(({ data }) => data);
  equal([done.type, end.type], ["response.output_item.done", "response.completed"]);
  const { type, namespace, name, arguments: json } = done.item;
  equal([type, namespace, name, json], [
    "function_call",
    "multi_agent_v1",
    "wait_agent",
    '{"targets":["a"]}',
  ]);
});

const loop = (field: string, text: string) =>
  `{% for m in messages %}{{ m.content }}{% for c in m.tool_calls or [] %}` +
  `${text}{{ c.function.${field} | tojson }}{% endfor %}{% endfor %}{% for t in tools or [] %}{{ t | tojson }}{% endfor %}`;

/** Templates of families -> how each writes a call, after the mark that switches its grammar on. */
const families: [
  name: string,
  template: string | undefined,
  written: (name: string, json: string) => string,
][] = [
  [
    "hermes",
    loop("name", "<tool_call>"),
    (name, json) => `{"name": "${name}", "arguments": ${json}}</tool_call>`,
  ],
  [
    "llama3",
    `<|start_header_id|>ipython${loop("name", "")}`,
    (name, json) => `{"name": "${name}", "parameters": ${json}}`,
  ],
  [
    "none of its own",
    undefined,
    (name, json) => `{"tool_calls": [{"name": "${name}", "arguments": ${json}}]}`,
  ],
];

const wordy: Tool = { name: "look", parameters: wordySchema };

/** Calls that are right, and calls that are not. */
const calls: [tools: () => Promise<Tool[]>, right: [string, string][], wrong: [string, string][]][] = [
  [async () => (await codexChat()).tools!, [
    ["exec_command", '{"cmd":"ls -la"}'],
    ["multi_agent_v1__wait_agent", '{"targets":["a","b"]}'],
    ["get_goal", "{}"],
  ], [
    ["exec_command", "{}"],
    ["exec_command", '{"cmd":1}'],
    ["web_search", "{}"],
    ["get_goal", '{"a":1}'],
  ]],
  [async () => (await claudeChat()).tools!, [
    ["Bash", '{"command":"ls","description":"Lists"}'],
    ["Read", '{"file_path":"/a","offset":0,"limit":1}'],
    ["Workflow", '{"script":"x","args":[1],"runId":"wf_abcdef"}'],
  ], [
    ["Bash", '{"description":"Lists"}'],
    ["Read", '{"file_path":"/a","limit":0}'],
    ["Workflow", '{"runId":"x"}'],
    ["Placeholder", "{}"],
  ]],
  [() => Promise.resolve([wordy]), [
    ["look", '{"path":"/","filter":["a",["b"]],"tags":["a"],"when":"2026-01-01"}'],
    ["look", '{"path":"x","headers":{"x-a":"b"}}'],
  ], [
    ["look", "{}"],
    ["look", '{"path":1}'],
    ["look", '{"path":"","filter":1}'],
    ["look", '{"path":"","when":1}'],
  ]],
];

Deno.test("calls of the agents' tools are held to their schemas in every family", async (t) => {
  for (const [family, template, written] of families) {
    await t.step(family, async () => {
      const format = openChatFormat({ template, architecture: "x", controlTokens: [] });
      for (const [made, right, wrong] of calls) {
        const chat = { messages: [{ role: "user" as const, content: "U" }], tools: await made() };
        const { spec } = format.render(chat).constraint!;
        for (const [name, json] of right) {
          equal([name, judgeSpec(spec, written(name, json))], [name, "complete"]);
        }
        for (const [name, json] of wrong) {
          ok(judgeSpec(spec, written(name, json)) !== "complete", `${name} ${json}`);
        }
      }
    });
  }
});

Deno.test("without a mark before calls, text that is none stays free", () => {
  const format = openChatFormat({ template: families[1][1], architecture: "x", controlTokens: [] });
  const chat = { messages: [{ role: "user" as const, content: "U" }], tools: [wordy] };
  const { spec, triggers } = format.render(chat).constraint!;
  equal(triggers, undefined);
  for (const text of ["", "Hello {you}!", "[1]", "\n1. one"]) equal(judgeSpec(spec, text), "complete", text);
  equal(judgeSpec(spec, '{"a'), "refused");
});

Deno.test("a strict tool is refused where its schema cannot be enforced", () => {
  const format = openChatFormat({ template: families[0][1], architecture: "x", controlTokens: [] });
  const chat = { messages: [{ role: "user" as const, content: "U" }], tools: [{ ...wordy, strict: true }] };
  const { spec } = format.render(chat).constraint!;
  throws(() => judgeSpec(spec, "{"), { code: "invalid_input" });
});
