/**
 * The Engine's API as a sandbox may use it: a request is understood wholly, checked, and written anew. What is
 * not understood is refused.
 */
import { SkiffError } from "../../../errors/skiff_error.ts";
import type { HttpConnection } from "../http/connection.ts";
import { answer } from "../http/exchange.ts";
import { BadMessage, type RequestHead } from "../http/head.ts";
import type { ServedSandbox } from "../proxy/served_sandbox.ts";
import { OwnedThings } from "./owned.ts";
import { Refusal } from "./refusal.ts";
import { carryOut, type FilterRequest } from "./requests.ts";
import { findRoute } from "./routes.ts";

/** Serves one request; true when the connection can take another one. */
export async function serveDockerRequest(
  sandbox: ServedSandbox,
  client: HttpConnection,
  request: RequestHead,
): Promise<boolean> {
  const [path, ...query] = request.target.split("?");
  const docker = sandbox.record.docker;
  const log = (allowed: boolean, reason: string) =>
    sandbox.log.add({ kind: "docker", target: `${request.method} ${path}`, allowed, reason });
  let owned: OwnedThings | undefined;
  try {
    const route = findRoute(request.method, path);
    if (!docker) throw new Refusal("this sandbox has no Docker socket");
    if (!route) throw new Refusal(`${request.method} ${path} is not among what a sandbox may do`);
    owned = await OwnedThings.open(docker.socket, sandbox.id).catch((error) => {
      throw new Refusal(`the Engine cannot be reached: ${error.message}`, 503);
    });
    const order: FilterRequest = {
      sandbox,
      docker,
      client,
      request,
      route,
      query: query.join("?"),
      owned,
      log,
    };
    return await carryOut(order);
  } catch (error) {
    if (error instanceof Refusal) {
      log(false, error.message);
      const said = error.status === 403 ? `skiff: ${error.message}` : error.message;
      await engineError(client, error.status, said, request.method === "HEAD");
      return false;
    }
    if (error instanceof SkiffError) {
      await engineError(client, engineStatus(error), error.message, request.method === "HEAD");
      return false;
    }
    if (error instanceof BadMessage) throw error;
    throw new BadMessage(`the Engine: ${error instanceof Error ? error.message : error}`, 502);
  } finally {
    owned?.close();
  }
}

function engineStatus({ code }: SkiffError): number {
  if (code === "not_found") return 404;
  if (code === "conflict") return 409;
  return code === "invalid_input" ? 400 : 500;
}

/** An error as the Engine writes it. */
async function engineError(
  client: HttpConnection,
  status: number,
  message: string,
  head: boolean,
): Promise<void> {
  await answer(client, status, `${JSON.stringify({ message })}\n`, { type: "application/json", head });
}
