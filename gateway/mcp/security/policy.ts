/**
 * policy.yaml: which servers are loaded and which tools are called. Rules are tried in order, the first whose
 * every pattern fits decides; when none does, `default` (allow). A file that cannot be read denies everything.
 */
import { parse } from "yaml";
import * as z from "zod";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { EnabledServer } from "../configuration/enabled_server.ts";
import type { CallMiddleware } from "../gateway/middleware.ts";
import { ErrorCode, McpError } from "../sdk.ts";

const patterns = z.union([z.string(), z.array(z.string())]).optional();
const effect = z.enum(["allow", "deny"]);
const action = z.enum(["load", "invoke"]);

const policySchema = z.strictObject({
  version: z.literal(1).default(1),
  default: effect.default("allow"),
  /** What happens to calls of tools that are described differently than when they were first used. */
  changed_tools: z.enum(["report", "refuse"]).default("report"),
  rules: z.array(z.strictObject({
    effect,
    server: patterns,
    tool: patterns,
    action: z.union([action, z.array(action)]).optional(),
    image: patterns,
    host: patterns,
    reason: z.string().optional(),
  })).default([]),
});

export type Policy = z.infer<typeof policySchema>;
export type PolicyRule = Policy["rules"][number];

export interface PolicyTarget {
  action: "load" | "invoke";
  server: string;
  /** Of invocations. */
  tool?: string;
  image?: string;
  /** Of remote servers. */
  host?: string;
}

export interface PolicyDecision {
  allowed: boolean;
  reason: string;
}

export const allowAll: Policy = { version: 1, default: "allow", changed_tools: "report", rules: [] };

/** Throws "invalid_input" with what is wrong. */
export function parsePolicy(text: string, path: string): Policy {
  let value: unknown;
  try {
    value = parse(text) ?? {};
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

/** The policy in a file; all is allowed when there is none. Throws as `parsePolicy` does. */
export async function readPolicy(path: string): Promise<Policy> {
  try {
    return parsePolicy(await Deno.readTextFile(path), path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return allowAll;
    throw error;
  }
}

export function decide(policy: Policy, target: PolicyTarget): PolicyDecision {
  const index = policy.rules.findIndex((rule) => fits(rule, target));
  if (index < 0) {
    return { allowed: policy.default === "allow", reason: `the policy's default is ${policy.default}` };
  }
  const { effect, reason } = policy.rules[index];
  return { allowed: effect === "allow", reason: reason ?? `rule ${index + 1} of the policy` };
}

function fits({ server, tool, action, image, host }: PolicyRule, target: PolicyTarget): boolean {
  return matches(server, target.server) && matches(tool, target.tool) && matches(action, target.action) &&
    matches(image, target.image) && matches(host, target.host);
}

function matches(wanted: string | string[] | undefined, value: string | undefined): boolean {
  if (wanted === undefined) return true;
  if (value === undefined) return false;
  return [wanted].flat().some((pattern) => globPattern(pattern).test(value));
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
  tool?: string,
): PolicyTarget {
  const url = entry.remote?.url ?? entry.sseEndpoint;
  const host = url !== undefined && URL.canParse(url) ? new URL(url).hostname : undefined;
  return { action, server: entry.name, tool, image: entry.image, host };
}

/** Refuses calls that the policy denies; `policy` gives the one that holds, and its failure denies. */
export function enforcePolicy(
  policy: () => Promise<Policy> | Policy,
  log: (line: string) => void,
): CallMiddleware {
  return async (call, next) => {
    if (!call.server) return await next(call); // the gateway's own tools; what they call comes here again
    const refused = await refusalOf(policy, call.server, "load", undefined, log) ??
      await refusalOf(policy, call.server, "invoke", call.tool, log);
    if (refused !== undefined) {
      log(`! Refused a call of ${call.name}: ${refused}`);
      throw new McpError(ErrorCode.InvalidRequest, `the policy does not allow ${call.name}: ${refused}`);
    }
    return await next(call);
  };
}

/** Why it is not allowed; undefined when it is. A policy that cannot be read allows nothing. */
export async function refusalOf(
  policy: () => Promise<Policy> | Policy,
  server: Pick<EnabledServer, "entry">,
  action: PolicyTarget["action"],
  tool: string | undefined,
  log: (line: string) => void,
): Promise<string | undefined> {
  try {
    const { allowed, reason } = decide(await policy(), targetOf(server, action, tool));
    return allowed ? undefined : reason;
  } catch (error) {
    log(`! ${(error as Error).message}`);
    return "the policy cannot be read";
  }
}
