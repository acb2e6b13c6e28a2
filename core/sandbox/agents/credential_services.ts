/** The services that agents log in to. */
import type { CredentialService } from "./agent.ts";

const bearer = { header: "authorization", format: "Bearer {secret}" };

/**
 * Claude Code takes a bearer token without a question, where it asks about an API key: so the placeholder is a
 * token in both cases, and the proxy sends what is there. For a subscription's token it sends a beta flag as well.
 */
export const anthropic: CredentialService = {
  provider: "anthropic",
  upstream: "https://api.anthropic.com",
  sources: [
    {
      variable: "ANTHROPIC_API_KEY",
      header: "x-api-key",
      format: "{secret}",
      placeholder: "ANTHROPIC_AUTH_TOKEN",
    },
    { variable: "ANTHROPIC_AUTH_TOKEN", ...bearer, placeholder: "ANTHROPIC_AUTH_TOKEN" },
    { variable: "CLAUDE_CODE_OAUTH_TOKEN", ...bearer, placeholder: "CLAUDE_CODE_OAUTH_TOKEN" },
    {
      file: { path: ".claude/.credentials.json", keys: ["claudeAiOauth", "accessToken"] },
      ...bearer,
      placeholder: "CLAUDE_CODE_OAUTH_TOKEN",
    },
  ],
};

export const openai: CredentialService = {
  provider: "openai",
  upstream: "https://api.openai.com",
  sources: [
    { variable: "OPENAI_API_KEY", ...bearer, placeholder: "OPENAI_API_KEY" },
    { variable: "CODEX_API_KEY", ...bearer, placeholder: "OPENAI_API_KEY" },
    {
      file: { path: ".codex/auth.json", keys: ["OPENAI_API_KEY"] },
      ...bearer,
      placeholder: "OPENAI_API_KEY",
    },
  ],
};

const googleHeader = { header: "x-goog-api-key", format: "{secret}", placeholder: "GEMINI_API_KEY" };

export const google: CredentialService = {
  provider: "google",
  upstream: "https://generativelanguage.googleapis.com",
  sources: [
    { variable: "GEMINI_API_KEY", ...googleHeader },
    { variable: "GOOGLE_API_KEY", ...googleHeader },
  ],
};
