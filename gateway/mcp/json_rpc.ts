/** JSON-RPC messages as they come over a wire, and what is said of what is none. */
import { ErrorCode, type JSONRPCMessage, type RequestId } from "./sdk.ts";

/** The body of an error that answers what is no message. */
export interface MessageFault {
  /** Null where the request's cannot be known. */
  id: RequestId | null;
  code: number;
  message: string;
}

export interface ReadMessages {
  messages: JSONRPCMessage[];
  faults: MessageFault[];
}

/** A message or a batch of them (2025-03-26). Never throws. */
export function readMessages(text: string): ReadMessages {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const message = error instanceof RangeError
      ? "The message is nested too deeply"
      : "The message is no JSON";
    return { messages: [], faults: [{ id: null, code: ErrorCode.ParseError, message }] };
  }
  const all = Array.isArray(value) ? value : [value];
  if (all.length === 0) return { messages: [], faults: [invalid(null, "A batch has at least one message")] };
  const messages: JSONRPCMessage[] = [];
  const faults: MessageFault[] = [];
  for (const one of all) {
    const fault = faultOf(one);
    if (fault) faults.push(fault);
    else messages.push(one);
  }
  return { messages, faults };
}

/** What a client is sent. */
export function errorMessage({ id, code, message }: MessageFault): JSONRPCMessage {
  return { jsonrpc: "2.0", id, error: { code, message } } as JSONRPCMessage;
}

/** Undefined for a message. Parameters that are null are left out: clients of some languages write what they have not. */
function faultOf(value: unknown): MessageFault | undefined {
  if (!isObject(value)) return invalid(null, "A message is an object");
  const { jsonrpc, id, method, params } = value;
  const hasId = isId(id);
  const known = hasId && "method" in value ? id : null; // an answer's id is one of the other side
  if (jsonrpc !== "2.0") return invalid(known, 'A message has "jsonrpc": "2.0"');
  if (!("method" in value)) return answerFault(value);
  if (typeof method !== "string") return invalid(known, "The method is no text");
  if ("id" in value && id !== undefined && !hasId) {
    return invalid(null, "The id of a request is a text or a whole number of at most 15 digits");
  }
  if (params === null) delete value.params;
  else if (params !== undefined && !isObject(params)) {
    return { id: known, code: ErrorCode.InvalidParams, message: "The parameters are no object" };
  }
}

function answerFault({ id, result, error }: Record<string, unknown>): MessageFault | undefined {
  const hasResult = typeof result === "object" && result !== null;
  if (isObject(error) ? typeof error.code === "number" : isId(id) && hasResult) return;
  return invalid(null, "A message has a method, a result or an error");
}

/** Why a client cannot be greeted as it asks to be. */
export function greetingFault(message: JSONRPCMessage): MessageFault | undefined {
  if (!("method" in message) || message.method !== "initialize" || !("id" in message)) return;
  const { protocolVersion, capabilities, clientInfo } = (message.params ?? {}) as Record<string, unknown>;
  const isNamed = isObject(clientInfo) && typeof clientInfo.name === "string" &&
    typeof clientInfo.version === "string";
  if (typeof protocolVersion === "string" && isObject(capabilities) && isNamed) return;
  return {
    id: message.id,
    code: ErrorCode.InvalidParams,
    message: "`initialize` has the parameters protocolVersion (a text), capabilities (an object) and " +
      "clientInfo (an object with name and version)",
  };
}

/** The request that a notification cancels. */
export function cancelledBy(message: JSONRPCMessage): RequestId | undefined {
  if (!("method" in message) || message.method !== "notifications/cancelled") return undefined;
  return message.params?.requestId as RequestId | undefined;
}

/** For the second of two requests with one id. `id`: what the error is sent under. */
export function idInUse(inUse: RequestId, id: RequestId | null): MessageFault {
  return invalid(id, `The id ${JSON.stringify(inUse)} is that of another request, which is not answered yet`);
}

const invalid = (id: RequestId | null, message: string): MessageFault => ({
  id,
  code: ErrorCode.InvalidRequest,
  message,
});

/** What JSON of JavaScript keeps: a longer number would come back as another one. */
const isId = (id: unknown): id is RequestId => typeof id === "string" || Number.isSafeInteger(id);

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
