/** Where commands of `skiff mcp` serve HTTP. */
import { SkiffError } from "../../core/errors/skiff_error.ts";

/** A server there, that says nothing by itself. Throws "conflict" for a port in use, else "invalid_input". */
export function listenAt(
  place: { hostname: string; port: number },
  fetch: (request: Request) => Response | Promise<Response>,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ ...place, onListen() {} }, fetch);
  } catch (cause) {
    if (cause instanceof Deno.errors.AddrInUse) {
      throw new SkiffError(
        "conflict",
        `Port ${place.port} of ${place.hostname} is in use by another program`,
        {
          hint: "Choose another one with --port.",
          cause,
        },
      );
    }
    throw new SkiffError(
      "invalid_input",
      `Nothing can listen at ${place.hostname}:${place.port}: ${(cause as Error).message}`,
      { hint: "Give an address of this machine, like --host 127.0.0.1.", cause },
    );
  }
}
