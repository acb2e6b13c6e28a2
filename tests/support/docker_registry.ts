/** Debian's docker-registry on loopback: a real registry, with or without a log-in. */
import { debianPackages } from "./apt.ts";
import { commandOutput } from "./command.ts";
import { freePort } from "./executable.ts";

export interface DockerRegistry extends AsyncDisposable {
  /** "127.0.0.1:<port>", which Engines speak plain HTTP with. */
  host: string;
}

export async function dockerRegistry(
  { login }: { login?: { username: string; password: string } } = {},
): Promise<DockerRegistry> {
  await debianPackages("docker-registry", ...(login ? ["apache2-utils"] : []));
  const folder = await Deno.makeTempDir({ prefix: "skiff-registry-" });
  const host = `127.0.0.1:${freePort()}`;
  const config = {
    version: "0.1",
    log: { level: "error" },
    storage: { filesystem: { rootdirectory: `${folder}/data` }, delete: { enabled: true } },
    http: { addr: host, secret: "test" },
    ...(login ? { auth: { htpasswd: { realm: "test", path: `${folder}/htpasswd` } } } : {}),
  };
  if (login) {
    const line = await commandOutput("htpasswd", ["-nbB", login.username, login.password]);
    await Deno.writeTextFile(`${folder}/htpasswd`, line);
  }
  await Deno.writeTextFile(`${folder}/config.yml`, JSON.stringify(config)); // JSON is YAML
  const child = new Deno.Command("docker-registry", {
    args: ["serve", `${folder}/config.yml`],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let ended = false;
  child.status.then(() => ended = true);
  while (
    !await fetch(`http://${host}/v2/`).then((r) => r.body?.cancel().then(() => true) ?? true, () => false)
  ) {
    if (ended) throw new Error("docker-registry does not start");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    host,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}
