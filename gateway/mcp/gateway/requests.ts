/** Where each request of a client goes. */
import type { EnabledServer } from "../configuration/enabled_server.ts";
import { ErrorCode, type JSONRPCRequest, McpError, type RequestId } from "../sdk.ts";
import { passedError } from "../passed_error.ts";
import type { ListName } from "./client_lists.ts";
import type { CallOrigin } from "./middleware.ts";
import type { Session } from "./session.ts";
import { measuredRequest } from "./telemetry.ts";

/** What is known of a request beside its words. */
export interface RequestExtra {
  /** Aborted when the client cancels it or goes. */
  signal: AbortSignal;
  requestId: RequestId;
  /** Towards the client, on the stream of this request. */
  sendNotification(notification: { method: string; params?: Record<string, unknown> }): Promise<void>;
}

type Extra = RequestExtra;
type Params = Record<string, any>;
type Handler = (session: Session, params: Params, extra: Extra) => Promise<unknown>;

const resourceNotFound = -32002;
/** From the least to the gravest. */
const levels = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

/** Whether there is an answer to such requests. */
export const handlesMethod = (method: string) => Object.hasOwn(handlers, method);

/** The answer to a request. Throws with the code, the message and the data of the server that was asked. */
export async function handleRequest(
  session: Session,
  request: JSONRPCRequest,
  extra: Extra,
): Promise<unknown> {
  try {
    const handler = handlesMethod(request.method) && handlers[request.method];
    if (!handler) throw new McpError(ErrorCode.MethodNotFound, `There is no method ${request.method}`);
    return await handler(session, request.params ?? {}, extra);
  } catch (error) {
    throw passedError(error);
  }
}

const handlers: Record<string, Handler> = {
  "tools/list": listing("tools", "tools"),
  "prompts/list": listing("prompts", "prompts"),
  "resources/list": listing("resources", "resources"),
  "resources/templates/list": listing("templates", "resourceTemplates"),
  "tools/call": callTool,
  "prompts/get": getPrompt,
  "resources/read": (session, params, extra) => askOwner(session, "resources/read", params, extra),
  "resources/subscribe": (session, params, extra) => subscribe(session, "resources/subscribe", params, extra),
  "resources/unsubscribe": (session, params, extra) =>
    subscribe(session, "resources/unsubscribe", params, extra),
  "completion/complete": complete,
  "logging/setLevel": setLevel,
  "tasks/get": (session, params, extra) => askTask(session, "tasks/get", params, extra),
  "tasks/result": (session, params, extra) => askTask(session, "tasks/result", params, extra),
  "tasks/cancel": (session, params, extra) => askTask(session, "tasks/cancel", params, extra),
  "tasks/list": listTasks,
};

/** Lists are given whole, so no cursor is one of ours. */
function listing(list: ListName, under: string): Handler {
  return async (session, { cursor }) => {
    if (cursor !== undefined && cursor !== null && cursor !== "") {
      throw new McpError(ErrorCode.InvalidParams, `There is no page ${JSON.stringify(cursor)} of this list`);
    }
    return { [under]: await session.list(list) };
  };
}

async function callTool(session: Session, params: Params, extra: Extra): Promise<unknown> {
  const { name: _, arguments: given, _meta, ...rest } = params;
  const name = text(params, "name");
  const args = given ?? {};
  if (typeof args !== "object" || Array.isArray(args)) {
    throw new McpError(ErrorCode.InvalidParams, `The arguments of ${name} are no object`);
  }
  const { meta, origin } = originOf(_meta, rest, extra);
  return await session.call({ name, arguments: args, meta, signal: extra.signal, origin });
}

async function setLevel(session: Session, params: Params): Promise<unknown> {
  const level = text(params, "level");
  if (!levels.includes(level)) {
    throw new McpError(ErrorCode.InvalidParams, `There is no level ${level}; there are ${levels.join(", ")}`);
  }
  await session.setLevel(level);
  return {};
}

async function getPrompt(session: Session, params: Params, extra: Extra): Promise<unknown> {
  const name = text(params, "name");
  const { arguments: args = {} } = params;
  const route = session.view().prompts.get(name) ??
    (await session.gathered({ anew: true })).prompts.get(name);
  if (!route) throw new McpError(ErrorCode.InvalidParams, `There is no prompt ${name}`);
  if (route.own) return await route.own.get(args);
  return await pass(session, route.server!, "prompts/get", { ...params, name: route.prompt }, extra);
}

/** A request about a resource, for the server that has it. */
async function askOwner(session: Session, method: string, params: Params, extra: Extra): Promise<any> {
  const owner = await ownerOf(session, text(params, "uri"));
  return await pass(session, owner, method, params, extra);
}

async function ownerOf(session: Session, uri: string): Promise<EnabledServer> {
  const known = session.ownerOf(uri);
  if (known) return known;
  await session.gathered({ anew: true });
  const owner = session.ownerOf(uri);
  if (owner) return owner;
  throw new McpError(resourceNotFound, `Resource ${uri} not found`, { uri });
}

async function subscribe(session: Session, method: string, params: Params, extra: Extra): Promise<unknown> {
  const uri = text(params, "uri");
  const owner = await ownerOf(session, uri);
  const result = await pass(session, owner, method, params, extra);
  const subscriptions = session.running.subscriptions(owner);
  if (method === "resources/subscribe") subscriptions.add(uri);
  else subscriptions.delete(uri);
  return result;
}

async function complete(session: Session, params: Params, extra: Extra): Promise<unknown> {
  const { ref } = params;
  if (!["ref/prompt", "ref/resource"].includes(ref?.type)) {
    throw new McpError(ErrorCode.InvalidParams, "A completion is of a ref/prompt or a ref/resource");
  }
  const find = () => {
    const view = session.view();
    if (ref?.type === "ref/prompt") {
      const route = view.prompts.get(ref.name);
      return route?.server && { server: route.server, ref: { ...ref, name: route.prompt } };
    }
    const server = view.templates.get(ref?.uri)?.server ?? session.ownerOf(String(ref?.uri));
    return server && { server, ref };
  };
  let found = find();
  if (!found) {
    await session.gathered({ anew: true });
    found = find();
  }
  if (!found) {
    throw new McpError(ErrorCode.InvalidParams, `There is nothing to complete for ${JSON.stringify(ref)}`);
  }
  return await pass(session, found.server, "completion/complete", { ...params, ref: found.ref }, extra);
}

async function askTask(session: Session, method: string, params: Params, extra: Extra): Promise<unknown> {
  const task = text(params, "taskId");
  const owner = session.taskOwner(task);
  if (!owner) throw new McpError(ErrorCode.InvalidParams, `Task not found: ${task}`);
  return await pass(session, owner, method, params, extra);
}

/** A parameter that a request cannot do without. */
function text(params: Params, name: string): string {
  const value = params[name];
  if (typeof value === "string") return value;
  throw new McpError(ErrorCode.InvalidParams, `The request needs a ${name}, which is a text`);
}

/** The tasks of the servers that run; one that is not running has none. */
async function listTasks(session: Session, _params: Params, extra: Extra): Promise<unknown> {
  const able = session.running.connections().filter(({ client }) =>
    client.getServerCapabilities()?.tasks?.list
  );
  const lists = await Promise.all(
    able.map(({ server }) => pass(session, server, "tasks/list", {}, extra).catch(() => ({ tasks: [] }))),
  );
  return { tasks: lists.flatMap(({ tasks }) => Array.isArray(tasks) ? tasks : []) };
}

/** Hands a request on as it is; progress finds its way back. */
async function pass(
  session: Session,
  server: EnabledServer,
  method: string,
  { _meta, ...params }: Params,
  extra: Extra,
): Promise<any> {
  const { meta, origin } = originOf(_meta, {}, extra);
  const { requestId, onprogress } = origin;
  return await measuredRequest(session.telemetry, { method, server, session, meta }, (meta) => {
    const request = { method, params: meta ? { ...params, _meta: meta } : params };
    return session.ask(server, request, { signal: extra.signal, requestId, onprogress });
  });
}

/** The token of progress is the client's own: towards the server there is another one. */
function originOf(
  _meta: Params | undefined,
  params: Params,
  extra: Extra,
): { meta?: Record<string, unknown>; origin: CallOrigin } {
  const { progressToken, ...meta } = typeof _meta === "object" ? _meta ?? {} : {};
  const isToken = typeof progressToken === "string" || typeof progressToken === "number";
  const onprogress = !isToken ? undefined : (made: Record<string, unknown>) => {
    const notification = { method: "notifications/progress", params: { ...made, progressToken } };
    return extra.sendNotification(notification).catch(() => {}); // the client may be gone
  };
  return {
    meta: Object.keys(meta).length > 0 ? meta : undefined,
    origin: { requestId: extra.requestId, onprogress, params },
  };
}
