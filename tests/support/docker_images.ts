/** Images for tests, made without a registry; they are kept in the Engine. */
import { tarBytes, type TarFile } from "../../core/archive/tar_writer.ts";
import type { Docker } from "../../core/docker/docker.ts";
import { importImage, inspectImage } from "../../core/docker/images.ts";
import { debianPackages } from "./apt.ts";
import { commandOutput } from "./command.ts";
import { debianTree } from "./debian_tree.ts";
import { withLock } from "./lock.ts";
import { part } from "./parts.ts";

const path = "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** "skiff-test/busybox:1": 2 MB, a shell and the usual commands; users root and agent (1000). */
export async function busyboxImage(docker: Docker): Promise<string> {
  return await madeOnce(docker, "skiff-test/busybox", "1", async (target) => {
    await debianPackages("busybox-static");
    const changes = [path, 'CMD ["sh"]'];
    await importImage(docker, await tarBytes(await busyboxFiles()), { ...target, changes });
  });
}

/** "skiff-test/base:bookworm": Debian with ca-certificates, git, curl, procps and ripgrep. */
export async function debianBase(docker: Docker): Promise<string> {
  return await madeOnce(docker, "skiff-test/base", "bookworm", async (target) => {
    const file = await Deno.open(await debianTar());
    await importImage(docker, file.readable, { ...target, changes: [path, 'CMD ["bash"]'] });
  });
}

async function madeOnce(
  docker: Docker,
  repo: string,
  tag: string,
  make: (target: { repo: string; tag: string }) => Promise<void>,
): Promise<string> {
  const reference = `${repo}:${tag}`;
  if (await inspectImage(docker, reference)) return reference;
  await withLock(`image-${repo.replaceAll("/", "-")}`, async () => {
    if (!await inspectImage(docker, reference)) await make({ repo, tag });
  });
  return reference;
}

async function busyboxFiles(): Promise<TarFile[]> {
  const program = "/bin/busybox";
  const applets = (await commandOutput(program, ["--list"])).split("\n").filter((name) =>
    /^[\w[-]/.test(name)
  );
  const folders = [
    "bin",
    "usr",
    "usr/bin",
    "etc",
    "root",
    "home",
    "proc",
    "sys",
    "dev",
    "var",
    "var/lib",
    "run",
  ];
  return [
    ...folders.map((name): TarFile => ({ name, type: "directory" })),
    { name: "tmp", type: "directory", mode: 0o1777 },
    { name: "home/agent", type: "directory", uid: 1000, gid: 1000 },
    { name: "bin/busybox", mode: 0o755, content: await Deno.readFile(program) },
    ...applets.filter((name) => name !== "busybox")
      .map((name): TarFile => ({ name: `bin/${name}`, type: "symlink", linkName: "busybox" })),
    { name: "usr/bin/env", type: "symlink", linkName: "../../bin/busybox" },
    {
      name: "etc/passwd",
      content: "root:x:0:0:root:/root:/bin/sh\nagent:x:1000:1000:agent:/home/agent:/bin/sh\n",
    },
    { name: "etc/group", content: "root:x:0:\nagent:x:1000:\n" },
  ];
}

/** The files of a minimal Debian, made once by debootstrap. */
async function debianTar(): Promise<string> {
  const packages = ["ca-certificates", "git", "curl", "procps", "ripgrep"];
  return await part("docker/base-bookworm.tar", (target) => debianTree(target, packages));
}
