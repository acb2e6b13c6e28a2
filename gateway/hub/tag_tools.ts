/** Tools for the tags of a repository. */
import * as z from "zod";
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
  tag,
} from "./hub_tool.ts";
import { path } from "./repository_tools.ts";

const tagFields = {
  name: z.string().nullish(),
  full_size: z.number().nullish().describe("Bytes, compressed"),
  last_updated: z.string().nullish(),
  digest: z.string().nullish(),
  images: z.array(z.looseObject({
    architecture: z.string().nullish(),
    os: z.string().nullish(),
    size: z.number().nullish(),
    digest: z.string().nullish(),
  })).nullish(),
};

const list = hubTool({
  name: "list-repository-tags",
  alias: "listRepositoryTags",
  title: "List repository tags",
  description:
    "Lists the tags of a repository with their platforms and sizes, newest first, a page at a time.",
  input: z.object({
    namespace: namespace.default("library"),
    repository,
    page,
    page_size: pageSize,
    architecture: z.string().optional().describe("Only tags for this architecture, like arm64"),
    os: z.string().optional().describe("Only tags for this operating system, like linux"),
  }),
  output: pageOf(tagFields),
  effect: "reads",
  async run(hub, { namespace, repository, ...query }, signal) {
    const answer = await hub.send({ url: `${path(namespace, repository)}/tags`, query, signal });
    return hubResult(`Tags of ${namespace}/${repository}, page ${query.page}:`, answer);
  },
});

const read = hubTool({
  name: "read-repository-tag",
  alias: "getRepositoryTag",
  title: "Read repository tag",
  description: "Gets the details of one tag: platforms, sizes, digests, last push.",
  input: z.object({ namespace, repository, tag }),
  output: record(tagFields),
  effect: "reads",
  async run(hub, { namespace, repository, tag }, signal) {
    const answer = await hub.send({ url: `${path(namespace, repository)}/tags/${tag}`, signal });
    return hubResult(`The tag ${namespace}/${repository}:${tag}:`, answer);
  },
});

const checkAll = hubTool({
  name: "check-repository-tags",
  alias: "checkRepositoryTags",
  title: "Check repository tags",
  description: "Says whether a repository has tags that can be listed.",
  input: z.object({ namespace, repository }),
  output: record({ exists: z.boolean().nullish() }),
  effect: "reads",
  async run(hub, { namespace, repository }, signal) {
    const url = `${path(namespace, repository)}/tags`;
    const answer = await hub.send({ method: "HEAD", url, signal }, [404]);
    const exists = answer.status !== 404;
    const text = `The repository ${namespace}/${repository} ${exists ? "has tags" : "has no tags"}.`;
    return hubResult(text, { ...answer, body: { exists } });
  },
});

const check = hubTool({
  name: "check-repository-tag",
  alias: "checkRepositoryTag",
  title: "Check repository tag",
  description: "Says whether a tag exists.",
  input: z.object({ namespace, repository, tag }),
  output: record({ exists: z.boolean().nullish() }),
  effect: "reads",
  async run(hub, { namespace, repository, tag }, signal) {
    const url = `${path(namespace, repository)}/tags/${tag}`;
    const answer = await hub.send({ method: "HEAD", url, signal }, [404]);
    const exists = answer.status !== 404;
    const text = `The tag ${namespace}/${repository}:${tag} ${exists ? "exists" : "does not exist"}.`;
    return hubResult(text, { ...answer, body: { exists } });
  },
});

export const tagTools: HubTool[] = [list, read, checkAll, check];
