/** The client side of a server's connection: the SDK's client, with everything passed through as it is. */
import { Client, type ClientCapabilities, ErrorCode, McpError, type Transport } from "../sdk.ts";
import { z } from "zod";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { OpenServerOptions } from "./server.ts";

/** The schema of results that are handed on: nothing is checked, nothing is dropped. */
export const passThrough = z.any();

/** Milliseconds; the longest that a timer of this runtime can wait. Who asks decides how long. */
export const noTimeout = 2 ** 31 - 1;

/** What is told to servers: the capabilities that requests are passed on for. */
export function passedCapabilities({ sampling, elicitation, roots }: ClientCapabilities): ClientCapabilities {
  return {
    ...(sampling ? { sampling } : {}),
    ...(elicitation ? { elicitation } : {}),
    ...(roots ? { roots } : {}),
  };
}

/** Results are not validated here: whoever asked has the schemas and does it. */
export const noValidation = {
  getValidator: () => (data: any) => ({ valid: true as const, data, errorMessage: undefined }),
};

/**
 * Shakes hands over a transport. Throws `SkiffError` when the server refuses, ends or the signal aborts; the
 * transport is closed then.
 */
export async function connectClient(transport: Transport, options: OpenServerOptions): Promise<Client> {
  const { upcalls, signal, log } = options;
  const client = new Client(options.clientInfo, {
    capabilities: passedCapabilities(options.capabilities),
    jsonSchemaValidator: noValidation,
  });
  client.fallbackRequestHandler = async (request, extra) => {
    if (!["sampling/createMessage", "elicitation/create", "roots/list"].includes(request.method)) {
      throw new McpError(ErrorCode.MethodNotFound, `The client has no method ${request.method}`);
    }
    return await upcalls.request(request, extra.signal);
  };
  client.fallbackNotificationHandler = (notification) => {
    upcalls.notification(notification);
    return Promise.resolve();
  };
  client.onerror = (error) => log(error.message.slice(0, 300));
  try {
    await client.connect(transport, { signal, timeout: noTimeout });
  } catch (error) {
    await transport.close().catch(() => {});
    if (signal.aborted) throw signal.reason;
    throw new SkiffError("unavailable", `it did not answer the handshake: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return client;
}
