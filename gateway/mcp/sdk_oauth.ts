/** The MCP SDK's functions for OAuth, apart from sdk.ts: a gateway needs them when somebody logs in. */
// @ts-types="@modelcontextprotocol/sdk/client/auth"
export {
  buildDiscoveryUrls,
  exchangeAuthorization,
  fetchToken,
  refreshAuthorization,
  registerClient,
  selectClientAuthMethod,
  startAuthorization,
} from "@modelcontextprotocol/sdk/client/auth.js";
export type { OAuthClientProvider } from "@modelcontextprotocol/sdk/client/auth";
// @ts-types="@modelcontextprotocol/sdk/client/auth-extensions"
export { createPrivateKeyJwtAuth } from "@modelcontextprotocol/sdk/client/auth-extensions.js";
// @ts-types="@modelcontextprotocol/sdk/shared/auth"
export {
  OAuthMetadataSchema,
  OAuthProtectedResourceMetadataSchema,
} from "@modelcontextprotocol/sdk/shared/auth.js";
export type { OAuthClientMetadata, OAuthMetadata, OAuthTokens } from "@modelcontextprotocol/sdk/shared/auth";
// @ts-types="@modelcontextprotocol/sdk/shared/auth-utils"
export { checkResourceAllowed } from "@modelcontextprotocol/sdk/shared/auth-utils.js";
