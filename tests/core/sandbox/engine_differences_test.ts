/** What differs between Engines: how they tell what they made, what they cannot limit, what they have. */
import { deepStrictEqual, match, throws } from "node:assert";
import { podmanEvent, podmanFilters } from "../../../core/docker/podman_events.ts";
import type { ContainerInspect } from "../../../core/docker/types/container.ts";
import type { EngineEvent, EngineInfo } from "../../../core/docker/types/system.ts";
import { type EngineLimits, missingLimits, weaknesses } from "../../../core/sandbox/assert_isolated.ts";
import { podmanFacts } from "../../../core/sandbox/engine_facts.ts";
import { checkPodmanMounts } from "../../../core/sandbox/podman_mounts.ts";
import { hardenProfile, type SeccompProfile } from "../../../core/sandbox/podman_seccomp.ts";
import { installedRuntimes } from "../../../core/sandbox/runtimes.ts";

const strong = {
  CapDrop: ["ALL"],
  SecurityOpt: ["no-new-privileges:true"],
  NetworkMode: "none",
  PidsLimit: 100,
  Memory: 1 << 30,
};
const dropped =
  "AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP SETUID SYS_CHROOT"
    .split(" ");
const told: { what: string; change: object; engine?: EngineLimits; faults: string[] }[] = [
  { what: "all is as it was asked for", change: {}, faults: [] },
  { what: "Podman tells each capability that is dropped", change: { CapDrop: dropped }, faults: [] },
  {
    what: "newer Podman tells them with a prefix",
    change: { CapDrop: dropped.map((name) => `CAP_${name}`) },
    faults: [],
  },
  {
    what: "one of them is kept",
    change: { CapDrop: dropped.filter((name) => name !== "SETUID") },
    faults: ["capabilities are kept"],
  },
  {
    what: "the Engine cannot limit at all",
    change: { Memory: 0, PidsLimit: null },
    engine: { MemoryLimit: false, PidsLimit: false },
    faults: [],
  },
  {
    what: "the Engine could limit and did not",
    change: { Memory: 0 },
    engine: { MemoryLimit: true, PidsLimit: false },
    faults: ["memory is not limited"],
  },
];
for (const { what, change, engine, faults } of told) {
  Deno.test(`the boundary when ${what}`, () => {
    deepStrictEqual(weaknesses({ HostConfig: { ...strong, ...change } } as ContainerInspect, engine), faults);
  });
}

Deno.test("limits that an Engine cannot set are said", () => {
  deepStrictEqual(missingLimits({ MemoryLimit: true, PidsLimit: true }), []);
  deepStrictEqual(missingLimits({}), []);
  match(missingLimits({ MemoryLimit: false, PidsLimit: false })[0], /cannot limit memory and processes/);
  match(missingLimits({ MemoryLimit: true, PidsLimit: false })[0], /cannot limit processes/);
});

const asUser: [string, object, boolean, boolean][] = [
  ["root", { Rootless: false, CgroupVersion: "1" }, false, true],
  ["a user with control groups of version 1", { Rootless: true, CgroupVersion: "1" }, true, false],
  ["a user with control groups of version 2", { Rootless: true, CgroupVersion: "2" }, true, true],
];
for (const [who, told, rootless, limits] of asUser) {
  Deno.test(`Podman that runs as ${who} ${limits ? "limits" : "does not limit"}`, () => {
    const facts = podmanFacts(
      { SecurityOptions: ["x"], MemoryLimit: true, PidsLimit: true, ...told } as EngineInfo,
    );
    deepStrictEqual(facts.SecurityOptions!.includes("name=rootless"), rootless);
    deepStrictEqual([facts.MemoryLimit, facts.PidsLimit], [limits, limits]);
  });
}

Deno.test("runtimes that Podman only knows by name are not there", async () => {
  const Runtimes = {
    here: { path: Deno.execPath() },
    kata: { path: "/nowhere/kata" },
    named: { path: "crun" },
  };
  deepStrictEqual(Object.keys(await installedRuntimes({ Runtimes })), ["here"]);
});

const mounts: [path: string, possible: boolean][] = [["/a b/ü:x", true], ["/a,b", false], ['/"', false], [
  "/a\nb",
  false,
]];
for (const [path, possible] of mounts) {
  Deno.test(`Podman ${possible ? "mounts" : "cannot mount"} ${JSON.stringify(path)}`, () => {
    const check = () => checkPodmanMounts([{ Type: "bind", Source: path, Target: path }]);
    if (possible) check();
    else throws(check, { code: "unsupported" });
  });
}

Deno.test("filters of events as Podman takes them", () => {
  const filters = { label: ["name", "name=value"], event: ["die", "start"], type: ["container"] };
  deepStrictEqual(podmanFilters(filters), {
    label: ["name=value"],
    event: ["died", "start"],
    type: ["container"],
  });
  deepStrictEqual([podmanFilters(undefined), podmanFilters({ label: ["name"] })], [undefined, {}]);
});

Deno.test("events of Podman in Docker's words", () => {
  const event = (Type: string, Action: string, Attributes: Record<string, string>, ID = "1") =>
    ({ Type, Action, Actor: { ID, Attributes } }) as EngineEvent;
  const rows: [EngineEvent, string[], string | undefined][] = [
    [event("container", "remove", { name: "n" }), [], "destroy 1"],
    [event("image", "remove", {}), [], "remove 1"],
    [event("volume", "create", { name: "v" }, ""), [], "create v"],
    [event("container", "die", { own: "" }), ["own"], "die 1"],
    [event("container", "die", {}), ["own"], undefined],
  ];
  for (const [given, label, expected] of rows) {
    const seen = podmanEvent(given, { label });
    deepStrictEqual(seen && `${seen.Action} ${seen.Actor.ID}`, expected);
  }
});

Deno.test("Podman's seccomp profile without namespaces and key rings: the rest stays, capabilities still count", () => {
  const allow = "SCMP_ACT_ALLOW";
  const { syscalls, ...rest } = hardenProfile<SeccompProfile & { defaultAction: string }>({
    defaultAction: "SCMP_ACT_ERRNO",
    syscalls: [
      { names: ["read", "clone", "clone3", "unshare", "mount", "keyctl"], action: allow },
      { names: ["setns"], action: allow, includes: { caps: ["CAP_SYS_ADMIN"] } },
      { names: ["bpf"], action: "SCMP_ACT_ERRNO", excludes: { caps: ["CAP_SYS_ADMIN"] }, errnoRet: 1 },
    ],
  });
  deepStrictEqual(rest, { defaultAction: "SCMP_ACT_ERRNO" });
  const allowed = syscalls.filter(({ action }) => action === allow);
  deepStrictEqual(allowed.map(({ names, args }) => [...names, args?.length ?? 0]), [
    ["read", 0],
    ["clone", 1],
    ["clone", 1],
  ]);
  const refused = syscalls.filter(({ action }) => action !== allow).flatMap(({ names }) => names);
  for (const name of ["bpf", "clone3", "unshare", "mount", "setns", "keyctl"]) {
    deepStrictEqual(refused.includes(name), true, name);
  }
});
