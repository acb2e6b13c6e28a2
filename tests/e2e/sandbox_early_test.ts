/**
 * A run starts its program in the sandbox of last time before it has made sure of it (core/sandbox/early_run.ts):
 * the program must wait for that, run once, and nowhere else.
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert";
import { pauseContainer, removeContainer, stopContainer } from "../../core/docker/containers.ts";
import { skiffPaths } from "../../core/paths/paths.ts";
import type { Entered } from "../../core/sandbox/last_entered.ts";
import { proxyStatus } from "../../core/sandbox/network/proxy/client.ts";
import type { Sandbox } from "../../core/sandbox/sandbox.ts";
import { type SandboxHome, sandboxTest } from "../support/sandbox_home.ts";
import { programsIn } from "../support/sandbox_programs.ts";

/** Runs once more than the first time: entered, and so remembered. */
async function enteredSandbox(parts: SandboxHome, folder: string): Promise<Sandbox> {
  for (let run = 0; run < 2; run++) strictEqual((await parts.run(folder, ["shell", "true"])).code, 0);
  return (await parts.sandboxes()).find(({ workspace }) => workspace === folder)!;
}

async function remembered({ home }: SandboxHome): Promise<string> {
  const folder = `${home.folder}/.local/state/skiff/sandbox-entered`;
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  strictEqual(names.length, 1);
  return `${folder}/${names[0]}`;
}

async function rewrite(parts: SandboxHome, change: (entered: Entered) => void): Promise<void> {
  const file = await remembered(parts);
  const entered: Entered = JSON.parse(await Deno.readTextFile(file));
  change(entered);
  await Deno.writeTextFile(file, JSON.stringify(entered));
}

const changes: { name: string; change: (parts: SandboxHome, sandbox: Sandbox) => Promise<void> }[] = [
  { name: "nothing", change: () => Promise.resolve() },
  {
    name: "the sandbox was removed",
    change: ({ docker }, { id }) => removeContainer(docker, id, { force: true }),
  },
  {
    name: "it was stopped",
    change: async ({ docker }, { id }) => void await stopContainer(docker, id, { timeout: 0 }),
  },
  { name: "it was paused", change: ({ docker }, { id }) => pauseContainer(docker, id) },
  {
    name: "a file that is protected was replaced",
    async change(_, { workspace }) {
      await Deno.rename(`${workspace}/.git`, `${workspace}/old.git`);
      await Deno.mkdir(`${workspace}/.git`);
    },
  },
  {
    name: "what is remembered names another sandbox",
    async change(parts) {
      const other = await parts.workspace("other");
      strictEqual((await parts.run(other, ["shell", "true"])).code, 0);
      const { id } = (await parts.sandboxes()).find(({ workspace }) => workspace === other)!;
      await rewrite(parts, ({ sandbox }) => sandbox.id = id);
    },
  },
  {
    name: "what is remembered says that it is another user's",
    change: (parts) => rewrite(parts, ({ sandbox }) => sandbox.home = "/nowhere"),
  },
  {
    name: "the Engine speaks another version now",
    change: (parts) => rewrite(parts, ({ engine }) => engine.apiVersion = "9.99"),
  },
  {
    name: "what is remembered is broken",
    change: async (parts) => await Deno.writeTextFile(await remembered(parts), '{"sandbox":{"id":'),
  },
];

for (const { name, change } of changes) {
  sandboxTest(
    `entered again, and meanwhile ${name}: the program runs once, in its sandbox`,
    async (parts) => {
      const folder = await parts.workspace();
      await change(parts, await enteredSandbox(parts, folder));
      const script = 'read -r line; echo "$line in $(hostname)" >> ran; pwd';
      const { code, stdout, stderr } = await parts.run(folder, ["shell", "-c", script], { stdin: "go\n" });
      deepStrictEqual([code, stdout], [0, `${folder}\n`], stderr);
      match(await Deno.readTextFile(`${folder}/ran`), /^go in shell-project\n$/);
      for (const { id } of await parts.sandboxes()) deepStrictEqual(await programsIn(parts.docker, id), []);
    },
  );
}

sandboxTest("what waits has run nothing, and ends with a skiff that is killed", async (parts) => {
  const folder = await parts.workspace();
  const { id } = await enteredSandbox(parts, folder);
  const { pid } = (await proxyStatus(skiffPaths({ get: (name) => parts.home.env[name] })))!;
  Deno.kill(pid, "SIGSTOP"); // now the way out cannot be opened
  try {
    const killed = await parts.run(folder, ["shell", "-c", "touch ran; sleep 1000"], {
      started: async (child) => {
        while (!(await programsIn(parts.docker, id)).some((line) => line.includes("touch ran"))) continue;
        child.kill("SIGKILL");
      },
    });
    strictEqual(killed.code, 137);
    while ((await programsIn(parts.docker, id)).length > 0) continue;
  } finally {
    Deno.kill(pid, "SIGCONT");
  }
  strictEqual((await parts.run(folder, ["shell", "true"])).code, 0);
  ok(!await Deno.stat(`${folder}/ran`).then(() => true, () => false));
});
