/** Debian's Docker run by an ordinary user: rootlesskit, a user namespace, no control groups of its own. */
import { debianPackages } from "./apt.ts";
import { commandOutput } from "./command.ts";
import { endProcess, startDaemon } from "./daemon.ts";
import { type TestDocker, testDockerAt } from "./docker.ts";
import { answers } from "./dockerd.ts";

export interface RootlessDocker extends TestDocker, AsyncDisposable {
  /** Whose it is. */
  user: { uid: number; gid: number };
  /** XDG_RUNTIME_DIR, where the socket is. */
  runtimeFolder: string;
}

const userName = "skiff-tests";
const script = "/usr/share/docker.io/contrib/dockerd-rootless.sh";

/** A new one; ends and disappears with it. The user "skiff-tests" stays for the next time. */
export async function rootlessDocker(): Promise<RootlessDocker> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) throw new Error("only root on Linux can make its user");
  await debianPackages("docker.io", "rootlesskit", "uidmap", "slirp4netns");
  const user = await ensureUser();
  const folder = `/tmp/skiff-test-rootless-${Deno.pid}-${crypto.randomUUID().slice(0, 8)}`;
  const runtimeFolder = `${folder}/run`;
  for (const path of [folder, runtimeFolder, `${folder}/data`]) {
    await Deno.mkdir(path, { mode: 0o700 });
    await Deno.chown(path, user.uid, user.gid);
  }
  const remove = async () => {
    const pid = Number(await Deno.readTextFile(`${runtimeFolder}/docker.pid`).catch(() => "0"));
    if (pid > 1) await endProcess(pid); // rootlesskit ends with it
    for (let tries = 0; tries < 100 && await hasProcesses(user.uid); tries++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await Deno.remove(folder, { recursive: true }).catch(() => {});
  };
  try {
    const socket = `${runtimeFolder}/docker.sock`;
    await startDaemon({
      words: [
        "sh",
        script,
        `--data-root=${folder}/data`,
        "--bridge=none",
        "--iptables=false",
        "--ip6tables=false",
      ],
      // Without a network of its own it needs no /dev/net/tun, which not every machine lets users open.
      env: {
        HOME: folder,
        XDG_RUNTIME_DIR: runtimeFolder,
        DOCKERD_ROOTLESS_ROOTLESSKIT_NET: "host",
        DOCKERD_ROOTLESS_ROOTLESSKIT_PORT_DRIVER: "none",
      },
      user,
      log: `${folder}/log`,
      ready: () => answers(socket),
    });
    return { ...testDockerAt(`unix://${socket}`), user, runtimeFolder, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function ensureUser(): Promise<{ uid: number; gid: number }> {
  const number = async (flag: string) => Number(await commandOutput("id", [flag, userName]));
  if (!await number("-u").then(() => true, () => false)) {
    await commandOutput("useradd", ["--no-create-home", "--home-dir", "/nonexistent", userName]);
  }
  return { uid: await number("-u"), gid: await number("-g") };
}

async function hasProcesses(uid: number): Promise<boolean> {
  for await (const { name } of Deno.readDir("/proc")) {
    const stat = /^\d+$/.test(name) ? await Deno.stat(`/proc/${name}`).catch(() => undefined) : undefined;
    if (stat?.uid === uid) return true;
  }
  return false;
}
