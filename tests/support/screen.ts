/**
 * A program on a terminal that is drawn (tmux): for programs that redraw in places, whose output read as a
 * stream holds no whole words.
 */
import { debianPackages } from "./apt.ts";

export interface Screen extends AsyncDisposable {
  /** Sends keys as tmux names them: "Enter", "C-c"; other words are typed. */
  keys(...keys: string[]): Promise<void>;
  /** What is drawn now. */
  text(): Promise<string>;
  /** Waits until the screen shows it; the screen. Throws with the screen when two minutes change nothing about that. */
  expect(pattern: RegExp): Promise<string>;
  /** Presses a key until the program has ended: agents ask for Ctrl+C twice, and more while they work. */
  endBy(key: string): Promise<void>;
}

const lookMs = 100;
const patienceMs = 120_000;

/** Runs a shell command line on a screen of 100 columns and 30 rows. */
export async function onScreen(command: string, env: Record<string, string>): Promise<Screen> {
  await debianPackages("tmux");
  const server = `skiff-${crypto.randomUUID().slice(0, 8)}`;
  const tmux = async (...args: string[]) => {
    const { success, stdout, stderr } = await new Deno.Command("tmux", {
      args: ["-L", server, "-f", "/dev/null", ...args],
      env: { LANG: "C.UTF-8", LC_ALL: "C.UTF-8", TERM: "xterm-256color", ...env },
      clearEnv: true,
    }).output();
    const text = new TextDecoder().decode(stdout);
    return success ? text : Promise.reject(new Error(new TextDecoder().decode(stderr) || text));
  };
  // The pane stays when the program has ended, so that the last screen can be read.
  await tmux(
    "new-session",
    "-d",
    "-x",
    "100",
    "-y",
    "30",
    "-s",
    "it",
    command,
    ";",
    "set",
    "remain-on-exit",
    "on",
  );
  const text = () => tmux("capture-pane", "-p", "-t", "it");
  const isDead = async () => (await tmux("list-panes", "-t", "it", "-F", "#{pane_dead}")).trim() === "1";
  const until = async (done: () => Promise<boolean>, what: string) => {
    const deadline = performance.now() + patienceMs;
    while (!await done()) {
      if (performance.now() > deadline) throw new Error(`${what} on the screen:\n${await text()}`);
      await new Promise((resolve) => setTimeout(resolve, lookMs));
    }
  };
  return {
    keys: async (...keys) => void await tmux("send-keys", "-t", "it", ...keys),
    text,
    async expect(pattern) {
      await until(async () => {
        if (pattern.test(await text())) return true;
        if (await isDead()) throw new Error(`The program ended before ${pattern}:\n${await text()}`);
        return false;
      }, `No ${pattern}`);
      return await text();
    },
    endBy: (key) =>
      until(async () => {
        if (await isDead()) return true;
        await tmux("send-keys", "-t", "it", key);
        return false;
      }, "The program does not end"),
    [Symbol.asyncDispose]: async () => void await tmux("kill-server").catch(() => ""),
  };
}
