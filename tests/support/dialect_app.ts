/** The application over a scripted host, and what its streams say: for tests of one dialect. */
import { createApp } from "../../gateway/http/app.ts";
import type { Connection, HttpSettings } from "../../gateway/http/parts.ts";
import type { ChatRequest, FinishReason, GenerationEvent } from "../../inference/chat/request.ts";
import { MadeStore, ScriptedHost, scriptedUsage } from "./scripted_host.ts";

export const local: Connection = { transport: "tcp", remote: "127.0.0.1" };

export interface DialectApp {
  host: ScriptedHost;
  get(path: string, headers?: Record<string, string>, method?: string): Promise<Response>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  /** The chat that the host was asked for last. */
  chat(): ChatRequest;
}

export function dialectApp(
  script?: ConstructorParameters<typeof ScriptedHost>[0],
  settings: Partial<HttpSettings> = {},
): DialectApp {
  const host = new ScriptedHost(script);
  const app = createApp({ store: new MadeStore(), host, version: "9.9.9", settings });
  return {
    host,
    get: async (path, headers = {}, method = "GET") => await app.request(path, { method, headers }, local),
    post: async (path, body, headers = {}) => {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      const init = {
        method: "POST",
        body: text,
        headers: { "content-type": "application/json", ...headers },
      };
      return await app.request(path, init, local);
    },
    chat: () => (host.requests.at(-1)!.prompt as { chat: ChatRequest }).chat,
  };
}

type Delta = Omit<Extract<GenerationEvent, { type: "delta" }>, "type" | "index">;

/** A script of these deltas. */
export function saying(deltas: Delta[], finishReason: FinishReason = "stop", stop?: string) {
  return async function* (): AsyncGenerator<GenerationEvent> {
    yield { type: "start", promptTokens: 9, cachedTokens: 4 };
    for (const delta of deltas) yield { type: "delta", index: 0, ...delta };
    yield { type: "end", index: 0, finishReason, ...(stop === undefined ? {} : { stop }) };
    yield { type: "usage", usage: { ...scriptedUsage, reasoningTokens: 1 } };
  };
}

/** A script that calls one tool, its arguments in two pieces. */
export function calling(name: string, json: string, id = "call_1") {
  const half = json.length >> 1;
  return saying([
    { text: "\n" },
    { toolCall: { index: 0, id, name } },
    { toolCall: { index: 0, arguments: json.slice(0, half) } },
    { toolCall: { index: 0, arguments: json.slice(half) } },
  ], "tool_calls");
}

export interface SentEvent {
  /** Of the `event:` line. */
  name?: string;
  data: any;
}

/** The server-sent events of an answer. */
export async function sentEvents(response: Response): Promise<SentEvent[]> {
  return (await response.text()).split("\n\n").filter((block) => block !== "").map((block) => {
    const lines = block.split("\n");
    const data = lines.find((line) => line.startsWith("data: "))!.slice(6);
    return { name: lines.find((line) => line.startsWith("event: "))?.slice(7), data: JSON.parse(data) };
  });
}
