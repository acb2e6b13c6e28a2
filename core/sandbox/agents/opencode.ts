/** opencode, 1.18.33. All of its settings fit in a variable, which ranks above the user's own files. */
import type { Agent, AgentContext } from "./agent.ts";
import { placeholderSecret } from "../network/credential_rule.ts";
import { anthropic, openai } from "./credential_services.ts";
import { answerTokens, promptSize, shortInstructions } from "./prompt_size.ts";
import { usualTools } from "./usual_tools.ts";

const folder = ".local/share/opencode";

export const opencode: Agent = {
  name: "opencode",
  title: "opencode",
  binary: "opencode",
  template: "docker/sandbox-templates:opencode",
  credentialsVolume: "docker-opencode-sandbox-data",
  credentialsFolder: folder,
  hostCredentials: {
    variables: ["ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENROUTER_API_KEY", "OPENCODE_API_KEY"],
    files: { ".local/share/opencode/auth.json": `${folder}/auth.json` },
  },
  credentials: [anthropic, openai],
  hosts: ["opencode.ai", "models.dev", "api.anthropic.com", "api.openai.com", "openrouter.ai"],
  recipe: {
    packages: [{ name: "opencode", files: { "bin/opencode": "/opt/opencode/opencode" } }],
    links: { "/usr/local/bin/opencode": "/opt/opencode/opencode" },
    tools: usualTools,
  },

  environment(context) {
    return {
      OPENCODE_DISABLE_AUTOUPDATE: "1",
      OPENCODE_CONFIG_CONTENT: JSON.stringify(settings(context)),
      ...(context.model ? { OPENCODE_DISABLE_MODELS_FETCH: "1", OPENCODE_DISABLE_DEFAULT_PLUGINS: "1" } : {}),
      ...placeholders(context),
    };
  },

  command: (_context, args) => ["opencode", ...args],
  files: () => [],
  warnings: () => Promise.resolve([]),
};

function settings({ model, mcp, workspace, injection }: AgentContext): Record<string, unknown> {
  const provider = model
    ? { skiff: localProvider(model.name, model.baseUrl, model.contextTokens, model) }
    : {};
  const injected = Object.fromEntries(
    (injection ?? []).map(({ provider, baseUrl }) => [provider, { options: { baseURL: `${baseUrl}/v1` } }]),
  );
  return {
    $schema: "https://opencode.ai/config.json",
    autoupdate: false,
    share: "disabled",
    permission: { edit: "allow", bash: "allow", webfetch: "allow", external_directory: "allow" },
    ...(model ? modelSettings(model, workspace) : {}),
    provider: { ...injected, ...provider },
    ...(mcp
      ? {
        mcp: {
          gateway: {
            type: "remote",
            url: mcp.url,
            headers: { Authorization: `Bearer {env:${mcp.tokenVariable}}` },
            enabled: true,
          },
        },
      }
      : {}),
  };
}

type Model = NonNullable<AgentContext["model"]>;

function localProvider(name: string, baseUrl: string, context: number, model: Model) {
  return {
    npm: "@ai-sdk/openai-compatible",
    name: "skiff",
    options: { baseURL: `${baseUrl}/v1`, apiKey: "skiff", timeout: 3_600_000 },
    models: { [name]: { name, limit: { context, output: answerTokens(model) } } },
  };
}

/** A small model gets one short prompt and the tools for files and the shell. */
function modelSettings(model: Model, workspace: string): Record<string, unknown> {
  const chosen = { model: `skiff/${model.name}`, small_model: `skiff/${model.name}` };
  const size = promptSize(model);
  if (size === "full") return chosen;
  const keep = size === "short" ? ["bash"] : ["bash", "read", "edit", "write", "glob", "grep"];
  const tools = Object.fromEntries(allTools.map((tool) => [tool, keep.includes(tool)]));
  return {
    ...chosen,
    agent: { build: { prompt: shortInstructions(workspace, "bash"), tools } },
  };
}

const allTools = [
  "bash",
  "read",
  "edit",
  "write",
  "glob",
  "grep",
  "list",
  "patch",
  "task",
  "todowrite",
  "todoread",
  "webfetch",
  "websearch",
  "skill",
  "question",
  "lsp",
];

/** opencode knows API keys only, whatever the secret outside is. */
const keyVariables: Record<string, string> = {
  [anthropic.provider]: "ANTHROPIC_API_KEY",
  [openai.provider]: "OPENAI_API_KEY",
};

function placeholders({ injection }: AgentContext): Record<string, string> {
  return Object.fromEntries(
    (injection ?? []).map(({ provider }) => [keyVariables[provider], placeholderSecret]),
  );
}
