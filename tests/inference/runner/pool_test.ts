import { deepStrictEqual as equal, ok, rejects } from "node:assert";
import type { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { GenerationEvent, GenerationRequest } from "../../../inference/chat/request.ts";
import type { LoadedModel } from "../../../inference/runner/host.ts";
import { RunnerPool, type RunnerPoolOptions } from "../../../inference/runner/pool.ts";
import type { StoredModel } from "../../../inference/store/model.ts";

const gib = 2 ** 30;
const runnerProgram = new URL("../../support/scripted_runner.ts", import.meta.url).pathname;

function modelNamed(name: string, size = 1000): StoredModel {
  const config = {
    format: "gguf" as const,
    quantization: "F16",
    parameters: "1M",
    architecture: "script",
    size: "1KiB",
    context_size: 2000,
  };
  return {
    id: `sha256:${name}`,
    tags: [`docker.io/ai/${name}:latest`],
    created: 0,
    config,
    layers: [],
    size,
  };
}

interface Setup {
  pool: RunnerPool;
  /** Names of models as they were unloaded, with the reason. */
  unloaded: string[];
  logs: string[];
  /** Resolves at the next unload. */
  nextUnload(): Promise<void>;
}

async function withPool(
  test: (setup: Setup) => Promise<void>,
  options: Partial<RunnerPoolOptions> = {},
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "skiff-pool" });
  const unloaded: string[] = [];
  const logs: string[] = [];
  let waiting: (() => void)[] = [];
  const pool = new RunnerPool({
    files: (model) => Promise.resolve({ weights: [`/none/${model.id.slice(7)}.gguf`], adapters: [] }),
    settingsPath: `${folder}/settings/models.json`,
    command: { program: Deno.execPath(), args: ["run", "-A", "--quiet", "--no-check", runnerProgram] },
    availableMemory: () => Promise.resolve(100 * gib),
    maxRunners: 4,
    onLog: (line) => logs.push(line),
    onUnloaded({ model }: LoadedModel, reason) {
      unloaded.push(`${model.id.slice(7)} ${reason}`);
      waiting.forEach((resolve) => resolve());
      waiting = [];
    },
    ...options,
  });
  try {
    const nextUnload = () => new Promise<void>((resolve) => waiting.push(resolve));
    await test({ pool, unloaded, logs, nextUnload });
  } finally {
    await pool.close({ force: true });
    await Deno.remove(folder, { recursive: true });
  }
}

const completion = (text: string, options: Partial<GenerationRequest> = {}): GenerationRequest => ({
  prompt: { kind: "text", text },
  sampling: {},
  maxTokens: 6,
  ...options,
});

/** Longer than 50 tokens: the scripted runner takes its time. */
const endless = completion(`${"-".repeat(60)}\nabc`, { maxTokens: 1500 });

async function textOf(events: AsyncIterable<GenerationEvent>): Promise<string> {
  let text = "";
  for await (const event of events) if (event.type === "delta") text += event.text ?? "";
  return text;
}

Deno.test("RunnerPool loads a model once for requests that come together, and answers them", async () => {
  await withPool(async ({ pool, logs }) => {
    const model = modelNamed("one");
    const texts = await Promise.all(
      ["ab", "cd", "ef"].map((text) => textOf(pool.generate(model, completion(text)))),
    );
    equal(texts, ["ababab", "cdcdcd", "efefef"]);
    equal(logs, ["loaded with 2000 tokens of context"]);
    equal(pool.loaded().length, 1);
    equal(pool.loaded()[0].info?.contextTokens, 2000);
    equal(await pool.tokenize(model, "hi"), [104, 105]);
    equal(await pool.detokenize(model, [104, 105]), "hi");
    const [{ statistics }] = await pool.statistics();
    equal([statistics.requests, statistics.completionTokens], [3, 18]);
    equal(pool.loaded().length, 1);
  });
});

Deno.test("RunnerPool reports events in order, with usage", async () => {
  await withPool(async ({ pool }) => {
    const events = await Array.fromAsync(
      pool.generate(modelNamed("one"), completion("ab", { maxTokens: 2 })),
    );
    equal(events.map(({ type }) => type), ["start", "delta", "delta", "end", "usage"]);
    equal(events[0], { type: "start", promptTokens: 2, cachedTokens: 0 });
    equal(events[3], { type: "end", index: 0, finishReason: "length" });
  });
});

Deno.test("RunnerPool embeds in a runner of its own", async () => {
  await withPool(async ({ pool }) => {
    const model = modelNamed("one");
    await pool.preload(model);
    const { vectors, promptTokens } = await pool.embed(model, ["ab", [1, 2, 3]]);
    equal(vectors, [Float32Array.of(2, 97 + 98), Float32Array.of(3, 6)]);
    equal(promptTokens, 5);
    equal(pool.loaded().map(({ mode }) => mode), ["completion", "embedding"]);
  });
});

Deno.test("RunnerPool answers only what was in flight with an error when a runner is killed", async () => {
  await withPool(async ({ pool, unloaded, nextUnload }) => {
    const model = modelNamed("one");
    const other = modelNamed("two");
    const spared = textOf(pool.generate(other, completion("zz", { maxTokens: 200 })));
    const running = [pool.generate(model, endless), pool.generate(model, endless)];
    for (const events of running) for (let i = 0; i < 3; i++) await events.next();
    const { info } = pool.loaded().find((loaded) => loaded.model.id === model.id)!;
    const gone = nextUnload();
    Deno.kill(info!.pid, "SIGKILL");
    for (const events of running) {
      await rejects(() => textOf(events), (error: SkiffError) => {
        equal(error.code, "unavailable");
        equal(error.message, "The runner of model ai/one ended unexpectedly: it was ended by SIGKILL");
        return true;
      });
    }
    equal(await textOf(pool.generate(model, completion("ab"))), "ababab");
    equal((await spared).length, 200);
    await gone;
    ok(unloaded.includes("one crashed"));
  });
});

Deno.test("RunnerPool says why a model cannot be loaded", async () => {
  await withPool(async ({ pool }) => {
    const load = (name: string) => pool.preload(modelNamed(name));
    await rejects(() => load("fails"), { code: "corrupt", message: "The model's file is damaged" });
    await rejects(() => load("crashes"), {
      code: "unsupported",
      message: 'The architecture "llama9" is not known to this version of the engine',
    });
    equal(pool.loaded(), []);
    await rejects(() => load("fails"), { code: "corrupt" });
  });
});

Deno.test("RunnerPool cancels in the runner when the client leaves", async () => {
  await withPool(async ({ pool }) => {
    const model = modelNamed("one");
    const events = pool.generate(model, endless);
    await events.next();
    await events.next();
    await events.return(undefined);
    const controller = new AbortController();
    const aborted = pool.generate(model, endless, { signal: controller.signal });
    await aborted.next();
    controller.abort();
    await rejects(() => textOf(aborted), { code: "interrupted" });
    await textOf(pool.generate(model, completion("ab"))); // by now the runner has read both
    const [{ statistics }] = await pool.statistics();
    equal([statistics.active, statistics.waiting], [0, 0]);
    ok(statistics.completionTokens < 1500);
    equal(pool.loaded()[0].inUse, 0);
  });
});

Deno.test("RunnerPool lets go of a client that leaves while it waits", async () => {
  await withPool(async ({ pool }) => {
    const model = modelNamed("one");
    await pool.configure(model, "completion", { parallel: 1 });
    const ahead = pool.generate(model, endless);
    await ahead.next();
    const controller = new AbortController();
    const waiting = textOf(pool.generate(model, completion("ab"), { signal: controller.signal }));
    await pool.statistics(); // the request has reached the runner, too
    controller.abort();
    await rejects(waiting, { code: "interrupted" });
    await ahead.return(undefined);
    equal(await textOf(pool.generate(model, completion("cd"))), "cdcdcd");
  });
});

Deno.test("A runner ends when the server that started it is gone", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", runnerProgram],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const writer = child.stdin.getWriter();
  const configuration = { modelPath: "/none/one.gguf", contextTokens: 2000, parallel: 2, queueLimit: 5 };
  const commands = [{ op: "load", configuration }, { op: "generate", id: 1, request: endless }];
  const text = commands.map((command) => `${JSON.stringify(command)}\n`).join("");
  await writer.write(new TextEncoder().encode(text));
  for (let seen = ""; !seen.includes('"delta"');) seen += (await lines.read()).value;
  await writer.close();
  while (!(await lines.read()).done);
  equal((await child.status).code, 0);
});

Deno.test("RunnerPool passes on what the runner refuses", async () => {
  await withPool(async ({ pool }) => {
    const model = modelNamed("one");
    await rejects(() => textOf(pool.generate(model, completion("x".repeat(2000)))), {
      code: "context_overflow",
      details: { n_prompt_tokens: 2000, n_ctx: 2000 },
    });
    const constrained = completion("x");
    constrained.prompt = { kind: "text", text: "x", constraint: { kind: "json_object" } };
    await rejects(() => textOf(pool.generate(model, constrained)), { code: "invalid_input" });
    await rejects(() => pool.detokenize(model, [9999]), { code: "invalid_input" });
  });
});

Deno.test("RunnerPool unloads after the keep-alive time", async () => {
  await withPool(async ({ pool, unloaded, nextUnload }) => {
    const model = modelNamed("one");
    await pool.configure(model, "completion", { keep_alive: "0" });
    const gone = nextUnload();
    equal(await textOf(pool.generate(model, completion("ab"))), "ababab");
    await gone;
    equal(unloaded, ["one idle"]);
    await pool.configure(model, "completion", { keep_alive: "-1" });
    await pool.preload(model);
    equal(pool.loaded()[0].expires, undefined);
    const idle = nextUnload();
    await pool.configure(model, "completion", { keep_alive: "1ms" });
    await idle;
    equal(unloaded, ["one idle", "one idle"]);
  });
});

Deno.test("RunnerPool evicts what was idle longest when places are short", async () => {
  await withPool(async ({ pool, unloaded }) => {
    for (const name of ["one", "two", "three"]) await pool.preload(modelNamed(name));
    equal(unloaded, ["one evicted"]);
    const busy = pool.generate(modelNamed("two"), endless);
    await busy.next();
    await pool.preload(modelNamed("four"));
    equal(unloaded, ["one evicted", "three evicted"]);
    await busy.return(undefined);
  }, { maxRunners: 2 });
});

Deno.test("RunnerPool makes room in memory, and names the numbers when there is none", async () => {
  await withPool(async ({ pool, unloaded }) => {
    await pool.preload(modelNamed("one", 2 * gib));
    await pool.preload(modelNamed("two", 2 * gib));
    equal(unloaded, []);
    await rejects(() => pool.preload(modelNamed("large", 9 * gib)), {
      code: "out_of_memory",
      message: "ai/large with a context of 2000 tokens needs 9.6 GiB; 4.0 GiB of memory are available",
    });
    equal(unloaded.slice(0, 2), ["one evicted", "two evicted"]);
  }, { availableMemory: () => Promise.resolve(4 * gib) });
});

Deno.test("RunnerPool keeps settings on disk and applies them", async () => {
  await withPool(async ({ pool }) => {
    const model = modelNamed("one");
    const settings = { "context-size": 700, "runtime-flags": ["--n-predict", "4"], "reasoning-budget": 0 };
    await pool.configure(model, undefined, settings);
    equal(await pool.settings(model.id), [{ modelId: model.id, mode: "completion", settings }]);
    equal((await pool.preload(model)).contextTokens, 700);
    equal(await textOf(pool.generate(model, { prompt: { kind: "text", text: "ab" }, sampling: {} })), "abab");
    const { text } = await pool.render(model, { messages: [{ role: "user", content: "hi" }] });
    equal(text, "hi\nfree");
    const busy = pool.generate(model, { ...endless, maxTokens: 500 });
    await busy.next();
    await pool.configure(model, undefined, settings); // nothing changes
    await rejects(() => pool.configure(model, undefined, { "context-size": 800 }), { code: "conflict" });
    await busy.return(undefined);
    await pool.configure(model, undefined, { "context-size": 800 });
    equal((await pool.preload(model)).contextTokens, 800);
    await rejects(() => pool.configure(model, undefined, { "runtime-flags": ["--model", "x"] }), {
      code: "invalid_input",
    });
  });
});

Deno.test("RunnerPool lets running requests finish when it closes", async () => {
  await withPool(async ({ pool }) => {
    const events = pool.generate(modelNamed("one"), { ...endless, maxTokens: 100 });
    await events.next();
    const [text] = await Promise.all([textOf(events), pool.close()]);
    equal(text.length, 100);
    equal(pool.loaded(), []);
    await rejects(() => pool.preload(modelNamed("two")), { code: "unavailable" });
  });
});
