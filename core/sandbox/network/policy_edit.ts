/** Changing and asking the policy of a sandbox that exists; a running proxy follows at once. */
import { SkiffError } from "../../errors/skiff_error.ts";
import type { Paths } from "../../paths/paths.ts";
import { decideByName, readyPolicy } from "./decide.ts";
import { parseAuthority } from "./hosts.ts";
import type { NetworkPolicy, Rule } from "./policy.ts";
import { applyPolicy } from "./proxy/client.ts";
import { presetRules } from "./presets.ts";
import { type AccessRecord, listRecords, readPolicy, writePolicy } from "./records.ts";
import { parseRule } from "./rules.ts";
import { sandboxFiles } from "./sandbox_files.ts";

/**
 * The sandbox that a person means: by its name or the id of its access; without a word the only one of the
 * folder. Throws "not_found", "usage" when there are several.
 */
export async function findRecord(
  paths: Paths,
  word: string | undefined,
  folder: string,
): Promise<AccessRecord> {
  const records = await listRecords(paths);
  const known = records.map(({ name }) => name).join(", ");
  const hint = known ? `Sandboxes: ${known}.` : "`skiff sandbox run AGENT` makes one.";
  if (word !== undefined) {
    const found = records.find(({ name, sandbox }) => name === word || sandbox === word);
    if (!found) throw new SkiffError("not_found", `No such sandbox: ${word}`, { hint });
    return found;
  }
  const here = await Deno.realPath(folder).catch(() => folder);
  const found = records.filter(({ workspace }) => workspace === here);
  if (found.length === 1) return found[0];
  if (found.length === 0) {
    throw new SkiffError("not_found", "There is no sandbox of this folder", {
      hint: `Name one with --sandbox. ${hint}`,
    });
  }
  throw new SkiffError("usage", "There are several sandboxes of this folder", {
    hint: `Name one with --sandbox: ${found.map(({ name }) => name).join(", ")}.`,
  });
}

/** Adds rules; a rule of the other list is taken out of it. Throws "invalid_input" for what is no rule. */
export async function addRules(
  paths: Paths,
  sandbox: string,
  list: "allow" | "deny",
  rules: Rule[],
): Promise<NetworkPolicy> {
  rules.forEach(parseRule);
  const other = list === "allow" ? "deny" : "allow";
  return await edit(paths, sandbox, (policy) => ({
    ...policy,
    [list]: [...policy[list], ...rules.filter((rule) => !policy[list].includes(rule))],
    [other]: policy[other].filter((rule) => !rules.includes(rule)),
  }));
}

/** Takes rules out of both lists. Throws "not_found" for one that is in neither. */
export async function removeRules(paths: Paths, sandbox: string, rules: Rule[]): Promise<NetworkPolicy> {
  return await edit(paths, sandbox, (policy) => {
    const missing = rules.find((rule) => !policy.allow.includes(rule) && !policy.deny.includes(rule));
    if (missing !== undefined) {
      const preset = presetRules(policy.preset ?? "balanced").includes(missing);
      throw new SkiffError("not_found", `There is no rule "${missing}"`, {
        hint: preset
          ? "It belongs to the preset; deny it instead."
          : "`skiff sandbox policy ls` shows the rules.",
      });
    }
    const keep = (rule: Rule) => !rules.includes(rule);
    return { ...policy, allow: policy.allow.filter(keep), deny: policy.deny.filter(keep) };
  });
}

/** Two editors take turns, so that none undoes what the other one wrote. */
async function edit(
  paths: Paths,
  sandbox: string,
  change: (policy: NetworkPolicy) => NetworkPolicy,
): Promise<NetworkPolicy> {
  using lock = await Deno.open(`${sandboxFiles(paths, sandbox).state}/policy.lock`, {
    create: true,
    write: true,
  });
  await lock.lock(true);
  const policy = change(await readPolicy(paths, sandbox));
  await writePolicy(paths, sandbox, policy);
  await applyPolicy(paths, sandbox);
  return policy;
}

export interface CheckedTarget {
  /** "github.com:443" */
  target: string;
  allowed: boolean;
  reason: string;
}

/**
 * What the policy says about a target (HOST[:PORT] or a URL), by its name; addresses are looked at only when
 * it is reached. Throws "usage" for what is no target.
 */
export function checkTarget(policy: NetworkPolicy, text: string): CheckedTarget {
  const url = /^(https?):\/\/([^/?#]+)/i.exec(text);
  const plain = url?.[1].toLowerCase() === "http";
  const place = parseAuthority(url?.[2] ?? text, plain ? 80 : 443);
  if (!place) {
    throw new SkiffError("usage", `"${text}" is no host`, { hint: "Give HOST, HOST:PORT or a URL." });
  }
  const via = plain || (!url && place.port === 80) ? "http" : "tunnel";
  const { allowed, reason } = decideByName(readyPolicy(policy), { ...place, via });
  return { target: `${place.host.name}:${place.port}`, allowed, reason };
}

/** Why rules of a policy have no effect; undefined when they have. */
export function idleRules({ mode }: NetworkPolicy): string | undefined {
  if (mode === "allow-list") return undefined;
  const why = mode === "open" ? "it has an open network without a proxy" : `its network is "${mode}"`;
  return `Rules have no effect on this sandbox: ${why}. Recreate it with --network allow-list.`;
}
