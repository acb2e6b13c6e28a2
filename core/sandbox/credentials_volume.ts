/**
 * The volume of an agent's login belongs to the user that the agent runs as. Folders of another owner (root's,
 * say) share it, and without capabilities root cannot pass over permissions: then its files change hands.
 */
import { createContainer, removeContainer, startContainer, waitContainer } from "../docker/containers.ts";
import { createVolume } from "../docker/volumes.ts";
import { probeLabel, type SandboxLabels } from "./labels.ts";
import { privateFolder } from "./network/records.ts";
import type { World } from "./world.ts";

const labelPrefix = "skiff.sandbox.volume";

/** Makes the volume when there is none, and hands its files over when they were another user's last. */
export async function prepareVolume(
  world: World,
  name: string,
  { uid, gid }: Pick<SandboxLabels, "uid" | "gid">,
  image: string,
): Promise<void> {
  const { CreatedAt } = await createVolume(world.docker, { Name: name, Labels: { [labelPrefix]: "1" } });
  const folder = `${world.paths.state}/sandbox-volumes`;
  const file = `${folder}/${name}.json`;
  const before = await Deno.readTextFile(file).then((text) => JSON.parse(text)).catch(() => undefined);
  const same = before?.created === CreatedAt && before?.engine === world.docker.endpoint.url;
  if (same && before.uid === uid) return;
  if (same) await handOver(world, name, { uid, gid }, image);
  await privateFolder(folder);
  await Deno.writeTextFile(
    file,
    JSON.stringify({ uid, created: CreatedAt, engine: world.docker.endpoint.url }),
  );
}

/** In a container of the sandbox's image with that one capability, no network and nothing but the volume. */
async function handOver(
  { docker }: World,
  name: string,
  { uid, gid }: { uid: number; gid: number },
  image: string,
): Promise<void> {
  const { Id } = await createContainer(docker, {
    Image: image,
    User: "0:0",
    Entrypoint: [],
    Cmd: ["/bin/sh", "-c", 'chown -R "$1" /volume', "sandbox", `${uid}:${gid}`],
    Labels: { [probeLabel]: "1" },
    HostConfig: {
      NetworkMode: "none",
      CapDrop: ["ALL"],
      CapAdd: ["CHOWN", "DAC_READ_SEARCH"],
      SecurityOpt: ["no-new-privileges:true"],
      Mounts: [{ Type: "volume", Source: name, Target: "/volume" }],
    },
  });
  try {
    await startContainer(docker, Id);
    await waitContainer(docker, Id);
  } finally {
    await removeContainer(docker, Id, { force: true });
  }
}
