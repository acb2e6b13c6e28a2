/**
 * Tools for the Dockerfile of a repository. The Hub shows those of automated builds and has no place to set
 * one: what is set here is a section of the long description, where people look for it as well.
 */
import * as z from "zod";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { loginNeeded } from "./hub_client.ts";
import { hubResult, type HubTool, hubTool, namespace, record, repository } from "./hub_tool.ts";
import { path } from "./repository_tools.ts";

const longestDescription = 25_000;
const section = /<!-- dockerfile -->\n(`{3,})dockerfile\n([\s\S]*?)\n\1\n<!-- \/dockerfile -->/;

/** The Dockerfile in a long description; undefined when there is none. */
export function dockerfileOf(description: string): string | undefined {
  return section.exec(description)?.[2];
}

/** The description with this Dockerfile in its section; all else stays as it is. */
export function withDockerfile(description: string, dockerfile: string): string {
  const longest = Math.max(2, ...[...dockerfile.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const text = dockerfile.replace(/\n+$/, "");
  const made = `<!-- dockerfile -->\n${fence}dockerfile\n${text}\n${fence}\n<!-- /dockerfile -->`;
  if (section.test(description)) return description.replace(section, () => made);
  return description.trim() === "" ? `${made}\n` : `${description.replace(/\n*$/, "")}\n\n${made}\n`;
}

const output = record({
  dockerfile: z.string().nullish(),
  source: z.enum(["automated build", "description"]).nullish().describe("Where it was found"),
});

const get = hubTool({
  name: "get-repository-dockerfile",
  alias: "getRepositoryDockerfile",
  title: "Get repository Dockerfile",
  description:
    "Gets the Dockerfile of a repository: that of its automated build, else the one in its description.",
  input: z.object({ namespace, repository }),
  output,
  effect: "reads",
  async run(hub, { namespace, repository }, signal) {
    const url = `/v2/repositories/${namespace}/${repository}/dockerfile/`;
    const built = await hub.send({ url, signal }, [404]);
    const contents = built.body?.contents;
    const text = `The Dockerfile of ${namespace}/${repository}:`;
    if (built.status !== 404 && typeof contents === "string" && contents !== "") {
      return hubResult(text, { ...built, body: { dockerfile: contents, source: "automated build" } });
    }
    const info = await hub.send({ url: path(namespace, repository), signal });
    const dockerfile = dockerfileOf(info.body?.full_description ?? "");
    if (dockerfile !== undefined) {
      return hubResult(text, { ...info, body: { dockerfile, source: "description" } });
    }
    throw new SkiffError("not_found", `Docker Hub has no Dockerfile of ${namespace}/${repository}`, {
      hint: "Only automated builds publish one; look for the source in the repository's description.",
    });
  },
});

const set = hubTool({
  name: "set-repository-dockerfile",
  alias: "setRepositoryDockerfile",
  title: "Set repository Dockerfile",
  description:
    "Sets the Dockerfile that a repository shows. Docker Hub has no field for it: it is written as a " +
    "section of the repository's long description, which everybody who can see the repository can read. Needs a log-in.",
  input: z.object({ namespace, repository, dockerfile: z.string().min(1).describe("The whole file") }),
  output: record({ dockerfile: z.string().nullish(), full_description: z.string().nullish() }),
  effect: "changes",
  async run(hub, { namespace, repository, dockerfile }, signal) {
    if (!hub.authenticated) throw loginNeeded();
    const url = path(namespace, repository);
    const before = await hub.send({ url, signal });
    const description = withDockerfile(before.body?.full_description ?? "", dockerfile);
    if (description.length > longestDescription) {
      throw new SkiffError(
        "invalid_input",
        `With the Dockerfile the description has ${description.length} characters of ${longestDescription}`,
        { hint: "Shorten the Dockerfile or the description." },
      );
    }
    const answer = await hub.send({ method: "PATCH", url, body: { full_description: description }, signal });
    const content = { dockerfile: dockerfileOf(description), full_description: description };
    return hubResult(`The description of ${namespace}/${repository} now shows the Dockerfile.`, {
      ...answer,
      body: content,
    });
  },
});

export const dockerfileTools: HubTool[] = [get, set];
