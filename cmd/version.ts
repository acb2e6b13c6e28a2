/** `skiff version`, and `skiff model version`: client and server. */
import type { Command } from "../core/cli/command.ts";
import { formatFlag } from "../core/cli/format_flag.ts";
import { version } from "../core/version.ts";
import { findServer } from "./model/connection.ts";

export const versionCommand: Command = {
  name: "version",
  summary: "Show the versions of client and server",
  flags: [formatFlag("text", "json")],
  async run({ context, flags }) {
    const platform = `${Deno.build.os}/${Deno.build.arch === "x86_64" ? "amd64" : "arm64"}`;
    const server = await findServer(context);
    const serverVersion = (await server?.version())?.version;
    const engines = await server?.status() ?? {};
    if (flags.format === "json") {
      const client = { version, platform, deno: Deno.version.deno };
      const versions = { client, server: serverVersion ? { version: serverVersion, engines } : null };
      return await context.out(`${JSON.stringify(versions, null, 2)}\n`);
    }
    const lines = [
      "Client:",
      ` Version:    ${version}`,
      ` OS/Arch:    ${platform}`,
      ` Deno:       ${Deno.version.deno}`,
      "",
    ];
    lines.push("Server:", ` Version:    ${serverVersion ?? "(not reachable)"}`);
    for (const [name, status] of Object.entries(engines)) lines.push(` Engine:     ${name} ${status}`);
    await context.out(`${lines.join("\n")}\n`);
  },
};
