/** What servers send by themselves, on its way to the client whose session they run for. */
import { ErrorCode, McpError, type RequestId, type Server } from "../sdk.ts";
import { noTimeout, passThrough } from "../servers/connect_client.ts";
import type { ServerUpcalls } from "../servers/server.ts";

export interface UpcallParts {
  /** The session's side towards its client. */
  server: Server;
  /** The client's request that the server works on, if there is one. */
  related(): RequestId | undefined;
  /** Towards the server: progress on what it asked for. */
  progress(params: Record<string, unknown>): void;
  listChanged(): void;
}

const changedLists = new Set([
  "notifications/tools/list_changed",
  "notifications/prompts/list_changed",
  "notifications/resources/list_changed",
]);

/** Passed on as they are. */
const passedNotifications = new Set([
  "notifications/message",
  "notifications/resources/updated",
  "notifications/elicitation/complete",
  "notifications/tasks/status",
]);

const neededCapability = {
  "sampling/createMessage": "sampling",
  "elicitation/create": "elicitation",
  "roots/list": "roots",
} as const;

export function upcallsTo({ server, related, progress, listChanged }: UpcallParts): ServerUpcalls {
  return {
    async request({ method, params }, signal) {
      const capability = neededCapability[method as keyof typeof neededCapability];
      if (!capability || !server.getClientCapabilities()?.[capability]) {
        throw new McpError(ErrorCode.MethodNotFound, `The client does not support ${method}`);
      }
      const { _meta, ...rest } = params ?? {};
      const { progressToken, ...meta } = (_meta ?? {}) as Record<string, unknown>;
      const passed = Object.keys(meta).length > 0 ? { ...rest, _meta: meta } : rest;
      return await server.request({ method, params: passed } as never, passThrough, {
        signal,
        timeout: noTimeout,
        relatedRequestId: related(),
        ...(progressToken === undefined
          ? {}
          : { onprogress: (made) => progress({ ...made, progressToken: progressToken as string }) }),
      });
    },
    notification(notification) {
      if (changedLists.has(notification.method)) return listChanged();
      if (!passedNotifications.has(notification.method)) return;
      const belongs = notification.method === "notifications/message" ? { relatedRequestId: related() } : {};
      // The client may be gone, or not take it (url elicitation). A client that reads slowly makes the server wait.
      return server.notification(notification as never, belongs).catch(() => {});
    },
  };
}
