/** Errors on their way through the gateway. */
import { ErrorCode, McpError } from "./sdk.ts";

/** As it is to be sent: code, message and data, without the prefix that the SDK puts before messages. */
export function passedError(error: unknown): unknown {
  if (error instanceof RangeError && /call stack/.test(error.message)) { // of a writer or reader of JSON
    return Object.assign(new Error("The message is nested too deeply", { cause: error }), {
      code: ErrorCode.InvalidParams,
    });
  }
  if (!(error instanceof McpError)) return error;
  const { code, data, message } = error;
  const text = message.replace(new RegExp(`^(?:MCP error ${code}: )+`), "");
  return Object.assign(new Error(text, { cause: error }), { code, ...(data === undefined ? {} : { data }) });
}
