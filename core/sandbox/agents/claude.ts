/** Claude Code. Flags, variables and first-run questions as 2.1.332 has them. */
import type { Agent, AgentContext, AgentFile } from "./agent.ts";
import { anthropic } from "./credential_services.ts";
import { injectedFor, injectedVariables } from "./credentials.ts";
import { answerTokens, promptSize, shortInstructions } from "./prompt_size.ts";
import { readJsonFile } from "./json_file.ts";
import { usualTools } from "./usual_tools.ts";

const folder = ".claude";
/** Below this Claude Code finds every prompt too long and asks nothing of the server. */
const leastContextTokens = 8192;

export const claude: Agent = {
  name: "claude",
  title: "Claude Code",
  binary: "claude",
  template: "docker/sandbox-templates:claude-code",
  credentialsVolume: "docker-claude-sandbox-data",
  credentialsFolder: folder,
  hostCredentials: {
    variables: ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"],
    files: { ".claude/.credentials.json": `${folder}/.credentials.json` },
  },
  credentials: [anthropic],
  hosts: ["api.anthropic.com", "claude.ai", "platform.claude.com", "console.anthropic.com"],
  recipe: {
    packages: [{ name: "claude", files: { "claude": "/opt/claude/claude" } }],
    links: { "/usr/local/bin/claude": "/opt/claude/claude" },
    tools: [...usualTools, { name: "ps", required: false }],
  },

  environment(context) {
    return {
      CLAUDE_CONFIG_DIR: `${context.home}/${folder}`,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      DISABLE_AUTOUPDATER: "1",
      DISABLE_TELEMETRY: "1",
      DISABLE_ERROR_REPORTING: "1",
      ...(context.root ? { IS_SANDBOX: "1" } : {}), // as root it refuses to skip permissions otherwise
      ...(context.mcp ? { ENABLE_TOOL_SEARCH: "false" } : {}),
      ...serverVariables(context),
    };
  },

  command(context, args) {
    return [
      "claude",
      ...mcpFlags(context),
      ...modelFlags(context, args),
      "--dangerously-skip-permissions",
      ...args,
    ];
  },

  files(context) {
    const { workspace } = context;
    const state = {
      // Its first screens end with the log-in, so they are left to whoever has yet to log in.
      ...(isAuthenticated(context) ? { hasCompletedOnboarding: true } : {}),
      bypassPermissionsModeAccepted: true,
      projects: { [workspace]: { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true } },
      ...approvedKey(context),
    };
    const answers: AgentFile[] = [
      { path: `${folder}/.claude.json`, format: "json", keys: state, force: true },
      { path: `${folder}/settings.json`, format: "json", keys: { skipDangerousModePermissionPrompt: true } },
    ];
    return answers;
  },

  async warnings(workspace) {
    const settings = await readJsonFile(`${workspace}/.claude.json`);
    if (settings?.primaryApiKey === undefined) return [];
    return [
      "Workspace contains API key configuration: .claude.json has a primaryApiKey field, which conflicts with " +
      "the sandbox's credentials. Workspace credentials will be ignored in favor of sandbox credentials.",
    ];
  },
};

/** Whether something besides a log-in inside vouches for the user. */
function isAuthenticated({ model, credentials, injection, variables }: AgentContext): boolean {
  return model !== undefined || credentials === "host" || (injection ?? []).length > 0 ||
    claude.hostCredentials.variables.some((name) => variables?.[name]);
}

/** A bearer token is taken without a question; an API key is asked about in the terminal. */
function serverVariables(context: AgentContext): Record<string, string> {
  const { model } = context;
  if (model) {
    return {
      ANTHROPIC_BASE_URL: model.baseUrl,
      ANTHROPIC_AUTH_TOKEN: "skiff",
      ANTHROPIC_MODEL: model.name,
      ANTHROPIC_SMALL_FAST_MODEL: model.name,
      ANTHROPIC_DEFAULT_HAIKU_MODEL: model.name,
      ANTHROPIC_DEFAULT_SONNET_MODEL: model.name,
      ANTHROPIC_DEFAULT_OPUS_MODEL: model.name,
      CLAUDE_CODE_SUBAGENT_MODEL: model.name,
      CLAUDE_CODE_MAX_CONTEXT_TOKENS: String(Math.max(leastContextTokens, model.contextTokens)),
      CLAUDE_CODE_MAX_OUTPUT_TOKENS: String(answerTokens(model)),
      CLAUDE_CODE_MAX_RETRIES: "2",
      API_TIMEOUT_MS: "3600000", // a processor reads a long prompt for minutes
      ...(promptSize(model) === "full" ? {} : { MAX_THINKING_TOKENS: "0" }),
    };
  }
  return injectedVariables(injectedFor(context, anthropic.provider), "ANTHROPIC_BASE_URL");
}

/**
 * `--tools` takes all words up to the next flag, so that it must not stand last; given twice the lists would be
 * joined, so that it is left to a user who gives one. Of most other flags the later one counts.
 */
function modelFlags({ model, workspace }: AgentContext, args: string[]): string[] {
  const size = model === undefined ? "full" : promptSize(model);
  if (model === undefined || size === "full") return [];
  const gives = (flag: string) => args.some((arg) => arg === flag || arg.startsWith(`${flag}=`));
  const tools = size === "short" && model.contextTokens < 16_384 ? "Bash" : "Bash,Read,Edit,Write";
  const hasPrompt = gives("--system-prompt") || gives("--system-prompt-file");
  return [
    ...(size === "short" ? ["--bare"] : []),
    ...(gives("--tools") ? [] : ["--tools", tools]),
    ...(hasPrompt ? [] : ["--system-prompt", shortInstructions(workspace, "Bash")]),
  ];
}

function mcpFlags({ mcp }: AgentContext): string[] {
  if (!mcp) return [];
  const gateway = {
    type: "http",
    url: mcp.url,
    headers: { Authorization: `Bearer \${${mcp.tokenVariable}}` },
  };
  return ["--mcp-config", JSON.stringify({ mcpServers: { gateway } })];
}

/** The answer to "use this API key?", which is remembered by the key's last 20 characters. */
function approvedKey({ variables }: AgentContext): Record<string, unknown> {
  const key = variables?.ANTHROPIC_API_KEY;
  return key ? { customApiKeyResponses: { approved: [key.slice(-20)] } } : {};
}
