/** Sandboxes on Engines that are not Debian's dockerd: what a person does on the first day, on each of them. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert";
import { newestDocker, type TestDocker } from "../support/docker.ts";
import { findExecutable } from "../support/executable.ts";
import { rootlessDocker } from "../support/rootless_docker.ts";
import { realTest } from "../support/parts.ts";
import { gvisorDocker } from "../support/gvisor.ts";
import { ownPodman, rootlessPodman } from "../support/podman.ts";
import { onTerminal } from "../support/terminal.ts";
import { type SandboxHome, stubTemplate, withSandboxHome } from "../support/sandbox_home.ts";

type Provide = () => Promise<TestDocker & Partial<AsyncDisposable>>;

function engineSandboxTest(
  name: string,
  provide: Provide,
  fn: (home: SandboxHome) => Promise<void>,
): void {
  realTest(
    name,
    async () => ({ executable: await findExecutable(), engine: await provide() }),
    async (parts) => {
      try {
        await withSandboxHome(parts.executable, parts.engine, fn);
      } finally {
        await parts.engine[Symbol.asyncDispose]?.();
      }
    },
  );
}

engineSandboxTest("Podman: the first day with sandboxes", ownPodman, async (home) => {
  await firstDay(home);
  await savedTemplate(home);
  const odd = await home.workspace("a,b");
  const { code, stderr } = await home.run(odd, ["shell", "true"]);
  strictEqual(code, 1);
  match(stderr, /^Podman cannot mount ".*a,b"\nRename the folder/);
});

for (const [name, engine] of [["Docker", rootlessDocker], ["Podman", rootlessPodman]] as const) {
  engineSandboxTest(`rootless ${name}: the first day with sandboxes`, engine, async (home) => {
    await firstDay(home);
    const folder = await home.workspace("first");
    const flags = ["sandbox", "run", "-w", folder, "--template", stubTemplate];
    const { stderr } = await home.home.skiff([...flags, "shell", "true"]);
    match(stderr, /^This Engine cannot limit memory and processes: /m);
    const [{ boundary }] = JSON.parse(await home.ok(["inspect", "shell-first"]));
    deepStrictEqual([boundary.rootless_engine, boundary.limits.memory], [true, null]);
  });
}

const withSockets = () => gvisorDocker({ sockets: true });
engineSandboxTest("gVisor that may reach sockets is taken by itself", withSockets, async (home) => {
  const { run, ok: skiff, workspace } = home;
  const folder = await workspace();
  const { stdout } = await run(folder, ["shell", "-c", "dmesg | grep -c gVisor; id -u; touch made; exit 3"]);
  strictEqual(stdout, "1\n1000\n");
  strictEqual((await Deno.stat(`${folder}/made`)).uid, 1000);
  await rules(folder, home);
  const escapes =
    "mount -t tmpfs x /mnt; mknod /tmp/d b 8 0; chroot / true; cat /etc/shadow; ls /proc/1/root/home/*/x; " +
    "echo x > /proc/sys/kernel/core_pattern; wget -q -O- http://169.254.169.254/";
  match((await run(folder, ["shell", "-c", `${escapes}; true`])).stdout, /^$/);
  strictEqual(await skiff(["exec", "-i", "shell-project", "cat"], { stdin: "in" }), "in");
  const session = onTerminal(
    `${home.home.executable} sandbox exec -it shell-project stty size`,
    home.home.env,
  );
  await session.expect(/24 80/);
  strictEqual(await session.ended(), 0);
  const [{ boundary }] = JSON.parse(await skiff(["inspect", "shell-project"]));
  deepStrictEqual([boundary.kind, boundary.shares_host_kernel], ["user-space kernel", false]);
  await skiff(["stop", "shell-project"]);
  strictEqual((await run(folder, ["shell", "-c", "dmesg | grep -c gVisor"])).stdout, "1\n");
  await skiff(["rm", "shell-project"]);
});

const withoutSockets = () => gvisorDocker({ sockets: false });
engineSandboxTest(
  "gVisor that cannot reach sockets: only where none are needed",
  withoutSockets,
  async (home) => {
    const { run, ok: skiff, workspace } = home;
    const folder = await workspace();
    const uname = ["shell", "-c", "dmesg | grep -c gVisor"];
    strictEqual((await run(folder, uname)).stdout, "0\n");
    const [{ boundary }] = JSON.parse(await skiff(["inspect", "shell-project"]));
    strictEqual(boundary.kind, "shared kernel");
    const asked = await run(folder, ["--recreate", "--runtime", "runsc", ...uname]);
    match(
      asked.stderr,
      /^A sandbox under runsc cannot reach the sockets that are its way out\n.*--host-uds=open/,
    );
    strictEqual(asked.code, 1);
    strictEqual((await run(folder, ["--recreate", "--network", "none", ...uname])).stdout, "1\n");
  },
);

engineSandboxTest("the newest Engine: the first day with sandboxes", newestDocker, async (home) => {
  await firstDay(home);
  await savedTemplate(home);
});

/** A run, a second one, what is inside and what is not, the network's rules, exec, cp, inspect, rm. */
async function firstDay({ run, ok: skiff, home, workspace, sandboxes }: SandboxHome): Promise<void> {
  const folder = await workspace();
  const script =
    "pwd; id -u; touch made; grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status | tr '\\t' ' '; " +
    "tail -n +3 /proc/net/dev | cut -d: -f1; echo kept > /tmp/state; " +
    "unshare -U true 2>/dev/null && echo ESCAPED; exit 3";
  const first = await run(folder, ["shell", "-c", script]);
  strictEqual(first.stderr, "");
  deepStrictEqual(first.stdout.trim().split("\n").map((line) => line.trim()), [
    folder,
    home.user ? "0" : "1000", // in an Engine of the user's, the user is root inside
    "CapEff: 0000000000000000",
    "NoNewPrivs: 1",
    "Seccomp: 2",
    "lo",
  ]);
  strictEqual(first.code, 3);
  strictEqual((await Deno.stat(`${folder}/made`)).uid, home.user?.uid ?? 1000);
  strictEqual((await run(folder, ["shell", "-c", "cat /tmp/state"])).stdout, "kept\n");
  await rules(folder, { run, ok: skiff });
  const name = "shell-project";
  strictEqual(await skiff(["exec", "-e", "A=1", name, "sh", "-c", "echo $A; pwd"]), `1\n${folder}\n`);
  strictEqual(await skiff(["exec", "-i", name, "cat"], { stdin: "in" }), "in");
  await Deno.writeTextFile(`${home.folder}/file`, "text");
  await skiff(["cp", `${home.folder}/file`, `${name}:/tmp/in`]);
  await skiff(["cp", `${name}:/tmp/in`, `${home.folder}/out`]);
  strictEqual(await Deno.readTextFile(`${home.folder}/out`), "text");
  const [{ boundary }] = JSON.parse(await skiff(["inspect", name]));
  deepStrictEqual([boundary.capabilities, boundary.network.inside, boundary.weaknesses.length], [
    "none",
    "none",
    home.user ? 1 : 0, // the limits that are missing
  ]);
  await skiff(["stop", name]);
  strictEqual((await run(folder, ["shell", "-c", "cat /tmp/state"])).stdout, "kept\n");
  await skiff(["rm", name]);
  deepStrictEqual(await sandboxes(), []);
}

/** What a rule allows is reached, through the proxy; all else is refused with the reason. */
async function rules(
  folder: string,
  { run, ok: skiff }: Pick<SandboxHome, "run" | "ok">,
): Promise<void> {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("reached"),
  );
  const get = (url: string) => ["shell", "-c", `unset no_proxy NO_PROXY; wget -q -O- ${url} 2>&1`];
  const url = `http://127.0.0.1:${server.addr.port}/`;
  match((await run(folder, get(url))).stdout, /403/);
  await skiff(["policy", "allow", "--sandbox", "shell-project", `127.0.0.1:${server.addr.port}`]);
  strictEqual((await run(folder, get(url))).stdout, "reached");
  const decisions = await skiff(["policy", "log", "--sandbox", "shell-project"]);
  ok(decisions.includes(String(server.addr.port)), decisions);
}

/** What was installed in a sandbox is there in one that is made of the template it was saved as. */
async function savedTemplate({ run, ok: skiff, home, workspace }: SandboxHome): Promise<void> {
  const folder = await workspace("other");
  const tag = `skiff-test/saved:${crypto.randomUUID().slice(0, 8)}`;
  await run(folder, ["shell", "-c", "echo installed > /home/agent/tool"]);
  await skiff(["template", "save", "shell-other", tag]);
  match(await skiff(["template", "ls"]), new RegExp(`^${tag} +shell `, "m"));
  const again = [
    "sandbox",
    "run",
    "-q",
    "-w",
    folder,
    "--recreate",
    "--template",
    tag,
    "shell",
    "-c",
    "cat ~/tool",
  ];
  strictEqual((await home.skiff(again)).stdout, "installed\n");
  await skiff(["rm", "-f", "shell-other"]);
  await skiff(["template", "rm", tag]);
  ok(!(await skiff(["template", "ls"])).includes(tag));
}
