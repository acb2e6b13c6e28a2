/** How the proxy gets outside: through a company's proxy, where the environment names one. */
import assert from "node:assert/strict";
import { parentProxy } from "../../../../core/sandbox/network/proxy/dial.ts";
import { proxyHome, readUntil, tcpServer } from "../../../support/proxy_home.ts";

Deno.test("the parent proxy is what the environment names", () => {
  const read = (values: Record<string, string>) => parentProxy({ get: (name) => values[name] });
  assert.equal(read({}), undefined);
  assert.deepEqual(
    read({ https_proxy: "http://user:p%40ss@proxy.corp:8080", NO_PROXY: "localhost, .corp" }),
    {
      hostname: "proxy.corp",
      port: 8080,
      authorization: `Basic ${btoa("user:p@ss")}`,
      except: ["localhost", ".corp"],
    },
  );
  assert.equal(read({ HTTPS_PROXY: "socks5://x:1" }), undefined);
  assert.equal(read({ HTTPS_PROXY: "nonsense" }), undefined);
});

Deno.test("behind a parent proxy names are decided here and reached there", async () => {
  const asked: string[] = [];
  const parent = tcpServer(async (connection) => {
    const head = await readUntil(connection, /\r\n\r\n/);
    asked.push(head);
    await connection.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\n\r\nhello from beyond"));
    connection.close();
  });
  const parts = {
    parent: {
      hostname: "127.0.0.1",
      port: parent.port,
      authorization: "Basic eDp5",
      except: ["direct.example"],
    },
  };
  await using home = await proxyHome({ "inside.example": ["10.0.0.1"] }, parts);
  const sandbox = await home.sandbox("a", { allow: ["*.example"] });
  const tunnel = (name: string) =>
    sandbox.send("proxy", `CONNECT ${name}:443 HTTP/1.1\r\nHost: ${name}\r\n\r\n`);
  assert.match(await tunnel("unknown-here.example"), /^HTTP\/1\.1 200 [^]*\r\n\r\nhello from beyond$/);
  assert.match(
    asked[0],
    /^CONNECT unknown-here\.example:443 HTTP\/1\.1\r\n[^]*Proxy-Authorization: Basic eDp5/,
  );
  assert.match(await tunnel("evil.com"), /^HTTP\/1\.1 403 /);
  assert.match(await tunnel("inside.example"), /^HTTP\/1\.1 403 [^]*private/); // what is known here is checked here
  assert.match(await tunnel("direct.example"), /^HTTP\/1\.1 403 [^]*cannot be resolved/);
  assert.equal(asked.length, 1);
  parent.close();
});
