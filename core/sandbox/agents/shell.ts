/** A plain shell: for looking around, and for agents that skiff knows nothing of. */
import { type Agent, placeholderSecret } from "./agent.ts";
import { anthropicRule, openaiRule } from "./credential_rules.ts";

export const shell: Agent = {
  name: "shell",
  title: "Shell",
  binary: "bash",
  template: "docker/sandbox-templates:shell",
  hostCredentials: { variables: [], files: {} },
  credentialRules: [anthropicRule, openaiRule],
  hosts: [],
  recipe: {
    packages: [],
    tools: [
      { name: "bash", required: true },
      { name: "git", required: true },
      { name: "curl", required: false },
      { name: "rg", required: false },
    ],
  },

  /** What the clients of the usual services read, so that any program finds the model. */
  environment({ model, injection }): Record<string, string> {
    if (model) {
      return {
        OPENAI_BASE_URL: `${model.baseUrl}/v1`,
        OPENAI_API_KEY: "skiff",
        OPENAI_MODEL: model.name,
        ANTHROPIC_BASE_URL: model.baseUrl,
        ANTHROPIC_AUTH_TOKEN: "skiff",
        ANTHROPIC_MODEL: model.name,
      };
    }
    const services = injection?.services ?? [];
    return {
      ...(services.includes(openaiRule.service)
        ? {
          OPENAI_BASE_URL: `${injection!.baseUrl}/${openaiRule.service}/v1`,
          OPENAI_API_KEY: placeholderSecret,
        }
        : {}),
      ...(services.includes(anthropicRule.service)
        ? {
          ANTHROPIC_BASE_URL: `${injection!.baseUrl}/${anthropicRule.service}`,
          ANTHROPIC_AUTH_TOKEN: placeholderSecret,
        }
        : {}),
    };
  },

  /** `shell` alone is a login shell; `shell -c "…"` are bash's arguments; `shell make test` is a command. */
  command(_context, args) {
    if (args.length === 0) return ["bash", "-l"];
    return args[0].startsWith("-") ? ["bash", ...args] : args;
  },

  files: () => [],
  warnings: () => Promise.resolve([]),
};
