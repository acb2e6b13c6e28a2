/** Debian's Podman, serving Docker's API on a socket, with a storage of its own. */
import { debianPackages } from "./apt.ts";
import { commandOutput } from "./command.ts";
import { endProcess, startDaemon } from "./daemon.ts";
import { type TestDocker, testDockerAt } from "./docker.ts";
import { answers } from "./dockerd.ts";
import { partsFolder } from "./parts.ts";

/** A new one; ends and disappears with it. */
export async function ownPodman(): Promise<TestDocker & AsyncDisposable> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) {
    throw new Error("only root on Linux can run this Podman");
  }
  await debianPackages("podman", "catatonit", "runc");
  const id = `${Deno.pid}-${crypto.randomUUID().slice(0, 8)}`;
  const run = `/tmp/skiff-test-podman-${id}`;
  const data = `${partsFolder}/podman/${id}`;
  await Deno.mkdir(run, { recursive: true });
  await Deno.mkdir(data, { recursive: true });
  const env = { CONTAINERS_CONF: await configuration(run) };
  const folders = ["--root", `${data}/root`, "--runroot", `${run}/run`, "--tmpdir", `${run}/tmp`];
  const words = [...folders, "--cgroup-manager", "cgroupfs", "--events-backend", "file"];
  const socket = `${run}/podman.sock`;
  const remove = async (pid?: number) => {
    await commandOutput("podman", [...words, "rm", "--force", "--all", "--time", "0"], { env }).catch(
      () => {},
    );
    if (pid) await endProcess(pid);
    await removeFolders(data, run);
  };
  try {
    const pid = await startDaemon({
      words: ["podman", ...words, "system", "service", "--time=0", `unix://${socket}`],
      env,
      log: `${run}/log`,
      ready: () => answers(socket),
    });
    return { ...testDockerAt(`unix://${socket}`), [Symbol.asyncDispose]: () => remove(pid) };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** crun refuses control groups of both versions side by side, so it is runc. */
async function configuration(folder: string): Promise<string> {
  await Deno.writeTextFile(`${folder}/runc-here`, runtime, { mode: 0o755 });
  const lines = [
    "[engine]",
    'runtime = "runc-here"',
    "[engine.runtimes]",
    `runc-here = ["${folder}/runc-here"]`,
  ];
  await Deno.writeTextFile(`${folder}/containers.conf`, `${lines.join("\n")}\n`);
  return `${folder}/containers.conf`;
}

/** Podman asks for as many open files as a root without CAP_SYS_RESOURCE may not give. */
const runtime = `#!/bin/sh
last=
for word in "$@"; do
  case $last in
    --bundle) file=$word/config.json;;
    --process) file=$word;;
    *) file=;;
  esac
  [ -n "$file" ] && sed -i 's/"rlimits":\\[[^]]*\\]/"rlimits":[]/' "$file"
  last=$word
done
exec runc "$@"
`;

async function removeFolders(...folders: string[]): Promise<void> {
  const mounts = (await Deno.readTextFile("/proc/self/mounts")).split("\n").map((line) => line.split(" ")[1]);
  for (const folder of folders) {
    for (const mount of mounts.filter((path) => `${path}/`.startsWith(`${folder}/`)).reverse()) {
      await commandOutput("umount", ["-l", mount]).catch(() => {});
    }
    await Deno.remove(folder, { recursive: true }).catch(() => {});
  }
}
