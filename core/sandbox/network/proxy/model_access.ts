/** The local model server as a sandbox may use it: its own model, inference routes, nothing that manages. */
import type { HttpConnection } from "../http/connection.ts";
import { answer, exchange } from "../http/exchange.ts";
import {
  BadMessage,
  endToEnd,
  headerTokens,
  headerValues,
  requestFraming,
  type RequestHead,
} from "../http/head.ts";
import { writeResponseHead } from "../http/head.ts";
import { connectSocket } from "./dial.ts";
import type { ServedSandbox } from "./served_sandbox.ts";

/** Routes, as method and path without the query; "/engines/…" is how Docker's model runner calls them. */
const prefix = "(?:/engines(?:/[a-z.-]+)?)?/v1";
const inference = new RegExp(
  `^POST ${prefix}/(?:chat/completions|completions|embeddings|responses|messages|messages/count_tokens)$`,
);
const list = new RegExp(`^GET ${prefix}/models$`);
const hello = /^(HEAD|GET) \/api\/hello$/;

/** Names of one model: "smollm2", "ai/smollm2", "docker.io/ai/smollm2:latest". */
function bareName(name: string): string {
  return name.toLowerCase().replace(/^docker\.io\//, "").replace(/^ai\//, "").replace(/:latest$/, "");
}

/** Serves one request; true when the connection can take another one. */
export async function serveModelRequest(
  sandbox: ServedSandbox,
  client: HttpConnection,
  request: RequestHead,
): Promise<boolean> {
  const model = sandbox.record.model;
  const path = request.target.replace(/\?.*$/s, "");
  const route = `${request.method} ${path}`;
  const refuse = async (status: number, reason: string) => {
    sandbox.log.add({ kind: "model", target: route, allowed: false, reason });
    await answer(client, status, errorBody(status, reason), { type: "application/json" });
    return false;
  };
  if (!model) return await refuse(403, "this sandbox has no local model");
  if (hello.test(route)) {
    await answer(client, 200, "", { keepAlive: true, head: request.method === "HEAD" });
    return requestFraming(request).kind === "none";
  }
  const lists = list.test(route);
  if (!lists && !inference.test(route)) {
    return await refuse(403, `${route} is not among the routes that a sandbox may use`);
  }
  using held = lists ? undefined : await sandbox.hold(await bodyOf(client, request));
  if (held) {
    const asked = modelOf(held.bytes);
    if (asked === undefined) return await refuse(400, "the request names no model");
    if (!model.names.some((name) => bareName(name) === bareName(asked))) {
      return await refuse(
        404,
        `The model "${asked.slice(0, 100)}" is not the one of this sandbox (${model.names[0]})`,
      );
    }
  }
  sandbox.log.add({ kind: "model", target: route, allowed: true, reason: "an inference route" });
  return await relay(client, request, model.socket, {
    body: held?.bytes,
    names: lists ? model.names : undefined,
  });
}

async function relay(
  client: HttpConnection,
  request: RequestHead,
  socket: string,
  { body, names }: { body?: Uint8Array; names?: string[] },
): Promise<boolean> {
  const upstream = await connectSocket(
    socket,
    "the model server does not run; `skiff serve` on the host starts it",
  );
  const headers = endToEnd(request.headers).filter(([name]) => !/^(host|origin|cookie|sec-.*)$/i.test(name));
  try {
    return await exchange({
      client,
      upstream,
      request,
      target: request.target,
      headers: [["Host", "localhost"], ...headers],
      body,
      cancels: true,
      rewrite: names && ((bytes) => onlyModels(bytes, names)),
    });
  } finally {
    upstream.close();
  }
}

/** The body's pieces, asked for where the client waits to be told. */
async function bodyOf(client: HttpConnection, request: RequestHead): Promise<AsyncIterable<Uint8Array>> {
  const [encoding] = headerValues(request.headers, "content-encoding");
  if (encoding && encoding.toLowerCase() !== "identity") throw new BadMessage("the body is compressed", 415);
  const framing = requestFraming(request);
  if (framing.kind !== "none" && headerTokens(request.headers, "expect").includes("100-continue")) {
    await client.write(writeResponseHead(100, "Continue", []));
  }
  return client.body(framing);
}

function modelOf(body: Uint8Array): string | undefined {
  try {
    const { model } = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    return typeof model === "string" ? model : undefined;
  } catch {
    return undefined;
  }
}

/** The list of models without those that are not the sandbox's. */
function onlyModels(bytes: Uint8Array, names: string[]): Uint8Array {
  const allowed = new Set(names.map(bareName));
  try {
    const body = JSON.parse(new TextDecoder().decode(bytes));
    if (!Array.isArray(body.data)) return new TextEncoder().encode('{"object":"list","data":[]}');
    const data = body.data.filter(({ id }: { id?: unknown }) => allowed.has(bareName(String(id))));
    return new TextEncoder().encode(JSON.stringify({ ...body, data }));
  } catch {
    return new TextEncoder().encode('{"object":"list","data":[]}');
  }
}

/** One body that both OpenAI's and Anthropic's clients read. */
function errorBody(status: number, message: string): string {
  const type = status === 404
    ? "not_found_error"
    : status === 403
    ? "permission_error"
    : "invalid_request_error";
  return `${JSON.stringify({ type: "error", error: { type, message: `skiff: ${message}`, code: type } })}\n`;
}
