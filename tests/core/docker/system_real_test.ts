import { deepStrictEqual as equal, rejects } from "node:assert";
import { diskUsage, info, ping, version } from "../../../core/docker/system.ts";
import {
  connectNetwork,
  createNetwork,
  disconnectNetwork,
  inspectNetwork,
  listNetworks,
  pruneNetworks,
  removeNetwork,
} from "../../../core/docker/networks.ts";
import {
  createVolume,
  inspectVolume,
  listVolumes,
  pruneVolumes,
  removeVolume,
} from "../../../core/docker/volumes.ts";
import { inspectContainer } from "../../../core/docker/containers.ts";
import { engineTest, execute, testContainer } from "../../support/engine_test.ts";

engineTest("the Engine tells what it is and what it stores", async ({ docker }) => {
  await ping(docker);
  const { ApiVersion, Os, Version } = await version(docker);
  equal([ApiVersion, Os, Version], [docker.apiVersion, docker.os, docker.engineVersion]);
  const { OSType, NCPU, Runtimes, SecurityOptions } = await info(docker);
  equal([OSType, NCPU > 0, "runc" in Runtimes, SecurityOptions?.some((o) => o.includes("seccomp"))], [
    "linux",
    true,
    true,
    true,
  ]);
  const usage = await diskUsage(docker);
  equal(docker.supports("1.52") ? usage.ImageUsage!.TotalCount > 0 : usage.Images!.length > 0, true);
});

engineTest("a volume is made once, used, listed and removed", async (engine) => {
  const { docker, unique } = engine;
  const [Name, label] = [unique(), unique()];
  equal(await inspectVolume(docker, Name), undefined);
  const made = await createVolume(docker, { Name, Labels: { [label]: "x" } });
  equal((await createVolume(docker, { Name })).CreatedAt, made.CreatedAt);
  equal((await inspectVolume(docker, Name))?.Labels, { [label]: "x" });
  equal((await listVolumes(docker, { filters: { label: [label] } })).map(({ Name }) => Name), [Name]);
  const Mounts = [{ Type: "volume" as const, Source: Name, Target: "/data" }];
  await using container = await testContainer(engine, { HostConfig: { Mounts } });
  await execute(engine, container.id, ["touch", "/data/file"]);
  await rejects(() => removeVolume(docker, Name), { code: "conflict", message: /in use/ });
  await container[Symbol.asyncDispose]();
  const { VolumesDeleted } = await pruneVolumes(docker, {
    filters: { label: [label], ...(docker.supports("1.42") ? { all: ["true"] } : {}) },
  });
  equal(VolumesDeleted, [Name]);
  await rejects(() => removeVolume(docker, Name), { code: "not_found" });
});

engineTest("a network is made once, joined, left and removed", async (engine) => {
  const { docker, unique } = engine;
  const [Name, label] = [unique(), unique()];
  equal(await inspectNetwork(docker, Name), undefined);
  const { Id } = await createNetwork(docker, {
    Name,
    Driver: "bridge",
    Internal: true,
    Labels: { [label]: "" },
  });
  await rejects(() => createNetwork(docker, { Name }), { code: "conflict" });
  equal((await listNetworks(docker, { filters: { label: [label] } })).map(({ Id }) => Id), [Id]);
  await using container = await testContainer(engine, { HostConfig: { NetworkMode: Name } });
  const { IPAddress } = (await inspectContainer(docker, container.id)).NetworkSettings.Networks[Name];
  equal(Object.keys((await inspectNetwork(docker, Id))!.Containers!), [container.id]);
  equal((await execute(engine, container.id, ["ip", "addr"])).stdout.includes(IPAddress!), true);
  await rejects(() => removeNetwork(docker, Id), { message: /active endpoints/ });
  await disconnectNetwork(docker, Id, { container: container.id });
  await connectNetwork(docker, Id, { container: container.id, endpoint: { Aliases: ["alias"] } });
  const { Aliases } = (await inspectContainer(docker, container.id)).NetworkSettings.Networks[Name];
  equal(Aliases?.includes("alias"), true);
  await container[Symbol.asyncDispose]();
  equal((await pruneNetworks(docker, { filters: { label: [label] } })).NetworksDeleted, [Name]);
  await rejects(() => removeNetwork(docker, Name), { code: "not_found" });
});
