/**
 * The real agents by the executable, as a person starts them: template built, folder mounted, no network, the
 * local model as the only thing that they reach.
 */
import { equal, match, ok } from "node:assert/strict";
import type { GenerationEvent } from "../../inference/chat/request.ts";
import { agentTest, withScriptedModel } from "../support/agent_home.ts";
import { freePort } from "../support/executable.ts";
import { referenceServer, referenceServersImage } from "../support/mcp/reference_servers.ts";
import { mcpEndpoint } from "../support/mcp_endpoint.ts";
import { smollm2 } from "../support/models.ts";
import { chatsOf, commandingHost, shellTools } from "../support/scripted_agent_model.ts";
import { ScriptedHost, scriptedUsage, textEvents } from "../support/scripted_host.ts";
import { onScreen } from "../support/screen.ts";

const prompts: Record<string, (prompt: string) => string[]> = {
  codex: (prompt) => ["exec", prompt],
  claude: (prompt) => ["-p", prompt],
  opencode: (prompt) => ["run", prompt],
};

for (const [name, words] of Object.entries(prompts)) {
  agentTest(
    `${name} on the local model without a network: commands run inside`,
    [name],
    async (sandboxes) => {
      const { home, workspace } = sandboxes;
      const folder = await workspace("my project");
      const commands = [
        "id -u > who.txt; ls /sys/class/net > net.txt",
        "cat who.txt net.txt; curl -sS -m 5 https://example.com 2>&1 | head -1",
      ];
      const host = commandingHost(shellTools[name], commands);
      await withScriptedModel(sandboxes, host, async () => {
        const flags = ["sandbox", "run", "-w", folder, "--model", "smollm2", "--network", "none"];
        const { code, stdout, stderr } = await home.skiff([...flags, name, ...words("Look around.")]);
        equal(code, 0, `${stdout}\n${stderr}`);
        match(stdout, /printed:[^]*1000\s+lo\s[^]*curl: \(6\)/);
        equal(await Deno.readTextFile(`${folder}/who.txt`), "1000\n");
        equal((await Deno.stat(`${folder}/who.txt`)).uid, 1000);
        equal(chatsOf(host).at(-1)!.messages.filter(({ role }) => role === "tool").length, 2);
      });
    },
  );

  agentTest(`${name} calls a tool of the MCP gateway`, [name], async (sandboxes) => {
    const { home, workspace } = sandboxes;
    const folder = await workspace();
    const endpoint = mcpEndpoint();
    const host = callingHost("tell_secret", {});
    try {
      await withScriptedModel(sandboxes, host, async () => {
        const flags = ["--model", "smollm2", "--network", "none", "--mcp-gateway", String(endpoint.port)];
        const run = ["sandbox", "run", "-w", folder, ...flags, name, ...words("What is the secret?")];
        const env = { MCP_GATEWAY_AUTH_TOKEN: endpoint.token };
        const { code, stdout, stderr } = await home.skiff(run, { env });
        equal(code, 0, `${stdout}\n${stderr}`);
        ok(stdout.includes(endpoint.secret), `${stdout}\n${stderr}\n${endpoint.calls}`);
        ok(endpoint.calls.includes("tools/call tell_secret"), String(endpoint.calls));
        ok(!endpoint.calls.includes("unauthorized"), String(endpoint.calls));
      });
    } finally {
      await endpoint.close();
    }
  });
}

/** A model that calls the tool whose name ends so, once, and then says what came back. */
function callingHost(tool: string, args: Record<string, unknown>): ScriptedHost {
  return new ScriptedHost(async function* (request): AsyncGenerator<GenerationEvent> {
    const { messages, tools = [] } = (request.prompt as { chat: { messages: any[]; tools?: any[] } }).chat;
    const found = tools.find(({ name }) => name.endsWith(tool));
    const result = messages.findLast(({ role }) => role === "tool");
    if (!found || result) return yield* textEvents(request, [`It is ${JSON.stringify(result?.content)}.`]);
    yield { type: "start", promptTokens: 9, cachedTokens: 4 };
    const toolCall = { index: 0, id: "call_0", name: found.name, arguments: JSON.stringify(args) };
    yield { type: "delta", index: 0, toolCall };
    yield { type: "end", index: 0, finishReason: "tool_calls" };
    yield { type: "usage", usage: scriptedUsage };
  });
}

agentTest(
  "codex without a network calls a tool of a server in a container, through `skiff mcp gateway run`",
  ["codex"],
  async (sandboxes) => {
    const { home, workspace, docker } = sandboxes;
    const folder = await workspace();
    const server = `everything-${crypto.randomUUID().slice(0, 8)}`;
    const image = await referenceServersImage(docker);
    const catalog = `${home.folder}/catalog.json`;
    const entry = { type: "server", title: server, image, command: referenceServer("everything") };
    await Deno.writeTextFile(catalog, JSON.stringify({ name: "test", registry: { [server]: entry } }));
    const token = crypto.randomUUID();
    const port = String(freePort());
    const gateway = ["mcp", "gateway", "run", "--servers", server, "--catalog", catalog];
    const child = new Deno.Command(home.executable, {
      args: [...gateway, "--transport", "streaming", "--port", port],
      env: { ...home.env, MCP_GATEWAY_AUTH_TOKEN: token },
      clearEnv: true,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const log = linesOf(child.stderr);
    try {
      await log.until(/127\.0\.0\.1/);
      const word = `whale-${crypto.randomUUID().slice(0, 8)}`;
      const host = callingHost("echo", { message: word });
      await withScriptedModel(sandboxes, host, async () => {
        const flags = ["--model", "smollm2", "--network", "none", "--mcp", "--mcp-gateway", port];
        const run = ["sandbox", "run", "-w", folder, ...flags, "codex", ...prompts.codex("Echo a word.")];
        const { code, stdout, stderr } = await home.skiff(run, { env: { MCP_GATEWAY_AUTH_TOKEN: token } });
        equal(code, 0, `${stdout}\n${stderr}`);
        match(stdout, new RegExp(`It is .*Echo: ${word}`), `${stdout}\n${stderr}\n${log.text}`);
        const others = "for path in / /health /mcp/x; do curl -sS -o /dev/null -w '%{http_code} ' " +
          '"http://127.0.0.1:3130$path"; done; curl -sS -m 3 https://example.com 2>&1 | head -1';
        const shell = ["sandbox", "exec", (await sandboxes.sandboxes())[0].name, "sh", "-c", others];
        match(await home.ok(shell), /^403 403 403 curl: \(6\)/); // the endpoint and nothing else
      });
    } finally {
      child.kill("SIGTERM");
      await child.status;
    }
  },
);

/** What a program writes, kept. */
function linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
  const log = {
    text: "",
    ended: false,
    until: async (pattern: RegExp) => {
      while (!pattern.test(log.text)) {
        if (log.ended) throw new Error(`It ended: ${log.text}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
  };
  void (async () => {
    for await (const piece of stream.pipeThrough(new TextDecoderStream())) log.text += piece;
    log.ended = true;
  })();
  return log;
}

/** Agent -> its first screen when all is well, and words of the questions that must not come before. */
const screens: Record<string, { ready: RegExp; questions: RegExp }> = {
  claude: {
    ready: /bypass permissions on/,
    questions: /trust this folder|Choose the text style|Security notes|custom API key|Select login method/,
  },
  codex: {
    ready: /YOLO mode/,
    questions: /Sign in with|trust the contents|Do you trust/,
  },
};

for (const [name, { ready, questions }] of Object.entries(screens)) {
  agentTest(`${name} opens in a terminal without a question`, [name], async (sandboxes) => {
    const { home, workspace } = sandboxes;
    const folder = await workspace("my project");
    const host = new ScriptedHost();
    await withScriptedModel(sandboxes, host, async () => {
      const flags = `--model smollm2 --network none`;
      const command = `'${home.executable}' sandbox run -w '${folder}' ${flags} ${name}`;
      await using screen = await onScreen(command, home.env);
      const opened = await screen.expect(new RegExp(`${questions.source}|${ready.source}`, "i"));
      match(opened, ready);
      await screen.keys("Hello there");
      await screen.expect(/Hello there/); // an Enter in the same breath would be taken for a pasted line
      await screen.keys("Enter");
      await screen.expect(/Whales are mammals\./);
      await screen.endBy("C-c");
    });
  });
}

agentTest("gemini starts, and says that it cannot use a local model", ["gemini"], async (sandboxes) => {
  const { home, workspace } = sandboxes;
  const folder = await workspace();
  match(
    await home.ok(["sandbox", "run", "-w", folder, "--network", "none", "gemini", "--version"]),
    /^\d+\.\d+/,
  );
  await withScriptedModel(sandboxes, new ScriptedHost(), async () => {
    const flags = ["sandbox", "run", "-w", await workspace("other"), "--model", "smollm2"];
    const { code, stderr } = await home.skiff([...flags, "gemini", "-p", "x"]);
    equal(code, 1);
    match(stderr, /Gemini CLI cannot use a local model\n.*codex, claude or opencode/);
  });
});

agentTest(
  "a saved sandbox is a template that carries what was installed and no secret",
  ["shell"],
  async (sandboxes) => {
    const { home, workspace, docker } = sandboxes;
    const folder = await workspace();
    const tag = `skiff-test/saved:${crypto.randomUUID().slice(0, 8)}`;
    const name = `shell-${crypto.randomUUID().slice(0, 8)}`;
    const flags = ["sandbox", "run", "-w", folder, "--name", name, "--network", "none"];
    await home.ok([...flags, "-e", "STRIPE_TEST_KEY=sk_secret", "shell", "-c", "echo kept > ~/state"]);
    try {
      await home.ok(["sandbox", "template", "save", name, tag]);
      match(await home.ok(["sandbox", "template", "ls"]), new RegExp(`${tag} +shell +saved`));
      const other = await workspace("other");
      const run = ["sandbox", "run", "-w", other, "--network", "none", "--template", tag, "shell"];
      equal(await home.ok([...run, "-c", "cat ~/state; env | grep sk_secret || true"]), "kept\n");
      const response = await docker.request("GET", `/images/${tag}/json`);
      ok(!(await response.text()).includes("sk_secret"));
    } finally {
      for (const { name } of await sandboxes.sandboxes()) await home.skiff(["sandbox", "rm", "-f", name]);
      await home.skiff(["sandbox", "template", "rm", tag]);
    }
  },
);

for (
  const [name, flags] of Object.entries({
    codex: ["--disable", "shell_tool", "--disable", "unified_exec", "exec"],
    claude: ["--tools", "", "-p"],
  })
) {
  agentTest(
    `${name} on SmolLM2, which the executable serves: plain text comes back`,
    [name],
    async ({ home, workspace }) => {
      await home.ok(["model", "package", "--gguf", await smollm2(), "me/smollm2"]);
      // Some turns of this model have no end.
      await home.ok(["model", "configure", "me/smollm2", "--", "--n-predict", "64", "--temp", "0"]);
      const run = [
        "sandbox",
        "run",
        "-w",
        await workspace(),
        "--model",
        "me/smollm2",
        "--network",
        "none",
        name,
      ];
      const stdout = await home.ok([...run, ...flags, "What is a whale? Answer with one short sentence."]);
      match(stdout, /\w{3,}/);
    },
  );
}
