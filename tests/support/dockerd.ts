/** Starts and ends Docker daemons of the tests' own, apart from any Docker that the machine has. */
import { commandOutput } from "./command.ts";
import { debianPackages } from "./apt.ts";
import { endProcess, startDaemon } from "./daemon.ts";

export interface DockerdSettings {
  /** Holds images and containers. */
  dataRoot: string;
  /** Holds the socket, the process's number and what runs; its path must be short. */
  runFolder: string;
  /** The program. Default: Debian's. */
  program?: string;
  /** Looked at before PATH for runc and docker-proxy. */
  binFolder?: string;
  /** Further arguments. */
  args?: string[];
}

export function socketOf({ runFolder }: DockerdSettings): string {
  return `${runFolder}/docker.sock`;
}

/** Whether an Engine answers on the socket. */
export async function answers(socket: string): Promise<boolean> {
  try {
    using connection = await Deno.connect({ transport: "unix", path: socket });
    await connection.write(new TextEncoder().encode("GET /_ping HTTP/1.0\r\n\r\n"));
    const buffer = new Uint8Array(64);
    const count = await connection.read(buffer) ?? 0;
    return new TextDecoder().decode(buffer.subarray(0, count)).includes(" 200 ");
  } catch {
    return false;
  }
}

/** Starts it and waits until it answers. It goes on when this process ends. */
export async function startDockerd(settings: DockerdSettings): Promise<void> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) throw new Error("only root on Linux can start dockerd");
  await debianPackages("docker.io", "iptables");
  await ensureCgroups();
  await endDockerd(settings);
  const { runFolder, dataRoot, program = "dockerd", binFolder, args = [] } = settings;
  await Deno.mkdir(runFolder, { recursive: true });
  await Deno.mkdir(dataRoot, { recursive: true });
  const words = [
    program,
    `--host=unix://${socketOf(settings)}`,
    `--data-root=${dataRoot}`,
    `--exec-root=${runFolder}/exec`,
    `--pidfile=${runFolder}/pid`,
    ...args,
  ];
  await startDaemon({
    words,
    env: binFolder ? { PATH: binFolder } : {},
    log: `${runFolder}/log`,
    ready: () => answers(socketOf(settings)),
  });
}

/** Ends the daemon that runs with these settings, whoever started it; it may be killed or gone already. */
export async function endDockerd(settings: DockerdSettings, signal: Deno.Signal = "SIGTERM"): Promise<void> {
  const { runFolder } = settings;
  const containerd = "exec/containerd/containerd.pid";
  for (const file of ["pid", containerd]) {
    const pid = Number(await Deno.readTextFile(`${runFolder}/${file}`).catch(() => "0"));
    if (pid > 1 && await isOurs(pid, runFolder)) await endProcess(pid, signal);
  }
  // Where nobody reaps dead processes, their numbers look alive to the next daemon.
  for (const file of ["pid", containerd, "docker.sock"]) {
    await Deno.remove(`${runFolder}/${file}`).catch(() => {});
  }
}

/** A number may belong to another process by now: ours has the folder's name among its arguments. */
async function isOurs(pid: number, runFolder: string): Promise<boolean> {
  return (await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "")).includes(runFolder);
}

/** Ends the daemon and removes all that it had, also what a killed one left running and mounted. */
export async function removeDockerd(settings: DockerdSettings): Promise<void> {
  const { runFolder, dataRoot } = settings;
  await endDockerd(settings);
  await endShims(runFolder);
  for (const folder of [runFolder, dataRoot]) {
    const mounts = (await Deno.readTextFile("/proc/self/mounts")).split("\n").map((line) =>
      line.split(" ")[1]
    );
    // A killed daemon leaves its data folder mounted onto itself, besides what containers had.
    for (const mount of mounts.filter((path) => `${path}/`.startsWith(`${folder}/`)).reverse()) {
      await commandOutput("umount", ["-l", mount]).catch(() => {});
    }
    await Deno.remove(folder, { recursive: true }).catch(() => {});
  }
}

/** Containers outlive a killed daemon: each has a shim that names the daemon's folder. */
async function endShims(runFolder: string): Promise<void> {
  for await (const { name } of Deno.readDir("/proc")) {
    const pid = Number(name);
    if (!(pid > 1) || !await isOurs(pid, runFolder)) continue;
    const arguments_ = await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
    if (!arguments_.includes("containerd-shim")) continue;
    const children = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`).catch(() => "");
    for (const child of children.trim().split(" ").filter(Boolean)) {
      await endProcess(Number(child), "SIGKILL");
    }
    await endProcess(pid, "SIGKILL");
  }
}

/** Machines without an init system have not mounted the control groups that containers need. */
async function ensureCgroups(): Promise<void> {
  const mounts = await Deno.readTextFile("/proc/self/mounts");
  if (/ cgroup2? /.test(mounts)) return;
  const root = "/sys/fs/cgroup";
  if ((await Deno.readTextFile("/proc/filesystems")).includes("cgroup2")) {
    const controllers = (await Deno.readTextFile("/proc/cgroups")).split("\n").slice(1)
      .map((line) => line.split("\t")).filter((row) => row[3] === "1").map(([name]) => name);
    // Controllers that are bound to no old hierarchy are to be had in the unified one.
    await commandOutput("mount", ["-t", "cgroup2", "cgroup2", root]);
    const unified = await Deno.readTextFile(`${root}/cgroup.controllers`);
    if (unified.includes("pids") && unified.includes("memory")) return;
    await commandOutput("umount", [root]);
    await mountOldCgroups(root, controllers);
  } else throw new Error("this machine's kernel has no control groups");
}

async function mountOldCgroups(root: string, controllers: string[]): Promise<void> {
  await commandOutput("mount", ["-t", "tmpfs", "-o", "mode=755", "cgroup", root]);
  for (const name of controllers) {
    await Deno.mkdir(`${root}/${name}`, { recursive: true });
    await commandOutput("mount", ["-t", "cgroup", "-o", name, "cgroup", `${root}/${name}`]).catch(() => {});
  }
}
