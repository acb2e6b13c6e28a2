/**
 * What commander takes of Node, in a few lines of our own: loading Deno's Node layer costs every start 10 ms and
 * more, and commander needs it for starting other programs, which skiff never lets it do.
 */
import type { Plugin } from "esbuild";

const parts: Record<string, string> = {
  "node:events": `export class EventEmitter {
    #listeners = new Map();
    on(name, listener) {
      this.#listeners.set(name, [...this.#listeners.get(name) ?? [], listener]);
      return this;
    }
    emit(name, ...args) {
      const listeners = this.#listeners.get(name) ?? [];
      for (const listener of listeners) listener.apply(this, args);
      return listeners.length > 0;
    }
    listenerCount(name) { return (this.#listeners.get(name) ?? []).length; }
    listeners(name) { return [...this.#listeners.get(name) ?? []]; }
  }`,
  "node:util": `const sequences = /\\x1b\\[[0-9;:?]*[ -\\/]*[@-~]|\\x1b\\][^\\x07\\x1b]*(?:\\x07|\\x1b\\\\)/g;
    export const stripVTControlCharacters = (text) => text.replace(sequences, "");`,
  "node:process": `const stream = { isTTY: false, columns: undefined, write() {} };
    export default {
      argv: [], execArgv: [], platform: Deno.build.os, stdout: stream, stderr: stream, versions: {}, exitCode: 0,
      env: new Proxy({}, {
        get: (_, name) => typeof name === "string" ? Deno.env.get(name) : undefined,
        has: (_, name) => typeof name === "string" && Deno.env.has(name),
      }),
      exit: (code) => Deno.exit(code),
      on() {},
    };`,
  "node:path": `export default {
      basename: (path, end = "") => path.slice(path.lastIndexOf("/") + 1).replace(end, ""),
      extname: () => "", dirname: (path) => path, resolve: (...paths) => paths.join("/"),
    };`,
  "node:fs": `export default { existsSync: () => false, realpathSync: (path) => path };`,
  "node:child_process": `export default {};`,
};

export const commanderParts: Plugin = {
  name: "commander-parts",
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path, importer }) => {
      const ours = /[\\/]commander[\\/]lib[\\/]/.test(importer) && path in parts;
      return ours ? { path, namespace: "commander-parts" } : undefined;
    });
    build.onLoad({ filter: /.*/, namespace: "commander-parts" }, ({ path }) => ({
      contents: parts[path],
      loader: "js",
    }));
  },
};
