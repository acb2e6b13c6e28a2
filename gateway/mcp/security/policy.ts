/**
 * policy.yaml: which servers are started, which of their tools are listed and called, which prompts are given.
 * Rules are tried in order, the first whose every pattern fits decides; when none does, `default` (allow).
 */
import { parse } from "yaml";
import * as z from "zod";
import { familiarName, parseImageReference } from "../../../core/docker/image_reference.ts";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { EnabledServer } from "../configuration/enabled_server.ts";

const patterns = z.union([z.string(), z.array(z.string())]).optional();
const effect = z.enum(["allow", "deny"]);
const action = z.enum(["load", "invoke", "prompt"]);
const reaction = z.enum(["report", "refuse"]).default("report");

const policySchema = z.strictObject({
  version: z.literal(1).default(1),
  default: effect.default("allow"),
  /** What happens with tools that are described differently than they were approved. */
  changed_tools: reaction,
  /** What happens with tools whose description holds what a person does not see. */
  hidden_text: reaction,
  rules: z.array(z.strictObject({
    effect,
    server: patterns,
    tool: patterns,
    prompt: patterns,
    action: z.union([action, z.array(action)]).optional(),
    image: patterns,
    host: patterns,
    reason: z.string().optional(),
  })).default([]),
});

export type Policy = z.infer<typeof policySchema>;
export type PolicyRule = Policy["rules"][number];

/** `load` is to start a server, and with `tool` to list the tool. */
export interface PolicyTarget {
  action: z.infer<typeof action>;
  server: string;
  tool?: string;
  prompt?: string;
  image?: string;
  /** Of remote servers. */
  host?: string;
}

export interface PolicyDecision {
  allowed: boolean;
  reason: string;
}

/** Throws "invalid_input" with what is wrong. No text: all is allowed. */
export function parsePolicy(text: string | undefined, path: string): Policy {
  let value: unknown;
  try {
    value = parse(text ?? "") ?? {};
  } catch (error) {
    throw new SkiffError("invalid_input", `${path}: ${(error as Error).message.split("\n")[0]}`, {
      cause: error,
    });
  }
  const result = policySchema.safeParse(value);
  if (result.success) return result.data;
  const [{ path: place, message }] = result.error.issues;
  throw new SkiffError("invalid_input", `${path}: ${place.join(".") || "policy"}: ${message}`, {
    hint: "A rule is like {effect: deny, server: github, tool: 'delete_*', reason: only reading}.",
  });
}

/** Where the policy of this user is. */
export const policyFile = (folder: string) => `${folder}/policy.yaml`;

export function decide(policy: Policy, target: PolicyTarget): PolicyDecision {
  const index = policy.rules.findIndex((rule) => fits(rule, target));
  if (index < 0) {
    return { allowed: policy.default === "allow", reason: `the policy's default is ${policy.default}` };
  }
  const { effect, reason } = policy.rules[index];
  return { allowed: effect === "allow", reason: reason ?? `rule ${index + 1} of the policy` };
}

/** To start a server is asked without tool: it is denied by no rule about tools, and allowed by each that allows one. */
function fits(rule: PolicyRule, target: PolicyTarget): boolean {
  const isStart = target.action === "load" && target.tool === undefined;
  const parts: [PolicyRule["tool"], string | string[] | undefined][] = [
    [rule.server, target.server],
    [rule.image, target.image === undefined ? undefined : imageNames(target.image)],
    [rule.host, target.host],
  ];
  if (isStart && rule.effect === "allow") return parts.every(([wanted, value]) => matches(wanted, value));
  parts.push([rule.tool, target.tool], [rule.prompt, target.prompt], [rule.action, target.action]);
  return parts.every(([wanted, value]) => matches(wanted, value));
}

/** `value`: several are names of the same. */
function matches(wanted: string | string[] | undefined, value: string | string[] | undefined): boolean {
  if (wanted === undefined) return true;
  if (value === undefined) return false;
  const names = [value].flat();
  return [wanted].flat().some((pattern) => {
    const glob = globPattern(pattern);
    return names.some((name) => glob.test(name));
  });
}

/** As it is written, whole, and as people write it: `docker.io/mcp/time` is no way around a rule about `mcp/*`. */
function imageNames(image: string): string[] {
  try {
    const { registry, repository, tag, digest } = parseImageReference(image);
    const whole = `${registry}/${repository}${tag ? `:${tag}` : ""}${digest ? `@${digest}` : ""}`;
    return [image, whole, familiarName(whole)];
  } catch {
    return [image];
  }
}

/** `*` is any text, `?` any character; case does not count. */
function globPattern(glob: string): RegExp {
  const source = glob.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[\\s\\S]*").replaceAll(
    "?",
    "[\\s\\S]",
  );
  return new RegExp(`^${source}$`, "i");
}

export function targetOf(
  { entry }: Pick<EnabledServer, "entry">,
  action: PolicyTarget["action"],
  item: Pick<PolicyTarget, "tool" | "prompt"> = {},
): PolicyTarget {
  const url = entry.remote?.url ?? entry.sseEndpoint;
  const host = url !== undefined && URL.canParse(url) ? new URL(url).hostname.replace(/\.$/, "") : undefined;
  const own = entry.tools?.find(({ name, container }) => container && name === item.tool)?.container?.image;
  return { action, server: entry.name, image: entry.image ?? own, host, ...item };
}
