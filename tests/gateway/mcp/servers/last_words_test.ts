import assert from "node:assert/strict";
import { SkiffError } from "../../../../core/errors/skiff_error.ts";
import { withLastWords } from "../../../../gateway/mcp/servers/last_words.ts";
import type { OpenServerOptions } from "../../../../gateway/mcp/servers/server.ts";

const cases: [logged: string[], message: string, told: string][] = [
  [[], "it ended", "it ended"],
  [["listening", "no database"], "it ended", "it ended; it wrote: no database"],
  [
    ["api.example.com cannot be reached"],
    "no answer: api.example.com cannot be reached",
    "no answer: api.example.com cannot be reached",
  ],
];

for (const [logged, message, told] of cases) {
  Deno.test(`a failed start after the lines [${logged.join(", ")}] says "${told}"`, async () => {
    const options = { log: () => {} } as unknown as OpenServerOptions;
    const opened = withLastWords(options, (line) => line, ({ log }) => {
      for (const line of logged) log(line);
      throw new SkiffError("unavailable", message);
    });
    await assert.rejects(opened, new SkiffError("unavailable", told));
  });
}
