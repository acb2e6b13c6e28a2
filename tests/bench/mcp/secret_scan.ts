/**
 * The rules for secrets on texts without any: how often they are wrong, a MB and a thousand tool results; on
 * generated keys of each rule: how many are found; and what the scan costs, on a resource of 100 MB too.
 * `--write` adds the tables to tests/bench/RESULTS.md, `--show` prints what was found wrongly.
 *
 *   deno run -A tests/bench/mcp/secret_scan.ts [--write] [--show]
 */
import { createPrivateKey } from "node:crypto";
import { parseArgs } from "node:util";
import { findSecrets, firstSecret } from "../../../gateway/mcp/security/find_secrets.ts";
import { secretRules } from "../../../gateway/mcp/security/secret_rules.ts";
import { secretIn } from "../../../gateway/mcp/security/secrets_in.ts";
import { seeded } from "../../support/mutations.ts";
import { textOfPattern } from "../../support/text_of_pattern.ts";
import { machine } from "../report.ts";
import { corpora, type Corpus } from "./corpora.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: { write: { type: "boolean", default: false }, show: { type: "boolean", default: false } },
});

/** Characters of a tool's result. */
const resultLength = 8 * 1024;
const keysOfRule = 500;

interface Found {
  characters: number;
  real: number;
  wrong: Record<string, number>;
  results: number;
  blocked: number;
  ms: number;
}

async function search({ name, texts }: Corpus): Promise<Found> {
  const found: Found = { characters: 0, real: 0, wrong: {}, results: 0, blocked: 0, ms: 0 };
  for await (const text of texts()) {
    found.characters += text.length;
    const start = performance.now();
    const secrets = findSecrets(text);
    found.ms += performance.now() - start;
    for (const { rule, start, end } of secrets) {
      if (rule === "private-key" && isPrivateKey(text, start)) found.real++;
      else {
        found.wrong[rule] = (found.wrong[rule] ?? 0) + 1;
        if (values.show) console.log(`${name}: ${rule}: ${JSON.stringify(text.slice(start - 40, end + 10))}`);
      }
    }
    for (let at = 0; at < text.length; at += resultLength) {
      found.results++;
      const secret = secrets.length > 0 && firstSecret(text.slice(at, at + resultLength));
      if (secret && !(secret === "private-key" && found.real > 0)) found.blocked++;
    }
  }
  return found;
}

/** A key that can be read is one, whatever it is there for. */
function isPrivateKey(text: string, start: number): boolean {
  const from = text.lastIndexOf("-----BEGIN", start);
  const to = text.indexOf("-----", text.indexOf("-----END", start) + 8) + 5;
  try {
    createPrivateKey(text.slice(from, to).replace(/\\+n/g, "\n"));
    return true;
  } catch {
    return false;
  }
}

/** How many generated keys of each rule are found, as a setting, in prose and in JSON. */
function recall(): { keys: number; missed: Record<string, number> } {
  const random = seeded(1);
  const missed: Record<string, number> = {};
  let keys = 0;
  for (const { id, pattern } of secretRules) {
    for (let i = 0; i < keysOfRule; i++) {
      const key = id === "json-web-token" ? webToken(random) : textOfPattern(pattern, random);
      keys++;
      const texts = [`value: ${key}\n`, `Use ${key} for that.`];
      if (!/["\\\n]/.test(key)) texts.push(JSON.stringify({ output: `a ${key} b` }));
      if (!texts.every((text) => findSecrets(text).some(({ rule }) => rule === id))) {
        missed[id] = (missed[id] ?? 0) + 1;
      }
    }
  }
  return { keys, missed };
}

function webToken(random: (below: number) => number): string {
  const part = (value: unknown) =>
    btoa(JSON.stringify(value)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const signature = textOfPattern(/[A-Za-z0-9_-]{43}/, random);
  return `${part({ alg: "RS256", typ: "JWT" })}.${part({ sub: String(random(1e9)) })}.${signature}`;
}

interface Cost {
  name: string;
  ms: number;
  longestTurn: number;
  memory: number;
}

/** A value of 100 MB; meanwhile something else wants its turn all the time. */
async function cost(name: string, made: unknown): Promise<Cost> {
  const value = JSON.parse(JSON.stringify(made)); // as a message brings it
  let longestTurn = 0;
  let last = performance.now();
  let most = 0;
  const turn = setInterval(() => {
    longestTurn = Math.max(longestTurn, performance.now() - last);
    last = performance.now();
    most = Math.max(most, Deno.memoryUsage().rss);
  }, 0);
  await new Promise((resolve) => setTimeout(resolve, 200));
  [longestTurn, most] = [0, 0];
  const before = Deno.memoryUsage().rss;
  const start = performance.now();
  const secret = await secretIn(value);
  const ms = performance.now() - start;
  clearInterval(turn);
  if (secret !== undefined) throw new Error(secret);
  return { name, ms, longestTurn, memory: Math.max(0, most - before) / 1e6 };
}

const rows: string[] = [];
const sum = { characters: 0, real: 0, wrong: 0, results: 0, blocked: 0, ms: 0 };
const byRule: Record<string, number> = {};
for (const corpus of corpora) {
  const { wrong, ...found } = await search(corpus);
  const count = Object.values(wrong).reduce((all, one) => all + one, 0);
  for (const [rule, one] of Object.entries(wrong)) byRule[rule] = (byRule[rule] ?? 0) + one;
  for (const name of Object.keys(found) as (keyof typeof found)[]) sum[name] += found[name];
  sum.wrong += count;
  rows.push(row(corpus.name, { ...found, wrong: count }));
}
rows.push(row("all", sum));

function row(name: string, { characters, real, wrong, results, blocked, ms }: typeof sum): string {
  const mb = characters / 1e6;
  const cells = [
    name,
    mb.toFixed(1),
    `${real}`,
    `${wrong}`,
    (wrong / mb).toFixed(4),
    (blocked / results * 1000).toFixed(4),
    (mb / ms * 1000).toFixed(0),
  ];
  return `| ${cells.join(" | ")} |`;
}

const { keys, missed } = recall();
const missing = Object.values(missed).reduce((all, one) => all + one, 0);
const prose = "The quick brown fox reads https://example.org/a?b=c and pays 12 of its coins. ";
const costs = [
  await cost("100 MB of text in one resource", { contents: [{ uri: "a:b", text: prose.repeat(1.25e6) }] }),
  await cost("100 MB of base64 in one resource", { contents: [{ uri: "a:b", blob: "QUJD".repeat(25e6) }] }),
  await cost("100 MB of short texts", Array.from({ length: 1e6 }, (_, i) => `${i}${prose}`)),
];
const list = (counts: Record<string, number>) =>
  Object.entries(counts).map(([rule, count]) => `${rule} ${count}`).join(", ") || "none";
const text = `## ${new Date().toISOString().slice(0, 10)}: rules for secrets, ${await machine()}

\`deno run -A tests/bench/mcp/secret_scan.ts\`; texts of packages and made ones; a tool's result is taken to have
${resultLength / 1024} KiB. "Keys" are private keys that can be read: they are in the texts.

| texts | MB | keys | wrong | wrong / MB | wrongly blocked / 1,000 results | MB/s |
| --- | --- | --- | --- | --- | --- | --- |
${rows.join("\n")}

Wrong by rule: ${list(byRule)}. Generated keys, ${keysOfRule} of each of ${secretRules.length} rules: ${
  ((keys - missing) / keys * 100).toFixed(2)
} % found; missed: ${list(missed)}.

| searched | ms | longest that others waited, ms | memory beside the value, MB |
| --- | --- | --- | --- |
${
  costs.map(({ name, ms, longestTurn, memory }) =>
    `| ${name} | ${ms.toFixed(0)} | ${longestTurn.toFixed(1)} | ${memory.toFixed(0)} |`
  ).join("\n")
}
`;
console.log(text);
if (values.write) {
  await Deno.writeTextFile(new URL("../RESULTS.md", import.meta.url), `\n${text}`, { append: true });
}
