/** `skiff mcp` as one file in an empty home: servers are enabled, called, connected to clients, and gone. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import {
  attachContainer,
  createContainer,
  listContainers,
  removeContainer,
  startContainer,
} from "../../core/docker/containers.ts";
import type { Docker } from "../../core/docker/docker.ts";
import { demultiplex } from "../../core/docker/stdcopy.ts";
import { exists } from "../../core/paths/exists.ts";
import { Client } from "../../gateway/mcp/sdk.ts";
import { StreamableHTTPClientTransport } from "../../gateway/mcp/sdk_http.ts";
import { busyboxImage, debianBase, testDocker } from "../support/docker.ts";
import { LineTransport } from "../../gateway/mcp/servers/line_transport.ts";
import { findExecutable, freePort, type Home, makeHome } from "../support/executable.ts";
import {
  gatewayProcess,
  messageLine,
  scriptedGateway,
  type StdioGateway,
  stdioGateway,
} from "../support/mcp/gateway_process.ts";
import { listeningServer, runInside, shellServer } from "../support/mcp/shell_server.ts";
import { realTest } from "../support/parts.ts";
import { until } from "../support/proxy_process.ts";

interface Parts {
  home: Home;
  docker: Docker;
  /** Names of servers of this test alone: "shell" and "other". */
  names: Record<"shell" | "other", string>;
  /** A gateway of the executable, over stdio. */
  gateway(...flags: string[]): Promise<StdioGateway>;
  containers(): Promise<unknown[]>;
}

/** A home whose catalog has two servers in containers, of which none is enabled. */
function mcpTest(name: string, fn: (parts: Parts) => Promise<void>): void {
  const needs = async () => ({ executable: await findExecutable(), engine: await testDocker() });
  realTest(name, needs, async ({ executable, engine }) => {
    const home = await makeHome(executable);
    home.env.DOCKER_HOST = engine.host;
    const docker = await engine.open();
    const image = await busyboxImage(docker);
    const names = { shell: `shell-${freePort()}`, other: `other-${freePort()}` };
    const registry = Object.fromEntries(
      Object.entries(names).map(([prefix, name]) => [
        name,
        shellServer(name, image, { prefix, description: `Runs scripts in a ${prefix} container` }),
      ]),
    );
    await Deno.writeTextFile(`${home.folder}/mine.yaml`, JSON.stringify({ name: "mine", registry }));
    await home.ok(["mcp", "catalog", "import", `${home.folder}/mine.yaml`]);
    const containers = async () => {
      const all = await Promise.all(
        Object.values(names).map((name) =>
          listContainers(docker, { all: true, filters: { label: [`docker-mcp-name=${name}`] } })
        ),
      );
      return all.flat();
    };
    try {
      await fn({
        home,
        docker,
        names,
        containers,
        gateway: (...flags) =>
          stdioGateway(["--verify-signatures=false", ...flags], {
            env: home.env,
            cwd: home.folder,
            command: (args) => ({ program: executable, args }),
          }),
      });
      await until(async () => (await containers()).length === 0);
    } finally {
      docker.close();
      await Deno.remove(home.folder, { recursive: true });
    }
  });
}

const script = (text: string) => btoa(text);
const textOf = (result: unknown) => (result as { content: { text: string }[] }).content[0].text;

mcpTest("server enable, tools ls, call and disable, in containers", async ({ home, names, containers }) => {
  match(await home.ok(["mcp", "server", "enable", names.shell]), new RegExp(`Enabled ${names.shell}`));
  match(await home.ok(["mcp", "server", "ls"]), new RegExp(names.shell));
  const quiet = ["--gateway-arg=--verify-signatures=false"];
  match(await home.ok(["mcp", "tools", "ls", ...quiet]), / - shell__run/);
  const called = await home.ok([
    "mcp",
    "tools",
    "call",
    "shell__run",
    `script=${script("echo whales")}`,
    ...quiet,
  ]);
  match(called, new RegExp(`Tool call took: \\d+ms\n${script("whales\n")}`));
  equal((await home.skiff(["mcp", "tools", "call", "nothing", ...quiet])).code, 1);
  await home.ok(["mcp", "server", "disable", names.shell]);
  ok(!(await home.ok(["mcp", "tools", "ls", ...quiet])).includes("shell__run"));
  deepEqual(await containers(), []);
});

mcpTest("catalog show and profile show print what --yq gives of them", async ({ home, names }) => {
  const catalog = (...words: string[]) => home.ok(["mcp", "catalog", "show", "mine", ...words]);
  const both = Object.values(names).sort();
  equal(await catalog("--yq", ".registry[] | key"), both.map((name) => `${name}\n`).join(""));
  deepEqual(JSON.parse(await catalog("--format=json", "--yq", ".registry | keys")), both);
  equal(await catalog("--yq", '.name | sub("(?i)^\\AM"; "<$0>") | @base64'), `${btoa("<m>ine")}\n`);
  await home.ok(["mcp", "profile", "create", "--name", "Work", "--server", names.shell]);
  equal(
    await home.ok(["mcp", "profile", "show", "work", "--yq", '"\\(.id): \\(.servers | length)"']),
    "work: 1\n",
  );
  const { code, stderr } = await home.skiff(["mcp", "profile", "show", "work", "--yq", ".id |"]);
  equal(code, 1);
  match(stderr, /^yq: 1:5: `\|` takes two expressions/);
});

mcpTest("client connect writes an entry whose command is a gateway", async ({ home, names }) => {
  await home.ok(["mcp", "server", "enable", names.shell]);
  await home.ok(["mcp", "client", "connect", "cursor", "--global"]);
  const written = JSON.parse(await Deno.readTextFile(`${home.folder}/.cursor/mcp.json`));
  const [{ command, args, env = {} }] = Object.values(written.mcpServers) as any[];
  deepEqual(args.slice(0, 3), ["mcp", "gateway", "run"]);
  const folders = home.env.PATH.split(":").concat(`${home.folder}/bin`);
  const program = command.includes("/") ? command : "skiff";
  await using gateway = await stdioGateway([...args.slice(3), "--verify-signatures=false"], {
    env: { ...home.env, ...env, PATH: folders.join(":") },
    command: (words) => ({ program: program === "skiff" ? home.executable : program, args: words }),
  });
  ok((await gateway.client.listTools()).tools.some(({ name }) => name === "shell__run"));
  await home.ok(["mcp", "client", "disconnect", "cursor", "--global"]);
  ok(!await exists(`${home.folder}/.cursor/mcp.json`), "connecting had made it");
});

mcpTest(
  "dynamic tools find and add a server, and a script calls it",
  async ({ gateway: start, names, containers }) => {
    const gateway = await start();
    const { client } = gateway;
    const call = async (name: string, args: Record<string, unknown>) =>
      textOf(await client.callTool({ name, arguments: args }));
    match(await call("mcp-find", { query: "scripts in a shell container" }), new RegExp(names.shell));
    await client.listTools(); // who has not seen a list is not told of its changes
    const heard = gateway.hears("notifications/tools/list_changed");
    match(await call("mcp-add", { name: names.shell }), /shell__run/);
    await heard;
    equal(await runInside(client, "echo whales", "shell__run"), "whales");
    await call("code-mode", { servers: [names.shell], name: "twice" });
    const scripts = JSON.stringify(["blue", "whale"].map((word) => script(`echo ${word}`)));
    const code = `const out = [];
    for (const script of ${scripts}) out.push(await shell__run({ script }));
    return out.join(" ");`;
    match(
      await call("code-mode-twice", { script: code }),
      new RegExp(["blue\n", "whale\n"].map(script).join(" ")),
    );
    match(await call("code-mode-twice", { script: "return typeof Deno" }), /undefined/);
    equal((await containers()).length, 1);
    await call("mcp-remove", { name: names.shell });
    deepEqual(await containers(), []);
    await client.close();
    await gateway.child.stdin.close().catch(() => {});
    equal(await gateway.ended, 0);
  },
);

mcpTest(
  "a script writes its requests and no more: it gets all answers, and nothing waits for it when it is killed",
  async ({ home, names, containers }) => {
    await home.ok(["mcp", "server", "enable", names.shell]);
    const call = (id: number, script: string) =>
      messageLine({
        id,
        method: "tools/call",
        params: { name: "shell__run", arguments: { script: btoa(script) } },
      });
    const piped = (text: string) =>
      scriptedGateway(text, ["--verify-signatures=false"], {
        env: home.env,
        command: (args) => ({ program: home.executable, args }),
      });
    {
      await using gateway = await piped(
        messageLine({ id: 2, method: "tools/list" }) + call(3, "echo whales"),
      );
      const told = await new Response(gateway.child.stdout).text();
      match(told, /"id":2,"result":\{"tools":\[.*shell__run/);
      match(told, new RegExp(`"id":3,"result":.*${btoa("whales\n")}`));
      equal(await gateway.ended, 0);
    }
    await using gateway = await piped(call(2, "sleep 600"));
    await gateway.line(/Calling tool shell__run/);
    await until(async () => (await containers()).length === 1);
    await gateway.child.stdout.cancel();
    equal(await gateway.ended, 0);
    deepEqual(await containers(), []);
  },
);

mcpTest(
  "over HTTP two clients have servers of their own, which go with them",
  async ({ home, names, containers }) => {
    await home.ok(["mcp", "server", "enable", names.shell, names.other]);
    const port = freePort();
    const flags = ["--transport=streaming", `--port=${port}`, "--verify-signatures=false"];
    await using gateway = gatewayProcess(flags, {
      env: { ...home.env, MCP_GATEWAY_AUTH_TOKEN: "mine" },
      command: (args) => ({ program: home.executable, args }),
    });
    await gateway.line(/> Gateway/);
    const clients = await Promise.all(["one", "two"].map(async (name) => {
      const client = new Client({ name, version: "1" });
      const requestInit = { headers: { Authorization: "Bearer mine" } };
      const transport = new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${port}/mcp`), {
        requestInit,
      });
      await client.connect(transport as never);
      return { name, client, transport };
    }));
    await Promise.all(
      clients.map(({ client, name }) => runInside(client, `echo ${name} > /tmp/mark`, "shell__run")),
    );
    for (const { client, name } of clients) {
      equal(
        await runInside(client, "cat /tmp/mark", "shell__run"),
        name,
      );
    }
    await clients[0].transport.terminateSession();
    await until(async () => (await containers()).length <= 2);
    gateway.child.kill("SIGTERM");
    equal(await gateway.ended, 0);
    await Promise.all(clients.map(({ client }) => client.close().catch(() => {})));
  },
);

mcpTest(
  "a gateway that is killed leaves no container",
  async ({ home, names, gateway: start, containers }) => {
    await home.ok(["mcp", "server", "enable", names.shell]);
    const gateway = await start();
    equal(await runInside(gateway.client, "echo here", "shell__run"), "here");
    equal((await containers()).length, 1);
    gateway.child.kill("SIGKILL");
    equal(await gateway.ended, "SIGKILL");
  },
);

mcpTest("in a container, --static connects to servers that run already", async ({ home, docker }) => {
  const [base, busybox] = [await debianBase(docker), await busyboxImage(docker)];
  const made: string[] = [];
  try {
    const server = await createContainer(docker, {
      Image: busybox,
      Cmd: listeningServer(4444),
      HostConfig: { Init: true, NetworkMode: "none", ExtraHosts: ["mcp-static:127.0.0.1"] },
    });
    made.push(server.Id);
    await startContainer(docker, server.Id);
    const registry = { static: shellServer("static", busybox) };
    await Deno.writeTextFile(`${home.folder}/static.yaml`, JSON.stringify({ registry }));
    const gateway = await createContainer(docker, {
      Image: base,
      Cmd: ["/skiff", "mcp", "gateway", "run", "--static", "--catalog=/static.yaml", "--servers=static"],
      Env: ["DOCKER_MCP_IN_CONTAINER=1", "HOME=/root"],
      OpenStdin: true,
      StdinOnce: true,
      HostConfig: {
        Init: true,
        NetworkMode: `container:${server.Id}`, // not every test machine carries packets between containers
        Binds: [`${home.executable}:/skiff:ro`, `${home.folder}/static.yaml:/static.yaml:ro`],
      },
    });
    made.push(gateway.Id);
    const stream = await attachContainer(docker, gateway.Id, { stdin: true });
    await startContainer(docker, gateway.Id);
    let said = "";
    const readable = (async function* () {
      for await (const { stream: name, data } of demultiplex(stream.readable)) {
        if (name === "stdout") yield data;
        else said += new TextDecoder().decode(data);
      }
    })();
    const { writable } = stream;
    const client = new Client({ name: "test", version: "1" });
    await client.connect(new LineTransport({ readable, writable, close: () => stream.close(), log() {} }));
    equal(await runInside(client, "hostname").catch((error) => `${error}\n${said}`), server.Id.slice(0, 12));
    await client.close();
  } finally {
    for (const id of made) await removeContainer(docker, id, { force: true }).catch(() => {});
  }
});
