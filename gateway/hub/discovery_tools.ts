/** Tools that find things: search, namespaces of the user, hardened images. */
import * as z from "zod";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { loginNeeded } from "./hub_client.ts";
import { hubResult, type HubTool, hubTool, namespace, page, pageOf, pageSize, record } from "./hub_tool.ts";

const names = (what: string) => z.array(z.string()).optional().describe(what);

const search = hubTool({
  name: "search",
  title: "Search Docker Hub",
  description: "Searches content on Docker Hub. Best matches come first, unless an order is given.",
  input: z.object({
    query: z.string().min(1).describe("What to look for"),
    badges: z.array(z.enum(["official", "verified_publisher", "open_source"])).optional().describe(
      "Only trusted content of these kinds",
    ),
    type: z.string().optional().describe("Kind of repository, like image, plugin, extension or model"),
    categories: names("Only these categories"),
    architectures: names("Only for these architectures"),
    operating_systems: names("Only for these operating systems"),
    extension_reviewed: z.boolean().optional().describe("Only reviewed extensions"),
    from: z.number().int().min(0).optional().describe("How many to skip"),
    size: z.number().int().min(1).max(100).optional().describe("How many to give"),
    sort: z.enum(["pull_count", "updated_at"]).nullish().describe("Only when the user asks for an order"),
    order: z.enum(["asc", "desc"]).nullish(),
    images: names("Only these images"),
  }),
  output: record({
    total: z.number().nullish(),
    results: z.array(z.looseObject({
      name: z.string().nullish().describe("namespace/repository"),
      short_description: z.string().nullish(),
      badge: z.string().nullish(),
      star_count: z.number().nullish(),
      pull_count: z.union([z.string(), z.number()]).nullish(),
      updated_at: z.string().nullish(),
    })).nullish(),
  }),
  effect: "reads",
  async run(hub, input, signal) {
    const query: Record<string, string | undefined> = { custom_boosted_results: "true" };
    for (const [name, value] of Object.entries(input)) {
      const text = Array.isArray(value) ? value.join(",") : String(value ?? "");
      if (text !== "" && value !== false) query[name] = text;
    }
    const answer = await hub.send({ url: "/api/search/v4", query, signal });
    const first: unknown = answer.body?.results?.[0]?.name;
    const exact = typeof first === "string" && first.toLowerCase().includes(input.query.toLowerCase());
    const note = first !== undefined && !exact
      ? `No repository is called like "${input.query}"; these may be relevant.`
      : undefined;
    return hubResult(`Search results for "${input.query}":`, answer, note);
  },
});

const namespaces = hubTool({
  name: "get-namespaces",
  alias: "listNamespaces",
  title: "Get namespaces",
  description: "Gets the organizations and namespaces that the logged-in user belongs to. Needs a log-in.",
  input: z.object({ page, page_size: pageSize }),
  output: pageOf({ orgname: z.string().nullish(), full_name: z.string().nullish() }),
  effect: "reads",
  async run(hub, query, signal) {
    if (!hub.authenticated) throw loginNeeded();
    const answer = await hub.send({ url: "/v2/user/orgs", query, signal });
    const own = `The user's own namespace is ${hub.username}.`;
    return hubResult(`Organizations of ${hub.username}, page ${query.page}:`, answer, own);
  },
});

const mirrored = `query ($organization: String!) {
  dhiListMirroredRepositories(context: { organization: $organization }) {
    mirroredRepositories {
      destinationRepository { name namespace }
      dhiSourceRepository { displayName namespace name }
    }
  }
}`;

const hardened = hubTool({
  name: "docker-hardened-images",
  alias: "dockerHardenedImages",
  title: "List available Docker Hardened Images",
  description:
    "Lists Docker Hardened Images, the images with the fewest known vulnerabilities, that are mirrored " +
    "into an organization of the user. Always ask the user for the organization. Needs a log-in and a subscription.",
  input: z.object({ organisation: namespace.describe("Organization to list them for") }),
  output: record({
    mirroredRepositories: z.array(z.looseObject({
      destinationRepository: z.looseObject({}).nullish(),
      dhiSourceRepository: z.looseObject({}).nullish(),
    })).nullish(),
  }),
  effect: "reads",
  async run(hub, { organisation }, signal) {
    if (!hub.authenticated) throw loginNeeded();
    const body = { query: mirrored, variables: { organization: organisation } };
    const answer = await hub.send({ method: "POST", url: `${hub.scout}/v1/graphql`, body, signal });
    const [problem] = answer.body?.errors ?? [];
    if (problem) throw scoutError(problem, organisation);
    const content = answer.body?.data?.dhiListMirroredRepositories ?? { mirroredRepositories: [] };
    const found = content.mirroredRepositories?.length ?? 0;
    const text = found > 0
      ? `Hardened images of ${organisation}:`
      : `There are no mirrored hardened images in ${organisation}. Another organization may have a subscription.`;
    return hubResult(text, { ...answer, body: content });
  },
});

function scoutError(problem: any, organisation: string): SkiffError {
  const subscription =
    "Hardened images need a subscription: https://www.docker.com/products/hardened-images/";
  if (String(problem.extensions?.status).includes("FORBIDDEN")) {
    return new SkiffError("forbidden", `You may not list the hardened images of ${organisation}`, {
      hint: `Try another organization. ${subscription}`,
    });
  }
  return new SkiffError("network", `Docker Scout answers: ${problem.message ?? JSON.stringify(problem)}`, {
    hint: subscription,
  });
}

export const discoveryTools: HubTool[] = [search, namespaces, hardened];
