/** A client of a gateway of its own, for the commands of `skiff mcp tools`: what it sees is what all clients see. */
import type { Context, Invocation } from "../../core/cli/command.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { selfCommand } from "../../core/process/self.ts";
import { version } from "../../core/version.ts";
import { Client, type Tool } from "../../gateway/mcp/sdk.ts";
import { noValidation } from "../../gateway/mcp/servers/connect_client.ts";
import { LineTransport } from "../../gateway/mcp/servers/line_transport.ts";

/** Runs `work` with a client of a gateway that is started for it, with `further` flags. Throws "unavailable" when it does not come up. */
export async function withGateway<T>(
  { context, flags }: Invocation,
  work: (client: Client) => Promise<T>,
  further: string[] = [],
): Promise<T> {
  const own = ((flags["gateway-arg"] as string[] | undefined) ?? []).flatMap((text) => text.split(","));
  const { program, args } = selfCommand([
    "mcp",
    "gateway",
    "run",
    "--watch=false",
    "--log-calls=false",
    ...further,
    ...own,
  ]);
  const child = new Deno.Command(program, { args, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
  const told = tell(child.stderr, context, flags.verbose === true);
  const transport = new LineTransport({
    readable: child.stdout,
    writable: child.stdin,
    close: async () => void await child.status,
    log: (line) => context.err(`${line}\n`),
  });
  const client = new Client({ name: "skiff", version }, { jsonSchemaValidator: noValidation });
  try {
    await client.connect(transport).catch(async (cause) => {
      const lines = await told;
      throw new SkiffError("unavailable", lines[0] ?? "The gateway did not start", {
        hint: lines[1] ?? "See `skiff mcp gateway run --dry-run --verbose`.",
        cause,
      });
    });
    return await work(client);
  } finally {
    await client.close();
  }
}

/** Its first lines; all of them go to stderr when that is wanted. */
async function tell(
  readable: ReadableStream<Uint8Array>,
  context: Context,
  shown: boolean,
): Promise<string[]> {
  let text = "";
  for await (const piece of readable.pipeThrough(new TextDecoderStream() as any)) {
    if (shown) await context.err(piece as unknown as string);
    if (text.length < 4096) text += piece;
  }
  return text.split("\n").filter((line) => line !== "");
}

export async function allTools(client: Client): Promise<Tool[]> {
  const { tools } = await client.listTools();
  return tools.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Throws "not_found". */
export async function oneTool(client: Client, name: string): Promise<Tool> {
  const found = (await client.listTools()).tools.find((tool) => tool.name === name);
  if (found) return found;
  throw new SkiffError("not_found", `There is no tool ${name}`, { hint: "See `skiff mcp tools ls`." });
}
