import { deepStrictEqual as equal, rejects } from "node:assert";
import {
  removeContainer,
  startContainer,
  stopContainer,
  waitContainer,
} from "../../../core/docker/containers.ts";
import { createVolume, removeVolume } from "../../../core/docker/volumes.ts";
import { events } from "../../../core/docker/events.ts";
import { version } from "../../../core/docker/system.ts";
import type { EngineEvent } from "../../../core/docker/types/system.ts";
import { busyboxImage, ownDocker } from "../../support/docker.ts";
import { engineTest, testContainer } from "../../support/engine_test.ts";
import { realTest } from "../../support/parts.ts";

engineTest(
  "events come as they happen, for what the filter names, with all their attributes",
  async (engine) => {
    const { docker, unique } = engine;
    const label = unique();
    const open = Promise.withResolvers<void>();
    const stream = events(docker, { filters: { label: [label] }, onOpen: open.resolve });
    const first = stream.next();
    await open.promise;
    await using container = await testContainer(engine, {
      Cmd: ["sh", "-c", "exit 3"],
      Labels: { [label]: "ü" },
      start: false,
    });
    await startContainer(docker, container.id);
    await waitContainer(docker, container.id);
    await removeContainer(docker, container.id);
    const seen: EngineEvent[] = [(await first).value];
    for await (const event of stream) {
      seen.push(event);
      if (event.Action === "destroy") break;
    }
    equal(seen.map(({ Action }) => Action), ["create", "start", "die", "destroy"]);
    equal(seen.every(({ Type, Actor }) => Type === "container" && Actor.ID === container.id), true);
    equal([seen[2].Actor.Attributes.exitCode, seen[2].Actor.Attributes[label]], ["3", "ü"]);
  },
);

engineTest("events of the past are told once, in order, and end with until", async (engine) => {
  const { docker, unique } = engine;
  const since = new Date(Date.parse((await docker.json<{ SystemTime: string }>("GET", "/info")).SystemTime));
  const names = [unique(), unique(), unique()];
  for (const Name of names) await createVolume(docker, { Name });
  for (const Name of names) await removeVolume(docker, Name);
  const until = Date.now() / 1000 + 0.01;
  const filters = { type: ["volume"], event: ["create"] };
  const seen = await Array.fromAsync(events(docker, { since, until, filters }));
  equal(seen.map(({ Actor }) => Actor.ID).filter((id) => names.includes(id)), names);
});

engineTest("a signal ends the events", async ({ docker }) => {
  const controller = new AbortController();
  const stream = events(docker, { signal: controller.signal, onOpen: () => controller.abort() });
  await rejects(() => stream.next(), { code: "interrupted" });
});

realTest(
  "an Engine that restarts ends the events; the next stream goes on from there",
  ownDocker,
  async (engine) => {
    await using _ = engine;
    using docker = await engine.open();
    const image = await busyboxImage(docker);
    const open = Promise.withResolvers<void>();
    const seen: EngineEvent[] = [];
    const watching = (async () => {
      for await (const event of events(docker, { onOpen: open.resolve })) seen.push(event);
    })().catch((error) => equal(error.code, "network"));
    await open.promise;
    await createVolume(docker, { Name: "before" });
    await engine.restart();
    await watching;
    equal(seen.some(({ Actor, Action }) => Actor.ID === "before" && Action === "create"), true);
    // The kept connections are dead; requests find new ones.
    await version(docker);
    const later = Promise.withResolvers<void>();
    const since = seen.at(-1)!.timeNano / 1e9;
    const next = events(docker, { since, filters: { volume: ["after"] }, onOpen: later.resolve });
    const event = next.next();
    await later.promise;
    await createVolume(docker, { Name: "after" });
    equal((await event).value.Actor.ID, "after");
    await next.return(undefined);
    equal(await busyboxImage(docker), image);
  },
);

realTest(
  "a killed Engine breaks every stream, and is found again when it is back",
  ownDocker,
  async (engine) => {
    await using _ = engine;
    using docker = await engine.open();
    await busyboxImage(docker);
    const given = {
      docker,
      host: engine.host,
      env: engine.env,
      image: "skiff-test/busybox:1",
      unique: () => "",
    };
    const container = await testContainer(given);
    const waiting = waitContainer(docker, container.id);
    const failure = rejects(() => waiting, { code: "network", hint: /try again/ });
    await engine.kill();
    await failure;
    await rejects(() => version(docker), { code: "unavailable", message: /docker\.sock/ });
    await engine.start();
    await version(docker);
    await stopContainer(docker, container.id, { timeout: 0 }).catch(() => {});
    await container[Symbol.asyncDispose]();
  },
);
