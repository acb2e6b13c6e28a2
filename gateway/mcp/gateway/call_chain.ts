/** What stands around tool calls, in its order, and what takes part in sessions. */
import type { LoadedConfiguration } from "../configuration/configuration.ts";
import type { VerifyImage } from "../servers/images.ts";
import type { RemoteSettings } from "../servers/remote.ts";
import type { GatewayExtension } from "./gateway_session.ts";
import { logCalls } from "./log_calls.ts";
import type { CallMiddleware } from "./middleware.ts";
import { callTelemetry } from "./telemetry.ts";
import { security } from "../security/security.ts";

export interface CallChainSettings {
  logCalls: boolean;
  blockSecrets: boolean;
  verifySignatures: boolean;
  /** "when:type:argument", in their order. */
  interceptors: string[];
  /** Lines for people. */
  log(line: string): void;
}

export interface CallChain {
  /** The outermost first. */
  middlewares: CallMiddleware[];
  extensions: GatewayExtension[];
  verifyImage?: VerifyImage;
  oauth?: RemoteSettings["oauth"];
}

/** `configuration` gives the one that holds when it is asked. */
export function callChain(settings: CallChainSettings, configuration: () => LoadedConfiguration): CallChain {
  void configuration;
  const telemetry = callTelemetry(Deno.env);
  const { middlewares, verifyImage } = security({ ...settings, env: Deno.env });
  return {
    middlewares: [
      ...(telemetry ? [telemetry] : []),
      ...(settings.logCalls ? [logCalls(settings.log)] : []),
      ...middlewares,
    ],
    extensions: [],
    verifyImage,
  };
}
