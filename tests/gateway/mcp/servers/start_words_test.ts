import assert from "node:assert/strict";
import type { EnabledServer } from "../../../../gateway/mcp/configuration/enabled_server.ts";
import type { ServerSpec } from "../../../../gateway/mcp/servers/server_spec.ts";
import { startWords } from "../../../../gateway/mcp/servers/start_words.ts";

const server: EnabledServer = { entry: { name: "notes" }, config: {}, secrets: new Map() };
const container: Extract<ServerSpec, { kind: "container" }> = {
  kind: "container",
  server,
  image: "acme/notes:1",
  command: [],
  env: [],
  binds: [],
  extraHosts: [],
  allowHosts: [],
  disableNetwork: false,
};

const cases: [spec: ServerSpec, words: string][] = [
  [container, "acme/notes:1"],
  [
    {
      ...container,
      command: ["--root", "/work"],
      binds: ["/work:/work:ro", "data:/data"],
      env: ["NOTES_KEY=s3cret", "LEVEL=a=b"],
      user: "1000",
      allowHosts: ["api.example.com:443"],
      disableNetwork: true,
    },
    "acme/notes:1 --root /work, folders /work:/work:ro data:/data, variables NOTES_KEY LEVEL, user 1000, " +
    "hosts api.example.com:443, no network",
  ],
  [
    {
      kind: "remote",
      server,
      url: "https://docs.example.com/mcp",
      transport: "sse",
      headers: { Authorization: "Bearer s3cret" },
    },
    "https://docs.example.com/mcp, headers Authorization",
  ],
  [
    { kind: "local", server, command: ["node", "a.js"], env: { KEY: "s3cret" }, cwd: "/work" },
    "node a.js, in /work",
  ],
  [{ kind: "static", server, hostname: "mcp-notes", port: 4444 }, "mcp-notes:4444"],
  [{ kind: "one-shot", server, env: ["KEY=s3cret"] }, "a container for each call"],
];

for (const [spec, words] of cases) {
  Deno.test(`what is started is told without values: ${words}`, () => assert.equal(startWords(spec), words));
}
