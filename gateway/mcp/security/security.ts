/** All that guards calls, as the flags of `gateway run` want it, in order: secrets, policy, pins, interceptors. */
import { openDocker } from "../../../core/docker/docker.ts";
import { findCredential } from "../../../core/registry/credentials.ts";
import { type Environment, toolkitFiles } from "../configuration/toolkit_files.ts";
import type { CallMiddleware } from "../gateway/middleware.ts";
import type { VerifyImage } from "../servers/images.ts";
import { blockSecrets } from "./block_secrets.ts";
import { SignatureVerifier } from "./image_signatures.ts";
import { containerRunner } from "./interceptor_container.ts";
import { interceptorMiddleware, parseInterceptor } from "./interceptors.ts";
import type { ServerEntry } from "../catalog/server_entry.ts";
import { enforcePolicy, policyFile, readPolicy, refusalOf } from "./policy.ts";
import { signingKey } from "./signing_key.ts";
import { toolPins } from "./tool_pins.ts";

export interface SecuritySettings {
  blockSecrets: boolean;
  verifySignatures: boolean;
  /** "when:type:argument", in their order. */
  interceptors: string[];
  env: Environment;
  log(line: string): void;
}

export interface Security {
  /** The outermost first. */
  middlewares: CallMiddleware[];
  verifyImage?: VerifyImage;
  /** Why the policy does not let a server be started; undefined: it does. */
  refusal(entry: ServerEntry): Promise<string | undefined>;
}

/** Where the digests of tools are kept. */
export const pinsFile = (folder: string) => `${folder}/tool-pins.json`;

/** Throws "usage" for an interceptor that is none. */
export function security({ env, log, ...wanted }: SecuritySettings): Security {
  const { folder } = toolkitFiles(env);
  const policy = () => readPolicy(policyFile(folder));
  const refuse = async () => (await policy()).changed_tools === "refuse";
  const runContainer = containerRunner(() => openDocker({ env }));
  const interceptors = wanted.interceptors.map(parseInterceptor);
  const verifier = new SignatureVerifier({
    key: (signal) => signingKey(`${folder}/signing-key.pub`, env, signal),
    settings: async (registry) => ({ credential: await findCredential(registry, env) }),
  });
  return {
    middlewares: [
      ...(wanted.blockSecrets ? [blockSecrets(log)] : []),
      enforcePolicy(policy, log),
      toolPins({ path: pinsFile(folder), env, refuse, log }),
      ...interceptors.map((interceptor) => interceptorMiddleware(interceptor, runContainer)),
    ],
    verifyImage: wanted.verifySignatures
      ? (image, signal, repoDigests) => verifier.verify(image, signal, repoDigests)
      : undefined,
    refusal: (entry) => refusalOf(policy, { entry }, "load", undefined, log),
  };
}
