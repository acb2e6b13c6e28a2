/** All that guards calls and messages, as the flags of `gateway run` want it: secrets, policy, pins, interceptors. */
import { openDocker } from "../../../core/docker/docker.ts";
import { skiffPaths } from "../../../core/paths/paths.ts";
import { findCredential } from "../../../core/registry/credentials.ts";
import type { ServerEntry } from "../catalog/server_entry.ts";
import { type Environment, toolkitFiles } from "../configuration/toolkit_files.ts";
import type { Guard } from "../gateway/guard.ts";
import type { CallMiddleware } from "../gateway/middleware.ts";
import type { VerifyImage } from "../servers/images.ts";
import { blockSecrets, secretGuard } from "./block_secrets.ts";
import { policyAtCalls, policyGuard, PolicyInForce } from "./enforce_policy.ts";
import { SignatureVerifier } from "./image_signatures.ts";
import { containerRunner } from "./interceptor_container.ts";
import { interceptorMiddleware, parseInterceptor } from "./interceptors.ts";
import type { Redaction } from "./known_secrets.ts";
import { oauthInterceptor } from "./oauth_interceptor.ts";
import { pinFile } from "./pin_file.ts";
import { policyFile } from "./policy.ts";
import { signingKeys } from "./signing_key.ts";
import { ToolPins } from "./tool_pins.ts";
import { VerifiedImages } from "./verified_images.ts";

export interface SecuritySettings {
  blockSecrets: boolean;
  verifySignatures: boolean;
  /** Keep tools from clients that are described otherwise than when they were approved. */
  refuseChangedTools: boolean;
  /** "when:type:argument", in their order. */
  interceptors: string[];
  env: Environment;
  log(line: string): void;
  /** Whether a feature is on now. */
  feature(name: string): boolean;
  redaction: Redaction;
}

export interface Security {
  /** The outermost first. */
  middlewares: CallMiddleware[];
  guards: Guard[];
  verifyImage?: VerifyImage;
  policy: PolicyInForce;
  /** Why the policy does not let a server be started; undefined: it does. */
  refusal(entry: ServerEntry): Promise<string | undefined>;
}

/** Throws "usage" for an interceptor that is none. */
export function security({ env, log, redaction, ...wanted }: SecuritySettings): Security {
  const { folder } = toolkitFiles(env);
  const policy = new PolicyInForce(policyFile(folder), log);
  const pins = new ToolPins({
    path: pinFile(folder),
    env,
    refuses: () => ({
      changed: wanted.refuseChangedTools || policy.policy?.changed_tools === "refuse",
      hidden: policy.policy?.hidden_text === "refuse",
    }),
    log,
  });
  const runContainer = containerRunner(() => openDocker({ env }));
  const interceptors = wanted.interceptors.map(parseInterceptor);
  const verifier = new SignatureVerifier({
    keys: () => signingKeys(env),
    memory: new VerifiedImages(`${skiffPaths(env).cache}/mcp/verified-images`, env),
    settings: async (registry) => ({ credential: await findCredential(registry, env) }),
  });
  return {
    middlewares: [
      ...(wanted.blockSecrets ? [blockSecrets(log, redaction)] : []),
      policyAtCalls(policy, log),
      pins.atCalls(),
      oauthInterceptor(() => wanted.feature("oauth-interceptor")),
      ...interceptors.map((interceptor) => interceptorMiddleware(interceptor, runContainer)),
    ],
    guards: [
      policyGuard(policy, log),
      pins.guard(),
      ...(wanted.blockSecrets ? [secretGuard(log, redaction)] : []),
    ],
    verifyImage: wanted.verifySignatures
      ? (image, signal, repoDigests) => verifier.verify(image, signal, repoDigests)
      : undefined,
    policy,
    refusal: (entry) => {
      policy.refresh();
      return Promise.resolve(policy.refusal({ entry }, "load"));
    },
  };
}
