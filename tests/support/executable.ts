/**
 * The compiled executable, copied alone into an empty home: what a person has who downloaded one file.
 * `SKIFF_EXECUTABLE` names another one than dist/skiff.
 */
import { realTest } from "./parts.ts";

export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  stdin?: string;
  env?: Record<string, string>;
  /** Interrupts it (Ctrl+C) once so many characters came on stdout. */
  until?: number;
  cwd?: string;
  /** Called with the child as soon as it runs; its end is awaited anyway. */
  started?: (child: Deno.ChildProcess) => void;
}

export interface Home {
  /** The only folder that the executable knows of. */
  folder: string;
  executable: string;
  port: number;
  env: Record<string, string>;
  /** Whose it is; default this process's user. */
  user?: User;
  /** Runs `skiff …` to its end. */
  skiff(args: string[], options?: RunOptions): Promise<Finished>;
  /** The same, failing the test with what was printed unless the exit code is 0; its standard output. */
  ok(args: string[], options?: RunOptions): Promise<string>;
}

export interface User {
  uid: number;
  gid: number;
}

/** A test in a home of its own; what it started is stopped afterwards. */
export function homeTest(name: string, fn: (home: Home, t: Deno.TestContext) => Promise<void>): void {
  realTest(name, findExecutable, async (executable, t) => {
    const home = await makeHome(executable);
    try {
      await fn(home, t);
    } finally {
      await home.skiff(["stop"]);
      await Deno.remove(home.folder, { recursive: true });
    }
  });
}

export async function findExecutable(): Promise<string> {
  const path = Deno.env.get("SKIFF_EXECUTABLE") ?? new URL("../../dist/skiff", import.meta.url).pathname;
  await Deno.stat(path).catch(() => {
    throw new Error(`${path} is not there; \`deno task build\` makes it`);
  });
  return path;
}

export async function makeHome(built: string, user?: User): Promise<Home> {
  const folder = await Deno.makeTempDir({ prefix: "skiff-home-" });
  await Deno.mkdir(`${folder}/bin`);
  const executable = `${folder}/bin/skiff`;
  await Deno.link(built, executable).catch(() => Deno.copyFile(built, executable));
  if (user) { for (const path of [folder, `${folder}/bin`]) await Deno.chown(path, user.uid, user.gid); }
  const port = freePort();
  const env: Record<string, string> = {
    HOME: folder,
    PATH: "/usr/bin:/bin",
    MODEL_RUNNER_PORT: String(port),
  };
  // How package mirrors are reached is the machine's affair, not the user's.
  for (
    const name of [
      "HTTP_PROXY",
      "HTTPS_PROXY",
      "NO_PROXY",
      "http_proxy",
      "https_proxy",
      "no_proxy",
      "PIP_INDEX_URL",
    ]
  ) {
    const value = Deno.env.get(name);
    if (value) env[name] = value;
  }
  const skiff = (args: string[], options: RunOptions = {}) => run(executable, args, { env, user }, options);
  return {
    folder,
    executable,
    port,
    env,
    user,
    skiff,
    async ok(args, options) {
      const { code, stdout, stderr } = await skiff(args, options);
      if (code !== 0) throw new Error(`skiff ${args.join(" ")} ended with ${code}:\n${stdout}\n${stderr}`);
      return stdout;
    },
  };
}

async function run(
  program: string,
  args: string[],
  { env, user }: Pick<Home, "env" | "user">,
  { stdin, started, until, ...options }: RunOptions,
): Promise<Finished> {
  const child = new Deno.Command(program, {
    args,
    env: { ...env, ...options.env },
    clearEnv: true,
    ...user,
    cwd: options.cwd,
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  started?.(child);
  if (stdin !== undefined) {
    await new Response(stdin).body!.pipeTo(child.stdin).catch(() => {}); // it may end without reading
  }
  const [stdout, stderr, { code }] = await Promise.all([
    readUntil(child, until),
    new Response(child.stderr).text(),
    child.status,
  ]);
  return { code, stdout, stderr };
}

async function readUntil(child: Deno.ChildProcess, characters = Infinity): Promise<string> {
  let text = "";
  for await (const piece of child.stdout.pipeThrough(new TextDecoderStream() as ReadableWritablePair)) {
    const before = text.length;
    text += piece;
    if (before < characters && text.length >= characters) child.kill("SIGINT");
  }
  return text;
}

/**
 * A port for a program that is to be started, also for one that comes after another: below those that systems give
 * to whoever asks for any, so that no connection and no other server gets it meanwhile.
 */
export function freePort(): number {
  for (;;) {
    const port = 15_000 + Math.floor(Math.random() * 17_000);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

/** Ids of this home's processes with that command word. */
export async function processes(home: Home, word: string): Promise<number[]> {
  const found: number[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const words = (await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "")).split("\0");
    if (words[0] === home.executable && words.includes(word)) found.push(Number(name));
  }
  return found;
}
