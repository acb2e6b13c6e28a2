import { deepStrictEqual as equal, match } from "node:assert/strict";
import { createApp } from "../../../gateway/http/app.ts";
import { splitWords } from "../../../gateway/http/control/shell_words.ts";
import type { Connection } from "../../../gateway/http/parts.ts";
import { routePath } from "../../../gateway/http/request_path.ts";
import { ServerLog } from "../../../gateway/http/server_log.ts";
import { MadeStore, ScriptedHost } from "../../support/scripted_host.ts";

const tcp: Connection = { transport: "tcp", remote: "127.0.0.1" };

function setUp(options: { log?: ServerLog } = {}) {
  const store = new MadeStore();
  const host = new ScriptedHost();
  const app = createApp({ store, host, version: "9.9.9", ...options });
  const send = (method: string, path: string, body?: unknown, headers = {}, connection = tcp) =>
    app.request(
      path,
      { method, headers, body: body === undefined ? undefined : JSON.stringify(body) },
      connection,
    );
  return { store, host, app, send };
}

async function jsonLines(response: Response): Promise<any[]> {
  return (await response.text()).trim().split("\n").map((line) => JSON.parse(line));
}

Deno.test("routePath strips Docker's prefix and doubled slashes", () => {
  const cases: [string, string][] = [
    ["http://h/", "/"],
    ["http://h", "/"],
    ["http://h/exp/vDD4.40/models", "/models"],
    ["http://h/exp/vDD4.40", "/"],
    ["http://h//exp//vDD4.40//engines//v1/models?x=//", "/engines/v1/models"],
    ["http://h/exp/vDD4.400/models", "/exp/vDD4.400/models"],
    ["http://h/v1/models/", "/v1/models"],
    ["http://h/v1/models/ai%2Fx#y", "/v1/models/ai%2Fx"],
  ];
  for (const [url, path] of cases) equal(routePath(url), path, url);
});

Deno.test("models are listed, read, tagged and removed", async () => {
  const { send, store } = setUp();
  const list = await (await send("GET", "/models")).json();
  equal(list.map((m: any) => m.tags), [["docker.io/ai/smollm2:latest"], ["docker.io/ai/other:latest"]]);
  equal(Object.keys(list[0]), ["id", "tags", "created", "config"]);
  equal((await (await send("GET", "/models/ai/smollm2:latest")).json()).id, store.models[0].id);
  const missing = await send("GET", "/models/ai/nope");
  equal([missing.status, await missing.text()], [404, "Model not found: ai/nope\n"]);
  match(decodeURIComponent(missing.headers.get("skiff-hint")!), /skiff model pull ai\/nope/);
  const tagged = await send("POST", "/models/ai/smollm2/tag?repo=my/x&tag=v1");
  equal([tagged.status, (await tagged.json()).target], [201, "my/x:v1"]);
  equal((await send("POST", "/models/ai/smollm2/tag?repo=my/x")).status, 400);
  equal((await send("POST", "/models/ai/nope/tag?repo=a&tag=b")).status, 404);
  equal((await send("DELETE", "/models/ai/smollm2")).status, 409);
  const removed = await (await send("DELETE", "/models/ai/smollm2?force")).json();
  equal(removed.map((action: object) => Object.keys(action)[0]), ["Untagged", "Untagged", "Deleted"]);
  equal((await send("DELETE", "/models/ai/smollm2")).status, 404);
  equal((await send("DELETE", "/models/purge")).status, 200);
  equal(store.models, []);
});

Deno.test("create streams progress as JSON lines or escaped text", async () => {
  const { send } = setUp();
  const json = { accept: "application/json" };
  const pulled = await send("POST", "/models/create", { from: "ai/new" }, json);
  equal(pulled.headers.get("content-type"), "application/json");
  const lines = await jsonLines(pulled);
  equal(lines.map(({ type, message }) => [type, message]), [
    ["progress", "Downloaded: 50 B <of> 100"],
    ["success", "Model pulled successfully"],
  ]);
  equal(lines[1], {
    type: "success",
    message: "Model pulled successfully",
    total: 0,
    layer: { size: 0, current: 0 },
    mode: "pull",
  });
  const cached = await jsonLines(await send("POST", "/models/create", { from: "ai/new" }, json));
  equal(cached[0].message, "Using cached model: 91.73MiB");
  const text = await (await send("POST", "/models/create", { from: "ai/newer" })).text();
  match(text, /&#34;Downloaded: 50 B &lt;of&gt; 100&#34;/);
});

Deno.test("create fails with a status before the first line, with an error line after it", async () => {
  const { send } = setUp();
  const json = { accept: "application/json" };
  const missing = await send("POST", "/models/create", { from: "ai/missing" }, json);
  equal([missing.status, await missing.text()], [404, "Model not found: ai/missing\n"]);
  const broken = await send("POST", "/models/create", { from: "ai/broken" }, json);
  const last = (await jsonLines(broken)).at(-1);
  equal([broken.status, last.type, last.message, last.error.code], [
    200,
    "error",
    "Error: Wrong digest",
    "corrupt",
  ]);
  equal((await send("POST", "/models/create", {})).status, 400);
});

Deno.test("only two pulls run at once, and a client that leaves frees its place", async () => {
  const { send } = setUp();
  const endless = () => send("POST", "/models/create", { from: "ai/endless" });
  const [first, second] = await Promise.all([endless(), endless()]);
  const third = send("POST", "/models/create", { from: "ai/third" });
  await first.body!.cancel();
  equal((await third).status, 200);
  await second.body!.cancel();
});

Deno.test("files come only from programs on this machine, with absolute paths", async () => {
  const cases: [string, Connection, Record<string, string>, number][] = [
    ["/tmp/x.gguf", tcp, {}, 200],
    ["/tmp/x.gguf", { transport: "unix" }, {}, 200],
    ["file:///tmp/x.gguf", tcp, {}, 200],
    ["/tmp/x.gguf", { transport: "tcp", remote: "172.17.0.2" }, { host: "localhost" }, 403],
    ["/tmp/x.gguf", tcp, { origin: "http://localhost:3000" }, 403],
    ["./x.gguf", tcp, {}, 400],
    ["../x.gguf", tcp, {}, 400],
    ["~/x.gguf", tcp, {}, 400],
  ];
  for (const [from, connection, headers, status] of cases) {
    const { send, store } = setUp();
    equal((await send("POST", "/models/create", { from }, headers, connection)).status, status, from);
    equal(store.imported, status === 200 ? ["/tmp/x.gguf"] : []);
  }
});

Deno.test("what the store cannot do is said", async () => {
  const { send } = setUp();
  equal((await send("POST", "/models/ai/smollm2/push")).status, 422);
  equal((await send("POST", "/models/ai/nope/push")).status, 404);
  equal((await send("GET", "/models/ai/smollm2/export")).status, 422);
  equal((await send("POST", "/models/load", {})).status, 422);
  equal((await send("POST", "/models/ai/smollm2/repackage", { target: "x" })).status, 422);
  equal((await send("POST", "/models/ai/smollm2/repackage", {})).status, 400);
  equal((await send("POST", "/models/ai/smollm2/dance")).status, 405);
});

Deno.test("engines: status, ps, df, configure, unload", async () => {
  const { send, host } = setUp();
  equal(await (await send("GET", "/engines/status")).json(), { "llama.cpp": "Running" });
  equal(await (await send("GET", "/engines/ps")).json(), []);
  equal(await (await send("GET", "/engines/df")).json(), {
    models_disk_usage: 2000,
    default_backend_disk_usage: 0,
  });
  const configured = await send("POST", "/engines/llama.cpp/_configure", {
    model: "ai/smollm2",
    "context-size": 2048,
    "raw-runtime-flags": `--temp "0.1" --x 'a b'`,
    llamacpp: { "reasoning-budget": 0 },
    vllm: {},
  });
  equal([configured.status, await configured.text()], [202, ""]);
  equal(host.configured[0].settings, {
    "context-size": 2048,
    "runtime-flags": ["--temp", "0.1", "--x", "a b"],
    "reasoning-budget": 0,
  });
  const shown = await (await send("GET", "/engines/_configure?model=smollm2")).json();
  equal(Object.keys(shown[0]), ["Backend", "Model", "ModelID", "Mode", "Config"]);
  const [running] = await (await send("GET", "/engines/ps")).json();
  equal([running.backend_name, running.model_name, running.mode], [
    "llama.cpp",
    "docker.io/ai/smollm2:latest",
    "completion",
  ]);
  const { engine, device, reason } = running;
  const shownModel = await (await send("GET", "/models/ai/smollm2")).json();
  equal(shownModel.running, [{ mode: "completion", engine, device, reason }]);
  equal("running" in await (await send("GET", "/models/ai/other")).json(), false);
  equal((await send("POST", "/engines/vllm/_configure", { model: "smollm2" })).status, 404);
  equal((await send("POST", "/engines/_configure", { model: "nope" })).status, 404);
  equal((await send("POST", "/engines/_configure", { model: "smollm2", "context-size": 0 })).status, 400);
  const unload = async (body: object) =>
    (await (await send("POST", "/engines/unload", body)).json()).unloaded_runners;
  equal(await unload({ models: ["nope"] }), 0);
  equal(await unload({ backend: "vllm", all: true }), 0);
  equal(await unload({ models: ["ai/smollm2"] }), 1);
});

Deno.test("health, version, metrics", async () => {
  const { send } = setUp();
  equal(await (await send("GET", "/")).text(), "Docker Model Runner is running\n");
  equal((await send("GET", "/healthz")).status, 200);
  equal((await (await send("GET", "/version")).json()).version, "9.9.9");
  match(await (await send("GET", "/metrics")).text(), /^# No active runners\n/);
  await send("POST", "/v1/completions", { model: "smollm2", prompt: "x" });
  const metrics = await (await send("GET", "/metrics")).text();
  match(
    metrics,
    /llamacpp:tokens_predicted_total\{backend="llama.cpp",model="docker.io\/ai\/smollm2:latest",mode="completion"\} 40/,
  );
  match(metrics, /skiff_http_requests_total\{method="POST",status="200"\} 1/);
});

Deno.test("requests are recorded, ten a model, with rebuilt streams and short media", async () => {
  const { send, app } = setUp();
  const image = `data:image/png;base64,${"A".repeat(5000)}`;
  const content = [{ type: "image_url", image_url: { url: image } }, { type: "text", text: "what?" }];
  for (let i = 0; i < 12; i++) {
    const body = { model: "smollm2", messages: [{ role: "user", content }], stream: i === 11, seed: i };
    await (await send("POST", "/v1/chat/completions", body)).text();
  }
  await send("POST", "/v1/chat/completions", { model: "other", messages: [{ role: "user", content: "x" }] });
  const all = await (await send("GET", "/engines/requests")).json();
  equal(all.map((group: any) => group.count), [10, 1]);
  const last = all[0].records.at(-1);
  equal(JSON.parse(last.response).choices[0].message.content, "Whales are mammals.");
  equal([last.status_code, last.request.length < 600], [200, true]);
  equal((await (await send("GET", "/engines/requests?model=other")).json()).length, 1);

  const stream = await app.request("/engines/requests?include_existing=true&model=other", {
    headers: { accept: "text/event-stream" },
  }, tcp);
  const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
  const next = async () => (await reader.read()).value!.split("\n")[0];
  equal(await next(), "event: connected");
  equal(await next(), "event: existing_request");
  const event = next();
  await send("POST", "/v1/chat/completions", { model: "other", messages: [{ role: "user", content: "y" }] });
  equal(await event, "event: new_request");
  await reader.cancel();
});

Deno.test("logs are written, rotated, filtered and followed", async () => {
  const folder = await Deno.makeTempDir();
  const log = ServerLog.open(folder, { rotateAtBytes: 400 });
  try {
    const { send } = setUp({ log });
    for (let i = 0; i < 8; i++) await send("GET", "/v1/models");
    log.write("engine", "load\ning");
    const text = await (await send("GET", "/logs")).text();
    match(text, /server GET \/v1\/models 200 \d+ms\n/);
    match(text, /engine load ing\n/);
    equal((await Deno.stat(`${folder}/server.log.1`)).isFile, true);
    equal(/ engine /.test(await (await send("GET", "/logs?no-engines=true")).text()), false);
    equal((await send("GET", "/logs?follow=maybe")).status, 400);
    const reader = (await send("GET", "/logs?follow=true")).body!.pipeThrough(new TextDecoderStream())
      .getReader();
    await reader.read();
    log.write("server", "something new");
    let seen = "";
    while (!seen.includes("something new")) seen += (await reader.read()).value;
    await reader.cancel();
  } finally {
    log.close();
    await Deno.remove(folder, { recursive: true });
  }
  equal((await setUp().send("GET", "/logs")).status, 501);
});

Deno.test("splitWords reads quotes and refuses open ones", () => {
  const cases: [string, string[] | null][] = [
    ["", []],
    ["  --a  b ", ["--a", "b"]],
    [`--x='a b' "c\\"d" e\\ f`, ["--x=a b", 'c"d', "e f"]],
    [`''`, [""]],
    [`"open`, null],
    [`end\\`, null],
  ];
  for (const [text, words] of cases) {
    let got: string[] | null = null;
    try {
      got = splitWords(text);
    } catch {
      // refused
    }
    equal(got, words, text);
  }
});
