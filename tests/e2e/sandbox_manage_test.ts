/** What is done to sandboxes besides running agents in them. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert";
import { removeImage } from "../../core/docker/images.ts";
import { debianBase } from "../support/docker.ts";
import { type SandboxHome, sandboxTest, stubTemplate } from "../support/sandbox_home.ts";
import { onTerminal } from "../support/terminal.ts";

sandboxTest(
  "exec: as the agent in the workspace, with environment, user, folder, input, terminal",
  async (parts) => {
    const { ok: skiff, run, home } = parts;
    const folder = await parts.workspace();
    await run(folder, ["-d", "-e", "A=1", "shell"]);
    const name = "shell-project";
    strictEqual(await skiff(["exec", name, "sh", "-c", "pwd; id -u; echo $A"]), `${folder}\n1000\n1\n`);
    strictEqual(
      await skiff(["exec", "-e", "B=2", "-w", "/tmp", name, "sh", "-c", "pwd; echo $B"]),
      "/tmp\n2\n",
    );
    strictEqual(await skiff(["exec", "-u", "0", name, "id", "-u"]), "0\n");
    strictEqual(await skiff(["exec", "-i", name, "cat"], { stdin: "in" }), "in");
    strictEqual((await home.skiff(["sandbox", "exec", name, "sh", "-c", "exit 9"])).code, 9);
    await skiff(["exec", "-d", name, "sh", "-c", "echo later > /tmp/later"]);
    await skiff(["stop", name]);
    strictEqual(await skiff(["exec", name, "echo", "started"]), "started\n");
    const session = onTerminal(
      `${home.executable} sandbox exec -it ${name} sh -c 'stty size; tty'`,
      home.env,
    );
    await session.expect(/24 80\r\n\/dev\/pts\//);
    strictEqual(await session.ended(), 0);
  },
);

sandboxTest("cp: files, folders and links, in and out", async (parts) => {
  const { ok: skiff, run, home } = parts;
  const folder = await parts.workspace();
  await run(folder, ["-d", "shell"]);
  const data = `${home.folder}/data`;
  await Deno.mkdir(`${data}/ünï côde`, { recursive: true });
  await Deno.writeTextFile(`${data}/ünï côde/a.txt`, "a");
  await Deno.symlink("a.txt", `${data}/ünï côde/link`);
  await skiff(["cp", data, "shell-project:/tmp"]);
  await skiff(["cp", `${data}/ünï côde/a.txt`, "shell-project:/tmp/b.txt"]);
  const listing = await skiff([
    "exec",
    "shell-project",
    "sh",
    "-c",
    "cd /tmp; cat data/*/a.txt data/*/link b.txt; stat -c %u b.txt",
  ]);
  strictEqual(listing, "aaa1000\n");
  await skiff(["cp", "shell-project:/tmp/data", `${home.folder}/out`]);
  strictEqual(await Deno.readTextFile(`${home.folder}/out/ünï côde/a.txt`), "a");
  strictEqual(await Deno.readLink(`${home.folder}/out/ünï côde/link`), "a.txt");
  await skiff(["cp", "shell-project:/tmp/b.txt", home.folder]);
  strictEqual(await Deno.readTextFile(`${home.folder}/b.txt`), "a");
  const wrong = await home.skiff(["sandbox", "cp", "a", "b"]);
  strictEqual(wrong.code, 2);
  strictEqual((await home.skiff(["sandbox", "cp", "shell-project:/nope", "."])).code, 1);
});

sandboxTest("ls: table, ids, JSON; -q with whole ids; version; logs; diff", async (parts) => {
  const { ok: skiff, run } = parts;
  const folder = await parts.workspace();
  await run(folder, ["shell", "-c", "echo x > /tmp/new; wget -q -O - http://example.invalid; exit 5"]);
  const [{ id }] = await parts.sandboxes();
  ok((await skiff(["ls", "-q", "--no-trunc"])).split("\n").includes(id));
  const listed = JSON.parse(await skiff(["ls", "--format", "json"])).find((one: { id: string }) =>
    one.id === id
  );
  strictEqual(listed.workspace, folder);
  strictEqual(listed.state, "running");
  match(await skiff(["version"]), /^Client Version: \d.*\nEngine Version: /);
  match(await skiff(["diff", "shell-project"]), /^A \/tmp\/new$/m);
  const log = await skiff(["logs", "shell-project"]);
  match(log, /session +\w+ started: bash -c 'echo x/);
  match(log, /network +denied http example\.invalid:80/);
  match(log, /session +\w+ ended with 5/);
});

sandboxTest("prune: those that do not run, by age, dry at first", async (parts) => {
  const { ok: skiff, run, home } = parts;
  const [one, two] = [await parts.workspace("one"), await parts.workspace("two")];
  await run(one, ["-d", "shell"]);
  await run(two, ["-d", "shell"]);
  await skiff(["stop", "shell-one"]);
  const lines = async (...words: string[]) =>
    (await skiff(["prune", ...words])).split("\n").filter((line) => /shell-(one|two)$/.test(line));
  deepStrictEqual(await lines("--dry-run", "--filter", "until=1h"), []);
  deepStrictEqual(await lines("--dry-run"), ["Would remove shell-one"]);
  strictEqual((await home.skiff(["sandbox", "prune"])).code, 2);
  strictEqual((await home.skiff(["sandbox", "prune", "--filter", "until=soon"])).code, 2);
  strictEqual((await parts.sandboxes()).length, 2);
});

sandboxTest("a saved sandbox is a template for others", async (parts) => {
  const { ok: skiff, run, docker } = parts;
  const [one, two] = [await parts.workspace("one"), await parts.workspace("two")];
  const tag = `skiff-test/saved-${crypto.randomUUID().slice(0, 8)}:1`;
  await run(one, ["-e", "SECRET=hush", "shell", "-c", "echo tool > /home/agent/installed"]);
  try {
    await skiff(["template", "save", "shell-one", tag]);
    match(await skiff(["template", "ls"]), new RegExp(tag));
    const { stdout } = await run(two, ["--template", tag, "shell", "-c", "cat ~/installed; echo [$SECRET]"]);
    strictEqual(stdout, "tool\n[]\n");
    for (const name of ["shell-two"]) await skiff(["rm", name]);
  } finally {
    await removeImage(docker, tag, { force: true });
  }
});

sandboxTest("rm: several, not those in use but with -f; the login stays", async (parts) => {
  const { home, run, ok: skiff } = parts;
  const folder = await parts.workspace();
  const words = [
    "sandbox",
    "run",
    "-w",
    folder,
    "--template",
    stubTemplate,
    "shell",
    "-c",
    "echo ready; read -r x",
  ];
  const session = onTerminal(`${home.executable} ${words.map((word) => `'${word}'`).join(" ")}`, home.env);
  await session.expect(/ready/);
  const busy = await home.skiff(["sandbox", "rm", "shell-project", "nope"]);
  strictEqual(busy.code, 1);
  match(busy.stderr, /shell-project is in use by process \d+/);
  match(busy.stderr, /No such sandbox: nope/);
  strictEqual(await skiff(["rm", "-f", "shell-project"]), "shell-project\n");
  await session.ended();
  strictEqual((await run(folder, ["shell", "true"])).code, 0);
});

async function git({ home }: SandboxHome, folder: string, ...args: string[]): Promise<string> {
  const { stdout, stderr, success } = await new Deno.Command("git", {
    args: ["-C", folder, ...args],
    env: { ...home.env, GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "safe.directory", GIT_CONFIG_VALUE_0: "*" },
    clearEnv: true,
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim();
}

sandboxTest("--clone refuses what it cannot do", async (parts) => {
  const plain = await parts.workspace("plain", { uid: 0 });
  const empty = await parts.workspace("empty", { uid: 0 });
  await git(parts, empty, "init", "-q");
  const main = await parts.workspace("main", { uid: 0 });
  await git(parts, main, "init", "-q");
  await git(parts, main, "commit", "-q", "--allow-empty", "-m", "first");
  await git(parts, main, "worktree", "add", "-q", `${parts.home.folder}/second`);
  for (
    const [folder, message] of [
      [plain, /is not the top of a Git repository/],
      [empty, /has no commit yet/],
      [`${parts.home.folder}/second`, /is a secondary worktree/],
    ] as [string, RegExp][]
  ) {
    const { code, stderr } = await parts.run(folder, ["--clone", "shell", "true"]);
    match(stderr, message);
    strictEqual(code, 1);
  }
});

sandboxTest("--clone: the work comes back as a branch; hooks of the agent never run here", async (parts) => {
  const { home, ok: skiff } = parts;
  const folder = await parts.workspace("repository", { uid: 0 });
  await git(parts, folder, "init", "-q", "-b", "main");
  await Deno.writeTextFile(`${folder}/a.txt`, "one\n");
  await git(parts, folder, "add", ".");
  await git(parts, folder, "commit", "-q", "-m", "first");
  const template = await debianBase(parts.docker);
  const run = (script: string) =>
    home.skiff(["sandbox", "run", "-w", folder, "--clone", "--template", template, "shell", "-c", script]);
  const first = await run(`set -e; test "$(git config user.name)" = "Ada Lovelace"
    echo two >> a.txt; git commit -qam second; echo new > b.txt
    echo 'touch ${folder}/pwned' > .git/hooks/post-checkout; chmod +x .git/hooks/post-checkout`);
  match(first.stderr, /The changes are in the branch sandbox\/shell-repository \([0-9a-f]{12}\):/);
  strictEqual(await Deno.readTextFile(`${folder}/a.txt`), "one\n");
  const branch = "sandbox/shell-repository";
  strictEqual(await git(parts, folder, "show", `${branch}:a.txt`), "one\ntwo");
  strictEqual(await git(parts, folder, "show", `${branch}:b.txt`), "new");
  const titles = await git(parts, folder, "log", "--format=%s %an", `main..${branch}`);
  strictEqual(titles, "Uncommitted changes of the sandbox Ada Lovelace\nsecond Ada Lovelace");
  match((await run("git status --short")).stdout, /\?\? b\.txt/);
  match((await run("true")).stderr, /no new changes/);
  await run("git add b.txt; git commit -qm third; touch /run/sandbox/source/x 2>&1");
  strictEqual(await git(parts, folder, "log", "-1", "--format=%s", branch), "third");
  await git(parts, folder, "merge", "-q", branch);
  const files = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
  deepStrictEqual(files, [".git", "a.txt", "b.txt"]);
  await skiff(["rm", "shell-repository"]);
});

sandboxTest("docker-sandbox is a plugin of the Docker CLI", async ({ home }) => {
  await Deno.symlink(home.executable, `${home.folder}/bin/docker-sandbox`);
  const call = async (...args: string[]) => {
    const command = new Deno.Command(`${home.folder}/bin/docker-sandbox`, {
      args,
      env: home.env,
      clearEnv: true,
    });
    return new TextDecoder().decode((await command.output()).stdout);
  };
  const metadata = JSON.parse(await call("docker-cli-plugin-metadata"));
  strictEqual(metadata.ShortDescription, "Run coding agents in sandboxes with skiff");
  match(await call("sandbox", "run", "--help"), /^Usage: docker sandbox run/);
  match(await call("ls", "--help"), /^Usage: docker sandbox ls/);
});
