/** Servers and answers that nobody is logged in by. */
import assert from "node:assert/strict";
import { beginAuthorization } from "../../../../gateway/mcp/oauth/authorization.ts";
import type { StandInOptions } from "../../../support/mcp/authorization_server.ts";
import { browse } from "../../../support/mcp/browser.ts";
import { withIss, withServer } from "./logging_in.ts";

const evil = "https://evil.example";
interface Refusal {
  options: StandInOptions;
  error: RegExp;
  /** Of the authorization server; none of them was reached. Default: its token endpoint. */
  untouched?: string;
}

const refusals: Record<string, Refusal> = {
  "a server that says it is another": {
    options: { resource: (m) => ({ ...m, resource: `${evil}/mcp` }) },
    error: /says that it is https:\/\/evil\.example\/mcp/,
    untouched: "/authorize",
  },
  "a server that says it is another path": {
    options: { resource: (m) => ({ ...m, resource: `${m.resource}/more` }) },
    error: /says that it is .*\/mcp\/more/,
    untouched: "/authorize",
  },
  "an authorization server that says it is another (mix-up)": {
    options: { metadata: (m) => ({ ...m, issuer: evil }) },
    error: /says that it is https:\/\/evil\.example/,
    untouched: "/register",
  },
  "an answer of another authorization server (mix-up)": {
    options: { redirect: withIss(() => evil) },
    error: /The answer is of https:\/\/evil\.example, not of/,
  },
  "an answer that does not say whose it is, although that was promised": {
    options: { redirect: withIss(() => undefined) },
    error: /The answer is of nobody/,
  },
  "an issuer's name that only looks the same": {
    options: { redirect: withIss((iss) => iss.toUpperCase()) },
    error: /not of/,
  },
  "no PKCE": {
    options: { metadata: ({ code_challenge_methods_supported: _, ...m }) => m },
    error: /does not support PKCE with S256/,
    untouched: "/register",
  },
  "only the plain kind of PKCE": {
    options: { metadata: (m) => ({ ...m, code_challenge_methods_supported: ["plain"] }) },
    error: /does not support PKCE with S256/,
    untouched: "/register",
  },
  "an endpoint that runs a program": {
    options: { metadata: (m) => ({ ...m, authorization_endpoint: "file:///bin/sh" }) },
    error: /authorization endpoint of .* is not https: file:/,
    untouched: "/register",
  },
  "an endpoint with a login in it": {
    options: { metadata: (m) => ({ ...m, token_endpoint: m.token_endpoint.replace("//", "//a:b@") }) },
    error: /token endpoint of .* is not https/,
    untouched: "/register",
  },
  "metadata that another origin gives": {
    options: {
      answer: (_, { path }) =>
        path.includes("oauth-authorization-server")
          ? new Response(null, { status: 302, headers: { location: `${evil}/metadata` } })
          : undefined,
    },
    error: /does not describe itself/,
    untouched: "/register",
  },
  "redirects in circles": {
    options: {
      answer: (_, { path }) =>
        path.includes("oauth-authorization-server")
          ? new Response(null, { status: 302, headers: { location: path } })
          : undefined,
    },
    error: /redirects in circles/,
    untouched: "/register",
  },
  "an answer without end": {
    options: {
      answer: (_, { path }) =>
        path.includes("oauth-authorization-server") ? new Response(endless()) : undefined,
    },
    error: /answers more than 1048576 bytes/,
    untouched: "/register",
  },
  "metadata that is none": {
    options: { metadata: () => ({ issuer: 1 }) },
    error: /is no metadata/,
    untouched: "/register",
  },
  "a page in place of metadata": {
    options: {
      answer: (_, { path }) => path.includes("oauth-protected-resource") ? new Response("<html>") : undefined,
    },
    error: /is no metadata/,
    untouched: "/register",
  },
  "a server without an authorization server": {
    options: { resource: ({ authorization_servers: _, ...m }) => m },
    error: /names no authorization server/,
    untouched: "/register",
  },
  "an authorization server that is down": {
    options: {
      answer: (_, { path }) =>
        path.includes("oauth-authorization-server") ? new Response("down", { status: 503 }) : undefined,
    },
    error: /answers 503/,
    untouched: "/register",
  },
  "a response type that it does not have": {
    options: { metadata: (m) => ({ ...m, response_types_supported: ["token"] }) },
    error: /does not support response type code/,
  },
  "a token that is no bearer token": {
    options: { issued: () => Response.json({ access_token: "a", token_type: "DPoP" }) },
    error: /gives tokens of type DPoP/,
  },
  "a token that would break a header": {
    options: { issued: () => Response.json({ access_token: "a\r\nx: y", token_type: "Bearer" }) },
    error: /no header can hold/,
  },
  "an answer that is no token": {
    options: { issued: () => Response.json({ token: "a" }) },
    error: /gives no token for notes: its answer cannot be read/,
  },
  "a code that is not valid": {
    options: { issued: () => Response.json({ error: "invalid_grant" }, { status: 400 }) },
    error: /gives no token for notes: the code or the login is not valid/,
  },
  "a client that it does not know any more": {
    options: {
      issued: () =>
        Response.json({ error: "invalid_client", error_description: "gone\nfor good" }, { status: 401 }),
    },
    error: /it does not know this client, or its secret is wrong \(gone for good\)/,
  },
  "a refusal that says that all is well": {
    options: { issued: () => Response.json({ error: "bad_code", error_description: "no" }) },
    error: /gives no token for notes: bad_code \(no\)/,
  },
  "a token endpoint that fails": {
    options: { issued: () => new Response("<html>secret-of-theirs", { status: 502 }) },
    error: /gives no token for notes: it answers 502$/,
  },
};

function endless(): ReadableStream<Uint8Array> {
  return new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(65536)) });
}

for (const [name, { options, error, untouched = "/none" }] of Object.entries(refusals)) {
  Deno.test(`nobody is logged in by ${name}`, async () => {
    await withServer(options, async (server, home, app) => {
      const attempt = async () => {
        const pending = await beginAuthorization(app, home.parts);
        await browse(pending.url);
        await pending.done;
      };
      await assert.rejects(attempt, { name: "SkiffError", message: error });
      assert.deepEqual(server.requests(untouched), []);
      assert.equal(await home.parts.vault.login("notes"), undefined);
    });
  });
}

const answers: Record<
  string,
  { change(target: URL): void; status: number; waits?: boolean; error?: RegExp }
> = {
  "the person denies": {
    change: ({ searchParams }) => (searchParams.delete("code"), searchParams.set("error", "access_denied")),
    status: 400,
    error: /There is no login for notes: access was denied$/,
  },
  "an error with a description": {
    change: ({ searchParams }) => {
      searchParams.set("error", "invalid_scope");
      searchParams.set("error_description", "<script>no</script>");
    },
    status: 400,
    error: /it does not know one of the scopes, or does not give it \(<script>no<\/script>\)/,
  },
  "no code": { change: ({ searchParams }) => searchParams.delete("code"), status: 400, error: /has no code/ },
  "another state": { change: ({ searchParams }) => searchParams.set("state", "x"), status: 400, waits: true },
  "no state": { change: ({ searchParams }) => searchParams.delete("state"), status: 400, waits: true },
  "another place": { change: (target) => target.pathname = "/elsewhere", status: 404, waits: true },
};

for (const [name, { change, status, waits, error }] of Object.entries(answers)) {
  Deno.test(`an answer of the browser: ${name}`, async () => {
    let isChanged = true;
    const redirect = (target: URL) => (isChanged && change(target), target);
    await withServer({ redirect }, async (_, home, app) => {
      const pending = await beginAuthorization(app, home.parts);
      const page = await browse(pending.url);
      assert.equal(page.status, status);
      assert.doesNotMatch(page.text, /<script>/);
      if (error) await assert.rejects(pending.done, { message: error });
      if (waits) {
        isChanged = false; // whoever it was, the login goes on
        await browse(pending.url);
        await pending.done;
      }
    });
  });
}

Deno.test("an answer counts once", async () => {
  await withServer({}, async (_, home, app) => {
    const pending = await beginAuthorization(app, home.parts);
    const response = await fetch(pending.url, { redirect: "manual" });
    await response.body?.cancel();
    const answer = response.headers.get("location")!;
    const pages = await Promise.all(
      [browse(answer), browse(answer)].map((one) => one.catch(() => ({ status: 0 }))),
    );
    assert.equal(pages.filter(({ status }) => status === 200).length, 1);
    await pending.done;
    await assert.rejects(fetch(answer), TypeError); // nobody listens there any more
  });
});

Deno.test("a login ends by a signal, and by nobody coming", async () => {
  await withServer({}, async (_, home, app) => {
    const ended = new AbortController();
    const pending = await beginAuthorization(app, home.parts, { signal: ended.signal });
    ended.abort();
    await assert.rejects(pending.done, { code: "interrupted" });
    const late = await beginAuthorization(app, home.parts, { timeoutMs: 1 });
    await assert.rejects(late.done, { code: "unauthorized", message: /Nobody logged in/ });
  });
});
