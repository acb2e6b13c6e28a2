/** Gemini CLI, 0.61.0. It speaks Gemini's own API only, so that a local model cannot stand behind it. */
import { SkiffError } from "../../errors/skiff_error.ts";
import type { Agent, AgentFile } from "./agent.ts";
import { google } from "./credential_services.ts";
import { injectedFor, injectedVariables } from "./credentials.ts";
import { usualTools } from "./usual_tools.ts";

const folder = ".gemini";
/** Settings of the lowest rank: what the user sets, in the volume or in the workspace, wins. */
const defaultsFile = ".skiff/gemini-defaults.json";

export const gemini: Agent = {
  name: "gemini",
  title: "Gemini CLI",
  binary: "gemini",
  template: "docker/sandbox-templates:gemini",
  credentialsVolume: "docker-gemini-sandbox-data",
  credentialsFolder: folder,
  hostCredentials: {
    variables: ["GEMINI_API_KEY", "GOOGLE_API_KEY"],
    files: {
      ".gemini/oauth_creds.json": `${folder}/oauth_creds.json`,
      ".gemini/google_accounts.json": `${folder}/google_accounts.json`,
    },
  },
  credentials: [google],
  hosts: [
    "generativelanguage.googleapis.com",
    "cloudcode-pa.googleapis.com",
    "oauth2.googleapis.com",
    "accounts.google.com",
  ],
  recipe: {
    packages: [
      { name: "node", files: { "bin/node": "/opt/node/bin/node" } },
      {
        name: "gemini",
        files: { "bundle": "/opt/gemini/bundle", "package.json": "/opt/gemini/package.json" },
      },
    ],
    scripts: {
      "/usr/local/bin/gemini":
        '#!/bin/sh\nexec /opt/node/bin/node --no-warnings=DEP0040 /opt/gemini/bundle/gemini.js "$@"\n',
    },
    tools: usualTools,
  },

  environment(context) {
    if (context.model) {
      throw new SkiffError("unsupported", "Gemini CLI cannot use a local model", {
        hint: "It speaks Gemini's own API only. Take codex, claude or opencode with --model.",
      });
    }
    return {
      GEMINI_CLI_SYSTEM_DEFAULTS_PATH: `${context.home}/${defaultsFile}`,
      GEMINI_CLI_TRUST_WORKSPACE: "true",
      ...injectedVariables(injectedFor(context, google.provider), "GOOGLE_GEMINI_BASE_URL"),
    };
  },

  command: (_context, args) => ["gemini", "--yolo", "--skip-trust", ...args],

  files(context) {
    const hasKey = injectedFor(context, google.provider) !== undefined ||
      context.variables?.GEMINI_API_KEY !== undefined;
    const settings = {
      general: { disableAutoUpdate: true, disableUpdateNag: true, enableAutoUpdate: false },
      privacy: { usageStatisticsEnabled: false },
      security: {
        folderTrust: { enabled: false },
        ...(hasKey ? { auth: { selectedType: "gemini-api-key" } } : {}),
      },
      ...(context.mcp
        ? {
          mcpServers: {
            gateway: {
              httpUrl: context.mcp.url,
              headers: { Authorization: `Bearer $${context.mcp.tokenVariable}` },
              trust: true,
            },
          },
        }
        : {}),
    };
    const file: AgentFile = {
      path: defaultsFile,
      format: "text",
      text: `${JSON.stringify(settings, null, 2)}\n`,
    };
    return [file];
  },

  warnings: () => Promise.resolve([]),
};
