/** Models as OCI manifests with Docker's model config, the form in which registries hold them. */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { binarySize } from "../../core/format/byte_size.ts";
import { type Descriptor, type Manifest, manifestType, sha256Digest } from "../../core/registry/client.ts";
import type { Layer, LayerKind, ModelConfig } from "./model.ts";

export const dockerConfigType = "application/vnd.docker.ai.model.config.v0.1+json";
const filesConfigType = "application/vnd.docker.ai.model.config.v0.2+json";
const cncfConfigType = "application/vnd.cncf.model.config.v1+json";
const nameAnnotation = "org.cncf.model.filepath";

/** What a media type holds; the first type of a kind is the one that we write. */
const layerTypes: [LayerKind, string][] = [
  ["gguf", "application/vnd.docker.ai.gguf.v3"],
  ["gguf", "application/vnd.cncf.model.weight.v1.gguf"],
  ["lora", "application/vnd.docker.ai.gguf.v3.lora"],
  ["mmproj", "application/vnd.docker.ai.mmproj"],
  ["mmproj", "application/vnd.docker.ai.gguf.v3.mmproj"],
  ["template", "application/vnd.docker.ai.chat.template.jinja"],
  ["license", "application/vnd.docker.ai.license"],
];

export interface BuiltManifest {
  /** "sha256:<hex>" of the manifest. */
  id: string;
  manifest: Uint8Array<ArrayBuffer>;
  config: Uint8Array<ArrayBuffer>;
  configDigest: string;
}

/** Packages layers; the same layers, settings and time give the same id. `created`: Unix seconds. */
export function buildManifest(layers: Layer[], config: ModelConfig, created: number): BuiltManifest {
  const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const configBytes = encode({
    config,
    descriptor: { created: new Date(created * 1000).toISOString().replace(".000", "") },
    rootfs: { type: "rootfs", diff_ids: layers.map(({ digest }) => digest) },
  });
  const configDigest = sha256Digest(configBytes);
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    config: { mediaType: dockerConfigType, digest: configDigest, size: configBytes.length },
    layers: layers.map(({ kind, digest, size, name }) => ({
      mediaType: mediaType(kind),
      digest,
      size,
      annotations: { [nameAnnotation]: name },
    })),
  };
  const bytes = encode(manifest);
  return { id: sha256Digest(bytes), manifest: bytes, config: configBytes, configDigest };
}

function mediaType(kind: LayerKind): string {
  if (kind === "onnx") return "application/vnd.cncf.model.weight.v1.raw"; // read back by its name
  return layerTypes.find(([known]) => known === kind)?.[1] ?? "application/vnd.docker.ai.model.file";
}

/** The layers that a manifest names. Throws "unsupported" for artifacts that are no models. */
export function layersOf(manifest: Manifest): Layer[] {
  const type = manifest.config.mediaType;
  if (![dockerConfigType, filesConfigType, cncfConfigType].includes(type)) {
    throw new SkiffError("unsupported", `Cannot use the artifact: its config is ${type}`, {
      hint: "It is no model, or one of a newer format: update skiff.",
    });
  }
  return manifest.layers.map((layer, i) => ({
    kind: layerKind(layer),
    digest: layer.digest,
    size: layer.size,
    name: layerName(layer) ?? `layer-${i}`,
  }));
}

function layerKind(layer: Descriptor): LayerKind {
  const known = layerTypes.find(([, type]) => type === layer.mediaType)?.[0];
  if (known) return known;
  const name = layerName(layer) ?? "";
  if (/\.gguf$/i.test(name)) return /mmproj/i.test(name) ? "mmproj" : "gguf";
  if (/\.onnx(_data(_\d+)?)?$/i.test(name)) return "onnx";
  return "file";
}

/**
 * The layer's file name. Folders are part of it only for models of several files (ONNX), without anything that
 * could lead elsewhere; nothing is written to such a path.
 */
function layerName({ annotations }: Descriptor): string | undefined {
  const path = annotations?.[nameAnnotation] ?? annotations?.["org.opencontainers.image.title"];
  const parts = path?.split(/[/\\]/).filter((part) => part !== "" && !/^\.+$/.test(part)) ?? [];
  const name = parts.join("/");
  return (/\.(json|jinja|onnx|onnx_data(_\d+)?)$/i.test(name) ? name : parts.at(-1)) || undefined;
}

/** Settings and creation time (Unix seconds) of a config blob, of Docker's or the CNCF's form. Throws "corrupt". */
export function parseConfig(bytes: Uint8Array, layers: Layer[]): { config: ModelConfig; created: number } {
  let value: Record<string, any>;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new SkiffError("corrupt", "Cannot read the model's config: it is no JSON", { cause: error });
  }
  const given = value.config ?? {};
  const text = (...candidates: unknown[]) => String(candidates.find((c) => typeof c === "string") ?? "");
  const weights = layers.filter(({ kind }) => kind === "gguf" || kind === "onnx").reduce(
    (sum, { size }) => sum + size,
    0,
  );
  const has = (wanted: LayerKind) => layers.some(({ kind }) => kind === wanted);
  const created = Date.parse(text(value.descriptor?.created, value.descriptor?.createdAt));
  return {
    config: {
      format: !has("gguf") && has("onnx") ? "onnx" : "gguf",
      quantization: text(given.quantization),
      parameters: text(given.parameters, given.paramSize),
      architecture: text(given.architecture),
      size: text(given.size, binarySize(weights)),
      ...(Number.isSafeInteger(given.context_size) ? { context_size: given.context_size } : {}),
      ...(given.gguf ? { gguf: given.gguf } : {}),
      ...(given.onnx ? { onnx: given.onnx } : {}),
    },
    created: Number.isNaN(created) ? 0 : Math.floor(created / 1000),
  };
}
