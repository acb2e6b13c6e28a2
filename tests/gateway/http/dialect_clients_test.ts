/** The official clients of the Responses and Messages dialects, with a host that answers as a good model would. */
import { clientSuite } from "../../support/client_checks.ts";
import { obedient } from "../../support/obedient_script.ts";
import { ScriptedHost } from "../../support/scripted_host.ts";
import { scriptedService } from "../../support/scripted_service.ts";
import { runAnthropicClientChecks } from "./anthropic/anthropic_client_suite.ts";
import { runResponsesClientChecks } from "./responses/responses_client_suite.ts";

const start = (prefix: string) => async () => {
  const { url, close } = await scriptedService(new ScriptedHost(obedient));
  return { baseURL: `${url}${prefix}`, model: "ai/smollm2", close };
};

for (const prefix of ["/v1", "/engines/llama.cpp/v1"]) {
  clientSuite(`openai client's responses: scripted host, ${prefix}`, start(prefix), runResponsesClientChecks);
}
for (const prefix of ["", "/anthropic"]) {
  clientSuite(`anthropic client: scripted host, "${prefix}"`, start(prefix), runAnthropicClientChecks);
}
