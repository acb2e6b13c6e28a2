/**
 * Makes a sandbox: all is looked up and checked first, then the container is created, filled and started. Until
 * its start it counts as half made, and the next run replaces it.
 */
import { tarBytes } from "../archive/tar_writer.ts";
import { putArchive } from "../docker/archives.ts";
import { createContainer, listContainers, removeContainer, startContainer } from "../docker/containers.ts";
import { SkiffError } from "../errors/skiff_error.ts";
import { assertIsolated, missingLimits } from "./assert_isolated.ts";
import { fillClone } from "./clone.ts";
import { createConfig } from "./create_config.ts";
import { labels } from "./labels.ts";
import { distinctName } from "./naming.ts";
import { openAccess, prepareAccess, removeAccess } from "./network/prepare.ts";
import { prepareVolume } from "./credentials_volume.ts";
import type { Sandbox } from "./sandbox.ts";
import { lookUp, makePlan, type PreparedPlan } from "./sandbox_plan.ts";
import { checkPodmanMounts } from "./podman_mounts.ts";
import { recordStart } from "./start_record.ts";
import { engineSocket, type SandboxRequest, type World } from "./world.ts";

/**
 * Creates and starts the sandbox; to be called under its lock. Whatever fails on the way leaves no container.
 * Throws "not_found" for missing paths and images, "forbidden", "conflict" for a name that is taken, and what the
 * Engine says.
 */
export async function createSandbox(world: World, request: SandboxRequest): Promise<Sandbox> {
  const { docker, paths } = world;
  const facts = await lookUp(world, request);
  const plan = await makePlan(world, request, facts);
  if (docker.isPodman) checkPodmanMounts(createConfig(plan).HostConfig?.Mounts ?? []);
  for (const warning of missingLimits(facts.engine)) world.say(warning);
  let id: string | undefined;
  try {
    await prepareWayOut(world, plan);
    // The folder of sockets is mounted, so it must be there before the container is created.
    await Promise.all([
      plan.access.proxied
        ? openAccess(paths, plan.labels.key, { secrets: plan.secrets, onStart: world.say })
        : undefined,
      plan.credentialsVolume
        ? prepareVolume(world, plan.credentialsVolume, plan.labels, plan.image)
        : undefined,
    ]);
    id = await createNamed(world, request, plan);
    await putArchive(docker, id, { path: "/", archive: await tarBytes(plan.items) });
    await plan.writeFiles(id);
    await assertIsolated(docker, id, facts.engine);
    await recordStart(paths, plan.labels.key, plan.protected.map(({ path }) => path));
    await startContainer(docker, id);
    if (plan.labels.settings.clone) await fillClone(docker, id, plan.labels);
  } catch (error) {
    if (id) await removeContainer(docker, id, { force: true, volumes: true }).catch(() => {});
    await removeAccess(paths, plan.labels.key).catch(() => {});
    throw error;
  }
  return { ...plan.labels, id, state: "running", status: "Up", imageId: plan.image };
}

/** Files of the sandbox's way out, with the name by which people speak of it. */
async function prepareWayOut({ docker }: World, { accessRequest, labels }: PreparedPlan): Promise<void> {
  const { name, workspace, agent } = labels;
  await prepareAccess(accessRequest, { name, workspace, agent, engineSocket: engineSocket(docker) });
}

/** A default name that another folder's sandbox has is made distinct; a given one is an error. */
async function createNamed(world: World, request: SandboxRequest, plan: PreparedPlan): Promise<string> {
  try {
    return (await createContainer(world.docker, { name: plan.labels.name, ...createConfig(plan) })).Id;
  } catch (error) {
    if (!(error instanceof SkiffError) || error.code !== "conflict") throw error;
    if (request.name !== undefined) throw await nameTaken(world, request.name, error);
    plan.labels.name = distinctName(plan.labels.agent, plan.labels.workspace);
    await prepareWayOut(world, plan);
    return (await createContainer(world.docker, { name: plan.labels.name, ...createConfig(plan) })).Id;
  }
}

async function nameTaken(world: World, name: string, cause: SkiffError): Promise<SkiffError> {
  const found = await listContainers(world.docker, { all: true, filters: { name: [`^/?${name}$`] } });
  const workspace = found[0]?.Labels[labels.workspace];
  return new SkiffError(
    "conflict",
    workspace
      ? `The name ${name} belongs to the sandbox of ${workspace}`
      : `The name ${name} belongs to a container that is no sandbox`,
    { hint: "Choose another --name.", cause },
  );
}
