/** An OCI registry on this machine that speaks the distribution protocol's reading half, with tokens. */
import { createHash } from "node:crypto";
import { type FileServer, serveFiles } from "./file_server.ts";

export interface RegistryServer {
  server: FileServer;
  /** "127.0.0.1:<port>", the first part of references. */
  host: string;
  /** Adds an artifact; gives the digest of its manifest. */
  push(repository: string, tag: string, artifact: Artifact): string;
}

export interface Artifact {
  configType: string;
  config: unknown;
  layers: { mediaType: string; bytes: Uint8Array<ArrayBuffer>; name?: string }[];
}

export function digestOf(bytes: Uint8Array | string): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** `login`: "user:password" that the token service wants; without it everybody gets a token. */
export function serveRegistry({ login }: { login?: string } = {}): RegistryServer {
  const server = serveFiles();
  const host = new URL(server.url).host;
  server.fault = (request) => {
    const url = new URL(request.url);
    const authorization = request.headers.get("authorization");
    if (url.pathname === "/token") {
      const allowed = login === undefined || authorization === `Basic ${btoa(login)}`;
      return allowed
        ? Response.json({ token: `for ${url.searchParams.get("scope")}` })
        : new Response(null, { status: 401 });
    }
    const repository = /^\/v2\/(.+)\/(?:manifests|blobs)\//.exec(url.pathname)?.[1];
    if (authorization === `Bearer for repository:${repository}:pull`) return undefined;
    const challenge =
      `Bearer realm="${server.url}/token",service="test",scope="repository:${repository}:pull"`;
    return new Response(null, { status: 401, headers: { "www-authenticate": challenge } });
  };
  const push = (repository: string, tag: string, { configType, config, layers }: Artifact) => {
    const addBlob = (bytes: Uint8Array<ArrayBuffer>) => {
      server.files.set(`/v2/${repository}/blobs/${digestOf(bytes)}`, { body: bytes });
      return { digest: digestOf(bytes), size: bytes.length };
    };
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: { mediaType: configType, ...addBlob(new TextEncoder().encode(JSON.stringify(config))) },
      layers: layers.map(({ mediaType, bytes, name }) => ({
        mediaType,
        ...addBlob(bytes),
        ...(name ? { annotations: { "org.cncf.model.filepath": name } } : {}),
      })),
    });
    for (const reference of [tag, digestOf(manifest)]) {
      server.files.set(`/v2/${repository}/manifests/${reference}`, { body: manifest });
    }
    return digestOf(manifest);
  };
  return { server, host, push };
}
