import { deepStrictEqual as equal, ok } from "node:assert";
import type { Command } from "../../../core/cli/command.ts";
import { runByCommander } from "../../../core/cli/commander.ts";
import { type Parsed, readPlainWords } from "../../../core/cli/plain_words.ts";
import { collectingContext } from "../../support/typed_command.ts";

const { context } = collectingContext();

function command(rest: Partial<Command>, seen: Parsed[] = []): Command {
  return {
    name: "run",
    summary: "Run",
    args: [{ name: "MODEL", required: true }, { name: "PROMPT", variadic: true }],
    flags: [
      { name: "detach", short: "d", summary: "" },
      { name: "quiet", short: "q", summary: "" },
      { name: "no-trunc", summary: "" },
      { name: "color", value: "WHEN", choices: ["auto", "no"], default: "no", summary: "" },
      { name: "env-file", short: "e", value: "FILE", repeatable: true, summary: "" },
      { name: "think", value: "BOOL", optionalValue: true, summary: "" },
      { name: "ps", value: "N", short: "p", summary: "", default: "1" },
    ],
    run: ({ args, flags }) => Promise.resolve(void seen.push({ args, flags })),
    ...rest,
  };
}

const optional: Partial<Command> = { args: [{ name: "ONE" }, { name: "TWO" }] };
const passThrough: Partial<Command> = { passThrough: true };

/** What commander makes of the words is what we make of them. */
const plain: [words: string, shape?: Partial<Command>][] = [
  ["m"],
  ["m a b"],
  ["- -d"],
  ["m -d --quiet a"],
  ["--no-trunc m"],
  ["--color auto m"],
  ["--color=auto m --color no"],
  ["m --ps=3"],
  ["m --ps= a"],
  ["m -p -d"], // a value may look like a flag
  ["m --env-file a -e b --env-file=c=d"],
  ["--debug m --debug"],
  ["", optional],
  ["a", optional],
  ["a -d b", optional],
  ["-d m -q --color blue -- x --help", passThrough],
  ["-p 2 m", passThrough],
];

for (const [words, shape = {}] of plain) {
  Deno.test(`read as commander reads it: run ${words} ${Object.keys(shape)}`, async () => {
    const seen: Parsed[] = [];
    const list = words.split(" ").filter(Boolean);
    const found = { command: command(shape, seen), path: ["skiff", "run"], words: list, showHidden: [] };
    equal(await runByCommander(found, [], context), 0);
    equal(readPlainWords(found.command, list), seen[0]);
  });
}

const others: [words: string, shape?: Partial<Command>][] = [
  [""],
  ["--help m"],
  ["m -h"],
  ["m --colour no"],
  ["m --color blue"],
  ["m --color"],
  ["m -dq"],
  ["m -p2"],
  ["m --detach=yes"],
  ["m --think"],
  ["m --think no"],
  ["m --trunc"],
  ["m -5"],
  ["-- m"],
  ["a b c", optional],
  ["--colour m", passThrough],
  ["m", { commands: [{ name: "sub", summary: "", load: () => Promise.resolve(command({})) }] }],
  ["m", { run: undefined }],
  ["m", { commonFlags: [{ name: "host", value: "URL", summary: "" }] }],
];

for (const [words, shape = {}] of others) {
  Deno.test(`left to commander: run ${words} ${Object.keys(shape)}`, () => {
    ok(readPlainWords(command(shape), words.split(" ").filter(Boolean)) === undefined);
  });
}
