/** `skiff sandbox policy`, as it is typed. */
import assert from "node:assert/strict";
import { skiffPaths } from "../../../core/paths/paths.ts";
import { prepareAccess } from "../../../core/sandbox/network/prepare.ts";
import { readPolicy } from "../../../core/sandbox/network/records.ts";
import { DecisionLog } from "../../../core/sandbox/network/proxy/decision_log.ts";
import { sandboxFiles } from "../../../core/sandbox/network/sandbox_files.ts";
import type { NetworkPolicy } from "../../../core/sandbox/network/policy.ts";
import { policyCommand } from "../../../cmd/sandbox/policy.ts";
import { type Said, typed } from "../../support/typed_command.ts";

async function withSandboxes(
  fn: (
    run: (...words: string[]) => Promise<Said>,
    home: string,
  ) => Promise<void>,
): Promise<void> {
  const home = await Deno.makeTempDir({ prefix: "skpol-" });
  const env = { get: (name: string) => name === "SKIFF_HOME" ? home : undefined };
  const paths = skiffPaths(env);
  const make = (name: string, workspace: string, policy: NetworkPolicy) =>
    prepareAccess({ sandbox: `id-${name}`, policy, paths, forwarder: "/none" }, {
      name,
      workspace,
      agent: "shell",
    });
  await make("one", await Deno.realPath(Deno.cwd()), {
    mode: "allow-list",
    preset: "balanced",
    allow: [],
    deny: [],
  });
  await make("two", "/elsewhere", { mode: "none", allow: [], deny: [] });
  const run = (...words: string[]) => typed("skiff", policyCommand, words, { env });
  try {
    await fn(run, home);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

Deno.test("rules are added, moved, shown and removed", async () => {
  await withSandboxes(async (run, home) => {
    const paths = skiffPaths({ get: () => home });
    assert.deepEqual(await run("allow", "example.com", "10.0.0.5:5432"), {
      code: 0,
      out: "Allowed for one: example.com\nAllowed for one: 10.0.0.5:5432\n",
      err: "",
    });
    assert.equal((await run("deny", "example.com")).out, "Denied for one: example.com\n");
    const { allow, deny } = await readPolicy(paths, "id-one");
    assert.deepEqual([allow, deny], [["10.0.0.5:5432"], ["example.com"]]);
    const shown = (await run("ls")).out;
    assert.match(
      shown,
      /^Network of one: balanced\nVERDICT +HOST +FROM\ndeny +example\.com +rule\nallow +10\.0\.0\.5:5432 +rule\nand \d+ hosts of the preset/,
    );
    assert.match((await run("ls", "--all")).out, /allow +registry\.npmjs\.org +preset/);
    assert.equal(JSON.parse((await run("ls", "--format", "json")).out).sandbox, "one");
    assert.equal((await run("rm", "example.com")).code, 0);
    assert.match((await run("rm", "example.com")).err, /no rule "example\.com"/);
    assert.match((await run("rm", "github.com")).err, /belongs to the preset; deny it/);
    assert.match((await run("allow", "https://x/")).err, /no network rule[^]*HOST\[:PORT\]/);
  });
});

Deno.test("sandboxes are named, or found by the folder", async () => {
  await withSandboxes(async (run) => {
    assert.match((await run("ls", "--sandbox", "two")).out, /^Network of two: none\n/);
    const { out, err } = await run("allow", "--sandbox", "two", "example.com");
    assert.equal(out, "Allowed for two: example.com\n");
    assert.match(err, /no effect on this sandbox: its network is "none"/);
    const missing = await run("ls", "--sandbox", "three");
    assert.equal(missing.code, 1);
    assert.match(missing.err, /No such sandbox: three[^]*Sandboxes: one, two/);
  });
});

Deno.test("a check tells by word and exit code", async () => {
  await withSandboxes(async (run) => {
    assert.deepEqual(await run("check", "github.com", "https://registry.npmjs.org/x"), {
      code: 0,
      out: 'allowed  github.com:443  (the rule "github.com" allows it)\n' +
        'allowed  registry.npmjs.org:443  (the rule "registry.npmjs.org" allows it)\n',
      err: "",
    });
    const { code, out } = await run("check", "evil.com", "127.0.0.1:22");
    assert.equal(code, 1);
    assert.match(
      out,
      /^denied {2}evil\.com:443 {2}\(no rule allows it\)\ndenied {2}127\.0\.0\.1:22 {2}\(.*loopback\)\)\n$/,
    );
  });
});

Deno.test("the log is shown whole, in part, and as JSON", async () => {
  await withSandboxes(async (run, home) => {
    const log = new DecisionLog(sandboxFiles(skiffPaths({ get: () => home }), "id-one").log);
    log.add({ kind: "tunnel", target: "github.com:443", allowed: true, reason: "a rule" });
    log.add({ kind: "http", target: "evil.com:80", allowed: false, reason: "no rule allows it" });
    log.close();
    assert.match(
      (await run("log")).out,
      /allowed {2}tunnel +github\.com:443 {2}\(a rule\)\n.*DENIED {3}http +evil\.com:80/,
    );
    assert.doesNotMatch((await run("log", "--denied")).out, /github/);
    assert.doesNotMatch((await run("log", "-n", "1")).out, /github/);
    assert.equal((await run("log", "-n", "0")).out, "");
    assert.equal(JSON.parse((await run("log", "-n", "1", "--format", "json")).out).target, "evil.com:80");
    assert.equal((await run("log", "--tail", "x")).code, 2);
  });
});
