/** `skiff mcp hub`: the Docker Hub MCP server. Flags and variables are those of Docker's own. */
import type { Command, Context, Invocation } from "../../core/cli/command.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { HubClient } from "../../gateway/hub/hub_client.ts";
import type { HubHttpAccess } from "../../gateway/hub/hub_http.ts";
import { listenAt } from "./listen_at.ts";

export const hubCommand: Command = {
  name: "hub",
  summary: "Serve Docker Hub's repositories and search as MCP tools",
  description:
    "Serve Docker Hub as MCP tools. With --username and a personal access token in HUB_PAT_TOKEN it " +
    "acts as that user; without, it only reads what is public.",
  flags: [
    {
      name: "transport",
      summary: "How clients connect",
      value: "KIND",
      choices: ["stdio", "http"],
      default: "stdio",
    },
    { name: "host", summary: "Address to listen on (http)", value: "ADDRESS", default: "127.0.0.1" },
    { name: "port", summary: "TCP port (http); 0 is any free one", value: "PORT", default: "3000" },
    { name: "username", summary: "User to log in as, with the token in HUB_PAT_TOKEN", value: "NAME" },
    { name: "allow-unauthenticated", summary: "Serve http without MCP_AUTH_TOKEN" },
    {
      name: "allowed-hosts",
      summary: "More Host names to accept (http), with commas between",
      value: "HOSTS",
    },
    {
      name: "allowed-origins",
      summary: "More web origins to accept (http), with commas between",
      value: "ORIGINS",
    },
    { name: "hub-url", summary: "Another address of the Hub (default: SKIFF_HUB_URL)", value: "URL" },
    {
      name: "scout-url",
      summary: "Another address of Docker Scout (default: SKIFF_SCOUT_URL)",
      value: "URL",
    },
  ],
  examples: ["HUB_PAT_TOKEN=dckr_pat_… skiff mcp hub --username=ada", "skiff mcp hub --transport=http"],
  async run(invocation) {
    const { context, flags } = invocation;
    const text = (flag: string, variable: string) =>
      flags[flag] as string | undefined ?? context.env.get(variable);
    const hub = new HubClient(
      { hub: text("hub-url", "SKIFF_HUB_URL"), scout: text("scout-url", "SKIFF_SCOUT_URL") },
      { username: flags.username as string | undefined, token: context.env.get("HUB_PAT_TOKEN") },
    );
    if (!hub.authenticated) {
      await context.err(
        "Not logged in to Docker Hub: only public content. Set --username and HUB_PAT_TOKEN.\n",
      );
    }
    if (flags.transport === "http") await serveHttp(hub, invocation);
    else await serveStdio(hub, context);
  },
};

async function serveStdio(hub: HubClient, context: Context): Promise<void> {
  const { hubServer } = await import("../../gateway/hub/hub_server.ts");
  const { serveStdio } = await import("../../gateway/mcp/gateway/stdio.ts");
  await serveStdio((transport) => hubServer(hub).connect(transport), {
    signal: context.signal,
    log: (line) => void context.err(`${line}\n`),
  });
}

async function serveHttp(hub: HubClient, { context, flags }: Invocation): Promise<void> {
  const { answerHubRequest } = await import("../../gateway/hub/hub_http.ts");
  const access = httpAccess(context, flags);
  const hostname = String(flags.host);
  const place = { hostname, port: portOf(String(flags.port)) };
  const server = listenAt(place, (request) => answerHubRequest(hub, access, request));
  await context.err(`Docker Hub MCP server on http://${hostname}:${server.addr.port}/mcp\n`);
  context.signal.addEventListener("abort", () => void server.shutdown(), { once: true });
  await server.finished;
}

function httpAccess(context: Context, flags: Invocation["flags"]): HubHttpAccess {
  const token = context.env.get("MCP_AUTH_TOKEN") || undefined;
  if (token === undefined && !flags["allow-unauthenticated"]) {
    throw new SkiffError("usage", "http needs a token that clients show", {
      hint: "Set MCP_AUTH_TOKEN, or give --allow-unauthenticated where nobody else reaches this address.",
    });
  }
  const list = (flag: string) =>
    String(flags[flag] ?? "").split(",").map((part) => part.trim()).filter(Boolean);
  return { token, hosts: list("allowed-hosts"), origins: list("allowed-origins") };
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port < 65536) return port;
  throw new SkiffError("usage", `"${text}" is no port`, { hint: "Give a number up to 65535." });
}
