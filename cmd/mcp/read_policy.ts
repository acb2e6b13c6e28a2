/** The user's policy, for commands that show what it decides. */
import type { Context } from "../../core/cli/command.ts";
import { KeptFile } from "../../gateway/mcp/files/kept_file.ts";
import type { EnabledServer } from "../../gateway/mcp/configuration/enabled_server.ts";
import {
  decide,
  parsePolicy,
  type Policy,
  type PolicyDecision,
  policyFile,
  targetOf,
} from "../../gateway/mcp/security/policy.ts";
import { placeOf } from "./place.ts";

/** All is allowed when there is no file. Throws "invalid_input" for a broken one. */
export function readPolicy(context: Context): Policy {
  const path = policyFile(placeOf(context).files.folder);
  return new KeptFile(path, (text) => parsePolicy(text, path)).value;
}

/** Whether servers may be started; for lists, which a broken policy does not keep from being shown. */
export async function loadDecisions(
  context: Context,
): Promise<(server: Pick<EnabledServer, "entry">) => PolicyDecision> {
  try {
    const policy = readPolicy(context);
    return (server) => decide(policy, targetOf(server, "load"));
  } catch (error) {
    await context.err(`${(error as Error).message}. Nothing is allowed until that is right.\n`);
    return () => ({ allowed: false, reason: "the policy cannot be read" });
  }
}

export function inWord({ allowed }: PolicyDecision): string {
  return allowed ? "allowed" : "denied";
}
