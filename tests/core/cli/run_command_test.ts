import { deepStrictEqual as equal, match, ok } from "node:assert";
import type { Command, Context, Invocation } from "../../../core/cli/command.ts";
import { complete, completionScript, shells } from "../../../core/cli/completion.ts";
import { runCommandLine } from "../../../core/cli/run_command.ts";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { collectingContext } from "../../support/typed_command.ts";

interface World {
  context: Context;
  out: string;
  err: string;
  seen: Invocation[];
}

function world(): World {
  const { context, said } = collectingContext();
  return Object.assign(said, { context, seen: [] });
}

function tree(w: World): Command {
  const record = (invocation: Invocation) => Promise.resolve(void w.seen.push(invocation));
  const run: Command = {
    name: "run",
    summary: "Run a model",
    args: [{ name: "MODEL", required: true, complete: () => Promise.resolve(["smollm2", "qwen3"]) }, {
      name: "PROMPT",
      variadic: true,
    }],
    flags: [
      { name: "detach", short: "d", summary: "Load only" },
      { name: "color", value: "WHEN", choices: ["auto", "yes", "no"], default: "no", summary: "Colours" },
      { name: "env", short: "e", value: "KEY=VALUE", repeatable: true, summary: "Environment" },
      { name: "think", value: "BOOL", optionalValue: true, summary: "Reasoning" },
    ],
    run: record,
  };
  const fail: Command = {
    name: "fail",
    summary: "Fail",
    run: () => Promise.reject(new SkiffError("not_found", "No model x", { hint: "Pull it." })),
  };
  const model: Command = {
    name: "model",
    summary: "Models",
    commands: [
      { name: "run", summary: "Run a model", load: () => Promise.resolve(run) },
      { name: "fail", aliases: ["lose"], summary: "Fail", load: () => Promise.resolve(fail) },
    ],
  };
  return {
    name: "skiff",
    summary: "skiff",
    commands: [{ name: "model", summary: "Models", load: () => Promise.resolve(model) }],
  };
}

const run = async (words: string[]) => {
  const w = world();
  const code = await runCommandLine("skiff", tree(w), words, w.context);
  return { ...w, code };
};

Deno.test("arguments and flags reach the command by name", async () => {
  const { code, seen } = await run([
    "model",
    "run",
    "-d",
    "m",
    "--color",
    "yes",
    "-e",
    "A=1",
    "-e",
    "B=2",
    "hi",
    "you",
  ]);
  equal(code, 0);
  equal(seen[0].args, { MODEL: "m", PROMPT: ["hi", "you"] });
  equal(seen[0].flags, { detach: true, color: "yes", env: ["A=1", "B=2"], think: undefined });
});

Deno.test("defaults, optional values and words after -- are kept apart", async () => {
  const { seen } = await run(["model", "run", "m", "--think=false", "--", "--ctx-size", "8"]);
  equal(seen[0].flags.color, "no");
  equal(seen[0].flags.think, "false");
  equal(seen[0].rest, ["--ctx-size", "8"]);
});

const mistakes: { words: string[]; says: RegExp }[] = [
  { words: ["modle"], says: /unknown command 'modle'.*\n.*Did you mean model\?/i },
  { words: ["model", "rum"], says: /Did you mean run\?/ },
  { words: ["model", "run"], says: /missing required argument 'MODEL'/i },
  { words: ["model", "run", "m", "--colour", "yes"], says: /Did you mean --color\?/ },
  { words: ["model", "run", "m", "--color", "blue"], says: /Allowed choices are auto, yes, no/ },
];
for (const { words, says } of mistakes) {
  Deno.test(`a usage error exits with 2 and says what was meant: ${words.join(" ")}`, async () => {
    const { code, err, seen } = await run(words);
    equal(code, 2);
    match(err, says);
    match(err, /--help/);
    equal(seen.length, 0);
  });
}

Deno.test("help is there at every level and exits with 0", async () => {
  for (const words of [[], ["--help"], ["model"], ["model", "--help"], ["model", "run", "--help"]]) {
    const { code, out } = await run(words);
    equal(code, 0, words.join(" "));
    match(out, /Usage: skiff/);
  }
});

Deno.test("an error is two lines on stderr and exit code 1; aliases name the same command", async () => {
  const { code, err, out } = await run(["model", "lose"]);
  equal([code, err, out], [1, "No model x\nPull it.\n", ""]);
});

const completions: { words: string[]; gives: string[] }[] = [
  { words: ["m"], gives: ["model"] },
  { words: ["model", ""], gives: ["run", "fail"] },
  { words: ["model", "run", "q"], gives: ["qwen3"] },
  { words: ["model", "run", "m", "--c"], gives: ["--color"] },
  { words: ["model", "run", "m", "--color", ""], gives: ["auto", "yes", "no"] },
];
for (const { words, gives } of completions) {
  Deno.test(`completion of "${words.join(" ")}"`, async () => {
    const w = world();
    equal((await complete(tree(w), words, w.context)).map((c) => c.value), gives);
  });
}

Deno.test("each shell has a script that calls the program back", () => {
  for (const shell of shells) ok(completionScript(shell, "skiff").includes("skiff __complete -- "));
});

Deno.test("flags of a group stand before or behind the command; what is hidden is shown on demand", async () => {
  const seen: Invocation["flags"][] = [];
  const flags = [
    { name: "format", value: "FORMAT", summary: "How to print" },
    { name: "verbose", summary: "All of it" },
  ];
  const ls: Command = {
    name: "ls",
    summary: "List",
    flags,
    run: ({ flags }) => Promise.resolve(void seen.push(flags)),
  };
  const root: Command = {
    name: "root",
    summary: "Root",
    commonFlags: flags,
    showHidden: "SHOW",
    commands: [{ name: "ls", summary: "List", hidden: true, load: () => Promise.resolve(ls) }],
  };
  const expected = { format: "json", verbose: true };
  for (
    const words of [
      ["ls", "--format", "json", "--verbose"],
      ["--format", "json", "--verbose", "ls"],
      ["--verbose", "ls", "--format=json"],
      ["--format=json", "ls", "--verbose"],
    ]
  ) {
    equal(await runCommandLine("skiff", root, words, world().context), 0);
    equal({ ...seen.pop() }, expected, words.join(" "));
  }
  const unknown = world();
  equal(await runCommandLine("skiff", root, ["--nope", "ls"], unknown.context), 2);
  for (const [variable, shown] of [[undefined, false], ["0", false], ["1", true]] as const) {
    const w = world();
    w.context.env = { get: (name) => name === "SHOW" ? variable : undefined };
    const group: Command = {
      name: "top",
      summary: "Top",
      commands: [{ name: "root", summary: "Root", load: () => Promise.resolve(root) }],
    };
    equal(await runCommandLine("skiff", group, ["root", "--help"], w.context), 0);
    equal(/ls +List/.test(w.out), shown, `${variable}`);
    ok(/--format <FORMAT>/.test(w.out));
  }
});
