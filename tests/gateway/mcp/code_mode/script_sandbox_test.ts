/** Scripts in the sandbox: what they give, and what they cannot do. */
import assert from "node:assert/strict";
import { defaultLimits } from "../../../../gateway/mcp/code_mode/sandbox_protocol.ts";
import { ScriptSandboxes } from "../../../../gateway/mcp/code_mode/script_sandboxes.ts";

/** Scripts that end by themselves may take as long as a slow machine needs. */
const limits = { ...defaultLimits, ownMs: 120_000, memory: 200 * 2 ** 20, calls: 20, output: 10_000 };
const brief = { ...limits, ownMs: 2000 };
const functions = ["echo", "fail"].map((tool) => ({ identifier: tool, tool }));

interface RunOptions {
  signal?: AbortSignal;
  limits?: typeof defaultLimits;
}

function run(sandboxes: ScriptSandboxes, script: string, options: RunOptions = {}) {
  const call = (tool: string, args: Record<string, unknown>) =>
    tool === "fail" ? Promise.reject(new Error("it failed")) : Promise.resolve(JSON.stringify(args));
  return sandboxes.run({ script, functions, limits, call, signal: new AbortController().signal, ...options });
}

const results: [script: string, text: string][] = [
  ["return 1 + 1", "2"],
  ["return 'text'", "text"],
  ["return {a: [1]}", `{"a":[1]}`],
  ["return null", "null"],
  ["1 + 1", "<no output>"],
  ["return echo({a: 1})", `{"a":1}`],
  ["return echo()", "{}"],
  ["return JSON.parse(echo({a: 'await async Promise'})).a", "await async Promise"],
  ["// await\nreturn echo({b: 2}).length", "7"],
  ["return await echo({a: 1})", `{"a":1}`],
  [
    "return (await Promise.all([echo({a: 1}), echo({b: 2})])).join()",
    `{"a":1},{"b":2}`,
  ],
  ["return echo({a: 1}).then((text) => text.length)", "7"],
  ["async function main() { return await echo({c: 3}) } return main()", `{"c":3}`],
  ["try { fail({}) } catch (error) { return error.message }", "it failed"],
  ["try { await fail({}) } catch (error) { return error.message }", "it failed"],
];

const failures: [script: string, text: RegExp][] = [
  ["return fail({})", /^Error: it failed$/],
  ["throw new TypeError('wrong')", /^TypeError: wrong$/],
  ["not javascript", /^SyntaxError: /],
  ["return echo('text')", /one object of arguments/],
  ["return absent({})", /^ReferenceError: /],
  ["throw {toString() { throw 1 }}", /^1$/],
];

/** Undefined where the language itself is all there is. */
const probe = "'return typeof Deno'";
const noImport = "TypeError: A dynamic import callback was not specified.";

/** What is tried -> the refusal in its words, or what a probe of the scope that was reached finds there. */
const attempts: [name: string, script: string, outcome: { failed: string } | { gives: string }][] = [
  ["Deno", "return typeof Deno", { gives: "undefined" }],
  ["fetch", "return fetch('http://127.0.0.1/')", { failed: "ReferenceError: fetch is not defined" }],
  ["process", "return process.env.HOME", { failed: "ReferenceError: process is not defined" }],
  ["require", "return require('node:fs')", { failed: "ReferenceError: require is not defined" }],
  [
    "what else a worker has",
    "return ['self', 'postMessage', 'close', 'onmessage', 'Worker', 'WebSocket', 'navigator', 'setTimeout', 'caches']" +
    ".filter((name) => name in globalThis).join() || 'nothing'",
    { gives: "nothing" },
  ],
  ["a module of Node", "return import('node:fs')", { failed: noImport }],
  ["a module of npm", "return import('npm:is-odd')", { failed: noImport }],
  ["a module of the network", "return import('https://example.com/x.js')", { failed: noImport }],
  ["a file as a module", "return import('file:///etc/passwd')", { failed: noImport }],
  ["a module in a data: URL", "return import('data:text/javascript,export default Deno')", {
    failed: noImport,
  }],
  ["import in a made function", "return Function('return import(\"node:fs\")')()", { failed: noImport }],
  ["import in a made async function", "return (async () => {}).constructor('return import(\"node:fs\")')()", {
    failed: noImport,
  }],
  ["a made function", `return Function(${probe})()`, { gives: "undefined" }],
  ["eval", "return eval('typeof Deno')", { gives: "undefined" }],
  ["indirect eval", "return (0, eval)('typeof Deno')", { gives: "undefined" }],
  ["the outer scope by this", `return this.constructor.constructor(${probe})()`, { gives: "undefined" }],
  ["the outer scope by a tool", `return echo.constructor(${probe})()`, { gives: "undefined" }],
  [
    "the outer scope by a tool that waits for no answer",
    `return (await echo({}), echo.constructor(${probe})())`,
    { gives: "undefined" },
  ],
  ["the outer scope by a promise of a tool", `return echo({}).constructor.constructor(${probe})() // await`, {
    gives: "undefined",
  }],
  ["the outer scope by console", `return console.log.constructor(${probe})()`, { gives: "undefined" }],
  [
    "the outer scope by a tool's error",
    `try { fail({}) } catch (error) { return error.constructor.constructor(${probe})() }`,
    { gives: "undefined" },
  ],
  [
    "the outer scope by arguments that cannot be JSON",
    `try { echo({a: 1n}) } catch (error) { return error.constructor.constructor(${probe})() }`,
    { gives: "undefined" },
  ],
  [
    "the outer scope by an error of import",
    `try { await import('node:fs') } catch (error) { return error.constructor.constructor(${probe})() }`,
    { gives: "undefined" },
  ],
  [
    "the outer scope by who takes the result",
    `return {then(resolve) { resolve(resolve.constructor(${probe})()) }}`,
    { gives: "undefined" },
  ],
  [
    "the outer scope by stack frames",
    "Error.prepareStackTrace = (_, frames) => frames; " +
    "const outer = new Error().stack.flatMap((frame) => [frame.getThis(), frame.getFunction()]).filter(Boolean); " +
    `return [...new Set(outer.map((one) => one.constructor.constructor(${probe})()))].join()`,
    { gives: "undefined" },
  ],
  ["a caller", "return arguments.callee.caller === null ? 'nothing' : 'a caller'", { gives: "nothing" }],
  [
    "a full stack in the bridge",
    "let e; function deep() { try { deep() } catch (x) { e = x; echo({}) } } " +
    `try { deep() } catch (x) { e = x } return e.constructor.constructor(${probe})()`,
    { gives: "undefined" },
  ],
  ["prototypes", `return __proto__.constructor.constructor(${probe})()`, { gives: "undefined" }],
  [
    "changed prototypes",
    `Object.prototype.toString = Array.prototype.join = Function.prototype.call = () => 'x'; return Function(${probe})()`,
    { gives: "undefined" },
  ],
  [
    "a changed JSON",
    'JSON.stringify = JSON.parse = () => \'{"failed":false,"text":"forged"}\'; return echo({a: 1})',
    { gives: '{"a":1}' },
  ],
  ["a tool that is not its own", "return secret({})", { failed: "ReferenceError: secret is not defined" }],
  ["a tool's name that it makes up", "return echo.call({tool: 'fail'}, {a: 1})", { gives: '{"a":1}' }],
];

const limitsHit: [name: string, script: string, text: RegExp, limits?: typeof defaultLimits][] = [
  ["an endless loop", "while (true) {}", /ran longer than 2 s/, brief],
  ["a promise that never comes", "return new Promise(() => {})", /ran longer than 2 s/, brief],
  [
    "an endless pattern",
    "return /(a+)+$/.test('a'.repeat(60) + 'b')",
    /ran longer than 2 s|MiB of memory/,
    brief,
  ],
  [
    "a heap full of objects",
    "const a = []; while (true) a.push(new Array(1000).fill(7))",
    /memory|longer/,
    brief,
  ],
  ["buffers", "const a = []; while (true) a.push(new Uint8Array(1e7).fill(1))", /memory/],
  ["endless calls", "while (true) echo({})", /more than 20 tool calls/],
  ["a long result", "return 'x'.repeat(100_000)", /has 100000 characters/],
  ["endless recursion", "function f() { f() } f()", /call stack/],
];

Deno.test("a script's result, failures, attempts to get out, and limits", async (t) => {
  const sandboxes = new ScriptSandboxes();
  try {
    for (const [script, text] of results) {
      await t.step(script, async () => {
        const result = await run(sandboxes, script);
        assert.deepEqual([result.failed, result.text], [false, text]);
      });
    }
    for (const [script, text] of failures) {
      await t.step(`fails: ${script}`, async () => {
        const result = await run(sandboxes, script);
        assert.equal(result.failed, true);
        assert.match(result.text, text);
      });
    }
    for (const [name, script, outcome] of attempts) {
      await t.step(`no way out: ${name}`, async () => {
        const { failed, text } = await run(sandboxes, script);
        assert.deepEqual(failed ? { failed: text } : { gives: text }, outcome);
      });
    }
    for (const [name, script, text, limits] of limitsHit) {
      await t.step(`ends: ${name}`, async () => {
        const result = await run(sandboxes, script, limits && { limits });
        assert.equal(result.failed, true);
        assert.match(result.text, text);
        assert.equal((await run(sandboxes, "return echo({a: 1})")).text, `{"a":1}`, "the next one runs");
      });
    }
    await t.step("nothing is left for the next script", async () => {
      await run(sandboxes, "globalThis.left = 1; Object.prototype.left = 2");
      assert.equal((await run(sandboxes, "return typeof left")).text, "undefined");
    });
    await t.step("calls that nobody waited for do not reach into the next script", async () => {
      for (let i = 0; i < 3; i++) {
        const left =
          "for (let i = 0; i < 10; i++) echo({left: i}).then(() => echo({again: i})); return 'left'";
        assert.equal((await run(sandboxes, left)).text, "left");
        const next = "return [await echo({a: 1}), await echo({a: 2})].join()";
        const { failed, text } = await run(sandboxes, next);
        assert.deepEqual([failed, text], [false, `{"a":1},{"a":2}`]);
      }
    });
    await t.step("what it prints comes beside", async () => {
      const { text, console } = await run(sandboxes, "console.log('a', {b: 1}); console.error(2)");
      assert.deepEqual([text, console], ["<no output>", `a {"b":1}\n2\n`]);
    });
    await t.step("the caller cancels", async () => {
      const abort = new AbortController();
      const running = run(sandboxes, "while (true) {}", { signal: abort.signal });
      abort.abort();
      assert.match((await running).text, /cancelled/);
    });
    await t.step("more at once than there are sandboxes", async () => {
      const all = await Promise.all(Array.from({ length: 10 }, (_, i) => run(sandboxes, `return ${i}`)));
      assert.deepEqual(all.map(({ text }) => text), Array.from({ length: 10 }, (_, i) => String(i)));
    });
  } finally {
    await sandboxes.close();
  }
});

Deno.test("a sandbox that nobody uses is let go, and a later script has another one", async () => {
  const sandboxes = new ScriptSandboxes({ idleMs: 0 });
  try {
    assert.equal((await run(sandboxes, "return 1")).text, "1");
    while (sandboxes.size > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.equal((await run(sandboxes, "return 2")).text, "2");
  } finally {
    await sandboxes.close();
  }
});
