/** Debian's Docker run by an ordinary user: rootlesskit, a user namespace, no control groups of its own. */
import { debianPackages } from "./apt.ts";
import { endProcess, startDaemon } from "./daemon.ts";
import { type TestDocker, testDockerAt } from "./docker.ts";
import { answers } from "./dockerd.ts";
import { hasProcesses, type TestUser, testUser, userFolders } from "./test_user.ts";

export interface RootlessDocker extends TestDocker, AsyncDisposable {
  /** Whose it is. */
  user: TestUser;
  /** XDG_RUNTIME_DIR, where the socket is. */
  runtimeFolder: string;
}

const script = "/usr/share/docker.io/contrib/dockerd-rootless.sh";

/** A new one; ends and disappears with it. */
export async function rootlessDocker(): Promise<RootlessDocker> {
  const user = await testUser();
  await debianPackages("docker.io", "rootlesskit", "slirp4netns");
  const folder = `/tmp/skiff-test-rootless-${Deno.pid}-${crypto.randomUUID().slice(0, 8)}`;
  const runtimeFolder = `${folder}/run`;
  await userFolders(user, folder, runtimeFolder, `${folder}/data`);
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
