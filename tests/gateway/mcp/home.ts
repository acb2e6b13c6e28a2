/** A user's home for tests of the toolkit's files. */
import type { CatalogPlace } from "../../../gateway/mcp/catalog/catalogs.ts";
import { toolkitFiles } from "../../../gateway/mcp/configuration/toolkit_files.ts";
import { until } from "../../support/proxy_process.ts";

export interface TestHome {
  home: string;
  place: CatalogPlace;
  env: { get(name: string): string | undefined };
  /** Writes a file below the home, with its folders. */
  write(path: string, text: string): Promise<void>;
  read(path: string): Promise<string>;
}

export async function withHome(
  fn: (home: TestHome) => Promise<void>,
  variables: Record<string, string> = {},
): Promise<void> {
  const home = await Deno.makeTempDir({ prefix: "skmcp-" });
  const all: Record<string, string> = {
    HOME: home,
    SKIFF_HOME: `${home}/skiff`,
    SKIFF_MCP_SECRETS: "file",
    ...variables,
  };
  const env = { get: (name: string) => all[name]?.replace("~", home) };
  try {
    await fn({
      home,
      env,
      get place() {
        return { files: toolkitFiles(env), env, cwd: home };
      },
      async write(path, text) {
        const file = `${home}/${path}`;
        await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
        await Deno.writeTextFile(file, text);
      },
      read: (path) => Deno.readTextFile(`${home}/${path}`),
    });
  } finally {
    // What a server of the test's has started, and a gateway has killed, may still write while it ends.
    await until(() => Deno.remove(home, { recursive: true }).then(() => true, () => false));
  }
}
