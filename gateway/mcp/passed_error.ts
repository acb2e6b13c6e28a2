/** Errors on their way through the gateway. */
import { McpError } from "./sdk.ts";

/** As it is to be sent: code, message and data, without the prefix that the SDK puts before messages. */
export function passedError(error: unknown): unknown {
  if (!(error instanceof McpError)) return error;
  const { code, data, message } = error;
  const text = message.replace(new RegExp(`^(?:MCP error ${code}: )+`), "");
  return Object.assign(new Error(text, { cause: error }), { code, ...(data === undefined ? {} : { data }) });
}
