import { deepStrictEqual as equal, rejects } from "node:assert";
import { openDocker } from "../../../core/docker/docker.ts";
import { createExec, startExec } from "../../../core/docker/execs.ts";
import { demultiplex } from "../../../core/docker/stdcopy.ts";
import { debianPackages } from "../../support/apt.ts";
import { type Certificates, certificates } from "../../support/certificates.ts";
import { commandOutput } from "../../support/command.ts";
import { busyboxImage, type OwnDocker, ownDocker, testDocker } from "../../support/docker.ts";
import { testContainer } from "../../support/engine_test.ts";
import { freePort } from "../../support/executable.ts";
import { realTest } from "../../support/parts.ts";

function environment(values: Record<string, string>) {
  return { get: (name: string) => ({ HOME: "/nonexistent", ...values })[name] };
}

/** Requests, a hijacked stream with half-close, and 5 MB through it, over whatever leads to the Engine. */
async function works(env: { get(name: string): string | undefined }): Promise<void> {
  using docker = await openDocker({ env });
  const image = await busyboxImage(docker);
  const engine = { docker, image, env, host: "", unique: () => "" };
  await using container = await testContainer(engine);
  const exec = await createExec(docker, container.id, {
    Cmd: ["cat"],
    AttachStdin: true,
    AttachStdout: true,
  });
  const stream = await startExec(docker, exec);
  const bytes = new Uint8Array(5 << 20).fill(7);
  const sending = new Blob([bytes]).stream().pipeTo(stream.writable);
  let count = 0;
  for await (const { data } of demultiplex(stream.readable)) count += data.length;
  await sending;
  equal(count, bytes.length);
}

interface Secured extends Certificates {
  engine: OwnDocker;
  host: string;
}

/** `shown`: the server's certificate. */
async function secured(shown: "server" | "expiredServer" = "server"): Promise<Secured> {
  const certs = await certificates();
  const port = freePort();
  const server = certs[shown];
  const engine = await ownDocker({
    args: [
      `--host=tcp://127.0.0.1:${port}`,
      "--tlsverify",
      `--tlscacert=${server}/ca.pem`,
      `--tlscert=${server}/cert.pem`,
      `--tlskey=${server}/key.pem`,
    ],
  });
  return { ...certs, engine, host: `tcp://127.0.0.1:${port}` };
}

realTest("TLS: with the right certificates all works; without, the error says what to check", secured, async (
  { engine, host, trusted, foreign, expired },
) => {
  await using _ = engine;
  const tls = (folder: string) =>
    environment({ DOCKER_HOST: host, DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: folder });
  await rejects(() => openDocker({ env: tls(expired) }), { code: "network", hint: /expired|renew/i });
  await works(tls(trusted));
  await works(environment({ DOCKER_HOST: host, DOCKER_TLS: "1", DOCKER_CERT_PATH: trusted })); // not verifying
  // Neither verifying nor with an authority that fits: Docker connects all the same.
  const blindFolder = await Deno.makeTempDir();
  for (const file of ["cert.pem", "key.pem"]) {
    await Deno.copyFile(`${trusted}/${file}`, `${blindFolder}/${file}`);
  }
  await Deno.copyFile(`${foreign}/ca.pem`, `${blindFolder}/ca.pem`);
  const blind = { DOCKER_HOST: host, DOCKER_TLS: "1", DOCKER_CERT_PATH: blindFolder };
  using unchecked = await openDocker({ env: environment(blind) });
  await unchecked.call("GET", "/info");
  await Deno.remove(blindFolder, { recursive: true });
  await rejects(() => openDocker({ env: tls(foreign) }), { code: "network", hint: /ca\.pem/ });
  await rejects(() => openDocker({ env: environment({ DOCKER_HOST: host }) }), {
    message: /HTTPS|HTTP request to an HTTPS server/i,
  });
});

realTest(
  "TLS: a server whose certificate has expired is refused for that",
  () => secured("expiredServer"),
  async (
    { engine, host, trusted },
  ) => {
    await using _ = engine;
    const env = environment({ DOCKER_HOST: host, DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: trusted });
    await rejects(() => openDocker({ env }), { code: "network", message: /expired/i, hint: /renew/i });
  },
);

realTest(
  "contexts that the docker command made are read: TLS, without verification, a socket",
  secured,
  async (
    { engine, host, trusted, foreign },
  ) => {
    await using _ = engine;
    const home = await Deno.makeTempDir();
    const docker = (...words: string[]) => commandOutput("/usr/bin/docker", words, { env: { HOME: home } });
    const tls = (folder: string) => `ca=${folder}/ca.pem,cert=${folder}/cert.pem,key=${folder}/key.pem`;
    const create = (name: string, endpoint: string) =>
      docker("context", "create", name, "--docker", endpoint);
    const named = (name: string) => environment({ HOME: home, DOCKER_CONTEXT: name });
    try {
      await create("far", `host=${host},${tls(trusted)}`);
      await works(named("far"));
      await create("trusting", `host=${host},skip-tls-verify=true,${tls(trusted)}`);
      await works(named("trusting"));
      await create("near", `host=${engine.host}`);
      await works(named("near"));
      await create("wrong", `host=${host},${tls(foreign)}`);
      await rejects(() => openDocker({ env: named("wrong") }), { code: "network", hint: /ca\.pem/ });
      await docker("context", "use", "far");
      using current = await openDocker({ env: environment({ HOME: home }) });
      equal([current.endpoint.url, current.endpoint.source], [
        host,
        `context "far" (${home}/.docker/config.json)`,
      ]);
      await docker("context", "update", "far", "--docker", `host=${engine.host}`);
      using updated = await openDocker({ env: environment({ HOME: home }) });
      equal(updated.endpoint.url, engine.host);
    } finally {
      await Deno.remove(home, { recursive: true });
    }
  },
);

const socatPath = async () => {
  await debianPackages("socat");
  const engine = await testDocker();
  return { engine, socket: engine.host.replace("unix://", "") };
};

/** Runs `work` with a program `ssh` first on PATH. */
async function withSsh(script: string, work: (log: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/ssh`, `#!/bin/sh\necho "$*" >>${folder}/log\n${script}\n`, {
    mode: 0o755,
  });
  const path = Deno.env.get("PATH")!;
  Deno.env.set("PATH", `${folder}:${path}`);
  try {
    await work(`${folder}/log`);
  } finally {
    Deno.env.set("PATH", path);
    await Deno.remove(folder, { recursive: true });
  }
}

realTest("ssh: all works through the standard streams of dial-stdio", socatPath, async ({ socket }) => {
  await withSsh(`exec socat -t 30 STDIO UNIX-CONNECT:${socket}`, async (log) => {
    await works(environment({ DOCKER_HOST: "ssh://me@box:2222" }));
    const [first] = (await Deno.readTextFile(log)).split("\n");
    equal(first, "-l me -p 2222 -o ConnectTimeout=30 -T -- box docker system dial-stdio");
  });
});

for (
  const { name, script, error } of [
    {
      name: "a host that refuses",
      script: "echo 'me@box: Permission denied (publickey).' >&2; exit 255",
      error: {
        code: "unauthorized",
        message: /on me@box through ssh: .*Permission denied/,
        hint: /ssh-agent/,
      },
    },
    {
      name: "a host without docker",
      script: "echo 'sh: 1: docker: not found' >&2; exit 127",
      error: { code: "unavailable", message: /not found/, hint: /Install the docker command on box/ },
    },
  ]
) {
  Deno.test(`ssh: ${name} is an error with ssh's words`, async () => {
    await withSsh(
      script,
      () => rejects(() => openDocker({ env: environment({ DOCKER_HOST: "ssh://me@box" }) }), error as any),
    );
  });
}

realTest("tcp without TLS works", async () => {
  const port = freePort();
  return { port, engine: await ownDocker({ args: [`--host=tcp://127.0.0.1:${port}`] }) };
}, async ({ port, engine }) => {
  await using _ = engine;
  await works(environment({ DOCKER_HOST: `tcp://127.0.0.1:${port}` }));
});
