/** Interceptors: what they see, what they can answer, and how they fail. Containers: interceptors_real_test.ts. */
import { deepStrictEqual as equal, match, rejects, throws } from "node:assert/strict";
import { interceptorMiddleware, parseInterceptor } from "../../../../gateway/mcp/security/interceptors.ts";
import { oauthInterceptor } from "../../../../gateway/mcp/security/oauth_interceptor.ts";
import type { CallToolResult } from "../../../../gateway/mcp/sdk.ts";
import { textResult, toolCall } from "../../../support/mcp/tool_call.ts";

const noContainer = () => Promise.reject(new Error("no Engine"));
const few = { ms: 60_000, most: 100_000 };
const intercept = (text: string, limits = few) =>
  interceptorMiddleware(parseInterceptor(text), noContainer, limits);
const answered = (text: string) => () => Promise.resolve(textResult(text));

Deno.test("interceptors by their flag", () => {
  const read: [string, string[]][] = [
    ["before:exec:grep -q a:b", ["before", "exec", "grep -q a:b"]],
    ["after:docker:acme/check --strict", ["after", "docker", "acme/check --strict"]],
    ["after:container:acme/check", ["after", "docker", "acme/check"]],
    ["before:http:http://localhost:9000/x", ["before", "http", "http://localhost:9000/x"]],
  ];
  for (const [text, [when, type, argument]] of read) equal(parseInterceptor(text), { when, type, argument });
  for (
    const text of ["", "before", "before:exec:", "during:exec:x", "before:ftp:x", "before:http:no address"]
  ) {
    throws(() => parseInterceptor(text), /is no interceptor/);
  }
});

/** Interceptor -> the text of the result, of a tool that answers "tool". */
const commands: [string, string | RegExp][] = [
  ["before:exec:true", "tool"],
  ["before:exec:cat >/dev/null", "tool"],
  [`before:exec:echo '{"content":[{"type":"text","text":"instead"}]}'`, "instead"],
  [`after:exec:sed s/tool/changed/`, "changed"],
  ["before:exec:exit 3", /before:exec failed: exit code 3$/],
  ["after:exec:echo sorry >&2; false", /after:exec failed: exit code 1: sorry$/],
  ["before:exec:kill -9 $$", /before:exec failed: exit code 137/],
  ["before:exec:absent-program", /exit code 127/],
  ["after:exec:echo not json", /answers what is no tool result/],
  ["after:exec:printf '\\377\\376\\000'", /answers what is no tool result/],
  [`after:exec:echo '{"content":"text"}'`, /answers what is no tool result/],
  ["before:exec:yes", /before:exec failed: it says more than 98 KiB$/],
  ["before:exec:head -c 5000000 /dev/zero >&2; echo sorry >&2; exit 2", /exit code 2: .*sorry$/],
  ["before:docker:acme/check", /before:docker failed: no Engine$/],
];
for (const [flag, expected] of commands) {
  Deno.test(`interceptor ${flag}`, async () => {
    const call = intercept(flag)(toolCall({ a: 1 }), answered("tool"));
    if (typeof expected === "string") equal(await call, textResult(expected));
    else await rejects(call, expected);
  });
}

Deno.test("an interceptor sees the request; one that reads nothing is no failure", async () => {
  const count = `grep -c '"params":{"name":"add","arguments":{"a":1}}'`;
  const middleware = intercept(
    `before:exec:printf '{"content":[{"type":"text","text":"%s"}]}' "$(${count})"`,
  );
  equal(await middleware(toolCall({ a: 1 }), answered("")), textResult("1"));
  const large = toolCall({ big: "x".repeat(1_000_000) });
  equal(await intercept("before:exec:exec <&-")(large, answered("tool")), textResult("tool"));
});

/** Shell commands that do not end; each writes the ids of its processes first. */
const endless: [name: string, command: string, processes: number][] = [
  ["hangs", "echo $$ >PIDS; sleep 600", 1],
  ["hangs in a child", "echo $$ >PIDS; sh -c 'echo $$ >>PIDS; sleep 600; true'; true", 2],
  ["takes no signal", "trap '' TERM INT HUP; echo $$ >PIDS; while :; do sleep 600; done", 1],
  ["has closed its output", "echo $$ >PIDS; exec >&- 2>&-; sleep 600", 1],
];

/** Their ids, when so many are there. */
async function started(path: string, processes = 1): Promise<number[]> {
  for (;;) {
    const lines = (await Deno.readTextFile(path).catch(() => "")).split("\n");
    if (lines.length > processes) return lines.slice(0, processes).map(Number);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** In the kernel's list, and no zombie. */
async function runs(pid: number): Promise<boolean> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => undefined);
  return stat !== undefined && !/^\d+ \(.*\) [ZX]/.test(stat);
}

for (const [name, command, processes] of endless) {
  Deno.test(`a command that ${name} ends with its call, and all that it started`, async () => {
    const path = await Deno.makeTempFile();
    const abort = new AbortController();
    const flag = `before:exec:${command.replaceAll("PIDS", path)}`;
    const call = intercept(flag)(toolCall({}, abort.signal), answered("tool"));
    const pids = await started(path, processes);
    abort.abort();
    await rejects(call, { name: "AbortError" });
    for (const pid of pids) while (await runs(pid)) await new Promise((resolve) => setTimeout(resolve, 5));
    await Deno.remove(path);
  });
}

Deno.test("a command that does not end in its time fails the call", async () => {
  const call = intercept("before:exec:sleep 600", { ...few, ms: 100 })(toolCall(), answered("tool"));
  await rejects(call, /before:exec failed: it did not end within 0\.1 s/);
});

Deno.test("what a command leaves running ends with it", async () => {
  const path = await Deno.makeTempFile();
  const flag = `before:exec:sleep 600 & echo $! >${path}`;
  equal(await intercept(flag)(toolCall(), answered("tool")), textResult("tool"));
  const [pid] = await started(path);
  while (await runs(pid)) await new Promise((resolve) => setTimeout(resolve, 5));
  await Deno.remove(path);
});

/** What a web service answers -> the text of the result. */
const answers: [name: string, answer: () => Response, expected: string | RegExp][] = [
  ["nothing", () => new Response(), "tool"],
  ["no content", () => new Response(null, { status: 204 }), "tool"],
  ["a result", () => Response.json(textResult("instead")), "instead"],
  ["500", () => new Response("no", { status: 500 }), /before:http failed: it answers 500/],
  ["404", () => new Response("no", { status: 404 }), /before:http failed: it answers 404/],
  ["a page", () => new Response("<html>"), /answers what is no tool result/],
  ["other JSON", () => Response.json({ ok: true, content: 1 }), /answers what is no tool result/],
  ["a redirection", () => Response.redirect("http://127.0.0.1:1/"), /before:http failed/],
  ["too much", () => new Response("x".repeat(200_000)), /it says more than 98 KiB/],
  ["an endless stream", () => new Response(endlessStream()), /it says more than 98 KiB/],
  ["a broken stream", () => new Response(brokenStream()), /before:http failed/],
];

function endlessStream() {
  return new ReadableStream<Uint8Array>({ pull: (c) => c.enqueue(new Uint8Array(10_000).fill(32)) });
}

function brokenStream() {
  return new ReadableStream<Uint8Array>({
    pull: (c) => c.enqueue(new TextEncoder().encode(`{"content":`)),
  }).pipeThrough(
    new TransformStream({
      transform(piece, c) {
        c.enqueue(piece);
        c.error(new Error("broken"));
      },
    }),
  );
}

Deno.test("interceptors over HTTP", async (t) => {
  let answer = () => new Response();
  const bodies: any[] = [];
  const options = { hostname: "127.0.0.1", port: 0, onListen() {}, onError: () => new Response() };
  const server = Deno.serve(options, async (request) => {
    bodies.push(await request.json());
    return answer();
  });
  const middleware = intercept(`before:http:http://127.0.0.1:${server.addr.port}/`);
  for (const [name, make, expected] of answers) {
    await t.step(`that answer ${name}`, async () => {
      answer = make;
      const call = middleware(toolCall({ a: 1 }), answered("tool"));
      if (typeof expected === "string") equal(await call, textResult(expected));
      else await rejects(call, expected);
      equal(bodies.at(-1).params, { name: "add", arguments: { a: 1 } });
    });
  }
  await server.shutdown();
  await t.step("that nobody serves", async () => {
    await rejects(middleware(toolCall(), answered("tool")), /before:http failed/);
  });
});

Deno.test("a service that does not answer in its time fails the call", async () => {
  const release = Promise.withResolvers<Response>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => release.promise);
  const flag = `before:http:http://127.0.0.1:${server.addr.port}/`;
  await rejects(
    intercept(flag, { ...few, ms: 100 })(toolCall(), answered("tool")),
    /it did not end within 0\.1 s/,
  );
  release.resolve(new Response());
  await server.shutdown();
});

/** Result of a server -> whether the client is told to authorize anew. */
const refusals: [CallToolResult, boolean][] = [
  [{ ...textResult("GET https://api.github.com/user: 401 Bad credentials []"), isError: true }, true],
  [{ ...textResult("github: Bad credentials"), isError: true }, true],
  [{ ...textResult("GET https://api.github.com/user: 404 Not Found"), isError: true }, false],
  [{ ...textResult("https://example.com: 401"), isError: true }, false],
  [textResult("GitHub issue 401: bad credentials"), false],
];

Deno.test("the feature oauth-interceptor: a refused GitHub token tells how to authorize anew", async () => {
  for (const [result, isTold] of refusals) {
    const given = await oauthInterceptor(() => true)(toolCall(), () => Promise.resolve(result));
    if (isTold) match(JSON.stringify(given), /skiff mcp oauth authorize notes/);
    else equal(given, result);
    equal(await oauthInterceptor(() => false)(toolCall(), () => Promise.resolve(result)), result);
  }
});
