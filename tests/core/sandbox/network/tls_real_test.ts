/** Credentials go out over TLS whose certificate is checked, with a certificate made by openssl. */
import assert from "node:assert/strict";
import { debianPackages } from "../../../support/apt.ts";
import { commandOutput } from "../../../support/command.ts";
import { realTest } from "../../../support/parts.ts";
import { proxyHome } from "../../../support/proxy_home.ts";

async function certificate(): Promise<{ cert: string; key: string }> {
  await debianPackages("openssl");
  const folder = await Deno.makeTempDir();
  try {
    await commandOutput("openssl", [
      ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=api.example".split(
        " ",
      ),
      ..."-addext subjectAltName=DNS:api.example -addext basicConstraints=critical,CA:FALSE".split(" "),
      "-keyout",
      `${folder}/key`,
      "-out",
      `${folder}/cert`,
    ]);
    return { cert: await Deno.readTextFile(`${folder}/cert`), key: await Deno.readTextFile(`${folder}/key`) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

realTest(
  "the credential reaches only the upstream that its certificate names",
  certificate,
  async ({ cert, key }) => {
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, cert, key, onListen() {} }, (request) => {
      return new Response(`${request.headers.get("host")} ${request.headers.get("authorization")}`);
    });
    const { port } = server.addr;
    const names = { "api.example": ["127.0.0.1"], "other.example": ["127.0.0.1"] };
    const rule = { header: "authorization", format: "Bearer {secret}", secret: "K" };
    const credentials = [
      { provider: "right", upstream: `https://api.example:${port}`, ...rule },
      { provider: "wrong", upstream: `https://other.example:${port}`, ...rule },
    ];
    const allow = [`*.example:${port}`, `127.0.0.1:${port}`];
    const ask = "HTTP/1.1\r\nHost: 127.0.0.1:3129\r\nConnection: close\r\n\r\n";
    {
      await using home = await proxyHome(names, { certificates: () => Promise.resolve([cert]) });
      const sandbox = await home.sandbox("a", { allow }, { credentials }, { K: "real" });
      assert.match(
        await sandbox.send("credentials", `GET /right/x ${ask}`),
        new RegExp(`api\\.example:${port} Bearer real`),
      );
      const wrong = await sandbox.send("credentials", `GET /wrong/x ${ask}`);
      assert.match(wrong, /^HTTP\/1\.1 502 [^]*no TLS connection to other\.example/);
      assert.doesNotMatch(wrong, /real/);
    }
    await using untrusting = await proxyHome(names);
    const sandbox = await untrusting.sandbox("a", { allow }, { credentials }, { K: "real" });
    assert.match(await sandbox.send("credentials", `GET /right/x ${ask}`), /^HTTP\/1\.1 502 /);
    await server.shutdown();
  },
);
