/** Requests and answers of streamable HTTP, beside what the SDK makes of them. */
import { errorMessage, type MessageFault } from "../json_rpc.ts";

const needed = ["application/json", "text/event-stream"];

/**
 * The request without its body, and with the Accept header that says by name what it accepts: the SDK takes no
 * wildcard for it, which is what curl sends.
 */
export function acceptingRequest(request: Request): Request {
  const headers = new Headers(request.headers);
  const accepted = (headers.get("accept") ?? "*/*").toLowerCase().split(",").map((one) =>
    one.split(";")[0].trim()
  );
  const named = needed.filter((type) =>
    ["*/*", type, `${type.split("/")[0]}/*`].some((one) => accepted.includes(one))
  );
  headers.set("accept", named.join(", "));
  return new Request(request.url, { method: request.method, headers });
}

export function faultResponse(status: number, fault: MessageFault): Response {
  return Response.json(errorMessage(fault), { status });
}
