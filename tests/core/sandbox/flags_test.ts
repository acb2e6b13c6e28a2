/** What the flags of `sandbox run` mean. */
import { deepStrictEqual, strictEqual, throws } from "node:assert";
import { DetachWatch, parseDetachKeys } from "../../../core/sandbox/detach_keys.ts";
import { readEnvironment } from "../../../core/sandbox/env_flag.ts";
import { checkName, defaultName, distinctName } from "../../../core/sandbox/naming.ts";
import { parsePruneFilters } from "../../../core/sandbox/prune.ts";
import { parseCpus, parseMemory, parsePids } from "../../../core/sandbox/quantity.ts";
import { checkTargets, parseVolume } from "../../../core/sandbox/volume_flag.ts";

const place = { home: "/home/ada", cwd: "/work" };
const bind = (source: string, target: string, readOnly = false) => ({
  type: "bind",
  source,
  target,
  readOnly,
});

const volumes: [string, unknown][] = [
  ["/data:/data", bind("/data", "/data")],
  ["/data:/data:ro", bind("/data", "/data", true)],
  ["/data:/data:readonly", bind("/data", "/data", true)],
  ["/data:/data:rw,z", bind("/data", "/data")],
  ["~/datasets:/data:ro", bind("/home/ada/datasets", "/data", true)],
  ["~:/home-of-ada", bind("/home/ada", "/home-of-ada")],
  ["./a b:/a b/", bind("/work/a b", "/a b")],
  ["../x/..//y:/y/./z/..", bind("/y", "/y")],
  ["/ünï:/ünï", bind("/ünï", "/ünï")],
  ["/cache:~/.cache", bind("/cache", "~/.cache")],
  ["cache:/cache", { type: "volume", source: "cache", target: "/cache", readOnly: false }],
];
for (const [text, expected] of volumes) {
  Deno.test(`--volume ${text}`, () => deepStrictEqual(parseVolume(text, place), expected));
}

const wrongVolumes = [
  "/data",
  "/data:",
  ":/data",
  "/data:relative",
  "/data:/",
  "/data:/x/../..",
  "/data:/proc/sys",
  "/data:/sys",
  "/data:/dev/shm/x",
  "/data:/run/skiff",
  "/a:/b:ro:c",
  "/a:/b:exec",
  "~bob/x:/x",
  "a b:/x",
];
for (const text of wrongVolumes) {
  Deno.test(`--volume ${text} is refused`, () => throws(() => parseVolume(text, place), { code: "usage" }));
}

Deno.test("two volumes at one place, and one over the workspace, are refused", () => {
  const parse = (text: string) => parseVolume(text, place);
  checkTargets([parse("/a:/x"), parse("/b:/x/y"), parse("/c:/work/project/c")], "/work/project");
  throws(() => checkTargets([parse("/a:/x"), parse("/b:/x/")], "/work/project"), { code: "usage" });
  throws(() => checkTargets([parse("/a:/work")], "/work/project"), { code: "usage" });
  throws(() => checkTargets([parse("/a:/work/project")], "/work/project"), { code: "usage" });
});

Deno.test("--env and --env-file", () => {
  const host = { get: (name: string) => ({ HOST: "h", FILE: "from host" } as Record<string, string>)[name] };
  const files = [{ path: "f", text: '# c\n\nA=file\r\n  B="quoted"\nFILE\nC=a=b # not a comment\n' }];
  deepStrictEqual(readEnvironment(["A=flag", "HOST", "UNSET", "EMPTY=", "X=1=2"], files, host), {
    A: "flag",
    B: '"quoted"',
    C: "a=b # not a comment",
    FILE: "from host",
    HOST: "h",
    EMPTY: "",
    X: "1=2",
  });
  throws(() => readEnvironment(["=x"], [], host), { code: "usage" });
  throws(() => readEnvironment([], [{ path: "vars", text: "ok=1\nnot ok=2" }], host), /vars:2/);
});

const memories: [string, number][] = [["512m", 2 ** 29], ["4g", 2 ** 32], ["4GiB", 2 ** 32], [
  "1.5g",
  1.5 * 2 ** 30,
], [
  "8388608",
  8388608,
]];
for (const [text, bytes] of memories) {
  Deno.test(`--memory ${text}`, () => strictEqual(parseMemory(text), bytes));
}
Deno.test("quantities that are none are refused", () => {
  for (const text of ["", "x", "1k", "-1g", "4 g b", "1e9"]) {
    throws(() => parseMemory(text), { code: "usage" });
  }
  for (const text of ["", "0", "x", "-1"]) throws(() => parseCpus(text), { code: "usage" });
  for (const text of ["", "1", "2.5", "x"]) throws(() => parsePids(text), { code: "usage" });
  strictEqual(parseCpus("1.5"), 1.5);
  strictEqual(parsePids("100"), 100);
});

const names: [string, string][] = [
  ["/work/project", "claude-project"],
  ["/work/my project (1)", "claude-my-project-1"],
  ["/work/Café", "claude-Cafe"],
  ["/work/.hidden-", "claude-hidden"],
];
for (const [workspace, name] of names) {
  Deno.test(`the sandbox of ${workspace} is called ${name}`, () =>
    strictEqual(defaultName("claude", workspace), name));
}
Deno.test("names of any folder are names to the Engine, and tell folders apart", () => {
  for (const workspace of ["/日本", "/日本語", "/---", "/a\nb", `/${"x".repeat(200)}`, "/💥 boom"]) {
    checkName(defaultName("opencode", workspace));
    checkName(distinctName("opencode", workspace));
  }
  strictEqual(defaultName("claude", "/日本") === defaultName("claude", "/日本語"), false);
  strictEqual(distinctName("claude", "/a/x") === distinctName("claude", "/b/x"), false);
  for (const name of ["", "a", "-a", "a b", "a/b", "x".repeat(64)]) {
    throws(() => checkName(name), { code: "usage" });
  }
});

Deno.test("--filter of prune", () => {
  strictEqual(parsePruneFilters([], 0).before, Infinity);
  strictEqual(parsePruneFilters(["until=1h"], 7_200_000).before, 3_600_000);
  strictEqual(parsePruneFilters(["until=10"], 0).before, 10_000);
  strictEqual(parsePruneFilters(["until=2026-01-31"], 0).before, Date.parse("2026-01-31"));
  for (const filter of ["until=", "until=soon", "label=x"]) {
    throws(() => parsePruneFilters([filter], 0), { code: "usage" });
  }
});

Deno.test("detach keys are found in what is typed, wherever it is cut", () => {
  deepStrictEqual([...parseDetachKeys("ctrl-p,ctrl-q")], [16, 17]);
  deepStrictEqual([...parseDetachKeys("a,ctrl-@,ctrl-],ctrl-_")], [97, 0, 29, 31]);
  for (const text of ["", "ctrl-", "ctrl-1", "ab", "ctrl-p,"]) {
    throws(() => parseDetachKeys(text), { code: "usage" });
  }
  const typed: [number[][], number[], boolean][] = [
    [[[1, 2, 3]], [1, 2, 3], false],
    [[[1, 16], [17]], [1], true],
    [[[16], [16], [17]], [16], true],
    [[[16, 18]], [16, 18], false],
    [[[16], [1]], [16, 1], false],
    [[[17, 16]], [17], false],
  ];
  for (const [pieces, passed, detached] of typed) {
    const watch = new DetachWatch(parseDetachKeys("ctrl-p,ctrl-q"));
    const results = pieces.map((piece) => watch.push(Uint8Array.from(piece)));
    deepStrictEqual(results.flatMap(({ pass }) => [...pass]), passed);
    strictEqual(results.some((result) => result.detached), detached);
  }
});
