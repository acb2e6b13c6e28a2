/** The official client against the server with a host that follows the request as a good model would. */
import type { ClientTarget } from "../../support/client_checks.ts";
import { obedient } from "../../support/obedient_script.ts";
import { ScriptedHost } from "../../support/scripted_host.ts";
import { scriptedService } from "../../support/scripted_service.ts";
import { openaiClientSuite } from "./openai_client_suite.ts";

async function start(prefix: string): Promise<ClientTarget> {
  const { url, close } = await scriptedService(new ScriptedHost(obedient));
  return { baseURL: `${url}${prefix}`, model: "ai/smollm2", close };
}

for (const prefix of ["/v1", "/engines/llama.cpp/v1"]) {
  openaiClientSuite(`scripted host, ${prefix}`, () => start(prefix));
}
