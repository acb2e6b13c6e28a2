/** A client of a gateway of its own, for the commands of `skiff mcp tools`: what it sees is what all clients see. */
import type { Context, Invocation } from "../../core/cli/command.ts";
import { interrupted, SkiffError } from "../../core/errors/skiff_error.ts";
import { selfCommand } from "../../core/process/self.ts";
import { version } from "../../core/version.ts";
import { Client, type Tool } from "../../gateway/mcp/sdk.ts";
import { noValidation } from "../../gateway/mcp/servers/connect_client.ts";
import { refusedMark } from "../../gateway/mcp/gateway/guard.ts";
import type { PolicyDecision } from "../../gateway/mcp/security/policy.ts";
import { logLines } from "../../gateway/mcp/servers/log_lines.ts";
import { LineTransport } from "../../gateway/mcp/servers/line_transport.ts";

/** Runs `work` with a client of a gateway that is started for it. Throws "unavailable" when it does not come up. */
export async function withGateway<T>(
  { context, flags }: Invocation,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const own = ((flags["gateway-arg"] as string[] | undefined) ?? []).flatMap((text) => text.split(","));
  const verbose = flags.verbose === true;
  const { program, args } = selfCommand([
    "mcp",
    "gateway",
    "run",
    "--watch=false",
    verbose ? "--verbose" : "--log-calls=false",
    "--list-refused",
    ...own,
  ]);
  const child = new Deno.Command(program, { args, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
  const told = tell(child.stderr, context, verbose);
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
  } catch (error) {
    throw context.signal.aborted ? interrupted(error) : error;
  } finally {
    await client.close();
    await told;
  }
}

/** What a gateway says of a server whose tools are missing from the lists. */
const missing = /: (can't start|has not said yet|\S+\/list failed)/;

/** Its first lines. On stderr: those about servers that are missing, or, when that is wanted, all. */
async function tell(readable: AsyncIterable<Uint8Array>, context: Context, all: boolean): Promise<string[]> {
  const told: string[] = [];
  await logLines(readable, (line) => {
    if (all || missing.test(line)) void context.err(`${line}\n`);
    if (told.length < 20) told.push(line);
  });
  return told;
}

/** Whether clients see a tool, and why not. */
export type DecidedTool = Tool & { policy: PolicyDecision };

/** By name, with those that no client sees. */
export async function allTools(client: Client): Promise<DecidedTool[]> {
  const { tools } = await client.listTools();
  return tools.map(decided).sort((a, b) => a.name < b.name ? -1 : 1);
}

function decided({ _meta, ...tool }: Tool): DecidedTool {
  const { [refusedMark]: refused, ...meta } = _meta ?? {};
  const policy = typeof refused === "string"
    ? { allowed: false, reason: refused }
    : { allowed: true, reason: "" };
  return { ...tool, ...(Object.keys(meta).length > 0 ? { _meta: meta } : {}), policy };
}

/** Throws "not_found", "forbidden" for one that is kept from clients. */
export async function oneTool(client: Client, name: string): Promise<DecidedTool> {
  const found = (await allTools(client)).find((tool) => tool.name === name);
  if (found && !found.policy.allowed) {
    throw new SkiffError("forbidden", `The tool ${name} is refused: ${found.policy.reason}`, {
      hint: "See `skiff mcp policy show` and `skiff mcp tools approve`.",
    });
  }
  if (found) return found;
  throw new SkiffError("not_found", `There is no tool ${name}`, { hint: "See `skiff mcp tools ls`." });
}
