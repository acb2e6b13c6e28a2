/** What the ways out of one sandbox share: its record, its policy as it is now, secrets, log. */
import type { Paths } from "../../../paths/paths.ts";
import { decide, decideByName, type ReadyPolicy, readyPolicy } from "../decide.ts";
import { hostAndPort } from "../hosts.ts";
import type { Target } from "../rules.ts";
import { collect } from "../http/exchange.ts";
import { BadMessage } from "../http/head.ts";
import { type AccessRecord, readPolicy } from "../records.ts";
import { sandboxFiles } from "../sandbox_files.ts";
import { DecisionLog } from "./decision_log.ts";
import type { DialParts } from "./dial.ts";

/** A tunnel, so that it can be cut when a rule comes to deny it. */
export interface OpenTunnel {
  target: Target;
  addresses: string[];
  cut(): void;
}

/** Bytes of request bodies that the proxy keeps in memory for one sandbox at once. */
const mostHeld = 256 * 1024 * 1024;

export class ServedSandbox {
  readonly paths: Paths;
  readonly dialParts: DialParts;
  readonly log: DecisionLog;
  record: AccessRecord;
  /** Values of secrets by name; nowhere but here. */
  readonly secrets = new Map<string, string>();
  /** Tunnels under way. */
  readonly tunnels = new Set<OpenTunnel>();
  #held = 0;
  #policy?: { stamp: string; ready: ReadyPolicy };

  constructor(paths: Paths, record: AccessRecord, dialParts: DialParts) {
    this.paths = paths;
    this.record = record;
    this.dialParts = dialParts;
    this.log = new DecisionLog(sandboxFiles(paths, record.sandbox).log);
  }

  get id(): string {
    return this.record.sandbox;
  }

  /** The policy of this moment: the file is looked at each time and read when it has changed. */
  async policy(): Promise<ReadyPolicy> {
    const stamp = await fileStamp(sandboxFiles(this.paths, this.id).policy);
    if (this.#policy?.stamp !== stamp) {
      this.#policy = { stamp, ready: readyPolicy(await readPolicy(this.paths, this.id)) };
    }
    return this.#policy.ready;
  }

  /** Cuts the tunnels that the policy of this moment would not let come to be. */
  async applyPolicy(): Promise<void> {
    const ready = await this.policy().catch(() => undefined);
    for (const open of this.tunnels) {
      const { target, addresses } = open;
      const decision = ready &&
        (addresses.length > 0
          ? await decide(ready, target, () => Promise.resolve(addresses))
          : decideByName(ready, target)); // resolved by a parent proxy
      if (decision?.allowed) continue;
      const reason = `cut: ${decision?.reason ?? "the policy cannot be read"}`;
      this.log.add({ kind: "tunnel", target: hostAndPort(target.host, target.port), allowed: false, reason });
      open.cut();
    }
  }

  /** A whole body in memory, until it is given up. Throws `BadMessage` when it or all of them are too much. */
  async hold(pieces: AsyncIterable<Uint8Array>): Promise<{ bytes: Uint8Array } & Disposable> {
    let length = 0;
    const release = () => this.#held -= length;
    const counted = async function* (this: ServedSandbox) {
      for await (const piece of pieces) {
        length += piece.length;
        this.#held += piece.length;
        if (this.#held > mostHeld) throw new BadMessage("too much is being sent at once", 503);
        yield piece;
      }
    };
    try {
      return { bytes: await collect(counted.call(this)), [Symbol.dispose]: release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** What would let something through, for refusals: a command, or for an MCP server its catalog's entry. */
  cure(rule: string): string {
    const { agent, name } = this.record;
    if (agent === "mcp") return `To allow it, add "${rule}" to allowHosts of ${name} in its catalog.`;
    return `To allow it, run on the host: skiff sandbox policy allow --sandbox ${name} ${rule}`;
  }

  close(): void {
    this.log.close();
    this.secrets.clear();
  }
}

async function fileStamp(path: string): Promise<string> {
  const { ino, mtime, size } = await Deno.stat(path);
  return `${ino}:${mtime?.getTime()}:${size}`;
}
