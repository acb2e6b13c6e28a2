/** Servers of the community registry as entries. */
import assert from "node:assert/strict";
import { fromServerJson } from "../../../../gateway/mcp/catalog/community_registry.ts";

const cases: { name: string; server: Record<string, unknown>; entry: Record<string, unknown> }[] = [
  {
    name: "an image with settings, a secret and arguments",
    server: {
      name: "io.github.acme/notes",
      description: "Notes",
      packages: [{ registryType: "npm", identifier: "notes" }, {
        registryType: "oci",
        identifier: "ghcr.io/acme/notes",
        version: "1.2.0",
        packageArguments: [{ type: "positional", value: "serve" }, {
          type: "named",
          name: "--root",
          isRequired: true,
        }],
        environmentVariables: [
          { name: "API_KEY", isSecret: true, description: "Key" },
          { name: "LEVEL", default: "info" },
        ],
      }],
    },
    entry: {
      name: "io.github.acme-notes",
      title: "io.github.acme/notes",
      description: "Notes",
      type: "server",
      image: "ghcr.io/acme/notes:1.2.0",
      command: ["serve", "--root", "{{io_github_acme-notes.root}}"],
      env: [{ name: "LEVEL", value: "{{io_github_acme-notes.LEVEL|or:info}}" }],
      secrets: [{ name: "io.github.acme-notes.api_key", env: "API_KEY", description: "Key" }],
      config: [{
        name: "io.github.acme-notes",
        description: "Settings of io.github.acme-notes",
        type: "object",
        properties: { root: { type: "string" }, LEVEL: { type: "string" } },
        required: ["root"],
      }],
      metadata: { tags: ["community"], registryUrl: "https://r/x" },
    },
  },
  {
    name: "a remote server with a secret in a header, in the envelope of the registry",
    server: {
      server: {
        name: "com.acme/docs",
        description: "Docs",
        remotes: [{
          type: "streamable-http",
          url: "https://docs.acme.test/mcp",
          headers: [{
            name: "Authorization",
            value: "Bearer {token}",
            variables: { token: { isSecret: true } },
          }],
        }],
      },
    },
    entry: {
      name: "com.acme-docs",
      title: "com.acme/docs",
      description: "Docs",
      type: "remote",
      remote: {
        url: "https://docs.acme.test/mcp",
        transport_type: "streamable-http",
        headers: { Authorization: "Bearer ${COM_ACME_DOCS_TOKEN}" },
      },
      secrets: [{ name: "com.acme-docs.token", env: "COM_ACME_DOCS_TOKEN" }],
      metadata: { tags: ["community"], registryUrl: "https://r/x" },
    },
  },
];

for (const { name, server, entry } of cases) {
  Deno.test(`registry: ${name}`, () => {
    assert.deepEqual(fromServerJson(JSON.stringify(server), "https://r/x"), entry);
  });
}

const refused: [text: string, error: Record<string, unknown>][] = [
  [`{"name": "a", "packages": [{"registryType": "npm"}]}`, { code: "unsupported", hint: /npm/ }],
  [`{"no": "name"}`, { code: "invalid_input" }],
  [`<html>`, { code: "invalid_input", message: /no JSON/ }],
];

for (const [text, error] of refused) {
  Deno.test(`registry: refused: ${text}`, () => assert.throws(() => fromServerJson(text, "u"), error));
}
