/** What is started, for `--verbose`: where it is, with which arguments; of variables the names alone. */
import type { ServerSpec } from "./server_spec.ts";

/** One line, like "acme/notes:1 --root /work, folders /work:/work:ro, variables NOTES_KEY". */
export function startWords(spec: ServerSpec): string {
  switch (spec.kind) {
    case "container": {
      const { image, command, binds, env, user, allowHosts, disableNetwork } = spec;
      return list([
        [image, ...command].join(" "),
        named("folders", binds),
        named("variables", env.map((text) => text.slice(0, text.indexOf("=")))),
        named("user", user ? [user] : []),
        named("hosts", allowHosts),
        disableNetwork ? "no network" : "",
      ]);
    }
    case "remote":
      return list([spec.url, named("headers", Object.keys(spec.headers))]);
    case "local":
      return list([spec.command.join(" "), named("in", spec.cwd ? [spec.cwd] : [])]);
    case "static":
      return `${spec.hostname}:${spec.port}`;
    case "one-shot":
      return "a container for each call";
  }
}

const list = (parts: string[]) => parts.filter((part) => part !== "").join(", ");

const named = (what: string, words: string[]) => words.length > 0 ? `${what} ${words.join(" ")}` : "";
