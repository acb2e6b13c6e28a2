import { deepStrictEqual as equal, throws } from "node:assert";
import { parseFlags } from "../../../inference/runner/flags.ts";
import { keepAliveMs } from "../../../inference/runner/keep_alive.ts";

Deno.test("parseFlags turns llama.cpp's flags into settings", () => {
  const words = ["--temp", "0.1", "--top-k=20", "-c", "8192", "-ngl", "0", "-fa", "on", "--ctk", "--mlock"];
  const flags = parseFlags([
    ...words,
    "--threads",
    "4",
    "-n",
    "-1",
    "--verbose",
    "--log-verbosity",
    "3",
    "-ctk",
    "q8_0",
  ]);
  equal(flags, {
    configuration: {
      contextTokens: 8192,
      gpuLayers: 0,
      flashAttention: true,
      mlock: true,
      threads: 4,
      cacheType: "q8_0",
    },
    defaults: { temperature: 0.1, topK: 20 },
    maxTokens: -1,
    ignored: ["--ctk", "--verbose", "--log-verbosity"],
  });
  equal(parseFlags(["--embeddings"]).mode, "embedding");
  equal(parseFlags(["--embeddings", "--reranking"]).mode, "reranking");
});

Deno.test("parseFlags names the flag that is wrong", () => {
  const rows: [string[], RegExp][] = [
    [["--model", "x"], /--model is not allowed/],
    [["--host=0.0.0.0"], /--host is not allowed/],
    [["--anything", "../../etc/passwd"], /--anything must not name a file/],
    [["--temp"], /--temp needs a value/],
    [["--temp", "hot"], /--temp needs a number, not "hot"/],
    [["--top-k", "1.5"], /--top-k needs a whole number/],
    [["-fa", "maybe"], /-fa must be one of on, off/],
    [["temp"], /temp is not a flag/],
  ];
  for (const [words, message] of rows) throws(() => parseFlags(words), { code: "invalid_input", message });
});

Deno.test("keepAliveMs reads Go durations", () => {
  const rows: [string, number][] = [
    ["5m", 300_000],
    ["1h30m", 5_400_000],
    ["1.5s", 1500],
    ["250ms", 250],
    ["0", 0],
    ["0s", 0],
    ["30", 30_000],
    ["-1", Infinity],
    ["-1m", Infinity],
  ];
  for (const [text, ms] of rows) equal(keepAliveMs(text), ms, text);
  for (const text of ["", "5 minutes", "m5", "5x", "-"]) {
    throws(() => keepAliveMs(text), { code: "invalid_input" });
  }
});
