/** A server on loopback that speaks the contract of Docker Hub's API, with one user and a few repositories. */

export const hubUser = { username: "ada", pat: "dckr_pat_test" };

export interface HubStandIn extends AsyncDisposable {
  url: string;
  /** "GET /v2/…", in order. */
  requests: string[];
  /** Bodies of writes and of GraphQL. */
  bodies: any[];
  /** The next requests but log-ins are refused with these headers and 429. */
  limit?: HeadersInit;
  /** In place of an answer; undefined: the ordinary one. */
  instead?(request: Request): Response | Promise<Response> | undefined;
  /** Headers on every answer. */
  headers: Record<string, string>;
  /** Makes every token that was given out invalid. */
  revokeTokens(): void;
}

interface Repository {
  name: string;
  namespace: string;
  description: string;
  full_description: string;
  is_private: boolean;
  status: number;
  tags: string[];
}

export function hubStandIn(): HubStandIn {
  const repositories = new Map<string, Repository>();
  const add = (namespace: string, name: string, more: Partial<Repository> = {}) => {
    const made = {
      name,
      namespace,
      description: "",
      full_description: "",
      is_private: false,
      status: 1,
      tags: [],
    };
    repositories.set(`${namespace}/${name}`, { ...made, ...more });
  };
  add("library", "nginx", { description: "Official build of Nginx", tags: ["1.29", "latest"] });
  add("ada", "app", { tags: ["v1"], full_description: "# App\n" });
  add("ada", "vault", { is_private: true });
  let generation = 1;
  const standIn: Pick<HubStandIn, "requests" | "bodies" | "limit" | "headers" | "instead"> = {
    requests: [],
    bodies: [],
    headers: {},
  };
  const answer = async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    standIn.requests.push(`${request.method} ${url.pathname}${url.search}`);
    const body = request.method === "POST" || request.method === "PATCH" ? await request.json() : undefined;
    const instead = await standIn.instead?.(request);
    if (instead) return instead;
    if (url.pathname === "/v2/users/login") {
      const right = body.username === hubUser.username && body.password === hubUser.pat;
      return right
        ? Response.json({ token: jwt(generation) })
        : Response.json({ detail: "Wrong" }, { status: 401 });
    }
    if (body) standIn.bodies.push(body);
    if (standIn.limit) return Response.json({ message: "Too many" }, { status: 429, headers: standIn.limit });
    const given = request.headers.get("authorization")?.slice("Bearer ".length);
    if (given && given !== jwt(generation)) return Response.json({ detail: "Expired" }, { status: 401 });
    const response = route(repositories, add, request.method, url, body, given !== undefined);
    for (const [name, value] of Object.entries(standIn.headers)) response.headers.set(name, value);
    return response;
  };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);
  return Object.assign(standIn, {
    url: `http://127.0.0.1:${server.addr.port}`,
    revokeTokens: () => void generation++,
    [Symbol.asyncDispose]: () => server.shutdown(),
  });
}

function jwt(generation: number): string {
  const part = (value: unknown) => btoa(JSON.stringify(value)).replace(/=+$/, "");
  return `${part({ alg: "none" })}.${part({ exp: 4_000_000_000, generation })}.x`;
}

function route(
  repositories: Map<string, Repository>,
  add: (namespace: string, name: string, more: Partial<Repository>) => void,
  method: string,
  url: URL,
  body: any,
  user: boolean,
): Response {
  const missing = () => Response.json({ message: "object not found" }, { status: 404 });
  if (url.pathname === "/api/search/v4") {
    return Response.json({ total: 1, results: [{ name: "nginx", pull_count: "1B+" }] });
  }
  if (url.pathname === "/v2/user/orgs") {
    return Response.json({ count: 1, next: null, previous: null, results: [{ orgname: "acme" }] });
  }
  if (url.pathname === "/v1/graphql") return Response.json(hardened(body.variables.organization));
  if (url.pathname === "/v2/repositories/library/nginx/dockerfile/") {
    return Response.json({ contents: "FROM debian\n" });
  }
  const [, namespace, name, tags, tag] =
    /^\/v2\/namespaces\/([^/]+)\/repositories(?:\/([^/]+)(\/tags(?:\/([^/]+))?)?)?$/.exec(url.pathname) ?? [];
  if (namespace === undefined) return missing();
  const visible = [...repositories.values()].filter((r) =>
    r.namespace === namespace && (user || !r.is_private)
  );
  if (name === undefined) {
    if (method === "POST") {
      if (repositories.has(`${namespace}/${body.name}`)) {
        return Response.json({ message: "Repository exists" }, { status: 409 });
      }
      add(namespace, body.name, body);
      return Response.json(repositories.get(`${namespace}/${body.name}`), { status: 201 });
    }
    return Response.json({ count: visible.length, next: null, previous: null, results: visible });
  }
  const found = visible.find((r) => r.name === name);
  if (!found) return missing();
  if (method === "PATCH") Object.assign(found, body);
  if (tags === undefined) return Response.json(method === "HEAD" ? null : found);
  if (tag === undefined) {
    return Response.json({ count: found.tags.length, results: found.tags.map((name) => ({ name })) });
  }
  return found.tags.includes(tag) ? Response.json({ name: tag, full_size: 1 }) : missing();
}

function hardened(organization: string) {
  if (organization === "closed") return { errors: [{ message: "no", extensions: { status: "FORBIDDEN" } }] };
  const image = {
    destinationRepository: { name: "dhi-node", namespace: organization },
    dhiSourceRepository: { name: "node" },
  };
  const mirroredRepositories = organization === "acme" ? [image] : [];
  return { data: { dhiListMirroredRepositories: { mirroredRepositories } } };
}
