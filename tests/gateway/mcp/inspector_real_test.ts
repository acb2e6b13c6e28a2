/** The official inspector's command line as the client of a gateway, in front of the reference server. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { selfCommand } from "../../../core/process/self.ts";
import { freePort } from "../../support/executable.ts";
import { gatewayProcess } from "../../support/mcp/gateway_process.ts";
import { referenceProgram } from "../../support/mcp/reference_servers.ts";
import { npmInstall } from "../../support/npm_packages.ts";
import { part, realTest } from "../../support/parts.ts";
import { withHome } from "./home.ts";

/** Folder with the inspector; the reference servers have the Node that it needs. */
async function parts() {
  const packages = ["@modelcontextprotocol/inspector@2.12.0"];
  const folder = await part("mcp/inspector-2.12.0", async (target) => {
    await npmInstall(target, packages, ["--ignore-scripts"]);
  });
  const everything = await referenceProgram("everything");
  const launcher = `${folder}/node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js`;
  return { inspector: [everything[0], launcher, "--cli"], everything };
}

const text = "whales in the inspector";
const methods: [words: string[], answer: RegExp, overStdio?: boolean][] = [
  [["--method", "tools/list"], /"name": "echo"/, true],
  [
    ["--method", "tools/call", "--tool-name", "echo", "--tool-arg", `message=${text}`],
    new RegExp(text),
    true,
  ],
  [["--method", "tools/call", "--tool-name", "get-sum", "--tool-arg", "a=1", "b=2"], /3/],
  [["--method", "resources/list"], /"uri": "demo:\/\/resource/],
  [["--method", "resources/templates/list"], /"uriTemplate": "demo:\/\/resource/],
  [["--method", "resources/read", "--uri", "demo://resource/dynamic/text/1"], /Resource 1/],
  [["--method", "prompts/list"], /"name": "simple-prompt"/],
  [
    ["--method", "prompts/get", "--prompt-name", "args-prompt", "--prompt-args", "city=Nantucket"],
    /Nantucket/,
  ],
];

realTest(
  "the inspector lists, calls and reads over stdio and HTTP",
  parts,
  async ({ inspector, everything }, t) => {
    await withHome(async (home) => {
      const registry = { everything: { type: "local", command: everything } };
      await home.write("catalog.yaml", JSON.stringify({ registry }));
      const env = { HOME: home.home, SKIFF_HOME: `${home.home}/skiff` };
      const flags = ["--catalog", `${home.home}/catalog.yaml`, "--enable-all-servers"];
      const inspect = async (target: string[], words: string[]) => {
        const [program, ...args] = inspector;
        const { code, stdout, stderr } = await new Deno.Command(program, {
          args: [...args, ...target, ...words],
          env: { ...env, PATH: Deno.env.get("PATH")! },
          clearEnv: true,
          stdin: "null",
        }).output();
        const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
        equal(code, 0, out + err);
        return out;
      };
      const { program, args } = selfCommand(["mcp", "gateway", "run", ...flags]);
      const script = `${home.home}/gateway.sh`;
      const line = [program, ...args].map((word) => `'${word}'`).join(" ");
      await Deno.writeTextFile(script, `#!/bin/sh\nexec ${line} 2>/dev/null\n`, { mode: 0o755 });
      for (const [words, answer] of methods.filter(([, , overStdio]) => overStdio)) {
        await t.step(
          `stdio: ${words.slice(1, 4).join(" ")}`,
          async () => match(await inspect([script], words), answer),
        );
      }
      const port = freePort();
      await using gateway = gatewayProcess([...flags, "--transport=streaming", `--port=${port}`], {
        env: { ...env, MCP_GATEWAY_AUTH_TOKEN: "mine" },
      });
      await gateway.line(/> Gateway/);
      const target = [
        `http://127.0.0.1:${port}/mcp`,
        "--transport",
        "http",
        "--header",
        "Authorization: Bearer mine",
      ];
      for (const [words, answer] of methods) {
        await t.step(
          `HTTP: ${words.slice(1, 4).join(" ")}`,
          async () => match(await inspect(target, words), answer),
        );
      }
      await t.step("HTTP: what it lists is what it is told at the server itself", async () => {
        const names = async (target: string[]) => {
          const { tools } = JSON.parse(await inspect(target, ["--method", "tools/list"]));
          return tools.map(({ name }: { name: string }) => name);
        };
        const [through, itself] = [await names(target), await names(everything)];
        deepEqual(itself.filter((name: string) => !through.includes(name)), []);
        ok(itself.length > 10);
      });
    });
  },
);
