/** `--block-network`, `disableNetwork` and `extraHosts` on a real Engine, looked at from inside the servers. */
import { deepEqual, doesNotMatch, equal, match, ok } from "node:assert/strict";
import { listContainers } from "../../../../core/docker/containers.ts";
import type { Docker } from "../../../../core/docker/docker.ts";
import { sandboxFiles } from "../../../../core/sandbox/network/sandbox_files.ts";
import { busyboxImage, testDocker } from "../../../support/docker.ts";
import { testForwarder } from "../../../support/forwarder.ts";
import { enabled, testGateway } from "../../../support/mcp/fixture.ts";
import { runInside, shellServer } from "../../../support/mcp/shell_server.ts";
import { realTest } from "../../../support/parts.ts";
import { proxyHome } from "../../../support/proxy_home.ts";

async function parts() {
  const engine = await testDocker();
  const docker = await engine.open();
  return { engine, docker, image: await busyboxImage(docker), forwarder: await testForwarder() };
}

const unique = (name: string) => `${name}-${crypto.randomUUID().slice(0, 8)}`;
const containersOf = (docker: Docker, name: string) =>
  listContainers(docker, { all: true, filters: { label: [`docker-mcp-name=${name}`] } });

/** A server of the host, on all of its addresses. */
const hostServer = (word: string) =>
  Deno.serve(
    { hostname: "0.0.0.0", port: 0, onListen() {} },
    ({ headers }) => new Response(`${word} ${headers.get("host")}`),
  );

/** What goes through the proxy, and what it answers. */
const proxied: [what: string, request: string, answer: RegExp][] = [
  [
    "the allowed host",
    "GET http://allowed.test:$PORT/ HTTP/1.1\\r\\nHost: allowed.test:$PORT",
    /200 OK.*WHALES/s,
  ],
  ["a tunnel to it", "CONNECT allowed.test:$PORT HTTP/1.1\\r\\nHost: allowed.test:$PORT", /200 Connection/],
  [
    "its other ports",
    "CONNECT allowed.test:$OTHER HTTP/1.1\\r\\nHost: allowed.test:$OTHER",
    /403.*no rule allows port/s,
  ],
  [
    "another name of it",
    "CONNECT other.test:$PORT HTTP/1.1\\r\\nHost: other.test:$PORT",
    /403.*no rule allows it/s,
  ],
  [
    "a name that only begins so",
    "CONNECT allowed.test.evil:443 HTTP/1.1\\r\\nHost: allowed.test.evil:443",
    /403/,
  ],
  ["the loopback of the host", "CONNECT localhost:$OTHER HTTP/1.1\\r\\nHost: localhost:$OTHER", /403/],
  [
    "the loopback of the host by address",
    "CONNECT 127.0.0.1:$OTHER HTTP/1.1\\r\\nHost: 127.0.0.1:$OTHER",
    /403/,
  ],
  ["the same as a number", "CONNECT 2130706433:$OTHER HTTP/1.1\\r\\nHost: 2130706433:$OTHER", /403/],
  ["the Engine's bridge", "CONNECT 172.17.0.1:$OTHER HTTP/1.1\\r\\nHost: 172.17.0.1:$OTHER", /403/],
  [
    "the metadata service",
    "GET http://169.254.169.254/latest/ HTTP/1.1\\r\\nHost: 169.254.169.254",
    /403.*cloud metadata/s,
  ],
  ["a public address", "CONNECT 1.1.1.1:443 HTTP/1.1\\r\\nHost: 1.1.1.1:443", /403/],
  [
    "an allowed name with another Host",
    "GET http://allowed.test:$PORT/ HTTP/1.1\\r\\nHost: other.test",
    /400/,
  ],
];

/** Ways past the proxy: each prints OUT when it leads somewhere. */
const direct: [what: string, script: string][] = [
  ["the allowed host itself", "wget -qO- -T 3 http://$HOST:$PORT/ && echo OUT"],
  ["the host by its bridge", "wget -qO- -T 3 http://172.17.0.1:$PORT/ && echo OUT"],
  ["a public address", "nc -w 3 1.1.1.1 443 </dev/null && echo OUT"],
  ["the metadata service", "nc -w 3 169.254.169.254 80 </dev/null && echo OUT"],
  ["DNS", "nslookup allowed.test 1.1.1.1 && echo OUT"],
  ["DNS of the Engine", "nslookup allowed.test 127.0.0.11 && echo OUT"],
  ["an interface of its own", "ip -o link | grep -v ' lo:' && echo OUT"],
  ["a route", "ip route | grep . && echo OUT"],
  ["the proxy's sockets", "ls /run/skiff/*.sock && echo OUT"],
];

realTest("a server with allowHosts reaches those, and nothing else, in no way", parts, async (found, t) => {
  const { engine, docker, image, forwarder } = found;
  await using home = await proxyHome({
    "allowed.test": ["127.0.0.1"],
    "other.test": ["127.0.0.1"],
    "allowed.test.evil": ["93.184.216.34"],
    "localhost": ["127.0.0.1"],
  });
  const { paths } = home;
  await Deno.mkdir(`${paths.cache}/sandbox`, { recursive: true });
  await Deno.copyFile(forwarder, `${paths.cache}/sandbox/${forwarder.split("/").at(-1)}`);
  await using allowed = hostServer("WHALES");
  await using other = hostServer("SECRET");
  const { port } = allowed.addr;
  const name = unique("blocked");
  const server = enabled(shellServer(name, image, {
    // A name of this machine needs its address among the rules, too.
    allowHosts: [`allowed.test:${port}/tcp`, `127.0.0.1:${port}`],
    user: "1000:1000",
  }));
  const settings = { env: engine.env, paths, blockNetwork: true };
  {
    await using test = testGateway([server], settings);
    const client = await test.connect();
    const host = Deno.networkInterfaces().find((one) => one.family === "IPv4" && one.name !== "lo")?.address;
    const variables = `PORT=${port}\nOTHER=${other.addr.port}\nHOST=${host ?? "10.0.0.1"}\n`;
    const inside = (script: string) => runInside(client, `${variables}${script}`);

    await t.step("programs that know of proxies find the way by themselves", async () => {
      match(await inside("wget -qO- http://allowed.test:$PORT/"), /^WHALES allowed\.test/);
      match(await inside("env"), /HTTPS_PROXY=http:\/\/127\.0\.0\.1:\d+/);
    });
    for (const [what, request, answer] of proxied) {
      await t.step(`through the proxy: ${what}`, async () => {
        const answered = await inside(
          `proxy=\${HTTP_PROXY#http://127.0.0.1:}; (printf "${request}\\r\\n\\r\\n"; sleep 0.1) | nc -w 3 127.0.0.1 $proxy`,
        );
        match(answered, answer);
        doesNotMatch(answered, /SECRET/);
      });
    }
    for (const [what, script] of direct) {
      await t.step(`past the proxy: ${what}`, async () => {
        doesNotMatch(await inside(`unset HTTP_PROXY http_proxy ALL_PROXY all_proxy; ${script}`), /OUT/);
      });
    }
    await t.step("what was refused is told once, with what would allow it", async () => {
      const told = await test.line(/was refused other\.test/);
      equal(told, `${name}: was refused other.test:${port}: no rule allows it`);
      const again = `wget -qO- http://other.test:$PORT/; proxy=\${HTTP_PROXY#http://127.0.0.1:}
        printf "GET http://other.test:$PORT/ HTTP/1.1\\r\\nHost: other.test:$PORT\\r\\n\\r\\n" | nc -w 2 127.0.0.1 $proxy`;
      match(await inside(again), new RegExp(`add "other.test:${port}" to allowHosts of ${name}`));
      equal(test.lines.filter((line) => line.includes("other.test")).length, 1);
      ok(!test.lines.join("\n").includes("latest"), "paths are not told");
    });
    equal((await containersOf(docker, name)).length, 2);
  }
  await t.step("a tool that is a container a call has the same rule", async () => {
    const tools = ["allowed", "other"].map((host) => ({
      name: host,
      container: { image, command: ["wget", "-qO-", `http://${host}.test:${port}/`] },
    }));
    const { allowHosts } = server.entry;
    await using test = testGateway([enabled({ name, type: "poci", tools, allowHosts })], settings);
    const client = await test.connect();
    match(JSON.stringify(await client.callTool({ name: "allowed" })), /WHALES/);
    match(JSON.stringify(await client.callTool({ name: "other" })), /403.*isError/);
    match(await test.line(/was refused/), /other\.test/);
  });
  await t.step("nothing is left behind", async () => {
    deepEqual(await containersOf(docker, name), []);
    deepEqual(home.daemon.status().sandboxes, []);
    const { sockets, state } = sandboxFiles(paths, "x");
    for (const folder of [sockets, state].map((path) => path.slice(0, -2))) {
      const left = [...Deno.readDirSync(folder)].map((one) => one.name).filter((one) => /^mcp-/.test(one));
      deepEqual(left, []);
    }
  });
  docker.close();
});

realTest("disableNetwork leaves nothing but loopback; extraHosts are names inside", parts, async (found) => {
  const { engine, docker, image } = found;
  const [none, named] = [unique("none"), unique("named")];
  const servers = [
    enabled(shellServer(none, image, { disableNetwork: true, prefix: "none" })),
    enabled(shellServer(named, image, { extraHosts: ["whales.test:10.1.2.3"], prefix: "named" })),
  ];
  {
    await using test = testGateway(servers, { env: engine.env, blockNetwork: true });
    const client = await test.connect();
    await client.listTools();
    equal(await runInside(client, "ip -o link | wc -l; ip route", "none__run"), "1");
    match(await runInside(client, "cat /etc/hosts", "named__run"), /10\.1\.2\.3\s+whales\.test/);
    match(await runInside(client, "ip -o link", "named__run"), /eth0/); // no allowHosts, no rule
  }
  for (const name of [none, named]) deepEqual(await containersOf(docker, name), []);
  docker.close();
});
