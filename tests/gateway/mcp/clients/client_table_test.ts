/** Every client: its file on each system, and its entry to the letter. */
import assert from "node:assert/strict";
import { mcpClients } from "../../../../gateway/mcp/clients/client_table.ts";
import { findClient, globalFile } from "../../../../gateway/mcp/clients/client_files.ts";
import { changeEntry, readEntries } from "../../../../gateway/mcp/clients/client_entries.ts";
import { parseJson } from "../../../../gateway/mcp/files/json_text.ts";
import { parseYaml } from "../../../../gateway/mcp/files/yaml_text.ts";
import { parseToml } from "../../../../gateway/mcp/files/toml_text.ts";
import { isGateway } from "../../../../gateway/mcp/clients/connect.ts";

const environments = {
  linux: { HOME: "/nowhere" },
  darwin: { HOME: "/nowhere" },
  windows: {
    USERPROFILE: "C:/Users/me",
    APPDATA: "C:/Users/me/AppData/Roaming",
    LOCALAPPDATA: "C:/Users/me/AppData/Local",
  },
};

const support = "/nowhere/Library/Application Support";
const roaming = "C:/Users/me/AppData/Roaming";
const std = { command: "skiff", args: ["mcp", "gateway", "run"] };

interface Expected {
  /** linux, macOS, Windows */
  files: [string | undefined, string | undefined, string | undefined];
  holds: unknown;
  project?: string;
}

const home = (
  file: string,
): Expected["files"] => [`/nowhere/${file}`, `/nowhere/${file}`, `C:/Users/me/${file}`];
const servers = (entry: unknown) => ({ mcpServers: { MCP_SKIFF: entry } });
const cline = "globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json";
const roo = "globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json";

const expected: Record<string, Expected> = {
  "claude-desktop": {
    files: [
      "/nowhere/.config/Claude/claude_desktop_config.json",
      `${support}/Claude/claude_desktop_config.json`,
      `${roaming}/Claude/claude_desktop_config.json`,
    ],
    holds: servers(std),
  },
  "claude-code": {
    files: home(".claude.json"),
    holds: servers({ type: "stdio", ...std }),
    project: ".mcp.json",
  },
  codex: {
    files: home(".codex/config.toml"),
    holds: { mcp_servers: { MCP_SKIFF: std } },
    project: ".codex/config.toml",
  },
  cursor: { files: home(".cursor/mcp.json"), holds: servers(std), project: ".cursor/mcp.json" },
  vscode: {
    files: [
      "/nowhere/.config/Code/User/mcp.json",
      `${support}/Code/User/mcp.json`,
      `${roaming}/Code/User/mcp.json`,
    ],
    holds: { servers: { MCP_SKIFF: { type: "stdio", ...std } } },
    project: ".vscode/mcp.json",
  },
  continue: { files: home(".continue/config.yaml"), holds: { mcpServers: [{ name: "MCP_SKIFF", ...std }] } },
  gemini: { files: home(".gemini/settings.json"), holds: servers(std), project: ".gemini/settings.json" },
  goose: {
    files: [
      "/nowhere/.config/goose/config.yaml",
      "/nowhere/.config/goose/config.yaml",
      `${roaming}/Block/goose/config/config.yaml`,
    ],
    holds: {
      extensions: {
        mcpskiff: {
          name: "mcpskiff",
          type: "stdio",
          cmd: "skiff",
          args: ["mcp", "gateway", "run"],
          enabled: true,
          timeout: 300,
          bundled: null,
          description: "All enabled MCP servers, through one gateway",
          env_keys: [],
          envs: {},
        },
      },
    },
  },
  lmstudio: { files: home(".cache/lm-studio/mcp.json"), holds: servers(std) },
  opencode: {
    files: home(".config/opencode/opencode.json"),
    holds: {
      mcp: { MCP_SKIFF: { type: "local", command: ["skiff", "mcp", "gateway", "run"], enabled: true } },
    },
    project: "opencode.json",
  },
  sema4: {
    files: [
      "/nowhere/.sema4ai/sema4ai-studio/mcp_servers.json",
      "/nowhere/.sema4ai/sema4ai-studio/mcp_servers.json",
      "C:/Users/me/AppData/Local/sema4ai/sema4ai-studio/mcp_servers.json",
    ],
    holds: servers({ ...std, transport: "stdio" }),
  },
  cline: {
    files: [
      `/nowhere/.config/Code/User/${cline}`,
      `${support}/Code/User/${cline}`,
      `${roaming}/Code/User/${cline}`,
    ],
    holds: servers(std),
  },
  windsurf: { files: home(".codeium/windsurf/mcp_config.json"), holds: servers(std) },
  zed: {
    files: [
      "/nowhere/.config/zed/settings.json",
      "/nowhere/.config/zed/settings.json",
      `${roaming}/Zed/settings.json`,
    ],
    holds: { context_servers: { MCP_SKIFF: { source: "custom", enabled: true, ...std } } },
    project: ".zed/settings.json",
  },
  kiro: { files: home(".kiro/settings/mcp.json"), holds: servers(std), project: ".kiro/settings/mcp.json" },
  "amazon-q": { files: home(".aws/amazonq/mcp.json"), holds: servers(std), project: ".amazonq/mcp.json" },
  crush: {
    files: [
      "/nowhere/.config/crush/crush.json",
      "/nowhere/.config/crush/crush.json",
      "C:/Users/me/AppData/Local/crush/crush.json",
    ],
    holds: { mcp: { MCP_SKIFF: { type: "stdio", ...std } } },
    project: ".crush.json",
  },
  amp: { files: home(".config/amp/settings.json"), holds: { "amp.mcpServers": { MCP_SKIFF: std } } },
  roo: {
    files: [
      `/nowhere/.config/Code/User/${roo}`,
      `${support}/Code/User/${roo}`,
      `${roaming}/Code/User/${roo}`,
    ],
    holds: servers(std),
    project: ".roo/mcp.json",
  },
  antigravity: { files: home(".gemini/antigravity/mcp_config.json"), holds: servers(std) },
  factory: {
    files: home(".factory/mcp.json"),
    holds: servers({ type: "stdio", ...std }),
    project: ".factory/mcp.json",
  },
  kimi: { files: home(".kimi/mcp.json"), holds: servers(std) },
  junie: { files: home(".junie/mcp/mcp.json"), holds: servers(std), project: ".junie/mcp/mcp.json" },
  "copilot-cli": {
    files: home(".copilot/mcp-config.json"),
    holds: servers({ type: "local", ...std, tools: ["*"] }),
  },
  qwen: { files: home(".qwen/settings.json"), holds: servers(std), project: ".qwen/settings.json" },
  "visual-studio": {
    files: [undefined, undefined, "C:/Users/me/.mcp.json"],
    holds: { servers: { MCP_SKIFF: { type: "stdio", ...std } } },
  },
};

Deno.test("the table and this specification have the same clients", () => {
  assert.deepEqual(mcpClients.map(({ name }) => name).sort(), Object.keys(expected).sort());
});

const parsers = { json: parseJson, toml: parseToml, "yaml-map": parseYaml, "yaml-list": parseYaml };

for (const [name, { files, holds, project }] of Object.entries(expected)) {
  Deno.test(`${name}: file on each system, entry, and back to the file as it was`, () => {
    const client = findClient(name);
    const found = (["linux", "darwin", "windows"] as const).map((os) => {
      const env = { get: (variable: string) => (environments[os] as Record<string, string>)[variable] };
      return globalFile(client, { env, os, cwd: "/" })?.path;
    });
    assert.deepEqual(found, files);
    assert.equal(client.project?.file, project);
    for (const format of [client.format, ...(client.project ? [client.project.format] : [])]) {
      const text = changeEntry("", format, { name: "MCP_SKIFF", command: std }, "f");
      assert.deepEqual(JSON.parse(JSON.stringify(parsers[format.kind](text, "f"))), holds);
      const entries = readEntries(text, format, "f");
      assert.deepEqual([...entries.values()].map(isGateway), [true]);
      assert.deepEqual(
        [...readEntries(changeEntry(text, format, { name: "MCP_SKIFF" }, "f"), format, "f")],
        [],
      );
    }
  });
}

const moved: { client: string; env: Record<string, string>; path: string }[] = [
  { client: "claude-code", env: { HOME: "/h", CLAUDE_CONFIG_DIR: "/c" }, path: "/c/.claude.json" },
  { client: "codex", env: { HOME: "/h", CODEX_HOME: "/c" }, path: "/c/config.toml" },
  { client: "zed", env: { HOME: "/h", XDG_CONFIG_HOME: "/x" }, path: "/x/zed/settings.json" },
];

for (const { client, env, path } of moved) {
  Deno.test(`${client}: ${Object.keys(env).at(-1)} moves the file`, () => {
    const place = { env: { get: (name: string) => env[name] }, os: "linux" as const, cwd: "/" };
    assert.equal(globalFile(findClient(client), place)?.path, path);
  });
}
