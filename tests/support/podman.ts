/** Debian's Podman, serving Docker's API on a socket, with a storage of its own. */
import { debianPackages } from "./apt.ts";
import { commandOutput } from "./command.ts";
import { endProcess, startDaemon } from "./daemon.ts";
import { type TestDocker, testDockerAt } from "./docker.ts";
import { answers } from "./dockerd.ts";
import { partsFolder } from "./parts.ts";
import type { RootlessDocker } from "./rootless_docker.ts";
import { type TestUser, testUser, userFolders } from "./test_user.ts";

/** A new one, run by root; ends and disappears with it. */
export async function ownPodman(): Promise<TestDocker & AsyncDisposable> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) {
    throw new Error("only root on Linux can run this Podman");
  }
  const id = uniqueId();
  const [run, data] = [`/tmp/skiff-test-podman-${id}`, `${partsFolder}/podman/${id}`];
  await Deno.mkdir(run, { recursive: true });
  await Deno.mkdir(data, { recursive: true });
  return await startPodman({ run, data, socket: `${run}/podman.sock` });
}

/** A new one, run by an ordinary user, with the socket where that user's programs look for it. */
export async function rootlessPodman(): Promise<RootlessDocker> {
  const user = await testUser();
  const folder = `/tmp/skiff-test-podman-${uniqueId()}`;
  const [run, data] = [`${folder}/run`, `${folder}/data`];
  await userFolders(user, folder, run, `${run}/podman`, data);
  const podman = await startPodman({ run, data, socket: `${run}/podman/podman.sock`, user });
  return {
    ...podman,
    user,
    runtimeFolder: run,
    async [Symbol.asyncDispose]() {
      await podman[Symbol.asyncDispose]();
      await removeFolders(folder);
    },
  };
}

const uniqueId = () => `${Deno.pid}-${crypto.randomUUID().slice(0, 8)}`;

interface PodmanSettings {
  /** Short path: sockets and what runs. */
  run: string;
  data: string;
  socket: string;
  user?: TestUser;
}

async function startPodman(
  { run, data, socket, user }: PodmanSettings,
): Promise<TestDocker & AsyncDisposable> {
  await debianPackages("podman", "catatonit", "runc");
  const env = { CONTAINERS_CONF: await configuration(run), HOME: data, XDG_RUNTIME_DIR: run };
  const folders = ["--root", `${data}/root`, "--runroot", `${run}/run`, "--tmpdir", `${run}/tmp`];
  const words = [...folders, "--cgroup-manager", "cgroupfs", "--events-backend", "file"];
  const remove = async (pid?: number) => {
    await commandOutput("podman", [...words, "rm", "--force", "--all", "--time", "0"], { env, user }).catch(
      () => {},
    );
    if (pid) await endProcess(pid);
    await endMentioning(run);
    await removeFolders(data, run);
  };
  try {
    const pid = await startDaemon({
      words: ["podman", ...words, "system", "service", "--time=0", `unix://${socket}`],
      env,
      user,
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

/** Podman leaves programs behind that watch what has ended, and one that holds the user's namespace. */
async function endMentioning(folder: string): Promise<void> {
  for await (const { name } of Deno.readDir("/proc")) {
    const pid = Number(name);
    if (!(pid > 1) || pid === Deno.pid) continue;
    const files = ["cmdline", "environ"].map((file) =>
      Deno.readTextFile(`/proc/${pid}/${file}`).catch(() => "")
    );
    const isIts = /^(?:\S*\/)?(?:conmon|catatonit|podman)\0/.test(await files[0]);
    if (isIts && (await Promise.all(files)).join("\0").includes(folder)) await endProcess(pid, "SIGKILL");
  }
}

async function removeFolders(...folders: string[]): Promise<void> {
  const mounts = (await Deno.readTextFile("/proc/self/mounts")).split("\n").map((line) => line.split(" ")[1]);
  for (const folder of folders) {
    for (const mount of mounts.filter((path) => `${path}/`.startsWith(`${folder}/`)).reverse()) {
      await commandOutput("umount", ["-l", mount]).catch(() => {});
    }
    await Deno.remove(folder, { recursive: true }).catch(() => {});
  }
}
