/** A real OpenSSH server on loopback, and a client's configuration that knows nothing but it. */
import { debianPackages } from "./apt.ts";
import { commandOutput } from "./command.ts";
import { endProcess, startDaemon } from "./daemon.ts";
import { freePort } from "./executable.ts";

export interface SshServer extends AsyncDisposable {
  port: number;
  /** Lines for ~/.ssh/known_hosts: the server's key, and another one under its name. */
  known: string;
  changed: string;
  /** Private keys: one that may log in as root, one that may not. */
  key: string;
  strangerKey: string;
  /** Runs `work` with an `ssh` on PATH that is OpenSSH's with these settings and no other ones. */
  as<T>(client: { key: string; knownHosts: string }, work: () => Promise<T>): Promise<T>;
}

/** `environment`: what programs on the far side are started with. */
export async function sshServer(environment: Record<string, string>): Promise<SshServer> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) {
    throw new Error("only root on Linux can start this sshd");
  }
  await debianPackages("openssh-server", "openssh-client");
  const folder = await Deno.makeTempDir({ prefix: "skiff-sshd-" });
  await Deno.mkdir("/run/sshd", { recursive: true });
  for (const name of ["host", "other", "key", "stranger"]) {
    await commandOutput("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", `${folder}/${name}`]);
  }
  await Deno.copyFile(`${folder}/key.pub`, `${folder}/authorized`);
  const port = freePort();
  const variables = Object.entries(environment).map((pair) => `"${pair.join("=")}"`).join(" ");
  await Deno.writeTextFile(
    `${folder}/sshd_config`,
    [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${folder}/host`,
      `AuthorizedKeysFile ${folder}/authorized`,
      `PidFile ${folder}/pid`,
      "StrictModes no",
      "UsePAM no",
      "PermitRootLogin prohibit-password",
      "PasswordAuthentication no",
      `SetEnv ${variables}`,
    ].join("\n"),
  );
  const pid = await startDaemon({
    words: ["/usr/sbin/sshd", "-D", "-e", "-f", `${folder}/sshd_config`],
    log: `${folder}/log`,
    ready: () =>
      Deno.connect({ hostname: "127.0.0.1", port }).then((one) => (one.close(), true), () => false),
  });
  const line = async (name: string) =>
    `[127.0.0.1]:${port} ${await Deno.readTextFile(`${folder}/${name}.pub`)}`;
  return {
    port,
    known: await line("host"),
    changed: await line("other"),
    key: `${folder}/key`,
    strangerKey: `${folder}/stranger`,
    as: (client, work) => withClient(client, work),
    async [Symbol.asyncDispose]() {
      await endProcess(pid);
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** OpenSSH looks for its files in the home that /etc/passwd names, whatever HOME says. */
async function withClient<T>(
  { key, knownHosts }: { key: string; knownHosts: string },
  work: () => Promise<T>,
): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "skiff-ssh-" });
  await Deno.writeTextFile(`${folder}/known_hosts`, knownHosts);
  const lines = [
    `IdentityFile ${key}`,
    "IdentitiesOnly yes",
    "IdentityAgent none",
    `UserKnownHostsFile ${folder}/known_hosts`,
    "GlobalKnownHostsFile /dev/null",
    "StrictHostKeyChecking yes",
  ];
  await Deno.writeTextFile(`${folder}/config`, lines.join("\n"));
  await Deno.writeTextFile(`${folder}/ssh`, `#!/bin/sh\nexec /usr/bin/ssh -F ${folder}/config "$@"\n`, {
    mode: 0o755,
  });
  const path = Deno.env.get("PATH")!;
  Deno.env.set("PATH", `${folder}:${path}`);
  try {
    return await work();
  } finally {
    Deno.env.set("PATH", path);
    await Deno.remove(folder, { recursive: true });
  }
}
