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

/** The same file below the home everywhere. */
function inHome(...files: string[]): Record<ClientOs, string[]> {
  return {
    linux: files.map((file) => `$HOME/${file}`),
    darwin: files.map((file) => `$HOME/${file}`),
    windows: files.map((file) => `$USERPROFILE/${file}`),
  };
}

/** A file below the folder of settings that each system has. */
function inSettings(linux: string, others = linux): Record<ClientOs, string[]> {
  return {
    linux: [`$XDG_CONFIG_HOME/${linux}`, `$HOME/.config/${linux}`],
    darwin: [`$HOME/Library/Application Support/${others}`],
    windows: [`$APPDATA/${others}`],
  };
}

/** Below ~/.config on Linux and macOS alike. */
function inConfig(file: string, windows: string): Record<ClientOs, string[]> {
  const unix = [`$XDG_CONFIG_HOME/${file}`, `$HOME/.config/${file}`];
  return { linux: unix, darwin: unix, windows: [windows] };
}

const cline = "globalStorage/saoudrizwan.claude-dev";
const roo = "globalStorage/rooveterinaryinc.roo-cline";
const json = (at: string[], shape = stdio): EntryFormat => ({ kind: "json", at, shape });

function inEditors(file: string): Record<ClientOs, string[]> {
  const [code, cursor] = ["Code", "Cursor"].map((editor) => inSettings(`${editor}/User/${file}`));
  return {
    linux: [...code.linux, ...cursor.linux],
    darwin: [...code.darwin, ...cursor.darwin],
    windows: [...code.windows, ...cursor.windows],
  };
}

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
        "$HOME/.config/Claude/claude_desktop_config.json",
        "$HOME/.config/claude/claude_desktop_config.json",
      ],
    },
    traces: [
      "/Applications/Claude.app",
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
    global: {
      linux: ["$CLAUDE_CONFIG_DIR/.claude.json", "$HOME/.claude.json"],
      darwin: ["$CLAUDE_CONFIG_DIR/.claude.json", "$HOME/.claude.json"],
      windows: ["$CLAUDE_CONFIG_DIR/.claude.json", "$USERPROFILE/.claude.json"],
    },
    project: { file: ".mcp.json", format: mcpServers(stdio) },
    traces: ["$CLAUDE_CONFIG_DIR", "$HOME/.claude", "$USERPROFILE/.claude"],
    program: "claude",
  },
  {
    name: "codex",
    displayName: "Codex",
    source: "https://github.com/openai/codex",
    format: { kind: "toml", at: ["mcp_servers"], shape: mcpServers().shape },
    global: {
      linux: ["$CODEX_HOME/config.toml", "$HOME/.codex/config.toml"],
      darwin: ["$CODEX_HOME/config.toml", "$HOME/.codex/config.toml"],
      windows: ["$CODEX_HOME/config.toml", "$USERPROFILE/.codex/config.toml"],
    },
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
    global: inHome(".cursor/mcp.json"),
    project: { file: ".cursor/mcp.json", format: mcpServers() },
    traces: ["/Applications/Cursor.app", "$APPDATA/Cursor", "$HOME/.cursor", "$HOME/.config/Cursor"],
  },
  {
    name: "vscode",
    displayName: "Visual Studio Code",
    source: "https://code.visualstudio.com/",
    format: json(["servers"]),
    global: inSettings("Code/User/mcp.json"),
    project: { file: ".vscode/mcp.json", format: json(["servers"]) },
    traces: ["/Applications/Visual Studio Code.app", "$APPDATA/Code", "$HOME/.config/Code"],
    program: "code",
  },
  {
    name: "continue",
    displayName: "Continue",
    source: "https://www.continue.dev/",
    format: { kind: "yaml-list", at: ["mcpServers"], shape: continueShape },
    global: inHome(".continue/config.yaml"),
    traces: ["$HOME/.continue", "$USERPROFILE/.continue"],
    program: "cn",
  },
  {
    name: "gemini",
    displayName: "Gemini CLI",
    source: "https://github.com/google-gemini/gemini-cli",
    format: mcpServers(),
    global: inHome(".gemini/settings.json"),
    project: { file: ".gemini/settings.json", format: mcpServers() },
    traces: ["$HOME/.gemini", "$USERPROFILE/.gemini"],
    program: "gemini",
  },
  {
    name: "goose",
    displayName: "Goose",
    source: "https://github.com/block/goose",
    format: { kind: "yaml-map", at: ["extensions"], shape: gooseShape },
    global: inConfig("goose/config.yaml", "$APPDATA/Block/goose/config/config.yaml"),
    traces: ["$HOME/.config/goose", "$APPDATA/Block/goose"],
    program: "goose",
  },
  {
    name: "lmstudio",
    displayName: "LM Studio",
    source: "https://lmstudio.ai/",
    format: mcpServers(),
    global: inHome(".cache/lm-studio/mcp.json", ".lmstudio/mcp.json"),
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
    global: {
      ...inConfig("opencode/opencode.json", "$USERPROFILE/.config/opencode/opencode.json"),
      linux: [
        "$XDG_CONFIG_HOME/opencode/opencode.json",
        "$HOME/.config/opencode/opencode.json",
        "$HOME/.config/opencode/opencode.jsonc",
      ],
    },
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
      ...inHome(".sema4ai/sema4ai-studio/mcp_servers.json"),
      windows: ["$LOCALAPPDATA/sema4ai/sema4ai-studio/mcp_servers.json"],
    },
    traces: ["$HOME/.sema4ai", "$LOCALAPPDATA/sema4ai"],
  },
  {
    name: "cline",
    displayName: "Cline",
    source: "https://github.com/cline/cline",
    format: mcpServers(),
    global: inEditors(`${cline}/settings/cline_mcp_settings.json`),
    traces: ["Code", "Cursor"].flatMap((editor) => [
      `$HOME/.config/${editor}/User/${cline}`,
      `$HOME/Library/Application Support/${editor}/User/${cline}`,
      `$APPDATA/${editor}/User/${cline}`,
    ]),
  },
  {
    name: "windsurf",
    displayName: "Windsurf",
    source: "https://windsurf.com/",
    format: mcpServers(),
    global: inHome(".codeium/windsurf/mcp_config.json"),
    traces: ["$HOME/.codeium/windsurf", "$USERPROFILE/.codeium/windsurf", "/Applications/Windsurf.app"],
  },
  {
    name: "zed",
    displayName: "Zed",
    source: "https://zed.dev/",
    format: json(["context_servers"], zedShape),
    global: inConfig("zed/settings.json", "$APPDATA/Zed/settings.json"),
    project: { file: ".zed/settings.json", format: json(["context_servers"], zedShape) },
    traces: ["$HOME/.config/zed", "$APPDATA/Zed", "/Applications/Zed.app"],
    program: "zed",
  },
  {
    name: "kiro",
    displayName: "Kiro",
    source: "https://kiro.dev/",
    format: mcpServers(),
    global: inHome(".kiro/settings/mcp.json"),
    project: { file: ".kiro/settings/mcp.json", format: mcpServers() },
    traces: ["$HOME/.kiro", "$USERPROFILE/.kiro"],
  },
  {
    name: "amazon-q",
    displayName: "Amazon Q Developer",
    source: "https://aws.amazon.com/q/developer/",
    format: mcpServers(),
    global: inHome(".aws/amazonq/mcp.json"),
    project: { file: ".amazonq/mcp.json", format: mcpServers() },
    traces: ["$HOME/.aws/amazonq", "$USERPROFILE/.aws/amazonq"],
    program: "q",
  },
  {
    name: "crush",
    displayName: "Crush",
    source: "https://github.com/charmbracelet/crush",
    format: json(["mcp"]),
    global: inConfig("crush/crush.json", "$LOCALAPPDATA/crush/crush.json"),
    project: { file: ".crush.json", format: json(["mcp"]) },
    traces: ["$HOME/.config/crush", "$LOCALAPPDATA/crush"],
    program: "crush",
  },
  {
    name: "amp",
    displayName: "Amp",
    source: "https://ampcode.com/",
    format: json(["amp.mcpServers"], mcpServers().shape),
    global: inConfig("amp/settings.json", "$USERPROFILE/.config/amp/settings.json"),
    traces: ["$HOME/.config/amp", "$USERPROFILE/.config/amp"],
    program: "amp",
  },
  {
    name: "roo",
    displayName: "Roo Code",
    source: "https://github.com/RooCodeInc/Roo-Code",
    format: mcpServers(),
    global: inEditors(`${roo}/settings/mcp_settings.json`),
    project: { file: ".roo/mcp.json", format: mcpServers() },
    traces: ["Code", "Cursor"].flatMap((editor) => [
      `$HOME/.config/${editor}/User/${roo}`,
      `$HOME/Library/Application Support/${editor}/User/${roo}`,
      `$APPDATA/${editor}/User/${roo}`,
    ]),
  },
  {
    name: "antigravity",
    displayName: "Antigravity",
    source: "https://antigravity.google/",
    format: mcpServers(),
    global: inHome(".gemini/antigravity/mcp_config.json"),
    traces: ["$HOME/.gemini/antigravity", "$USERPROFILE/.gemini/antigravity"],
  },
  {
    name: "factory",
    displayName: "Factory Droid",
    source: "https://factory.ai/",
    format: mcpServers(stdio),
    global: inHome(".factory/mcp.json"),
    project: { file: ".factory/mcp.json", format: mcpServers(stdio) },
    traces: ["$HOME/.factory", "$USERPROFILE/.factory"],
    program: "droid",
  },
  {
    name: "kimi",
    displayName: "Kimi CLI",
    source: "https://github.com/MoonshotAI/kimi-cli",
    format: mcpServers(),
    global: inHome(".kimi/mcp.json"),
    traces: ["$HOME/.kimi", "$USERPROFILE/.kimi"],
    program: "kimi",
  },
  {
    name: "junie",
    displayName: "JetBrains Junie",
    source: "https://www.jetbrains.com/junie/",
    format: mcpServers(),
    global: inHome(".junie/mcp/mcp.json"),
    project: { file: ".junie/mcp/mcp.json", format: mcpServers() },
    traces: ["$HOME/.junie", "$USERPROFILE/.junie"],
  },
  {
    name: "copilot-cli",
    displayName: "GitHub Copilot CLI",
    source: "https://github.com/github/copilot-cli",
    format: mcpServers(copilotShape),
    global: inHome(".copilot/mcp-config.json"),
    traces: ["$HOME/.copilot", "$USERPROFILE/.copilot"],
    program: "copilot",
  },
  {
    name: "qwen",
    displayName: "Qwen Code",
    source: "https://github.com/QwenLM/qwen-code",
    format: mcpServers(),
    global: inHome(".qwen/settings.json"),
    project: { file: ".qwen/settings.json", format: mcpServers() },
    traces: ["$HOME/.qwen", "$USERPROFILE/.qwen"],
    program: "qwen",
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
