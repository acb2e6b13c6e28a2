/** Codex CLI. Flags and settings as 0.171.0 has them; of a setting given twice the later one counts. */
import type { Agent, AgentContext, AgentFile } from "./agent.ts";
import { placeholderSecret } from "../network/credential_rule.ts";
import { openai } from "./credential_services.ts";
import { injectedFor } from "./credentials.ts";
import { promptSize, shortInstructions } from "./prompt_size.ts";
import { usualTools } from "./usual_tools.ts";

const folder = ".codex";
const instructionsFile = ".skiff/codex-instructions.md";
const keyVariable = "SKIFF_MODEL_KEY";

export const codex: Agent = {
  name: "codex",
  title: "Codex",
  binary: "codex",
  template: "docker/sandbox-templates:codex",
  credentialsVolume: "docker-codex-sandbox-data",
  credentialsFolder: folder,
  hostCredentials: {
    variables: ["OPENAI_API_KEY", "CODEX_API_KEY"],
    files: { ".codex/auth.json": `${folder}/auth.json` },
  },
  credentials: [openai],
  hosts: ["api.openai.com", "auth.openai.com", "chatgpt.com"],
  recipe: {
    packages: [{
      name: "codex",
      files: { "vendor/{triple}": "/opt/codex" },
      leaveOut: ["vendor/{triple}/codex-resources/voice"],
    }],
    links: { "/usr/local/bin/codex": "/opt/codex/bin/codex" },
    tools: [...usualTools, { name: "ps", required: false }],
  },

  environment(context) {
    const key = context.model ? "skiff" : injectedFor(context, openai.provider) && placeholderSecret;
    return { CODEX_HOME: `${context.home}/${folder}`, ...(key ? { [keyVariable]: key } : {}) };
  },

  command(context, args) {
    const settings = {
      "analytics.enabled": false, // without it `exec` waits five seconds for a flush when there is no network
      check_for_update_on_startup: false,
      ...serverSettings(context),
      ...gatewaySettings(context),
    };
    const flags = Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${tomlValue(value)}`]);
    const features = disabledFeatures(context).flatMap((name) => ["--disable", name]);
    return ["codex", "--dangerously-bypass-approvals-and-sandbox", ...flags, ...features, ...args];
  },

  files({ model, workspace }) {
    if (!model || promptSize(model) === "full") return [];
    const file: AgentFile = {
      path: instructionsFile,
      format: "text",
      text: `${shortInstructions(workspace, "exec_command")}\n`,
    };
    return [file];
  },

  warnings: () => Promise.resolve([]),
};

type Toml = string | number | boolean | { [key: string]: Toml };

/**
 * Without a person codex has one turn, and would begin it after half a second, without the tools of a gateway that
 * takes longer to answer: it waits for what is required, and says so when that cannot be reached.
 */
function gatewaySettings({ mcp, interactive }: AgentContext): Record<string, Toml> {
  if (!mcp) return {};
  const server = { url: mcp.url, bearer_token_env_var: mcp.tokenVariable };
  return {
    "mcp_servers.gateway": interactive ? server : { ...server, required: true, startup_timeout_sec: 60 },
  };
}

function serverSettings(context: AgentContext): Record<string, Toml> {
  const { model, home } = context;
  if (model) {
    const size = promptSize(model);
    return {
      ...provider("skiff", `${model.baseUrl}/v1`),
      model: model.name,
      model_context_window: model.contextTokens,
      web_search: "disabled",
      ...(size === "full" ? {} : {
        model_instructions_file: `${home}/${instructionsFile}`,
        "tools.experimental_request_user_input.enabled": false,
      }),
      ...(size === "short"
        ? {
          "skills.bundled.enabled": false,
          "skills.include_instructions": false,
          include_environment_context: false,
        }
        : {}),
    };
  }
  const credential = injectedFor(context, openai.provider);
  return credential ? provider("OpenAI", `${credential.baseUrl}/v1`) : {};
}

/** The Responses API is the only one that Codex still speaks. A wrong server is given up after a few tries. */
function provider(name: string, baseUrl: string): Record<string, Toml> {
  return {
    "model_providers.skiff": {
      name,
      base_url: baseUrl,
      env_key: keyVariable,
      wire_api: "responses",
      request_max_retries: 2,
      stream_max_retries: 1,
      stream_idle_timeout_ms: 3_600_000, // a processor reads a long prompt for minutes
    },
    model_provider: "skiff",
  };
}

/** `unbounded_connection_retries` would have it wait for ever for a server that is gone. */
function disabledFeatures({ model }: AgentContext): string[] {
  if (!model) return [];
  const extras = {
    full: [],
    reduced: ["multi_agent", "goals"],
    short: ["multi_agent", "goals", "view_image"],
  };
  return ["unbounded_connection_retries", ...extras[promptSize(model)]];
}

/** A value as an inline TOML expression; JSON's strings are TOML's basic strings. */
export function tomlValue(value: Toml): string {
  if (typeof value !== "object") return JSON.stringify(value).replaceAll("\u007f", "\\u007f");
  return `{${Object.entries(value).map(([key, inner]) => `${key}=${tomlValue(inner)}`).join(",")}}`;
}
