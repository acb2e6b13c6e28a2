/** Where the files of one sandbox's access lie: sockets in the runtime folder, the rest in the state folder. */
import { SkiffError } from "../../errors/skiff_error.ts";
import type { Paths } from "../../paths/paths.ts";

export interface SandboxFiles {
  /** Folder that is mounted into the container: sockets and nothing else. */
  sockets: string;
  /** Folder of the rest; the container never sees it. */
  state: string;
  /** The NetworkPolicy, JSON. */
  policy: string;
  /** The AccessRecord, JSON. */
  record: string;
  /** Decisions, one JSON object a line. */
  log: string;
}

export interface ProxyFiles {
  /** Parent of the folders of sockets; only the user may enter it. */
  folder: string;
  /** Socket on which the proxy takes orders. */
  control: string;
  /** Held while a proxy starts. */
  startLock: string;
  /** Parent of the folders of state. */
  state: string;
  /** What the proxy has to say. */
  log: string;
}

/** The longest path that fits a socket address on all systems (macOS has 104 bytes with the final zero). */
const longestSocketPath = 100;
/** "/<32 letters>/credentials.sock" */
const longestTail = 1 + 32 + 1 + 16;

/** Of the one proxy of this user. A path too long for sockets moves to the temporary folder. */
export function proxyFiles(paths: Paths): ProxyFiles {
  let folder = `${paths.runtime}/sandbox`;
  if (new TextEncoder().encode(folder).length + longestTail > longestSocketPath) {
    folder = `/tmp/skiff-${Deno.uid()}-${shortHash(folder)}`;
  }
  const state = `${paths.state}/sandbox`;
  return {
    folder,
    control: `${folder}/control.sock`,
    startLock: `${folder}/proxy.lock`,
    state,
    log: `${paths.state}/logs/sandbox-proxy.log`,
  };
}

/** Of one sandbox. Throws "invalid_input" for an id that is no plain name. */
export function sandboxFiles(paths: Paths, sandbox: string): SandboxFiles {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/.test(sandbox)) {
    throw new SkiffError("invalid_input", `"${sandbox}" cannot be the id of a sandbox`);
  }
  const { folder, state: parent } = proxyFiles(paths);
  const state = `${parent}/${sandbox}`;
  return {
    sockets: `${folder}/${sandbox}`,
    state,
    policy: `${state}/policy.json`,
    record: `${state}/access.json`,
    log: `${state}/network.log`,
  };
}

/** FNV-1a; only to keep folders of different homes apart. */
function shortHash(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, "0");
}
