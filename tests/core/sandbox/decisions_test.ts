/** What is decided before a sandbox is made: labels, drift, user, runtime, create body, files. */
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import type { ContainerInspect, ContainerSummary } from "../../../core/docker/types/container.ts";
import { accountFiles, accountFor } from "../../../core/sandbox/account.ts";
import { weaknesses } from "../../../core/sandbox/assert_isolated.ts";
import { createConfig, defaultMemory, type SandboxPlan } from "../../../core/sandbox/create_config.ts";
import { differences } from "../../../core/sandbox/drift.ts";
import { chooseSandbox, resolveSandbox } from "../../../core/sandbox/find.ts";
import { gitEnvironment, parseGitConfig } from "../../../core/sandbox/git.ts";
import { readLabels, type SandboxLabels, writeLabels } from "../../../core/sandbox/labels.ts";
import { ownerLabel } from "../../../core/sandbox/network/access.ts";
import { protectedMounts } from "../../../core/sandbox/protection.ts";
import { provisionItems } from "../../../core/sandbox/provision.ts";
import { boundaryOf, chooseRuntime } from "../../../core/sandbox/runtimes.ts";
import { type Sandbox, toSandbox } from "../../../core/sandbox/sandbox.ts";
import { ownerInside } from "../../../core/sandbox/sandbox_plan.ts";
import { defaultSettings, policyOf } from "../../../core/sandbox/settings.ts";

const labels: SandboxLabels = {
  workspace: "/w/my project",
  agent: "claude",
  name: "claude-my-project",
  template: "t:1",
  settings: { ...defaultSettings, env: { A: "1 2=3" }, model: "smollm2" },
  created: "2026-01-01T00:00:00.000Z",
  key: "abc",
  uid: 1000,
  gid: 100,
  home: "/home/with space",
  access: { model: { name: "smollm2", baseUrl: "http://127.0.0.1:12434", contextTokens: 4096 } },
  git: "folder",
  version: "0.1.0",
};

Deno.test("labels are read back as they were written; others are no sandbox", () => {
  deepStrictEqual(readLabels(writeLabels(labels)), labels);
  strictEqual(readLabels(undefined), undefined);
  strictEqual(readLabels({ "skiff.sandbox": "1" }), undefined);
  strictEqual(readLabels({ ...writeLabels(labels), "skiff.sandbox.settings": "{" }), undefined);
});

Deno.test("what a sandbox made through its Docker socket is no sandbox, whatever its labels say", () => {
  const container = { Id: "a", State: "running", Status: "Up", ImageID: "i" } as ContainerSummary;
  strictEqual(toSandbox({ ...container, Labels: writeLabels(labels) })?.name, labels.name);
  strictEqual(
    toSandbox({ ...container, Labels: { ...writeLabels(labels), [ownerLabel]: "abc" } }),
    undefined,
  );
});

const created = {
  ...defaultSettings,
  env: { A: "1", B: "2" },
  volumes: [{ type: "bind" as const, source: "/d", target: "/data", readOnly: true }],
};
const drifts: [string, Parameters<typeof differences>[1], string[]][] = [
  ["nothing given", {}, []],
  ["the same given", { env: { A: "1" }, volumes: created.volumes, network: "allow-list" }, []],
  ["another value", { env: { A: "9" } }, ["--env A: 1 -> 9"]],
  ["a new variable", { env: { C: "3" } }, ["--env C: (not set) -> 3"]],
  ["another mount", { volumes: [{ ...created.volumes[0], readOnly: false }] }, [
    "--volume /data: /d:/data:ro -> /d:/data",
  ]],
  ["the socket", { dockerSocket: "raw" }, ["--mount-docker-socket: none -> raw"]],
  ["credentials", { credentials: "none" }, ["--credentials: sandbox -> none"]],
  ["a model", { model: "smollm2", clone: true }, ["--clone: false -> true", "--model: (not set) -> smollm2"]],
  ["a rule", { allow: ["x.org"] }, ["--allow-host: (not set) -> x.org"]],
];
for (const [what, given, expected] of drifts) {
  Deno.test(`drift: ${what}`, () => {
    const found = differences(created, given).map((one) => `${one.flag}: ${one.old} -> ${one.new}`);
    deepStrictEqual(found, expected);
  });
}

const sandbox = (name: string, id: string, state: Sandbox["state"] = "running"): Sandbox => ({
  ...labels,
  name,
  id: id.repeat(64 / id.length),
  state,
  status: "Up",
  imageId: "sha256:1",
});

Deno.test("a run means the named one, the only one, the default one, the newest one; half made ones last", () => {
  const all = [sandbox("second", "ab"), sandbox("claude-x", "cd"), sandbox("half", "ef", "created")];
  strictEqual(chooseSandbox(all, { name: "second", defaultName: "claude-x" })?.name, "second");
  strictEqual(chooseSandbox(all, { name: "none", defaultName: "claude-x" }), undefined);
  strictEqual(chooseSandbox(all, { defaultName: "claude-x" })?.name, "claude-x");
  strictEqual(chooseSandbox(all, { defaultName: "other" })?.name, "second");
  strictEqual(chooseSandbox([all[2]], { defaultName: "other" })?.name, "half");
  strictEqual(chooseSandbox([], { defaultName: "x" }), undefined);
});

Deno.test("people name sandboxes by name, id, or the start of an id", () => {
  const all = [sandbox("abc", "ab"), sandbox("two", "acbd"), sandbox("three", "acbf")];
  for (
    const [word, name] of [["two", "two"], [all[0].id, "abc"], ["abab", "abc"], ["abc", "abc"], [
      "acbdac",
      "two",
    ]]
  ) {
    strictEqual(resolveSandbox(all, word).name, name);
  }
  throws(() => resolveSandbox(all, "acb"), { code: "usage" });
  throws(() => resolveSandbox(all, "nope"), { code: "not_found" });
});

const image = {
  passwd:
    "root:x:0:0::/root:/bin/sh\nagent:x:1000:1000::/home/agent:/bin/bash\nx:x:7:7::/nonexistent:/bin/false",
  group: "root:x:0:\nagent:x:1000:\n",
  persistent: "",
};
const accounts: [string, { uid: number; gid: number }, string, RegExp | undefined, RegExp | undefined][] = [
  ["the template's user", { uid: 1000, gid: 1000 }, "/home/agent", undefined, undefined],
  ["root", { uid: 0, gid: 0 }, "/root", undefined, undefined],
  [
    "a stranger",
    { uid: 501, gid: 20 },
    "/home/agent",
    /\nsandbox:x:501:20:[^:]*:\/home\/agent:\/bin\/sh\n$/,
    /\nsandbox:x:20:\n$/,
  ],
  ["a service's user", { uid: 7, gid: 1000 }, "/home/agent", undefined, undefined],
];
for (const [who, owner, home, passwd, group] of accounts) {
  Deno.test(`account of ${who}`, () => {
    const account = accountFor(owner, image);
    strictEqual(account.home, home);
    const files = accountFiles(account, image);
    strictEqual(files.passwd === undefined, passwd === undefined);
    strictEqual(files.group === undefined, group === undefined);
    if (passwd) ok(passwd.test(files.passwd!), files.passwd);
    if (group) ok(group.test(files.group!), files.group);
  });
}

Deno.test("in a rootless Engine the user's files are root's inside", () => {
  const rootless = { SecurityOptions: ["name=seccomp,profile=default", "name=rootless"] };
  deepStrictEqual(ownerInside({ uid: 1000, gid: 1000 }, rootless, 1000), { uid: 0, gid: 0 });
  deepStrictEqual(ownerInside({ uid: 1001, gid: 1 }, rootless, 1000), { uid: 1001, gid: 1 });
  deepStrictEqual(ownerInside({ uid: 1000, gid: 1 }, { SecurityOptions: null }, 1000), { uid: 1000, gid: 1 });
});

const runc = { runc: {} };
const gvisor = { ...runc, runsc: { path: "/usr/bin/runsc" } };
const open = { ...runc, runsc: { path: "/usr/bin/runsc", runtimeArgs: ["--host-uds=open"] } };
const kata = { ...open, "kata-qemu": {} };
const runtimes: [string, string, Record<string, object>, boolean, string | undefined][] = [
  ["nothing stronger", "auto", runc, true, undefined],
  ["gVisor without sockets needed", "auto", gvisor, false, "runsc"],
  ["gVisor that cannot reach sockets", "auto", gvisor, true, undefined],
  ["gVisor that can", "auto", open, true, "runsc"],
  ["Kata before gVisor", "auto", kata, false, "kata-qemu"],
  [
    "gVisor that can beside one that cannot",
    "auto",
    { ...gvisor, "runsc-open": open.runsc },
    true,
    "runsc-open",
  ],
  ["gVisor that can where Kata cannot", "auto", { ...kata, ...open }, true, "runsc"],
  ["asked for", "runc", kata, true, "runc"],
];
for (const [what, wanted, Runtimes, sockets, expected] of runtimes) {
  Deno.test(`--runtime: ${what}`, () =>
    strictEqual(chooseRuntime(wanted, { Runtimes }, sockets).runtime, expected));
}
Deno.test("--runtime: one that is not there, and one that could not reach its way out, are refused", () => {
  throws(() => chooseRuntime("runsc", { Runtimes: runc }, false), { code: "unsupported" });
  throws(() => chooseRuntime("runsc", { Runtimes: gvisor }, true), /cannot reach the sockets/);
  deepStrictEqual(["runc", "runsc", "kata-fc"].map(boundaryOf), [
    "shared kernel",
    "user-space kernel",
    "virtual machine",
  ]);
});

const plan: SandboxPlan = {
  labels,
  image: "sha256:1",
  env: [{ A: "1", HOME: "/h" }, { A: "2" }],
  workspaceMount: { source: "/w", target: "/w", readOnly: false },
  protected: [{ path: "/w/.git", readOnly: false }, { path: "/w/.git/hooks", readOnly: true }],
  mounts: [{ Type: "volume", Source: "v", Target: "/v" }],
  networkMode: "none",
  groups: [],
  command: ["/run/skiff-forwarder"],
  extraLabels: { extra: "1" },
  hostUsers: false,
  memory: 1024,
  cpus: 1.5,
  pids: 100,
};

Deno.test("the create body has no weakness, and mounts in order", () => {
  const body = createConfig(plan);
  deepStrictEqual(weaknesses({ HostConfig: body.HostConfig } as ContainerInspect), []);
  deepStrictEqual(body.HostConfig!.Mounts!.map(({ Target, ReadOnly }) => [Target, ReadOnly === true]), [
    ["/w", false],
    ["/w/.git", false],
    ["/w/.git/hooks", true],
    ["/v", false],
  ]);
  deepStrictEqual(body.Env, ["A=2", "HOME=/h"]);
  strictEqual(body.User, "1000:100");
  strictEqual(body.HostConfig!.NanoCpus, 1_500_000_000);
  strictEqual(body.HostConfig!.MemorySwap, body.HostConfig!.Memory);
  strictEqual(defaultMemory(0), 8 * 2 ** 30);
  strictEqual(defaultMemory(4 * 2 ** 30), 2 * 2 ** 30);
});

const weaker: [string, object][] = [
  ["privileged", { Privileged: true }],
  ["capabilities kept", { CapDrop: ["NET_RAW"] }],
  ["capabilities added", { CapAdd: ["SYS_ADMIN"] }],
  ["new privileges", { SecurityOpt: [] }],
  ["no seccomp", { SecurityOpt: ["no-new-privileges:true", "seccomp=unconfined"] }],
  ["host pids", { PidMode: "host" }],
  ["host network", { NetworkMode: "host" }],
  ["another's network", { NetworkMode: "container:x" }],
  ["devices", { Devices: [{ PathOnHost: "/dev/kvm", PathInContainer: "/dev/kvm" }] }],
  ["no limit of processes", { PidsLimit: 0 }],
  ["no limit of memory", { Memory: 0 }],
];
for (const [what, change] of weaker) {
  Deno.test(`a sandbox with ${what} is not started`, () => {
    const HostConfig = { ...createConfig(plan).HostConfig, ...change };
    strictEqual(weaknesses({ HostConfig } as ContainerInspect).length, 1);
  });
}

Deno.test("protected paths: what is above them is mounted onto itself, parents first, nothing twice", () => {
  const mounts = protectedMounts("/w", [
    "/w/.git/hooks",
    "/w/.git/config",
    "/w/a/b/c",
    "/w/.vscode",
    "/w/.vscode/x",
  ]);
  deepStrictEqual(mounts.map(({ path, readOnly }) => `${path} ${readOnly ? "ro" : "rw"}`), [
    "/w/.git rw",
    "/w/.vscode ro",
    "/w/a rw",
    "/w/.git/config ro",
    "/w/.git/hooks ro",
    "/w/a/b rw",
    "/w/a/b/c ro",
  ]);
});

Deno.test("Git's configuration: identity, and what of it lies in the workspace", () => {
  const entries = [
    ["file:/home/ada/.gitconfig", "user.name\nAda"],
    ["file:/home/ada/.gitconfig", "user.email\na@b"],
    ["file:.git/config", "core.hookspath\n.husky/_"],
    ["file:.git/config", "user.name\nAda Lovelace"],
    ["file:.git/../.gitconfig", "alias.x\n!echo\nhi"],
    ["command line:", "core.bare"],
    ["file:.git/config", "core.hookspath\n/etc/hooks"],
  ];
  const text = entries.map((pair) => `${pair.join("\0")}\0`).join("");
  const facts = parseGitConfig(text, "/w");
  deepStrictEqual(facts, {
    name: "Ada Lovelace",
    email: "a@b",
    sensitive: ["/w/.git/config", "/w/.husky/_", "/w/.gitconfig"],
  });
  strictEqual(gitEnvironment(facts).GIT_CONFIG_COUNT, "3");
  deepStrictEqual(gitEnvironment({ sensitive: [] }), {
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "safe.directory",
    GIT_CONFIG_VALUE_0: "*",
  });
});

Deno.test("files of a new sandbox: a home of the agent's, links for /root, nothing in what the host mounts", () => {
  const account = { uid: 501, gid: 20, home: "/home/agent" };
  const items = provisionItems({
    account,
    facts: image,
    credentialsFolder: ".claude",
    targets: ["/root/.cache/pip", "/home/agent/.config", "/data"],
    hostPaths: ["/w", "/root/.cache/pip", "/home/agent/.config", "/data"],
    links: [{ path: "/var/run/docker.sock", target: "/run/skiff/docker.sock" }],
  });
  const names = items.map(({ name }) => name);
  ok(!names.includes("home/agent/.config"));
  for (
    const name of [
      "etc/passwd",
      "etc/group",
      "etc/sandbox-persistent.sh",
      "home/agent",
      "home/agent/.claude",
      "root",
    ]
  ) {
    ok(names.includes(name), name);
  }
  strictEqual(items.find(({ name }) => name === "home/agent/.cache/pip")?.linkName, "/root/.cache/pip");
  ok(
    items.filter(({ name }) => name.startsWith("home/agent") && name !== "home/agent/.cache/pip").every((
      { uid },
    ) => uid === 501),
  );
});

Deno.test("the agent's own hosts are allowed unless all is locked", () => {
  deepStrictEqual(policyOf({ ...defaultSettings, allow: ["x.org"] }, ["api.example.com"]), {
    mode: "allow-list",
    preset: "balanced",
    allow: ["x.org", "api.example.com"],
    deny: [],
  });
  deepStrictEqual(policyOf({ ...defaultSettings, preset: "locked" }, ["api.example.com"]).allow, []);
  deepStrictEqual(policyOf({ ...defaultSettings, network: "none" }, ["api.example.com"]).allow, []);
});
