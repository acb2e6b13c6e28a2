/** The two lines of a call, by how it ends. */
import { equal, match } from "node:assert/strict";
import { logCalls } from "../../../gateway/mcp/gateway/log_calls.ts";
import type { ToolCall } from "../../../gateway/mcp/gateway/middleware.ts";
import type { CallToolResult } from "../../../gateway/mcp/sdk.ts";

const ends: [how: string, result: () => CallToolResult, aborted: boolean, line: RegExp][] = [
  ["a result", () => ({ content: [] }), false, /^Calling tool done: add \(\d+\.\dms\)$/],
  ["an error of the tool", () => ({ content: [], isError: true }), false, /^Tool reported an error: add \(/],
  ["a failure", fails, false, /^Calling tool failed: add \(\d+\.\dms\): two lines$/],
  ["the client's cancelling", fails, true, /^Calling tool cancelled: add \(\d+\.\dms\)$/],
];

function fails(): never {
  throw new Error("two\nlines");
}

for (const [how, result, aborted, line] of ends) {
  Deno.test(`a call that ends with ${how}`, async () => {
    const lines: string[] = [];
    const signal = aborted ? AbortSignal.abort() : new AbortController().signal;
    const call = { name: "add", arguments: { text: "secret" }, signal } as unknown as ToolCall;
    await logCalls((line) => void lines.push(line))(call, () => Promise.resolve().then(result)).catch(
      () => {},
    );
    equal(lines[0], "Calling tool add with arguments: text: text of 6");
    match(lines[1], line);
  });
}
