/** What stands around tool calls, in its order, and what takes part in sessions. */
import { skiffPaths } from "../../../core/paths/paths.ts";
import { defaultLimits } from "../code_mode/sandbox_protocol.ts";
import { ScriptSandboxes } from "../code_mode/script_sandboxes.ts";
import { type Environment, toolkitFiles } from "../configuration/toolkit_files.ts";
import { dynamicTools } from "../dynamic/dynamic_tools.ts";
import { type Meaning, meaningOf } from "../dynamic/meaning.ts";
import type { ConfigurationOptions, LoadedConfiguration } from "../configuration/configuration.ts";
import type { VerifyImage } from "../servers/images.ts";
import { type GatewayOAuth, gatewayOAuth } from "../oauth/gateway_oauth.ts";
import type { PolicyInForce } from "../security/enforce_policy.ts";
import type { Redaction } from "../security/known_secrets.ts";
import type { GatewayExtension } from "./gateway_session.ts";
import { logCalls } from "./log_calls.ts";
import type { Guard } from "./guard.ts";
import type { CallMiddleware } from "./middleware.ts";
import { openTelemetry, type Telemetry } from "../telemetry/telemetry.ts";
import { callTelemetry } from "./telemetry.ts";
import { security } from "../security/security.ts";

export interface CallChainSettings {
  configuration: ConfigurationOptions;
  logCalls: boolean;
  blockSecrets: boolean;
  refuseChangedTools: boolean;
  verifySignatures: boolean;
  /** "when:type:argument", in their order. */
  interceptors: string[];
  /** Lines for people. */
  log(line: string): void;
}

export interface CallChain {
  /** The outermost first. */
  middlewares: CallMiddleware[];
  guards: Guard[];
  policy: PolicyInForce;
  telemetry?: Telemetry;
  extensions: GatewayExtension[];
  verifyImage?: VerifyImage;
  oauth: GatewayOAuth;
}

export async function callChain(
  settings: CallChainSettings,
  { configuration, reload, redaction }: {
    /** The one that holds when it is asked. */
    configuration(): LoadedConfiguration;
    /** Has it read anew. */
    reload(): Promise<void>;
    redaction: Redaction;
  },
): Promise<CallChain> {
  const { log, configuration: { env, cwd } } = settings;
  const telemetry = openTelemetry(env, { clean: (text) => redaction.clean(text), log });
  const feature = (name: string) => configuration().features[name] ?? false;
  const { middlewares, guards, policy, refusal, verifyImage } = security({
    ...settings,
    env,
    feature,
    redaction,
  });
  const sources = () => configuration().secrets;
  const oauth = await gatewayOAuth({ env, sources, reload, log, learn: (server) => redaction.learn(server) });
  const dynamic = dynamicTools({
    configuration,
    seekMeaning: () => modelAtHand(configuration(), env),
    place: { files: toolkitFiles(env), env, cwd },
    sandboxes: new ScriptSandboxes(),
    limits: defaultLimits,
    meaning: await modelAtHand(configuration(), env),
    logins: oauth.desk,
    refusal,
    log,
  });
  return {
    middlewares: [
      ...(telemetry ? [callTelemetry(telemetry)] : []),
      ...(settings.logCalls ? [logCalls(log)] : []),
      ...middlewares,
    ],
    guards,
    policy,
    telemetry,
    extensions: [dynamic],
    oauth,
    verifyImage,
  };
}

/** Where a model server runs that has an embedding model, unless the feature `use-embeddings` is off. */
async function modelAtHand(
  { features }: LoadedConfiguration,
  env: Environment,
): Promise<Meaning | undefined> {
  if (!features["dynamic-tools"] || !features["use-embeddings"]) return undefined;
  const { localEmbedder } = await import("../dynamic/local_embedder.ts");
  const embedder = await localEmbedder(env);
  return embedder && meaningOf(embedder, `${skiffPaths(env).cache}/mcp`);
}
