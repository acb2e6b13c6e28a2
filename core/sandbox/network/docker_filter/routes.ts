/** The Engine's routes that a sandbox may use, and what has to be checked on each. All others are refused. */

export type RouteKind =
  | "free" // nothing to check: it tells nothing of others
  | "list" // the owner's label is added to the filters
  | "container" // one of the sandbox's own
  | "hijack" // a raw stream of one of its own
  | "create"
  | "exec-create"
  | "exec"
  | "exec-hijack"
  | "put-archive"
  | "commit"
  | "build"
  | "pull"
  | "tag"
  | "image" // one that it made
  | "image-read" // any image's description
  | "volume"
  | "volume-create"
  | "network"
  | "network-create"
  | "network-member";

export interface Route {
  kind: RouteKind;
  /** Name or id in the path. */
  name: string;
  /** Path without the version. */
  path: string;
}

const id = "([a-zA-Z0-9][a-zA-Z0-9_.-]*)";
const image = "([a-z0-9][a-z0-9._\\-/:@]*)";

/** First match counts. */
const table: [string, RouteKind][] = [
  ["(?:GET|HEAD) /_ping", "free"],
  ["GET /version", "free"],
  ["GET /info", "free"],
  ["GET /events", "list"],
  ["GET /containers/json", "list"],
  ["POST /containers/prune", "list"],
  ["POST /containers/create", "create"],
  [`GET /containers/${id}/(?:json|logs|top|stats|changes|export)`, "container"],
  [`POST /containers/${id}/(?:start|restart|stop|kill|resize|pause|unpause|rename|wait)`, "container"],
  [`POST /containers/${id}/attach`, "hijack"],
  [`POST /containers/${id}/exec`, "exec-create"],
  [`(?:GET|HEAD) /containers/${id}/archive`, "container"],
  [`PUT /containers/${id}/archive`, "put-archive"],
  [`DELETE /containers/${id}`, "container"],
  [`POST /exec/${id}/start`, "exec-hijack"],
  [`POST /exec/${id}/resize`, "exec"],
  [`GET /exec/${id}/json`, "exec"],
  ["POST /commit", "commit"],
  ["POST /build", "build"],
  ["GET /images/json", "free"],
  ["POST /images/create", "pull"],
  ["POST /images/prune", "list"],
  [`GET /images/${image}/(?:json|history)`, "image-read"],
  [`GET /images/${image}/get`, "image"],
  [`POST /images/${image}/tag`, "tag"],
  [`DELETE /images/${image}`, "image"],
  ["GET /volumes", "list"],
  ["POST /volumes/create", "volume-create"],
  ["POST /volumes/prune", "list"],
  [`(?:GET|DELETE) /volumes/${id}`, "volume"],
  ["GET /networks", "list"],
  ["POST /networks/create", "network-create"],
  ["POST /networks/prune", "list"],
  [`(?:GET|DELETE) /networks/${id}`, "network"],
  [`POST /networks/${id}/(?:connect|disconnect)`, "network-member"],
];
const routes = table.map(([pattern, kind]) => ({ pattern: new RegExp(`^${pattern}$`), kind }));

/** Which route a request means; undefined: one that is refused. `path` without the query. */
export function findRoute(method: string, path: string): Route | undefined {
  const bare = path.replace(/^\/v\d+\.\d+(?=\/)/, "");
  // Two readers may decode or clean a path differently.
  if (!/^[\w./:@-]+$/.test(bare) || bare.includes("//") || /(^|\/)\.{1,2}(\/|$)/.test(bare)) return undefined;
  for (const { pattern, kind } of routes) {
    const match = pattern.exec(`${method} ${bare}`);
    if (match) return { kind, name: match[1] ?? "", path: bare };
  }
  return undefined;
}
