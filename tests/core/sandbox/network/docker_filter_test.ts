/** What the Docker filter refuses and rewrites, without an Engine: routes, create bodies, builds, queries. */
import assert from "node:assert/strict";
import { ownedLabels, parseBody } from "../../../../core/sandbox/network/docker_filter/body_check.ts";
import {
  checkCreate,
  confineToUser,
  type CreateRules,
} from "../../../../core/sandbox/network/docker_filter/create_check.ts";
import { bindMounts } from "../../../../core/sandbox/network/docker_filter/mounts_check.ts";
import { checkedSource } from "../../../../core/sandbox/network/docker_filter/paths.ts";
import {
  checkBuild,
  fullTag,
  ownedFilters,
  readQuery,
  registryOf,
} from "../../../../core/sandbox/network/docker_filter/query_check.ts";
import { findRoute } from "../../../../core/sandbox/network/docker_filter/routes.ts";

Deno.test("routes are known or refused, whatever the path looks like", () => {
  const cases: [string, string, string | undefined][] = [
    ["GET", "/_ping", "free"],
    ["GET", "/v1.41/version", "free"],
    ["GET", "/v1.41/containers/json", "list"],
    ["POST", "/v1.41/containers/create", "create"],
    ["POST", "/containers/abc/start", "container"],
    ["POST", "/containers/abc/attach", "hijack"],
    ["POST", "/exec/abc/start", "exec-hijack"],
    ["GET", "/images/docker.io/library/debian:12/json", "image-read"],
    ["POST", "/build", "build"],
    ["GET", "/containers/abc/attach/ws", undefined],
    ["POST", "/containers/abc/update", undefined],
    ["POST", "/session", undefined],
    ["POST", "/grpc", undefined],
    ["POST", "/auth", undefined],
    ["POST", "/swarm/init", undefined],
    ["GET", "/secrets", undefined],
    ["GET", "/plugins", undefined],
    ["POST", "/plugins/pull", undefined],
    ["POST", "/images/load", undefined],
    ["POST", "/images/debian/push", undefined],
    ["GET", "/system/df", undefined],
    ["GET", "/distribution/debian/json", undefined],
    ["POST", "/build/prune", undefined],
    ["GET", "/containers/../images/json", undefined],
    ["GET", "//containers/json", undefined],
    ["GET", "/containers/a%2f..%2fb/json", undefined],
    ["GET", "/containers/abc/json/", undefined],
    ["GET", "/v1.41/v1.41/containers/json", undefined],
    ["get", "/containers/json", undefined],
    ["GET", "/containers/abc/./json", undefined],
    ["GET", "/Containers/json", undefined],
  ];
  for (const [method, path, kind] of cases) {
    assert.equal(findRoute(method, path)?.kind, kind, `${method} ${path}`);
  }
});

const rules: CreateRules = {
  owner: { "skiff.sandbox.owner": "me" },
  container: { id: "self", memory: 1 << 30, pids: 100, runtime: "runc" },
  open: false,
  user: "1000:1000",
  proxyEnvironment: ["HTTP_PROXY=http://127.0.0.1:3128"],
};
const create = (body: unknown, more: Partial<CreateRules> = {}) =>
  checkCreate(parseBody(new TextEncoder().encode(JSON.stringify(body))), { ...rules, ...more });

Deno.test("options with which a container could leave its sandbox are refused", () => {
  const host: [string, unknown][] = [
    ["Privileged", true],
    ["privileged", true],
    ["PRIVILEGED", true],
    ["CapAdd", ["SYS_ADMIN"]],
    ["capadd", ["ALL"]],
    ["Devices", [{ PathOnHost: "/dev/sda" }]],
    ["DeviceCgroupRules", ["a *:* rwm"]],
    ["DeviceRequests", [{ Driver: "nvidia" }]],
    ["SecurityOpt", ["seccomp=unconfined"]],
    ["SecurityOpt", ["apparmor=unconfined"]],
    ["SecurityOpt", ["label=disable"]],
    ["SecurityOpt", ["no-new-privileges:false"]],
    ["SecurityOpt", ["systempaths=unconfined"]],
    ["MaskedPaths", []],
    ["ReadonlyPaths", []],
    ["PidMode", "host"],
    ["IpcMode", "host"],
    ["UTSMode", "host"],
    ["UsernsMode", "host"],
    ["CgroupnsMode", "host"],
    ["NetworkMode", "host"],
    ["NetworkMode", "mynet"],
    ["Sysctls", { "kernel.core_pattern": "|/x" }],
    ["CgroupParent", "/"],
    ["GroupAdd", ["0"]],
    ["Runtime", "runc"],
    ["Runtime", "other"],
    ["VolumeDriver", "evil"],
    ["Links", ["other:x"]],
    ["OomKillDisable", true],
    ["OomScoreAdj", -1000],
    ["StorageOpt", { size: "1T" }],
    ["PublishAllPorts", true],
    ["PortBindings", { "80/tcp": [{ HostPort: "80" }] }],
    ["RestartPolicy", { Name: "always" }],
    ["LogConfig", { Type: "syslog", Config: { "syslog-address": "tcp://evil.com" } }],
    ["LogConfig", { Type: "json-file", Config: { labels: "x", env: "y" } }],
    ["Annotations", { a: "b" }],
    ["Cgroup", "container:x"],
    ["ContainerIDFile", "/etc/x"],
    ["Binds", ["/etc:/etc:shared"]],
    ["Binds", ["a:b:c:d"]],
    ["Mounts", [{
      Type: "volume",
      Source: "v",
      Target: "/v",
      VolumeOptions: { DriverConfig: { Name: "local", Options: { o: "bind", device: "/" } } },
    }]],
    ["Mounts", [{
      Type: "volume",
      Source: "v",
      Target: "/v",
      VolumeOptions: { DriverConfig: { name: "local", options: { device: "/" } } },
    }]],
    ["Mounts", [{ Type: "volume", Source: "../x", Target: "/v" }]],
    ["Mounts", [{ Type: "bind", Source: "/w", Target: "/w", BindOptions: { Propagation: "rshared" } }]],
    ["Mounts", [{ Type: "bind", Source: "/w", Target: "/w", BindOptions: { CreateMountpoint: true } }]],
    ["Mounts", [{ type: "bind", source: "/", target: "/w" }]],
    ["Mounts", [{ Type: "npipe", Source: "x", Target: "y" }]],
    ["Mounts", [{ Type: "image", Source: "x", Target: "/y" }]],
    ["Mounts", [{ Type: "cluster", Source: "x", Target: "/y" }]],
    ["Mounts", [{ Type: "tmpfs", Target: "/y", TmpfsOptions: { Options: [["exec"]] } }]],
    ["NewUnknownThing", 1],
  ];
  for (const [key, value] of host) {
    assert.throws(
      () => create({ Image: "x", HostConfig: { [key]: value } }),
      { name: "Error" },
      `${key} ${JSON.stringify(value)}`,
    );
  }
  for (
    const body of [{ image: "x" }, { hostconfig: {}, HostConfig: {}, hostConfig: { Privileged: true } }, {
      MacAddress: "1",
    }]
  ) {
    assert.throws(() => create(body), JSON.stringify(body));
  }
});

Deno.test("what says nothing passes: the Docker CLI sends every field", () => {
  const { body } = create({
    Hostname: "",
    User: "",
    Image: "x",
    Cmd: ["true"],
    Labels: { a: "b", "skiff.sandbox": "1", "Skiff.x": "y" },
    ExposedPorts: { "80/tcp": {} },
    Env: ["http_proxy=mine", "HTTP_PROXY=own"],
    HostConfig: {
      Privileged: false,
      CapAdd: null,
      Devices: [],
      MaskedPaths: null,
      PidMode: "",
      Sysctls: {},
      NetworkMode: "default",
      MemorySwappiness: -1,
      ConsoleSize: [0, 0],
      RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
      LogConfig: { Type: "", Config: {} },
      SecurityOpt: ["no-new-privileges"],
    },
    NetworkingConfig: { EndpointsConfig: {} },
  });
  const host = body.HostConfig as Record<string, unknown>;
  assert.deepEqual(body.Labels, { a: "b", "skiff.sandbox.owner": "me" });
  assert.deepEqual(body.Env, ["http_proxy=mine", "HTTP_PROXY=own"]);
  assert.equal(host.NetworkMode, "container:self");
  assert.equal(body.ExposedPorts, undefined);
  assert.deepEqual([host.Memory, host.PidsLimit, host.Runtime], [1 << 30, 100, "runc"]);
  assert.deepEqual(host.SecurityOpt, ["no-new-privileges:true"]);
  for (const cap of ["MKNOD", "NET_RAW", "SETFCAP"]) assert.ok((host.CapDrop as string[]).includes(cap));
  assert.deepEqual(host.Privileged, undefined);
});

Deno.test("nothing asks for more than the sandbox has", () => {
  const cases: [object, number, number][] = [
    [{}, 1 << 30, 100],
    [{ Memory: 1 << 20, PidsLimit: 5 }, 1 << 20, 5],
    [{ Memory: 2 ** 40, PidsLimit: -1 }, 1 << 30, 100],
  ];
  for (const [host, memory, pids] of cases) {
    const made = create({ Image: "x", HostConfig: host }).body.HostConfig as Record<string, unknown>;
    assert.deepEqual([made.Memory, made.PidsLimit, made.MemorySwap], [memory, pids, memory]);
  }
});

Deno.test("other containers, networks and volumes are named for the ownership check", () => {
  const one = create({
    HostConfig: {
      PidMode: "container:a",
      IpcMode: "container:b",
      NetworkMode: "container:c",
      VolumesFrom: ["d:ro"],
      Binds: ["vol:/v"],
    },
  });
  assert.deepEqual(one.containers.sort(), ["a", "b", "c", "d"]);
  assert.deepEqual(one.mounts.volumes, ["vol"]);
  assert.deepEqual(create({ HostConfig: { NetworkMode: "container:self" } }).containers, []);
  const open = create({
    HostConfig: { NetworkMode: "mine", PortBindings: { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "80" }] } },
    NetworkingConfig: { EndpointsConfig: { other: { Aliases: ["x"] } } },
  }, { open: true });
  assert.deepEqual(open.networks, ["mine", "other"]);
  assert.deepEqual((open.body.HostConfig as Record<string, unknown>).PortBindings, {
    "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "80" }],
  });
  assert.throws(() => create({ NetworkingConfig: { EndpointsConfig: { foreign: {} } } }));
});

Deno.test("who sees the workspace runs as the sandbox's user and without capabilities", () => {
  const { body } = create({ Image: "x" });
  confineToUser(body, "1000:1000");
  assert.equal(body.User, "1000:1000");
  assert.deepEqual((body.HostConfig as Record<string, unknown>).CapDrop, ["ALL"]);
  confineToUser(create({ User: "1000" }).body, "1000:1000");
  for (const User of ["root", "0", "0:0", "1001"]) {
    assert.throws(() => confineToUser(create({ User }).body, "1000:1000"), User);
  }
});

Deno.test("binds are of the whole workspace, through no link, and keep what is protected", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  const workspace = `${folder}/work`;
  await Deno.mkdir(`${workspace}/src`, { recursive: true });
  await Deno.mkdir(`${folder}/work-other`);
  await Deno.symlink("/etc", `${workspace}/link`);
  await Deno.symlink(`${workspace}/src`, `${workspace}/inner`);
  await Deno.mkdir(`${workspace}/.git/hooks`, { recursive: true });
  const fixed = [`${workspace}/.git/hooks`];
  assert.equal(await checkedSource(workspace, workspace, fixed), workspace);
  assert.equal(await checkedSource(`${workspace}/`, workspace, fixed), workspace);
  assert.equal(await checkedSource(`${workspace}/.git/hooks`, workspace, fixed), `${workspace}/.git/hooks`);
  const refused = [
    "/",
    "/etc",
    folder,
    `${folder}/work-other`,
    `${workspace}/../work-other`,
    `${workspace}/src`, // a part could be swapped for a link before it is mounted
    `${workspace}/link`,
    `${workspace}/link/passwd`,
    `${workspace}/inner`,
    `${workspace}/none`,
    `${workspace}/.`,
    "/proc/1/root",
    "/var/run/docker.sock",
  ];
  for (const source of refused) await assert.rejects(() => checkedSource(source, workspace, fixed), source);
  await assert.rejects(() => checkedSource(workspace, undefined, []));
  await Deno.rename(workspace, `${folder}/moved`);
  await Deno.symlink("/etc", workspace);
  await assert.rejects(() => checkedSource(workspace, workspace, fixed));
  await Deno.remove(folder, { recursive: true });

  const place = {
    path: "/w",
    protected: [{ path: "/w/.git", readOnly: false }, { path: "/w/.git/hooks", readOnly: true }],
  };
  const shown = (source: string, target: string) =>
    bindMounts([{ source, target, readOnly: false }], place).map((one) =>
      `${one.Source} ${one.Target} ${one.ReadOnly}`
    );
  assert.deepEqual(shown("/w", "/app"), [
    "/w /app false",
    "/w/.git /app/.git false",
    "/w/.git/hooks /app/.git/hooks true",
  ]);
  assert.deepEqual(shown("/w/.git", "/g/"), ["/w/.git /g/ false", "/w/.git/hooks /g/hooks true"]);
  assert.deepEqual(shown("/w/.git/hooks", "/h"), ["/w/.git/hooks /h true"]);
  assert.deepEqual(shown("/w/.git/hooks/x", "/h"), ["/w/.git/hooks/x /h true"]);
  assert.deepEqual(shown("/w/src", "/s"), ["/w/src /s false"]);
});

Deno.test("builds stay on the sandbox's network, are labelled, and use no BuildKit", () => {
  const build = (text: string, open = false) => {
    const query = readQuery(text, ["t"]);
    checkBuild(query, {
      owner: rules.owner,
      open,
      container: "self",
      memory: 0,
      proxyEnvironment: rules.proxyEnvironment,
    });
    return Object.fromEntries(query);
  };
  assert.deepEqual(build("t=a&labels=%7B%22skiff.sandbox%22%3A%221%22%7D&remote=&squash=0"), {
    t: "a",
    networkmode: "container:self",
    buildargs: '{"HTTP_PROXY":"http://127.0.0.1:3128"}',
    labels: '{"skiff.sandbox.owner":"me"}',
  });
  assert.equal(build("networkmode=none").networkmode, "none");
  assert.equal(build("networkmode=default", true).networkmode, "default");
  const refused = [
    "networkmode=host",
    "networkmode=container:x",
    "remote=http://evil.com/x.tar",
    "version=2",
    "session=abc",
    "cgroupparent=/",
    "extrahosts=a:1",
    "securityopt=[%22seccomp=unconfined%22]",
    "isolation=hyperv",
    "outputs=[{}]",
    "squash=1",
    "newthing=1",
    "networkmode=none&networkmode=host",
    "a=1;networkmode=host",
  ];
  for (const text of refused) assert.throws(() => build(text), text);
});

Deno.test("lists show only what is owned, whatever filters come along", () => {
  const cases: [string, object][] = [
    ["", { label: ["o=me"] }],
    [`filters=${encodeURIComponent('{"label":["x"],"status":["running"]}')}`, {
      label: ["x", "o=me"],
      status: ["running"],
    }],
    [`filters=${encodeURIComponent('{"label":{"x":true}}')}`, { label: ["x", "o=me"] }],
  ];
  for (const [text, filters] of cases) {
    const query = readQuery(text);
    ownedFilters(query, "o=me");
    assert.deepEqual(JSON.parse(query.get("filters")!), filters);
  }
  assert.throws(() => ownedFilters(readQuery("filters=x"), "o=me"));
  assert.throws(() => readQuery("filters=a&filters=b"));
  assert.deepEqual(ownedLabels({ "skiff.sandbox.owner": "other", a: 1 }, { o: "me" }), { a: "1", o: "me" });
});

Deno.test("images: what a tag would replace, and which registry a pull goes to", () => {
  assert.equal(fullTag("debian", ""), "debian:latest");
  assert.equal(fullTag("host:5000/a/b", "1"), "host:5000/a/b:1");
  assert.equal(fullTag("a:2", ""), "a:2");
  assert.throws(() => fullTag("../x", ""));
  const cases: [string, string][] = [
    ["debian", "registry-1.docker.io:443"],
    ["user/image", "registry-1.docker.io:443"],
    ["docker.io/library/x", "registry-1.docker.io:443"],
    ["ghcr.io/a/b", "ghcr.io:443"],
    ["10.0.0.1:5000/x", "10.0.0.1:5000"],
    ["localhost/x", "localhost:443"],
  ];
  for (const [image, expected] of cases) {
    const { host, port } = registryOf(image);
    assert.equal(`${host}:${port}`, expected);
  }
});
