/** Templates with the real agents, built once on the tests' Debian base and kept in the tests' Engine. */
import type { Docker } from "../../core/docker/docker.ts";
import { skiffPaths } from "../../core/paths/paths.ts";
import { findAgent } from "../../core/sandbox/agents/mod.ts";
import { buildTemplate, type BuiltTemplate } from "../../core/sandbox/template/build.ts";
import { debianBase, testDocker } from "./docker.ts";
import { partsFolder } from "./parts.ts";

export interface AgentPart {
  docker: Docker;
  template: BuiltTemplate;
}

/** Folder of the agents' packages, which the tests share. */
export const packagePaths = skiffPaths({
  get: (name) => name === "SKIFF_HOME" ? `${partsFolder}/skiff-home` : undefined,
});

/** For `needs` of `realTest`. The build has no network: the base has all that it takes. */
export function agentPart(name: string): () => Promise<AgentPart> {
  return async () => {
    const docker = await (await testDocker()).open();
    const template = await buildTemplate(docker, findAgent(name), {
      base: await debianBase(docker),
      tags: [`skiff-test/agents:${name}`],
      pull: "never",
      networkMode: "none",
      paths: packagePaths,
    });
    return { docker, template };
  };
}
