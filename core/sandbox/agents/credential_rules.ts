/** Secrets that are added to requests outside of the sandbox, by service; agents name those that they use. */
import { type CredentialRule, placeholderSecret } from "./agent.ts";

const bearer = { header: "authorization", prefix: "Bearer " };

/**
 * An API key travels in x-api-key, a subscription's token as a bearer token with the beta flag that admits it
 * (Claude Code's own requests; docs of its environment variables).
 */
export const anthropicRule: CredentialRule = {
  service: "anthropic",
  host: "api.anthropic.com",
  sources: [
    { variable: "ANTHROPIC_API_KEY", header: "x-api-key", prefix: "" },
    { variable: "ANTHROPIC_AUTH_TOKEN", ...bearer },
    { variable: "CLAUDE_CODE_OAUTH_TOKEN", ...bearer, extra: { "anthropic-beta": "oauth-2025-04-20" } },
    {
      file: { path: ".claude/.credentials.json", keys: ["claudeAiOauth", "accessToken"] },
      ...bearer,
      extra: { "anthropic-beta": "oauth-2025-04-20" },
    },
  ],
  strip: ["x-api-key", "authorization"],
  placeholder: placeholderSecret,
};

export const openaiRule: CredentialRule = {
  service: "openai",
  host: "api.openai.com",
  sources: [
    { variable: "OPENAI_API_KEY", ...bearer },
    { variable: "CODEX_API_KEY", ...bearer },
    { file: { path: ".codex/auth.json", keys: ["OPENAI_API_KEY"] }, ...bearer },
  ],
  strip: ["authorization", "x-api-key"],
  placeholder: placeholderSecret,
};

export const googleRule: CredentialRule = {
  service: "google",
  host: "generativelanguage.googleapis.com",
  sources: [
    { variable: "GEMINI_API_KEY", header: "x-goog-api-key", prefix: "" },
    { variable: "GOOGLE_API_KEY", header: "x-goog-api-key", prefix: "" },
  ],
  strip: ["x-goog-api-key", "authorization"],
  placeholder: placeholderSecret,
};
