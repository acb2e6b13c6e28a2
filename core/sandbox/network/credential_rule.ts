/** A credential that the proxy adds to requests, so that the sandbox holds only a placeholder. */

export interface CredentialRule {
  /** Names the endpoint: `http://127.0.0.1:3129/<provider>` inside. Lower-case letters, digits, `-`. */
  provider: string;
  /** Where requests go: scheme, host and perhaps a path, e.g. "https://api.anthropic.com". */
  upstream: string;
  /** Header that carries the secret, lower-case: "x-api-key", "authorization", "x-goog-api-key". */
  header: string;
  /** Its value, with `{secret}` in it: "{secret}", "Bearer {secret}". */
  format: string;
  /** Which secret: the name of the host's environment variable, e.g. "ANTHROPIC_API_KEY". */
  secret: string;
}

/** What stands in the sandbox in place of a secret. */
export const placeholderSecret = "proxy-managed";
