/** `--yq` of `catalog show` and `profile show` against mikefarah's yq over what they print without it. */
import assert from "node:assert/strict";
import { expressions } from "../../core/yq/expressions.ts";
import { withHome } from "../../gateway/mcp/home.ts";
import { mikefarahYq, yqDifferences } from "../../support/mikefarah_yq.ts";
import { realTest } from "../../support/parts.ts";
import { typing } from "./typing.ts";

const ofCatalogs = [
  ".registry | keys",
  '.registry[] | select(.type == "remote") | key',
  ".registry[].tools[].name",
  '[.registry[] | {"n": key, "t": .type, "tools": (.tools | length)}]',
  "[.registry[].secrets[].env] | unique | sort",
  '.registry | with_entries(select(.value.type == "server")) | map_values(.image)',
  "del(.registry[].tools) | .registry | to_entries | .[0]",
  '.registry[] | select(.description | test("(?i)search")) | .title',
  ".registry | sort_keys(..)",
  '[.. | select(tag == "!!str" and test("\\n"))] | length',
];

const ofProfiles = [
  '.servers[] | .type + " " + .image',
  ".servers[].snapshot.server.name",
  "del(.servers[].snapshot)",
  '.servers | map(pick(["type", "image"])) | @csv',
];

realTest(
  "a catalog and a profile as skiff prints them give what yq gives of them",
  mikefarahYq,
  async (program) => {
    const table = Object.values(expressions).flat().map(([word]) => word);
    await withHome(async (home) => {
      const type = typing(home);
      await type("template", "use", "ai-coding");
      for (const format of ["json", "yaml"] as const) {
        for (const shown of [["catalog", "show"], ["profile", "show", "ai-coding"]]) {
          const { out } = await type(...shown, "--format", format);
          const words = [...ofCatalogs, ...ofProfiles, ...format === "yaml" ? table : []];
          assert.deepEqual(await yqDifferences(program, words, out, format), [], shown.join(" "));
          assert.equal((await type(...shown, "--format", format, "--yq", ".")).out, out);
        }
      }
    });
  },
);
