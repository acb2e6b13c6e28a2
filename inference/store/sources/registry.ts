/** Models in OCI registries, packaged by Docker's or the CNCF's model specification. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { RegistryClient } from "../../../core/registry/client.ts";
import { findCredential } from "../../../core/registry/credentials.ts";
import { layersOf, parseConfig } from "../manifest.ts";
import type { Reference } from "../reference.ts";
import type { RemoteModel, Source } from "../source.ts";

type Environment = { get(name: string): string | undefined };

export function registrySource(
  reference: Extract<Reference, { kind: "registry" }>,
  env: Environment = Deno.env,
): Source {
  const { registry, repository, tag, digest } = reference;
  const name = `${registry}/${repository}${digest ? `@${digest}` : `:${tag}`}`;
  return {
    name,
    async resolve({ signal, bearerToken, retryDelaysMs, onRemark }): Promise<RemoteModel> {
      const client = new RegistryClient({ registry, repository }, {
        credential: await findCredential(registry, env),
        bearerToken,
        insecure: env.get("INSECURE_REGISTRY") === "true",
        request: { signal, retryDelaysMs, timeoutMs: 5000, onRetry: (text) => onRemark("warning", text) },
      });
      const { digest: id, bytes, manifest } = await client.manifest(digest ?? tag);
      const layers = layersOf(manifest);
      if (!layers.some(({ kind }) => kind === "gguf" || kind === "onnx")) {
        throw new SkiffError("unsupported", `Cannot use ${name}: it holds no GGUF or ONNX weights`, {
          hint: "Pull a variant of the model in GGUF format.",
        });
      }
      const config = await client.blob(manifest.config);
      return {
        files: layers.map(({ kind, name, digest, size }, i) => ({
          kind,
          name,
          digest,
          size,
          parts: [{ range: client.blobRange(manifest.layers[i]), size }],
        })),
        created: parseConfig(config, layers).created,
        manifest: { id, bytes, config, configDigest: manifest.config.digest },
      };
    },
  };
}
