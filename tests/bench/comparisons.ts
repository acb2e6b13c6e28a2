/** What is compared with llama-server. Each takes turns between the two, so that both see the same machine. */
import type { Row } from "./report.ts";
import { median } from "./report.ts";
import { makeProse } from "./prose.ts";
import {
  largeVocabularyModel,
  runSkiff,
  type Server,
  type ServerOptions,
  type SkiffHome,
  startPeer,
} from "./servers.ts";
import { type StreamRequest, type StreamTimes, timeStream } from "./stream.ts";

type Side = Server & { more?: Record<string, unknown> };
type Measure = (server: Side, round: number) => Promise<number>;

async function alternate(skiff: Side, peer: Side, rounds: number, measure: Measure) {
  const ours: number[] = [];
  const theirs: number[] = [];
  await measure(skiff, -1); // loads the model, warms the caches
  await measure(peer, -1);
  for (let round = 0; round < rounds; round++) {
    // Who goes first changes, so that neither always follows the other.
    const turns = [[skiff, ours], [peer, theirs]] as const;
    for (const [server, into] of round % 2 ? [turns[1], turns[0]] : turns) {
      into.push(await measure(server, round));
    }
  }
  return { ours: median(ours), theirs: median(theirs) };
}

const ask = (server: Server, content: string, maxTokens: number): Promise<StreamTimes> =>
  timeStream(request(server, [{ role: "user", content }], maxTokens));

const request = (
  { base, model }: Server,
  messages: StreamRequest["messages"],
  maxTokens: number,
): StreamRequest => ({ base, model, messages, maxTokens });

/** Tokens a second of one stream, after its first token. */
async function decode(skiff: Server, peer: Server, rounds: number): Promise<Row> {
  const { ours, theirs } = await alternate(skiff, peer, rounds, async (server) => {
    const times = await ask(server, "Tell me a long story about a lighthouse.", 256);
    return (times.completionTokens - 1) / times.rest * 1000;
  });
  return { name: "decode, one stream", unit: "tok/s", ours, theirs, bound: { atLeast: 0.97 } };
}

/** Tokens a second of a prompt that nothing is cached of. */
async function prompt(skiff: Server, peer: Server, rounds: number): Promise<Row> {
  const { ours, theirs } = await alternate(skiff, peer, rounds, async (server, round) => {
    const times = await ask(server, makeProse(1500, 100 + round), 1);
    return (times.promptTokens - times.cachedTokens) / times.first * 1000;
  });
  return { name: "prompt processing, 1,500 tokens", unit: "tok/s", ours, theirs, bound: { atLeast: 0.97 } };
}

/** Tokens a second of eight streams together. */
async function streams(skiff: Server, peer: Server, rounds: number): Promise<Row> {
  const { ours, theirs } = await alternate(skiff, peer, rounds, async (server, round) => {
    const start = performance.now();
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => ask(server, `Write about ${makeProse(12, round * 8 + i)}`, 128)),
    );
    const seconds = (performance.now() - start) / 1000;
    return answers.reduce((sum, times) => sum + times.completionTokens, 0) / seconds;
  });
  return { name: "8 concurrent streams, total", unit: "tok/s", ours, theirs, bound: { atLeast: 0.95 } };
}

/** Milliseconds to the first token of a chat's second turn. */
async function turn(skiff: Server, peer: Server, rounds: number): Promise<Row> {
  const { ours, theirs } = await alternate(skiff, peer, rounds, async (server, round) => {
    const first = [{ role: "user", content: `Summarise: ${makeProse(1500, 500 + round)}` }];
    const answer = await timeStream(request(server, first, 16));
    const messages = [...first, { role: "assistant", content: answer.text }, {
      role: "user",
      content: "And in one sentence?",
    }];
    return (await timeStream(request(server, messages, 8))).first;
  });
  return {
    name: "second turn on 1,500 tokens, first token",
    unit: "ms",
    ours,
    theirs,
    bound: { atMost: 1.1 },
  };
}

/** Endless records: a model that writes them never comes to the end of the schema. */
const records = {
  type: "array",
  minItems: 1000,
  items: {
    type: "object",
    properties: {
      name: { type: "string", maxLength: 30 },
      kind: { enum: ["whale", "dolphin", "seal"] },
      tons: { type: "number", minimum: 0 },
      seen: { type: "array", items: { type: "string", format: "date" }, maxItems: 3 },
    },
    required: ["name", "kind", "tons", "seen"],
    additionalProperties: false,
  },
};

/** Tokens a second under a JSON Schema against free text, on a vocabulary of 262,144. */
async function grammar(skiff: Server, rounds: number): Promise<Row> {
  const free = { ...skiff, model: largeVocabularyModel };
  const response_format = { type: "json_schema", json_schema: { name: "records", schema: records } };
  const { ours, theirs } = await alternate(
    { ...free, more: { response_format } },
    free,
    rounds,
    async (server) => {
      const messages = [{ role: "user", content: "List sea animals as JSON." }];
      const times = await timeStream({ ...request(server, messages, 192), more: server.more });
      return (times.completionTokens - 1) / times.rest * 1000;
    },
  );
  return {
    name: "decode under a JSON Schema; without one (Gemma 3 270M, 262k tokens)",
    unit: "tok/s",
    ours,
    theirs,
    bound: { atLeast: 0.85 },
  };
}

/** Milliseconds from typing `skiff model run` with no server there to the first character, against a server's start. */
async function cold(home: SkiffHome, options: ServerOptions, rounds: number): Promise<Row> {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = -1; round < rounds; round++) {
    const peer = await startPeer(options);
    await peer.stop();
    const time = await firstCharacter(home);
    await runSkiff(home, ["stop"]);
    if (round < 0) continue;
    ours.push(time);
    theirs.push(peer.start);
  }
  return {
    name: "cold `model run` to first token; llama-server: start to ready",
    unit: "ms",
    ours: median(ours),
    theirs: median(theirs),
    bound: { atMostPlus: 150 },
  };
}

async function firstCharacter({ executable, env }: SkiffHome): Promise<number> {
  const start = performance.now();
  const child = new Deno.Command(executable, {
    args: ["model", "run", "bench/model", "Hello"],
    env,
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let first = 0;
  for await (const chunk of child.stdout) {
    if (chunk.length > 0) first ||= performance.now();
  }
  const { success } = await child.status;
  if (!success || !first) throw new Error("skiff model run failed");
  return first - start;
}

export const comparisons = { decode, prompt, streams, turn, grammar, cold };
