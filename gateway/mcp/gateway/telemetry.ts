/** What the gateway measures: calls of tools, prompts, resources and lists, with who was asked and who asks. */
import { serverType } from "../catalog/server_entry.ts";
import type { EnabledServer } from "../configuration/enabled_server.ts";
import type { Attributes } from "../telemetry/otlp.ts";
import type { Operation, Telemetry } from "../telemetry/telemetry.ts";
import type { GatewaySession } from "./gateway_session.ts";
import type { CallMiddleware } from "./middleware.ts";

/** A span and numbers for each call of a tool. */
export function callTelemetry(telemetry: Telemetry): CallMiddleware {
  return (call, next) =>
    telemetry.measure({
      name: `mcp.tool.call ${call.name}`,
      attributes: {
        ...serverAttributes(call.server),
        "mcp.tool.name": call.tool,
        ...clientAttributes(call.session),
      },
      meta: call.meta,
      counter: "mcp.tool.calls",
      errors: "mcp.tool.errors",
      duration: "mcp.tool.duration",
    }, async (span) => {
      span.set({ "mcp.session.id": call.session.id, "mcp.method.name": "tools/call" });
      const result = await next({ ...call, meta: span.meta });
      if (result?.isError) span.fail();
      return result;
    });
}

const requestNames: Record<string, Pick<Operation, "name" | "counter" | "errors" | "duration">> = {
  "prompts/get": {
    name: "mcp.prompt.get",
    counter: "mcp.prompt.gets",
    errors: "mcp.prompt.errors",
    duration: "mcp.prompt.duration",
  },
  "resources/read": {
    name: "mcp.resource.read",
    counter: "mcp.resource.reads",
    errors: "mcp.resource.errors",
    duration: "mcp.resource.duration",
  },
  "completion/complete": { name: "mcp.completion" },
};

/** Sends a request on, measured when it is of a kind that is. `send` gets the `_meta` to send. */
export async function measuredRequest<T>(
  telemetry: Telemetry | undefined,
  { method, server, session, meta }: {
    method: string;
    server: EnabledServer;
    session: GatewaySession;
    meta?: Record<string, unknown>;
  },
  send: (meta?: Record<string, unknown>) => Promise<T>,
): Promise<T> {
  const names = requestNames[method];
  if (!telemetry || !names) return await send(meta);
  const attributes = { ...serverAttributes(server), ...clientAttributes(session) };
  return await telemetry.measure({ ...names, attributes, meta }, async (span) => {
    span.set({ "mcp.session.id": session.id, "mcp.method.name": method });
    return await send(span.meta);
  });
}

const listNames = {
  tools: "tools",
  prompts: "prompts",
  resources: "resources",
  templates: "resource_templates",
};

/** A list for a client. */
export async function measuredList<T extends unknown[]>(
  telemetry: Telemetry | undefined,
  list: keyof typeof listNames,
  session: GatewaySession,
  work: () => Promise<T>,
): Promise<T> {
  if (!telemetry) return await work();
  const name = `mcp.list.${listNames[list]}`;
  return await telemetry.measure(
    { name, counter: name, attributes: clientAttributes(session) },
    async (span) => {
      const items = await work();
      span.set({ "mcp.session.id": session.id, "mcp.list.count": items.length });
      return items;
    },
  );
}

/** A server's start, or its lists. */
export async function measuredServer<T>(
  telemetry: Telemetry | undefined,
  what: "start" | "list",
  server: EnabledServer,
  work: () => Promise<T>,
): Promise<T> {
  if (!telemetry) return await work();
  const attributes = serverAttributes(server);
  return await telemetry.measure({ name: `mcp.server.${what} ${server.entry.name}`, attributes }, work);
}

export function clientAttributes({ client }: Pick<GatewaySession, "client">): Attributes {
  return { "mcp.client.name": client.name, "mcp.client.version": client.version };
}

function serverAttributes(server: EnabledServer | undefined): Attributes {
  return {
    "mcp.server.name": server?.entry.name ?? "gateway",
    "mcp.server.type": typeName(server && serverType(server.entry), server?.entry.remote?.transport_type),
  };
}

function typeName(type: string | undefined, transport: string | undefined): string {
  if (type === "server" || type === "poci") return "docker";
  if (type === "remote") return transport === "sse" ? "sse" : "streaming";
  return type === undefined ? "dynamic" : "unknown";
}
