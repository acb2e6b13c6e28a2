/** The forwarder as a process: real TCP in, real unix sockets out. */
import assert from "node:assert/strict";
import { readUntil } from "../../../support/proxy_home.ts";
import { testForwarder } from "../../../support/forwarder.ts";
import { realTest } from "../../../support/parts.ts";
import { lives, until } from "../../../support/proxy_process.ts";

interface Running extends AsyncDisposable {
  port: number;
  socket: string;
  child: Deno.ChildProcess;
  connect(): Promise<Deno.TcpConn>;
}

/** Starts it with one mapping, on a port that is free, and waits until it listens. */
async function start(program: string): Promise<Running> {
  const folder = await Deno.makeTempDir({ prefix: "skfwd-" });
  const socket = `${folder}/x.sock`;
  for (;;) {
    const probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = probe.addr;
    probe.close();
    const child = new Deno.Command(program, { args: [`${port}=${socket}`], clearEnv: true }).spawn();
    await until(() => !lives(child.pid) || listens(child.pid, port));
    if (!lives(child.pid)) continue; // somebody else was faster to take the port
    return {
      port,
      socket,
      child,
      connect: () => Deno.connect({ hostname: "127.0.0.1", port }),
      async [Symbol.asyncDispose]() {
        try {
          child.kill("SIGKILL");
        } catch {
          // It has ended.
        }
        await child.status;
        await Deno.remove(folder, { recursive: true });
      },
    };
  }
}

/** Whether it is this process that listens on the port. */
function listens(pid: number, port: number): boolean {
  const place = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const lines = Deno.readTextFileSync("/proc/net/tcp").split("\n").map((line) => line.trim().split(/\s+/));
  const inode = lines.find(([, local, , state]) => local === place && state === "0A")?.[9];
  if (inode === undefined) return false;
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].some(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/${pid}/fd/${name}`) === `socket:[${inode}]`;
    } catch {
      return false;
    }
  });
}

/** Sends back what comes; at the end of it says how much it was. */
function echo(path: string): Deno.Listener<Deno.UnixConn> {
  const listener = Deno.listen({ transport: "unix", path });
  (async () => {
    for await (const connection of listener) {
      (async () => {
        const buffer = new Uint8Array(65536);
        let total = 0;
        for (let n = await connection.read(buffer); n !== null; n = await connection.read(buffer)) {
          total += n;
          for (let at = 0; at < n;) at += await connection.write(buffer.subarray(at, n));
        }
        await connection.write(new TextEncoder().encode(`<${total}>`));
        connection.close();
      })().catch(() => {});
    }
  })().catch(() => {});
  return listener;
}

realTest("it is a static program of a few kilobytes, for both processors", async () => {
  return [await testForwarder("x86_64"), await testForwarder("aarch64")];
}, async (programs) => {
  for (const [index, machine] of [[0, 62], [1, 183]]) {
    const bytes = await Deno.readFile(programs[index]);
    assert.ok(bytes.length < 100_000, `${bytes.length} bytes`);
    const view = new DataView(bytes.buffer);
    assert.equal(view.getUint16(18, true), machine);
    const headers = Number(view.getBigUint64(32, true));
    const count = view.getUint16(56, true);
    const types = Array.from({ length: count }, (_, i) => view.getUint32(headers + i * 56, true));
    assert.equal(types.includes(3), false); // no interpreter: nothing of the image is needed
  }
});

realTest("bytes pass both ways, and half a close is passed on", testForwarder, async (program) => {
  await using forwarder = await start(program);
  using _server = echo(forwarder.socket);
  const connection = await forwarder.connect();
  await connection.write(new TextEncoder().encode("hello"));
  await connection.closeWrite();
  assert.equal(await readUntil(connection), "hello<5>");
  connection.close();
});

realTest("many connections at once, each with its own bytes", testForwarder, async (program) => {
  await using forwarder = await start(program);
  using _server = echo(forwarder.socket);
  const answers = await Promise.all(Array.from({ length: 300 }, async (_, i) => {
    const connection = await forwarder.connect();
    const text = `connection ${i} `.repeat(500);
    await connection.write(new TextEncoder().encode(text));
    await connection.closeWrite();
    const said = await readUntil(connection);
    connection.close();
    return said === `${text}<${text.length}>`;
  }));
  assert.equal(answers.every(Boolean), true);
});

realTest("a large stream passes whole while the reader is slow", testForwarder, async (program) => {
  await using forwarder = await start(program);
  const bytes = 64 * 1024 * 1024;
  const listener = Deno.listen({ transport: "unix", path: forwarder.socket });
  (async () => {
    for await (const connection of listener) {
      const piece = new Uint8Array(256 * 1024).fill(7);
      for (let sent = 0; sent < bytes; sent += piece.length) {
        for (let at = 0; at < piece.length;) at += await connection.write(piece.subarray(at));
      }
      connection.close();
    }
  })().catch(() => {});
  const connection = await forwarder.connect();
  const buffer = new Uint8Array(10_000);
  let received = 0;
  for (let n = await connection.read(buffer); n !== null; n = await connection.read(buffer)) {
    assert.equal(buffer[n - 1], 7);
    received += n;
  }
  assert.equal(received, bytes);
  connection.close();
  listener.close();
  const status = await Deno.readTextFile(`/proc/${forwarder.child.pid}/status`);
  assert.ok(Number(/VmRSS:\s+(\d+)/.exec(status)![1]) < 4096, "it keeps no more than its buffers");
});

realTest(
  "the proxy may go and come: each connection finds the socket of its time",
  testForwarder,
  async (program) => {
    await using forwarder = await start(program);
    for (let round = 0; round < 3; round++) {
      const without = await forwarder.connect();
      assert.match(await readUntil(without), /^HTTP\/1\.1 503 [^]*sandbox proxy is not running/);
      without.close();
      const server = echo(forwarder.socket);
      const connection = await forwarder.connect();
      await connection.write(new TextEncoder().encode("x"));
      await connection.closeWrite();
      assert.equal(await readUntil(connection), "x<1>");
      connection.close();
      server.close();
      await Deno.remove(forwarder.socket).catch(() => {});
    }
  },
);

realTest("connections that break off leave nothing behind", testForwarder, async (program) => {
  await using forwarder = await start(program);
  using _server = echo(forwarder.socket);
  const files = () => [...Deno.readDirSync(`/proc/${forwarder.child.pid}/fd`)].length;
  const before = files();
  for (let round = 0; round < 200; round++) {
    const connection = await forwarder.connect();
    if (round % 2) await connection.write(new Uint8Array(100_000));
    connection.close();
  }
  while (files() > before) await new Promise((resolve) => setTimeout(resolve, 5));
});

realTest("SIGTERM ends it at once; what it cannot do it says", testForwarder, async (program) => {
  await using forwarder = await start(program);
  forwarder.child.kill("SIGTERM");
  assert.equal((await forwarder.child.status).code, 0);
  for (const args of [["x"], ["0=/a"], ["99999=/a"], [`80=/${"a".repeat(200)}`]]) {
    const { code, stderr } = await new Deno.Command(program, { args, stderr: "piped" }).output();
    assert.equal(code, 1);
    assert.match(new TextDecoder().decode(stderr), /^forwarder: /);
  }
});
