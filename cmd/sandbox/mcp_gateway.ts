/** The MCP gateway that a sandbox is connected to: one that runs, at a port of loopback or a unix socket. */
import type { Context } from "../../core/cli/command.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import type { McpParts } from "../../core/sandbox/world.ts";

/** Throws "usage" for what is no port or socket, "unavailable" when nobody listens there. */
export async function openMcp(context: Context, where: string): Promise<McpParts> {
  const port = Number(where);
  const isSocket = where.startsWith("/");
  if (!isSocket && !(Number.isInteger(port) && port > 0 && port < 65536)) {
    throw new SkiffError("usage", `--mcp-gateway ${where} is neither a port nor the path of a socket`);
  }
  try {
    const connection = isSocket
      ? await Deno.connect({ transport: "unix", path: where })
      : await Deno.connect({ hostname: "127.0.0.1", port });
    connection.close();
  } catch (cause) {
    throw new SkiffError(
      "unavailable",
      `No MCP gateway listens at ${isSocket ? where : `127.0.0.1:${where}`}`,
      {
        hint: "Start one: `skiff mcp gateway run --transport streaming --port 8811`.",
        cause,
      },
    );
  }
  return {
    access: isSocket ? { socket: where } : { port },
    token: context.env.get("MCP_GATEWAY_AUTH_TOKEN"),
  };
}
