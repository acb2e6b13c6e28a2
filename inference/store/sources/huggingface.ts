/** Models in repositories of Hugging Face: `hf.co/org/repo[:quantisation]`, from the branch `main`. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { bodyJson, expectOk, request } from "../../../core/http/request.ts";
import { type HubConfig, taskOf } from "../../onnx/config.ts";
import { asDtype, chooseVariant, filesOf, variantsOf } from "../../onnx/layout.ts";
import type { Reference } from "../reference.ts";
import type { RemoteFile, RemoteModel, ResolveRequest, Source } from "../source.ts";

type Environment = { get(name: string): string | undefined };

interface TreeEntry {
  type: "file" | "directory";
  path: string;
  size: number;
  oid: string;
  lfs?: { oid: string; size: number };
}

const mostFiles = 10_000;
const defaultQuantization = "Q4_K_M";

export function huggingFaceSource(
  { repository, tag }: Extract<Reference, { kind: "huggingface" }>,
  env: Environment = Deno.env,
): Source {
  const base = (env.get("HF_ENDPOINT") || "https://huggingface.co").replace(/\/+$/, "");
  const name = `hf.co/${repository}${tag === "latest" ? "" : `:${tag}`}`;
  return {
    name,
    async resolve(ask): Promise<RemoteModel> {
      const token = ask.bearerToken || env.get("HF_TOKEN");
      const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
      const get = (url: string) => getJson(url, headers, name, ask);
      ask.onRemark("progress", "Fetching file list...");
      const entries = await listFiles(`${base}/api/models/${repository}/tree/main?recursive=true`, get);
      const onnx = await chooseOnnx(
        entries,
        tag,
        name,
        async (path) => (await get(`${base}/${repository}/resolve/main/${path}`)).body,
      );
      const chosen = onnx ?? chooseWeights(entries, tag, name);
      ask.onRemark("progress", `Selected ${weightsOf(chosen).map(({ path }) => path).join(", ")}`);
      const { body: info } = await get(`${base}/api/models/${repository}/revision/main`);
      const projector = onnx ? undefined : chooseProjector(entries);
      const asFile = (entry: TreeEntry, kind: RemoteFile["kind"]) =>
        remoteFile(entry, kind, `${base}/${repository}/resolve/main/`, headers);
      return {
        files: [
          ...chosen.map((entry) => asFile(entry, kindOf(entry))),
          ...(projector ? [asFile(projector, "mmproj")] : []),
        ],
        created: Math.floor(Date.parse(info.lastModified) / 1000) || 0,
      };
    },
  };
}

async function getJson(url: string, headers: Record<string, string>, what: string, ask: ResolveRequest) {
  const { signal, retryDelaysMs, onRemark } = ask;
  const onRetry = (text: string) => onRemark("warning", text);
  try {
    const response = await expectOk(
      await request(url, { headers, signal, retryDelaysMs, onRetry, timeoutMs: 5000 }),
      what,
    );
    return { body: await bodyJson(response, url, signal), link: response.headers.get("link") };
  } catch (error) {
    const refused = error instanceof SkiffError &&
      (error.code === "unauthorized" || /limits the rate/.test(error.message));
    if (!refused) throw error;
    const hint = headers.authorization
      ? "Accept the model's licence on its page with the account of HF_TOKEN."
      : "Set HF_TOKEN to a token of an account that may read it.";
    throw new SkiffError(error.code, error.message, { hint, cause: error });
  }
}

async function listFiles(
  start: string,
  get: (url: string) => Promise<{ body: TreeEntry[]; link: string | null }>,
): Promise<TreeEntry[]> {
  const entries: TreeEntry[] = [];
  for (let url: string | undefined = start; url !== undefined;) {
    const { body, link } = await get(url);
    entries.push(...body.filter(({ type }) => type === "file"));
    const next: string | undefined = /<([^>]+)>;\s*rel="next"/.exec(link ?? "")?.[1];
    url = entries.length < mostFiles ? next && new URL(next, url).href : undefined;
  }
  return entries;
}

/**
 * The weights that a quantisation names, all shards of them: the only GGUF file, else the one with the
 * quantisation as a part of its name; without one Q4_K_M, else the first. Throws "not_found" and lists what
 * there is.
 */
export function chooseWeights(entries: TreeEntry[], tag: string, name: string): TreeEntry[] {
  const weights = entries
    .filter(({ path }) => /\.gguf$/i.test(path) && !/mmproj/i.test(path))
    .sort((a, b) => a.path < b.path ? -1 : 1);
  if (weights.length === 0) throw new SkiffError("unsupported", `Cannot use ${name}: it holds no GGUF files`);
  const sets = Map.groupBy(weights, ({ path }) => path.replace(/-\d{5}-of-(\d{5})\.gguf$/i, ""));
  const byQuantization = (wanted: string) => {
    const token = new RegExp(`(^|[-._/])${RegExp.escape(wanted)}($|[-._/])`, "i");
    return [...sets].find(([set]) => token.test(set.replace(/\.gguf$/i, "")))?.[1];
  };
  if (sets.size === 1) return weights;
  const isDefault = tag === "latest" || tag === "main";
  const found = byQuantization(isDefault ? defaultQuantization : tag) ??
    (isDefault ? [...sets.values()][0] : undefined);
  if (found) return found;
  throw new SkiffError("not_found", `Cannot find quantisation "${tag}" in ${name}`, {
    hint: `It holds ${[...sets.keys()].slice(0, 40).join(", ")}.`,
  });
}

const isOnnx = (path: string) => /\.onnx(_data(_\d+)?)?$/.test(path);

function kindOf({ path }: TreeEntry): RemoteFile["kind"] {
  return isOnnx(path) ? "onnx" : /\.gguf$/i.test(path) ? "gguf" : "file";
}

const weightsOf = (entries: TreeEntry[]) => entries.filter((entry) => kindOf(entry) !== "file");

/**
 * The files of an ONNX variant, where the tag names one (fp32, q4…) that no GGUF file has, or where there is
 * nothing but ONNX. Undefined for repositories of GGUF files. Throws "not_found" and lists what there is.
 */
export async function chooseOnnx(
  entries: TreeEntry[],
  tag: string,
  name: string,
  readConfig: (path: string) => Promise<HubConfig>,
): Promise<TreeEntry[] | undefined> {
  const paths = entries.map(({ path }) => path);
  const isDefault = tag === "latest" || tag === "main";
  const dtype = asDtype(tag);
  const hasGguf = paths.some((path) => /\.gguf$/i.test(path) && !/mmproj/i.test(path));
  if (hasGguf && dtype === undefined || !paths.some(isOnnx)) return undefined;
  if (hasGguf && !variantsOf(paths).some((variant) => variant.dtype === dtype)) return undefined;
  if (dtype === undefined && !isDefault) {
    throw new SkiffError("not_found", `Cannot find the type "${tag}" in ${name}`, {
      hint: `It holds ${variantsOf(paths).map((variant) => variant.dtype).join(", ")}.`,
    });
  }
  const generates = taskOf(paths.includes("config.json") ? await readConfig("config.json") : {}) === "text";
  const wanted = filesOf(paths, chooseVariant(paths, { dtype, generates, name }), name);
  return wanted.map((path) => entries.find((entry) => entry.path === path)!);
}

function chooseProjector(entries: TreeEntry[]): TreeEntry | undefined {
  const projectors = entries.filter(({ path }) => /mmproj.*\.gguf$/i.test(path));
  return projectors.find(({ path }) => /(^|[-._])f16\b/i.test(path)) ?? projectors[0];
}

function remoteFile(
  { path, size, oid, lfs }: TreeEntry,
  kind: RemoteFile["kind"],
  base: string,
  headers: Record<string, string>,
): RemoteFile {
  const bytes = lfs?.size ?? size;
  return {
    kind,
    name: kind === "onnx" || kind === "file" ? path : path.slice(path.lastIndexOf("/") + 1),
    digest: lfs && `sha256:${lfs.oid.replace(/^sha256:/, "")}`,
    size: bytes,
    parts: [{
      range: {
        url: base + path.split("/").map(encodeURIComponent).join("/"),
        from: 0,
        to: bytes,
        identity: lfs?.oid ?? oid,
        headers: () => Promise.resolve({ ...headers }),
      },
      size: bytes,
    }],
  };
}
