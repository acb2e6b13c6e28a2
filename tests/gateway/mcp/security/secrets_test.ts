/** Which texts hold secrets. The secrets are made up here, in the forms of their issuers. */
import { deepStrictEqual as equal, match, ok, rejects, strictEqual } from "node:assert/strict";
import { blockSecrets } from "../../../../gateway/mcp/security/block_secrets.ts";
import { findSecrets, redact } from "../../../../gateway/mcp/security/find_secrets.ts";
import { Redaction } from "../../../../gateway/mcp/security/known_secrets.ts";
import { secretIn } from "../../../../gateway/mcp/security/secrets_in.ts";
import { secretRules } from "../../../../gateway/mcp/security/secret_rules.ts";
import type { CallToolResult } from "../../../../gateway/mcp/sdk.ts";
import { seeded } from "../../../support/mutations.ts";
import { textOfPattern } from "../../../support/text_of_pattern.ts";
import { textResult, toolCall } from "../../../support/mcp/tool_call.ts";

/** Characters that look random, the same in every run. */
function noise(length: number, alphabet: string): string {
  let state = 7;
  let text = "";
  while (text.length < length) {
    state = (state * 1103515245 + 12345) % 2147483648;
    text += alphabet[Math.floor(state / 65536) % alphabet.length];
  }
  return text;
}
const alnum = (length: number) =>
  noise(length, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
const letters = (length: number) => noise(length, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
const hex = (length: number) => noise(length, "0123456789abcdef");
const upper = (length: number) => noise(length, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");

function webToken(claims: Record<string, unknown>): string {
  const part = (value: unknown) =>
    btoa(JSON.stringify(value)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}.${alnum(43)}`;
}

const github = `ghp_${alnum(36)}`;
const secrets: [string, string][] = [
  ["github-token", github],
  ["github-fine-grained-token", `github_pat_${alnum(82)}`],
  ["gitlab-token", `glpat-${alnum(20)}`],
  ["aws-access-key-id", `AKIA${upper(16)}`],
  ["aws-secret-access-key", `aws_secret_access_key = "${alnum(40)}"`],
  ["docker-token", `dckr_pat_${alnum(27)}`],
  ["hugging-face-token", `hf_${letters(34)}`],
  ["openai-key", `sk-proj-${alnum(40)}T3BlbkFJ${alnum(40)}`],
  ["anthropic-key", `sk-ant-api03-${alnum(93)}`],
  ["google-api-key", `AIza${alnum(35)}`],
  ["slack-token", `xoxb-${"481516234".slice(0, 9)}-${alnum(24)}`],
  ["slack-webhook", `https://hooks.slack.com/services/T${upper(9)}/B${upper(9)}/${alnum(24)}`],
  ["stripe-key", `sk_live_${alnum(24)}`],
  ["npm-token", `npm_${alnum(36)}`],
  ["pypi-token", `pypi-AgEIcHlwaS5vcmc${alnum(60)}`],
  ["sendgrid-key", `SG.${alnum(22)}.${alnum(43)}`],
  ["digitalocean-token", `dop_v1_${hex(64)}`],
  ["linear-key", `lin_api_${alnum(40)}`],
  ["json-web-token", webToken({ sub: "ada" })],
  ["json-web-token", webToken({ exp: 4_000_000_000 })],
  [
    "private-key",
    `-----BEGIN RSA PRIVATE KEY-----\n${alnum(64)}\n${alnum(64)}\n-----END RSA PRIVATE KEY-----`,
  ],
  ["password-in-url", `postgres://ada:${alnum(16)}@db.internal/app`],
  ["vault-token", `hvs.${alnum(40)}`],
  ["shopify-token", `shpat_${hex(32)}`],
];

for (const [rule, secret] of secrets) {
  Deno.test(`${rule} is found alone, in prose, in JSON`, () => {
    for (const text of [secret, `use ${secret} for it\n`, JSON.stringify({ value: secret })]) {
      equal(findSecrets(text)[0]?.rule, rule, text);
    }
  });
}

const harmless = [
  `ghp_${"x".repeat(36)}`,
  "ghp_EXAMPLEexampleEXAMPLEexampleEXAMPLE1",
  `export GITHUB_TOKEN=$GITHUB_TOKEN`,
  `sha256:${hex(64)}`,
  `commit ${hex(40)}`,
  crypto.randomUUID(),
  "postgres://user:${PASSWORD}@host/db",
  "https://example.com:8080/a@b",
  `"integrity": "sha512-${alnum(86)}=="`,
  "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE2G2Y\n-----END PUBLIC KEY-----",
  "AKIAIOSFODNN7EXAMPLE",
  "postgres://user:password@localhost/db",
  "https://admin:mysecret1@127.0.0.1/",
  webToken({ sub: "1234567890", name: "John Doe" }),
  webToken({ exp: 1_000_000_000 }),
  `eyJ${alnum(20)}.eyJ${alnum(30)}.${alnum(43)}`,
  `{"SecretAccessKey": "${hex(40)}"}`,
  "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
];
Deno.test("what only looks like a secret is none", () => {
  for (const text of harmless) equal(findSecrets(text), [], text);
});

Deno.test("every rule has its own name and can be met", () => {
  strictEqual(new Set(secretRules.map(({ id }) => id)).size, secretRules.length);
  ok(secretRules.every(({ anchors }) => anchors.length > 0 && anchors.every((text) => text.length >= 2)));
});

Deno.test("whatever a rule's pattern describes is found, at once and where texts are cut for the search", async () => {
  const random = seeded(1);
  for (const { id, pattern } of secretRules) {
    if (id === "json-web-token") continue; // its parts must be JSON: above
    for (let i = 0; i < 10; i++) {
      const key = textOfPattern(pattern, random);
      ok(findSecrets(`x ${key} y`).some(({ rule }) => rule === id), `${id}: ${key}`);
      const cut = `${"word ".repeat(Math.floor((256 * 1024 - random(key.length)) / 5))}${key} word`;
      ok(await secretIn(cut), `${id}: ${key}`);
    }
  }
});

Deno.test("what bytes in base64 hold is found, wherever it stands in them and however the base64 is broken", async () => {
  for (const before of [0, 1, 2, 196_600, 196_607, 500_000]) {
    const blob = btoa(`${"\0".repeat(before)}${github}\0`);
    const broken = blob.replace(/.{76}/g, "$&\r\n");
    for (const one of [blob, broken]) {
      strictEqual(await secretIn({ contents: [{ blob: one }] }), "github-token");
    }
  }
});

Deno.test("a hostile text takes no longer than another of its length", () => {
  const anchors = secretRules.flatMap(({ anchors }) => anchors);
  for (const text of [...anchors, "-----BEGIN PRIVATE KEY-----", '"auths":{', "a://b:", "eyJaaaaaaaaaa."]) {
    findSecrets(text.repeat(Math.ceil(200_000 / text.length)));
  }
});

Deno.test("a name and its value belong together", async () => {
  strictEqual(await secretIn({ env: [{ aws_secret_access_key: alnum(40) }] }), "aws-secret-access-key");
  strictEqual(await secretIn({ Credentials: { SecretAccessKey: alnum(40) } }), "aws-secret-access-key");
  strictEqual(await secretIn({ env: alnum(40) }), undefined);
});

Deno.test("redaction leaves the rest", () => {
  strictEqual(redact(`a ${github} b ${github}`), "a [github-token] b [github-token]");
});

const odd = `pa$/w+rd "q" ün=s3cr3t?x`;
const bytes = new TextEncoder().encode(odd);
const asBase64 = (before: string) => new TextEncoder().encode(`${before}${odd}:more`).toBase64();
const encodings: Record<string, string> = {
  "as it is": odd,
  JSON: JSON.stringify(odd),
  "JSON within JSON": JSON.stringify(JSON.stringify({ odd })),
  "JSON in ASCII": JSON.stringify(odd).replace("ü", "\\u00fc"),
  "a URL": encodeURIComponent(odd),
  "a URL, in small letters": encodeURIComponent(odd).replace(/%../g, (escape) => escape.toLowerCase()),
  "a form": new URLSearchParams({ odd }).toString(),
  HTML: odd.replaceAll('"', "&quot;"),
  "base64 behind nothing": asBase64(""),
  "base64 behind a user's name": `Basic ${asBase64("ada:")}`,
  "base64 behind another one": `Basic ${asBase64("adam:")}`,
  "base64 for URLs": asBase64("x").replaceAll("+", "-").replaceAll("/", "_"),
  hex: bytes.toHex(),
  "hex in capitals": bytes.toHex().toUpperCase(),
};

for (const [name, text] of Object.entries(encodings)) {
  Deno.test(`the value of a secret is found and kept from the log: ${name}`, async () => {
    const redaction = new Redaction();
    redaction.learn({ secrets: new Map([["a.key", odd]]) });
    strictEqual(await secretIn([`before ${text} after`], redaction.known), "the value of a.key");
    match(redaction.clean(`before ${text} after`), /^before .*\[a\.key\].* after$/);
  });
}

const base64 = (text: string) => btoa(text);
const results: [string, CallToolResult][] = [
  ["text", textResult(github)],
  ["texts together", {
    content: [github.slice(0, 9), github.slice(9)].map((text) => ({ type: "text", text })),
  }],
  ["structured content", { content: [], structuredContent: { rows: [{ token: github }] } }],
  ["a resource", { content: [{ type: "resource", resource: { uri: "a:b", text: github } }] }],
  ["a resource of bytes", {
    content: [{ type: "resource", resource: { uri: "a:b", blob: base64(github) } }],
  }],
  ["a link", { content: [{ type: "resource_link", name: "x", uri: `https://x.example/?t=${github}` }] }],
];

for (const [where, result] of results) {
  Deno.test(`a secret in ${where} does not come in`, async () => {
    const log: string[] = [];
    const guarded = blockSecrets((line) => log.push(line), new Redaction());
    await rejects(
      guarded(toolCall(), () => Promise.resolve(result)),
      /a secret is being returned by the add tool/,
    );
    ok(log.length === 1 && !log[0].includes(github));
  });
}

Deno.test("a secret in arguments does not go out, and the tool is not called", async () => {
  const guarded = blockSecrets(() => {}, new Redaction());
  let called = false;
  const call = guarded(toolCall({ deep: [{ value: github }] }), () => {
    called = true;
    return Promise.resolve(textResult(""));
  });
  const error = await call.then(() => undefined, (error) => error);
  match(error.message, /a secret is being passed to tool add/);
  ok(!error.message.includes(github) && !called);
});

Deno.test("images are not searched: their bytes mean nothing", async () => {
  const image: CallToolResult = { content: [{ type: "image", mimeType: "image/png", data: github }] };
  equal(await blockSecrets(() => {}, new Redaction())(toolCall(), () => Promise.resolve(image)), image);
});
