/** Templates on real Engines, Debian's old one and the newest: built, used, found again, refused, removed. */
import { deepStrictEqual, equal, match, ok, rejects } from "node:assert/strict";
import { tarBytes, writeTar } from "../../../../core/archive/tar_writer.ts";
import { buildImage } from "../../../../core/docker/build.ts";
import { createContainer, removeContainer, startContainer } from "../../../../core/docker/containers.ts";
import { importImage, removeImage, tagImage } from "../../../../core/docker/images.ts";
import { findAgent } from "../../../../core/sandbox/agents/mod.ts";
import { buildTemplate } from "../../../../core/sandbox/template/build.ts";
import { ensureTemplate } from "../../../../core/sandbox/template/ensure.ts";
import { listTemplates, removeTemplate } from "../../../../core/sandbox/template/templates.ts";
import { packagePaths } from "../../../support/agent_template.ts";
import { debianBase } from "../../../support/docker.ts";
import { type Engine, engineTest, execute } from "../../../support/engine_test.ts";

const shell = findAgent("shell");

interface Work {
  base: string;
  /** A tag that is removed afterwards. */
  tag(): string;
  /** An image made by a Dockerfile on the base. */
  derived(...lines: string[]): Promise<string>;
}

function templateTest(name: string, fn: (engine: Engine, work: Work) => Promise<void>): void {
  engineTest(name, async (engine) => {
    const { docker } = engine;
    const base = await debianBase(docker);
    const tags: string[] = [];
    const tag = () => {
      tags.push(`skiff-test/template:${crypto.randomUUID().slice(0, 8)}`);
      return tags.at(-1)!;
    };
    const derived = async (...lines: string[]) => {
      const name = tag();
      const content = [`FROM ${base}`, ...lines, ""].join("\n");
      const context = writeTar([{ name: "Dockerfile", content }]);
      for await (const _ of buildImage(docker, context, { tags: [name], networkMode: "none" }));
      return name;
    };
    try {
      await fn(engine, { base, tag, derived });
    } finally {
      for (const tag of tags) await removeImage(docker, tag, { force: true }).catch(() => {});
    }
  });
}

const offline = { networkMode: "none", pull: "never", paths: packagePaths } as const;

templateTest(
  "a template is built without a network, found again, listed and removed",
  async (engine, work) => {
    const { docker } = engine;
    const base = await work.derived("LABEL own=base");
    const tag = work.tag();
    const first = await buildTemplate(docker, shell, { ...offline, base, tags: [tag] });
    deepStrictEqual([first.reference, first.reused, first.base], [tag, false, base]);
    const again = await buildTemplate(docker, shell, { ...offline, base, tags: [tag, work.tag()] });
    deepStrictEqual([again.id, again.reused], [first.id, true]);
    const name = engine.unique();
    await createContainer(docker, {
      name,
      Image: tag,
      Cmd: ["sleep", "300"],
      HostConfig: { NetworkMode: "none", CapDrop: ["ALL"], Init: true },
    });
    try {
      await startContainer(docker, name);
      const script =
        "id -un; id -u; pwd; git --version; touch ~/.config/x ~/.local/bin/y && echo writable; " +
        "echo 'export LATER=yes' >> /etc/sandbox-persistent.sh; bash -c 'echo $LATER'";
      const { stdout } = await execute(engine, name, ["bash", "-c", script]);
      match(stdout, /^agent\n1000\n\/home\/agent\ngit version .*\nwritable\nyes\n$/);
    } finally {
      await removeContainer(docker, name, { force: true });
    }
    const row = (await listTemplates(docker)).find(({ reference }) => reference === tag)!;
    deepStrictEqual([row.agent, row.source, row.base], ["shell", "built", base]);
    await removeTemplate(docker, tag);
    ok((await listTemplates(docker)).every(({ reference }) => reference !== tag));
    await rejects(removeTemplate(docker, base), { code: "not_found" });
  },
);

templateTest("a base whose uid 1000 has another name keeps one user", async (engine, work) => {
  const { docker } = engine;
  const base = await work.derived("RUN useradd -u 1000 -m node && echo hers > /home/node/file");
  const tag = work.tag();
  await buildTemplate(docker, shell, { ...offline, base, tags: [tag] });
  const name = engine.unique();
  await createContainer(docker, {
    name,
    Image: tag,
    Cmd: ["sleep", "300"],
    HostConfig: { NetworkMode: "none" },
  });
  try {
    await startContainer(docker, name);
    const { stdout } = await execute(engine, name, ["bash", "-c", "id -un; id -u; echo ~"]);
    equal(stdout, "agent\n1000\n/home/agent\n");
  } finally {
    await removeContainer(docker, name, { force: true });
  }
});

templateTest(
  "a base that is not fit is refused with the reason",
  async ({ docker, image: busybox }, work) => {
    const refused = async (base: string, error: { code: string; message: RegExp }) =>
      await rejects(buildTemplate(docker, shell, { ...offline, base, tags: [work.tag()] }), error);
    await refused(busybox, { code: "unsupported", message: /no GNU C library/ });
    await refused(await work.derived("RUN rm -f /usr/bin/git /usr/bin/apt-get"), {
      code: "not_found",
      message: /it has no git, and it could not be installed/,
    });
    await refused("skiff-test/nowhere:1", { code: "not_found", message: /Cannot get the base image/ });
    const foreign = work.tag();
    const archive = await tarBytes([{ name: "file", content: "x" }]);
    const [repo, tag] = foreign.split(":");
    await importImage(docker, archive, { repo, tag, platform: "linux/s390x" });
    // Old Engines do not take the platform of what is imported, and see that it has nothing in it.
    await refused(foreign, {
      code: "unsupported",
      message: /it is for linux\/s390x|it has no shell or no users/,
    });
  },
);

templateTest("which template a sandbox gets", async ({ docker }, work) => {
  const published = work.tag();
  const agent = { ...shell, template: published };
  const lines: string[] = [];
  const options = { ...offline, onProgress: ({ message }: { message: string }) => void lines.push(message) };
  await rejects(ensureTemplate(docker, agent, { ...options, image: "skiff-test/nowhere:1" }), {
    code: "not_found",
    message: /^Cannot get the template skiff-test\/nowhere:1/,
  });
  await tagImage(docker, work.base, { target: published });
  deepStrictEqual((await ensureTemplate(docker, agent, options)).built, false);
  const given = await ensureTemplate(docker, agent, { ...options, image: work.base });
  equal(given.reference, work.base);
  const own = await work.derived("LABEL own=ensure");
  const built = await ensureTemplate(docker, agent, { ...options, base: own });
  deepStrictEqual([built.built, built.reference.startsWith("skiff/")], [true, true]); // the pulled one keeps its name
  await removeImage(docker, built.reference);
  await removeImage(docker, published);
  lines.length = 0;
  const fallback = await ensureTemplate(docker, agent, { ...options, pull: "missing", env: env(own) });
  deepStrictEqual([fallback.built, fallback.reference], [true, published]);
  match(lines.join("\n"), /^Cannot pull .* \(.+\); building it here$/m);
  const older = { ...agent, recipe: { ...agent.recipe, scripts: { "/usr/local/bin/extra": "#!/bin/sh\n" } } };
  const renewed = await ensureTemplate(docker, older, options);
  ok(renewed.built && renewed.id !== fallback.id, "another recipe is built anew on the same base");
});

function env(base: string) {
  return { get: (name: string) => name === "SKIFF_SANDBOX_BASE" ? base : undefined };
}
