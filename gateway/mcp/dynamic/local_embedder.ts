/** An embedding model of skiff's own model server, when there is one. */
import type { ApiClient } from "../../client/api_client.ts";
import { connect } from "../../client/connect.ts";
import type { Embedder } from "./meaning.ts";

/** Architectures of text encoders; the names that GGUF and ONNX files give them. */
const encoders = /^(bert|nomic-bert|nomic-bert-moe|jina-bert|neo-bert|roberta|xlm-roberta|gemma-embedding)/i;
/** Of models that are made for it, whatever their architecture. */
const embeddingName = /embed|minilm|bge-|gte-|\be5-/i;

interface ListedModel {
  id: string;
  dmr?: { architecture?: string };
}

/**
 * The model that `SKIFF_EMBEDDING_MODEL` names, else the first pulled one that makes embeddings. Undefined when no
 * server runs or it has none: nothing is started or pulled.
 */
export async function localEmbedder(
  env: { get(name: string): string | undefined },
): Promise<Embedder | undefined> {
  let client: ApiClient;
  try {
    client = await connect({ autostart: false, env });
  } catch {
    return undefined; // no server
  }
  try {
    const model = env.get("SKIFF_EMBEDDING_MODEL") || await firstEmbeddingModel(client);
    if (model) return { model, embed: (texts) => client.embeddings(model, texts) };
  } catch { /* a server that does not list is none that embeds */ }
  client.close();
  return undefined;
}

async function firstEmbeddingModel(client: ApiClient): Promise<string | undefined> {
  const { data } = (await client.openAIModels()) as { data: unknown[] } as { data: ListedModel[] };
  const fitting = data.filter(({ id, dmr }) =>
    encoders.test(dmr?.architecture ?? "") || embeddingName.test(id)
  );
  return fitting.map(({ id }) => id).sort()[0];
}
