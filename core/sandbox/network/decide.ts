/** The decision about a target: first by its name, then, when that passes, by the addresses it has. */
import { type Address, addressKind, formatAddress, parseAddress, unmapped } from "./addresses.ts";
import { hostAndPort } from "./hosts.ts";
import type { NetworkPolicy } from "./policy.ts";
import { presetRules } from "./presets.ts";
import { allows, denies, namesAddress, type ParsedRule, parseRule, type Target } from "./rules.ts";

export interface Decision {
  allowed: boolean;
  /** For people, one clause: "no rule allows it". */
  reason: string;
  /** The rule that decided. */
  rule?: string;
  /** The allow rule that would change the decision, where one would and should be offered. */
  cure?: string;
  /** Addresses that may be connected to, when allowed. */
  addresses?: string[];
}

/** A policy with its rules read; rules that cannot be read make the policy refuse everything. */
export interface ReadyPolicy {
  policy: NetworkPolicy;
  allow: ParsedRule[];
  deny: ParsedRule[];
}

export function readyPolicy(policy: NetworkPolicy): ReadyPolicy {
  const preset = policy.mode === "allow-list" ? presetRules(policy.preset ?? "balanced") : [];
  return {
    policy,
    allow: [...policy.allow, ...preset].map(parseRule),
    deny: policy.deny.map(parseRule),
  };
}

/** By name and port only. A name that fails here is never resolved: a look-up is a message, too. */
export function decideByName(ready: ReadyPolicy, target: Target): Decision {
  const { mode } = ready.policy;
  if (mode !== "allow-list") {
    const reason = mode === "open" ? "this sandbox has a network of its own" : `its network is "${mode}"`;
    return { allowed: false, reason };
  }
  const denied = ready.deny.find((rule) => denies(rule, target));
  if (denied) return { allowed: false, reason: `the rule "${denied.text}" denies it`, rule: denied.text };
  const { address } = target.host;
  if (address && addressKind(address) !== "public") return decideSpecial(ready, target, address);
  const allowed = ready.allow.find((rule) => allows(rule, target));
  if (allowed) return { allowed: true, reason: `the rule "${allowed.text}" allows it`, rule: allowed.text };
  const elsewhere = ready.allow.some((rule) => allows({ ...rule, ports: [1, 65535] }, target));
  const reason = elsewhere ? `no rule allows port ${target.port} of it` : "no rule allows it";
  return { allowed: false, reason, cure: hostAndPort(target.host, target.port) };
}

/** An address that is not public needs a rule that names it. */
function decideSpecial(ready: ReadyPolicy, target: Target, address: Address): Decision {
  const kind = addressKind(address);
  const rule = ready.allow.find((one) => namesAddress(one, address, target));
  if (rule) return { allowed: true, reason: `the rule "${rule.text}" allows it`, rule: rule.text };
  const name = formatAddress(address);
  const cure = kind === "cloud metadata" ? undefined : hostAndPort({ name, address }, target.port);
  return { allowed: false, reason: `${name} is not a public address (${kind})`, cure };
}

/** Looks a name up: addresses as texts. Rejects when there is none. */
export type Resolve = (name: string) => Promise<string[]>;

/** The whole decision. Every address of the name must pass, so that no order of answers matters. */
export async function decide(ready: ReadyPolicy, target: Target, resolve: Resolve): Promise<Decision> {
  const decision = decideByName(ready, target);
  if (!decision.allowed) return decision;
  const { name, address } = target.host;
  if (address) return { ...decision, addresses: [name] };
  let found: string[];
  try {
    found = await resolve(name);
  } catch {
    return { allowed: false, reason: "its name cannot be resolved", rule: decision.rule };
  }
  for (const text of found) {
    const parsed = parseAddress(text);
    if (!parsed) return { allowed: false, reason: `its address ${text} cannot be read` };
    const bare = unmapped(parsed);
    const byAddress = { ...target, host: { name: formatAddress(bare), address: bare } };
    const denied = ready.deny.find((rule) => denies(rule, byAddress));
    if (denied) {
      return {
        allowed: false,
        reason: `the rule "${denied.text}" denies its address ${text}`,
        rule: denied.text,
      };
    }
    if (addressKind(bare) === "public") continue;
    const special = decideSpecial(ready, target, bare);
    if (!special.allowed) return { ...special, reason: `it resolves to ${text}, and ${special.reason}` };
  }
  if (found.length === 0) return { allowed: false, reason: "its name has no address" };
  return { ...decision, addresses: found };
}
