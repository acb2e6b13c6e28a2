/**
 * Docker Desktop's named pipe on Windows. Deno opens such pipes through Node's `net`; a Deno whose `net`
 * cannot says so here, and a tcp endpoint is the way then.
 */
import { connect } from "node:net";
import { SkiffError } from "../../errors/skiff_error.ts";
import type { Connection } from "./connection.ts";
import { NodeSocketConnection } from "./node_socket.ts";

/** `path`: `\\.\pipe\docker_engine`. */
export async function dialNamedPipe(path: string): Promise<Connection> {
  if (Deno.build.os !== "windows") {
    throw new SkiffError("unsupported", `Cannot open ${path}: named pipes are a thing of Windows`, {
      hint: "Set DOCKER_HOST to a unix://, tcp:// or ssh:// address.",
    });
  }
  try {
    return await NodeSocketConnection.open("connect", () => connect({ path }));
  } catch (error) {
    if (!/ENOTSUP|not (?:yet )?(?:supported|implemented)/i.test(String(error))) throw error;
    throw new SkiffError(
      "unsupported",
      `Cannot open ${path}: Deno ${Deno.version.deno} opens no named pipes`,
      {
        hint: 'Switch on "Expose daemon on tcp://localhost:2375 without TLS" in Docker Desktop and set ' +
          "DOCKER_HOST=tcp://localhost:2375.",
        cause: error,
      },
    );
  }
}
