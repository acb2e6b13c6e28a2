import { deepStrictEqual as equal, rejects } from "node:assert";
import { openDocker } from "../../../core/docker/docker.ts";
import { answerText, type RawRequest, serveRaw } from "../../support/raw_server.ts";

const json = (value: unknown) =>
  answerText("200 OK", JSON.stringify(value), "Content-Type: application/json\r\n");

Deno.test("a request has its version, query and body; the connection is used again", async () => {
  const seen: string[] = [];
  await using server = await serveRaw(async (request) => {
    const length = Number(request.headers.get("content-length") ?? 0);
    let body = "";
    while (body.length < length) body += new TextDecoder().decode((await request.receive())!);
    seen.push(`${request.connection} ${request.line} ${body}`);
    await request.send(json({ ok: true }));
  });
  const { docker } = server;
  const query = {
    all: true,
    size: false,
    none: undefined,
    names: ["a b", "c"],
    filters: { label: ["x=ü"] },
    t: 3,
  };
  equal(await docker.json("GET", "/containers/json", { query }), { ok: true });
  await docker.call("POST", "/x", { body: { a: 1 } });
  await docker.call("POST", "/empty");
  equal(seen, [
    "0 GET /v1.41/containers/json?all=1&size=0&names=a%20b&names=c&filters=%7B%22label%22%3A%5B%22x%3D%C3%BC%22%5D%7D" +
    "&t=3 ",
    '0 POST /v1.41/x {"a":1}',
    "0 POST /v1.41/empty ",
  ]);
});

Deno.test("a thousand requests at once share a few connections", async () => {
  await using server = await serveRaw((request) => request.send(json({ line: request.line })));
  const { docker } = server;
  const lines = await Promise.all(
    Array.from({ length: 1000 }, (_, i) => docker.json<{ line: string }>("GET", `/${i}`)),
  );
  equal(lines.map(({ line }) => line), lines.map((_, i) => `GET /v1.41/${i}`));
  equal([server.accepted, docker.connections], [16, 16]);
  docker.close();
  await server.idle();
});

Deno.test("streams do not hold up short requests", async () => {
  await using server = await serveRaw(async (request) => {
    if (request.line.endsWith("/long")) await request.send("HTTP/1.1 200 OK\r\n\r\n");
    else await request.send(json({}));
  });
  const { docker } = server;
  const streams = await Promise.all(
    Array.from({ length: 40 }, () => docker.request("GET", "/long", { long: true })),
  );
  equal(await docker.json("GET", "/short"), {});
  await Promise.all(streams.map(({ body }) => body!.cancel()));
});

Deno.test("a kept connection that the Engine has closed is replaced", async () => {
  for (const method of ["GET", "POST"]) {
    await using server = await serveRaw(async (request) => {
      await request.send(json({ on: request.connection }));
      if (request.connection === 0) request.close();
    });
    const { docker } = server;
    equal(await docker.json(method, "/a"), { on: 0 });
    await server.idle();
    equal(await docker.json(method, "/b"), { on: 1 });
  }
});

Deno.test("an Engine that goes away after it got a GET is asked again, but never a POST", async () => {
  const lines: string[] = [];
  await using server = await serveRaw(async (request) => {
    lines.push(request.line);
    if (request.connection === 0 && lines.length > 1) return request.close();
    if (request.line.includes("POST") && lines.length > 3) return request.close();
    await request.send(json({ on: request.connection }));
  });
  const { docker } = server;
  await docker.json("GET", "/first");
  equal(await docker.json("GET", "/again"), { on: 1 });
  await rejects(() => docker.json("POST", "/once", { body: {} }), { code: "network", hint: /try again/ });
  equal(lines, ["GET /v1.41/first", "GET /v1.41/again", "GET /v1.41/again", "POST /v1.41/once"]);
});

const failures: { name: string; answer: (request: RawRequest) => Promise<void>; error: unknown }[] = [
  {
    name: "an error as JSON",
    answer: (request) => request.send(answerText("404 Not Found", '{"message":"No such thing"}')),
    error: { code: "not_found", message: "Docker Engine: No such thing" },
  },
  {
    name: "an error as text in chunks",
    answer: (request) =>
      request.send(
        "HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\n",
        "4\r\nour ",
        "\r\n5\r\nfault\r\n0\r\n\r\n",
      ),
    error: { code: "unavailable", message: "Docker Engine: our fault" },
  },
  {
    name: "no answer",
    answer: (request) => Promise.resolve(request.close()),
    error: { code: "network", message: /closed the connection/ },
  },
  {
    name: "half an answer",
    answer: async (request) => {
      await request.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a":');
      request.close();
    },
    error: { code: "network" },
  },
  {
    name: "something else than HTTP",
    answer: (request) => request.send("220 mail.example ESMTP\r\n"),
    error: { code: "network", message: /no Docker Engine/ },
  },
];

for (const { name, answer, error } of failures) {
  Deno.test(`${name} is an error that says so, and frees the connection`, async () => {
    await using server = await serveRaw(answer);
    await rejects(() => server.docker.json("GET", "/x"), error as any);
    server.docker.close();
    await server.idle();
  });
}

Deno.test("304 and allowed statuses are no errors", async () => {
  await using server = await serveRaw((request) =>
    request.send(
      request.line.endsWith("/start")
        ? "HTTP/1.1 304 Not Modified\r\n\r\n"
        : answerText("404 Not Found", '{"message":"x"}'),
    )
  );
  equal(await server.docker.call("POST", "/start"), 304);
  equal(await server.docker.call("GET", "/x", { allow: [404] }), 404);
  equal(server.accepted, 1);
});

Deno.test("a body goes up in chunks, while the answer comes down", async () => {
  await using server = await serveRaw(async (request) => {
    await request.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhi \r\n");
    let text = "";
    while (!text.endsWith("0\r\n\r\n")) text += new TextDecoder().decode((await request.receive())!);
    await request.send(`${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`);
  });
  async function* body() {
    yield new TextEncoder().encode("abc");
    yield new Uint8Array(0);
    yield new TextEncoder().encode("0123456789abcdef");
  }
  const response = await server.docker.request("POST", "/load", { body: body(), long: true });
  equal(await response.text(), "hi 3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n");
  equal(
    await (await server.docker.request("POST", "/load", { body: body() })).text().then((t) => t.length > 3),
    true,
  );
  equal(server.accepted, 1);
});

Deno.test("an Engine that refuses an upload is heard, and the upload stops", async () => {
  let stopped = false;
  await using server = await serveRaw(async (request) => {
    await request.receive();
    await request.send(
      answerText("404 Not Found", '{"message":"No such container"}', "Connection: close\r\n"),
    );
    request.close();
  });
  async function* endless() {
    try {
      while (true) yield new Uint8Array(64 * 1024);
    } finally {
      stopped = true;
    }
  }
  await rejects(() => server.docker.call("PUT", "/archive", { body: endless() }), { code: "not_found" });
  await server.idle();
  equal(stopped, true);
});

Deno.test("what the body's source throws comes out, and the Engine sees the upload end", async () => {
  await using server = await serveRaw(async (request) => {
    await request.receiveAll();
  });
  async function* body() {
    yield new Uint8Array(10);
    throw new RangeError("the file is gone");
  }
  await rejects(() => server.docker.call("PUT", "/archive", { body: body() }), RangeError);
  await server.idle();
});

Deno.test("a body is read no faster than it is taken, and cancelling it closes the connection", async () => {
  let sent = 0;
  await using server = await serveRaw(async (request) => {
    if (request.line.endsWith("/other")) return await request.send(json({}));
    await request.send("HTTP/1.1 200 OK\r\n\r\n");
    const piece = new Uint8Array(64 * 1024);
    for (; sent < 1024; sent++) await request.send(piece);
  });
  const { body } = await server.docker.request("GET", "/export", { long: true });
  const reader = body!.getReader();
  await reader.read();
  await server.docker.json("GET", "/other"); // meanwhile the server could send more
  equal(sent < 64, true);
  await reader.cancel();
  await server.idle(1); // the one of /other is kept
});

for (const when of ["before the answer", "within the answer", "in line", "before it starts"]) {
  Deno.test(`a signal that fires ${when} ends the request and closes the connection`, async () => {
    const arrived = Promise.withResolvers<void>();
    await using server = await serveRaw(async (request) => {
      if (when === "within the answer") {
        await request.send("HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n[1,");
      }
      arrived.resolve();
      await request.receive();
    });
    const controller = new AbortController();
    const options = { signal: controller.signal };
    if (when === "before it starts") controller.abort();
    const others = when === "in line"
      ? Array.from({ length: 16 }, () => server.docker.json("GET", "/busy"))
      : [];
    for (const other of others) other.catch(() => {});
    const request = server.docker.json("GET", "/x", options);
    request.catch(() => {});
    if (when !== "before it starts") await arrived.promise;
    controller.abort();
    await rejects(() => request, { code: "interrupted" });
    server.docker.close();
    await server.idle();
  });
}

const head = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";

for (
  const { name, start } of [
    { name: "an upgrade", start: [`${head}early `] },
    { name: "an upgrade in pieces", start: [head.slice(0, 20), head.slice(20), "early "] },
    {
      name: "an old answer of 200",
      start: ["HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n", "early "],
    },
  ]
) {
  Deno.test(`${name} gives a stream both ways, with half-close`, async () => {
    await using server = await serveRaw(async (request) => {
      equal(request.headers.get("upgrade"), "tcp");
      await request.send(...start);
      await request.receive(); // the body, "{}"
      const text = await request.receiveAll();
      await request.send(`got ${text}`);
      request.close();
    });
    const stream = await server.docker.hijack("POST", "/exec/1/start", { body: {} });
    const writer = stream.writable.getWriter();
    await writer.write(new TextEncoder().encode("hello "));
    await writer.write(new TextEncoder().encode("there"));
    await stream.closeWrite();
    equal(await new Response(stream.readable).text(), "early got hello there");
    await server.idle();
    equal(server.docker.connections, 0);
  });
}

Deno.test("a stream that is refused is the Engine's error", async () => {
  await using server = await serveRaw((request) =>
    request.send(answerText("409 Conflict", '{"message":"Container is paused"}'))
  );
  await rejects(() => server.docker.hijack("POST", "/exec/1/start", { body: {} }), {
    code: "conflict",
    message: /paused/,
  });
});

for (const how of ["close", "cancel", "signal", "docker.close"]) {
  Deno.test(`a hijacked stream that is ended by ${how} closes its connection`, async () => {
    await using server = await serveRaw(async (request) => {
      await request.send(head);
      await request.receiveAll();
    });
    const controller = new AbortController();
    const stream = await server.docker.hijack("POST", "/attach", { signal: controller.signal });
    const reader = stream.readable.getReader();
    const reading = reader.read();
    reading.catch(() => {});
    if (how === "close") stream.close();
    if (how === "cancel") await reader.cancel();
    if (how === "docker.close") server.docker.close();
    if (how === "signal") {
      controller.abort();
      await rejects(() => reading, { code: "interrupted" });
      await rejects(() => stream.writable.getWriter().write(new Uint8Array(1)), { code: "interrupted" });
    }
    await server.idle();
    stream.close();
  });
}

Deno.test("writing into a stream is no faster than the Engine reads", async () => {
  const go = Promise.withResolvers<void>();
  let received = 0;
  await using server = await serveRaw(async (request) => {
    if (request.line.endsWith("/other")) return await request.send(json({}));
    await request.send(head);
    await go.promise;
    for (let bytes = await request.receive(); bytes !== null; bytes = await request.receive()) {
      received += bytes.length;
    }
  });
  const stream = await server.docker.hijack("POST", "/attach");
  const writer = stream.writable.getWriter();
  let written = 0;
  const writing = (async () => {
    for (let i = 0; i < 256; i++) {
      await writer.write(new Uint8Array(64 * 1024));
      written++;
    }
    await stream.closeWrite();
  })();
  await server.docker.json("GET", "/other");
  equal(written < 32, true);
  go.resolve();
  await writing;
  await stream.readable.cancel();
  await server.idle(1);
  equal(received, 256 * 64 * 1024);
});

function environment(values: Record<string, string>) {
  return { get: (name: string) => ({ HOME: "/nonexistent", ...values })[name] };
}

const pingHeaders = "Server: Docker/20.10.24 (linux)\r\nOSType: linux\r\nBuilder-Version: 2\r\n";
const ping = (api: string) => answerText("200 OK", "OK", `Api-Version: ${api}\r\n${pingHeaders}`);

Deno.test("openDocker pings, agrees on a version and tells what it found", async () => {
  await using server = await serveRaw((request) =>
    request.send(request.line === "GET /_ping" ? ping("1.44") : json({ line: request.line }))
  );
  const env = environment({ DOCKER_HOST: `unix://${server.path}` });
  using docker = await openDocker({ env });
  equal([docker.apiVersion, docker.engineVersion, docker.os, docker.builderVersion], [
    "1.44",
    "20.10.24",
    "linux",
    "2",
  ]);
  equal([docker.supports("1.44"), docker.supports("1.45")], [true, false]);
  equal(docker.endpoint.source, "DOCKER_HOST");
  equal(await docker.json("GET", "/info"), { line: "GET /v1.44/info" });
  using pinned = await openDocker({
    env: environment({ DOCKER_HOST: env.get("DOCKER_HOST")!, DOCKER_API_VERSION: "1.42" }),
  });
  equal(pinned.apiVersion, "1.42");
});

Deno.test("openDocker passes over sockets that nobody listens on, and sends config.json's headers", async () => {
  const headers: (string | null)[] = [];
  await using server = await serveRaw((request) => {
    headers.push(request.headers.get("x-meta"));
    return request.send(ping("1.41"));
  });
  const home = await Deno.makeTempDir();
  await Deno.mkdir(`${home}/.docker/run`, { recursive: true });
  await Deno.mkdir(`${home}/.orbstack/run`, { recursive: true });
  await Deno.writeTextFile(`${home}/.docker/config.json`, '{"HttpHeaders":{"X-Meta":"a"}}');
  Deno.listen({ transport: "unix", path: `${home}/.docker/run/docker.sock` }).close();
  await Deno.symlink(server.path, `${home}/.orbstack/run/docker.sock`);
  using docker = await openDocker({ env: environment({ HOME: home }) });
  if (docker.endpoint.source !== "Docker's default socket") equal(docker.endpoint.source, "OrbStack");
  await docker.call("GET", "/info");
  if (docker.endpoint.source === "OrbStack") equal(headers, [null, "a"]);
  await Deno.remove(home, { recursive: true });
});

const closed: { name: string; env: Record<string, string>; error: unknown }[] = [
  {
    name: "a socket that is not there",
    env: { DOCKER_HOST: "unix:///nonexistent/docker.sock" },
    error: { code: "unavailable", message: /no such socket/, hint: /Start Docker/ },
  },
  {
    name: "a port that nobody listens on",
    env: { DOCKER_HOST: "tcp://127.0.0.1:1" },
    error: { code: "unavailable", message: /nothing listens/, hint: /port/ },
  },
  {
    name: "a pipe on another system than Windows",
    env: { DOCKER_HOST: "npipe:////./pipe/docker_engine" },
    error: { code: "unsupported", message: /Windows/ },
  },
];

for (const { name, env, error } of closed) {
  Deno.test(`openDocker on ${name} says what is wrong and what to do`, async () => {
    await rejects(() => openDocker({ env: environment(env) }), error as any);
  });
}

Deno.test("openDocker refuses an Engine that is too old", async () => {
  await using server = await serveRaw((request) => request.send(ping("1.39")));
  await rejects(() => openDocker({ env: environment({ DOCKER_HOST: `unix://${server.path}` }) }), {
    code: "unsupported",
    message: /20\.10\.24 is too old/,
  });
  await server.idle();
});
