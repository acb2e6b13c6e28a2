/** mcp-find: the catalog's servers that fit a query, by words and, with an embedding model, by meaning. */
import type { ServerEntry } from "../catalog/server_entry.ts";
import type { OwnTool } from "../gateway/gateway_session.ts";
import { rankByWords, type Ranked, type WeightedText } from "./bm25.ts";
import type { DynamicSession } from "./dynamic_session.ts";
import type { Meaning } from "./meaning.ts";
import { requiredText, textAnswer } from "./tool_answer.ts";

/** Below this cosine a server without a word of the query is none of its matches. */
const leastCosine = 0.2;

export interface FindOptions {
  meaning?: Meaning;
  signal: AbortSignal;
  log(line: string): void;
  /** ms */
  patience?: number;
}

/** How long a search waits for vectors; a catalog is embedded once, which goes on for the next search. */
const patienceMs = 5000;
/** While it still goes on after one has waited. */
const shortPatienceMs = 500;

/** The servers that match, best first. Deterministic. */
export async function findServers(
  query: string,
  entries: ServerEntry[],
  { meaning, signal, log, patience = meaning?.behind ? shortPatienceMs : patienceMs }: FindOptions,
): Promise<ServerEntry[]> {
  const byWords = rankByWords(query, entries, { fields: wordsOf, name: ({ name }) => name });
  if (!meaning || entries.length === 0) return byWords.map(({ item }) => item);
  try {
    const cosines = await within(patience, signal, meaning.nearness(query, entries.map(meaningText)));
    meaning.behind = false;
    return ranked(byWords, entries, cosines);
  } catch (error) {
    signal.throwIfAborted();
    meaning.behind = error instanceof TooLate;
    log(`! Servers are found by words only: ${(error as Error).message}`);
    return byWords.map(({ item }) => item);
  }
}

/**
 * By both: words count by their score against the best one's and by how much of the query they are, meaning by how
 * far it is from what is usual to the nearest one. On Docker's 328 servers and 40 questions the first that fits is
 * in 34 cases the first (by words alone 32; when only the two orders are joined, as is usual, 32).
 */
function ranked(byWords: Ranked<ServerEntry>[], entries: ServerEntry[], cosines: number[]): ServerEntry[] {
  const words = new Map(byWords.map(({ item, score, share }) => [item, share * score / byWords[0].score]));
  // Models differ in how near they see everything: unrelated texts have cosines around 0 with some, 0.6 with others.
  const usual = cosines.reduce((sum, value) => sum + value, 0) / cosines.length;
  const nearest = Math.max(...cosines);
  const near = Math.max(leastCosine, (usual + nearest) / 2);
  return entries.map((entry, i) => ({
    entry,
    fits: words.has(entry) || cosines[i] >= near,
    score: (words.get(entry) ?? 0) + Math.max(0, cosines[i] - usual) / (nearest - usual || 1),
  })).filter(({ fits }) => fits)
    .sort((a, b) => b.score - a.score || (a.entry.name < b.entry.name ? -1 : 1))
    .map(({ entry }) => entry);
}

class TooLate extends Error {}

/** What comes in time. Throws when it does not, or when the signal is aborted. */
async function within<T>(ms: number, signal: AbortSignal, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new TooLate("the catalog is being embedded")), ms);
  const abort = () => late.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
    work.catch(() => {}); // told by the race, or too late for it
  }
}

function wordsOf({ name, title = "", description = "", tools = [], metadata }: ServerEntry): WeightedText[] {
  return [
    { text: name, weight: 4 },
    { text: title, weight: 3 },
    { text: [metadata?.category ?? "", ...(metadata?.tags ?? [])].join(" "), weight: 3 },
    { text: tools.map((tool) => tool.name).join(" "), weight: 2 },
    { text: [description, ...tools.map((tool) => tool.description ?? "")].join(" "), weight: 1 },
  ];
}

function meaningText({ name, title, description = "", tools = [] }: ServerEntry): string {
  const names = tools.slice(0, 20).map((tool) => tool.name.replace(/[_-]+/g, " ")).join(", ");
  return `${title ?? name}: ${description}${names ? ` Tools: ${names}` : ""}`.slice(0, 500);
}

export function mcpFind(dynamic: DynamicSession): OwnTool {
  return {
    definition: {
      name: "mcp-find",
      description:
        "Find MCP servers in the catalog by name, title, description or what they are for. Gives the servers with " +
        "the secrets and the configuration that they need. Add one of them with mcp-add.",
      inputSchema: {
        type: "object",
        properties: {
          query: { type: "string", description: "What to look for, e.g. `sql database`" },
          limit: { type: "integer", description: "Most servers to give (default 10)", minimum: 1 },
        },
        required: ["query"],
      },
      annotations: { readOnlyHint: true, title: "Find MCP servers" },
    },
    async call(args, { signal }) {
      const query = requiredText(args, "query");
      const limit = Number(args.limit) >= 1 ? Math.floor(Number(args.limit)) : 10; // models write numbers as text, too
      const entries = [...dynamic.configuration().catalogs.servers.values()];
      const meaning = dynamic.meaning ??= await dynamic.seekMeaning?.();
      const found = await findServers(query, entries, { meaning, log: dynamic.log, signal });
      const servers = found.slice(0, limit).map((entry) => summary(entry, dynamic));
      return textAnswer(JSON.stringify({ prompt: query, total_matches: found.length, servers }));
    },
  };
}

function summary(entry: ServerEntry, { session }: DynamicSession): Record<string, unknown> {
  const warnings = (entry.tools ?? []).flatMap(({ name }) => {
    const holder = session.tools().find((tool) => tool.definition.name === name);
    return holder && holder.server?.entry.name !== entry.name
      ? [`${name}: ${holder.server?.entry.name ?? "the gateway"} has a tool of this name`]
      : [];
  });
  return {
    name: entry.name,
    description: entry.description ?? "",
    required_secrets: (entry.secrets ?? []).map(({ name }) => name),
    config_schema: entry.config ?? [],
    long_lived: entry.longLived ?? false,
    ...(warnings.length > 0 ? { tool_name_warnings: warnings } : {}),
  };
}
