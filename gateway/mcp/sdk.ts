/**
 * The MCP SDK as skiff uses it. Its package names type files in a way that the file specifiers with `.js` do
 * not find: imported from elsewhere than here, everything would silently be `any`. What is for HTTP is in sdk_http.ts:
 * a gateway over stdio does not load it.
 */
export { Client } from "@modelcontextprotocol/sdk/client";
export { Server } from "@modelcontextprotocol/sdk/server";
// @ts-types="@modelcontextprotocol/sdk/types"
export {
  CallToolRequestSchema,
  CallToolResultSchema,
  ErrorCode,
  LATEST_PROTOCOL_VERSION,
  ListToolsRequestSchema,
  McpError,
  SUPPORTED_PROTOCOL_VERSIONS,
} from "@modelcontextprotocol/sdk/types.js";
// @ts-types="@modelcontextprotocol/sdk/inMemory"
export { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
// @ts-types="@modelcontextprotocol/sdk/shared/uriTemplate"
export { UriTemplate } from "@modelcontextprotocol/sdk/shared/uriTemplate.js";
export type { EventStore } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp";
export type { Transport, TransportSendOptions } from "@modelcontextprotocol/sdk/shared/transport";
export type {
  CallToolResult,
  ClientCapabilities,
  ElicitRequestFormParams,
  ElicitRequestURLParams,
  ElicitResult,
  GetPromptResult,
  Implementation,
  JSONRPCMessage,
  JSONRPCRequest,
  Prompt,
  RequestId,
  Resource,
  ResourceTemplate,
  ServerCapabilities,
  Tool,
} from "@modelcontextprotocol/sdk/types";
