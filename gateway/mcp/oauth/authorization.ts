/** A login through a person's browser: authorization code with PKCE, answered on loopback. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { programName } from "../../../core/process/called_as.ts";
import { exchangeAuthorization, startAuthorization } from "../sdk_oauth.ts";
import { withAppLock } from "./app_lock.ts";
import { bearerChallenge, type Challenge } from "./challenge.ts";
import { type CallbackPage, type CallbackServer, startCallback, wantedPort } from "./callback_server.ts";
import { chooseClient } from "./client_choice.ts";
import { bindIssuer, givenClient } from "./given_client.ts";
import { discover, discoverIssuer, type Discovery } from "./discovery.ts";
import { issued } from "./issued_token.ts";
import { type Login, scopesOf } from "./login.ts";
import type { OAuthApp } from "./oauth_app.ts";
import { givenClientName, type OAuthClient } from "./oauth_client.ts";
import { type Fetch, oauthFetch } from "./oauth_fetch.ts";
import { markLogins, type OAuthParts } from "./oauth_parts.ts";
import { outsideText } from "./outside_text.ts";
import { oauthMeaning, oauthProblem, refusable } from "./oauth_problem.ts";

export interface AuthorizationOptions {
  /** Exactly these; else what the server or its metadata wants. */
  scopes?: string[];
  /** What the server asked for when it refused; absent: it is asked. */
  challenge?: Challenge;
  signal?: AbortSignal;
  /** For the person. Default 5 minutes. */
  timeoutMs?: number;
}

export interface PendingAuthorization {
  /** What the person opens. */
  url: string;
  redirectUri: string;
  /** The login, when it is kept. Throws "unauthorized", "interrupted" and what the exchange throws. */
  done: Promise<Login>;
  cancel(reason: unknown): void;
}

const personMs = 5 * 60_000;

/** Finds out how to log in and waits for the answer from now on. Throws what `discover` and `chooseClient` throw. */
export async function beginAuthorization(
  app: OAuthApp,
  parts: OAuthParts,
  options: AuthorizationOptions = {},
): Promise<PendingAuthorization> {
  const { signal } = options;
  const fetch = oauthFetch(parts.guard, signal);
  const given = await givenClient(app, parts);
  const challenge = options.challenge ??
    (app.url === undefined ? undefined : await askServer(app.url, app, fetch));
  const discovery = await discovered(app, { given, challenge, fetch, parts });
  const ended = Promise.withResolvers<Login>();
  ended.promise.catch(() => {}); // it is told to whoever waits
  const state = randomText();
  const registered = (await parts.vault.registeredClients(app)).find(({ given }) => !given);
  let exchange: ((answer: URLSearchParams) => Promise<Login>) | undefined;
  const callback = startCallback({
    ...callbackPlace(parts, given, registered?.redirect_uri),
    state,
    answered: async (answer) => {
      const done = exchange!(answer);
      done.then(ended.resolve, ended.reject);
      return await done.then(() => pageOf(app), (error) => ({ ok: false, text: error.message }));
    },
  });
  const cancel = (reason: unknown) => ended.reject(reason);
  try {
    const scope = scopeFor(app, options.scopes, challenge, discovery);
    const { redirectUri } = callback;
    const client = await chooseClient(app, { discovery, given, redirectUri, scope, parts, fetch });
    const { issuer, metadata } = discovery;
    const resource = app.url === undefined ? undefined : discovery.resource ?? app.url;
    const started = await startAuthorization(issuer, {
      metadata,
      clientInformation: client,
      redirectUrl: redirectUri,
      scope,
      state,
      resource,
    }).catch((error) => {
      throw new SkiffError("unsupported", `${issuer}: ${error.message}`, { cause: error });
    });
    const { codeVerifier, authorizationUrl } = started;
    const kept = {
      app,
      discovery,
      client,
      isGiven: given !== undefined,
      scope,
      resource,
      redirectUri,
      codeVerifier,
    };
    exchange = (answer) => exchangeCode(answer, kept, { parts, fetch });
    closeAtEnd(callback, ended.promise, cancel, options);
    return { url: authorizationUrl.href, redirectUri, done: ended.promise, cancel };
  } catch (error) {
    cancel(error);
    await callback.close();
    throw error;
  }
}

/** The challenge of a server to somebody without a token; undefined when it did not refuse. */
async function askServer(url: string, { headers }: OAuthApp, fetch: Fetch): Promise<Challenge | undefined> {
  const body = { jsonrpc: "2.0", id: 1, method: "ping" };
  const response = await fetch(url, {
    method: "POST",
    headers: {
      ...headers,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(15_000),
  }).catch(() => undefined); // servers of the older kind, and those that answer with a stream
  return response?.status === 401 ? bearerChallenge(response) : undefined;
}

async function discovered(
  app: OAuthApp,
  { given, challenge, fetch, parts }: {
    given?: OAuthClient;
    challenge?: Challenge;
    fetch: Fetch;
    parts: OAuthParts;
  },
): Promise<Discovery> {
  const { insecure } = parts.guard;
  const issuer = given?.authorization_server;
  const common = { fetch, insecure, interactive: true };
  if (app.url !== undefined) {
    const found = await discover(app.url, { ...common, challenge, issuer });
    if (challenge || found.metadata) return found;
    throw new SkiffError("unsupported", `${app.title} does not ask for a login`);
  }
  if (issuer !== undefined) return await discoverIssuer(issuer, common);
  throw new SkiffError("unsupported", `skiff knows no authorization server of ${app.title}`, {
    hint: `Give its token as a secret, or a client of its: \`${programName()} mcp secret set ${
      givenClientName(app.name)
    }\`, as {"client_id": "…", "authorization_server": "https://…"}.`,
  });
}

/** Ports and place of the answer: the user's, those of the client, those it was registered with; else any. */
function callbackPlace(
  { env }: OAuthParts,
  given: OAuthClient | undefined,
  registered: string | undefined,
): { ports: number[]; hostname?: string; path?: string } {
  const wanted = wantedPort(env);
  if (given?.redirect_uri !== undefined) {
    const url = URL.canParse(given.redirect_uri) ? new URL(given.redirect_uri) : undefined;
    const isLoopback = url?.protocol === "http:" && ["127.0.0.1", "localhost"].includes(url.hostname);
    if (!isLoopback) {
      throw new SkiffError("invalid_input", `redirect_uri is not on this machine: ${given.redirect_uri}`, {
        hint: "It is like http://127.0.0.1:8976/callback.",
      });
    }
    return { ports: [Number(url.port) || wanted || 0], hostname: url.hostname, path: url.pathname };
  }
  if (wanted !== undefined) return { ports: [wanted] };
  const before = registered === undefined ? [] : [Number(new URL(registered).port)];
  return { ports: [...before, 0] };
}

/** The person's > the server's demand > the catalog's > all that the server has use for > none. */
function scopeFor(
  app: OAuthApp,
  scopes: string[] | undefined,
  challenge: Challenge | undefined,
  { scopes: supported, metadata }: Discovery,
): string | undefined {
  if (scopes?.length) return scopes.join(" ");
  const chosen = scopesOf(
    challenge?.scope ?? ((app.scopes?.length ? app.scopes : supported) ?? []).join(" "),
  );
  // Without this scope some give no refresh token.
  const offline = metadata?.scopes_supported?.includes("offline_access") ? ["offline_access"] : [];
  return [...new Set([...chosen, ...(chosen.length > 0 ? offline : [])])].join(" ") || undefined;
}

function closeAtEnd(
  callback: CallbackServer,
  done: Promise<Login>,
  cancel: (reason: unknown) => void,
  { signal, timeoutMs = personMs }: AuthorizationOptions,
): void {
  const interrupted = () => cancel(new SkiffError("interrupted", "The login was interrupted"));
  if (signal?.aborted) interrupted();
  signal?.addEventListener("abort", interrupted, { once: true });
  const timer = setTimeout(() => {
    cancel(
      new SkiffError("unauthorized", `Nobody logged in within ${Math.round(timeoutMs / 60_000)} minutes`, {
        hint:
          "Run the command again. On another machine than the browser's, forward the port (docs/mcp-oauth.md).",
      }),
    );
  }, timeoutMs);
  done.catch(() => {}).finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", interrupted);
    callback.close();
  });
}

interface Exchange {
  app: OAuthApp;
  discovery: Discovery;
  client: OAuthClient;
  isGiven: boolean;
  scope?: string;
  resource?: string;
  redirectUri: string;
  codeVerifier: string;
}

/** The answer's code for a token, which is kept. */
async function exchangeCode(
  answer: URLSearchParams,
  { app, discovery, client, isGiven, scope, resource, redirectUri, codeVerifier }: Exchange,
  { parts, fetch }: { parts: OAuthParts; fetch: Fetch },
): Promise<Login> {
  const { issuer, metadata } = discovery;
  const authorizationCode = checkedCode(answer, discovery, app);
  const tokens = await exchangeAuthorization(issuer, {
    metadata,
    clientInformation: client,
    authorizationCode,
    codeVerifier,
    redirectUri,
    resource,
    fetchFn: refusable(fetch),
  }).catch((error) => {
    throw oauthProblem(error, `${issuer} gives no token for ${app.title}`);
  });
  const login: Login = {
    id: crypto.randomUUID(),
    ...issued(tokens, issuer),
    scope: tokens.scope ?? scope,
    requested_scope: scope,
    server: app.url,
    resource,
    authorization_server: issuer,
    token_endpoint: metadata?.token_endpoint ?? new URL("/token", issuer).href,
    revocation_endpoint: metadata?.revocation_endpoint,
    token_endpoint_auth_methods_supported: metadata?.token_endpoint_auth_methods_supported,
    client_id: client.client_id,
  };
  await withAppLock(app, parts, async () => {
    if (isGiven) await bindIssuer(app, client, { issuer, redirectUri }, parts);
    await parts.vault.keepLogin(app.name, login);
  });
  await markLogins(parts.paths);
  return login;
}

/** RFC 9207: an answer of another authorization server is no answer (mix-up). */
function checkedCode(answer: URLSearchParams, { issuer, metadata }: Discovery, { title }: OAuthApp): string {
  const from = answer.get("iss");
  const saysIssuer = metadata?.authorization_response_iss_parameter_supported === true;
  if (from === null ? saysIssuer : from !== metadata?.issuer) {
    throw new SkiffError(
      "forbidden",
      `The answer is of ${from === null ? "nobody" : outsideText(from)}, not of ${issuer}`,
    );
  }
  const error = answer.get("error");
  if (error !== null) {
    const why = oauthMeaning(error.slice(0, 100), answer.get("error_description") ?? undefined);
    throw new SkiffError("unauthorized", `There is no login for ${title}: ${why}`);
  }
  const code = answer.get("code");
  if (!code) throw new SkiffError("corrupt", `The answer of ${issuer} has no code`);
  return code;
}

function pageOf({ title }: OAuthApp): CallbackPage {
  return { ok: true, text: `skiff may use ${title} for you now. You can close this page.` };
}

function randomText(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
