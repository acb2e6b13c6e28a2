/** A tool is guarded in the same way whether it is called by its name, by mcp-exec or by a script of code-mode. */
import { match, ok } from "node:assert/strict";
import { assembledGateway, type AssembledOptions, programEntry } from "../../../support/mcp/assembled.ts";

const token = ["ghp_", "9fK2mQx7Lp4TzB8vWd3Rn6YsHc1JgE5uAo0V"];

type Call = (name: string, args: Record<string, unknown>) => Promise<{ text: string }>;

/** Each calls `test_echo` with `word`, which is written so that no guard sees it before the tool's own call. */
const ways: Record<string, (call: Call, word: string[]) => Promise<{ text: string }>> = {
  "by its name": (call, word) => call("test_echo", { word: word.join("") }),
  "by mcp-exec": (call, word) => call("mcp-exec", { name: "test_echo", arguments: { word: word.join("") } }),
  "by a script": (call, word) =>
    call("code-mode-one", {
      script: `return test_echo({word: ${JSON.stringify(word)}.join("")})`,
    }),
};

const policyOf = (text: string) => ({ ".docker/mcp/policy.yaml": text });
const instead = `{"content":[{"type":"text","text":"from the interceptor"}]}`;

interface Guard {
  name: string;
  word: string[];
  options?: AssembledOptions;
  /** Files that are written when the server and the script's tool are there. */
  later?: Record<string, string>;
  /** In the answer or the error. */
  says: RegExp;
}

const guards: Guard[] = [
  {
    name: "the scan for secrets refuses",
    word: token,
    says: /a secret is being passed to tool (test_echo|mcp-exec) \(github-token\)/,
  },
  {
    name: "the policy refuses",
    word: ["hello"],
    later: policyOf("rules: [{effect: deny, tool: test_echo, reason: not today}]"),
    says: /the policy does not allow test_echo: not today/,
  },
  {
    name: "an interceptor answers",
    word: ["hello"],
    options: {
      settings: {
        interceptors: [
          `before:exec:if grep -q '"params":{"name":"test_echo"'; then echo '${instead}'; fi`,
        ],
      },
    },
    says: /from the interceptor/,
  },
  {
    name: "a changed tool is refused",
    word: ["hello"],
    later: {
      ...policyOf("changed_tools: refuse"),
      ".docker/mcp/tool-pins.json": JSON.stringify({
        fixture: { test_echo: { approved: { description: "another" } } },
      }),
    },
    says: /the tool test_echo is refused: it has changed/,
  },
];

for (const { name, word, options, later = {}, says } of guards) {
  Deno.test(`${name}, whichever way the call comes`, async (t) => {
    await using gateway = await assembledGateway(options);
    const { call } = await gateway.connect();
    await call("mcp-add", { name: "fixture" });
    await call("code-mode", { servers: ["fixture"], name: "one" });
    for (const [path, text] of Object.entries(later)) await gateway.write(path, text);
    for (const [way, make] of Object.entries(ways)) {
      await t.step(way, async () => {
        const text = await make(call, word).then(({ text }) => text, (error) => error.message);
        match(text, says);
        ok(!gateway.lines.some((line) => line.includes(token.join(""))));
      });
    }
  });
}

Deno.test("every way is in the log of calls", async (t) => {
  await using gateway = await assembledGateway();
  const { call } = await gateway.connect();
  await call("mcp-add", { name: "fixture" });
  await call("code-mode", { servers: ["fixture"], name: "one" });
  for (const [way, make] of Object.entries(ways)) {
    await t.step(way, async () => {
      gateway.lines.length = 0;
      await make(call, ["hello"]);
      ok(gateway.lines.includes("Calling tool test_echo with arguments: word: text of 5"));
      ok(gateway.lines.some((line) => line.startsWith("Calling tool done: test_echo")));
    });
  }
});

Deno.test("a server that the policy does not let load is not added", async () => {
  const files = policyOf("rules: [{effect: deny, server: fix*, action: load, reason: not here}]");
  await using gateway = await assembledGateway({ files, catalog: { fixture: programEntry() } });
  const { call } = await gateway.connect();
  match((await call("mcp-add", { name: "fixture" })).text, /'fixture' is not allowed: not here/);
});
