/** What a sandbox may reach: types, the default, and the reading of what a person or a file says. */
import { SkiffError } from "../../errors/skiff_error.ts";

/**
 * `none`: nothing. `model`: the local model only. `allow-list`: what preset and rules say, through the proxy.
 * `open`: an ordinary network without a proxy. Only in `open` is there a network in the sandbox at all.
 */
export type NetworkMode = "none" | "model" | "allow-list" | "open";

/** `open`: every public address. `balanced`: what developers' tools need. `locked`: only the rules. */
export type Preset = "open" | "balanced" | "locked";

/**
 * `HOST[:PORT]`: a name, `*.name` (below it, one or more labels; not the name itself), `**` or `*` (every
 * public host), an address or a CIDR range. Without a port: 80 and 443; `:*` is every port. A private
 * address is reached only by a rule that names it or its range.
 */
export type Rule = string;

export interface NetworkPolicy {
  mode: NetworkMode;
  /** Of the mode `allow-list`; absent = balanced. */
  preset?: Preset;
  allow: Rule[];
  /** Beats `allow` and the preset. */
  deny: Rule[];
}

export const networkModes: readonly NetworkMode[] = ["none", "model", "allow-list", "open"];
export const presets: readonly Preset[] = ["open", "balanced", "locked"];

/** The policy of a sandbox for which nothing was asked. */
export function defaultPolicy(): NetworkPolicy {
  return { mode: "allow-list", preset: "balanced", allow: [], deny: [] };
}

/**
 * The policy for what stands after `--network`: a mode, or a preset's name for the mode `allow-list` with it
 * (`open` is the mode). Throws "usage" for anything else.
 */
export function parseNetworkFlag(text: string): NetworkPolicy {
  const word = text.trim().toLowerCase();
  if ((networkModes as readonly string[]).includes(word)) {
    const mode = word as NetworkMode;
    return { mode, ...(mode === "allow-list" ? { preset: "balanced" } : {}), allow: [], deny: [] };
  }
  if (word === "balanced" || word === "locked") {
    return { mode: "allow-list", preset: word, allow: [], deny: [] };
  }
  throw new SkiffError("usage", `There is no network mode "${text}"`, {
    hint: "Use none, model, allow-list (or its presets balanced and locked), or open.",
  });
}

/** One word for lists and labels: "none", "model", "open", "balanced", "locked", "allow-list(open)". */
export function policyName({ mode, preset = "balanced" }: NetworkPolicy): string {
  if (mode !== "allow-list") return mode;
  return preset === "open" ? "allow-list(open)" : preset;
}
