/** What every engine must do, whatever computes: run by the tests of each engine on models of its own. */
import assert from "node:assert/strict";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { Batch, Engine, EngineOptions } from "../../../inference/engines/engine.ts";
import { realTest } from "../../support/parts.ts";

/** Loads the model under test; what is not given is up to the suite's defaults. */
export type OpenEngine = (options: Partial<EngineOptions>) => Promise<Engine>;

export interface SuiteOptions {
  /** Largest difference of two logits that must be equal, as a share of the row's largest. @default 0.01 */
  tolerance?: number;
  /** Cases that this engine or model cannot have. */
  skip?: string[];
}

const defaults = { contextTokens: 64, maxSequences: 4, threads: 1, batchTokens: 64, microBatchTokens: 16 };
const prompt = [5, 40, 17, 99, 120, 33, 64, 81, 7, 12, 90, 55];
const other = [77, 3, 140, 9, 61, 28, 44];

/** A batch from [token, position, sequence, wanted] quadruples. */
export function batchOf(
  entries: [token: number, position: number, sequence: number, wanted: 0 | 1][],
): Batch {
  const column = (i: number) => entries.map((entry) => entry[i]);
  return {
    tokens: Int32Array.from(column(0)),
    positions: Int32Array.from(column(1)),
    sequences: Int32Array.from(column(2)),
    wanted: Uint8Array.from(column(3)),
  };
}

/** Tokens of one sequence from a position on, the logits of the last wanted. */
function run(tokens: number[], sequence: number, from = 0): Batch {
  return batchOf(tokens.map((token, i) => [token, from + i, sequence, i === tokens.length - 1 ? 1 : 0]));
}

async function rowsOf(engine: Engine, batch: Batch): Promise<Float32Array[]> {
  const logits = await engine.decode(batch);
  return Array.from({ length: logits.rows }, (_, i) => logits.row(i).slice());
}

async function lastRow(engine: Engine, batch: Batch): Promise<Float32Array> {
  return (await rowsOf(engine, batch)).at(-1)!;
}

export function engineSuite(name: string, provision: () => Promise<OpenEngine>, options: SuiteOptions = {}) {
  const { tolerance = 0.01, skip = [] } = options;

  const same = (actual: Float32Array, expected: Float32Array, what: string) => {
    assert.equal(actual.length, expected.length);
    let largest = 0;
    let difference = 0;
    expected.forEach((value, i) => {
      largest = Math.max(largest, Math.abs(value));
      difference = Math.max(difference, Math.abs(value - actual[i]));
    });
    assert.ok(largest > 0 && Number.isFinite(difference), `${what}: no finite values`);
    assert.ok(difference <= tolerance * largest, `${what}: differs by ${difference} of ${largest}`);
  };

  const check = (
    title: string,
    body: (engine: Engine) => Promise<void>,
    engineOptions: Partial<EngineOptions> = {},
  ) => {
    if (skip.includes(title)) return;
    realTest(`${name}: ${title}`, provision, async (open) => {
      const engine = await open({ ...defaults, ...engineOptions });
      try {
        await body(engine);
      } finally {
        engine.close();
      }
    });
  };

  check("a prompt in one batch, in chunks and token by token gives the same logits", async (engine) => {
    const whole = await lastRow(engine, run(prompt, 0));
    assert.equal(whole.length, engine.info.vocabularySize);
    await engine.decode(run(prompt.slice(0, 5), 1));
    same(await lastRow(engine, run(prompt.slice(5), 1, 5)), whole, "chunks");
    let row = new Float32Array();
    for (let i = 0; i < prompt.length; i++) row = await lastRow(engine, run([prompt[i]], 2, i)) as typeof row;
    same(row, whole, "token by token");
  });

  check(
    "sequences in one batch do not see each other, in whatever order their tokens come",
    async (engine) => {
      const first = await lastRow(engine, run(prompt, 0));
      const second = await lastRow(engine, run(other, 1));
      const mixed: Parameters<typeof batchOf>[0] = [];
      for (let i = 0; i < prompt.length; i++) {
        mixed.push([prompt[i], i, 2, i === prompt.length - 1 ? 1 : 0]);
        if (i < other.length) mixed.push([other[i], i, 3, i === other.length - 1 ? 1 : 0]);
      }
      const rows = await rowsOf(engine, batchOf(mixed));
      assert.equal(rows.length, 2);
      same(rows[0], second, "the shorter sequence, whose last token comes first");
      same(rows[1], first, "the longer sequence");
    },
  );

  check("prefill of one sequence and decoding of another share a batch", async (engine) => {
    await engine.decode(run(other, 0));
    const next = await lastRow(engine, run([50], 0, other.length));
    assert.ok(engine.truncateSequence(0, other.length));
    const whole = await lastRow(engine, run(prompt, 1));
    engine.freeSequence(1);
    const entries = prompt.map((token, i): [number, number, number, 0 | 1] => [
      token,
      i,
      1,
      i === prompt.length - 1 ? 1 : 0,
    ]);
    const rows = await rowsOf(engine, batchOf([[50, other.length, 0, 1], ...entries]));
    same(rows[0], next, "the decoding sequence");
    same(rows[1], whole, "the prompt");
  });

  check("every wanted token has its row, many of them too", async (engine) => {
    const single: Float32Array[] = [];
    for (let i = 0; i < 48; i++) single.push(await lastRow(engine, run([prompt[i % prompt.length]], 0, i)));
    const rows = await rowsOf(
      engine,
      batchOf(single.map((_, i) => [prompt[i % prompt.length], i, 1, 1])),
    );
    assert.equal(rows.length, 48);
    rows.forEach((row, i) => same(row, single[i], `row ${i}`));
  });

  check("a batch without wanted tokens has no rows", async (engine) => {
    const batch = run(prompt, 0);
    batch.wanted.fill(0);
    assert.equal((await engine.decode(batch)).rows, 0);
  });

  check("a caller may change a row", async (engine) => {
    const logits = await engine.decode(run(prompt, 0));
    logits.row(0).fill(0);
    assert.equal(logits.row(0)[1], 0);
    const again = await lastRow(engine, run(prompt, 1));
    assert.ok(again.some((value) => value !== 0));
  });

  check("a copied prefix continues like the original", async (engine) => {
    await engine.decode(run(prompt, 0));
    const expected = await lastRow(engine, run([50, 51], 0, prompt.length));
    await engine.decode(run(other, 1));
    engine.copySequence(0, 1, prompt.length);
    same(await lastRow(engine, run([50, 51], 1, prompt.length)), expected, "the whole prompt");
    engine.copySequence(0, 2, 6);
    same(await lastRow(engine, run([...prompt.slice(6), 50, 51], 2, 6)), expected, "a part of it");
    engine.freeSequence(0);
    assert.ok(engine.truncateSequence(1, prompt.length));
    same(await lastRow(engine, run([50, 51], 1, prompt.length)), expected, "after the original is gone");
  });

  check("a truncated sequence goes on from where it was cut", async (engine) => {
    const expected = await lastRow(engine, run(prompt, 0));
    await engine.decode(run([...prompt.slice(0, 4), 90, 91, 92], 1));
    assert.equal(engine.truncateSequence(1, 4), engine.info.canTruncate);
    same(await lastRow(engine, run(prompt.slice(4), 1, 4)), expected, "the corrected sequence");
    assert.equal(engine.truncateSequence(1, 1000), true, "nothing to cut");
    assert.equal(engine.truncateSequence(1, 0), true, "all of it");
    same(await lastRow(engine, run(prompt, 1)), expected, "from the start");
  });

  check("a freed sequence starts anew", async (engine) => {
    const expected = await lastRow(engine, run(prompt, 0));
    await engine.decode(run(other, 1));
    engine.freeSequence(1);
    same(await lastRow(engine, run(prompt, 1)), expected, "the new sequence");
  });

  check("a saved sequence continues in another place", async (engine) => {
    if (engine.saveSequence === undefined || engine.restoreSequence === undefined) return;
    await engine.decode(run(prompt, 0));
    const state = engine.saveSequence(0);
    const expected = await lastRow(engine, run([50], 0, prompt.length));
    engine.freeSequence(0);
    engine.restoreSequence(3, state);
    same(await lastRow(engine, run([50], 3, prompt.length)), expected, "the restored sequence");
    assert.throws(
      () => engine.restoreSequence!(2, state.slice(0, 40)),
      (error) => error instanceof SkiffError && error.code === "corrupt",
    );
  });

  check("a full context is an overflow, and the sequence stays usable", async (engine) => {
    const { contextTokens } = engine.info;
    for (let i = 0; i < contextTokens; i += prompt.length) {
      await engine.decode(run(prompt.slice(0, contextTokens - i), 0, i));
    }
    const overflow = async (batch: Batch) =>
      await assert.rejects(
        async () => await engine.decode(batch),
        (error) => error instanceof SkiffError && error.code === "context_overflow",
      );
    await overflow(run([50], 0, contextTokens));
    await overflow(batchOf([[50, 0, 1, 1], [50, contextTokens, 0, 1]]));
    const expected = await lastRow(engine, run([50], 2));
    same(await lastRow(engine, run([50], 1)), expected, "a sequence of the refused batch");
  });

  check("every sequence can fill its context", async (engine) => {
    const { contextTokens, maxSequences } = engine.info;
    const tokens = Array.from({ length: contextTokens }, (_, i) => prompt[i % prompt.length]);
    let expected: Float32Array | undefined;
    for (let sequence = 0; sequence < maxSequences; sequence++) {
      const row = await lastRow(engine, run(tokens, sequence));
      expected ??= row;
      same(row, expected, `sequence ${sequence}`);
    }
  });

  check("tokens and sequences that do not exist are refused", async (engine) => {
    for (const batch of [run([-1], 0), run([engine.info.vocabularySize], 0), run([5], 4), run([], 0)]) {
      await assert.rejects(async () => await engine.decode(batch), SkiffError);
    }
  });

  check("close may be called twice", async (engine) => {
    await engine.decode(run(prompt, 0));
    engine.close();
  });

  embeddingChecks(check, same);
}

type Check = (
  title: string,
  body: (engine: Engine) => Promise<void>,
  options?: Partial<EngineOptions>,
) => void;
type Same = (actual: Float32Array, expected: Float32Array, what: string) => void;

function embeddingChecks(check: Check, same: Same): void {
  const embedding = { embedding: true, pooling: "mean" as const, maxSequences: 1 };

  check("inputs embedded together and one by one give the same vectors", async (engine) => {
    const inputs = [prompt, other, prompt.slice(0, 3), [9]].map((tokens) => Int32Array.from(tokens));
    const many = Array.from({ length: 21 }, (_, i) => inputs[i % inputs.length]);
    const single = await Promise.all(inputs.map(async (input) => (await engine.embed([input]))[0]));
    const together = await engine.embed(many);
    assert.equal(together.length, many.length);
    assert.equal(together[0].length, engine.info.embeddingLength);
    together.forEach((vector, i) => same(vector, single[i % inputs.length], `vector ${i}`));
    assert.throws(() => same(single[0], single[1], ""), "different inputs have different vectors");
  }, embedding);

  check("an input longer than a batch is an overflow", async (engine) => {
    const input = new Int32Array(engine.info.maxBatchTokens + 1).fill(5);
    await assert.rejects(
      async () => await engine.embed([input]),
      (error) => error instanceof SkiffError && error.code === "context_overflow",
    );
    assert.equal((await engine.embed([input.subarray(1)])).length, 1);
  }, embedding);

  check("an engine for embeddings does not decode", async (engine) => {
    assert.ok(engine.info.embeddingOnly);
    await assert.rejects(async () => await engine.decode(run(prompt, 0)), SkiffError);
  }, embedding);
}
