/** The official openai client against the executable and real models. */
import { runOpenaiClientChecks } from "../gateway/http/openai_client_suite.ts";
import { homeTest } from "../support/executable.ts";
import { gemma3, smollm2 } from "../support/models.ts";

for (const [name, file] of Object.entries({ smollm2, gemma3 })) {
  homeTest(`the openai client on ${name}`, async (home, t) => {
    await home.ok(["model", "package", "--gguf", await file(), `me/${name}`]);
    const baseURL = `http://127.0.0.1:${home.port}/engines/v1`;
    await runOpenaiClientChecks(t, { baseURL, model: `me/${name}`, close() {} });
  });
}
