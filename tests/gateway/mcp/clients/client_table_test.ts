/** Every client: its file on each system, and its entry to the letter. */
import assert from "node:assert/strict";
import type { ClientOs } from "../../../../gateway/mcp/clients/client.ts";
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
  /** Where it is another one than `holds`. */
  projectHolds?: unknown;
}

const home = (
  file: string,
): Expected["files"] => [`/nowhere/${file}`, `/nowhere/${file}`, `C:/Users/me/${file}`];
const servers = (entry: unknown) => ({ mcpServers: { MCP_SKIFF: entry } });
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
  continue: {
    files: home(".continue/config.yaml"),
    holds: { mcpServers: [{ name: "MCP_SKIFF", ...std }] },
    project: ".continue/mcpServers/mcp.json",
    projectHolds: servers(std),
  },
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
  lmstudio: { files: home(".lmstudio/mcp.json"), holds: servers(std) },
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
  cline: { files: home(".cline/data/settings/cline_mcp_settings.json"), holds: servers(std) },
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
  amp: {
    files: home(".config/amp/settings.json"),
    holds: { "amp.mcpServers": { MCP_SKIFF: std } },
    project: ".amp/settings.json",
  },
  roo: {
    files: [
      `/nowhere/.config/Code/User/${roo}`,
      `${support}/Code/User/${roo}`,
      `${roaming}/Code/User/${roo}`,
    ],
    holds: servers(std),
    project: ".roo/mcp.json",
  },
  antigravity: {
    files: home(".gemini/config/mcp_config.json"),
    holds: servers(std),
    project: ".agents/mcp_config.json",
  },
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
    project: ".mcp.json",
    projectHolds: servers({ type: "stdio", ...std }),
  },
  qwen: { files: home(".qwen/settings.json"), holds: servers(std), project: ".qwen/settings.json" },
  augment: { files: home(".augment/settings.json"), holds: servers(std) },
  kilo: {
    files: home(".config/kilo/kilo.json"),
    holds: {
      mcp: { MCP_SKIFF: { type: "local", command: ["skiff", "mcp", "gateway", "run"], enabled: true } },
    },
    project: "kilo.json",
  },
  warp: { files: home(".warp/.mcp.json"), holds: servers(std), project: ".warp/.mcp.json" },
  "visual-studio": {
    files: [undefined, undefined, "C:/Users/me/.mcp.json"],
    holds: { servers: { MCP_SKIFF: { type: "stdio", ...std } } },
  },
};

Deno.test("the table and this specification have the same clients", () => {
  assert.deepEqual(mcpClients.map(({ name }) => name).sort(), Object.keys(expected).sort());
});

const parsers = { json: parseJson, toml: parseToml, "yaml-map": parseYaml, "yaml-list": parseYaml };

for (const [name, { files, holds, project, projectHolds = holds }] of Object.entries(expected)) {
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
      assert.deepEqual(
        JSON.parse(JSON.stringify(parsers[format.kind](text, "f"))),
        format === client.format ? holds : projectHolds,
      );
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
  { client: "claude-code", env: { CLAUDE_CONFIG_DIR: "/c" }, path: "/c/.claude.json" },
  { client: "codex", env: { CODEX_HOME: "/c" }, path: "/c/config.toml" },
  { client: "zed", env: { XDG_CONFIG_HOME: "/x" }, path: "/x/zed/settings.json" },
  { client: "opencode", env: { XDG_CONFIG_HOME: "/x" }, path: "/x/opencode/opencode.json" },
  { client: "continue", env: { CONTINUE_GLOBAL_DIR: "/c" }, path: "/c/config.yaml" },
  { client: "gemini", env: { GEMINI_CLI_HOME: "/c" }, path: "/c/.gemini/settings.json" },
  { client: "qwen", env: { QWEN_HOME: "/c" }, path: "/c/settings.json" },
  { client: "copilot-cli", env: { COPILOT_HOME: "/c" }, path: "/c/mcp-config.json" },
  { client: "kimi", env: { KIMI_SHARE_DIR: "/c" }, path: "/c/mcp.json" },
  { client: "factory", env: { FACTORY_HOME_OVERRIDE: "/c" }, path: "/c/.factory/mcp.json" },
  { client: "goose", env: { GOOSE_PATH_ROOT: "/c" }, path: "/c/config/config.yaml" },
  { client: "crush", env: { CRUSH_GLOBAL_CONFIG: "/c" }, path: "/c/crush.json" },
  { client: "amp", env: { AMP_SETTINGS_FILE: "/c/s.json" }, path: "/c/s.json" },
  { client: "cline", env: { CLINE_DIR: "/c" }, path: "/c/data/settings/cline_mcp_settings.json" },
  { client: "cline", env: { CLINE_MCP_SETTINGS_PATH: "/c/m.json" }, path: "/c/m.json" },
];

for (const { client, env, path } of moved) {
  Deno.test(`${client}: ${Object.keys(env).at(-1)} moves the file`, () => {
    const place = {
      env: { get: (name: string) => ({ HOME: "/h", ...env })[name] },
      os: "linux" as const,
      cwd: "/",
    };
    assert.equal(globalFile(findClient(client), place)?.path, path);
  });
}

const clineOld = ".config/Cursor/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json";
const store = "Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude/claude_desktop_config.json";

/** Of several places the one that is in use; `/` at the end: a folder. */
const inUse: { client: string; os?: ClientOs; there: string[]; file: string }[] = [
  { client: "lmstudio", there: [".lmstudio/"], file: ".lmstudio/mcp.json" },
  { client: "lmstudio", there: [".cache/lm-studio/"], file: ".cache/lm-studio/mcp.json" },
  {
    client: "lmstudio",
    there: [".lmstudio/", ".cache/lm-studio/mcp.json"],
    file: ".cache/lm-studio/mcp.json",
  },
  { client: "cline", there: [clineOld], file: clineOld },
  { client: "cline", there: [clineOld.replace(/[^/]*$/, "")], file: clineOld },
  {
    client: "cline",
    there: [clineOld, ".cline/data/settings/cline_mcp_settings.json"],
    file: ".cline/data/settings/cline_mcp_settings.json",
  },
  {
    client: "vscode",
    there: [".config/Code - Insiders/User/"],
    file: ".config/Code - Insiders/User/mcp.json",
  },
  {
    client: "vscode",
    there: [".config/Code/User/", ".config/VSCodium/User/"],
    file: ".config/Code/User/mcp.json",
  },
  { client: "antigravity", there: [".gemini/antigravity/"], file: ".gemini/antigravity/mcp_config.json" },
  { client: "opencode", there: [".config/opencode/opencode.jsonc"], file: ".config/opencode/opencode.jsonc" },
  { client: "claude-desktop", os: "windows", there: ["Roaming/Claude/", store], file: store },
  {
    client: "claude-desktop",
    os: "windows",
    there: ["Local/"],
    file: "Roaming/Claude/claude_desktop_config.json",
  },
];

for (const { client, os = "linux", there, file } of inUse) {
  Deno.test(`${client}: with ${there.join(" and ")} it is ${file}`, async () => {
    const home = await Deno.makeTempDir();
    try {
      for (const one of there) {
        await Deno.mkdir(`${home}/${one.replace(/[^/]*$/, "")}`, { recursive: true });
        if (!one.endsWith("/")) await Deno.writeTextFile(`${home}/${one}`, "{}");
      }
      const env: Record<string, string> = {
        HOME: home,
        APPDATA: `${home}/Roaming`,
        LOCALAPPDATA: `${home}/Local`,
      };
      const place = { env: { get: (name: string) => env[name] }, os, cwd: "/" };
      assert.equal(globalFile(findClient(client), place)?.path, `${home}/${file}`);
    } finally {
      await Deno.remove(home, { recursive: true });
    }
  });
}
