/** `skiff sandbox` as its documentation shows it: reuse, environment, mounts, credentials, messages, states. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert";
import { killContainer, pauseContainer, stopContainer } from "../../core/docker/containers.ts";
import { ownEngineTest, sandboxTest, stubTemplate } from "../support/sandbox_home.ts";

sandboxTest(
  "the walk of the first page: run, run again, ls, inspect, rm",
  async ({ run, ok: skiff, workspace }) => {
    const folder = await workspace("my project");
    const first = await run(folder, [
      "claude",
      "-p",
      "hello",
      "do=echo kept > /tmp/state; pwd; id -u; git 2>/dev/null; exit 3",
    ]);
    strictEqual(first.stderr, "");
    deepStrictEqual(first.stdout.split("\n").slice(0, 3), [
      "argv: --dangerously-skip-permissions -p hello do=echo kept > /tmp/state; pwd; id -u; git 2>/dev/null; exit 3",
      folder,
      "1000",
    ]);
    strictEqual(first.code, 3);
    const second = await run(folder, ["claude", "do=cat /tmp/state"]);
    match(second.stdout, /\nkept\n/);
    match(await skiff(["ls"]), /^SANDBOX ID +NAME +AGENT +TEMPLATE +WORKSPACE +NETWORK +STATUS +CREATED\n/);
    const ids = (await skiff(["ls", "-q"])).trim().split("\n");
    const [sandbox] = JSON.parse(await skiff(["inspect", "claude-my-project"]));
    ok(ids.includes(sandbox.id.slice(0, 12)));
    strictEqual(sandbox.workspace, folder);
    strictEqual(sandbox.boundary.capabilities, "none");
    strictEqual(sandbox.boundary.network.inside, "none");
    deepStrictEqual(sandbox.boundary.weaknesses, []);
    ok(sandbox.env.includes("GIT_CONFIG_VALUE_1=Ada Lovelace"));
    strictEqual(await skiff(["rm", sandbox.id.slice(0, 12)]), `${sandbox.id.slice(0, 12)}\n`);
  },
);

sandboxTest("rm of an empty list is a mistake in usage; an unknown one is named", async ({ home }) => {
  const none = await home.skiff(["sandbox", "rm"]);
  strictEqual(none.code, 2);
  match(none.stderr, /Missing required argument 'SANDBOX'/);
  const unknown = await home.skiff(["sandbox", "rm", "nope"]);
  strictEqual(unknown.code, 1);
  match(unknown.stderr, /^No such sandbox: nope\n/);
});

sandboxTest("variables reach the agent and what it runs", async ({ run, home, workspace }) => {
  const folder = await workspace();
  await Deno.writeTextFile(`${home.folder}/vars`, "# comment\nFROM_FILE=a b\nPASSED\nDEBUG=file\n");
  const flags = [
    "-e",
    "NODE_ENV=development",
    "-e",
    "DATABASE_URL=postgresql://localhost/myapp_dev",
    "-e",
    "DEBUG=true",
  ];
  const { stdout } = await run(
    folder,
    [...flags, "-e", "UNSET_HERE", "--env-file", `${home.folder}/vars`, "shell", "-c", "sh -c env"],
    { env: { PASSED: "from the host" } },
  );
  const lines = stdout.split("\n");
  for (
    const line of [
      "NODE_ENV=development",
      "DATABASE_URL=postgresql://localhost/myapp_dev",
      "DEBUG=true",
      "FROM_FILE=a b",
      "PASSED=from the host",
      "BASH_ENV=/etc/sandbox-persistent.sh",
    ]
  ) ok(lines.includes(line), `${line} in ${stdout}`);
  ok(!stdout.includes("UNSET_HERE"));
});

sandboxTest("mounts: folders, files, read-only, ~, below /root", async ({ run, home, workspace }) => {
  const folder = await workspace();
  const data = await workspace("datasets");
  await Deno.writeTextFile(`${data}/in.txt`, "data");
  await Deno.mkdir(`${home.folder}/configs`);
  await Deno.writeTextFile(`${home.folder}/configs/app.yml`, "port: 1");
  await workspace(".cache/pip");
  const flags = [
    ["-v", `${data}:/data:ro`],
    ["-v", "~/configs/app.yml:/config/app.yml:readonly"],
    ["-v", `${data}:/models`],
    ["-v", "~/.cache/pip:/root/.cache/pip"],
  ].flat();
  const script = `cat /data/in.txt /config/app.yml; echo
    touch /data/x 2>&1; echo no > /config/app.yml; touch /models/written /root/.cache/pip/a ~/.cache/pip/b && echo done`;
  const { stdout, stderr } = await run(folder, [...flags, "shell", "-c", script]);
  match(stdout, /dataport: 1\n/);
  match(stdout, /\/data\/x: Read-only file system/);
  match(stderr, /\/config\/app\.yml: Read-only file system/);
  match(stdout, /done\n$/);
  strictEqual((await Deno.stat(`${data}/written`)).uid, 1000);
  for (const name of ["a", "b"]) await Deno.stat(`${home.folder}/.cache/pip/${name}`);
});

const refused: { what: string; flags: string[]; message: RegExp; code?: number }[] = [
  {
    what: "a mount that is missing",
    flags: ["-v", "/no/such/place:/data"],
    message: /^The path \/no\/such\/place, to be mounted at \/data, does not exist\n/,
  },
  {
    what: "a mount over the system",
    flags: ["-v", "/etc:/proc/x"],
    message: /nothing can be mounted at \/proc\/x/,
    code: 2,
  },
  { what: "a mount without a target", flags: ["-v", "/etc"], message: /not of the form/, code: 2 },
  {
    what: "two mounts at one place",
    flags: ["-v", "/etc:/a", "-v", "/usr:/a"],
    message: /are to be mounted at \/a/,
    code: 2,
  },
  {
    what: "an unknown network",
    flags: ["--network", "wide"],
    message: /There is no network mode "wide"/,
    code: 2,
  },
  { what: "an unknown runtime", flags: ["--runtime", "nope"], message: /The Engine has no runtime "nope"/ },
  { what: "a name that is none", flags: ["--name", "-x"], message: /cannot be the name/, code: 2 },
  { what: "too little memory", flags: ["--memory", "1k"], message: /no amount of memory/, code: 2 },
];
sandboxTest("what cannot be is said before anything is made", async ({ run, sandboxes, workspace }) => {
  const folder = await workspace();
  for (const { what, flags, message, code = 1 } of refused) {
    const result = await run(folder, [...flags, "shell", "true"]);
    match(result.stderr, message, what);
    strictEqual(result.code, code, what);
  }
  deepStrictEqual(await sandboxes(), []);
});

sandboxTest("folders that are no workspace are refused by name", async ({ run, home, workspace }) => {
  await workspace("file-here");
  await Deno.writeTextFile(`${home.folder}/file`, "");
  const closed = await workspace("closed");
  await Deno.chmod(closed, 0o000);
  for (
    const [path, message] of [
      ["/", /is a folder of the system/],
      ["/etc", /is a folder of the system/],
      [home.folder, /holds your whole home/],
      [`${home.folder}/nope`, /does not exist/],
      [`${home.folder}/file`, /is not a folder/],
      [closed, /^Permission denied: the workspace .*closed cannot be read/],
    ] as [string, RegExp][]
  ) {
    const { code, stderr } = await run(path, ["shell", "true"]);
    match(stderr, message);
    ok(code === 1 || code === 2);
  }
});

sandboxTest("a template without the agent: the documented words", async ({ home, workspace, docker }) => {
  const folder = await workspace();
  const { busyboxImage } = await import("../support/docker.ts");
  const args = ["sandbox", "run", "-w", folder, "-q", "--template", await busyboxImage(docker), "claude"];
  const { code, stderr } = await home.skiff(args);
  strictEqual(
    stderr,
    "The claude binary was not found in the sandbox; please check this is the correct sandbox for this agent.\n",
  );
  strictEqual(code, 127);
});

sandboxTest("a program that is only on a login shell's PATH is found", async ({ run, workspace }) => {
  const folder = await workspace();
  const script =
    'mkdir -p ~/tools && cp /usr/local/bin/claude ~/tools/codex && echo "PATH=\\$PATH:$HOME/tools" > ~/.profile';
  await run(folder, ["codex", "true"]); // makes the sandbox; its codex is missing
  strictEqual((await run(folder, ["shell", "-c", "true"])).code, 0);
  const made = await run(folder, ["claude", `do=${script}`]);
  strictEqual(made.code, 0);
});

sandboxTest(
  "flags that differ from those of the sandbox are shown, --recreate applies them",
  async (parts) => {
    const { run, workspace, sandboxes } = parts;
    const folder = await workspace();
    await run(folder, ["-e", "A=1", "claude"]);
    const [{ name }] = await sandboxes(); // "claude-project", unless another test's container has that name
    match(name, /^claude-project(-\w+)?$/);
    const other = await run(folder, [
      "-e",
      "A=2",
      "--network",
      "none",
      "--memory",
      "64m",
      "claude",
      "do=echo A is $A",
    ]);
    strictEqual(
      other.stderr,
      `The sandbox ${name} was created with other settings, and keeps them:
  --env A: 1 -> 2
  --network: allow-list -> none
  --memory: (not set) -> 67108864
Add --recreate to replace it, or remove it first: skiff sandbox rm ${name}
`,
    );
    match(other.stdout, /A is 1\n/);
    const plain = await run(folder, ["claude", "do=echo A is $A"]);
    strictEqual(plain.stderr, "");
    const [before] = await sandboxes();
    const recreated = await run(folder, ["--recreate", "-e", "A=2", "claude", "do=echo A is $A"]);
    strictEqual(recreated.stderr, "");
    match(recreated.stdout, /A is 2\n/);
    const [after] = await sandboxes();
    ok(before.id !== after.id);
  },
);

sandboxTest("one sandbox a folder and agent, whatever way leads to the folder", async (parts) => {
  const { run, workspace, sandboxes, home } = parts;
  const folder = await workspace("real place");
  await Deno.symlink(folder, `${home.folder}/link`);
  await run(`${home.folder}/link`, ["claude"]);
  await run(`${home.folder}/link/../real place/.`, ["claude"]);
  const args = ["sandbox", "run", "-q", "--template", stubTemplate, "claude", ".", "--", "do=pwd"];
  const here = await home.skiff(args, { cwd: folder });
  match(here.stdout, new RegExp(`\n${folder}\n`));
  await run(folder, ["shell", "true"]);
  await run(folder, ["--name", "second", "claude"]);
  const all = await sandboxes();
  deepStrictEqual(all.map(({ agent, name }) => `${agent} ${name}`).sort(), [
    "claude claude-real-place",
    "claude second",
    "shell shell-real-place",
  ]);
});

for (const name of ["spaces in  it", "ünï-côde-日本", "quote'\"$x", "new\nline", "-dash", "a,b:c=d"]) {
  sandboxTest(`a workspace named ${JSON.stringify(name)}`, async ({ run, workspace }) => {
    const folder = await workspace(name);
    if (name.includes(":")) await Deno.writeTextFile(`${folder}/x`, "");
    const { stdout, stderr, code } = await run(folder, ["shell", "-c", "pwd; echo here > made"]);
    strictEqual(stderr, "");
    strictEqual(stdout, `${folder}\n`);
    strictEqual(code, 0);
    strictEqual(await Deno.readTextFile(`${folder}/made`), "here\n");
  });
}

for (const uid of [0, 1000, 4321]) {
  sandboxTest(
    `the agent has the folder owner's uid ${uid}, a name and a home`,
    async ({ run, workspace }) => {
      const folder = await workspace(`of ${uid}`, { uid });
      const script =
        "id -u; id -un; touch ~/.config/x ~/y made && echo writes; echo 'export Z=1' >> /etc/sandbox-persistent.sh";
      const { stdout, stderr } = await run(folder, ["shell", "-c", script]);
      strictEqual(stderr, "");
      strictEqual(stdout, `${uid}\n${uid === 0 ? "root" : uid === 1000 ? "agent" : "sandbox"}\nwrites\n`);
      strictEqual((await Deno.stat(`${folder}/made`)).uid, uid);
      strictEqual((await run(folder, ["shell", "-c", "echo Z=$Z"])).stdout, "Z=1\n");
    },
  );
}

sandboxTest("credentials are kept in the agent's volume, or nowhere", async ({ run, workspace }) => {
  const one = await workspace("one");
  const two = await workspace("two");
  const mark = crypto.randomUUID();
  const write = `do=echo ${mark} > ~/.claude/skiff-test-${mark} && mount | grep -c ' /home/agent/.claude '`;
  match((await run(one, ["claude", write])).stdout, /\n1\n/);
  match(
    (await run(two, ["claude", `do=cat ~/.claude/skiff-test-${mark}; rm ~/.claude/skiff-test-${mark}`]))
      .stdout,
    new RegExp(`\n${mark}\n`),
  );
  const none = await run(await workspace("three"), [
    "--credentials",
    "none",
    "claude",
    "do=mount | grep -c /.claude",
  ]);
  match(none.stdout, /\n0\n/);
});

sandboxTest("a key in the workspace is warned about", async ({ home, workspace }) => {
  const folder = await workspace();
  await Deno.writeTextFile(`${folder}/.claude.json`, '{"primaryApiKey":"sk-x"}');
  const { stderr } = await home.skiff(["sandbox", "run", "-w", folder, "--template", stubTemplate, "claude"]);
  match(
    stderr,
    /Workspace contains API key configuration.*primaryApiKey.*ignored in favor of sandbox credentials/,
  );
});

sandboxTest(
  "Docker inside only when asked for, and then with a caution",
  async ({ home, run, workspace }) => {
    const folder = await workspace();
    const without = await run(folder, ["shell", "-c", "ls /var/run/docker.sock; echo [$DOCKER_HOST]"]);
    match(without.stdout, /\[\]\n/);
    const args = [
      "sandbox",
      "run",
      "-w",
      folder,
      "--template",
      stubTemplate,
      "--recreate",
      "--mount-docker-socket",
    ];
    const filtered = await home.skiff([
      ...args,
      "shell",
      "-c",
      "ls -L /var/run/docker.sock; echo $DOCKER_HOST",
    ]);
    match(filtered.stderr, /through a filter/);
    match(filtered.stdout, /^\/var\/run\/docker\.sock\nunix:\/\/\/run\/skiff\/docker\.sock\n/);
    const raw = await home.skiff([...args, "--raw-docker-socket", "shell", "-c", "ls /var/run/docker.sock"]);
    match(raw.stderr, /Mounting the Docker socket grants the agent full access to your Docker daemon/);
    match(raw.stdout, /docker\.sock/);
  },
);

sandboxTest(
  "stopped, killed, paused: the next run brings it back as it was",
  async ({ run, docker, sandboxes, workspace }) => {
    const folder = await workspace();
    await run(folder, ["shell", "-c", "echo kept > /tmp/state"]);
    const [{ id }] = await sandboxes();
    const stops: [string, () => Promise<unknown>][] = [
      ["stopped", () => stopContainer(docker, id, { timeout: 1 })],
      ["killed", () => killContainer(docker, id)],
      ["paused", () => pauseContainer(docker, id)],
    ];
    for (const [how, stop] of stops) {
      await stop();
      const { stdout, stderr } = await run(folder, ["shell", "-c", "cat /tmp/state"]);
      strictEqual(stderr, "", how);
      strictEqual(stdout, "kept\n", how);
    }
    strictEqual((await sandboxes()).length, 1);
  },
);

sandboxTest(
  "-d makes it and prints its id; create does the same",
  async ({ run, ok: skiff, sandboxes, workspace }) => {
    const folder = await workspace();
    const { stdout } = await run(folder, ["-d", "claude"]);
    const again = await skiff(["create", "-w", folder, "--template", stubTemplate, "claude"]);
    const [sandbox] = await sandboxes();
    strictEqual(stdout, `${sandbox.id.slice(0, 12)}\n`);
    strictEqual(again, stdout);
    strictEqual(sandbox.state, "running");
  },
);

sandboxTest(
  "hooks and configuration of Git stay the host's; rm takes back what protected them",
  async (parts) => {
    const { run, workspace, ok: skiff, home } = parts;
    const git = (folder: string, ...args: string[]) =>
      new Deno.Command("git", {
        args: ["-C", folder, "-c", "safe.directory=*", ...args],
        env: home.env,
        clearEnv: true,
      }).output();
    const repository = await workspace("repository");
    await git(repository, "init", "-q");
    await new Deno.Command("chown", { args: ["-R", "1000:1000", repository] }).output();
    const attempts = [
      "echo x > .git/hooks/pre-commit",
      "echo x >> .git/config",
      "rm -f .git/config",
      "mv .git/hooks .git/old",
      "mv .git .old",
      "echo ../evil > .git/commondir",
      "mv .git/commondir .git/x",
    ];
    for (const attempt of attempts) {
      const { code } = await run(repository, ["shell", "-c", attempt]);
      ok(code !== 0, attempt);
    }
    strictEqual(
      (await run(repository, ["shell", "-c", "echo x > .git/index.lock && rm .git/index.lock"])).code,
      0,
    );
    strictEqual((await git(repository, "status")).code, 0);
    const plain = await workspace("plain");
    ok((await run(plain, ["shell", "-c", "mkdir -p .git/hooks"])).code !== 0);
    strictEqual(
      (await run(plain, [
        "--recreate",
        "--allow-git",
        "shell",
        "-c",
        "mkdir -p .git/hooks && rmdir .git/hooks",
      ])).code,
      0,
    );
    await skiff(["rm", "-f", "shell-repository", "shell-plain"]);
    strictEqual(await Deno.lstat(`${repository}/.git/commondir`).then(() => true, () => false), false);
  },
);

ownEngineTest(
  "an Engine that restarts under a sandbox: the next run goes on",
  async ({ run, workspace }, engine) => {
    const folder = await workspace();
    await run(folder, ["shell", "-c", "echo kept > /tmp/state"]);
    const during = run(folder, ["shell", "-c", "echo running; exec sleep 1000"], {
      until: 1,
      started: () => {},
    });
    await engine.kill();
    await engine.start();
    await during;
    const { stdout, stderr } = await run(folder, ["shell", "-c", "cat /tmp/state"]);
    strictEqual(stderr, "");
    strictEqual(stdout, "kept\n");
  },
);
