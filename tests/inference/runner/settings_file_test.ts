import { deepStrictEqual as equal, rejects, throws } from "node:assert";
import { checkSettings, sameLoad, SettingsFile } from "../../../inference/runner/settings_file.ts";

Deno.test("SettingsFile keeps settings by model and mode", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = new SettingsFile(`${folder}/config/models.json`);
    equal(await file.read(), []);
    await Promise.all([
      file.set("a", "completion", { "context-size": 1024 }),
      file.set("b", "completion", { keep_alive: "1h" }),
      file.set("a", "embedding", { "context-size": 512 }),
    ]);
    const again = new SettingsFile(`${folder}/config/models.json`);
    equal((await again.read()).length, 3);
    equal(await again.find("a", "completion"), { "context-size": 1024 });
    equal(await again.find("a", "reranking"), { "context-size": 1024 });
    equal(await again.find("b", "embedding"), {});
    await file.set("a", "completion", {});
    equal(await again.find("a", "completion"), {});
    equal([...Deno.readDirSync(`${folder}/config`)].length, 1);
    await Deno.writeTextFile(`${folder}/config/models.json`, "{ half");
    await rejects(() => file.read(), { code: "corrupt" });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("checkSettings names what cannot be", () => {
  for (const settings of [{ "context-size": 0 }, { "context-size": -2 }, { keep_alive: "soon" }]) {
    throws(() => checkSettings(settings), { code: "invalid_input" });
  }
  checkSettings({ "context-size": -1, keep_alive: "-1", "runtime-flags": ["--temp", "0"] });
});

Deno.test("sameLoad ignores what a running model can change", () => {
  equal(sameLoad({ keep_alive: "1h", "context-size": 5 }, { "context-size": 5 }), true);
  equal(sameLoad({ "context-size": 5 }, { "context-size": 6 }), false);
});
