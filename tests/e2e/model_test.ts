/** A model from the first word to its removal, from one file in an empty home. */
import { match, ok, strictEqual } from "node:assert";
import { type Home, homeTest } from "../support/executable.ts";
import { gemma3, smollm2 } from "../support/models.ts";

/** Small models ramble; what is checked here is not their wit. */
const shortAnswers = ["--", "--n-predict", "64", "--temp", "0"];
const question = "Give me a fact about whales.";

homeTest("skiff model run answers, pulling the model and starting the server once", async (home, t) => {
  await t.step("the first run says what it does, and streams an answer", async () => {
    const { stdout, stderr } = await home.skiff(["model", "run", "smollm2", question], { until: 40 });
    match(stderr, /Started the skiff server/);
    match(stderr, /Unable to find model 'smollm2' locally/);
    match(stderr, /pypi:|docker\.io/); // says which source
    ok(stdout.trim().length > 0, stderr);
  });
  await t.step("configured to short answers, the second run only answers", async () => {
    await home.ok(["model", "configure", "smollm2", ...shortAnswers]);
    const { code, stdout, stderr } = await home.skiff(["model", "run", "smollm2", question]);
    strictEqual(code, 0);
    strictEqual(stderr, "");
    ok(stdout.trim().length > 20);
    ok(stdout.endsWith("\n"));
  });
  await t.step("what is piped in follows the prompt", async () => {
    const stdout = await home.ok(["model", "run", "smollm2", "Which animal is this about?"], {
      stdin: "Whales are the largest animals. Whales live in the sea.\n",
    });
    match(stdout, /whale/i);
  });
  await t.step("--debug tells the speed", async () => {
    const { stderr } = await home.skiff(["model", "run", "--debug", "smollm2", "Say hi."]);
    match(stderr, /Token usage: \d+ prompt \+ \d+ completion/);
    match(stderr, /tokens\/s/);
  });
  await t.step("ls, inspect, show, ps, df and status describe it", () => describes(home));
  await t.step("tag, unload and rm", () => tagsAndRemoves(home));
});

async function describes(home: Home): Promise<void> {
  match(await home.ok(["model", "ls"]), /^MODEL NAME.*\nsmollm2 +134\.5\dM +Q4_1 +llama +[0-9a-f]{12} /);
  match(await home.ok(["model", "ls", "-q"]), /^[0-9a-f]{12}\n$/);
  const [listed] = JSON.parse(await home.ok(["model", "ls", "--json"]));
  const inspected = JSON.parse(await home.ok(["model", "inspect", "smollm2"]));
  strictEqual(listed.id, inspected.id);
  strictEqual(inspected.config.architecture, "llama");
  match(await home.ok(["model", "show", "smollm2"]), /Architecture: +llama/);
  match(await home.ok(["model", "ps"]), /^MODEL NAME.*\nsmollm2 +llama\.cpp +completion +\S/);
  match(await home.ok(["model", "df"]), /Models +98\.\d+MB/);
  match(await home.ok(["model", "status"]), /is running[^]*llama\.cpp +Running/);
  strictEqual(JSON.parse(await home.ok(["model", "status", "--json"])).running, true);
  match(await home.ok(["model", "version"]), /Client:\n Version: +\d[^]*Server:\n Version: +\d/);
  match(await home.ok(["model", "logs"]), /\S/);
}

async function tagsAndRemoves(home: Home): Promise<void> {
  strictEqual(
    await home.ok(["model", "tag", "smollm2", "me/whale:1"]),
    'Model "smollm2" tagged successfully with "me/whale:1"\n',
  );
  match(await home.ok(["model", "ls", "me/whale"]), /\nme\/whale:1 /);
  strictEqual(await home.ok(["model", "unload", "smollm2"]), "Unloaded 1 model(s).\n");
  strictEqual(await home.ok(["model", "unload", "--all"]), "No models are running.\n");
  match(await home.ok(["model", "rm", "me/whale:1"]), /^Untagged: /);
  match(await home.ok(["model", "rm", "smollm2"]), /Deleted: sha256:/);
  const { code, stderr } = await home.skiff(["model", "inspect", "smollm2"]);
  strictEqual(code, 1);
  match(stderr, /not found/i);
}

homeTest("a model of another family and quantisation runs from a file", async (home) => {
  await home.ok(["model", "package", "--gguf", await gemma3(), "me/gemma"]);
  await home.ok(["model", "configure", "me/gemma", ...shortAnswers]);
  match(await home.ok(["model", "ls"]), /me\/gemma +2\d\d\.\d+M +Q4_K_M +gemma3 /);
  ok((await home.ok(["model", "run", "me/gemma", "The capital of France is"])).trim().length > 0);
});

homeTest("a GGUF file runs by its path", async (home) => {
  const { stdout } = await home.skiff(["model", "run", await smollm2(), question], { until: 40 });
  ok(stdout.trim().length > 0);
});

homeTest("configure keeps its settings over a restart", async (home) => {
  await home.ok(["model", "package", "--gguf", await smollm2(), "me/small"]);
  await home.ok(["model", "configure", "--context-size", "512", "me/small", "--", "--threads", "1"]);
  await home.ok(["stop"]);
  const [shown] = JSON.parse(await home.ok(["model", "configure", "show", "me/small"]));
  strictEqual(shown.Config["context-size"], 512);
  const { code, stderr } = await home.skiff(["model", "run", "me/small", "word ".repeat(600)]);
  strictEqual(code, 1);
  match(stderr, /context/);
});
