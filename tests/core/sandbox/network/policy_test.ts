/** What a policy lets through: hosts however they are written, rules, presets, addresses behind names. */
import assert from "node:assert/strict";
import { addressKind, formatAddress, parseAddress } from "../../../../core/sandbox/network/addresses.ts";
import { decide, readyPolicy } from "../../../../core/sandbox/network/decide.ts";
import { parseAuthority, parseHost } from "../../../../core/sandbox/network/hosts.ts";
import { type NetworkPolicy, parseNetworkFlag, policyName } from "../../../../core/sandbox/network/policy.ts";
import { checkTarget } from "../../../../core/sandbox/network/policy_edit.ts";
import { presetRules } from "../../../../core/sandbox/network/presets.ts";
import { parseRule } from "../../../../core/sandbox/network/rules.ts";
import { checkedPolicy } from "../../../../core/sandbox/network/records.ts";

Deno.test("a host has one form, however it is written", () => {
  const cases: [string, string | undefined][] = [
    ["Example.COM", "example.com"],
    ["example.com.", "example.com"],
    ["example.com..", undefined],
    ["bücher.example", "xn--bcher-kva.example"],
    ["ＥＸＡＭＰＬＥ.com", "example.com"],
    ["example。com", "example.com"],
    ["my_host", "my_host"],
    ["127.0.0.1", "127.0.0.1"],
    ["127.1", "127.0.0.1"],
    ["2130706433", "127.0.0.1"],
    ["0x7f000001", "127.0.0.1"],
    ["0x7f.1", "127.0.0.1"],
    ["0177.0.0.1", "127.0.0.1"],
    ["0", "0.0.0.0"],
    ["127.0.0.1.", "127.0.0.1"],
    ["１２７.0.0.1", "127.0.0.1"],
    ["[::1]", "0:0:0:0:0:0:0:1"],
    ["[::ffff:127.0.0.1]", "127.0.0.1"],
    ["[::ffff:7f00:1]", "127.0.0.1"],
    ["[0:0:0:0:0:ffff:10.0.0.1]", "10.0.0.1"],
    ["[fe80::1%eth0]", undefined],
    ["[::1", undefined],
    ["256.1.1.1", undefined],
    ["1.2.3.4.5", undefined],
    ["a b", undefined],
    ["a%2eb", undefined],
    ["user@host", undefined],
    ["host/path", undefined],
    ["host\\path", undefined],
    ["", undefined],
    [".", undefined],
    ["a..b", undefined],
    [`${"a".repeat(64)}.com`, undefined],
  ];
  for (const [text, name] of cases) assert.equal(parseHost(text)?.name, name, text);
});

Deno.test("an authority is host and port, and nothing else", () => {
  const cases: [string, string | undefined][] = [
    ["example.com:443", "example.com 443"],
    ["[::1]:80", "0:0:0:0:0:0:0:1 80"],
    ["example.com", undefined],
    ["example.com:0", undefined],
    ["example.com:65536", undefined],
    ["example.com:44 3", undefined],
    ["example.com:443:80", undefined],
    ["example.com:", undefined],
    ["user@example.com:443", undefined],
  ];
  for (const [text, expected] of cases) {
    const found = parseAuthority(text);
    assert.equal(found && `${found.host.name} ${found.port}`, expected, text);
  }
});

Deno.test("every address that is not the public internet is known as such", () => {
  const cases: [string, string][] = [
    ["8.8.8.8", "public"],
    ["172.15.255.255", "public"],
    ["172.32.0.1", "public"],
    ["2606:4700::1111", "public"],
    ["0.0.0.0", "unspecified"],
    ["127.255.255.254", "loopback"],
    ["10.1.2.3", "private"],
    ["172.16.0.1", "private"],
    ["172.31.255.255", "private"],
    ["192.168.1.1", "private"],
    ["100.64.0.1", "carrier-grade NAT"],
    ["169.254.1.1", "link-local"],
    ["169.254.169.254", "cloud metadata"],
    ["100.100.100.200", "cloud metadata"],
    ["168.63.129.16", "cloud metadata"],
    ["224.0.0.251", "multicast"],
    ["255.255.255.255", "reserved"],
    ["198.18.0.1", "reserved"],
    ["::1", "loopback"],
    ["::", "unspecified"],
    ["fd00::1", "private"],
    ["fd00:ec2::254", "cloud metadata"],
    ["fe80::1", "link-local"],
    ["ff02::1", "multicast"],
    ["::127.0.0.1", "translated"],
    ["::ffff:169.254.169.254", "cloud metadata"],
    ["64:ff9b::a9fe:a9fe", "translated"],
    ["2002:7f00:1::", "translated"],
    ["2001:0:1::", "translated"],
    ["4000::1", "reserved"],
  ];
  for (const [text, kind] of cases) assert.equal(addressKind(parseAddress(text)!), kind, text);
  assert.equal(parseAddress("01.2.3.4"), undefined);
  assert.equal(parseAddress("1::2::3"), undefined);
  assert.equal(formatAddress(parseAddress("2001:db8::1")!), "2001:db8:0:0:0:0:0:1");
});

/** Names that the tests' resolver knows. */
const names: Record<string, string[]> = {
  "api.example.com": ["93.184.216.34"],
  "example.com": ["93.184.216.34"],
  "rebound.example.com": ["93.184.216.34", "127.0.0.1"],
  "inside.example.com": ["10.0.0.7"],
  "meta.example.com": ["169.254.169.254"],
  "mapped.example.com": ["::ffff:10.0.0.7"],
  "github.com": ["140.82.121.3"],
  "evil.com": ["6.6.6.6"],
};

async function verdict(policy: Partial<NetworkPolicy>, target: string, via: "tunnel" | "http" = "tunnel") {
  const { host, port } = parseAuthority(target)!;
  const looked: string[] = [];
  const full: NetworkPolicy = { mode: "allow-list", preset: "locked", allow: [], deny: [], ...policy };
  const decision = await decide(readyPolicy(full), { host, port, via }, (name) => {
    looked.push(name);
    return names[name] ? Promise.resolve(names[name]) : Promise.reject(new Error("no such name"));
  });
  return { ...decision, looked };
}

Deno.test("rules decide by host, port and kind; deny beats allow", async () => {
  const cases: [Partial<NetworkPolicy>, string, "tunnel" | "http", boolean][] = [
    [{}, "example.com:443", "tunnel", false],
    [{ allow: ["example.com"] }, "example.com:443", "tunnel", true],
    [{ allow: ["EXAMPLE.com."] }, "example.com:443", "tunnel", true],
    [{ allow: ["example.com"] }, "api.example.com:443", "tunnel", false],
    [{ allow: ["*.example.com"] }, "api.example.com:443", "tunnel", true],
    [{ allow: ["*.example.com"] }, "example.com:443", "tunnel", false],
    [{ allow: ["**.example.com"] }, "example.com:443", "tunnel", true],
    [{ allow: ["**.example.com"] }, "api.example.com:443", "tunnel", true],
    [{ allow: ["*.ample.com"] }, "example.com:443", "tunnel", false],
    [{ allow: ["**"] }, "evil.com:443", "tunnel", true],
    [{ allow: ["example.com"] }, "example.com:80", "http", true],
    [{ allow: ["example.com"] }, "example.com:80", "tunnel", false],
    [{ allow: ["example.com"] }, "example.com:22", "tunnel", false],
    [{ allow: ["example.com:22"] }, "example.com:22", "tunnel", true],
    [{ allow: ["example.com:22"] }, "example.com:443", "tunnel", false],
    [{ allow: ["example.com:8000-8100"] }, "example.com:8080", "http", true],
    [{ allow: ["example.com:*"] }, "example.com:9", "tunnel", true],
    [{ allow: ["**"], deny: ["evil.com"] }, "evil.com:443", "tunnel", false],
    [{ allow: ["evil.com"], deny: ["evil.com"] }, "evil.com:443", "tunnel", false],
    [{ allow: ["evil.com:*"], deny: ["evil.com:25"] }, "evil.com:443", "tunnel", true],
    [{ allow: ["**"], deny: ["6.6.6.0/24"] }, "evil.com:443", "tunnel", false],
    [{ preset: "balanced" }, "github.com:443", "tunnel", true],
    [{ preset: "balanced", deny: ["github.com"] }, "github.com:443", "tunnel", false],
    [{ preset: "balanced" }, "evil.com:443", "tunnel", false],
    [{ preset: "open" }, "evil.com:8443", "tunnel", true],
    [{ mode: "none", allow: ["**"] }, "example.com:443", "tunnel", false],
    [{ mode: "model", allow: ["**"] }, "example.com:443", "tunnel", false],
  ];
  for (const [policy, target, via, allowed] of cases) {
    const found = await verdict(policy, target, via);
    assert.equal(found.allowed, allowed, `${JSON.stringify(policy)} ${target} ${via}: ${found.reason}`);
  }
});

Deno.test("private addresses need a rule that names them, however they are reached", async () => {
  const cases: [string[], string, boolean][] = [
    [["**"], "127.0.0.1:443", false],
    [["**:*"], "10.0.0.7:443", false],
    [["**"], "inside.example.com:443", false],
    [["**"], "mapped.example.com:443", false],
    [["**"], "rebound.example.com:443", false],
    [["**"], "meta.example.com:443", false],
    [["10.0.0.7:5432"], "10.0.0.7:5432", true],
    [["10.0.0.7:5432"], "10.0.0.7:443", false],
    [["10.0.0.0/8:5432"], "10.9.9.9:5432", true],
    [["**", "10.0.0.0/8:443"], "inside.example.com:443", true],
    [["10.0.0.0/8:443"], "inside.example.com:443", false],
    [["[::1]:8080"], "[::1]:8080", true],
    [["169.254.0.0/16"], "169.254.169.254:443", false],
    [["0.0.0.0/0:*"], "169.254.169.254:80", false],
    [["169.254.169.254:80"], "169.254.169.254:80", true],
  ];
  for (const [allow, target, allowed] of cases) {
    const found = await verdict({ allow }, target);
    assert.equal(found.allowed, allowed, `${allow} ${target}: ${found.reason}`);
  }
});

Deno.test("a name that no rule allows is never looked up, an address never at all", async () => {
  assert.deepEqual((await verdict({}, "secret-data.evil.com:443")).looked, []);
  assert.deepEqual((await verdict({ allow: ["**"], deny: ["*.evil.com"] }, "x.evil.com:443")).looked, []);
  assert.deepEqual((await verdict({ allow: ["10.0.0.0/8"] }, "inside.example.com:443")).looked, []);
  assert.deepEqual((await verdict({ allow: ["8.8.8.8"] }, "8.8.8.8:443")).looked, []);
});

Deno.test("a refusal offers the rule that would help, and none where none should", async () => {
  const cases: [Partial<NetworkPolicy>, string, string | undefined][] = [
    [{}, "evil.com:443", "evil.com:443"],
    [{}, "[fd00::1]:80", "[fd00:0:0:0:0:0:0:1]:80"],
    [{ allow: ["**"] }, "inside.example.com:443", "10.0.0.7:443"],
    [{ allow: ["**"] }, "meta.example.com:443", undefined],
    [{ deny: ["evil.com"] }, "evil.com:443", undefined],
    [{ mode: "none" }, "evil.com:443", undefined],
  ];
  for (const [policy, target, cure] of cases) {
    assert.equal((await verdict(policy, target)).cure, cure, target);
  }
});

Deno.test("what is no rule is refused with a reason", () => {
  const wrong = [
    "",
    "https://example.com",
    "example.com/path",
    "exam*ple.com",
    "*.*.com",
    "example.com:http",
    "example.com:99999",
    "example.com:20-10",
    "*.10.0.0.1",
    "10.0.0.0/33",
    "a b",
    ":443",
  ];
  for (const text of wrong) assert.throws(() => parseRule(text), { code: "invalid_input" }, text);
  for (const preset of ["open", "balanced", "locked"] as const) presetRules(preset).forEach(parseRule);
});

Deno.test("the flag, its short names, and files that a person broke", () => {
  const flags: [string, string][] = [
    ["none", "none"],
    ["model", "model"],
    ["allow-list", "balanced"],
    ["balanced", "balanced"],
    ["Locked", "locked"],
    ["open", "open"],
  ];
  for (const [text, name] of flags) assert.equal(policyName(parseNetworkFlag(text)), name);
  assert.throws(() => parseNetworkFlag("host"), { code: "usage" });
  for (const broken of [null, "x", { mode: "wide" }, { preset: "all" }, { allow: "x" }, { deny: [1] }]) {
    assert.throws(() => checkedPolicy(broken, "policy.json"), { code: "corrupt" }, JSON.stringify(broken));
  }
  assert.throws(() => readyPolicy({ mode: "allow-list", allow: ["a b"], deny: [] }));
});

Deno.test("a target can be asked about as a host, with a port, as a URL", () => {
  const policy: NetworkPolicy = { mode: "allow-list", preset: "locked", allow: ["example.com"], deny: [] };
  const cases: [string, boolean][] = [
    ["example.com", true],
    ["https://example.com/x?y", true],
    ["http://example.com/", true],
    ["example.com:80", true],
    ["example.com:8443", false],
    ["other.com", false],
  ];
  for (const [text, allowed] of cases) assert.equal(checkTarget(policy, text).allowed, allowed, text);
  assert.throws(() => checkTarget(policy, "a b"), { code: "usage" });
});
