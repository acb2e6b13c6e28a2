/** `skiff mcp`: the names and flags of `docker mcp`. */
import type { Command } from "../../core/cli/command.ts";

export const mcpCommand: Command = {
  name: "mcp",
  summary: "Run MCP servers behind one gateway",
  description:
    "Run MCP servers behind one gateway: choose them from catalogs, connect clients to all at once.",
  showHidden: "DOCKER_MCP_SHOW_HIDDEN",
  commands: [
    {
      name: "gateway",
      summary: "Run the gateway",
      load: async () => (await import("./gateway.ts")).gatewayCommand,
    },
    {
      name: "catalog",
      aliases: ["catalogs", "catalog-next"],
      summary: "Manage the catalogs of servers",
      load: async () => (await import("./catalog.ts")).catalogCommand,
    },
    {
      name: "server",
      aliases: ["servers"],
      summary: "Choose the servers behind the gateway",
      load: async () => (await import("./server.ts")).serverCommand,
    },
    {
      name: "config",
      summary: "Show and change the servers' settings",
      load: async () => (await import("./config.ts")).configCommand,
    },
    {
      name: "tools",
      aliases: ["tool"],
      summary: "Manage the servers' tools",
      load: async () => (await import("./tools.ts")).toolsCommand,
    },
    {
      name: "secret",
      aliases: ["secrets"],
      summary: "Keep the secrets that servers need",
      load: async () => (await import("./secret.ts")).secretCommand,
    },
    {
      name: "oauth",
      summary: "Log in to servers, list the logins, end them",
      load: async () => (await import("./oauth.ts")).oauthCommand,
    },
    {
      name: "client",
      aliases: ["clients"],
      summary: "Connect MCP clients to the gateway",
      load: async () => (await import("./client.ts")).clientCommand,
    },
    {
      name: "profile",
      aliases: ["profiles", "working-set", "workingset"],
      summary: "Keep sets of servers for different work",
      load: async () => (await import("./profile.ts")).profileCommand,
    },
    {
      name: "template",
      aliases: ["templates"],
      summary: "Begin profiles with a template",
      load: async () => (await import("./template.ts")).templateCommand,
    },
    {
      name: "feature",
      aliases: ["features"],
      summary: "Switch features of the gateway on and off",
      load: async () => (await import("./feature.ts")).featureCommand,
    },
    {
      name: "registry",
      summary: "Convert what community registries publish",
      hidden: true,
      load: async () => (await import("./registry.ts")).registryCommand,
    },
    {
      name: "policy",
      summary: "Show and set which servers and tools may be used",
      load: async () => (await import("./policy.ts")).policyCommand,
    },
    {
      name: "hub",
      summary: "Serve Docker Hub's repositories and search as MCP tools",
      load: async () => (await import("./hub.ts")).hubCommand,
    },
    {
      name: "version",
      summary: "Show the version",
      load: async () => (await import("./version.ts")).versionCommand,
    },
  ],
};
