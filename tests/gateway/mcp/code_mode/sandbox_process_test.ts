/** The process of the sandbox outlives neither its gateway nor its limits, whatever its script does. */
import assert from "node:assert/strict";
import { selfCommand } from "../../../../core/process/self.ts";
import type { FromSandbox, ToSandbox } from "../../../../gateway/mcp/code_mode/sandbox_protocol.ts";

/** A sandbox below a shell that stands for the gateway. */
function start() {
  const { program, args } = selfCommand(["code-mode-sandbox"]);
  const shell = new Deno.Command("sh", {
    args: ["-c", 'exec 3<&0; "$@" <&3 & wait', "sh", program, ...args],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = shell.stdin.getWriter();
  const heard = messages(shell.stdout);
  return {
    shell,
    /** In one write. */
    say(...messages: ToSandbox[]): Promise<void> {
      return writer.write(
        new TextEncoder().encode(messages.map((one) => `${JSON.stringify(one)}\n`).join("")),
      );
    },
    hear: async (): Promise<FromSandbox | undefined> => (await heard.next()).value,
    close: () => writer.close(),
  };
}

async function* messages(stream: ReadableStream<Uint8Array>): AsyncGenerator<FromSandbox> {
  let text = "";
  for await (const piece of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (text + piece).split("\n");
    text = lines.pop()!;
    for (const line of lines) {
      const message = JSON.parse(line);
      if (message.type !== "trial") yield message;
    }
  }
}

function run(number: number, script: string, totalMs = 10 * 60_000): ToSandbox {
  const functions = [{ identifier: "wait", tool: "wait" }];
  return { type: "run", run: number, script, functions, memory: 2 ** 30, totalMs, longestOutput: 100 };
}

Deno.test("the sandbox's process ends", async (t) => {
  const ends: [when: string, run: ToSandbox | undefined, how: "killed" | "closed" | "waits"][] = [
    ["with its stdin", undefined, "closed"],
    ["with its stdin while a script waits for an answer", run(1, "return wait({})"), "closed"],
    ["with its stdin while promises wait for an answer", run(1, "return await wait({})"), "closed"],
    [
      "with its stdin though the script goes on",
      run(1, "try { wait({}) } catch {} while (true) {}"),
      "closed",
    ],
    ["when its gateway is killed under an endless script", run(1, "while (true) {}"), "killed"],
    ["after the time over all, though nobody ends it", run(1, "while (true) {}", 300), "waits"],
  ];
  for (const [when, run, how] of ends) {
    await t.step(when, async () => {
      const { shell, say, hear, close } = start();
      assert.deepEqual(await hear(), { type: "ready" });
      if (run) await say(run);
      if (run && how === "closed") assert.equal((await hear())?.type, "call");
      if (how === "killed") shell.kill("SIGKILL");
      if (how === "closed") await close();
      while (await hear()) { /* a script may yet be told that its call did not get through */ }
      await shell.status;
    });
  }
});

Deno.test("what is said to a script that has ended does not reach the next, wherever the lines are cut", async () => {
  const { shell, say, hear, close } = start();
  assert.deepEqual(await hear(), { type: "ready" });
  await say(run(1, "wait({}); return wait({})"));
  const answer = (call: FromSandbox | undefined, number: number, text: string): ToSandbox => {
    assert.equal(call?.type, "call");
    return { type: "answer", run: number, call: (call as { call: number }).call, text, failed: false };
  };
  await say(answer(await hear(), 1, "first"));
  const second = answer(await hear(), 1, "second");
  const late = { ...second, text: "x".repeat(200_000) }; // more than one read takes
  await say(second, late, late);
  assert.deepEqual(await hear(), { type: "done", failed: false, text: "second", console: "", last: false });
  assert.deepEqual(await hear(), { type: "ready" });
  await say(run(2, "return wait({}).length"));
  await say(answer(await hear(), 2, "four"));
  assert.deepEqual(await hear(), { type: "done", failed: false, text: "4", console: "", last: false });
  assert.deepEqual(await hear(), { type: "ready" });
  await close();
  assert.equal(await hear(), undefined);
  await shell.status;
});
