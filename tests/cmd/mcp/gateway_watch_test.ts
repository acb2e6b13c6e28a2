/** `gateway run --watch`: files are edited while a client is connected. */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { openSecretStore } from "../../../gateway/mcp/secrets/secret_store.ts";
import { type TestHome, withHome } from "../../gateway/mcp/home.ts";
import { type StdioGateway, stdioGateway } from "../../support/mcp/gateway_process.ts";
import { lives, until } from "../../support/proxy_process.ts";

const program = new URL("../../support/mcp/small_server.ts", import.meta.url).pathname;

/** A catalog's text: each server has its tools, a value and a secret. */
function catalog(servers: Record<string, string[]>): string {
  const registry = Object.entries(servers).map(([name, tools]) => [name, {
    type: "local",
    command: [Deno.execPath(), "run", "--allow-env", "--quiet", "--no-check", program, ...tools],
    env: [{ name: "SMALL_WORD", value: `{{${name}.word}}` }],
    secrets: [{ name: `${name}.key`, env: "SMALL_KEY" }],
    config: [{ name, type: "object", properties: { word: { type: "string" } } }],
  }]);
  return JSON.stringify({ registry: Object.fromEntries(registry) });
}

const registry = (...names: string[]) =>
  JSON.stringify({ registry: Object.fromEntries(names.map((name) => [name, { ref: "" }])) });

async function call(gateway: StdioGateway, name: string): Promise<Record<string, any>> {
  const { content } = await gateway.client.callTool({ name, arguments: {} });
  return JSON.parse((content as { text: string }[])[0].text);
}

/** Until calls are answered by a server that has the value; none fails meanwhile. */
async function becomes(gateway: StdioGateway, name: string, value: string): Promise<void> {
  await until(async () => (await call(gateway, "one_a"))[name] === value);
}

const toolNames = async ({ client }: StdioGateway) =>
  (await client.listTools()).tools.map(({ name }) => name).filter((name) =>
    !/^(mcp-|code-mode|find-tools)/.test(name)
  );

/** Edits, and waits until the gateway has read it and told the client. */
async function edited(gateway: StdioGateway, edit: () => Promise<void>, names: string[]): Promise<void> {
  await toolNames(gateway); // it is told of changes of what it has seen
  const heard = gateway.hears("notifications/tools/list_changed");
  await edit();
  await heard;
  await until(async () => (await toolNames(gateway)).join() === names.join());
}

Deno.test({
  name: "every file of the configuration is watched, from an empty home on",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: (t) =>
    withHome(async (home: TestHome) => {
      const env = { HOME: home.home, SKIFF_HOME: `${home.home}/skiff`, SKIFF_MCP_SECRETS: "file" };
      const folder = ".docker/mcp";
      await using gateway = await stdioGateway([], { env, cwd: home.home });
      deepEqual(await toolNames(gateway), []);

      await t.step("catalogs, their list and the registry, in folders that were not there", async () => {
        await edited(gateway, async () => {
          await home.write(
            `${folder}/catalog.json`,
            JSON.stringify({ catalogs: { mine: { displayName: "Mine" } } }),
          );
          await home.write(`${folder}/catalogs/mine.yaml`, catalog({ one: ["one_a", "one_b"] }));
          await home.write(`${folder}/registry.yaml`, registry("one"));
        }, ["one_a", "one_b"]);
        equal((await call(gateway, "one_a")).SMALL_WORD, undefined);
      });

      await t.step("values and secrets: the server is started with the new ones", async () => {
        const { pid } = await call(gateway, "one_a");
        await home.write(`${folder}/config.yaml`, "one: {word: whales}");
        await becomes(gateway, "SMALL_WORD", "whales");
        await until(() => !lives(pid));
        const { files } = home.place;
        await (await openSecretStore(files, home.env)).set("one.key", "s3cret");
        await becomes(gateway, "SMALL_KEY", "s3cret");
        ok(!gateway.lines.join("\n").includes("s3cret"));
      });

      await t.step("the tools that are on", async () => {
        await edited(gateway, () => home.write(`${folder}/tools.yaml`, "one: [one_b]"), ["one_b"]);
        await rejects(call(gateway, "one_a"), /There is no tool one_a/);
        await edited(gateway, () => Deno.remove(`${home.home}/${folder}/tools.yaml`), ["one_a", "one_b"]);
      });

      await t.step("a server more, in the catalog and in the registry", async () => {
        await edited(gateway, async () => {
          await home.write(
            `${folder}/catalogs/mine.yaml`,
            catalog({ one: ["one_a", "one_b"], two: ["two_a"] }),
          );
          await home.write(`${folder}/registry.yaml`, registry("one", "two"));
        }, ["one_a", "one_b", "two_a"]);
        ok((await call(gateway, "two_a")).pid > 0);
      });

      await t.step("the profile default, where newer toolkits keep what is enabled", async () => {
        const { registry: { three } } = JSON.parse(catalog({ three: ["three_a"] }));
        const snapshot = { server: { ...three, name: "three" } };
        const profile = { id: "default", name: "Default", servers: [{ type: "local", snapshot }] };
        await edited(
          gateway,
          () => home.write(`${folder}/profiles/default.yaml`, JSON.stringify(profile)),
          ["one_a", "one_b", "two_a", "three_a"],
        );
        ok((await call(gateway, "three_a")).pid > 0);
        const gone = () => Deno.remove(`${home.home}/${folder}/profiles/default.yaml`);
        await edited(gateway, gone, ["one_a", "one_b", "two_a"]);
      });

      await t.step("a file that is half written changes nothing, and is told", async () => {
        const { pid } = await call(gateway, "one_a");
        const count = (words: RegExp) => gateway.lines.filter((line) => words.test(line)).length;
        const told = () => count(/stays as it was/);
        const reloads = () => count(/Configuration reloaded/);
        const whole = {
          "registry.yaml": registry("one", "two"),
          "catalogs/mine.yaml": catalog({ one: ["one_a", "one_b"], two: ["two_a"] }),
          "config.yaml": "one: {word: whales}",
        };
        for (const [file, text] of Object.entries(whole)) {
          const before = told();
          await home.write(`${folder}/${file}`, text.slice(0, text.length / 2));
          await until(() => told() > before);
          equal((await call(gateway, "one_a")).pid, pid, file);
          deepEqual(await toolNames(gateway), ["one_a", "one_b", "two_a"]);
          const halfRead = reloads(); // what is read from here on is the half, which is no reload, or the whole
          await home.write(`${folder}/${file}`, text);
          await until(() => reloads() > halfRead);
        }
        equal((await call(gateway, "one_a")).pid, pid);
      });

      await t.step("a server less: its tools and its process are gone, the other one stays", async () => {
        const [gone, stays] = [await call(gateway, "one_a"), await call(gateway, "two_a")];
        await edited(gateway, () => home.write(`${folder}/registry.yaml`, registry("two")), ["two_a"]);
        await until(() => !lives(gone.pid));
        equal((await call(gateway, "two_a")).pid, stays.pid);
      });

      await t.step("a feature that is switched is for the next gateway, which is told", async () => {
        await home.write(".docker/config.json", '{"features": {"tool-name-prefix": "true"}}');
        await gateway.line(/hold from the next start/);
        deepEqual(await toolNames(gateway), ["two_a"]);
      });
    }),
});
