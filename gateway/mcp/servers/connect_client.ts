/** The client side of a server's connection: the SDK's client, with everything passed through as it is. */
import { Client, type ClientCapabilities, ErrorCode, McpError, type Transport } from "../sdk.ts";
import { RequestLane } from "./request_lane.ts";
import * as z from "zod";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { passedError } from "../passed_error.ts";
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

/** The SDK's client, past which all goes that is handed on as it is. */
class PassingClient extends Client {
  #lane?: RequestLane;

  /** When hands are shaken. */
  openLane(transport: Transport, notified: (notification: any) => Promise<void> | void): void {
    this.#lane = new RequestLane(transport, notified);
  }

  override request(request: any, schema: any, options: any = {}): Promise<any> {
    const { timeout = 0, onprogress, signal } = options;
    return this.#lane && schema === passThrough && timeout >= noTimeout
      ? this.#lane.request(request, { signal, onprogress })
      : super.request(request, schema, options);
  }
}

/**
 * Shakes hands over a transport. Throws `SkiffError` when the server refuses, ends or the signal aborts; the
 * transport is closed then.
 */
export async function connectClient(transport: Transport, options: OpenServerOptions): Promise<Client> {
  const { upcalls, signal, log } = options;
  const client = new PassingClient(options.clientInfo, {
    capabilities: passedCapabilities(options.capabilities),
    jsonSchemaValidator: noValidation,
  });
  client.fallbackRequestHandler = async (request, extra) => {
    if (!["sampling/createMessage", "elicitation/create", "roots/list"].includes(request.method)) {
      throw new McpError(ErrorCode.MethodNotFound, `The client has no method ${request.method}`);
    }
    return await upcalls.request(request, extra.signal).catch((error) => {
      throw passedError(error);
    });
  };
  client.fallbackNotificationHandler = async (notification) => await upcalls.notification(notification);
  client.onerror = (error) => log(error.message.slice(0, 300));
  try {
    await client.connect(transport, { signal, timeout: noTimeout });
    client.openLane(transport, (notification) => upcalls.notification(notification));
  } catch (error) {
    await transport.close().catch(() => {});
    if (signal.aborted) throw signal.reason;
    const { message } = error as Error;
    const words = error instanceof SyntaxError ? `its answer is no JSON (${message})` : message;
    throw new SkiffError("unavailable", `it did not answer the handshake: ${words}`, { cause: error });
  }
  return client;
}
