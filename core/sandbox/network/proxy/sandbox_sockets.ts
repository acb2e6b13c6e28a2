/** All sockets of one sandbox while the proxy serves it. */
import { serveDockerRequest } from "../docker_filter/filter.ts";
import type { AccessRecord } from "../records.ts";
import { sandboxFiles } from "../sandbox_files.ts";
import { serveCredentialRequest } from "./credentials_access.ts";
import { serveProxyRequest } from "./http_proxy.ts";
import { type Handler, SandboxListener } from "./listener.ts";
import { serveMcpRequest } from "./mcp_access.ts";
import { serveModelRequest } from "./model_access.ts";
import type { ServedSandbox } from "./served_sandbox.ts";

/** Where bodies are read before they go on, fewer at once. */
const mostConnections: Record<string, number> = {
  proxy: 512,
  model: 64,
  mcp: 64,
  credentials: 128,
  docker: 64,
};

export class SandboxSockets {
  readonly sandbox: ServedSandbox;
  readonly #listeners: SandboxListener[] = [];

  /** Makes the folder where it is missing and listens on every socket that the record asks for. */
  constructor(sandbox: ServedSandbox) {
    this.sandbox = sandbox;
    const { sockets } = sandboxFiles(sandbox.paths, sandbox.id);
    Deno.mkdirSync(sockets, { recursive: true });
    Deno.chmodSync(sockets, 0o711); // the user inside may have any id; the parent keeps others out
    try {
      for (const [name, handler] of handlers(sandbox)) {
        this.#listeners.push(new SandboxListener(`${sockets}/${name}.sock`, handler, mostConnections[name]));
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Since when nobody is connected to any of them; undefined while somebody is. */
  get quietSince(): number | undefined {
    const times = this.#listeners.map(({ quietSince }) => quietSince);
    return times.includes(undefined) ? undefined : Math.max(...times as number[]);
  }

  close(): void {
    for (const listener of this.#listeners) listener.close();
    this.sandbox.close();
  }
}

function handlers(sandbox: ServedSandbox): [string, Handler][] {
  const { record } = sandbox;
  const all: [string, boolean, Handler][] = [
    ["proxy", true, (client, request) => serveProxyRequest(sandbox, client, request)],
    ["model", record.model !== undefined, (client, request) => serveModelRequest(sandbox, client, request)],
    ["mcp", record.mcp !== undefined, (client, request) => serveMcpRequest(sandbox, client, request)],
    ["credentials", record.credentials.length > 0, (client, request) => {
      return serveCredentialRequest(sandbox, client, request);
    }],
    [
      "docker",
      record.docker !== undefined,
      (client, request) => serveDockerRequest(sandbox, client, request),
    ],
  ];
  return all.filter(([, wanted]) => wanted).map(([name, , handler]) => [name, handler]);
}

/** Whether the sockets of one record serve another one as well. */
export function sameSockets(a: AccessRecord, b: AccessRecord): boolean {
  const wanted = (record: AccessRecord) =>
    [record.model, record.mcp, record.docker].map((one) => one !== undefined).join() +
    (record.credentials.length > 0);
  return wanted(a) === wanted(b);
}
