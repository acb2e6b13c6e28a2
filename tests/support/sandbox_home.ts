/**
 * The executable in a home of its own, with an Engine and a template whose agents are shell scripts: `claude`
 * prints what it was given, `bash` is a shell. What a test made in the Engine is removed afterwards.
 */
import { removeContainer } from "../../core/docker/containers.ts";
import { buildImage } from "../../core/docker/build.ts";
import type { Docker } from "../../core/docker/docker.ts";
import { inspectImage } from "../../core/docker/images.ts";
import { writeTar } from "../../core/archive/tar_writer.ts";
import { listSandboxes } from "../../core/sandbox/find.ts";
import type { Sandbox } from "../../core/sandbox/sandbox.ts";
import { endProcess } from "./daemon.ts";
import { busyboxImage, type OwnDocker, ownDocker, type TestDocker, testDocker } from "./docker.ts";
import {
  findExecutable,
  type Finished,
  type Home,
  makeHome,
  processes,
  type RunOptions,
} from "./executable.ts";
import { partsFolder, realTest } from "./parts.ts";
import type { RootlessDocker } from "./rootless_docker.ts";

export const stubTemplate = "skiff-test/agents:2";

/** Says its arguments; words of the form do=… and exit=… are orders. */
const stubAgent = `#!/bin/sh
echo "argv: $*"
for word in "$@"; do
  case $word in
    exit=*) exit "\${word#exit=}";;
    do=*) eval "\${word#do=}";;
  esac
done
`;

export interface SandboxHome {
  home: Home;
  docker: Docker;
  /** Folder of the home, made anew, owned by uid 1000 unless said otherwise. */
  workspace(name?: string, options?: { uid?: number }): Promise<string>;
  /** `skiff sandbox run` with the stub template in a folder. */
  run(workspace: string, words: string[], options?: RunOptions): Promise<Finished>;
  /** `skiff sandbox …`; its standard output. Fails the test unless the exit code is 0. */
  ok(words: string[], options?: RunOptions): Promise<string>;
  /** The sandboxes of this home's workspaces. */
  sandboxes(): Promise<Sandbox[]>;
}

/** A test on the shared Engine. */
export function sandboxTest(name: string, fn: (home: SandboxHome) => Promise<void>): void {
  realTest(
    name,
    async () => ({ executable: await findExecutable(), engine: await testDocker() }),
    async (parts) => {
      await withSandboxHome(parts.executable, parts.engine, fn);
    },
  );
}

/** A test on an Engine of its own, which it may restart and kill. */
export function ownEngineTest(
  name: string,
  fn: (home: SandboxHome, engine: OwnDocker) => Promise<void>,
): void {
  realTest(name, findExecutable, async (executable) => {
    await using engine = await ownDocker();
    await withSandboxHome(executable, engine, (home) => fn(home, engine));
  });
}

export async function withSandboxHome(
  executable: string,
  engine: TestDocker & Partial<Pick<RootlessDocker, "user" | "runtimeFolder">>,
  fn: (home: SandboxHome) => Promise<void>,
) {
  const docker = await engine.open();
  const home = await makeHome(executable, engine.user);
  // A rootless Engine is found by its place, as its user finds it.
  Object.assign(
    home.env,
    engine.runtimeFolder
      ? { XDG_RUNTIME_DIR: engine.runtimeFolder }
      : { DOCKER_HOST: engine.host, XDG_CACHE_HOME: `${partsFolder}/sandbox-cache` },
  );
  await ensureStubTemplate(docker);
  await Deno.writeTextFile(
    `${home.folder}/.gitconfig`,
    "[user]\n\tname = Ada Lovelace\n\temail = ada@example.com\n",
  );
  await Deno.chmod(home.folder, 0o755);
  const sandboxes = async () =>
    (await listSandboxes(docker)).filter(({ workspace }) => workspace.startsWith(`${home.folder}/`));
  try {
    await fn({
      home,
      docker,
      sandboxes,
      workspace: (name = "project", { uid = engine.user?.uid ?? 1000 } = {}) =>
        makeWorkspace(`${home.folder}/${name}`, uid),
      run: (workspace, words, options) =>
        home.skiff(["sandbox", "run", "-q", "-w", workspace, "--template", stubTemplate, ...words], options),
      ok: (words, options) => home.ok(["sandbox", ...words], options),
    });
  } finally {
    for (const { id } of await sandboxes().catch(() => [])) {
      await removeContainer(docker, id, { force: true }).catch(() => {});
    }
    docker.close();
    await endProxy(home);
    await Deno.remove(home.folder, { recursive: true });
  }
}

async function makeWorkspace(path: string, uid: number): Promise<string> {
  await Deno.mkdir(path, { recursive: true });
  await Deno.chown(path, uid, uid);
  return path;
}

async function endProxy(home: Home): Promise<void> {
  for (const pid of await processes(home, "sandbox-proxy")) await endProcess(pid); // it still writes into the home
}

/** Busybox with the scripts, made once an Engine. */
async function ensureStubTemplate(docker: Docker): Promise<string> {
  if (await inspectImage(docker, stubTemplate)) return stubTemplate;
  const base = await busyboxImage(docker);
  const files = [
    { name: "Dockerfile", content: `FROM ${base}\nCOPY claude bash /usr/local/bin/\n` },
    { name: "claude", mode: 0o755, content: stubAgent },
    { name: "bash", mode: 0o755, content: '#!/bin/sh\nexec /bin/sh "$@"\n' },
  ];
  for await (const _ of buildImage(docker, writeTar(files), { tags: [stubTemplate] }));
  return stubTemplate;
}
