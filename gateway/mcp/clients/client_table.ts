/** The table of MCP clients: files by operating system, after each client's own documentation. */
import type { ClientOs, EntryFormat, McpClient } from "./client.ts";
import {
  continueShape,
  copilotShape,
  gooseShape,
  mcpServers,
  opencodeShape,
  sema4Shape,
  stdio,
  zedShape,
} from "./entry_shapes.ts";

/** The same file below the home everywhere; `movers` are files that count instead where their variable is set. */
function inHome(files: string[], movers: string[] = []): Record<ClientOs, string[]> {
  const below = (home: string) => [...movers, ...files.map((file) => `${home}/${file}`)];
  return { linux: below("$HOME"), darwin: below("$HOME"), windows: below("$USERPROFILE") };
}

/** Below the folder of settings that each system has. */
function inSettings(...files: string[]): Record<ClientOs, string[]> {
  return {
    linux: files.map((file) => `$XDG_CONFIG_HOME/${file}`),
    darwin: files.map((file) => `$HOME/Library/Application Support/${file}`),
    windows: files.map((file) => `$APPDATA/${file}`),
  };
}

/** Below ~/.config on Linux and macOS alike. */
function inConfig(
  files: string[],
  { windows, movers = [] }: { windows: string[]; movers?: string[] },
): Record<ClientOs, string[]> {
  const unix = [...movers, ...files.map((file) => `$XDG_CONFIG_HOME/${file}`)];
  return { linux: unix, darwin: unix, windows: [...movers, ...windows] };
}

/** OpenCode, and what is made of it, reads JSON with comments below ~/.config on each system. */
function likeOpencode(name: string): Record<ClientOs, string[]> {
  const files = [`${name}/${name}.json`, `${name}/${name}.jsonc`];
  return inConfig(files, { windows: files.map((file) => `$XDG_CONFIG_HOME/${file}`) });
}

const json = (at: string[], shape = stdio): EntryFormat => ({ kind: "json", at, shape });

/** VS Code by the folders of its editions. */
const vscodes = ["Code", "Code - Insiders", "VSCodium"];

/** Editors that have extensions of VS Code. */
const editors = ["Code", "Cursor"];

/** A folder of an extension, in the places where its traces are. */
const extensionTraces = (extension: string): string[] =>
  editors.flatMap((editor) =>
    ["$HOME/.config", "$HOME/Library/Application Support", "$APPDATA"].map((folder) =>
      `${folder}/${editor}/User/globalStorage/${extension}`
    )
  );

const clineFile = "cline_mcp_settings.json";
const clineOld = inSettings(
  ...editors.map((editor) => `${editor}/User/globalStorage/saoudrizwan.claude-dev/settings/${clineFile}`),
);
const clineNow = inHome([`.cline/data/settings/${clineFile}`], [
  "$CLINE_MCP_SETTINGS_PATH",
  `$CLINE_DATA_DIR/settings/${clineFile}`,
  `$CLINE_DIR/data/settings/${clineFile}`,
]);

export const mcpClients: McpClient[] = [
  {
    name: "claude-desktop",
    displayName: "Claude Desktop",
    source: "https://claude.ai/download",
    format: mcpServers(),
    global: {
      ...inSettings("Claude/claude_desktop_config.json"),
      linux: [
        "$XDG_CONFIG_HOME/Claude/claude_desktop_config.json",
        "$XDG_CONFIG_HOME/claude/claude_desktop_config.json",
      ],
      // Packaged for the Store it has its own view of the folder of settings.
      windows: [
        "?$LOCALAPPDATA/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude/claude_desktop_config.json",
        "$APPDATA/Claude/claude_desktop_config.json",
      ],
    },
    traces: [
      "/Applications/Claude.app",
      "$LOCALAPPDATA/Packages/Claude_pzs8sxrjxfjjc",
      "$APPDATA/Claude",
      "$HOME/.config/Claude",
      "$HOME/.config/claude",
    ],
  },
  {
    name: "claude-code",
    displayName: "Claude Code",
    source: "https://claude.com/product/claude-code",
    format: mcpServers(stdio),
    global: inHome([".claude.json"], ["$CLAUDE_CONFIG_DIR/.claude.json"]),
    project: { file: ".mcp.json", format: mcpServers(stdio) },
    traces: ["$CLAUDE_CONFIG_DIR", "$HOME/.claude", "$USERPROFILE/.claude"],
    program: "claude",
  },
  {
    name: "codex",
    displayName: "Codex",
    source: "https://github.com/openai/codex",
    format: { kind: "toml", at: ["mcp_servers"], shape: mcpServers().shape },
    global: inHome([".codex/config.toml"], ["$CODEX_HOME/config.toml"]),
    project: {
      file: ".codex/config.toml",
      format: { kind: "toml", at: ["mcp_servers"], shape: mcpServers().shape },
    },
    traces: ["$CODEX_HOME", "$HOME/.codex", "$USERPROFILE/.codex"],
    program: "codex",
  },
  {
    name: "cursor",
    displayName: "Cursor",
    source: "https://www.cursor.com/",
    format: mcpServers(),
    global: inHome([".cursor/mcp.json"]),
    project: { file: ".cursor/mcp.json", format: mcpServers() },
    traces: ["/Applications/Cursor.app", "$APPDATA/Cursor", "$HOME/.cursor", "$HOME/.config/Cursor"],
  },
  {
    name: "vscode",
    displayName: "Visual Studio Code",
    source: "https://code.visualstudio.com/",
    format: json(["servers"]),
    global: inSettings(...vscodes.map((name) => `${name}/User/mcp.json`)),
    project: { file: ".vscode/mcp.json", format: json(["servers"]) },
    traces: [
      "/Applications/Visual Studio Code.app",
      ...vscodes.flatMap((name) => ["$APPDATA", "$HOME/.config"].map((folder) => `${folder}/${name}`)),
    ],
    program: "code",
  },
  {
    name: "continue",
    displayName: "Continue",
    source: "https://www.continue.dev/",
    format: { kind: "yaml-list", at: ["mcpServers"], shape: continueShape },
    global: inHome([".continue/config.yaml"], ["$CONTINUE_GLOBAL_DIR/config.yaml"]),
    blank: "name: Local Config\nversion: 1.0.0\nschema: v1\n",
    hides: "config.json",
    project: { file: ".continue/mcpServers/mcp.json", format: mcpServers() },
    traces: ["$HOME/.continue", "$USERPROFILE/.continue"],
    program: "cn",
  },
  {
    name: "gemini",
    displayName: "Gemini CLI",
    source: "https://github.com/google-gemini/gemini-cli",
    format: mcpServers(),
    global: inHome([".gemini/settings.json"], ["$GEMINI_CLI_HOME/.gemini/settings.json"]),
    project: { file: ".gemini/settings.json", format: mcpServers() },
    traces: ["$HOME/.gemini", "$USERPROFILE/.gemini"],
    program: "gemini",
  },
  {
    name: "goose",
    displayName: "Goose",
    source: "https://github.com/block/goose",
    format: { kind: "yaml-map", at: ["extensions"], shape: gooseShape },
    global: inConfig(["goose/config.yaml"], {
      windows: ["$APPDATA/Block/goose/config/config.yaml"],
      movers: ["$GOOSE_PATH_ROOT/config/config.yaml"],
    }),
    traces: ["$HOME/.config/goose", "$APPDATA/Block/goose"],
    program: "goose",
  },
  {
    name: "lmstudio",
    displayName: "LM Studio",
    source: "https://lmstudio.ai/",
    format: mcpServers(),
    global: inHome([".lmstudio/mcp.json", ".cache/lm-studio/mcp.json"]),
    traces: [
      "$HOME/.lmstudio",
      "$HOME/.cache/lm-studio",
      "$USERPROFILE/.lmstudio",
      "$USERPROFILE/.cache/lm-studio",
    ],
  },
  {
    name: "opencode",
    displayName: "OpenCode",
    source: "https://opencode.ai/",
    format: json(["mcp"], opencodeShape),
    global: likeOpencode("opencode"),
    project: { file: "opencode.json", format: json(["mcp"], opencodeShape) },
    traces: ["$HOME/.config/opencode", "$USERPROFILE/.config/opencode"],
    program: "opencode",
  },
  {
    name: "sema4",
    displayName: "Sema4.ai Studio",
    source: "https://sema4.ai/",
    format: mcpServers(sema4Shape),
    global: {
      ...inHome([".sema4ai/sema4ai-studio/mcp_servers.json"]),
      windows: ["$LOCALAPPDATA/sema4ai/sema4ai-studio/mcp_servers.json"],
    },
    traces: ["$HOME/.sema4ai", "$LOCALAPPDATA/sema4ai"],
  },
  {
    name: "cline",
    displayName: "Cline",
    source: "https://github.com/cline/cline",
    format: mcpServers(),
    global: {
      linux: [...clineNow.linux, ...clineOld.linux],
      darwin: [...clineNow.darwin, ...clineOld.darwin],
      windows: [...clineNow.windows, ...clineOld.windows],
    },
    traces: ["$HOME/.cline", "$USERPROFILE/.cline", ...extensionTraces("saoudrizwan.claude-dev")],
    program: "cline",
  },
  {
    name: "windsurf",
    displayName: "Windsurf",
    source: "https://windsurf.com/",
    format: mcpServers(),
    global: inHome([".codeium/windsurf/mcp_config.json"]),
    traces: ["$HOME/.codeium/windsurf", "$USERPROFILE/.codeium/windsurf", "/Applications/Windsurf.app"],
  },
  {
    name: "zed",
    displayName: "Zed",
    source: "https://zed.dev/",
    format: json(["context_servers"], zedShape),
    global: {
      linux: ["$XDG_CONFIG_HOME/zed/settings.json"],
      darwin: ["$HOME/.config/zed/settings.json"],
      windows: ["$APPDATA/Zed/settings.json"],
    },
    project: { file: ".zed/settings.json", format: json(["context_servers"], zedShape) },
    traces: ["$HOME/.config/zed", "$APPDATA/Zed", "/Applications/Zed.app"],
    program: "zed",
  },
  {
    name: "kiro",
    displayName: "Kiro",
    source: "https://kiro.dev/",
    format: mcpServers(),
    global: inHome([".kiro/settings/mcp.json"]),
    project: { file: ".kiro/settings/mcp.json", format: mcpServers() },
    traces: ["$HOME/.kiro", "$USERPROFILE/.kiro"],
  },
  {
    name: "amazon-q",
    displayName: "Amazon Q Developer",
    source: "https://aws.amazon.com/q/developer/",
    format: mcpServers(),
    global: inHome([".aws/amazonq/mcp.json"]),
    project: { file: ".amazonq/mcp.json", format: mcpServers() },
    traces: ["$HOME/.aws/amazonq", "$USERPROFILE/.aws/amazonq"],
    program: "q",
  },
  {
    name: "crush",
    displayName: "Crush",
    source: "https://github.com/charmbracelet/crush",
    format: json(["mcp"]),
    global: inConfig(["crush/crush.json"], {
      windows: ["$LOCALAPPDATA/crush/crush.json"],
      movers: ["$CRUSH_GLOBAL_CONFIG/crush.json"],
    }),
    project: { file: ".crush.json", format: json(["mcp"]) },
    traces: ["$HOME/.config/crush", "$LOCALAPPDATA/crush"],
    program: "crush",
  },
  {
    name: "amp",
    displayName: "Amp",
    source: "https://ampcode.com/",
    format: json(["amp.mcpServers"], mcpServers().shape),
    global: inConfig(["amp/settings.json", "amp/settings.jsonc"], {
      windows: ["$USERPROFILE/.config/amp/settings.json", "$USERPROFILE/.config/amp/settings.jsonc"],
      movers: ["$AMP_SETTINGS_FILE"],
    }),
    project: { file: ".amp/settings.json", format: json(["amp.mcpServers"], mcpServers().shape) },
    traces: ["$HOME/.config/amp", "$USERPROFILE/.config/amp"],
    program: "amp",
  },
  {
    name: "roo",
    displayName: "Roo Code",
    source: "https://github.com/RooCodeInc/Roo-Code",
    format: mcpServers(),
    global: inSettings(
      ...editors.map((editor) =>
        `${editor}/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json`
      ),
    ),
    project: { file: ".roo/mcp.json", format: mcpServers() },
    traces: extensionTraces("rooveterinaryinc.roo-cline"),
  },
  {
    name: "antigravity",
    displayName: "Antigravity",
    source: "https://antigravity.google/",
    format: mcpServers(),
    global: inHome([".gemini/config/mcp_config.json", ".gemini/antigravity/mcp_config.json"]),
    project: { file: ".agents/mcp_config.json", format: mcpServers() },
    traces: ["$HOME", "$USERPROFILE"].flatMap((home) =>
      ["config", "antigravity", "antigravity-cli"].map((folder) => `${home}/.gemini/${folder}`)
    ),
    program: "agy",
  },
  {
    name: "factory",
    displayName: "Factory Droid",
    source: "https://factory.ai/",
    format: mcpServers(stdio),
    global: inHome([".factory/mcp.json"], ["$FACTORY_HOME_OVERRIDE/.factory/mcp.json"]),
    project: { file: ".factory/mcp.json", format: mcpServers(stdio) },
    traces: ["$HOME/.factory", "$USERPROFILE/.factory"],
    program: "droid",
  },
  {
    name: "kimi",
    displayName: "Kimi CLI",
    source: "https://github.com/MoonshotAI/kimi-cli",
    format: mcpServers(),
    global: inHome([".kimi/mcp.json"], ["$KIMI_SHARE_DIR/mcp.json"]),
    traces: ["$HOME/.kimi", "$USERPROFILE/.kimi"],
    program: "kimi",
  },
  {
    name: "junie",
    displayName: "JetBrains Junie",
    source: "https://www.jetbrains.com/junie/",
    format: mcpServers(),
    global: inHome([".junie/mcp/mcp.json"]),
    project: { file: ".junie/mcp/mcp.json", format: mcpServers() },
    traces: ["$HOME/.junie", "$USERPROFILE/.junie"],
  },
  {
    name: "copilot-cli",
    displayName: "GitHub Copilot CLI",
    source: "https://github.com/github/copilot-cli",
    format: mcpServers(copilotShape),
    global: inHome([".copilot/mcp-config.json"], ["$COPILOT_HOME/mcp-config.json"]),
    project: { file: ".mcp.json", format: mcpServers(stdio) },
    traces: ["$HOME/.copilot", "$USERPROFILE/.copilot"],
    program: "copilot",
  },
  {
    name: "qwen",
    displayName: "Qwen Code",
    source: "https://github.com/QwenLM/qwen-code",
    format: mcpServers(),
    global: inHome([".qwen/settings.json"], ["$QWEN_HOME/settings.json"]),
    project: { file: ".qwen/settings.json", format: mcpServers() },
    traces: ["$HOME/.qwen", "$USERPROFILE/.qwen"],
    program: "qwen",
  },
  {
    name: "augment",
    displayName: "Auggie (Augment Code)",
    source: "https://www.augmentcode.com/",
    format: mcpServers(),
    global: inHome([".augment/settings.json"]),
    traces: ["$HOME/.augment", "$USERPROFILE/.augment"],
    program: "auggie",
  },
  {
    name: "kilo",
    displayName: "Kilo Code",
    source: "https://kilo.ai/",
    format: json(["mcp"], opencodeShape),
    global: likeOpencode("kilo"),
    project: { file: "kilo.json", format: json(["mcp"], opencodeShape) },
    traces: ["$HOME/.config/kilo", "$USERPROFILE/.config/kilo"],
    program: "kilo",
  },
  {
    name: "warp",
    displayName: "Warp",
    source: "https://www.warp.dev/",
    format: mcpServers(),
    global: inHome([".warp/.mcp.json"]),
    project: { file: ".warp/.mcp.json", format: mcpServers() },
    traces: ["/Applications/Warp.app", "$HOME/.warp", "$USERPROFILE/.warp"],
  },
  {
    name: "visual-studio",
    displayName: "Visual Studio",
    source: "https://visualstudio.microsoft.com/",
    format: json(["servers"]),
    global: { linux: [], darwin: [], windows: ["$USERPROFILE/.mcp.json"] },
    traces: ["$PROGRAMFILES/Microsoft Visual Studio", "$LOCALAPPDATA/Microsoft/VisualStudio"],
  },
];
