/** A recipe says all of a build: the same steps have the same digest, everything else another one. */
import { deepStrictEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { agents, findAgent } from "../../../../core/sandbox/agents/mod.ts";
import { agentPackages } from "../../../../core/sandbox/template/agent_package_table.ts";
import { placeOf } from "../../../../core/sandbox/template/build_context.ts";
import { readTemplateLabels } from "../../../../core/sandbox/template/labels.ts";
import { type BaseImage, makeRecipe } from "../../../../core/sandbox/template/recipe.ts";

const base: BaseImage = {
  reference: "debian:bookworm-slim",
  id: `sha256:${"a".repeat(64)}`,
  arch: "x64",
  environment: ["PATH=/opt/tool/bin:/usr/bin", "LANG=C.UTF-8"],
};

Deno.test("digests follow what is built", () => {
  const codex = findAgent("codex");
  const { digest } = makeRecipe(codex, base);
  equal(makeRecipe(codex, { ...base }).digest, digest);
  equal(makeRecipe(codex, { ...base, reference: "another name of it" }).digest, digest);
  notEqual(makeRecipe(codex, { ...base, id: `sha256:${"b".repeat(64)}` }).digest, digest);
  notEqual(makeRecipe(codex, { ...base, arch: "arm64" }).digest, digest);
  const changed = {
    ...codex,
    recipe: { ...codex.recipe, links: { "/usr/bin/codex": "/opt/codex/bin/codex" } },
  };
  notEqual(makeRecipe(changed, base).digest, digest);
});

Deno.test("the image keeps the base's PATH, runs as agent and says what it is", () => {
  const { dockerfile, labels } = makeRecipe(findAgent("claude"), base);
  match(dockerfile, /^FROM sha256:a{64}\n/);
  match(dockerfile, /ENV PATH="\/home\/agent\/\.local\/bin:\/opt\/tool\/bin:\/usr\/bin"/);
  match(dockerfile, /USER agent\nWORKDIR \/home\/agent\nENTRYPOINT \[\]/);
  const { agent, version, base: below } = readTemplateLabels(labels)!;
  deepStrictEqual([agent, version, below], [
    "claude",
    agentPackages.claude.x64.version,
    "debian:bookworm-slim",
  ]);
});

Deno.test("every agent has a recipe for both processors, nothing left to fill in", () => {
  for (const agent of agents) {
    for (const arch of ["x64", "arm64"] as const) {
      const { packages, script, dockerfile } = makeRecipe(agent, { ...base, arch });
      for (const { row } of packages) match(row.integrity, /^sha512-[A-Za-z0-9+/]{86}==$/);
      ok(
        !/[@{](LOADER|REQUIRED|WANTED|RENAMES|FOLDERS|arch|triple)[@}]/.test(
          JSON.stringify([packages, script]),
        ),
      );
      ok(!dockerfile.includes("undefined"));
    }
  }
});

const codexFiles = makeRecipe(findAgent("codex"), base).packages[0];
const vendor = "package/vendor/x86_64-unknown-linux-musl";
const members: [name: string, type: "file" | "symlink", target: string | undefined][] = [
  [`${vendor}/bin/codex`, "file", "/opt/codex/bin/codex"],
  [`${vendor}/codex-path/rg`, "file", "/opt/codex/codex-path/rg"],
  [`${vendor}/codex-resources/voice/bin/codex-voice-host`, "file", undefined],
  [`${vendor}/bin/link`, "symlink", undefined],
  [`${vendor}/../../../etc/passwd`, "file", undefined],
  ["package/README.md", "file", undefined],
  ["package/vendor/aarch64-unknown-linux-musl/bin/codex", "file", undefined],
];
for (const [name, type, target] of members) {
  Deno.test(`the ${type} ${name} of codex's package goes to ${target ?? "nowhere"}`, () => {
    equal(placeOf({ name, type }, codexFiles)?.target, target);
  });
}
