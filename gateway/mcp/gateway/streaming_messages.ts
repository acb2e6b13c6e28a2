/** Requests and answers of streamable HTTP, beside what the SDK makes of them. */
import { errorMessage, type MessageFault } from "../json_rpc.ts";

const needed = ["application/json", "text/event-stream"];

/** With an Accept header that says by name what is accepted: the SDK takes no wildcard, which is what curl sends. */
export function namingHeaders(request: Request): Headers {
  const headers = new Headers(request.headers);
  const accepted = (headers.get("accept") ?? "*/*").toLowerCase().split(",").map((one) =>
    one.split(";")[0].trim()
  );
  const named = needed.filter((type) =>
    ["*/*", type, `${type.split("/")[0]}/*`].some((one) => accepted.includes(one))
  );
  headers.set("accept", named.join(", "));
  return headers;
}

export function faultResponse(status: number, fault: MessageFault): Response {
  return Response.json(errorMessage(fault), { status });
}
