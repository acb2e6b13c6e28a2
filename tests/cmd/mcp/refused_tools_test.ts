/** `skiff mcp tools`, as a program with a gateway of its own, about tools that are kept from clients. */
import assert from "node:assert/strict";
import { denoFolder } from "../../support/deno_folder.ts";
import { programEntry } from "../../support/mcp/assembled.ts";
import { withHome } from "../../gateway/mcp/home.ts";

const main = new URL("../../../main.ts", import.meta.url).pathname;

interface Step {
  words: string[];
  code?: number;
  says: RegExp;
}

const steps: Step[] = [
  { words: ["ls"], says: /^\d+ tools:\n[^]* - test_level - [^]*\n - test_echo \(refused: not today\)\n$/ },
  {
    words: ["ls", "--format", "json"],
    says: /"name": "test_echo",[^]*?"policy": \{\s+"allowed": false,\s+"reason": "not today"\s+\}/,
  },
  {
    words: ["call", "--verbose", "test_simple_text"],
    says: /- Enabled servers: fixture\n[^]*Calling tool test_simple_text [^]*- fixture: starts \S+deno run /,
  },
  { words: ["count"], says: /^21 tools\n$/ },
  { words: ["call", "test_level"], says: /info\n$/ },
  { words: ["call", "test_echo"], code: 1, says: /The tool test_echo is refused: not today\n/ },
  { words: ["inspect", "test_echo"], code: 1, says: /The tool test_echo is refused: not today\n/ },
];

Deno.test("refused tools are told with the reason, and not counted", async (t) => {
  await withHome(async (home) => {
    await home.write("catalog.json", JSON.stringify({ registry: { fixture: programEntry() } }));
    await home.write(
      ".docker/mcp/policy.yaml",
      "rules: [{effect: deny, tool: test_echo, reason: not today}]",
    );
    const env = { HOME: home.home, SKIFF_HOME: `${home.home}/skiff`, DENO_DIR: await denoFolder() };
    for (const { words, code = 0, says } of steps) {
      await t.step(words.join(" "), async () => {
        const own = `--gateway-arg=--catalog=${home.home}/catalog.json,--servers=fixture`;
        const args = ["run", "-A", "--no-check", "--quiet", main, "mcp", "tools", ...words, own];
        const said = await new Deno.Command(Deno.execPath(), { args, env }).output();
        const text = new TextDecoder().decode(said.stdout) + new TextDecoder().decode(said.stderr);
        assert.equal(said.code, code, text);
        assert.match(text, says);
      });
    }
  });
});

Deno.test("Ctrl+C ends a call that does not end by itself, without a word, with 130", async () => {
  await withHome(async (home) => {
    await home.write("catalog.json", JSON.stringify({ registry: { fixture: programEntry() } }));
    const env = { HOME: home.home, SKIFF_HOME: `${home.home}/skiff`, DENO_DIR: await denoFolder() };
    const own = `--gateway-arg=--catalog=${home.home}/catalog.json,--servers=fixture,--log-calls=true`;
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--no-check",
        "--quiet",
        main,
        "mcp",
        "tools",
        "call",
        "--verbose",
        own,
        "test_endless",
      ],
      env,
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const said = new Response(child.stdout).text();
    let told = "";
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      const before = told;
      told += text;
      const begun = /calling tool test_endless/i;
      if (!begun.test(before) && begun.test(told)) child.kill("SIGINT");
    }
    assert.equal((await child.status).code, 130, told);
    assert.equal(await said, "");
    assert.doesNotMatch(told, /^MCP error/m); // the log that was asked for may tell it
  });
});
