/** The policy where it acts: before a server is started, in lists, at calls and at prompts. */
import type { EnabledServer } from "../configuration/enabled_server.ts";
import { KeptFile } from "../files/kept_file.ts";
import type { Guard } from "../gateway/guard.ts";
import type { CallMiddleware } from "../gateway/middleware.ts";
import { ErrorCode, McpError } from "../sdk.ts";
import { decide, parsePolicy, type Policy, type PolicyTarget, targetOf } from "./policy.ts";

type Server = Pick<EnabledServer, "entry">;
type Item = Pick<PolicyTarget, "tool" | "prompt">;

/** The policy in a file as it is at each moment. While it cannot be read it denies everything. */
export class PolicyInForce {
  readonly #file: KeptFile<Policy>;
  readonly #log: (line: string) => void;
  #told?: string;

  constructor(path: string, log: (line: string) => void) {
    this.#file = new KeptFile(path, (text) => parsePolicy(text, path));
    this.#log = log;
  }

  get path(): string {
    return this.#file.path;
  }

  /** Looks at the file anew; gives a number that grows with its changes. */
  refresh(): number {
    return this.#file.refresh();
  }

  /** As the file was when it was last looked at. Undefined: it cannot be read; that is told once. */
  get policy(): Policy | undefined {
    try {
      return this.#file.value;
    } catch (error) {
      const { message } = error as Error;
      if (message !== this.#told) this.#log(`! ${message}. Nothing is allowed until that is right.`);
      this.#told = message;
      return undefined;
    }
  }

  /** Why something is not allowed; undefined: it is. */
  refusal(server: Server, action: PolicyTarget["action"], item: Item = {}): string | undefined {
    const { policy } = this;
    if (!policy) return "the policy cannot be read";
    const { allowed, reason } = decide(policy, targetOf(server, action, item));
    return allowed ? undefined : reason;
  }
}

/**
 * Refuses calls, by the policy as the session saw it when it looked for the tool. The gateway's own tools pass: what
 * they call comes here again.
 */
export function policyAtCalls(inForce: PolicyInForce, log: (line: string) => void): CallMiddleware {
  return async (call, next) => {
    const { server, tool } = call;
    if (!server) return await next(call);
    const refused = inForce.refusal(server, "load") ?? inForce.refusal(server, "load", { tool }) ??
      inForce.refusal(server, "invoke", { tool });
    if (refused === undefined) return await next(call);
    log(`! Refused a call of ${call.name}: ${refused}`);
    throw new McpError(ErrorCode.InvalidRequest, `the policy does not allow ${call.name}: ${refused}`);
  };
}

/** Keeps tools and prompts out of lists, and refuses prompts. */
export function policyGuard(inForce: PolicyInForce, log: (line: string) => void): Guard {
  const promptRefusal = (server: Server, prompt: string) => inForce.refusal(server, "prompt", { prompt });
  return {
    request(server, { method, params }) {
      if (method !== "prompts/get") return;
      inForce.refresh();
      const name = String(params?.name);
      const refused = promptRefusal(server, name);
      if (refused === undefined) return;
      log(`! Refused the prompt ${name} of ${server.entry.name}: ${refused}`);
      throw new McpError(
        ErrorCode.InvalidRequest,
        `the policy does not allow the prompt ${name}: ${refused}`,
      );
    },
    refusal(server, { tool, prompt }) {
      if (prompt) return promptRefusal(server, prompt.name);
      const item = { tool: tool.name };
      return inForce.refusal(server, "load", item) ?? inForce.refusal(server, "invoke", item);
    },
    version: () => inForce.refresh(),
  };
}
