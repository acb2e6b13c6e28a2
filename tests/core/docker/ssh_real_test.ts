/** The client through a real OpenSSH, with Debian's docker command on the far side. */
import { deepStrictEqual as equal, rejects } from "node:assert";
import { containerLogs } from "../../../core/docker/container_logs.ts";
import { inspectContainer } from "../../../core/docker/containers.ts";
import { openDocker } from "../../../core/docker/docker.ts";
import { createExec, startExec } from "../../../core/docker/execs.ts";
import { demultiplex } from "../../../core/docker/stdcopy.ts";
import { debianPackages } from "../../support/apt.ts";
import { busyboxImage, testDocker } from "../../support/docker.ts";
import { execute, patterned, testContainer } from "../../support/engine_test.ts";
import { realTest } from "../../support/parts.ts";
import { type SshServer, sshServer } from "../../support/sshd.ts";

const path = "/usr/sbin:/usr/bin:/sbin:/bin";

async function farSide(): Promise<SshServer> {
  await debianPackages("docker.io");
  const { host } = await testDocker();
  return await sshServer({ DOCKER_HOST: host, PATH: path });
}

const endpoint = ({ port }: SshServer, socket = "") => ({
  get: (name: string) =>
    ({ HOME: "/nonexistent", DOCKER_HOST: `ssh://root@127.0.0.1:${port}${socket}` })[name],
});

realTest("ssh: requests, many at once, and 20 MB both ways", farSide, async (server) => {
  await using _ = server;
  await server.as({ key: server.key, knownHosts: server.known }, async () => {
    using docker = await openDocker({ env: endpoint(server) });
    const engine = {
      docker,
      image: await busyboxImage(docker),
      env: endpoint(server),
      host: "",
      unique: () => "",
    };
    await using container = await testContainer(engine, {
      Cmd: ["sh", "-c", "echo logged; exec sleep 1000"],
    });
    const all = await Promise.all(Array.from({ length: 20 }, () => inspectContainer(docker, container.id)));
    equal(all.every(({ Id }) => Id === container.id), true);
    for await (const { data } of containerLogs(docker, container.id, { follow: true })) {
      equal(new TextDecoder().decode(data), "logged\n");
      break;
    }
    equal(await execute(engine, container.id, ["sh", "-c", "echo out; echo err >&2; exit 7"]), {
      stdout: "out\n",
      stderr: "err\n",
      code: 7,
    });
    const exec = await createExec(docker, container.id, {
      Cmd: ["cat"],
      AttachStdin: true,
      AttachStdout: true,
    });
    const stream = await startExec(docker, exec);
    const bytes = patterned(20 << 20);
    const sending = new Blob([bytes]).stream().pipeTo(stream.writable); // its end is passed on
    const received = new Uint8Array(bytes.length);
    let count = 0;
    for await (const { data } of demultiplex(stream.readable)) {
      received.set(data, count);
      count += data.length;
    }
    await sending;
    equal([count, received.every((byte, i) => byte === bytes[i])], [bytes.length, true]);
  });
});

const failures: {
  name: string;
  client?: (server: SshServer) => { key: string; knownHosts: string };
  environment?: Record<string, string>;
  socket?: string;
  error: { code?: string; message: RegExp; hint: RegExp };
}[] = [
  {
    name: "a host that is not known",
    client: ({ key }) => ({ key, knownHosts: "" }),
    error: {
      code: "forbidden",
      message: /host key/i,
      hint: /^Connect once with `ssh -p \d+ root@127\.0\.0\.1`/,
    },
  },
  {
    name: "a host whose key has changed",
    client: ({ key, changed }) => ({ key, knownHosts: changed }),
    error: { code: "forbidden", message: /key .*has changed/i, hint: /ssh-keygen -R '\[127\.0\.0\.1\]:\d+'/ },
  },
  {
    name: "a key that may not log in",
    client: ({ strangerKey, known }) => ({ key: strangerKey, knownHosts: known }),
    error: { code: "unauthorized", message: /Permission denied \(publickey/, hint: /ssh-agent/ },
  },
  {
    name: "a far side without docker",
    environment: { PATH: "/nonexistent" },
    error: { code: "unavailable", message: /not found/, hint: /^Install the docker command on 127\.0\.0\.1/ },
  },
  {
    name: "a far side whose Engine does not run",
    socket: "/nonexistent/docker.sock",
    error: {
      code: "unavailable",
      message: /nonexistent\/docker\.sock/,
      hint: /Start Docker on 127\.0\.0\.1/,
    },
  },
];

for (const { name, client, environment = { PATH: path }, socket, error } of failures) {
  realTest(`ssh: ${name} is an error with a way out`, async () => {
    await debianPackages("docker.io");
    return await sshServer(environment);
  }, async (server) => {
    await using _ = server;
    const settings = client?.(server) ?? { key: server.key, knownHosts: server.known };
    await server.as(settings, async () => {
      await rejects(() => openDocker({ env: endpoint(server, socket) }), error);
    });
  });
}
