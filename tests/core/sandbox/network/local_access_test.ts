/** The other ways out: the local model, the MCP gateway, credentials that are added on the host side. */
import assert from "node:assert/strict";
import { sandboxAccess } from "../../../../core/sandbox/network/access.ts";
import type { CredentialRule } from "../../../../core/sandbox/network/credential_rule.ts";
import { checkReach } from "../../../../core/sandbox/network/prepare.ts";
import { sandboxFiles } from "../../../../core/sandbox/network/sandbox_files.ts";
import { proxyHome, readUntil } from "../../../support/proxy_home.ts";

/** A server on a unix socket that answers with method, path, Host and body. */
function socketServer(path: string, answer?: (request: Request) => Response | Promise<Response>) {
  return Deno.serve({ transport: "unix", path, onListen() {} }, async (request) => {
    if (answer) return await answer(request);
    const { pathname, search } = new URL(request.url);
    return new Response(
      `${request.method} ${pathname}${search} host=${request.headers.get("host")} ${await request.text()}`,
    );
  });
}

const json = (method: string, path: string, body?: unknown) => {
  const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
  return `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:12434\r\nOrigin: http://evil.com\r\nCookie: a\r\nConnection: close\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
};

Deno.test("the model server is reached by inference routes with the sandbox's own model, and by nothing else", async () => {
  await using home = await proxyHome();
  const socket = `${home.paths.state}/server.sock`;
  const server = socketServer(socket);
  const sandbox = await home.sandbox("a", { mode: "none" }, { model: { names: ["ai/smollm2"], socket } });
  const model = "smollm2";
  const cases: [string, string, unknown, number][] = [
    ["POST", "/v1/chat/completions", { model }, 200],
    ["POST", "/v1/completions", { model }, 200],
    ["POST", "/v1/embeddings", { model }, 200],
    ["POST", "/v1/responses", { model }, 200],
    ["POST", "/v1/messages?beta=true", { model }, 200],
    ["POST", "/v1/messages/count_tokens", { model: "docker.io/ai/smollm2:latest" }, 200],
    ["POST", "/engines/v1/chat/completions", { model }, 200],
    ["POST", "/engines/llama.cpp/v1/chat/completions", { model }, 200],
    ["HEAD", "/api/hello", undefined, 200],
    ["POST", "/v1/chat/completions", { model: "ai/other" }, 404],
    ["POST", "/v1/chat/completions", {}, 400],
    ["POST", "/v1/chat/completions", { model: [model] }, 400],
    ["POST", "/v1/chat/completions", `{"model":"smollm2"`, 400],
    ["POST", "/v1/chat/completions", `{"model":"smollm2","model":"ai/other"}`, 404],
    ["GET", "/v1/models/ai/other", undefined, 403],
    ["POST", "/models/create", { from: "x" }, 403],
    ["DELETE", "/models/ai/smollm2", undefined, 403],
    ["DELETE", "/v1/models/ai/smollm2", undefined, 403],
    ["POST", "/engines/_configure", { model }, 403],
    ["POST", "/engines/unload", { model }, 403],
    ["GET", "/logs", undefined, 403],
    ["GET", "/engines/requests", undefined, 403],
    ["GET", "/metrics", undefined, 403],
    ["POST", "/v1/../models/create", { model }, 403],
    ["POST", "//v1/chat/completions", { model }, 403],
    ["POST", "/v1/chat/completions/../../../models/create", { model }, 403],
    ["POST", "/v1/chat%2fcompletions", { model }, 403],
    ["POST", "/exp/vDD4.40/models/create", { model }, 403],
    ["GET", "/v1/chat/completions", undefined, 403],
  ];
  for (const [method, path, body, status] of cases) {
    const said = await sandbox.send("model", json(method, path, body));
    assert.equal(said.split(" ")[1], String(status), `${method} ${path} ${JSON.stringify(body)}: ${said}`);
    if (status === 200 && method === "POST") {
      assert.match(said, new RegExp(`${method} [^ ]+ host=localhost \\{`));
    }
  }
  await server.shutdown();
  assert.match(
    await sandbox.send("model", json("POST", "/v1/completions", { model })),
    /503 .*does not run/s,
  );
});

Deno.test("the list of models names the sandbox's own only", async () => {
  await using home = await proxyHome();
  const socket = `${home.paths.state}/server.sock`;
  const data = [{ id: "ai/smollm2" }, { id: "ai/private" }];
  const server = socketServer(socket, () => Response.json({ object: "list", data }));
  const sandbox = await home.sandbox("a", { mode: "model" }, { model: { names: ["smollm2"], socket } });
  const said = await sandbox.send("model", json("GET", "/v1/models"));
  assert.deepEqual(JSON.parse(said.split("\r\n\r\n")[1]), { object: "list", data: [{ id: "ai/smollm2" }] });
  await server.shutdown();
});

Deno.test("a model's stream comes piece by piece, and ends in the server when the agent leaves", async () => {
  await using home = await proxyHome();
  const socket = `${home.paths.state}/server.sock`;
  const left = Promise.withResolvers<void>();
  const server = socketServer(socket, async (request) => {
    await request.text();
    return new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode("data: token\n\n")),
        cancel: () => left.resolve(),
      }),
    );
  });
  const sandbox = await home.sandbox("a", { mode: "model" }, { model: { names: ["m"], socket } });
  const connection = await sandbox.connect("model");
  await connection.write(
    new TextEncoder().encode(
      json("POST", "/v1/responses", { model: "m", stream: true }).replace("Connection: close\r\n", ""),
    ),
  );
  assert.match(await readUntil(connection, /token/), /data: token/);
  connection.close();
  await left.promise;
  await server.shutdown();
});

Deno.test("requests that together would fill the host's memory are refused, and it is free again after them", async () => {
  await using home = await proxyHome();
  const socket = `${home.paths.state}/server.sock`;
  const server = socketServer(socket, async (request) => Response.json((await request.text()).length));
  const sandbox = await home.sandbox("a", { mode: "model" }, { model: { names: ["m"], socket } });
  const piece = new TextEncoder().encode(" ".repeat(1_000_000));
  const large = async () => {
    const connection = await sandbox.connect("model");
    const head =
      "POST /v1/responses HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 60000000\r\n\r\n";
    await connection.write(new TextEncoder().encode(head));
    try {
      for (let sent = 0; sent < 59; sent++) {
        for (let at = 0; at < piece.length;) at += await connection.write(piece.subarray(at));
      }
    } catch {
      // It was refused meanwhile.
    }
    return connection;
  };
  const connections = await Promise.all(Array.from({ length: 5 }, large)); // 295 MB, none of them whole
  const refused = await Promise.race(connections.map((connection) => readUntil(connection, /too much/)));
  assert.match(refused, /^HTTP\/1\.1 503 [^]*too much is being sent at once/);
  for (const connection of connections) connection.close();
  const ask = () => sandbox.send("model", json("POST", "/v1/responses", { model: "m" }));
  for (let said = await ask(); !said.startsWith("HTTP/1.1 200"); said = await ask()) {
    assert.match(said, /503/);
  }
  await server.shutdown();
});

Deno.test("the MCP gateway is reached at its endpoint only", async () => {
  await using home = await proxyHome();
  const socket = `${home.paths.state}/mcp.sock`;
  const server = socketServer(socket);
  const sandbox = await home.sandbox("a", { mode: "none" }, { mcp: { socket } });
  assert.match(
    await sandbox.send("mcp", json("POST", "/mcp", { id: 1 })),
    /200 .*POST \/mcp host=localhost \{"id":1\}/s,
  );
  for (const path of ["/", "/mcp/../admin", "/mcp2", "/admin"]) {
    assert.match(await sandbox.send("mcp", json("POST", path)), /^HTTP\/1\.1 403 /, path);
  }
  await server.shutdown();
});

function upstreamRules(port: number): CredentialRule[] {
  const upstream = `http://127.0.0.1:${port}/base`;
  return [
    { provider: "anthropic", upstream, header: "x-api-key", format: "{secret}", secret: "A" },
    { provider: "openai", upstream, header: "authorization", format: "Bearer {secret}", secret: "B" },
  ];
}

Deno.test("the placeholder is swapped for the real credential on the host side only", async () => {
  await using home = await proxyHome();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname, search } = new URL(request.url);
    const seen = ["x-api-key", "authorization", "cookie", "anthropic-version"].map((name) =>
      request.headers.get(name)
    );
    return Response.json([pathname + search, ...seen]);
  });
  const { port } = server.addr;
  const credentials = upstreamRules(port);
  const secrets = { A: "key-$&-1", B: "token-2" };
  const allow = [`127.0.0.1:${port}`];
  const sandbox = await home.sandbox("a", { allow }, { credentials }, secrets);
  const ask = async (path: string, headers: string) => {
    const said = await sandbox.send(
      "credentials",
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:3129\r\nConnection: close\r\n${headers}\r\n`,
    );
    return [said.split(" ")[1], said.split("\r\n\r\n")[1]];
  };
  assert.deepEqual(
    await ask(
      "/anthropic/v1/messages?beta=true",
      "X-Api-Key: proxy-managed\r\nAuthorization: Bearer mine\r\nanthropic-version: 1\r\n",
    ),
    [
      "200",
      JSON.stringify(["/base/v1/messages?beta=true", "key-$&-1", null, null, "1"]),
    ],
  );
  assert.deepEqual(await ask("/openai/responses", "authorization: Bearer proxy-managed\r\nCookie: a=b\r\n"), [
    "200",
    JSON.stringify(["/base/responses", null, "Bearer token-2", null, null]),
  ]);
  assert.equal((await ask("/other/v1", ""))[0], "403");
  assert.equal((await ask("/anthropic/../openai/x", ""))[0], "403");
  assert.equal((await ask("/anthropic/%2e%2e/x", ""))[0], "403");

  const { state } = sandboxFiles(home.paths, "a");
  for await (const { name } of Deno.readDir(state)) {
    const text = await Deno.readTextFile(`${state}/${name}`);
    for (const secret of Object.values(secrets)) assert.equal(text.includes(secret), false, name);
  }
  await server.shutdown();
});

Deno.test("no credential is added where the policy says no, or where the proxy has none", async () => {
  await using home = await proxyHome();
  const credentials = upstreamRules(9);
  const ask = (sandbox: { send(socket: string, text: string): Promise<string> }) =>
    sandbox.send(
      "credentials",
      "GET /openai/x HTTP/1.1\r\nHost: 127.0.0.1:3129\r\nConnection: close\r\n\r\n",
    );
  const denied = await home.sandbox("a", {}, { credentials }, { B: "t" });
  assert.match(await ask(denied), /403 .*policy allow --sandbox a 127\.0\.0\.1:9/s);
  const none = await home.sandbox("b", { mode: "none", allow: ["127.0.0.1:9"] }, { credentials }, { B: "t" });
  assert.match(await ask(none), /403 .*its network is "none"/s);
  const without = await home.sandbox("c", { allow: ["127.0.0.1:9"] }, { credentials }, {});
  assert.match(await ask(without), /503 .*does not hold B/s);
});

Deno.test("only in the mode open does a sandbox have a network; the rest are sockets", () => {
  const paths = { data: "/d", config: "/c", state: "/s", cache: "/k", runtime: "/r" };
  const base = { sandbox: "a", paths, forwarder: "/k/forwarder" };
  const policy = (mode: "none" | "model" | "allow-list" | "open") => ({ mode, allow: [], deny: [] });
  const none = sandboxAccess({ ...base, policy: policy("none") });
  assert.deepEqual([none.networkMode, none.proxied, none.env, none.command], ["none", false, [], [
    "/run/skiff-forwarder",
  ]]);
  const model = sandboxAccess({ ...base, policy: policy("model"), model: { names: ["m"], socket: "/x" } });
  assert.deepEqual([model.networkMode, model.proxied, model.env], ["none", true, []]);
  assert.deepEqual(model.command.slice(1), ["12434=/run/skiff/model.sock"]);
  assert.deepEqual(model.endpoints.model, "http://127.0.0.1:12434");
  const list = sandboxAccess({ ...base, policy: policy("allow-list") });
  assert.equal(list.networkMode, "none");
  assert.ok(
    list.env.includes("https_proxy=http://127.0.0.1:3128") &&
      list.env.includes("HTTPS_PROXY=http://127.0.0.1:3128"),
  );
  assert.deepEqual(list.mounts.map(({ Target, ReadOnly }) => [Target, ReadOnly]), [
    ["/run/skiff-forwarder", true],
    ["/run/skiff", true],
  ]);
  const open = sandboxAccess({ ...base, policy: policy("open") });
  assert.deepEqual([open.networkMode, open.proxied, open.env], ["bridge", false, []]);
  const raw = sandboxAccess({
    ...base,
    policy: policy("open"),
    docker: { kind: "raw", socket: "/run/d.sock", gid: 7 },
  });
  assert.deepEqual([raw.mounts.at(-1)!.Target, raw.groupAdd], ["/var/run/docker.sock", ["7"]]);
  assert.throws(() => sandboxAccess({ ...base, sandbox: "../x", policy: policy("allow-list") }), {
    code: "invalid_input",
  });
});

Deno.test("where sockets cannot be mounted it is said, before anything is made", () => {
  checkReach("linux");
  for (const os of ["darwin", "windows"]) assert.throws(() => checkReach(os), { code: "unsupported" });
});
