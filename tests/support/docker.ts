/**
 * Real Docker Engines for tests. One of Debian's is shared by all test files: whoever comes first starts it,
 * the test runner ends it (tests/support/run.ts), and one that was left over is used again. `newestDocker`
 * is the newest Engine, built from source; `ownDocker` one that a test may restart and kill.
 */
import { createHash } from "node:crypto";
import { type Docker, openDocker } from "../../core/docker/docker.ts";
import { debianPackages } from "./apt.ts";
import { commandOutput } from "./command.ts";
import { withLock } from "./lock.ts";
import { newestEngine } from "./newest_engine.ts";
import { partsFolder } from "./parts.ts";
import {
  answers,
  type DockerdSettings,
  endDockerd,
  removeDockerd,
  socketOf,
  startDockerd,
} from "./dockerd.ts";

export { busyboxImage, debianBase } from "./docker_images.ts";

export interface TestDocker {
  /** "unix:///…/docker.sock" */
  host: string;
  /** An environment that names this Engine and no other setting of the user's. */
  env: { get(name: string): string | undefined };
  /** A connection to it; close it. */
  open(): Promise<Docker>;
}

export interface OwnDocker extends TestDocker, AsyncDisposable {
  /** The daemon goes and comes again. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  /** As a crash: SIGKILL, nothing cleaned up. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** The Engine that tests share. */
export async function testDocker(): Promise<TestDocker> {
  const given = Deno.env.get("SKIFF_TEST_DOCKER_HOST") ?? Deno.env.get("DOCKER_HOST");
  if (given) return testDockerAt(given);
  return await sharedDocker("debian", async () => sharedSettings("debian", await bridgeArgs()));
}

/** The newest Engine that there is, from source; it sets up no routes, so its containers reach nothing outside. */
export async function newestDocker(): Promise<TestDocker> {
  const given = Deno.env.get("SKIFF_TEST_NEWEST_DOCKER_HOST");
  if (given) return testDockerAt(given);
  return await sharedDocker("newest", async () => {
    const binFolder = await newestEngine();
    const args = [await ownBridge(), "--iptables=false", "--ip6tables=false", "--ip-forward=false"];
    return { ...sharedSettings("newest", args), program: `${binFolder}/dockerd`, binFolder };
  });
}

/** An Engine of the test's own; ends and disappears with it. `args`: e.g. ["--live-restore"]. */
export async function ownDocker(
  { args = [], newest = false }: { args?: string[]; newest?: boolean } = {},
): Promise<OwnDocker> {
  const id = `${Deno.pid}-${crypto.randomUUID().slice(0, 8)}`;
  const binFolder = newest ? await newestEngine() : undefined;
  const settings: DockerdSettings = {
    ...ownFolders(id),
    args: [await ownBridge(), "--iptables=false", "--ip-forward=false", ...args],
    ...(binFolder ? { program: `${binFolder}/dockerd`, binFolder } : {}),
  };
  const start = () => startDockerd(settings);
  const stop = () => endDockerd(settings);
  try {
    await start();
  } catch (error) {
    await removeDockerd(settings);
    throw error;
  }
  return {
    ...testDockerAt(`unix://${socketOf(settings)}`),
    start,
    stop,
    kill: () => endDockerd(settings, "SIGKILL"),
    async restart() {
      await stop();
      await start();
    },
    [Symbol.asyncDispose]: () => removeDockerd(settings),
  };
}

function ownFolders(id: string): { dataRoot: string; runFolder: string } {
  return { dataRoot: `${partsFolder}/docker/own-${id}`, runFolder: `/tmp/skiff-test-docker-${id}` };
}

/** Ends the shared Engines, whose images stay for the next run, and those of test processes that were killed. */
export async function endTestDockers(): Promise<void> {
  const folders = await Array.fromAsync(Deno.readDir(`${partsFolder}/docker`)).catch(() => []);
  for (const { name } of folders) {
    const [, id, pid] = /^own-((\d+)-\w+)$/.exec(name) ?? [];
    if (id && !await Deno.stat(`/proc/${pid}`).then(() => true, () => false)) {
      await removeDockerd(ownFolders(id));
    }
  }
  for (const name of ["debian", "newest"]) {
    const settings = sharedSettings(name);
    if (await answers(socketOf(settings))) await withLock(`dockerd-${name}`, () => endDockerd(settings));
  }
}

async function sharedDocker(name: string, settings: () => Promise<DockerdSettings>): Promise<TestDocker> {
  const socket = socketOf(sharedSettings(name));
  if (!await answers(socket)) {
    await withLock(`dockerd-${name}`, async () => {
      if (!await answers(socket)) await startDockerd(await settings());
    });
  }
  return testDockerAt(`unix://${socket}`);
}

/** Sockets have short paths, so they are not in the parts folder but in one of its own for each. */
function sharedSettings(name: string, args?: string[]): DockerdSettings {
  const id = createHash("sha256").update(partsFolder).digest("hex").slice(0, 8);
  return {
    dataRoot: `${partsFolder}/docker/${name}`,
    runFolder: `/tmp/skiff-test-docker-${name}-${id}`,
    args,
  };
}

/** Two daemons cannot share the default bridge: beside the user's own Docker, tests have another one. */
async function bridgeArgs(): Promise<string[]> {
  return await answers("/var/run/docker.sock") ? [await ownBridge()] : [];
}

/** A bridge that is not the machine's `docker0`; `--bridge=none` would delete that one. */
async function ownBridge(): Promise<string> {
  const name = "skiff-tests";
  await debianPackages("iproute2");
  await withLock("bridge", async () => {
    if (await Deno.stat(`/sys/class/net/${name}`).then(() => true, () => false)) return;
    await commandOutput("ip", ["link", "add", name, "type", "bridge"]);
    await commandOutput("ip", ["address", "add", "192.0.2.1/24", "dev", name]);
    await commandOutput("ip", ["link", "set", name, "up"]);
  });
  return `--bridge=${name}`;
}

/** An Engine that is there. */
export function testDockerAt(host: string): TestDocker {
  const values = new Map([["DOCKER_HOST", host], ["HOME", "/nonexistent"]]);
  const env = { get: (name: string) => values.get(name) };
  return { host, env, open: () => openDocker({ env }) };
}
