/** A plain shell: for looking around, and for agents that skiff knows nothing of. */
import type { Agent } from "./agent.ts";
import { anthropic, openai } from "./credential_services.ts";
import { injectedFor, injectedVariables } from "./credentials.ts";
import { usualTools } from "./usual_tools.ts";

export const shell: Agent = {
  name: "shell",
  title: "Shell",
  binary: "bash",
  template: "docker/sandbox-templates:shell",
  hostCredentials: { variables: [], files: {} },
  credentials: [anthropic, openai],
  hosts: [],
  recipe: {
    packages: [],
    tools: usualTools,
  },

  /** What the clients of the usual services read, so that any program finds the model. */
  environment(context): Record<string, string> {
    const { model } = context;
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
    return {
      ...injectedVariables(injectedFor(context, openai.provider), "OPENAI_BASE_URL", "/v1"),
      ...injectedVariables(injectedFor(context, anthropic.provider), "ANTHROPIC_BASE_URL"),
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
