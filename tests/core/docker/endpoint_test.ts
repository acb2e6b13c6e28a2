import { deepStrictEqual as equal, rejects, throws } from "node:assert";
import { createHash } from "node:crypto";
import { formatAddress, parseAddress } from "../../../core/docker/address.ts";
import { listContexts } from "../../../core/docker/context_store.ts";
import { type EndpointOptions, findEndpoints } from "../../../core/docker/endpoint.ts";
import { sshArguments } from "../../../core/docker/transport/ssh.ts";

const addresses: { url: string; address: unknown; written?: string }[] = [
  { url: "unix:///var/run/docker.sock", address: { kind: "unix", path: "/var/run/docker.sock" } },
  {
    url: "tcp://10.0.0.1",
    address: { kind: "tcp", hostname: "10.0.0.1", port: 2375 },
    written: "tcp://10.0.0.1:2375",
  },
  {
    url: "tcp://[::1]:2376/engine/",
    address: { kind: "tcp", hostname: "::1", port: 2376, basePath: "/engine" },
    written: "tcp://[::1]:2376/engine",
  },
  {
    url: "http://host:80",
    address: { kind: "tcp", hostname: "host", port: 80 },
    written: "tcp://host:80",
  },
  {
    url: "https://host",
    address: { kind: "tcp", hostname: "host", port: 2376, tls: { verify: true } },
    written: "tcp://host:2376",
  },
  { url: "ssh://box", address: { kind: "ssh", host: "box" } },
  {
    url: "ssh://me@box:2222/run/user/1000/docker.sock",
    address: { kind: "ssh", host: "box", user: "me", port: 2222, socket: "/run/user/1000/docker.sock" },
  },
  {
    url: "npipe:////./pipe/docker_engine",
    address: { kind: "npipe", path: "\\\\.\\pipe\\docker_engine" },
  },
];

for (const { url, address, written = url } of addresses) {
  Deno.test(`${url} is read and written`, () => {
    equal(parseAddress(url), address);
    equal(formatAddress(parseAddress(url)), written);
  });
}

for (
  const url of [
    "/var/run/docker.sock",
    "unix://",
    "tcp://",
    "tcp://host:99999",
    "ftp://host",
    "ssh://me:secret@box",
    "ssh://-oProxyCommand=evil/",
    "ssh://-x@box",
  ]
) {
  Deno.test(`${url} is refused as an address`, () => {
    throws(() => parseAddress(url), { code: "usage" });
  });
}

Deno.test("ssh runs dial-stdio on the far side", () => {
  const { kind: _, ...address } = parseAddress("ssh://me@box:22/a b/docker.sock") as any;
  equal(
    sshArguments({ kind: "ssh", ...address }).join(" "),
    [
      "-l me -p 22 -o ConnectTimeout=30 -T -- box",
      "docker --host 'unix:///a b/docker.sock' system dial-stdio",
    ].join(" "),
  );
  equal(sshArguments({ kind: "ssh", host: "box" }).slice(-4), ["box", "docker", "system", "dial-stdio"]);
});

/** A home with a context "far" (TLS), "near" (a socket), "lost" (no address) and others' files. */
async function inHome(work: (home: string) => Promise<void>): Promise<void> {
  const home = await Deno.makeTempDir();
  const context = async (name: string, docker: unknown, tls?: Record<string, string>) => {
    const id = createHash("sha256").update(name).digest("hex");
    await Deno.mkdir(`${home}/.docker/contexts/meta/${id}`, { recursive: true });
    const meta = { Name: name, Metadata: {}, Endpoints: { docker } };
    await Deno.writeTextFile(`${home}/.docker/contexts/meta/${id}/meta.json`, JSON.stringify(meta));
    if (!tls) return;
    await Deno.mkdir(`${home}/.docker/contexts/tls/${id}/docker`, { recursive: true });
    for (const [file, text] of Object.entries(tls)) {
      await Deno.writeTextFile(`${home}/.docker/contexts/tls/${id}/docker/${file}.pem`, text);
    }
  };
  try {
    await context("far", { Host: "tcp://far:2376", SkipTLSVerify: false }, {
      ca: "CA",
      cert: "CERT",
      key: "KEY",
    });
    await context("near", { Host: "unix:///near.sock" });
    await context("trusting", { Host: "tcp://far:2376", SkipTLSVerify: true });
    await context("lost", {});
    await Deno.mkdir(`${home}/certs`);
    for (const file of ["ca", "cert", "key"]) await Deno.writeTextFile(`${home}/certs/${file}.pem`, file);
    await work(home);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

interface Case {
  name: string;
  env?: Record<string, string>;
  config?: string;
  options?: EndpointOptions;
  url: string;
  source: string;
  tls?: unknown;
}

const far = { ca: "CA", cert: "CERT", key: "KEY", verify: true };
const given = { ca: "ca", cert: "cert", key: "key" };
const cases: Case[] = [
  {
    name: "a given address before all else",
    options: { host: "tcp://h:1" },
    env: { DOCKER_HOST: "unix:///x", DOCKER_CONTEXT: "near" },
    url: "tcp://h:1",
    source: "the given address",
  },
  {
    name: "a given context before the environment",
    options: { context: "near" },
    env: { DOCKER_HOST: "unix:///x" },
    url: "unix:///near.sock",
    source: 'context "near"',
  },
  {
    name: "DOCKER_HOST before DOCKER_CONTEXT",
    env: { DOCKER_HOST: "unix:///x", DOCKER_CONTEXT: "near" },
    url: "unix:///x",
    source: "DOCKER_HOST",
  },
  {
    name: "DOCKER_CONTEXT before config.json",
    env: { DOCKER_CONTEXT: "near" },
    config: '{"currentContext": "far"}',
    url: "unix:///near.sock",
    source: 'context "near" (DOCKER_CONTEXT)',
  },
  {
    name: "config.json, with the context's TLS files",
    config: '{"currentContext": "far"}',
    url: "tcp://far:2376",
    source: 'context "far" (HOME/.docker/config.json)',
    tls: far,
  },
  {
    name: "a context that does not verify",
    env: { DOCKER_CONTEXT: "trusting" },
    url: "tcp://far:2376",
    source: 'context "trusting" (DOCKER_CONTEXT)',
    tls: { verify: false },
  },
  {
    name: "DOCKER_TLS_VERIFY with DOCKER_CERT_PATH",
    env: { DOCKER_HOST: "tcp://h", DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "HOME/certs" },
    url: "tcp://h:2376",
    source: "DOCKER_HOST",
    tls: { ...given, verify: true },
  },
  {
    name: "DOCKER_TLS without verification",
    env: { DOCKER_HOST: "tcp://h", DOCKER_TLS: "1", DOCKER_CERT_PATH: "HOME/certs" },
    url: "tcp://h:2376",
    source: "DOCKER_HOST",
    tls: { ...given, verify: false },
  },
  {
    name: "TLS variables mean nothing to a socket",
    env: { DOCKER_HOST: "unix:///x", DOCKER_TLS_VERIFY: "1" },
    url: "unix:///x",
    source: "DOCKER_HOST",
  },
  {
    name: "the usual socket when nothing is set",
    url: "unix:///var/run/docker.sock",
    source: "Docker's default socket",
  },
  {
    name: "the usual socket for the context default",
    env: { DOCKER_CONTEXT: "default" },
    config: '{"currentContext": "far"}',
    url: "unix:///var/run/docker.sock",
    source: "Docker's default socket",
  },
  {
    name: "the usual pipe on Windows",
    options: { os: "windows" },
    url: "npipe:////./pipe/docker_engine",
    source: "Docker's default pipe",
  },
];

function environment(home: string, values: Record<string, string> = {}) {
  const env = new Map(
    Object.entries({ HOME: home, ...values }).map(([k, v]) => [k, v.replace("HOME", home)]),
  );
  return { get: (name: string) => env.get(name) };
}

for (const { name, env, config, options, url, source, tls } of cases) {
  Deno.test(`the Engine is found by ${name}`, () =>
    inHome(async (home) => {
      if (config) await Deno.writeTextFile(`${home}/.docker/config.json`, config);
      const [first] = await findEndpoints({
        env: environment(home, env),
        os: "linux",
        uid: 1000,
        ...options,
      });
      equal([first.url, first.source.replace(home, "HOME")], [url, source]);
      equal(first.address.kind === "tcp" ? first.address.tls : undefined, tls);
    }));
}

Deno.test("without settings every relative's socket is looked at, the usual ones first", async () => {
  const env = environment("/home/me", { XDG_RUNTIME_DIR: "/run/user/1000" });
  const found = await findEndpoints({ env, os: "linux", uid: 1000 });
  equal(found.map(({ url, source }) => `${url.replace("unix://", "")} ${source}`), [
    "/var/run/docker.sock Docker's default socket",
    "/home/me/.docker/run/docker.sock Docker Desktop",
    "/home/me/.docker/desktop/docker.sock Docker Desktop",
    "/home/me/.colima/default/docker.sock Colima",
    "/home/me/.config/colima/default/docker.sock Colima",
    "/home/me/.orbstack/run/docker.sock OrbStack",
    "/home/me/.rd/docker.sock Rancher Desktop",
    "/home/me/.lima/docker/sock/docker.sock Lima",
    "/run/user/1000/docker.sock rootless Docker",
    "/run/user/1000/podman/podman.sock Podman",
    "/home/me/.local/share/containers/podman/machine/podman.sock Podman",
    "/run/podman/podman.sock Podman",
  ]);
});

const faults: { name: string; env: Record<string, string>; config?: string; error: unknown }[] = [
  {
    name: "an unknown context",
    env: { DOCKER_CONTEXT: "nope" },
    error: { code: "not_found", hint: /default, far, lost, near, trusting/ },
  },
  {
    name: "a context without an address",
    env: { DOCKER_CONTEXT: "lost" },
    error: { code: "invalid_input", message: /lost/ },
  },
  {
    name: "a damaged config.json",
    env: {},
    config: "{",
    error: { code: "invalid_input", message: /config\.json/ },
  },
  {
    name: "a folder without certificates",
    env: { DOCKER_HOST: "tcp://h", DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/nonexistent" },
    error: { code: "invalid_input", message: /\/nonexistent/ },
  },
];

for (const { name, env, config, error } of faults) {
  Deno.test(`${name} is an error with a way out`, () =>
    inHome(async (home) => {
      if (config) await Deno.writeTextFile(`${home}/.docker/config.json`, config);
      await rejects(() => findEndpoints({ env: environment(home, env) }), error as any);
    }));
}

Deno.test("contexts are listed by name", () =>
  inHome(async (home) => {
    equal(await listContexts(environment(home)), ["far", "lost", "near", "trusting"]);
    equal(await listContexts(environment("/nonexistent")), []);
  }));
