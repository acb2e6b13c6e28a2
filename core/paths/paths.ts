/**
 * Where skiff keeps things, after the XDG base directory specification, with each platform's own places
 * where XDG is not set. Nothing is created here: a room that writes makes its own folder.
 */

export interface Paths {
  /** Models. */
  data: string;
  /** Settings. */
  config: string;
  /** Logs, request records, history. */
  state: string;
  /** Unpacked native libraries; safe to delete. */
  cache: string;
  /** Sockets and locks; private to the user. */
  runtime: string;
}

type Environment = { get(name: string): string | undefined };

/**
 * The folders for this user. `SKIFF_HOME` moves all of them under one folder (portable installs, tests).
 */
export function skiffPaths(env: Environment = Deno.env, os: string = Deno.build.os): Paths {
  const root = env.get("SKIFF_HOME");
  if (root) {
    return {
      data: `${root}/data`,
      config: `${root}/config`,
      state: `${root}/state`,
      cache: `${root}/cache`,
      runtime: `${root}/run`,
    };
  }
  if (os === "windows") return windowsPaths(env);
  const home = env.get("HOME") ?? "/";
  const mac = os === "darwin";
  const support = `${home}/Library/Application Support`;
  const place = (variable: string, linux: string, darwin: string) =>
    `${env.get(variable) || (mac ? darwin : linux)}/skiff`;
  return {
    data: place("XDG_DATA_HOME", `${home}/.local/share`, support),
    config: place("XDG_CONFIG_HOME", `${home}/.config`, support),
    state: place("XDG_STATE_HOME", `${home}/.local/state`, `${home}/Library/Logs`),
    cache: place("XDG_CACHE_HOME", `${home}/.cache`, `${home}/Library/Caches`),
    runtime: env.get("XDG_RUNTIME_DIR")
      ? `${env.get("XDG_RUNTIME_DIR")}/skiff`
      : `${place("XDG_STATE_HOME", `${home}/.local/state`, support)}/run`,
  };
}

function windowsPaths(env: Environment): Paths {
  const local = env.get("LOCALAPPDATA") ?? `${env.get("USERPROFILE") ?? "C:"}\\AppData\\Local`;
  const root = `${local}\\skiff`;
  return {
    data: `${root}\\data`,
    config: `${root}\\config`,
    state: `${root}\\state`,
    cache: `${root}\\cache`,
    runtime: `${root}\\run`,
  };
}
