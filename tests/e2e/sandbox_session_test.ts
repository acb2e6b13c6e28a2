/** Programs in a sandbox: terminal, pipes, signals, exit codes; two at once; a skiff that is killed at any step. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert";
import { events } from "../../core/docker/events.ts";
import type { Docker } from "../../core/docker/docker.ts";
import { labels } from "../../core/sandbox/labels.ts";
import { onTerminal, type TerminalSession } from "../support/terminal.ts";
import { ownEngineTest, type SandboxHome, sandboxTest, stubTemplate } from "../support/sandbox_home.ts";
import { programsIn } from "../support/sandbox_programs.ts";

/** `skiff sandbox run` on a terminal of 80 by 24. */
function terminalRun({ home }: SandboxHome, folder: string, words: string[]): TerminalSession {
  const all = [home.executable, "sandbox", "run", "-q", "-w", folder, "--template", stubTemplate, ...words];
  return onTerminal(all.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" "), {
    ...home.env,
    TERM: "xterm-256color",
    COLORTERM: "truecolor",
  });
}

sandboxTest("exit codes pass through, with and without a terminal", async (parts) => {
  const folder = await parts.workspace();
  for (const code of [0, 1, 42, 130, 255]) {
    strictEqual((await parts.run(folder, ["shell", "-c", `exit ${code}`])).code, code);
    strictEqual(await terminalRun(parts, folder, ["shell", "-c", `exit ${code}`]).ended(), code);
  }
  strictEqual((await parts.run(folder, ["shell", "-c", "kill -9 $$"])).code, 137);
  strictEqual((await parts.run(folder, ["shell", "no-such-program"])).code, 127);
});

sandboxTest(
  "without a terminal: both outputs apart, the end of the input arrives, binary is kept",
  async (parts) => {
    const folder = await parts.workspace();
    const { stdout, stderr } = await parts.run(folder, [
      "shell",
      "-c",
      "cat; echo done >&2; test -t 0 || echo no tty",
    ], {
      stdin: "line 1\nline 2\n",
    });
    strictEqual(stdout, "line 1\nline 2\nno tty\n");
    strictEqual(stderr, "done\n");
    const sum = await parts.run(folder, ["shell", "-c", "head -c 3000000 /dev/zero | tr '\\\\0' x"]);
    strictEqual(sum.stdout.length, 3_000_000);
  },
);

sandboxTest("a reader that has seen enough ends the program", async (parts) => {
  const folder = await parts.workspace();
  await parts.run(folder, ["shell", "true"]);
  const command =
    `${parts.home.executable} sandbox run -q -w ${folder} shell -c 'while :; do echo y; done' | head -n 2`;
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", command],
    env: parts.home.env,
    clearEnv: true,
  }).output();
  strictEqual(new TextDecoder().decode(stdout), "y\ny\n");
  deepStrictEqual(await programsIn(parts.docker, (await parts.sandboxes())[0].id), []);
});

sandboxTest(
  "on a terminal: size from the start, resize, colours, typing, Ctrl+C reaches the agent",
  async (parts) => {
    const folder = await parts.workspace();
    const script = `tty >/dev/null && stty size; echo $TERM $COLORTERM
    trap 'echo resized; stty size' WINCH; trap 'echo interrupted; exit 7' INT
    echo "ready"; read -r line; echo "got [$line]"; while :; do sleep 0.1; done`;
    const session = terminalRun(parts, folder, ["shell", "-c", script]);
    await session.expect(/24 80\r\n/);
    await session.expect(/xterm-256color truecolor\r\n/);
    await session.expect(/ready/);
    await session.type("typed words\r");
    await session.expect(/got \[typed words\]/);
    await resizeTerminalOf(parts.home.executable, folder, { columns: 100, rows: 40 });
    await session.expect(/resized\r\n40 100\r\n/);
    await session.type("\x03");
    await session.expect(/interrupted/);
    strictEqual(await session.ended(), 7);
  },
);

/** Changes the size of the terminal that a skiff runs on, as a window manager does. */
async function resizeTerminalOf(
  executable: string,
  argument: string,
  size: { columns: number; rows: number },
) {
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const line = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "");
    if (!line.startsWith(executable) || !line.includes(argument)) continue;
    const terminal = await Deno.readLink(`/proc/${name}/fd/0`);
    const args = ["-F", terminal, "rows", String(size.rows), "cols", String(size.columns)];
    await new Deno.Command("stty", { args }).output();
    return;
  }
  throw new Error("No skiff runs on a terminal");
}

sandboxTest("the detach keys leave the agent running, and the terminal as it was", async (parts) => {
  const folder = await parts.workspace();
  const session = onTerminal(
    `sh -c '${parts.home.executable} sandbox run -w "${folder}" --template ${stubTemplate} shell -c "echo ready; exec sleep 1000"; stty -a | grep -o " icanon\\| -icanon"'`,
    parts.home.env,
  );
  await session.expect(/ready/);
  await session.type("\x10\x11");
  await session.expect(/Detached; the program runs on in the sandbox shell-project/);
  await session.expect(/ icanon/);
  strictEqual(await session.ended(), 0);
  const [{ id }] = await parts.sandboxes();
  match((await programsIn(parts.docker, id)).join(), /sleep 1000/);
  strictEqual((await parts.run(folder, ["shell", "true"])).code, 0); // and no later run ends it
  match((await programsIn(parts.docker, id)).join(), /sleep 1000/);
});

ownEngineTest(
  "an Engine that goes away: it is said, and the terminal is as it was",
  async (parts, engine) => {
    const folder = await parts.workspace();
    const session = onTerminal(
      `sh -c '${parts.home.executable} sandbox run -q -w "${folder}" --template ${stubTemplate} shell -c "echo ready; exec sleep 1000"; echo code $?; stty -a | tr ";" "\\n" | grep -o "[- ]icanon\\|[- ]echo \\|opost"'`,
      parts.home.env,
    );
    await session.expect(/ready/);
    await engine.stop();
    await session.expect(/code [1-9]/);
    await session.expect(/opost/);
    await session.expect(/ icanon/);
    await session.expect(/ echo /);
    await session.ended();
    await engine.start(); // so that what the test made can be removed
  },
);

const signals: { signal: Deno.Signal; script: string; code: number }[] = [
  { signal: "SIGINT", script: "trap 'exit 42' INT", code: 42 },
  { signal: "SIGTERM", script: "trap 'exit 43' TERM", code: 43 },
  { signal: "SIGHUP", script: "trap 'exit 44' HUP", code: 44 },
  { signal: "SIGTERM", script: "trap '' TERM HUP INT", code: 143 },
];
for (const { signal, script, code } of signals) {
  sandboxTest(`${signal} to skiff goes to the program (${script}), and nothing is left`, async (parts) => {
    const folder = await parts.workspace();
    await parts.run(folder, ["shell", "true"]);
    const child = new Deno.Command(parts.home.executable, {
      args: [
        "sandbox",
        "run",
        "-q",
        "-w",
        folder,
        "shell",
        "-c",
        `${script}; echo ready; while :; do sleep 0.1; done`,
      ],
      env: parts.home.env,
      clearEnv: true,
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    child.kill(signal);
    const status = await child.status;
    await reader.cancel();
    ok(status.code === code || status.code === 137, `${status.code}`);
    deepStrictEqual(await programsIn(parts.docker, (await parts.sandboxes())[0].id), []);
  });
}

sandboxTest("an agent whose skiff was killed is ended by the next run", async (parts) => {
  const folder = await parts.workspace();
  const killed = await parts.run(folder, ["shell", "-c", "echo ready; exec sleep 1000"], {
    started: (child) => void killWhenReady(parts, child),
  });
  strictEqual(killed.code, 137);
  strictEqual((await parts.run(folder, ["shell", "true"])).code, 0);
  deepStrictEqual(await programsIn(parts.docker, (await parts.sandboxes())[0].id), []);
});

/** The Engine tells of a program that waits at its gate as well, so what runs is looked at. */
async function killWhenReady({ docker, sandboxes }: SandboxHome, child: Deno.ChildProcess): Promise<void> {
  for (let ready = false; !ready;) {
    const found = (await sandboxes()).filter(({ state }) => state === "running");
    const lines = await Promise.all(found.map(({ id }) => programsIn(docker, id)));
    ready = lines.flat().some((line) => /^sleep 1000/.test(line));
  }
  child.kill("SIGKILL");
}

/** Resolves at the first such event of a sandbox below the folder. */
async function engineEvent(docker: Docker, folder: string, action: RegExp): Promise<void> {
  for await (
    const event of events(docker, { filters: { type: ["container"], label: [`${labels.sandbox}=1`] } })
  ) {
    const workspace = event.Actor.Attributes[labels.workspace] ?? "";
    if (workspace.startsWith(folder) && action.test(event.Action)) return;
  }
}

for (const step of ["create", "extract-to-dir", "start", "exec_create", "exec_start"]) {
  sandboxTest(`skiff killed at ${step}: the next run has one whole sandbox`, async (parts) => {
    const folder = await parts.workspace();
    let happened: Promise<void> | undefined;
    const killed = await parts.run(folder, ["claude", "do=sleep 1000"], {
      started: (child) => {
        happened = engineEvent(parts.docker, parts.home.folder, new RegExp(`^${step}`)).then(() =>
          child.kill("SIGKILL")
        );
      },
    });
    await happened;
    strictEqual(killed.code, 137);
    const { stdout, stderr, code } = await parts.run(folder, [
      "claude",
      "do=id -un; touch ~/x && echo whole",
    ]);
    strictEqual(stderr, "");
    match(stdout, /\nagent\nwhole\n/);
    strictEqual(code, 0);
    const all = await parts.sandboxes();
    strictEqual(all.length, 1);
    deepStrictEqual(await programsIn(parts.docker, all[0].id), []);
  });
}

sandboxTest("two terminals at once: one sandbox, both in it", async (parts) => {
  const folder = await parts.workspace();
  const script = `echo "in $(hostname)"; read -r line; echo "end $line"`;
  const sessions = [1, 2].map(() => terminalRun(parts, folder, ["shell", "-c", script]));
  for (const session of sessions) await session.expect(/in shell-project/);
  strictEqual((await parts.sandboxes()).length, 1);
  for (const session of sessions) await session.type("now\r");
  for (const session of sessions) await session.expect(/end now/);
  deepStrictEqual(await Promise.all(sessions.map((session) => session.ended())), [0, 0]);
});

sandboxTest("ten sandboxes at once", async (parts) => {
  const folders = await Promise.all(Array.from({ length: 10 }, (_, i) => parts.workspace(`p${i}`)));
  const results = await Promise.all(folders.map((folder) => parts.run(folder, ["shell", "-c", "pwd"])));
  deepStrictEqual(
    results.map(({ stdout, stderr }) => stdout + stderr),
    folders.map((folder) => `${folder}\n`),
  );
  strictEqual((await parts.sandboxes()).length, 10);
});

sandboxTest("a workspace of 100,000 files", async (parts) => {
  const folder = await parts.workspace();
  const make =
    `mkdir -p $(seq -f d%g 100) && for d in d*; do (cd $d && touch $(seq 1000)); done && chown -R 1000:1000 .`;
  await new Deno.Command("sh", { args: ["-c", make], cwd: folder }).output();
  const { stdout } = await parts.run(folder, ["shell", "-c", "find . -type f | wc -l"]);
  strictEqual(stdout.trim(), "100000");
});
