import { deepStrictEqual as equal, throws } from "node:assert";
import { compareApi, negotiateApi, newestApi } from "../../../core/docker/api_version.ts";

Deno.test("versions compare by number, not by letter", () => {
  equal(["1.9", "1.41", "1.44", "2.0"].toSorted(compareApi), ["1.9", "1.41", "1.44", "2.0"]);
  equal(compareApi("1.41", "1.41"), 0);
});

const agreed: { engine: string; pinned?: string; version: string }[] = [
  { engine: "1.41", version: "1.41" },
  { engine: "1.52", version: "1.52" },
  { engine: "1.99", version: newestApi },
  { engine: "1.52", pinned: "1.44", version: "1.44" },
  { engine: "1.99", pinned: "1.60", version: "1.60" },
];

for (const { engine, pinned, version } of agreed) {
  Deno.test(`an Engine of ${engine}${pinned ? ` and a pin of ${pinned}` : ""} gives ${version}`, () => {
    equal(negotiateApi({ engineApi: engine, pinned, engineVersion: "x" }), version);
  });
}

const refused: { name: string; engine?: string; pinned?: string; error: unknown }[] = [
  {
    name: "an old Engine",
    engine: "1.40",
    error: { code: "unsupported", message: /19\.03 is too old.*1\.40/, hint: /20\.10/ },
  },
  { name: "an Engine that tells no version", error: { code: "unsupported", message: /too old/ } },
  {
    name: "a pin above the Engine's",
    engine: "1.41",
    pinned: "1.44",
    error: { code: "unsupported", message: /1\.44/ },
  },
  { name: "a pin below ours", engine: "1.41", pinned: "1.24", error: { code: "unsupported" } },
  { name: "a pin that is no version", engine: "1.41", pinned: "v1", error: { code: "usage" } },
];

for (const { name, engine, pinned, error } of refused) {
  Deno.test(`${name} is refused`, () => {
    throws(() => negotiateApi({ engineApi: engine, pinned, engineVersion: "19.03" }), error as any);
  });
}
