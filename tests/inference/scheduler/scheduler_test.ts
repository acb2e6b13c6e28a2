import { deepStrictEqual as equal, ok, throws } from "node:assert";
import type { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { GenerationUsage, TokenLogprob } from "../../../inference/chat/request.ts";
import type { Job, JobSink } from "../../../inference/scheduler/job.ts";
import { Scheduler } from "../../../inference/scheduler/scheduler.ts";
import {
  bosToken,
  ScriptedEngine,
  type ScriptedOptions,
  scriptedSampler,
  scriptedTokenizer,
  toolToken,
} from "../../support/scripted_engine.ts";

interface Outcome extends JobSink {
  texts: string[];
  reasons: string[];
  stops: (string | undefined)[];
  cached?: number;
  usage?: GenerationUsage;
  error?: SkiffError;
  logprobs: TokenLogprob[];
  /** Step at which each piece arrived. */
  steps: number[];
}

function setUp(
  options: ScriptedOptions & { queueLimit?: number; parallel?: number; parkedBytes?: number } = {},
) {
  const engine = new ScriptedEngine(options);
  const scheduler = new Scheduler({
    engine,
    tokenizer: scriptedTokenizer,
    createSampler: scriptedSampler,
    queueLimit: options.queueLimit ?? 10,
    parallel: options.parallel,
    parkedBytes: options.parkedBytes,
  });
  let step = 0;
  const submit = (text: string, job: Partial<Job> = {}) => {
    const outcome: Outcome = {
      texts: [],
      reasons: [],
      stops: [],
      logprobs: [],
      steps: [],
      start: (_, cached) => outcome.cached = cached,
      piece(answer, text, logprobs) {
        outcome.texts[answer] = (outcome.texts[answer] ?? "") + text;
        outcome.logprobs.push(...logprobs);
        outcome.steps.push(step);
      },
      end(answer, reason, stop) {
        outcome.reasons[answer] = reason;
        outcome.stops[answer] = stop;
      },
      done: (usage) => outcome.usage = usage,
      fail: (error) => outcome.error = error,
    };
    const prompt = scriptedTokenizer.encode(text, { parseSpecial: true });
    const handle = scheduler.submit({
      prompt,
      sampling: {},
      maxTokens: 6,
      stop: [],
      n: 1,
      cachePrompt: true,
      ignoreEos: false,
      ...job,
    }, outcome);
    return { outcome, cancel: handle.cancel };
  };
  const run = async (steps = Infinity) => {
    for (let i = 0; i < steps && scheduler.busy; i++, step++) await scheduler.step();
  };
  return { engine, scheduler, submit, run };
}

Deno.test("Scheduler answers one request", async () => {
  const { submit, run, scheduler } = setUp();
  const { outcome } = submit("abc");
  await run();
  equal(outcome.texts, ["abcabc"]);
  equal(outcome.reasons, ["length"]);
  equal(outcome.usage!.promptTokens, 3);
  equal(outcome.usage!.completionTokens, 6);
  equal(scheduler.counts.completionTokens, 6);
});

Deno.test("Scheduler decodes concurrent requests in one batch", async () => {
  const { submit, run, engine } = setUp();
  const all = ["ab", "cde", "x"].map((text) => submit(text).outcome);
  await run();
  equal(all.map(({ texts }) => texts[0]), ["ababab", "cdecde", "xxxxxx"]);
  equal(engine.log.length, 6);
  equal(engine.log[0], { 0: 2, 1: 3, 2: 1 });
  equal(engine.log[1], { 0: 1, 1: 1, 2: 1 });
});

Deno.test("Scheduler computes a long prompt in pieces beside running answers", async () => {
  const { submit, run, engine } = setUp({ info: { contextTokens: 4000 } });
  const short = submit("ab", { maxTokens: 30 }).outcome;
  await run(2);
  const long = submit("q".repeat(2000), { maxTokens: 2 }).outcome;
  const shown = short.steps.length;
  await run(3);
  equal(short.steps.length, shown + 3, "the running answer goes on at every step");
  ok(engine.log.slice(2).every((counts) => counts[1] <= 512));
  const late = submit("zz", { maxTokens: 1 }).outcome;
  await run(1);
  equal(late.texts, ["z"], "a short prompt does not wait for a long one");
  await run();
  equal(long.texts, ["qq"]);
});

Deno.test("Scheduler pays only for the new tokens of a chat's next turn", async () => {
  const { submit, run, engine } = setUp();
  const first = submit("hello").outcome;
  await run();
  const before = engine.log.length;
  const next = submit("hello" + first.texts[0] + "\nmore").outcome;
  await run();
  equal(next.cached, 5 + 5); // the last token of the answer was never computed
  equal(engine.log[before], { 0: 6 });
});

Deno.test("Scheduler gives an equal prompt equal logits without computing it again", async () => {
  const { submit, run, engine } = setUp();
  submit("hello");
  await run();
  const before = engine.log.length;
  const again = submit("hello").outcome;
  await run();
  equal(again.cached, 5);
  equal(again.texts, ["hellohe".slice(0, 6)]);
  equal(engine.log.length - before, 5);
});

Deno.test("Scheduler copies a shared beginning from a request that still runs", async () => {
  const { submit, run } = setUp();
  submit("system prompt:one", { maxTokens: 20 });
  await run(3);
  const second = submit("system prompt:two").outcome;
  await run();
  equal(second.cached, "system prompt:".length);
});

Deno.test("Scheduler keeps a branch that a new prompt leaves early", async () => {
  const { submit, run } = setUp();
  submit("shared and a long tail of one conversation");
  await run();
  const other = submit("shared but not it").outcome;
  await run();
  const back = submit("shared and a long tail of one conversation, continued").outcome;
  await run();
  equal(other.cached, "shared ".length);
  equal(back.cached, "shared and a long tail of one conversation".length);
});

Deno.test("Scheduler parks long idle prefixes outside the engine and brings them back", async () => {
  const { submit, run, engine } = setUp({ info: { maxSequences: 2 }, parkedBytes: 5000 });
  const long = "one long conversation. ".repeat(20);
  submit(long, { maxTokens: 1 });
  await run();
  equal(engine.sequences.map((tokens) => tokens.length), [long.length, 0]);
  submit("something else", { maxTokens: 2 });
  await run();
  equal(engine.sequences.map((tokens) => tokens.length), [0, 15]);
  const next = submit(`${long}and on`).outcome;
  await run();
  equal(next.cached, long.length);
  const other = submit("another ".repeat(60)).outcome; // more than may be parked beside the first
  await run();
  equal(other.cached, 0);
});

Deno.test("Scheduler starts over where the engine cannot cut a sequence", async () => {
  const { submit, run } = setUp({ info: { canTruncate: false, maxSequences: 1 } });
  const first = submit("abc").outcome;
  await run();
  const next = submit(`abc${first.texts[0]}d`).outcome;
  await run();
  const other = submit("abX").outcome;
  await run();
  equal([next.cached, other.cached], [8, 0]);
  equal(other.texts, ["abXabX"]);
});

Deno.test("Scheduler keeps nothing of a request without cachePrompt", async () => {
  const { submit, run, engine } = setUp();
  submit("abc", { cachePrompt: false });
  await run();
  ok(engine.sequences.every((tokens) => tokens.length === 0));
  equal(submit("abc").outcome.cached, undefined);
});

Deno.test("Scheduler computes the prompt of n answers once", async () => {
  for (const maxSequences of [4, 2, 1]) {
    const { submit, run, engine } = setUp({ info: { maxSequences } });
    const { outcome } = submit("abcdefgh", { n: 3, maxTokens: 3, cachePrompt: false });
    await run();
    equal(outcome.texts, ["abc", "abc", "abc"]);
    equal(outcome.usage!.completionTokens, 9);
    const tokens = engine.log.flatMap((counts) => Object.values(counts)).reduce((a, b) => a + b);
    equal(tokens, 8 + 3 * 2, `${maxSequences} sequences`);
    ok(engine.sequences.every((sequence) => sequence.length === 0));
  }
});

Deno.test("Scheduler stops a cancelled request at the next step", async () => {
  const { submit, run, engine, scheduler } = setUp();
  const { outcome, cancel } = submit("abc", { maxTokens: 100 });
  await run(3);
  cancel();
  const shown = outcome.texts[0];
  await run();
  equal(outcome.texts[0], shown);
  equal([outcome.usage, outcome.error], [undefined, undefined]);
  equal(engine.log.length, 3);
  equal(scheduler.active, 0);
  const waiting = submit("x");
  waiting.cancel();
  await run();
  equal(waiting.outcome.texts, []);
});

Deno.test("Scheduler serves first come first and refuses beyond its limit", async () => {
  const { submit, run } = setUp({ info: { maxSequences: 1 }, queueLimit: 2 });
  const order: number[] = [];
  const outcomes = [0, 1, 2].map((i) => {
    const { outcome } = submit("abc", { maxTokens: 2 });
    outcome.done = () => order.push(i);
    return outcome;
  });
  throws(() => submit("late"), (error: SkiffError) => {
    equal(error.code, "overloaded");
    ok((error.details!.retryAfterSeconds as number) >= 1);
    return true;
  });
  await run();
  equal(order, [0, 1, 2]);
  equal(outcomes.map(({ reasons }) => reasons[0]), ["length", "length", "length"]);
});

Deno.test("Scheduler ends at stop strings, end tokens and limits", async () => {
  const script = (text: string) => "one two\n\nthree"[text.length - 1];
  const rows: { job: Partial<Job>; text: string; reason: string; stop?: string }[] = [
    { job: {}, text: "one two\n\nthree", reason: "stop" },
    { job: { stop: ["\n\n"] }, text: "one two", reason: "stop", stop: "\n\n" },
    { job: { stop: ["threes"] }, text: "one two\n\nthree", reason: "stop" },
    { job: { maxTokens: 4, stop: [" two"] }, text: "one ", reason: "length" },
    { job: { maxTokens: 0 }, text: "", reason: "length" },
    { job: { ignoreEos: true, maxTokens: 16 }, text: "one two\n\nthree\0\0", reason: "length" },
  ];
  for (const { job, text, reason, stop } of rows) {
    const { submit, run } = setUp({ script });
    const { outcome } = submit("\n", { maxTokens: undefined, ...job });
    await run();
    equal([outcome.texts[0], outcome.reasons[0], outcome.stops[0]], [text, reason, stop]);
  }
});

Deno.test("Scheduler streams whole characters", async () => {
  const bytes = [...new TextEncoder().encode("aé🐳b")];
  const script = (text: string) => bytes[new TextEncoder().encode(text).length - 1];
  const pieces: string[] = [];
  const { submit, run } = setUp({
    script: (text) => text.includes("\uFFFD") ? bytes[pieces.length] : script(text),
  });
  const { outcome } = submit("\n", { maxTokens: 50 });
  outcome.piece = (_, text) => pieces.push(text);
  await run();
  equal(pieces, ["a", "", "é", "", "", "", "🐳", "b", ""]);
});

Deno.test("Scheduler shows only those control tokens that are asked for", async () => {
  const script = (text: string) => text.endsWith("x") ? undefined : text.includes("<tool") ? "x" : toolToken;
  for (const [visible, shown] of [[[], "x"], [[toolToken], "<tool_call>x"]] as const) {
    const { submit, run } = setUp({ script });
    const { outcome } = submit("a", { visibleTokens: new Set<number>(visible) });
    await run();
    equal(outcome.texts, [shown]);
  }
  equal(bosToken, 257);
});

Deno.test("Scheduler reports log probabilities with the text they belong to", async () => {
  const { submit, run } = setUp();
  const { outcome } = submit("ab", { logprobs: 2, maxTokens: 3, stop: ["ab"] });
  await run();
  equal(outcome.logprobs, []);
  const plain = submit("ab", { logprobs: 2, maxTokens: 3 }).outcome;
  await run();
  equal(plain.logprobs.map(({ text, bytes }) => [text, bytes]), [["a", [97]], ["b", [98]], ["a", [97]]]);
  ok(
    plain.logprobs.every(({ logprob, top }) => logprob < 0 && top.length === 2 && top[0].logprob === logprob),
  );
});

Deno.test("Scheduler says when a prompt does not fit, and ends an answer that fills the context", async () => {
  const { submit, run } = setUp({ info: { contextTokens: 10 } });
  throws(() => submit("0123456789"), (error: SkiffError) => {
    equal([error.code, error.details], ["context_overflow", { n_prompt_tokens: 10, n_ctx: 10 }]);
    return true;
  });
  throws(() => submit(""), (error: SkiffError) => error.code === "invalid_input");
  const { outcome } = submit("0123456", { maxTokens: 100 });
  await run();
  equal([outcome.texts, outcome.reasons], [["012"], ["length"]]);
});

Deno.test("Scheduler makes room when cells are short", async () => {
  const { submit, run, engine } = setUp({ cells: 20 });
  submit("kept for later", { maxTokens: 1 });
  await run();
  const all = ["abcd", "efgh", "ijkl"].map((text) => submit(text, { maxTokens: 5 }).outcome);
  await run();
  equal(all.map(({ texts }) => texts[0]), ["abcda", "efghe", "ijkli"]);
  ok(engine.log.length > 5);
  const alone = submit("x".repeat(15), { maxTokens: 50 }).outcome;
  await run();
  equal([alone.texts[0].length, alone.reasons[0]], [6, "length"]);
});

Deno.test("Scheduler fails only the request at fault", async () => {
  const { submit, run } = setUp({
    onDecode: ({ tokens, positions }) => {
      if (tokens.includes(33) && positions.some((position) => position > 3)) throw new Error("broken");
    },
  });
  const good = submit("ab").outcome;
  const bad = submit("x!").outcome;
  const alsoGood = submit("cd").outcome;
  await run();
  equal([good.texts, alsoGood.texts], [["ababab"], ["cdcdcd"]]);
  equal([bad.error?.code, bad.error?.message], ["internal", "broken"]);
  const after = submit("ok").outcome;
  await run();
  equal(after.texts, ["okokok"]);
});

Deno.test("Scheduler survives a job whose sampler fails in one of several answers", async () => {
  const { submit, run } = setUp();
  const good = submit("ab", { maxTokens: 12 }).outcome;
  const bad = submit("cd", { n: 3, maxTokens: 12 }).outcome;
  let pieces = 0;
  const count = bad.piece;
  bad.piece = (answer, text, logprobs) => {
    if (++pieces === 5) throw new Error("the sink broke");
    count(answer, text, logprobs);
  };
  await run();
  equal(bad.error?.message, "the sink broke");
  equal(good.texts, ["abababababab"]);
  const after = submit("cdcdc", { maxTokens: 3 }).outcome;
  await run();
  equal(after.texts, ["dcd"]);
});

Deno.test("Scheduler applies a constraint from the start or after a trigger", async () => {
  const digits = () => {
    let left = 2;
    return {
      allows: (token: number) => token >= 48 && token < 58,
      mask: () => new Uint32Array(9),
      accept: () => void left--,
      get finished() {
        return left === 0;
      },
      clone: digits,
    };
  };
  const prefixes: (string | undefined)[] = [];
  const compiled = { start: (prefix?: string) => (prefixes.push(prefix), digits()) };
  const { submit, run } = setUp();
  const whole = submit("ab", { constraint: { compiled } }).outcome;
  const lazy = submit("a=", { constraint: { compiled, triggers: ["=a", "nothing"] } }).outcome;
  await run();
  equal([whole.texts, whole.reasons], [["00"], ["stop"]]);
  equal([lazy.texts, lazy.reasons], [["a=a00"], ["stop"]]);
  equal(prefixes, [undefined, undefined]);
});
