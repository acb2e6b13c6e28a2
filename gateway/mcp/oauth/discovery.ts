/**
 * Which authorization server gives tokens for an MCP server, and how it is spoken to (RFC 9728, RFC 8414,
 * OpenID Connect Discovery; MCP 2025-11-25, with the ways of 2025-03-26 for servers that describe nothing).
 */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import {
  buildDiscoveryUrls,
  checkResourceAllowed,
  type OAuthMetadata,
  OAuthMetadataSchema,
  OAuthProtectedResourceMetadataSchema,
} from "../sdk_oauth.ts";
import type { Challenge } from "./challenge.ts";
import type { Fetch } from "./oauth_fetch.ts";
import { isSameIssuer } from "./issuer.ts";
import { outsideText } from "./outside_text.ts";

export interface Discovery {
  /** What tokens are asked for, as the server writes it; absent: it does not describe itself. */
  resource?: string;
  /** Scopes that the server has use for. */
  scopes?: string[];
  /** The authorization server, by its identifier. */
  issuer: string;
  /** Absent only for servers of 2025-03-26, whose endpoints have fixed places. */
  metadata?: OAuthMetadata;
}

export interface DiscoveryOptions {
  fetch: Fetch;
  challenge?: Challenge;
  /** The only authorization server that will do: the user's client is for it. */
  issuer?: string;
  /** http is allowed, too. */
  insecure: boolean;
  /** A person will log in: PKCE is needed. */
  interactive: boolean;
}

/**
 * Throws "forbidden" for metadata that is not to be trusted (of another resource, another issuer, without PKCE,
 * endpoints without TLS), "corrupt" for what is no metadata, "network", "not_found".
 */
export async function discover(server: string, options: DiscoveryOptions): Promise<Discovery> {
  const described = await resourceMetadata(server, options);
  if (!described) return await discoverUndescribed(server, options);
  const { resource, authorization_servers: issuers = [], scopes_supported: scopes } = described;
  if (!checkResourceAllowed({ requestedResource: server, configuredResource: resource })) {
    throw new SkiffError(
      "forbidden",
      `${server} says that it is ${outsideText(resource)}: its tokens would be for that`,
    );
  }
  const issuer = chooseIssuer(server, issuers, options.issuer);
  return { resource, scopes, ...await discoverIssuer(issuer, options) };
}

/** An authorization server by its identifier. */
export async function discoverIssuer(
  issuer: string,
  options: Pick<DiscoveryOptions, "fetch" | "insecure" | "interactive">,
): Promise<{ issuer: string; metadata: OAuthMetadata }> {
  const metadata = await issuerMetadata(issuer, options.fetch);
  if (!metadata) {
    throw new SkiffError("not_found", `The authorization server ${issuer} does not describe itself`);
  }
  if (!isSameIssuer(metadata.issuer, issuer)) {
    throw new SkiffError(
      "forbidden",
      `The authorization server ${issuer} says that it is ${outsideText(metadata.issuer)}`,
    );
  }
  checkMetadata(metadata, options);
  return { issuer, metadata };
}

/** 2025-03-26: the server's origin is the authorization server. */
async function discoverUndescribed(server: string, options: DiscoveryOptions): Promise<Discovery> {
  const { origin } = new URL(server);
  if (options.issuer !== undefined && !isSameIssuer(options.issuer, origin)) {
    throw new SkiffError(
      "forbidden",
      `${server} does not name ${options.issuer} as its authorization server`,
    );
  }
  const metadata = await issuerMetadata(origin, options.fetch);
  if (metadata) {
    if (!URL.canParse(metadata.issuer) || new URL(metadata.issuer).origin !== origin) {
      throw new SkiffError(
        "forbidden",
        `The authorization server ${origin} says that it is ${outsideText(metadata.issuer)}`,
      );
    }
    checkMetadata(metadata, options);
  }
  return { issuer: metadata?.issuer ?? origin, metadata };
}

async function resourceMetadata(server: string, { fetch, challenge }: DiscoveryOptions) {
  const url = new URL(server);
  const wellKnown = "/.well-known/oauth-protected-resource";
  const path = url.pathname.replace(/\/$/, "");
  const places = [new URL(`${wellKnown}${path}${url.search}`, url)];
  if (path !== "") places.push(new URL(wellKnown, url));
  const named = challenge?.resourceMetadata;
  // Who else describes the server is not its business: only its own word counts.
  if (named !== undefined && URL.canParse(named) && new URL(named).origin === url.origin) {
    places.unshift(new URL(named));
  }
  for (const place of new Map(places.map((place) => [place.href, place])).values()) {
    const found = await getJson(place, fetch);
    if (found === undefined) continue;
    const parsed = OAuthProtectedResourceMetadataSchema.safeParse(found);
    if (!parsed.success) throw noMetadata(place, parsed.error);
    return parsed.data;
  }
  return undefined;
}

function chooseIssuer(server: string, issuers: string[], wanted: string | undefined): string {
  if (issuers.length === 0) {
    throw new SkiffError("corrupt", `${server} names no authorization server`);
  }
  if (wanted === undefined) return issuers[0];
  const found = issuers.find((issuer) => isSameIssuer(issuer, wanted));
  if (found !== undefined) return found;
  throw new SkiffError(
    "forbidden",
    `${server} wants tokens of ${outsideText(issuers[0])}, and its client is for ${wanted}`,
    {
      hint: "Correct `authorization_server` of the client, if the server's provider has moved.",
    },
  );
}

async function issuerMetadata(issuer: string, fetch: Fetch) {
  if (!URL.canParse(issuer)) {
    throw new SkiffError("corrupt", `"${outsideText(issuer)}" is no authorization server`);
  }
  for (const { url } of buildDiscoveryUrls(issuer)) {
    const found = await getJson(url, fetch);
    if (found === undefined) continue;
    const parsed = OAuthMetadataSchema.safeParse(found);
    if (!parsed.success) throw noMetadata(url, parsed.error);
    return parsed.data;
  }
  return undefined;
}

/** The JSON there; undefined when nothing is. */
async function getJson(url: URL, fetch: Fetch): Promise<unknown> {
  const response = await fetch(url, { headers: { accept: "application/json" } });
  if (response.status >= 500) {
    throw new SkiffError("network", `${url.href} answers ${response.status}`, { hint: "Try again later." });
  }
  if (!response.ok) return undefined;
  try {
    return await response.json();
  } catch (error) {
    throw noMetadata(url, error);
  }
}

function noMetadata(url: URL, cause: unknown): SkiffError {
  return new SkiffError("corrupt", `What is at ${url.href} is no metadata`, { cause });
}

const endpoints = [
  "authorization_endpoint",
  "token_endpoint",
  "registration_endpoint",
  "revocation_endpoint",
] as const;

function checkMetadata(
  metadata: OAuthMetadata,
  { insecure, interactive }: { insecure: boolean; interactive: boolean },
): void {
  const { issuer } = metadata;
  if (interactive && !metadata.code_challenge_methods_supported?.includes("S256")) {
    throw new SkiffError("forbidden", `The authorization server ${issuer} does not support PKCE with S256`, {
      hint: "Without it a stolen code is as good as a login. Ask its operator.",
    });
  }
  for (const name of endpoints) {
    const text = metadata[name];
    if (text === undefined) continue;
    const url = URL.canParse(String(text)) ? new URL(String(text)) : undefined;
    const isFine = url && (url.protocol === "https:" || (insecure && url.protocol === "http:"));
    if (!isFine || url.username || url.password) {
      throw new SkiffError(
        "forbidden",
        `The ${name.replace("_", " ")} of ${issuer} is not https: ${outsideText(String(text))}`,
      );
    }
  }
}
