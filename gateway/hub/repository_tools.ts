/** Tools for repositories: list, look at, make, change. */
import * as z from "zod";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { loginNeeded } from "./hub_client.ts";
import {
  hubResult,
  type HubTool,
  hubTool,
  namespace,
  page,
  pageOf,
  pageSize,
  record,
  repository,
} from "./hub_tool.ts";

const longestDescription = 25_000;

export const path = (space: string, name = "") => `/v2/namespaces/${space}/repositories${name && `/${name}`}`;

const repositoryFields = {
  name: z.string().nullish(),
  namespace: z.string().nullish(),
  description: z.string().nullish(),
  full_description: z.string().nullish(),
  is_private: z.boolean().nullish(),
  star_count: z.number().nullish(),
  pull_count: z.number().nullish(),
  last_updated: z.string().nullish(),
  status: z.number().nullish().describe("1 is active, 0 inactive"),
};

const fullDescription = z.string().max(longestDescription).describe("Long description, Markdown").optional();

const list = hubTool({
  name: "list-repositories-by-namespace",
  alias: "listRepositoriesByNamespace",
  title: "List repositories of a namespace",
  description: "Lists repositories under a namespace, a page at a time.",
  input: z.object({
    namespace,
    page,
    page_size: pageSize,
    ordering: z.enum([
      "last_updated",
      "-last_updated",
      "name",
      "-name",
      "pull_count",
      "-pull_count",
    ]).optional().describe("Order; with - from the largest"),
    media_types: z.string().default("").describe("Only these media types, with commas between"),
    content_types: z.string().default("").describe("Only these content types, with commas between"),
  }),
  output: pageOf(repositoryFields),
  effect: "reads",
  async run(hub, { namespace, ...query }, signal) {
    const answer = await hub.send({ url: path(namespace), query, signal });
    return hubResult(`Repositories of ${namespace}, page ${query.page}:`, answer);
  },
});

const create = hubTool({
  name: "create-repository",
  alias: "createRepository",
  title: "Create a repository",
  description: "Creates a new repository in a namespace. Ask the user for its name. Needs a log-in.",
  input: z.object({
    namespace,
    name: repository,
    description: z.string().max(100).optional().describe("Short description"),
    is_private: z.boolean().optional().describe("Default: public"),
    full_description: fullDescription,
    registry: z.string().optional().describe("Default: docker"),
  }),
  output: record(repositoryFields),
  effect: "adds",
  async run(hub, body, signal) {
    if (!hub.authenticated) throw loginNeeded();
    if (body.name === "new-repository") {
      throw new SkiffError("invalid_input", "new-repository is a placeholder", {
        hint: "Ask the user how the repository shall be called.",
      });
    }
    const answer = await hub.send({ method: "POST", url: path(body.namespace), body, signal });
    const visible = answer.body?.is_private ? "It is private." : "Everybody can see it.";
    return hubResult(`Created the repository ${body.namespace}/${body.name}. ${visible}`, answer);
  },
});

const info = hubTool({
  name: "get-repository-info",
  alias: "getRepositoryInfo",
  title: "Get repository info",
  description: "Gets the details of a repository: descriptions, pulls, stars, last update, size.",
  input: z.object({ namespace, repository }),
  output: record(repositoryFields),
  effect: "reads",
  async run(hub, { namespace, repository }, signal) {
    const answer = await hub.send({ url: path(namespace, repository), signal });
    const official = namespace === "library"
      ? `This is an official image: it is pulled as ${repository}, without a namespace.`
      : undefined;
    return hubResult(`The repository ${namespace}/${repository}:`, answer, official);
  },
});

const update = hubTool({
  name: "update-repository-info",
  alias: "updateRepositoryInfo",
  title: "Update repository info",
  description: "Changes the descriptions or the status of a repository. Needs a log-in.",
  input: z.object({
    namespace,
    repository,
    description: z.string().max(100).optional().describe("Short description"),
    full_description: fullDescription,
    status: z.enum(["active", "inactive"]).nullish().describe("Inactive repositories take no pushes"),
  }),
  output: record(repositoryFields),
  effect: "changes",
  async run(hub, { namespace, repository, status, ...texts }, signal) {
    if (!hub.authenticated) throw loginNeeded();
    const url = path(namespace, repository);
    const body: Record<string, unknown> = { ...texts };
    let note: string | undefined;
    if (status) {
      const wanted = status === "active" ? 1 : 0;
      const before = (await hub.send({ url, signal })).body?.status;
      if (before === wanted) note = `The repository was ${status} already.`;
      else {
        body.status = wanted;
        note = `The repository is now ${status}.` +
          (wanted === 0 ? " Warning: nothing can be pushed to it until it is active again." : "");
      }
    }
    if (Object.keys(body).length === 0 && !note) {
      throw new SkiffError("invalid_input", "There is nothing to change", {
        hint: "Give description, full_description or status.",
      });
    }
    const answer = Object.keys(body).length === 0
      ? await hub.send({ url, signal })
      : await hub.send({ method: "PATCH", url, body, signal });
    return hubResult(`The repository ${namespace}/${repository} as it is now:`, answer, note);
  },
});

const check = hubTool({
  name: "check-repository",
  alias: "checkRepository",
  title: "Check repository",
  description: "Says whether a repository exists and can be seen.",
  input: z.object({ namespace, repository }),
  output: record({ exists: z.boolean().nullish() }),
  effect: "reads",
  async run(hub, { namespace, repository }, signal) {
    const answer = await hub.send({ method: "HEAD", url: path(namespace, repository), signal }, [404]);
    const exists = answer.status !== 404;
    const text = `The repository ${namespace}/${repository} ${exists ? "exists" : "does not exist"}.`;
    return hubResult(text, { ...answer, body: { exists } });
  },
});

export const repositoryTools: HubTool[] = [list, create, info, update, check];
