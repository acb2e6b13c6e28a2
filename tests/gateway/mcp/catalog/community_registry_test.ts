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
  {
    name: "the older writing, mounts, variables in texts, and a secret that is made with one",
    server: {
      name: "io.acme/files",
      packages: [{ registry_type: "oci", identifier: "acme/web", transport: { type: "streamable-http" } }, {
        registry_type: "oci",
        identifier: "acme/files",
        version: "sha256:00",
        transport: { type: "stdio" },
        runtime_arguments: [
          {
            type: "named",
            name: "--mount",
            value: "type=bind,src={source_path},dst={target},readonly",
            variables: { source_path: { is_required: true }, target: { default: "/data" } },
          },
          { type: "named", name: "-v", value: "cache:/cache" },
          { type: "named", name: "-e", value: "MODE=fast" },
          { type: "named", name: "-u", value: "1000" },
          { type: "named", name: "--privileged", value: "true" },
        ],
        environment_variables: [
          { name: "PASSWORD", is_secret: true, is_required: true },
          { name: "URL", value: "db://{user}:{word}@h", variables: { user: {}, word: { is_secret: true } } },
          { name: "GREETING", value: "hi {who}", variables: { who: { default: "you" } } },
        ],
      }],
    },
    entry: {
      name: "io.acme-files",
      title: "io.acme/files",
      type: "server",
      image: "acme/files@sha256:00",
      env: [
        { name: "GREETING", value: "hi {{io_acme-files.who|or:you}}" },
        { name: "MODE", value: "fast" },
      ],
      volumes: ["{{io_acme-files.source_path}}:{{io_acme-files.target|or:/data}}:ro", "cache:/cache"],
      user: "1000",
      secrets: [
        { name: "io.acme-files.password", env: "PASSWORD" },
        { name: "io.acme-files.url", env: "URL" },
      ],
      config: [{
        name: "io.acme-files",
        description: "Settings of io.acme-files",
        type: "object",
        properties: { source_path: { type: "string" }, target: { type: "string" }, who: { type: "string" } },
        required: ["source_path"],
      }],
      metadata: { tags: ["community"], registryUrl: "https://r/x" },
    },
  },
  {
    name: "headers: a secret, a default, one that must be given, one that need not",
    server: {
      name: "io.acme/remote",
      remotes: [{
        type: "sse",
        url: "https://x.test/sse",
        headers: [
          { name: "X-Key", isSecret: true },
          { name: "X-Region", default: "eu" },
          { name: "X-Team", isRequired: true },
          { name: "X-Trace" },
        ],
      }],
    },
    entry: {
      name: "io.acme-remote",
      title: "io.acme/remote",
      type: "remote",
      remote: {
        url: "https://x.test/sse",
        transport_type: "sse",
        headers: {
          "X-Key": "${IO_ACME_REMOTE_X_KEY}",
          "X-Region": "eu",
          "X-Team": "${IO_ACME_REMOTE_X_TEAM}",
        },
      },
      secrets: [
        { name: "io.acme-remote.x-key", env: "IO_ACME_REMOTE_X_KEY" },
        { name: "io.acme-remote.x-team", env: "IO_ACME_REMOTE_X_TEAM" },
      ],
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
  [`{"name": "a", "packages": [{"registryType": "oci", "identifier": "a", "transport": {"type": "sse"}}]}`, {
    code: "unsupported",
    hint: /oci \(sse\)/,
  }],
  [
    `{"name": "a", "packages": [{"registryType": "oci", "identifier": "a", "packageArguments": [{"isSecret": true}]}]}`,
    { code: "unsupported", message: /where others can see it/ },
  ],
  [`{"no": "name"}`, { code: "invalid_input" }],
  [`<html>`, { code: "invalid_input", message: /no JSON/ }],
];

for (const [text, error] of refused) {
  Deno.test(`registry: refused: ${text}`, () => assert.throws(() => fromServerJson(text, "u"), error));
}
